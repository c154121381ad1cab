// The `config` command: thin over experiments/scenario.h.
#include "apps/config_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "apps/answer.h"
#include "experiments/scenario.h"
#include "experiments/scenario_print.h"
#include "report/console.h"

namespace jevons {
namespace {

// GPUs that the largest gang could ever get.
std::int64_t training_gpus(const Inputs& in) {
  std::int64_t gpus = 0;
  for (std::size_t g = 0; g < in.cluster.groups.size(); ++g) {
    const NodeGroup& group = in.cluster.groups[g];
    if (in.training.speed_by_group[g] > 0) gpus += std::int64_t{group.nodes.value} * group.gpus_per_node.value;
  }
  return gpus;
}

std::string summary(const Scenario& scenario, const Inputs& in) {
  std::string text =
      fmt::format("{}: ok\n  scenario  {} (hash {})\n  cluster   {} nodes, {} GPUs\n", scenario.path(), scenario.name(),
                  scenario.hash(), in.cluster.nodes.size(), in.cluster.total_gpus().value);
  for (const PoolSetup& pool : in.pools) {
    text += fmt::format("  pool      {}: {} nodes at first ({} to {})\n", pool.name, pool.initial_nodes.value,
                        pool.min_nodes.value, pool.max_nodes.value);
    for (const PoolInstance& i : pool.instances) {
      text += fmt::format("              on {}: replicas of {} GPUs, {} KV blocks of {} tokens\n",
                          in.cluster.groups[i.group.index].name, i.gpus_per_replica.value, i.plan.kv_blocks.value,
                          pool.limits.block_size.value);
    }
  }
  for (const RequestStreamSetup& s : in.requests)
    text += fmt::format("  requests  {} -> {}\n", s.name, in.pools[s.pool.index].name);
  const std::int64_t most = training_gpus(in);
  const auto too_large = std::count_if(in.training.jobs.begin(), in.training.jobs.end(),
                                       [&](const TrainingJob& j) { return j.gpus.value > most; });
  text += fmt::format("  training  {} jobs", in.training.jobs.size());
  if (too_large > 0)
    text += fmt::format(", of which {} ask for more than {} GPUs and will be rejected", too_large, most);
  text += fmt::format("\n  policies  {}\n", fmt::join(scenario.policy_labels(), ", "));
  return text + model_section(scenario.notes(), false);
}

int check(const Scenario& scenario) {
  const auto inputs = scenario.inputs(0, scenario.seed(), EngineOptions{});
  return inputs ? answer(summary(scenario, *inputs)) : refuse(inputs.error());
}

// SCENARIO and --set of a subcommand.
struct ScenarioOptions {
  CLI::Option* path;
  CLI::Option* overrides;
  Result<Scenario> load(const Policies& policies) const {
    return Scenario::load(
        path->as<std::string>(), policies,
        overrides->count() > 0 ? overrides->as<std::vector<std::string>>() : std::vector<std::string>{});
  }
};

ScenarioOptions add_scenario_options(CLI::App* command) {
  return {command->add_option("SCENARIO", "Scenario file (.yaml, .json, .txtpb)")->required(),
          command->add_option("--set", "Change one field: path=value (may be repeated)")->expected(1)->take_all()};
}

}  // namespace

void add_config_command(CLI::App& app, const Policies& policies, int* exit_code) {
  CLI::App* config = app.add_subcommand("config", "Check and print scenario files");
  config->require_subcommand(1);
  CLI::App* check_app = config->add_subcommand("check", "Check a scenario: form, references, memory, traces");
  const ScenarioOptions check_options = add_scenario_options(check_app);
  check_app->callback([check_options, &policies, exit_code] {
    const auto scenario = check_options.load(policies);
    *exit_code = scenario ? check(*scenario) : refuse(scenario.error());
  });
  CLI::App* print_app = config->add_subcommand("print", "Print a scenario with every default visible");
  const ScenarioOptions print_options = add_scenario_options(print_app);
  print_app->callback([print_options, &policies, exit_code] {
    const auto scenario = print_options.load(policies);
    *exit_code = scenario ? answer(scenario->resolved_yaml()) : refuse(scenario.error());
  });
  CLI::App* reference = config->add_subcommand("reference", "Print the reference of all fields (docs/scenario.md)");
  reference->callback([exit_code] { *exit_code = answer(scenario_reference()); });
}

}  // namespace jevons
