// Presets, and what a checkpoint interval should be.
#include "experiments/scenario_faults.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "experiments/scenario_resolve.h"
#include "experiments/scenario_rules.h"

namespace jevons {
namespace {

// Unexpected interruptions of Llama 3 405B: 54 days on 16,384 H100 (Llama 3, arXiv:2407.21783, table 5; counts as in
// shared/design/case_studies.md 2.8, the 65 it does not name are "other").  Switches and cables are taken to cost one
// node, as the paper says nothing else.  It gives no repair times: a day is ours.
constexpr double kLlama3GpuHours = 54.0 * 24 * 16'384;
struct CountedCause {
  const char* name;
  FaultScope scope;
  double count;
};
constexpr CountedCause kLlama3[] = {
    {"gpu", FaultScope::kNode, 148},    {"hbm", FaultScope::kNode, 72},      {"software", FaultScope::kProcess, 54},
    {"network", FaultScope::kNode, 35}, {"gpu_sram", FaultScope::kNode, 19}, {"system", FaultScope::kNode, 17},
    {"nic", FaultScope::kNode, 7},      {"cpu", FaultScope::kNode, 2},       {"other", FaultScope::kNode, 65},
};
constexpr Duration kRepair = 24_h;

// Meta's Research SuperCluster (HPCA'25, 24,000 A100): a job of 1,024 GPUs fails every 7.9 h, one of 8 every 47.7 days
// (shared/design/case_studies.md 2.8), which is 8,090 and 9,160 GPU-hours; the former, as large jobs are where it
// counts.
constexpr double kRscPerGpuHour = 1 / (7.9 * 1024);

FaultScope scope_of(const std::string& text) {
  if (text == "process") return FaultScope::kProcess;
  return text == "leaf" ? FaultScope::kLeaf : FaultScope::kNode;
}

std::vector<FaultCause> preset(const std::string& name) {
  std::vector<FaultCause> causes;
  if (name == "llama3") {
    for (const CountedCause& c : kLlama3) causes.push_back({c.name, c.scope, c.count / kLlama3GpuHours, kRepair});
  }
  if (name == "rsc") causes.push_back({"rsc", FaultScope::kNode, kRscPerGpuHour, kRepair});
  return causes;
}

}  // namespace

Status check_faults(const ScenarioFile& file) {
  const proto::Failures& f = file.message.failures();
  std::set<std::string> names;
  for (const FaultCause& c : preset(f.preset())) names.insert(c.name);
  for (int i = 0; i < f.causes_size(); ++i) {
    if (names.insert(f.causes(i).name()).second) continue;
    return file.places.error(index_path("failures.causes", i) + ".name",
                             "a second cause '" + f.causes(i).name() + "', expected one of each name");
  }
  const bool fails = f.scale() > 0 && (f.preset() != "none" || f.causes_size() > 0);
  if (fails && !file.message.has_horizon()) {
    return file.places.error("failures", "with failures a run may never end with its work, expected a horizon");
  }
  for (int i = 0; i < f.spares_size(); ++i) {
    const proto::SpareNodes& s = f.spares(i);
    const int group = group_index(file.message, s.group());
    const std::string at = index_path("failures.spares", i);
    if (group < 0) return file.places.error(at + ".group", "unknown node group '" + s.group() + "'");
    const std::int32_t nodes = file.message.cluster().groups(group).nodes();
    if (s.nodes() >= nodes) {
      return file.places.error(at + ".nodes", "got " + std::to_string(s.nodes()) + " of a group of " +
                                                  std::to_string(nodes) + ", expected fewer than the group has");
    }
  }
  return Ok{};
}

FaultSetup faults_of(const proto::Scenario& scenario, std::uint64_t seed) {
  const proto::Failures& f = scenario.failures();
  FaultSetup setup;
  setup.seed = seed;
  setup.causes = preset(f.preset());
  for (FaultCause& c : setup.causes) {
    if (f.has_repair()) c.repair = duration_of(f.repair());
  }
  for (const proto::FailureCause& c : f.causes()) {
    setup.causes.push_back(
        {c.name(), scope_of(c.scope()), c.per_gpu_hour(), duration_of(c.repair()), c.exponential_repair()});
  }
  for (FaultCause& c : setup.causes) c.per_gpu_hour *= f.scale();
  std::erase_if(setup.causes, [](const FaultCause& c) { return c.per_gpu_hour <= 0; });
  setup.spares.resize(static_cast<std::size_t>(scenario.cluster().groups_size()));
  for (const proto::SpareNodes& s : f.spares()) {
    setup.spares[static_cast<std::size_t>(group_index(scenario, s.group()))] = Nodes{s.nodes()};
  }
  setup.spare_swap = duration_of(f.spare_swap());
  return setup;
}

Duration daly_interval(Duration write, Duration between_failures) {
  const double d = write.seconds(), m = between_failures.seconds();
  if (d >= 2 * m) return between_failures;
  const double x = d / (2 * m);
  return duration_from_seconds(std::sqrt(2 * d * m) * (1 + std::sqrt(x) / 3 + x / 9) - d);
}

std::function<Duration(const TrainingJob&, Bytes)> optimal_checkpoints(const Inputs& in) {
  double per_gpu_hour = 0, per_leaf_hour = 0;
  std::int32_t node_gpus = 1;
  double nic = in.cluster.storage.write_bytes_per_s;
  for (const NodeGroup& g : in.cluster.groups) {
    node_gpus = std::max(node_gpus, g.gpus_per_node.value);
    nic = std::min(nic, g.nic_bytes_per_s * in.cluster.fabric.efficiency);
  }
  const double leaf_gpus = static_cast<double>(in.cluster.fabric.nodes_per_leaf.value) * node_gpus;
  for (const FaultCause& c : in.faults.causes) {
    (c.scope == FaultScope::kLeaf ? per_leaf_hour : per_gpu_hour) += c.per_gpu_hour;
  }
  return [=, otherwise = in.training.checkpoint_interval, async = in.training.asynchronous_checkpoints](
             const TrainingJob& job, Bytes size) {
    const Duration write = duration_from_seconds(static_cast<double>(size.value) / nic);
    const double leaves = std::ceil(job.gpus.value / leaf_gpus);
    const double per_hour = per_gpu_hour * job.gpus.value + per_leaf_hour * leaf_gpus * leaves;
    if (per_hour <= 0 || write == Duration{0}) return otherwise;
    if (async) return std::max(write, 1_s);
    constexpr double kMostHours = 24 * 3660;
    return std::max(daly_interval(write, duration_from_seconds(3600 * std::min(kMostHours, 1 / per_hour))), 1_s);
  };
}

}  // namespace jevons
