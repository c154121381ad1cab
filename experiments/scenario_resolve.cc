// Fills in defaults, from the general (units of durations) to the particular (what a policy inherits).
#include "experiments/scenario_resolve.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "experiments/scenario_rules.h"

namespace jevons {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr double kBitsPerByte = 8;
constexpr double kGiga = 1e9;

// "0s" rather than "0": a reader should see that it is a time.
std::string canonical_duration(const std::string& text) {
  const Duration d = duration_of(text);
  return d.ns == 0 ? "0s" : text_of(d);
}

// "1.5min" and "90s" are the same scenario: one spelling, one hash.  Creates the messages whose defaults always hold.
void spell_out(Message* m) {
  const auto* type = m->GetDescriptor();
  const auto* r = m->GetReflection();
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* f = type->field(i);
    if (f->is_map()) continue;
    if (rules_of(*f).kind() == proto::DURATION && (r->HasField(*m, f) || f->has_default_value())) {
      r->SetString(m, f, canonical_duration(r->GetString(*m, f)));
    }
    if (f->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (f->is_repeated()) {
      for (int k = 0; k < r->FieldSize(*m, f); ++k) spell_out(r->MutableRepeatedMessage(m, f, k));
    } else if (r->HasField(*m, f) || rules_of(*f).expand()) {
      spell_out(r->MutableMessage(m, f));
    }
  }
}

void resolve_group(const Catalogue& catalogue, proto::NodeGroup* group) {
  const auto gpu = catalogue.gpu(group->gpu());
  if (!gpu) return;
  group->set_gpu(gpu->name);  // "H100" -> its full name.
  if (!group->has_price_usd_per_gpu_hour()) group->set_price_usd_per_gpu_hour(gpu->price_usd_per_gpu_hour);
  if (!group->has_nic_gbit_per_s()) group->set_nic_gbit_per_s(gpu->nic_bytes_per_s * kBitsPerByte / kGiga);
}

// KV tokens that one sequence may have on the pool's smallest group: those of a replica, or of one of its data-parallel
// ranks.  nullopt where no plan can be made.
std::optional<std::int64_t> kv_tokens(const Catalogue& catalogue, const proto::Scenario& s, const proto::Pool& pool,
                                      const ModelSpec& model) {
  const auto stack = catalogue.stack(pool.engine());
  if (!stack) return std::nullopt;
  std::optional<std::int64_t> least;
  for (int i = 0; i < pool.groups_size(); ++i) {
    std::int64_t blocks = pool.num_gpu_blocks_override();
    if (!pool.has_num_gpu_blocks_override()) {
      const proto::NodeGroup* group = find_group(s, pool.groups(i).group());
      if (group == nullptr) return std::nullopt;
      const auto gpu = catalogue.gpu(group->gpu());
      if (!gpu) return std::nullopt;
      const auto plan = plan_instance(model, *gpu, *stack, instance_options(pool, i, *group));
      if (!plan) return std::nullopt;
      blocks = plan->kv_blocks.value;
    }
    const std::int64_t tokens = blocks / bundle_of(pool) / pool.groups(i).data_parallel_size() * pool.block_size();
    least = least ? std::min(*least, tokens) : tokens;
  }
  return least;
}

void resolve_pool(const Catalogue& catalogue, const proto::Scenario& s, proto::Pool* pool) {
  std::int32_t nodes = 0;
  for (proto::PoolGroup& pg : *pool->mutable_groups()) {
    const proto::NodeGroup* group = find_group(s, pg.group());
    if (group == nullptr) continue;
    nodes += group->nodes();
    if (!pg.has_tensor_parallel_size()) {
      const std::int64_t others = std::int64_t{pg.pipeline_parallel_size()} * pg.data_parallel_size();
      pg.set_tensor_parallel_size(
          static_cast<std::int32_t>(std::max<std::int64_t>(1, group->gpus_per_node() / others)));
    }
  }
  if (!pool->has_max_nodes()) pool->set_max_nodes(nodes);
  if (!pool->has_router()) pool->mutable_router()->set_name("least_requests");
  if (!pool->has_batcher()) pool->mutable_batcher()->set_name("vllm_v1");
  const auto model = catalogue.model(pool->model());
  if (!model) return;
  pool->set_model(model->name);
  if (pool->has_iteration_table() && pool->iteration_table().format() == "vidur" &&
      !pool->iteration_table().has_layers()) {
    pool->mutable_iteration_table()->set_layers(model->layers);
  }
  if (pool->has_max_model_len()) return;
  std::int64_t longest = model->max_model_len;
  if (const auto kv = kv_tokens(catalogue, s, *pool, *model)) longest = std::min(longest, *kv);
  pool->set_max_model_len(std::max<std::int64_t>(longest, 1));
}

template <class Api>
void resolve_params(const PolicyCatalogue<Api>& catalogue, proto::Choice* choice) {
  const auto it = catalogue.entries().find(choice->name());
  if (it == catalogue.entries().end()) return;
  for (const ParamRow& row : it->second.params) {
    if (!choice->params().contains(row.name)) (*choice->mutable_params())[row.name] = row.fallback;
  }
}

// Of a pool, or of what overrides it: every policy it names.
template <class Message>
void resolve_pool_choices(const Policies& policies, Message* m) {
  if (m->has_router()) resolve_params(policies.routers, m->mutable_router());
  if (m->has_batcher()) resolve_params(policies.batchers, m->mutable_batcher());
  if (m->has_autoscaler()) resolve_params(policies.autoscalers, m->mutable_autoscaler());
  if (m->has_admission()) resolve_params(policies.admissions, m->mutable_admission());
}

void resolve_training(const Catalogue& catalogue, const Policies& policies, proto::Training* training) {
  if (!training->has_queue()) training->mutable_queue()->set_name("easy_backfill");
  if (!training->has_placement()) training->mutable_placement()->set_name("packed");
  resolve_params(policies.training_queues, training->mutable_queue());
  resolve_params(policies.placements, training->mutable_placement());
  if (const auto gpu = catalogue.gpu(training->reference_gpu()); training->has_reference_gpu() && gpu) {
    training->set_reference_gpu(gpu->name);
  }
  for (proto::JobSource& source : *training->mutable_jobs()) {
    for (proto::Job& job : *source.mutable_list()) {
      if (!job.has_model()) continue;
      const auto model = catalogue.model(job.model().name());
      if (model) job.mutable_model()->set_name(model->name);
    }
  }
}

void resolve_policy(const Policies& policies, proto::Policy* p) {
  if (!p->has_allocator()) p->mutable_allocator()->set_name(p->label());
  if (!p->has_label()) p->set_label(p->allocator().name());
  resolve_params(policies.allocators, p->mutable_allocator());
  if (p->has_queue()) resolve_params(policies.training_queues, p->mutable_queue());
  if (p->has_placement()) resolve_params(policies.placements, p->mutable_placement());
  resolve_pool_choices(policies, p);
  for (proto::PoolPolicy& pool : *p->mutable_pools()) resolve_pool_choices(policies, &pool);
}

}  // namespace

void resolve_scenario(const Catalogue& catalogue, const Policies& policies, proto::Scenario* s) {
  spell_out(s);
  for (proto::NodeGroup& group : *s->mutable_cluster()->mutable_groups()) resolve_group(catalogue, &group);
  for (proto::Pool& pool : *s->mutable_serving()->mutable_pools()) {
    resolve_pool(catalogue, *s, &pool);
    resolve_pool_choices(policies, &pool);
  }
  resolve_training(catalogue, policies, s->mutable_training());
  if (s->policies_size() == 0) s->add_policies()->set_label("static_split");
  for (proto::Policy& p : *s->mutable_policies()) resolve_policy(policies, &p);
}

std::int64_t bundle_of(const proto::Pool& pool) { return pool.has_bundle() ? pool.bundle() : 1; }

InstanceOptions instance_options(const proto::Pool& pool, int group, const proto::NodeGroup& nodes) {
  const proto::PoolGroup& g = pool.groups(group);
  InstanceOptions o;
  o.layout.tensor = g.tensor_parallel_size();
  o.layout.pipeline = g.pipeline_parallel_size();
  o.layout.data = g.data_parallel_size();
  o.layout.expert = g.expert_parallel_size();
  o.layout.redundant_experts = pool.num_redundant_experts();
  o.layout.gpus_per_node = nodes.gpus_per_node();
  o.gpu_memory_utilization = pool.gpu_memory_utilization();
  if (pool.has_colocation()) o.set_aside = bytes_of(pool.colocation().memory_per_gpu());
  o.block_size = Tokens{pool.block_size()};
  o.max_num_batched_tokens = Tokens{pool.max_num_batched_tokens()};
  o.max_num_seqs = pool.max_num_seqs();
  if (pool.kv_cache_dtype() == "bf16") o.kv_bytes_per_element = 2;
  if (pool.kv_cache_dtype() == "fp8") o.kv_bytes_per_element = 1;
  o.expert_imbalance = pool.expert_imbalance();
  o.overlap_microbatches = pool.enable_dbo();
  if (pool.has_speculative()) {
    o.speculation = {pool.speculative().num_speculative_tokens(), pool.speculative().acceptance_rate()};
  }
  o.longest_context = Tokens{pool.max_model_len()};
  return o;
}

const proto::NodeGroup* find_group(const proto::Scenario& s, const std::string& name) {
  const int i = group_index(s, name);
  return i < 0 ? nullptr : &s.cluster().groups(i);
}

int group_index(const proto::Scenario& s, const std::string& name) {
  for (int i = 0; i < s.cluster().groups_size(); ++i) {
    if (s.cluster().groups(i).name() == name) return i;
  }
  return -1;
}

int pool_index(const proto::Scenario& s, const std::string& name) {
  for (int i = 0; i < s.serving().pools_size(); ++i) {
    if (s.serving().pools(i).name() == name) return i;
  }
  return -1;
}

}  // namespace jevons
