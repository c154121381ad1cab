// Power: nodes by what they do, boards by phase and batch.
#include "validation/power_rows.h"

#include <string>
#include <string_view>
#include <tuple>

#include "sim/model/power.h"
#include "topologies/catalogue.h"

namespace jevons {
namespace {

constexpr double kGpusPerNode = 8;

struct Measured {
  const char *id, *source, *setup, *quantity, *unit;
  double published, allowed;
  Split split;
  const char* note;
};

ValidationRow row_of(const Measured& m, double simulated) {
  ValidationRow r;
  r.id = std::string("power.") + m.id;
  r.section = "Power";
  r.source = m.source;
  r.setup = m.setup;
  r.quantity = m.quantity;
  r.unit = m.unit;
  r.published = m.published;
  r.simulated = simulated;
  r.error = simulated / m.published - 1;
  r.allowed = m.allowed;
  r.split = m.split;
  r.note = m.note;
  return r;
}

GpuSpec gpu_of(std::string_view name) { return *Catalogue::builtin().gpu(name); }
double node_kw(const GpuSpec& gpu, PowerPhase phase) { return kGpusPerNode * power_draw(gpu)[phase] / 1000; }
double board_watts(const GpuSpec& gpu, PowerPhase phase) { return power_draw(gpu)[phase] - host_watts(gpu); }

// Nodes measured at the wall.
void add_nodes(ValidationRows* rows) {
  const GpuSpec h100 = gpu_of("H100"), h200 = gpu_of("H200");
  rows->push_back(
      row_of({"h100.training_max", "Latif et al., IEEE Access 13, 2025 (T21)",
              "8xH100 HGX, Llama2-13B and ResNet training, GPUs near full utilisation", "most node power", "kW", 8.4,
              0.10, Split::kNeverFitted, "Against the model at TDP all the time: the most a step can draw."},
             kGpusPerNode * training_watts(h100, 1) / 1000));
  rows->push_back(row_of({"h100.training_mean", "Newkirk et al., arXiv:2506.14551, 2025-06",
                          "8xH100, compute-intensive training", "node power", "kW", 0.76 * 10.2, 0.10, Split::kFitted,
                          "training_power, 0.81 of TDP, was taken from it: 76 % of 10.2 kW, read as a mean."},
                         node_kw(h100, PowerPhase::kTraining)));
  rows->push_back(row_of({"h200.idle", "MLPerf inference v4.1 power, 2024-08, via perf_models.md 5", "8xH200, idle",
                          "node power", "kW", 2.4, 0.05, Split::kFitted, "idle_watts was taken from it."},
                         node_kw(h200, PowerPhase::kIdle)));
  // 6.15 to 6.28 kW.  The cap is not in the summary we have; 375 W a board would explain it.
  rows->push_back(
      row_of({"h200.capped", "MLPerf inference v4.1 power, 2024-08, via perf_models.md 5",
              "8xH200, offline, boards capped at an unknown power; ours uncapped", "node power", "kW", 6.215, 0,
              Split::kNeverFitted,
              "No comparison: the cap is unknown. With our 400 W of host a GPU the boards drew 377 W each."},
             node_kw(h200, PowerPhase::kMixed)));
}

// What servers are rated for: bounds, not measurements.
void add_ratings(ValidationRows* rows) {
  struct Rating {
    const char *id, *gpu, *source;
    double kw;
  };
  for (const Rating& r : {Rating{"dgx_a100", "A100", "DGX A100 data sheet, 2020-05, not read again", 6.5},
                          Rating{"dgx_h100", "H100", "DGX H100 data sheet, 2022-03, via arXiv:2412.08602", 10.2},
                          Rating{"dgx_b200", "B200", "DGX B200 data sheet, 2024-03, via perf_models.md 5", 14.3}}) {
    rows->push_back(row_of(
        {r.id, r.source, "rated maximum of the server; ours with all GPUs at TDP", "node power", "kW", r.kw, 0,
         Split::kFitted, "Half of host_watts_per_gpu comes from it. A bound: ours must be below, measured nodes are."},
        node_kw(gpu_of(r.gpu), PowerPhase::kPrefill)));
  }
  rows->push_back(row_of(
      {"h100.all_in", "InferenceX TCO constants, 2026-05, via case_studies.md 2.4",
       "one H100, provisioned power with network, storage and cooling; ours IT alone", "power a GPU", "kW", 1.73, 0,
       Split::kNeverFitted, "Not the same boundary: 1.73 kW over our 1.10 kW at TDP is 1.57 of PUE and network."},
      power_draw(gpu_of("H100"))[PowerPhase::kPrefill] / 1000));
}

// Splitwise's machines, relative to each other.
void add_splitwise(ValidationRows* rows) {
  const GpuSpec a100 = gpu_of("A100"), h100 = gpu_of("H100");
  const double full = node_kw(h100, PowerPhase::kPrefill);
  const double capped = kGpusPerNode * (host_watts(h100) + 0.5 * h100.tdp_watts) / 1000;
  const char* source = "Splitwise, ISCA 2024, table V, second-hand";
  rows->push_back(row_of(
      {"splitwise.capped", source, "DGX H100 with its boards capped at half their TDP", "power over an uncapped one",
       "", 0.70, 0.05, Split::kNeverFitted, "Independent of TDP: says what part of a node is its host."},
      capped / full));
  rows->push_back(row_of({"splitwise.h100_over_a100", source, "DGX H100 over DGX A100, prompts", "node power", "", 1.75,
                          0.10, Split::kNeverFitted, "Theirs is the ratio of the boards' TDP."},
                         full / node_kw(a100, PowerPhase::kPrefill)));
}

// Boards while they serve.
void add_serving(ValidationRows* rows) {
  const GpuSpec a100 = gpu_of("A100"), h100 = gpu_of("H100"), h200 = gpu_of("H200");
  const char* ml_energy = "ML.ENERGY v3.0, 2025-12, second-hand: J/token x tok/s";
  const char* setup = "Llama-3.1-70B on 4 H100 (inferred from power and speed), chats at once";
  struct Point {
    const char* id;
    int batch;
    double joules, tokens_per_s;
  };
  for (const Point& p : {Point{"ml_energy.b8", 8, 3.7587, 469.7}, Point{"ml_energy.b32", 32, 1.2069, 1486.7},
                         Point{"ml_energy.b64", 64, 0.7972, 2510.5}, Point{"ml_energy.b128", 128, 0.5634, 3876.3},
                         Point{"ml_energy.b256", 256, 0.4790, 4915.1}}) {
    rows->push_back(row_of({p.id, ml_energy, setup, "board power", "W", p.joules * p.tokens_per_s / 4, 0.20,
                            Split::kHeldOut, "The decode curve was read off other models of the same campaign."},
                           decode_board_watts(h100, p.batch)));
  }
  rows->push_back(row_of({"ml_energy.b1024", ml_energy, setup, "board power", "W", 0.3731 * 6827.2 / 4, 0.05,
                          Split::kFitted, "mixed_power was taken from it: every iteration has prompts."},
                         board_watts(h100, PowerPhase::kMixed)));
  const char* lhl = "gist lhl/bf81a9c7, 2025-01-13";
  for (const auto& [id, batch, watts] : {std::tuple{"lhl.b64", 64.0, 480.0}, std::tuple{"lhl.b128", 128.0, 520.0}}) {
    rows->push_back(row_of({id, lhl, "Llama-3.3-70B FP8 on 4 H100, vLLM 0.6.6, ShareGPT", "board power", "W", watts,
                            0.20, Split::kNeverFitted, "nvitop while 64 or 128 requests run."},
                           decode_board_watts(h100, batch)));
  }
  rows->push_back(row_of({"sada.a100", "Sada et al., arXiv:2507.00418, table 1, 2025-10, second-hand",
                          "Nemotron-70B on 8 A100, vLLM, 32 requests", "board power", "W", 2983.0 / 8, 0.20,
                          Split::kNeverFitted, "The curve's shape on A100 is a rule, by FLOP per byte."},
                         decode_board_watts(a100, 32)));
  // 137 to 300 W over four kinds of attention.
  rows->push_back(
      row_of({"h200.decode", "Ma et al., arXiv:2605.11999, 2026-05",
              "small models on one H200, decode alone: 137 to 300 W", "board power", "W", 300, 0, Split::kNeverFitted,
              "The most they saw beside ours at batch 1: models that leave the GPU idle draw half of ours."},
             decode_board_watts(h200, 1)));
}

}  // namespace

ValidationRows power_rows(const DataFolder& /*data*/) {
  ValidationRows rows;
  add_nodes(&rows);
  add_ratings(&rows);
  add_splitwise(&rows);
  add_serving(&rows);
  return rows;
}

}  // namespace jevons
