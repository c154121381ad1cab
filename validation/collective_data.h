// Measured collectives: curves inside a node (NCCL, custom all-reduce), and DeepEP's all-to-all between nodes.
#ifndef JEVONS_VALIDATION_COLLECTIVE_DATA_H_
#define JEVONS_VALIDATION_COLLECTIVE_DATA_H_

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topologies/kernels.h"
#include "validation/data_folder.h"

namespace jevons {

struct CollectiveFile {
  std::string_view path, silicon, gpu, library, software;
};
std::span<const CollectiveFile> collective_files();

struct CollectivePoint {
  double bytes = 0, seconds = 0;
  bool held_out = false;  // Every third size, from the third on, but the last; the others are the curve's knots.
};
// op -> GPUs -> points by size.
using CollectiveTable = std::map<std::string, std::map<int, std::vector<CollectivePoint>>>;
Result<CollectiveTable> read_collectives(const DataFolder& data, const CollectiveFile& file);

// DeepEP on H100 nodes with 400 Gb/s a GPU: hidden 7168, top 8, dispatch in FP8 with a scale per 128 elements, combine
// in BF16.
struct AllToAllPoint {
  double nodes = 0, tokens = 0;  // Tokens of one GPU.
  double dispatch_s = 0, combine_s = 0;
  bool held_out = false;
};
inline constexpr std::string_view kLowLatencyFile = "perf/deepep_ll_h100.csv";
inline constexpr std::string_view kNormalFile = "perf/deepep_normal_h100.csv";
Result<std::vector<AllToAllPoint>> read_all_to_all(const DataFolder& data, std::string_view path);
// Seconds of one direction by the constants.
double all_to_all_seconds(const AllToAllConstants& c, bool low_latency, bool dispatch, double nodes, double tokens);

// Adds the text of curves and of fitted all-to-all constants to silicon -> library -> families.
Status add_collectives(const DataFolder& data, std::string_view date,
                       std::map<std::string, std::map<std::string, std::string>>* text);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_COLLECTIVE_DATA_H_
