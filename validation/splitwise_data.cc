// Reading Splitwise's measurements.
#include "validation/splitwise_data.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "validation/kernel_data.h"
#include "validation/split.h"
#include "validation/table.h"

namespace jevons {
namespace {

constexpr double kLeastOfTotal = 0.5;  // Of sound rows 0.85 at least.

const std::vector<std::string> kColumns{"model",       "hardware",   "prompt_size", "batch_size",     "token_size",
                                        "prompt_time", "token_time", "e2e_time",    "tensor_parallel"};

using Key = std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
struct Run {
  double prompt_s, token_s, generated;
};

struct Numbers {
  double prompt, batch, tokens, prompt_ms, token_ms, total_ms, tensor;
};
Result<Numbers> numbers_of(const Table& table, std::size_t row) {
  std::array<double, 7> v{};
  for (std::size_t i = 0; i < v.size(); ++i) {
    const auto n = table.number(row, 2 + i);
    if (!n) return n.error();
    v[i] = *n;
  }
  return Numbers{v[0], v[1], v[2], v[3], v[4], v[5], v[6]};
}

std::string_view model_of(std::string_view name) {
  return name == "llama2-70b" ? "Llama-2-70B" : name == "bloom-176b" ? "BLOOM-176B" : "";
}
std::string_view gpu_of(std::string_view name) {
  return name == "a100-80gb" ? "A100-SXM4-80GB" : name == "h100-80gb" ? "H100-SXM5-80GB" : "";
}

// Empty: a sound row.
std::string fault(const Numbers& n, const ModelSpec& model, const GpuSpec& gpu) {
  for (const double v : {n.prompt, n.batch, n.tokens, n.prompt_ms, n.token_ms, n.total_ms, n.tensor}) {
    if (!(v > 0)) return "without a time or size";
  }
  // Sequences that end early leave the total smaller, never larger.
  if (n.prompt_ms + (n.tokens - 1) * n.token_ms < kLeastOfTotal * n.total_ms) return "less than half of their total";
  const double least =
      static_cast<double>(model.weight_bytes().value) / n.tensor / (kBandwidthTolerance * gpu.memory_bytes_per_s);
  return n.token_ms / 1e3 < least ? "faster than the memory" : "";
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

template <class Field>
double median_of(const std::vector<Run>& runs, Field field) {
  std::vector<double> v;
  v.reserve(runs.size());
  for (const Run& r : runs) v.push_back(r.*field);
  return median(std::move(v));
}

PhaseTimes shape_of(const Key& key, const std::vector<Run>& runs) {
  PhaseTimes s;
  std::int64_t tensor = 0;
  std::tie(s.model, s.gpu, tensor, s.prompt, s.batch, s.asked) = key;
  s.tensor = static_cast<std::int32_t>(tensor);
  s.prompt_s = median_of(runs, &Run::prompt_s);
  s.token_s = median_of(runs, &Run::token_s);
  s.generated = median_of(runs, &Run::generated);
  s.runs = static_cast<int>(runs.size());
  const std::array<double, 4> shape{static_cast<double>(tensor), static_cast<double>(s.prompt),
                                    static_cast<double>(s.batch), static_cast<double>(s.asked)};
  s.held_out = held_out(shape);
  return s;
}

// Medians of five runs of Mutinifni/splitwise-sim data/perf_model.csv @3780880 (MIT), TP 8, 128 tokens asked for, ms.
struct Bloom {
  std::int64_t prompt, batch;
  double a100_prompt, a100_token, h100_prompt, h100_token;
};
constexpr std::array<Bloom, 13> kBloom{{{128, 1, 79.668, 47.612, 48.284, 35.739},
                                        {256, 1, 99.164, 47.707, 51.179, 36.155},
                                        {512, 1, 173.810, 48.764, 75.491, 36.113},
                                        {1024, 1, 289.191, 48.797, 132.618, 35.482},
                                        {2048, 1, 540.412, 49.358, 253.113, 35.722},
                                        {4096, 1, 1348.173, 50.202, 688.695, 36.937},
                                        {8192, 1, 3593.167, 51.297, 1535.395, 37.438},
                                        {512, 2, 286.833, 49.991, 131.251, 36.912},
                                        {512, 4, 528.631, 51.004, 238.834, 38.058},
                                        {512, 8, 1322.184, 52.953, 625.014, 38.142},
                                        {512, 16, 3510.128, 57.341, 1313.258, 40.640},
                                        {512, 32, 5782.003, 65.380, 2521.909, 45.842},
                                        {512, 64, 11251.828, 96.583, 4996.451, 63.821}}};

void add_bloom(std::vector<PhaseTimes>* shapes) {
  constexpr std::int64_t kTensor = 8, kAsked = 128;
  for (const Bloom& b : kBloom) {
    for (const bool hopper : {false, true}) {
      const char* gpu = hopper ? "H100-SXM5-80GB" : "A100-SXM4-80GB";
      const Run run{(hopper ? b.h100_prompt : b.a100_prompt) / 1e3, (hopper ? b.h100_token : b.a100_token) / 1e3,
                    kAsked - 1.0};
      PhaseTimes s = shape_of({"BLOOM-176B", gpu, kTensor, b.prompt, b.batch, kAsked}, {run});
      s.runs = 5;
      shapes->push_back(std::move(s));
    }
  }
}

}  // namespace

Result<SplitwiseData> read_splitwise(const DataFolder& data, const Catalogue& catalogue) {
  const auto table = Table::read(data.file(kSplitwiseFile), kColumns);
  if (!table) return table.error();
  SplitwiseData out;
  std::map<Key, std::vector<Run>> runs;
  std::set<std::string> seen;
  bool bloom = false;
  for (std::size_t row = 0; row < table->rows(); ++row) {
    const std::string& hardware = table->text(row, 1);
    const std::string_view model_name = model_of(table->text(row, 0)), gpu_name = gpu_of(hardware);
    const auto n = numbers_of(*table, row);
    if (!n) return n.error();
    std::string text;
    for (std::size_t c = 0; c < kColumns.size(); ++c) text += table->text(row, c) + ",";
    std::string why;
    if (hardware.ends_with("-pcap")) {
      why = "made up (power-capped)";
    } else if (model_name.empty() || gpu_name.empty()) {
      why = "of another model or GPU";
    } else {
      const auto model = catalogue.model(model_name);
      const auto gpu = catalogue.gpu(gpu_name);
      if (!model) return model.error();
      if (!gpu) return gpu.error();
      why = fault(*n, *model, *gpu);
      if (why.empty() && !seen.insert(text).second) why = "given twice";
    }
    if (!why.empty()) {
      ++out.rejected[why];
      continue;
    }
    bloom = bloom || model_name == "BLOOM-176B";
    const double made = std::min(n->tokens - 1, std::round((n->total_ms - n->prompt_ms) / n->token_ms));
    runs[{std::string(model_name), std::string(gpu_name), std::llround(n->tensor), std::llround(n->prompt),
          std::llround(n->batch), std::llround(n->tokens)}]
        .push_back({n->prompt_ms / 1e3, n->token_ms / 1e3, std::max(1.0, made)});
  }
  for (const auto& [key, of_key] : runs) out.shapes.push_back(shape_of(key, of_key));
  if (!bloom) add_bloom(&out.shapes);
  return out;
}

}  // namespace jevons
