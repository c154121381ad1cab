// Seconds of the collectives of training on the links of a GPU: tensor, context, expert, data, stage to stage. Internal
// to sim/model; pure.
//
// Ranks are placed tensor first, then context, pipeline, data (Llama 3, arXiv:2407.21783, section 3.3.2): what fits
// into a node uses its links, the rest the NICs, one per GPU.
#ifndef JEVONS_SIM_MODEL_TRAINING_TRAFFIC_H_
#define JEVONS_SIM_MODEL_TRAINING_TRAFFIC_H_

#include "sim/model/training_work.h"

namespace jevons {

class TrainingTraffic {
 public:
  TrainingTraffic(const ModelSpec& model, const GpuSpec& gpu, const ParallelLayout& layout,
                  const TrainingRecipe& recipe, const LayerWork& work, const ResolvedKernels& kernels)
      : m_(model), g_(gpu), l_(layout), r_(recipe), w_(work), k_(kernels) {}

  // Two all-reduces per pass of a layer, or as many pairs of reduce-scatter and all-gather.  `passes`: 3, 4 with
  // recomputation.
  double tensor_layer_s(double tokens, double passes) const;
  // Keys and values of the whole sequence gathered in forward and again in backward, their gradients scattered.
  double context_layer_s() const;
  // Dispatch and combine of the routed copies, forward and backward.
  double expert_layer_s(double tokens) const;
  // `bytes` gathered or scattered once over the data-parallel group of dense parameters, and of experts.
  double data_s(double bytes) const;
  double expert_data_s(double bytes) const;
  // One stage's activations to the next, one way.
  double stage_transfer_s(double tokens) const;

 private:
  double link_rate() const;
  double nic_rate() const;
  double all_reduce_s(double bytes) const;
  double gather_s(double bytes, double ranks, double ranks_in_node) const;

  const ModelSpec& m_;
  const GpuSpec& g_;
  const ParallelLayout& l_;
  const TrainingRecipe& r_;
  const LayerWork& w_;
  const ResolvedKernels& k_;
};

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_TRAINING_TRAFFIC_H_
