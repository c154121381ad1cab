// Checks of the cluster, the policies and the references between the parts of a scenario.
#include "experiments/scenario_check.h"

#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "experiments/scenario_faults.h"
#include "experiments/scenario_power.h"
#include "experiments/scenario_resolve.h"
#include "experiments/scenario_rules.h"

namespace jevons {
namespace {

// More GPUs than the largest clusters announced; far below what counters hold.
constexpr std::int64_t kMostGpus = 1'000'000;
constexpr std::int64_t kMostNodes = 100'000;  // As make_cluster().

Status check_pool_policy(const ScenarioFile& file, const Policies& policies, const std::string& path,
                         const proto::PoolPolicy& pool) {
  std::vector<std::string> known;
  for (const proto::Pool& p : file.message.serving().pools()) known.push_back(p.name());
  if (pool_index(file.message, pool.pool()) < 0) {
    return file.places.error(path + ".pool", "unknown pool '" + pool.pool() + "'" + nearest_hint(pool.pool(), known));
  }
  return check_pool_choices(file, path, policies, pool);
}

Status check_policy(const ScenarioFile& file, const Policies& policies, const std::string& path,
                    const proto::Policy& p) {
  if (p.label().empty()) {
    return file.places.error(path, "expected a label or an allocator");
  }
  if (Status s = check_choice(file, path + ".allocator", policies.allocators, p.allocator()); !s) return s;
  if (p.has_queue()) {
    if (Status s = check_choice(file, path + ".queue", policies.training_queues, p.queue()); !s) return s;
  }
  if (p.has_placement()) {
    if (Status s = check_choice(file, path + ".placement", policies.placements, p.placement()); !s) return s;
  }
  if (Status s = check_pool_choices(file, path, policies, p); !s) return s;
  for (int k = 0; k < p.pools_size(); ++k) {
    if (Status s = check_pool_policy(file, policies, index_path(path + ".pools", k), p.pools(k)); !s) return s;
  }
  return Ok{};
}

}  // namespace

Status check_cluster(const ScenarioFile& file, const Catalogue& catalogue) {
  std::int64_t nodes = 0, gpus = 0;
  for (int i = 0; i < file.message.cluster().groups_size(); ++i) {
    const proto::NodeGroup& group = file.message.cluster().groups(i);
    const std::string path = index_path("cluster.groups", i);
    const auto gpu = catalogue.gpu(group.gpu());
    if (!gpu) return file.places.error(path + ".gpu", gpu.error().message);
    nodes += group.nodes();
    gpus += std::int64_t{group.nodes()} * group.gpus_per_node();
    if (nodes > kMostNodes) {
      return file.places.error(path + ".nodes", "more than " + std::to_string(kMostNodes) + " nodes in the cluster");
    }
    if (gpus > kMostGpus) {
      return file.places.error(path + ".nodes", "more than " + std::to_string(kMostGpus) + " GPUs in the cluster");
    }
    if (Status s = check_power(file, group, *gpu, path); !s) return s;
  }
  return Ok{};
}

Status check_policies(const ScenarioFile& file, const Policies& policies) {
  std::map<std::string, int> labels;
  for (int i = 0; i < file.message.policies_size(); ++i) {
    const proto::Policy& p = file.message.policies(i);
    const std::string path = index_path("policies", i);
    if (Status s = check_policy(file, policies, path, p); !s) return s;
    const auto [it, fresh] = labels.emplace(p.label(), i);
    if (!fresh) {
      return file.places.error(path, "two policies are labelled '" + p.label() + "' (first policies[" +
                                         std::to_string(it->second) + "]); give one a label of its own");
    }
  }
  return Ok{};
}

Status check_scenario(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies) {
  if (Status s = check_cluster(file, catalogue); !s) return s;
  if (Status s = check_pools(file, catalogue, policies); !s) return s;
  if (Status s = check_load(file, catalogue, policies); !s) return s;
  if (Status s = check_faults(file); !s) return s;
  return check_policies(file, policies);
}

}  // namespace jevons
