// Training steps beside measured tables.
#include "validation/training_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "validation/fit_training.h"
#include "validation/training_data.h"

namespace jevons {
namespace {

constexpr char kSection[] = "Training steps";

using Rows = std::vector<MeasuredTraining>;

// Errors of the rows that `take` accepts, summed up.
ValidationRow sum_up(const std::string& id, const std::string& setup, const Rows& rows, const TrainingConstants& c,
                     const std::function<bool(const MeasuredTraining&)>& take) {
  ValidationRow out;
  out.id = id;
  out.section = kSection;
  out.setup = setup;
  out.quantity = "mean error";
  out.unit = "";
  out.split = Split::kHeldOut;
  out.count = 0;
  std::vector<double> errors;
  for (const MeasuredTraining& r : rows) {
    if (take(r)) errors.push_back(std::abs(training_error(r, c)));
  }
  std::sort(errors.begin(), errors.end());
  out.count = static_cast<std::int64_t>(errors.size());
  if (errors.empty()) return out;
  for (const double e : errors) out.error += e / static_cast<double>(errors.size());
  out.p95 = errors[static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(errors.size()))) - 1];
  return out;
}

ValidationRow absent(const std::string& id, const std::string& file) {
  ValidationRow row;
  row.id = id;
  row.section = kSection;
  row.source = file;
  row.no_data = file;
  return row;
}

void megatron_rows(const DataFolder& data, const Catalogue& catalogue, ValidationRows* out) {
  const std::string file = "perf/sc21_a100_table1.csv";
  const auto read = read_megatron(data, catalogue);
  if (!read) return out->push_back(absent("training.megatron_sc21", data.has(file) ? read.error().text() : file));
  const TrainingConstants c = *catalogue.training_stack("megatron");
  for (const MeasuredTraining& r : read->rows) {
    ValidationRow row;
    row.id = "training.megatron_sc21." + r.size + "b";
    std::replace(row.id.end() - static_cast<std::ptrdiff_t>(r.size.size()) - 1, row.id.end(), '.', '_');
    row.section = kSection;
    row.source = file;
    row.setup = fmt::format("GPT {}, {} A100, TP{} PP{} DP{}", r.name, r.layout.gpus().value, r.layout.tensor,
                            r.layout.pipeline, r.layout.data);
    row.quantity = "FLOP/s per GPU, recomputation counted";
    row.unit = "TFLOP/s";
    row.published = r.measured;
    double simulated = 0;
    row.error = training_error(r, c, &simulated);
    row.simulated = simulated;
    row.allowed = 0.08;
    row.split = r.held_out ? Split::kHeldOut : Split::kFitted;
    if (!r.held_out) row.note = "one of five rows that gemm_share was fitted on";
    out->push_back(std::move(row));
  }
  ValidationRow sum = sum_up("training.megatron_sc21.held_out", "GPT 3.6B to 1T, rows 2, 4, 6, 8, 10", read->rows, c,
                             [](const MeasuredTraining& r) { return r.held_out; });
  sum.source = file;
  sum.allowed = 0.06;
  out->push_back(sum);
  // The other way round: fitted on the even rows, held out the odd ones.
  Rows swapped = read->rows;
  for (MeasuredTraining& r : swapped) r.held_out = !r.held_out;
  const TrainingConstants other = fit_megatron(swapped, catalogue).constants;
  ValidationRow odd = sum_up("training.megatron_sc21.swapped", "GPT 1.7B to 530B, rows 1, 3, 5, 7, 9", swapped, other,
                             [](const MeasuredTraining& r) { return r.held_out; });
  odd.source = file;
  odd.allowed = 0.06;
  odd.note = fmt::format("fitted on the even rows instead: gemm_share {:.3f} where the odd rows give {:.3f}",
                         other.gemm_share, c.gemm_share);
  out->push_back(odd);
  ValidationRow fsdp =
      sum_up("training.megatron_sc21.mosaic_constants", "all ten rows, constants of MosaicML's A100 runs", read->rows,
             *catalogue.training_stack("mosaic_fsdp_a100"), [](const MeasuredTraining&) { return true; });
  fsdp.source = file;
  fsdp.split = Split::kNeverFitted;
  fsdp.note = "FSDP constants on tensor- and pipeline-parallel runs: what another stack's constants are worth";
  out->push_back(fsdp);
  // The same rows with nothing fitted on training runs at all.
  ValidationRow none = sum_up("training.megatron_sc21.unfitted", "all ten rows, kernel constants alone", read->rows,
                              *catalogue.training_stack("kernels"), [](const MeasuredTraining&) { return true; });
  none.source = file;
  none.split = Split::kNeverFitted;
  none.note = "what isolated kernels promise; the difference is the 12 % that GEMMs lose inside a training step";
  out->push_back(none);
}

void mosaic_rows(const DataFolder& data, const Catalogue& catalogue, ValidationRows* out) {
  const std::string file = "perf/mosaic_mpt.csv";
  const auto read = read_mosaic(data, catalogue);
  if (!read) return out->push_back(absent("training.mosaic", data.has(file) ? read.error().text() : file));
  std::string rejected;
  for (const auto& [reason, count] : read->rejected) rejected += fmt::format("; {} rows rejected: {}", count, reason);
  const auto push = [&](const std::string& id, const std::string& setup, const TrainingConstants& c, double allowed,
                        const std::function<bool(const MeasuredTraining&)>& take) {
    ValidationRow row = sum_up(id, setup, read->rows, c, take);
    if (row.count == 0) return;
    row.source = file;
    row.quantity = "tokens/s per GPU, mean error";
    row.allowed = allowed;
    row.note = "every second row held out" + rejected;
    out->push_back(std::move(row));
  };
  for (const bool hopper : {false, true}) {
    const std::string name = hopper ? "h100" : "a100";
    const TrainingConstants c = *catalogue.training_stack("mosaic_fsdp_" + name);
    const auto ours = [&](const MeasuredTraining& r) { return r.held_out && (r.gpu.fp8_flops > 0) == hopper; };
    const std::string id = "training.mosaic." + name;
    push(id, "MPT 125M to 70B, FSDP", c, 0.07, ours);
    push(id + ".up_to_1b", "up to 1B", c, 0, [&](const auto& r) { return ours(r) && r.model.hidden <= 2048; });
    push(id + ".3b_and_7b", "3B and 7B", c, 0,
         [&](const auto& r) { return ours(r) && r.model.hidden > 2048 && r.model.hidden <= 4096; });
    push(id + ".from_13b", "13B to 70B", c, 0, [&](const auto& r) { return ours(r) && r.model.hidden > 4096; });
    push(id + ".seq_4096", "sequences of 4,096", c, 0,
         [&](const auto& r) { return ours(r) && r.recipe.sequence_length.value == 4096; });
    push(id + ".two_nodes_up", "16 and 32 GPUs", c, 0, [&](const auto& r) { return ours(r) && r.layout.data > 8; });
  }
}

// Every run of the tables fitted into memory, and most chose the largest micro-batch that did.
void memory_row(const DataFolder& data, const Catalogue& catalogue, ValidationRows* out) {
  const auto mosaic = read_mosaic(data, catalogue), megatron = read_megatron(data, catalogue);
  if (!mosaic || !megatron) return;  // Said above.
  ValidationRow row;
  row.id = "training.memory.runs_that_fit";
  row.section = kSection;
  row.source = "perf/mosaic_mpt.csv, perf/sc21_a100_table1.csv";
  row.setup = "measured runs, so all fit";
  row.quantity = "runs that the memory check accepts";
  row.unit = "runs";
  double accepted = 0, largest = 0, all = 0;
  for (const Rows* rows : {&mosaic->rows, &megatron->rows}) {
    for (const MeasuredTraining& r : *rows) {
      const double share = ratio(training_memory(r.model, r.layout, r.recipe).total(), r.gpu.memory);
      largest = std::max(largest, share);
      accepted += share <= 1 ? 1 : 0;
      all += 1;
    }
  }
  row.published = all;
  row.simulated = accepted;
  row.count = static_cast<std::int64_t>(all);
  row.error = accepted / all - 1;
  row.allowed = 0.05;
  row.note = fmt::format(
      "the rest needs up to {:.1f} % more than the catalogue's capacity: cards of 40 and 80 GB hold "
      "40 and 80 GiB, 7.4 % more",
      100 * (largest - 1));
  out->push_back(std::move(row));
}

}  // namespace

ValidationRows training_rows(const DataFolder& data, const Catalogue& catalogue) {
  ValidationRows rows;
  megatron_rows(data, catalogue, &rows);
  mosaic_rows(data, catalogue, &rows);
  memory_row(data, catalogue, &rows);
  for (ValidationRow& r : published_training_rows(catalogue)) rows.push_back(std::move(r));
  return rows;
}

}  // namespace jevons
