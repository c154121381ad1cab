// Watts of one GPU with its share of the host, by what it does: docs/models.md 6.  Pure.
//
//   idle       idle_watts, or 3/7 of the TDP where the catalogue has none (an idle 8xH200 node's 2.4 kW)
//   loaded     idle + loaded_power x TDP: waiting with a model in memory, loading, writing a checkpoint
//   working    host + share x TDP, the share by phase: prefill, mixed, decode at its batch size, training
//
// where host is host_watts_per_gpu, or 4/7 of the TDP.  Every share has its source in topologies/catalogue/gpus.yaml. A
// GPU of which only the TDP is known takes the H100's shares.  A GPU without a TDP draws its idle watts throughout.
#ifndef JEVONS_SIM_MODEL_POWER_H_
#define JEVONS_SIM_MODEL_POWER_H_

#include "topologies/catalogue.h"
#include "topologies/power.h"

namespace jevons {

// Never below the idle watts, in any phase.
PowerDraw power_draw(const GpuSpec& gpu);

double host_watts(const GpuSpec& gpu);  // Of the host, per GPU, while the GPU works.

// The board alone in decode steps of `batch` >= 1 requests: between decode_power_low and decode_power_high, half-way at
// decode_half_batch, logistic in log2(batch) (the form of arXiv:2602.05116, equation 2).
double decode_board_watts(const GpuSpec& gpu, double batch);

// The whole GPU share in training when its arithmetic units work for `busy` of the time (0 to 1) and it waits for
// memory and the network in the rest: TDP in the one, decode_power_low in the other.
double training_watts(const GpuSpec& gpu, double busy);

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_POWER_H_
