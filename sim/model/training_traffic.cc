// Collectives of training.
#include "sim/model/training_traffic.h"

#include <algorithm>
#include <cmath>

#include "sim/model/kernels.h"

namespace jevons {
namespace {

constexpr double kBf16 = 2;
// Share of the link that NCCL's collectives reach at 512 MB on 8 GPUs: 0.74 (all-gather, all-reduce on A100, all-gather
// on H100), 0.68-0.71 (A100 all-gather, reduce-scatter): shared/data/perf/comm_{a100,h100}_nccl*.csv.
constexpr double kLinkEfficiency = 0.72;
// Start of an NCCL all-reduce on 8 GPUs: 24.2 us (A100 NCCL 2.27 fit, shared/data/perf/constants.json).
constexpr double kCollectiveStart_s = 24e-6;
// Share of the NIC that large transfers reach: DeepEP "> 40 GB/s" of 50 (case_studies.md 2.1).
constexpr double kNicEfficiency = 0.8;
// Share of tensor-parallel collectives that still shows when they are cut into chunks behind their GEMMs: PyTorch's
// async TP on Llama-3-70B (TP8, 16 x 8,192 tokens, 256 H100, all activations recomputed) makes 652.4 tokens/s per GPU
// of 597.3 (pytorch/torchtitan, async TP benchmarks, 2025-06), 141 us a token less; its 12 collectives a layer take 318
// us by the curves below.  Llama-3-8B there: 4,809 of 4,378, between 0.53 and 0.68.
constexpr double kOverlappedTensorExposed = 0.56;
constexpr double kTransferStart_s = 10e-6;  // Point to point between nodes: RDMA and a kernel at each end.

}  // namespace

double TrainingTraffic::link_rate() const { return g_.link_bytes_per_s * kLinkEfficiency; }
double TrainingTraffic::nic_rate() const { return g_.nic_bytes_per_s * kNicEfficiency; }

// All-gather or reduce-scatter of `bytes` (whole): inside each node over its links, between nodes over all its NICs.
double TrainingTraffic::gather_s(double bytes, double ranks, double ranks_in_node) const {
  if (ranks <= 1 || bytes <= 0) return 0;
  const double inside = std::clamp(ranks_in_node, 1.0, ranks), nodes = ranks / inside;
  const double links = bytes * (inside - 1) / inside / link_rate();
  const double nics = bytes * (nodes - 1) / nodes / (inside * nic_rate());
  return std::max(links, nics);
}

// Over the tensor group: measured curves inside a node, the closed form across nodes.
double TrainingTraffic::all_reduce_s(double bytes) const {
  const auto curve = [&](const char* op) {
    const auto it = k_.collectives.find(op);
    return it == k_.collectives.end() ? 0.0 : collective_s(it->second, l_.tensor, bytes);
  };
  const double measured = l_.sequence_parallel ? curve("all_gather") + curve("reduce_scatter") : curve("all_reduce");
  if (l_.tensor <= l_.gpus_per_node.value && measured > 0 && g_.all_reduce_efficiency <= 0) return measured;
  return kCollectiveStart_s + 2 * gather_s(bytes, l_.tensor, l_.gpus_per_node.value);
}

double TrainingTraffic::tensor_layer_s(double tokens, double passes) const {
  if (l_.tensor == 1) return 0;
  // Backward is one pass here: its two all-reduces belong to the gradient of the inputs, the weights need none.
  const double all_reduces = 2 * (passes - 1);
  const double bytes = tokens * m_.hidden * kBf16;
  return all_reduces * all_reduce_s(bytes) * (r_.overlap_tensor ? kOverlappedTensorExposed : 1);
}

double TrainingTraffic::context_layer_s() const {
  if (l_.context == 1) return 0;
  const double bytes = kBf16 * w_.kv_width / std::min<double>(l_.tensor, m_.kv_heads) *
                       static_cast<double>(r_.sequence_length.value) * r_.micro_batch;
  const double inside = std::max(1.0, l_.gpus_per_node.value / double{1} / l_.tensor);
  return 3 * (kCollectiveStart_s + gather_s(bytes, l_.context, inside));
}

double TrainingTraffic::expert_layer_s(double tokens) const {
  if (l_.expert == 1 || w_.routed_copies <= 0) return 0;
  const double inside = std::clamp<double>(l_.gpus_per_node.value / double{1} / l_.tensor, 1, l_.expert);
  const double nodes = l_.expert / inside, copies = m_.experts_per_token;
  const double mixtures = w_.routed_copies / copies;  // Share of layers that route.
  // Nodes that a token with `copies` experts, chosen at random, reaches; one in `nodes` of them is its own.  A token
  // crosses to each node once and is copied there over the links (DeepEP).
  double reached = nodes * (1 - std::pow(1 - 1 / nodes, copies));
  if (r_.expert_nodes > 0) reached = std::min<double>(reached, r_.expert_nodes);
  reached *= (nodes - 1) / nodes;
  const double dispatch = r_.precision == TrainingPrecision::kBf16 ? kBf16 : 1;
  const double bytes = 2 * tokens * m_.hidden * (dispatch + kBf16);  // Forward and backward.
  return mixtures * std::max(bytes * reached / nic_rate(), bytes * copies * (inside - 1) / inside / link_rate());
}

double TrainingTraffic::data_s(double bytes) const {
  const double node = l_.gpus_per_node.value;
  const double beside_context = std::max(1.0, std::min<double>(l_.context, std::floor(node / l_.tensor)));
  const double beside_data =
      std::max(1.0, std::floor(node / (static_cast<double>(l_.tensor) * l_.context * l_.pipeline)));
  return gather_s(bytes, static_cast<double>(l_.data) * l_.context, beside_context * beside_data);
}

double TrainingTraffic::expert_data_s(double bytes) const {
  return gather_s(bytes, static_cast<double>(l_.data) * l_.context / l_.expert, 1);
}

double TrainingTraffic::stage_transfer_s(double tokens) const {
  // Each GPU of a tensor group sends its share (scatter-gather, Narayanan et al., 2021, section 4.1).
  return kTransferStart_s + tokens * m_.hidden * kBf16 / l_.tensor / nic_rate();
}

}  // namespace jevons
