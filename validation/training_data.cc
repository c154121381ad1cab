// Readers of measured training runs.
#include "validation/training_data.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "traces/csv.h"

namespace jevons {
namespace {

struct Shape {
  std::string_view size;
  std::int32_t layers, hidden, heads;
};
// mosaicml/llm-foundry scripts/train/yamls/pretrain/mpt-*.yaml; layers and hidden reproduce NumParams to 0.1 %.
constexpr std::array<Shape, 9> kMpt{{{"125m", 12, 768, 12},
                                     {"350m", 24, 1024, 16},
                                     {"760m", 24, 1536, 12},
                                     {"1b", 24, 2048, 16},
                                     {"3b", 32, 2560, 20},
                                     {"7b", 32, 4096, 32},
                                     {"13b", 40, 5120, 40},
                                     {"30b", 48, 7168, 56},
                                     {"70b", 80, 8192, 64}}};
constexpr std::int64_t kMptVocab = 50'368;

// By parameters in billions: micro-batch, virtual stages (layers of a stage / layers per virtual stage), heads.
struct Sc21 {
  std::string_view size;
  std::int32_t micro_batch, virtual_stages, heads;
};
constexpr std::array<Sc21, 10> kSc21{{{"1.7", 16, 1, 24},
                                      {"3.6", 16, 1, 32},
                                      {"7.5", 16, 1, 32},
                                      {"18.4", 8, 1, 48},
                                      {"39.1", 4, 1, 64},
                                      {"76.1", 2, 3, 80},
                                      {"145.6", 2, 2, 96},
                                      {"310.1", 1, 2, 128},
                                      {"529.6", 1, 3, 128},
                                      {"1008.0", 1, 1, 160}}};
constexpr std::int64_t kSc21Vocab = 51'200;

template <class Table>
const auto* find_size(const Table& table, std::string_view size) {
  const auto it = std::find_if(table.begin(), table.end(), [&](const auto& s) { return s.size == size; });
  return it == table.end() ? nullptr : &*it;
}

// Rows of a CSV file with a header; lines that begin with '#' are skipped.
class Table {
 public:
  static Result<Table> open(const std::string& path, std::initializer_list<std::string_view> columns) {
    auto file = FileReader::open(path);
    if (!file) return file.error();
    Table table{LineReader(*std::move(file))};
    auto header = table.line();
    if (!header) return header.error();
    if (!*header) return Error{"no header", path};
    auto row = CsvRow::bind(table.text_, columns);
    if (!row) return Error{row.error().message, path};
    table.row_ = *std::move(row);
    return table;
  }
  // The next row, or false at the end.
  Result<bool> next() {
    auto more = line();
    if (!more || !*more) return more;
    if (const BadRow bad = row_->split(text_)) return Error{bad.message(), lines_.where()};
    return true;
  }
  std::string_view text(std::size_t i) const { return row_->field(i); }
  // A positive number; the first that is not one is remembered.
  double number(std::size_t i) {
    const auto v = parse_double(text(i));
    if (v && *v > 0) return *v;
    if (!error_)
      error_ = Error{"expected a number above 0, got '" + std::string(text(i).substr(0, 40)) + "'", lines_.where()};
    return 1;
  }
  std::int32_t whole(std::size_t i) {
    const double v = number(i);
    if (v < 2e9) return static_cast<std::int32_t>(v);
    if (!error_) error_ = Error{"expected a whole number below 2e9", lines_.where()};
    return 1;
  }
  const std::optional<Error>& error() const { return error_; }
  std::string where() const { return lines_.where(); }

 private:
  explicit Table(LineReader lines) : lines_(std::move(lines)) {}
  Result<bool> line() {
    for (;;) {
      std::string_view view;
      auto more = lines_.next(&view);
      if (!more || !*more) return more;
      if (view.empty() || view.front() == '#') continue;
      text_ = std::string(view);
      return true;
    }
  }
  LineReader lines_;
  std::string text_;
  std::optional<CsvRow> row_;
  std::optional<Error> error_;
};

enum MosaicColumn : std::size_t { kModel, kSeq, kGpus, kGpu, kHfu, kMicro, kGlobal, kPerGpu, kPrecision, kMode, kCkpt };

std::string catalogue_gpu(std::string_view name) {
  if (name == "h100_80gb") return "H100-SXM5-80GB";
  return name == "a100_40gb" ? "A100-SXM4-40GB" : "A100-SXM4-80GB";
}

Result<MeasuredTraining> mosaic_row(Table* t, const Catalogue& catalogue) {
  MeasuredTraining row;
  const Shape* shape = find_size(kMpt, t->text(kModel));
  if (shape == nullptr) return Error{"unknown size '" + std::string(t->text(kModel).substr(0, 40)) + "'", t->where()};
  row.size = shape->size;
  row.name = row.size + " seq " + std::string(t->text(kSeq)) + " on " + std::string(t->text(kGpus)) + " x " +
             std::string(t->text(kGpu));
  row.model = gpt("mpt-" + row.size, shape->layers, shape->hidden, shape->heads, kMptVocab);
  const auto gpu = catalogue.gpu(catalogue_gpu(t->text(kGpu)));
  if (!gpu) return gpu.error();
  row.gpu = *gpu;
  row.layout.data = t->whole(kGpus);
  row.layout.zero_stage = 3;
  row.recipe.sequence_length = Tokens{t->whole(kSeq)};
  row.recipe.micro_batch = t->whole(kMicro);
  row.recipe.global_batch = t->whole(kGlobal);
  if (t->text(kCkpt) == "True") row.recipe.recomputation = Recomputation::kFull;
  row.recipe.gradient_bytes = t->text(kMode) == "PURE" ? 2 : 4;  // DEFAULT reduces in FP32 (llm-foundry docs).
  row.measured = t->number(kPerGpu);
  if (t->error()) return *t->error();
  return row;
}

}  // namespace

ModelSpec gpt(const std::string& name, std::int32_t layers, std::int32_t hidden, std::int32_t heads,
              std::int64_t vocab) {
  ModelSpec m;
  m.name = name;
  m.layers = layers;
  m.hidden = hidden;
  m.heads = m.kv_heads = heads;
  m.head_dim = hidden / heads;
  m.intermediate = 4 * hidden;
  m.gated_mlp = false;
  m.vocab = vocab;
  m.tied_embeddings = true;
  return m;
}

Result<TrainingData> read_mosaic(const DataFolder& data, const Catalogue& catalogue) {
  auto table = Table::open(data.file("perf/mosaic_mpt.csv"),
                           {"Model", "SeqLen (T)", "# GPUs", "GPU", "HFU", "MicroBatchSize", "GlobalBatchSize",
                            "Throughput (T/s/GPU)", "Precision", "MP Mode", "Activation Checkpointing"});
  if (!table) return table.error();
  TrainingData out;
  std::map<double, int> kept;  // By peak: one count a generation.
  for (;;) {
    auto more = table->next();
    if (!more) return more.error();
    if (!*more) return out;
    if (table->text(kPrecision) == "amp_fp8") {
      ++out.rejected["MFU refers to the FP8 peak"];
      continue;
    }
    if (table->number(kHfu) > 100) {
      ++out.rejected["faster than the peak"];
      continue;
    }
    auto row = mosaic_row(&*table, catalogue);
    if (!row) return row.error();
    row->held_out = kept[row->gpu.bf16_flops]++ % 2 == 1;
    out.rows.push_back(*std::move(row));
  }
}

Result<TrainingData> read_megatron(const DataFolder& data, const Catalogue& catalogue) {
  auto table = Table::open(data.file("perf/sc21_a100_table1.csv"),
                           {"params_b", "hidden", "layers", "tp", "pp", "gpus", "batch", "tflops_per_gpu"});
  if (!table) return table.error();
  const auto gpu = catalogue.gpu("A100-SXM4-80GB");
  if (!gpu) return gpu.error();
  TrainingData out;
  for (;;) {
    auto more = table->next();
    if (!more) return more.error();
    if (!*more) return out;
    const Sc21* run = find_size(kSc21, table->text(0));
    if (run == nullptr)
      return Error{"unknown size '" + std::string(table->text(0).substr(0, 40)) + "'", table->where()};
    MeasuredTraining row;
    row.size = run->size;
    row.name = row.size + "B";
    row.model = gpt("gpt-" + row.size + "b", table->whole(2), table->whole(1), run->heads, kSc21Vocab);
    row.gpu = *gpu;
    row.layout.tensor = table->whole(3);
    row.layout.pipeline = table->whole(4);
    row.layout.virtual_stages = run->virtual_stages;
    row.layout.data = std::max(1, table->whole(5) / (row.layout.tensor * row.layout.pipeline));
    row.layout.zero_stage = 0;
    row.layout.sequence_parallel = false;
    row.recipe.sequence_length = Tokens{2048};
    row.recipe.micro_batch = run->micro_batch;
    row.recipe.global_batch = table->whole(6);
    row.recipe.recomputation = Recomputation::kFull;
    row.recipe.attention = AttentionKernel::kUnfused;
    row.recipe.gradient_bytes = 2;  // FP16 (the runs' own precision).
    row.recipe.overlap_data = row.recipe.overlap_pipeline = false;
    row.measured = table->number(7);
    if (table->error()) return *table->error();
    row.held_out = out.rows.size() % 2 == 1;
    out.rows.push_back(std::move(row));
  }
}

double training_error(const MeasuredTraining& row, const TrainingConstants& constants, double* simulated) {
  const auto step = training_step_any_memory(row.model, row.gpu, row.layout, row.recipe, constants);
  CHECK(step.ok());
  const bool megatron = row.recipe.attention == AttentionKernel::kUnfused;
  const double gpus = row.layout.gpus().value;
  constexpr double kTera = 1e12;
  const double ours =
      megatron ? step->hardware_flops / (step->time.seconds() * gpus * kTera) : step->tokens_per_s_per_gpu;
  if (simulated != nullptr) *simulated = ours;
  return ours / row.measured - 1;
}

}  // namespace jevons
