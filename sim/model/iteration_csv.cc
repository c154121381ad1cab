// Iteration tables: a plain grid, and Vidur's operation times.
#include "sim/model/iteration_csv.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "sim/model/number_table.h"

namespace jevons {
namespace {

constexpr double kMaxMs = 3.6e6;  // An hour; fixed point holds 146 minutes.
constexpr double kMaxCount = 1e9;

FixedTime fixed_from_ms(double ms) { return fixed_from_seconds(ms / 1e3); }

Error too_small(const std::string& path, const std::string& axis, std::int64_t has, std::int64_t needs,
                const char* why) {
  return {"the table ends at " + axis + " " + std::to_string(has) + ", the pool needs " + std::to_string(needs) + " (" +
              why + ")",
          path};
}

class GridTable : public IterationTable {
 public:
  GridTable(std::vector<std::vector<std::int64_t>> axes, std::vector<FixedTime> cells)
      : axes_(std::move(axes)), cells_(std::move(cells)) {}
  FixedTime time(const IterationShape& s) const override {
    const std::int64_t at[] = {s.decode, s.decode_context, s.tokens - s.decode};
    std::size_t cell = 0;
    for (std::size_t a = 0; a < axes_.size(); ++a) {
      const auto it = std::lower_bound(axes_[a].begin(), axes_[a].end(), at[a]);
      CHECK(it != axes_[a].end());  // Refused when the table was read.
      cell = cell * axes_[a].size() + static_cast<std::size_t>(it - axes_[a].begin());
    }
    return cells_[cell];
  }

 private:
  std::vector<std::vector<std::int64_t>> axes_;
  std::vector<FixedTime> cells_;
};

class VidurTable : public IterationTable {
 public:
  std::vector<double> per_token;  // T by tokens, from 1; all in ms.
  std::vector<double> kv_save;    // By tokens, from 1.
  std::vector<double> prefill;    // By equivalent chunk, from 1.
  std::vector<double> decode;     // By batch from 1, then by context / 64 from 0.
  std::size_t contexts = 0;
  double layers = 0;

  FixedTime time(const IterationShape& s) const override {
    const auto at = [](const std::vector<double>& v, std::int64_t i) {
      CHECK(i >= 1 && static_cast<std::size_t>(i) <= v.size());  // Refused when the tables were read.
      return v[static_cast<std::size_t>(i - 1)];
    };
    double ms = at(per_token, (s.tokens + 7) / 8 * 8) + at(kv_save, s.tokens);
    if (s.decode > 0) {
      const std::int64_t processed = (s.decode_context + s.decode) / s.decode;
      const auto context = static_cast<std::size_t>((processed + 63) / 64);
      CHECK(context < contexts);
      ms += at(decode, (s.decode - 1) * static_cast<std::int64_t>(contexts) + static_cast<std::int64_t>(context) + 1) *
            (s.decode > 1 ? kBatchOverhead : 1);
    }
    if (s.chunks > 0) ms += at(prefill, rounded_root(s.prompt_squares)) * (s.chunks > 1 ? kBatchOverhead : 1);
    return fixed_from_ms(layers * ms);
  }

 private:
  static constexpr double kBatchOverhead = 1.1;  // Vidur's attention_*_batching_overhead_fraction, 0.1.

  // Nearest whole number to sqrt(n); a tie is impossible, (r + 1/2)^2 is not whole.
  static std::int64_t rounded_root(std::int64_t n) {
    auto r = static_cast<std::int64_t>(std::sqrt(static_cast<double>(n)));
    while (r * r > n) --r;
    while ((r + 1) * (r + 1) <= n) ++r;
    return n - r * r > r ? r + 1 : r;
  }
};

constexpr double kNcclLaunchMs = 0.02;  // Vidur's nccl_cpu_launch_overhead_ms, each of two all-reduces a layer.

// The rows of `path` as a full grid whose axes run from `first` in steps of `step`.
Result<std::vector<double>> regular_grid(const NumberTable& table, const std::vector<NumberColumn>& columns,
                                         const std::vector<std::pair<double, double>>& first_and_step,
                                         const std::string& path) {
  auto grid = full_grid(table, first_and_step.size(), columns, path);
  if (!grid) return grid.error();
  for (std::size_t a = 0; a < first_and_step.size(); ++a) {
    const auto [first, step] = first_and_step[a];
    const auto axis = axis_of(table.columns[a]);
    for (std::size_t i = 0; i < axis.size(); ++i) {
      if (axis[i] == first + step * static_cast<double>(i)) continue;
      return Error{"expected " + columns[a].name + " to run from " + std::to_string(static_cast<std::int64_t>(first)) +
                       " in steps of " + std::to_string(static_cast<std::int64_t>(step)),
                   path};
    }
  }
  return grid;
}

Status read_per_token(const std::string& path, const IterationLimits& limits, VidurTable* out) {
  const char* const names[] = {"attn_pre_proj", "attn_post_proj", "mlp_up_proj",       "mlp_down_proj",
                               "mlp_act",       "attn_rope",      "input_layernorm",   "post_attention_layernorm",
                               "add",           "all_reduce",     "attn_kv_cache_save"};
  std::vector<NumberColumn> columns{{"num_tokens", 1, kMaxCount, true}};
  for (const char* name : names) columns.push_back({name, 0, kMaxMs, false});
  auto table = read_number_table(path, columns);
  if (!table) return table.error();
  // Sorted rows 1..n: shown by the grid of one column.
  if (auto grid = regular_grid(*table, columns, {{1, 1}}, path); !grid) return grid.error();
  const std::size_t n = table->rows();
  out->per_token.resize(n);
  out->kv_save.resize(n);
  for (std::size_t row = 0; row < n; ++row) {
    double t = 0;
    for (std::size_t c = 1; c <= 9; ++c) t += table->columns[c][row];
    const auto i = static_cast<std::size_t>(table->columns[0][row]) - 1;
    out->per_token[i] = t + 2 * (table->columns[10][row] + kNcclLaunchMs);
    out->kv_save[i] = table->columns[11][row];
  }
  const std::int64_t needs = (std::max(limits.tokens, limits.decodes) + 7) / 8 * 8;
  if (static_cast<std::int64_t>(n) < needs) {
    return too_small(path, "num_tokens", static_cast<std::int64_t>(n), needs,
                     "max_num_batched_tokens or max_num_seqs, rounded up to 8");
  }
  return Ok{};
}

Status read_prefill(const std::string& path, const IterationLimits& limits, VidurTable* out) {
  const std::vector<NumberColumn> columns{
      {"chunk", 1, kMaxCount, true}, {"ms", 0, kMaxMs, false}, {"kv_rounded64", 0, kMaxCount, true}};
  auto table = read_number_table(path, columns);
  if (!table) return table.error();
  NumberTable whole;  // Whole prompts: nothing in the KV cache before.
  whole.columns.resize(2);
  for (std::size_t row = 0; row < table->rows(); ++row) {
    if (table->columns[2][row] != 0) continue;
    whole.columns[0].push_back(table->columns[0][row]);
    whole.columns[1].push_back(table->columns[1][row]);
  }
  if (whole.rows() == 0) return Error{"no rows with kv_rounded64 0", path};
  auto grid = regular_grid(whole, columns, {{1, 1}}, path);
  if (!grid) return grid.error();
  out->prefill = std::move(*grid);
  const auto has = static_cast<std::int64_t>(out->prefill.size());
  if (has < limits.tokens) return too_small(path, "chunk", has, limits.tokens, "max_num_batched_tokens");
  return Ok{};
}

Status read_decode(const std::string& path, const IterationLimits& limits, VidurTable* out) {
  const std::vector<NumberColumn> columns{
      {"batch_size", 1, kMaxCount, true}, {"kv_rounded64", 0, kMaxCount, true}, {"ms", 0, kMaxMs, false}};
  auto table = read_number_table(path, columns);
  if (!table) return table.error();
  auto grid = regular_grid(*table, columns, {{1, 1}, {0, 64}}, path);
  if (!grid) return grid.error();
  out->decode = std::move(*grid);
  out->contexts = axis_of(table->columns[1]).size();
  const auto batches = static_cast<std::int64_t>(out->decode.size() / out->contexts);
  if (batches < limits.decodes) return too_small(path, "batch_size", batches, limits.decodes, "max_num_seqs");
  const std::int64_t needs = (limits.context + 63) / 64 * 64;
  const std::int64_t has = 64 * (static_cast<std::int64_t>(out->contexts) - 1);
  if (has < needs) return too_small(path, "kv_rounded64", has, needs, "max_model_len rounded up to 64");
  return Ok{};
}

}  // namespace

Result<std::unique_ptr<IterationTable>> read_iteration_grid(const std::string& path, const IterationLimits& limits) {
  const std::vector<NumberColumn> columns{{"decode", 0, kMaxCount, true},
                                          {"decode_context", 0, 1e15, true},
                                          {"prefill_tokens", 0, kMaxCount, true},
                                          {"ms", 0, kMaxMs, false}};
  auto table = read_number_table(path, columns);
  if (!table) return table.error();
  auto grid = full_grid(*table, 3, columns, path);
  if (!grid) return grid.error();
  std::vector<std::vector<std::int64_t>> axes(3);
  for (std::size_t a = 0; a < 3; ++a) {
    for (const double v : axis_of(table->columns[a])) axes[a].push_back(static_cast<std::int64_t>(v));
  }
  const std::int64_t needs[] = {limits.decodes, limits.decodes * limits.context, limits.tokens};
  const char* const why[] = {"max_num_seqs", "max_num_seqs x max_model_len", "max_num_batched_tokens"};
  for (std::size_t a = 0; a < 3; ++a) {
    if (axes[a].back() < needs[a]) return too_small(path, columns[a].name, axes[a].back(), needs[a], why[a]);
  }
  std::vector<FixedTime> cells;
  for (const double ms : *grid) cells.push_back(fixed_from_ms(ms));
  return std::unique_ptr<IterationTable>(std::make_unique<GridTable>(std::move(axes), std::move(cells)));
}

Result<std::unique_ptr<IterationTable>> read_vidur_tables(const VidurTables& files, const IterationLimits& limits) {
  CHECK(files.layers >= 1);
  auto table = std::make_unique<VidurTable>();
  table->layers = files.layers;
  if (Status s = read_per_token(files.per_token_ops, limits, table.get()); !s) return s.error();
  if (Status s = read_prefill(files.attn_prefill, limits, table.get()); !s) return s.error();
  if (Status s = read_decode(files.attn_decode, limits, table.get()); !s) return s.error();
  // The slowest iteration of all must fit into fixed point.
  const auto slowest = [](const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); };
  const double ms = table->layers * (slowest(table->per_token) + slowest(table->kv_save) +
                                     1.1 * (slowest(table->prefill) + slowest(table->decode)));
  if (ms > kMaxMs) return Error{"one iteration could take more than an hour", files.per_token_ops};
  return std::unique_ptr<IterationTable>(std::move(table));
}

}  // namespace jevons
