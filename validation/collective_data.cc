// Reading and fitting measured collectives.
#include "validation/collective_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/model/kernels.h"
#include "validation/expert_tables.h"
#include "validation/fit.h"
#include "validation/kernel_data.h"
#include "validation/number_text.h"
#include "validation/split.h"
#include "validation/table.h"

namespace jevons {
namespace {

constexpr std::array<CollectiveFile, 9> kFiles{{
    {"perf/comm_a100_nccl2.27.3.csv", "a100", "A100-SXM4-80GB", "nccl", "NCCL 2.27"},
    {"perf/comm_h100_nccl2.29.2.csv", "h100", "H100-SXM5-80GB", "nccl", "NCCL 2.29"},
    {"perf/comm_h200_nccl2.29.2.csv", "h200", "H200-SXM-141GB", "nccl", "NCCL 2.29"},
    {"perf/comm_b200_nccl2.29.2.csv", "b200", "B200-SXM-180GB", "nccl", "NCCL 2.29"},
    {"perf/comm_a100_vllm_car0.14.csv", "a100", "A100-SXM4-80GB", "vllm", "vLLM 0.14"},
    {"perf/comm_h100_vllm_car0.24.csv", "h100", "H100-SXM5-80GB", "vllm", "vLLM 0.24"},
    {"perf/comm_h200_vllm_car0.24.csv", "h200", "H200-SXM-141GB", "vllm", "vLLM 0.24"},
    {"perf/comm_b200_vllm_car0.24.csv", "b200", "B200-SXM-180GB", "vllm", "vLLM 0.24"},
    {"perf/comm_h100_trtllm_car1.3rc20.csv", "h100", "H100-SXM5-80GB", "trtllm", "TRT-LLM 1.3"},
}};

// DeepEP's benchmark: hidden 7168, 8 experts a token; FP8 with a 4-byte scale per 128 elements out, BF16 back.
constexpr double kHidden = 7168, kChosen = 8, kNodeLimit = 4;
constexpr double kDispatchBytes = kHidden * (1 + 4.0 / 128), kCombineBytes = kHidden * 2;

std::string curves_text(const CollectiveFile& file, const std::string& op,
                        const std::map<int, std::vector<CollectivePoint>>& by_gpus, std::string_view date) {
  std::string rows;
  std::string bytes;
  std::vector<double> errors;
  for (const auto& [gpus, points] : by_gpus) {
    const CollectiveCurve curve = curve_through(points);
    bytes.clear();
    std::string times;
    for (std::size_t i = 0; i < curve.bytes.size(); ++i) {
      bytes += (i == 0 ? "" : ", ") + six_digits(curve.bytes[i]);
      times += (i == 0 ? "" : ", ") + six_digits(curve.seconds[i] * 1e6);
    }
    rows += fmt::format("          {}: [{}]\n", gpus, times);
    const auto e = held_out_errors(curve, points);
    errors.insert(errors.end(), e.begin(), e.end());
  }
  const ErrorSummary held = summarise(errors);
  return fmt::format(
      "        {}:\n          source: \"{} ({}), two sizes in three are knots, {} held out: {:.1f} % mean, {:.1f} % "
      "p95; "
      "{}\"\n          bytes: [{}]\n{}",
      op, file.path.substr(5), file.software, held.rows, 100 * held.mean, 100 * held.p95, date, bytes, rows);
}

std::string all_to_all_text(const char* family, std::string_view path, const std::vector<AllToAllPoint>& points,
                            bool low_latency, bool dispatch, std::string_view date) {
  const auto measured = [&](const AllToAllPoint& p) { return dispatch ? p.dispatch_s : p.combine_s; };
  std::vector<AllToAllPoint> seen;
  for (const AllToAllPoint& p : points) {
    if (!p.held_out) seen.push_back(p);
  }
  const auto constants = [](const std::vector<double>& x) {
    return AllToAllConstants{std::exp(x[0]), std::exp(x[1]), std::exp(x[2]), std::exp(x[3])};
  };
  const auto residuals = [&](const std::vector<double>& x, std::vector<double>* out) {
    for (std::size_t i = 0; i < seen.size(); ++i) {
      (*out)[i] = std::log(all_to_all_seconds(constants(x), low_latency, dispatch, seen[i].nodes, seen[i].tokens) /
                           measured(seen[i]));
    }
  };
  const AllToAllConstants c =
      constants(fit(residuals, seen.size(), {std::log(15e-6), std::log(5e-6), std::log(45e9), std::log(200e9)}));
  std::vector<double> errors;
  double most = 0;
  for (const AllToAllPoint& p : points) {
    most = std::max(most, p.tokens);
    if (!p.held_out) continue;
    errors.push_back(std::fabs(all_to_all_seconds(c, low_latency, dispatch, p.nodes, p.tokens) / measured(p) - 1));
  }
  const ErrorSummary held = summarise(errors);
  std::string text = fmt::format(
      "      {}:\n        source: \"{} (DeepEP), {} rows fitted, {} held out: {:.1f} % mean, {:.1f} % p95; {}\"\n"
      "        range: {{nodes: [1, 4], tokens: [1, {}]}}\n",
      family, path.substr(5), seen.size(), held.rows, 100 * held.mean, 100 * held.p95, date, six_digits(most));
  for (const auto& f : kernel_fields<AllToAllConstants>()) {
    text += fmt::format("        {}: {}\n", f.name, six_digits(c.*f.field));
  }
  return text;
}

}  // namespace

std::span<const CollectiveFile> collective_files() { return kFiles; }

Result<CollectiveTable> read_collectives(const DataFolder& data, const CollectiveFile& file) {
  auto table = Table::read(data.file(file.path), {"op_name", "num_gpus", "bytes", "us"});
  if (!table) return table.error();
  CollectiveTable out;
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const auto gpus = table->number(i, 1), bytes = table->number(i, 2), us = table->number(i, 3);
    for (const auto& v : {gpus, bytes, us}) {
      if (!v) return v.error();
    }
    out[table->text(i, 0)][static_cast<int>(*gpus)].push_back({*bytes, *us * 1e-6, false});
  }
  for (auto& [op, by_gpus] : out) {
    for (auto& [gpus, points] : by_gpus) {
      std::sort(points.begin(), points.end(), [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
      for (std::size_t i = 2; i + 1 < points.size(); i += 3) points[i].held_out = true;
    }
  }
  return out;
}

Result<std::vector<AllToAllPoint>> read_all_to_all(const DataFolder& data, std::string_view path) {
  const bool low_latency = path == kLowLatencyFile;
  const std::vector<std::string> columns =
      low_latency ? std::vector<std::string>{"node_num", "num_token", "dispatch_avg_t_us", "combine_avg_t_us"}
                  : std::vector<std::string>{
                        "node_num",           "num_token",         "dispatch_transmit_us", "combine_transmit_us",
                        "dispatch_notify_us", "combine_notify_us", "dispatch_sms"};
  auto table = Table::read(data.file(path), columns);
  if (!table) return table.error();
  std::vector<AllToAllPoint> out;
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const auto row = table->row(i);
    if (!row) return row.error();
    const std::vector<double>& v = *row;
    constexpr double kSms = 20;  // DeepSeek-V3's report: 20 of 132 SMs communicate.
    if (!low_latency && v[6] != kSms) continue;
    AllToAllPoint p{v[0], v[1], v[2] * 1e-6, v[3] * 1e-6, false};
    if (!low_latency) {
      p.dispatch_s += v[4] * 1e-6;
      p.combine_s += v[5] * 1e-6;
    }
    p.held_out = held_out(std::array{p.nodes, p.tokens});
    out.push_back(p);
  }
  return out;
}

double all_to_all_seconds(const AllToAllConstants& c, bool low_latency, bool dispatch, double nodes, double tokens) {
  const Copies copies = low_latency ? copies_per_expert(kChosen, nodes) : copies_per_node(kChosen, nodes, kNodeLimit);
  const double bytes = tokens * (dispatch ? kDispatchBytes : kCombineBytes);
  return all_to_all_s(c, nodes, bytes * copies.remote, bytes * copies.local);
}

Status add_collectives(const DataFolder& data, std::string_view date,
                       std::map<std::string, std::map<std::string, std::string>>* text) {
  for (const CollectiveFile& file : kFiles) {
    auto table = read_collectives(data, file);
    if (!table) return table.error();
    std::string& out = (*text)[std::string(file.silicon)][std::string(file.library)];
    out += "      collectives:\n";
    for (const auto& [op, by_gpus] : *table) out += curves_text(file, op, by_gpus, date);
  }
  for (const std::string_view path : {kLowLatencyFile, kNormalFile}) {
    auto points = read_all_to_all(data, path);
    if (!points) return points.error();
    const bool low_latency = path == kLowLatencyFile;
    std::string& out = (*text)["h100"]["deepep"];
    out += all_to_all_text(low_latency ? "dispatch_low_latency" : "dispatch", path, *points, low_latency, true, date);
    out += all_to_all_text(low_latency ? "combine_low_latency" : "combine", path, *points, low_latency, false, date);
  }
  return Ok{};
}

}  // namespace jevons
