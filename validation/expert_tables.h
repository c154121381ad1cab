// Measured times of whole shapes of experts, for the one part and library whose kernel no formula follows: vLLM's
// untuned Triton kernel on A100.
#ifndef JEVONS_VALIDATION_EXPERT_TABLES_H_
#define JEVONS_VALIDATION_EXPERT_TABLES_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "topologies/kernels.h"
#include "validation/collective_data.h"
#include "validation/data_folder.h"

namespace jevons {

inline constexpr std::string_view kExpertTableFile = "perf/moe_a100_bfloat16_power_law_1.01_vllm0.14.csv.gz";
inline constexpr std::string_view kExpertTableSilicon = "a100", kExpertTableLibrary = "vllm";

// Shape -> times by tokens (in place of bytes); every third number of tokens, from the third on, is held out, the last
// never. Shapes that lack one of the file's numbers of tokens are left out.
Result<std::map<ExpertShape, std::vector<CollectivePoint>>> read_expert_tables(const DataFolder& data);

// The curve through the points that are not held out; where a larger number took less, the smaller was disturbed.
CollectiveCurve curve_through(const std::vector<CollectivePoint>& points);
// |curve / measured - 1| of the points held out.
std::vector<double> held_out_errors(const CollectiveCurve& curve, const std::vector<CollectivePoint>& points);

// Adds the tables' text to silicon -> library -> families.
Status add_expert_tables(const DataFolder& data, std::string_view date,
                         std::map<std::string, std::map<std::string, std::string>>* text);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_EXPERT_TABLES_H_
