// Checks of serving pools: vLLM's rules for its options, GPUs and memory of a replica, numbers of nodes.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "experiments/scenario_check.h"
#include "experiments/scenario_resolve.h"
#include "experiments/scenario_tables.h"

namespace jevons {
namespace {

class PoolCheck {
 public:
  PoolCheck(const ScenarioFile& file, const Catalogue& catalogue, int index)
      : file_(file),
        catalogue_(catalogue),
        pool_(file.message.serving().pools(index)),
        path_(index_path("serving.pools", index)) {}

  Status check(const Policies& policies) const {
    if (Status s = engine(); !s) return s;
    if (Status s = measured_times(); !s) return s;
    if (Status s = groups(); !s) return s;
    if (Status s = nodes(); !s) return s;
    if (Status s = check_pool_choices(file_, path_, policies, pool_); !s) return s;
    return tables();
  }

 private:
  Status fail(const std::string& field, const std::string& message) const {
    return file_.places.error(path_ + "." + field, message);
  }

  // The rules of vLLM's SchedulerConfig and ModelConfig.
  Status engine() const {
    if (const auto stack = catalogue_.stack(pool_.engine()); !stack) return fail("engine", stack.error().message);
    const auto model = catalogue_.model(pool_.model());
    if (!model) return fail("model", model.error().message);
    if (pool_.max_model_len() > model->max_model_len) {
      return fail("max_model_len", "expected at most " + std::to_string(model->max_model_len) + ", the longest of " +
                                       model->name + ", got " + std::to_string(pool_.max_model_len()));
    }
    if (pool_.max_num_batched_tokens() < pool_.max_num_seqs()) {
      return fail("max_num_batched_tokens", "expected at least max_num_seqs (" + std::to_string(pool_.max_num_seqs()) +
                                                "), got " + std::to_string(pool_.max_num_batched_tokens()));
    }
    if (!pool_.enable_chunked_prefill() && pool_.max_num_batched_tokens() < pool_.max_model_len()) {
      return fail("max_num_batched_tokens",
                  "expected at least max_model_len (" + std::to_string(pool_.max_model_len()) +
                      ") without chunked prefill, got " + std::to_string(pool_.max_num_batched_tokens()));
    }
    return Ok{};
  }

  // Tables hold whole iterations, so what would change the formula must not be asked for in vain.
  Status measured_times() const {
    if (!pool_.has_iteration_table()) return Ok{};
    for (const auto& [field, asked] :
         {std::pair{"speculative", pool_.has_speculative()}, std::pair{"enable_dbo", pool_.enable_dbo()},
          std::pair{"expert_imbalance", pool_.expert_imbalance() > 1}}) {
      if (asked) return fail(field, "has no effect on the times of iteration_table, expected one of the two");
    }
    return Ok{};
  }

  Status groups() const {
    std::vector<std::string> known;
    for (const proto::NodeGroup& g : file_.message.cluster().groups()) known.push_back(g.name());
    for (int i = 0; i < pool_.groups_size(); ++i) {
      const std::string& name = pool_.groups(i).group();
      const proto::NodeGroup* group = find_group(file_.message, name);
      if (group == nullptr) {
        return fail(index_path("groups", i) + ".group",
                    "unknown node group '" + name + "'" + nearest_hint(name, known));
      }
      if (Status s = instance(i, *group); !s) return s;
    }
    return Ok{};
  }

  // What a layout asks of the nodes; what it asks of the model is checked where the instance is planned.
  Status layout(const std::string& at, const proto::PoolGroup& pg, const proto::NodeGroup& group) const {
    const std::int32_t tp = pg.tensor_parallel_size(), pp = pg.pipeline_parallel_size(), dp = pg.data_parallel_size();
    const std::string node = "gpus_per_node (" + std::to_string(group.gpus_per_node()) + ")";
    const std::int64_t gpus = std::int64_t{tp} * pp * dp;
    if (gpus > group.gpus_per_node() || group.gpus_per_node() % gpus != 0) {
      if (pp == 1 && dp == 1) {
        return fail(at + ".tensor_parallel_size", "expected a divisor of " + node + ", got " + std::to_string(tp));
      }
      return fail(at, "expected tensor x pipeline x data to divide " + node + ", got " + std::to_string(tp) + " x " +
                          std::to_string(pp) + " x " + std::to_string(dp));
    }
    const std::int64_t there = std::int64_t{group.nodes()} * group.gpus_per_node();
    if (pg.expert_parallel_size() > there) {
      return fail(at + ".expert_parallel_size", "expected at most the GPUs of '" + group.name() + "' (" +
                                                    std::to_string(there) + "), got " +
                                                    std::to_string(pg.expert_parallel_size()));
    }
    if (pg.expert_parallel_size() == 1 && pool_.num_redundant_experts() > 0) {
      return fail("num_redundant_experts", "expected 0, as expert_parallel_size is 1 on '" + group.name() + "', got " +
                                               std::to_string(pool_.num_redundant_experts()));
    }
    if (pool_.enable_dbo() && tp == 1 && pg.expert_parallel_size() == 1) {
      return fail("enable_dbo",
                  "nothing to overlap, expected tensor_parallel_size or expert_parallel_size above 1 on '" +
                      group.name() + "'");
    }
    return Ok{};
  }

  Status instance(int i, const proto::NodeGroup& group) const {
    const std::string at = index_path("groups", i);
    if (Status s = layout(at, pool_.groups(i), group); !s) return s;
    const auto model = catalogue_.model(pool_.model());
    const auto gpu = catalogue_.gpu(group.gpu());
    const auto stack = catalogue_.stack(pool_.engine());
    CHECK(model.ok() && gpu.ok() && stack.ok());
    if (const std::int32_t tp = pool_.groups(i).tensor_parallel_size(); model->heads % tp != 0) {
      return fail(at + ".tensor_parallel_size", "expected a divisor of the attention heads of " + model->name + " (" +
                                                    std::to_string(model->heads) + "), got " + std::to_string(tp));
    }
    if (model->experts == 0 && pool_.expert_imbalance() > 1) {
      return fail("expert_imbalance", "expected 1 for " + model->name + ", a model without experts, got " +
                                          text_of(pool_.expert_imbalance()));
    }
    const auto plan = plan_instance(*model, *gpu, *stack, instance_options(pool_, i, group));
    if (!plan) return fail(at, plan.error().message);
    const std::int64_t blocks =
        pool_.has_num_gpu_blocks_override() ? pool_.num_gpu_blocks_override() : plan->kv_blocks.value;
    // A sequence lies in one data-parallel rank.
    const std::int64_t tokens = blocks / pool_.groups(i).data_parallel_size() * pool_.block_size();
    if (tokens < pool_.max_model_len()) {
      const char* rank = pool_.groups(i).data_parallel_size() > 1 ? "a data-parallel rank of " : "";
      return fail("max_model_len", "expected at most " + std::to_string(tokens) + ", the tokens that the KV cache of " +
                                       rank + "a replica on '" + group.name() + "' holds, got " +
                                       std::to_string(pool_.max_model_len()));
    }
    return Ok{};
  }

  Status nodes() const {
    std::int64_t available = 0;
    for (const proto::PoolGroup& pg : pool_.groups()) available += find_group(file_.message, pg.group())->nodes();
    if (pool_.max_nodes() > available) {
      return fail("max_nodes", "expected at most " + std::to_string(available) + ", the nodes of its groups, got " +
                                   std::to_string(pool_.max_nodes()));
    }
    if (pool_.min_nodes() > pool_.max_nodes()) {
      return fail("min_nodes", "expected at most max_nodes (" + std::to_string(pool_.max_nodes()) + "), got " +
                                   std::to_string(pool_.min_nodes()));
    }
    if (pool_.initial_nodes() < pool_.min_nodes() || pool_.initial_nodes() > pool_.max_nodes()) {
      return fail("initial_nodes", "expected min_nodes to max_nodes (" + std::to_string(pool_.min_nodes()) + " to " +
                                       std::to_string(pool_.max_nodes()) + "), got " +
                                       std::to_string(pool_.initial_nodes()));
    }
    return Ok{};
  }

  Status tables() const {
    if (!pool_.has_iteration_table()) return Ok{};
    const auto table = read_iteration_table(file_, path_, pool_);
    return table ? Status(Ok{}) : Status(table.error());
  }

  const ScenarioFile& file_;
  const Catalogue& catalogue_;
  const proto::Pool& pool_;
  std::string path_;
};

// Pools take their first nodes in the order of the file, each from its groups in order of preference.
Status check_initial_nodes(const ScenarioFile& file) {
  std::vector<std::int64_t> left;
  for (const proto::NodeGroup& g : file.message.cluster().groups()) left.push_back(g.nodes());
  for (int i = 0; i < file.message.serving().pools_size(); ++i) {
    const proto::Pool& pool = file.message.serving().pools(i);
    std::int64_t wanted = pool.initial_nodes();
    for (const proto::PoolGroup& pg : pool.groups()) {
      std::int64_t& here = left[static_cast<std::size_t>(group_index(file.message, pg.group()))];
      const std::int64_t taken = std::min(wanted, here);
      here -= taken;
      wanted -= taken;
    }
    if (wanted > 0) {
      return file.places.error(index_path("serving.pools", i) + ".initial_nodes",
                               "expected at most " + std::to_string(pool.initial_nodes() - wanted) +
                                   ", the nodes of its groups that the pools before it leave, got " +
                                   std::to_string(pool.initial_nodes()));
    }
  }
  return Ok{};
}

}  // namespace

Status check_pools(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies) {
  for (int i = 0; i < file.message.serving().pools_size(); ++i) {
    if (Status s = PoolCheck(file, catalogue, i).check(policies); !s) return s;
  }
  return check_initial_nodes(file);
}

}  // namespace jevons
