// Dense layers of models no constant was fitted to: Vidur's measured layers beside sim/model/kernels.h.
//
// For each GPU and model the constants (a GEMM's and the passes of the element-wise kernels) are fitted on the layers
// of the other models only, at the time of asking, then compared with the model left out.  Fitting a GPU's takes a
// second or two.
#ifndef JEVONS_VALIDATION_LAYER_ROWS_H_
#define JEVONS_VALIDATION_LAYER_ROWS_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topologies/catalogue.h"
#include "topologies/kernels.h"
#include "validation/data_folder.h"
#include "validation/row.h"

namespace jevons {

inline constexpr const char* kLayersFile = "perf/vidur_layer.csv.gz";

// One layer without attention over the KV cache, on one of `tensor` GPUs.
struct MeasuredLayer {
  std::size_t model = 0;  // Of layer_models().
  double tensor = 1, tokens = 1, seconds = 0;
};

// What of a model's config.json a layer needs.
struct LayerModel {
  std::string_view name;  // As Vidur calls it.
  double hidden, intermediate, heads, kv_heads;
  bool gated;  // Gate, up and down, and a second norm; phi-2 has neither: attention and MLP share one norm.
};
const std::vector<LayerModel>& layer_models();

struct LayerData {
  std::map<std::string, std::vector<MeasuredLayer>> by_gpu;  // "a100", "h100".
  std::map<std::string, int> rejected;                       // Reason -> rows.
};
// Refused, with counts: other GPUs, models without a known shape, missing or negative times, a layer that is not the
// sum of its nine ops, one faster than its weights' bytes or its FLOPs allow, one whose weights fit into the L2 cache
// (each op is timed again and again, so they are then read from there).  Error: a cell that is no number.
Result<LayerData> read_layers(const DataFolder& data, const Catalogue& catalogue);

struct LayerConstants {
  GemmConstants gemm;
  double passes = 1.3;  // StackSpec::elementwise_passes.
};
double layer_s(const LayerConstants& c, const GpuSpec& gpu, const MeasuredLayer& layer);

// Fitted on the layers of all models but `left_out`.  Weights are those of the measure: every model counts alike, and
// within it the layers of at most 256 tokens together as much as the longer ones.
LayerConstants fit_layers(const std::vector<MeasuredLayer>& layers, const GpuSpec& gpu, std::size_t left_out);

ValidationRows layer_rows(const DataFolder& data);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_LAYER_ROWS_H_
