// Builds the cluster, the pools, the training side and the policies of one run.
//
// Checks have passed, so errors here come from the disk or from a catalogue of policies that changed meanwhile.
#include "experiments/scenario_inputs.h"

#include <algorithm>

#include "experiments/bundle.h"
#include "experiments/scenario_check.h"
#include "experiments/scenario_faults.h"
#include "experiments/scenario_future.h"
#include "experiments/scenario_power.h"
#include "experiments/scenario_resolve.h"
#include "experiments/scenario_rollouts.h"
#include "experiments/scenario_rules.h"
#include "experiments/scenario_sources.h"
#include "experiments/scenario_tables.h"

namespace jevons {
namespace {

constexpr double kBitsPerByte = 8;
constexpr double kGiga = 1e9;

class InputsBuilder {
 public:
  InputsBuilder(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies, int policy,
                std::uint64_t seed)
      : file_(file),
        s_(file.message),
        catalogue_(catalogue),
        policies_(policies),
        policy_(s_.policies(policy)),
        seed_(seed) {}

  Result<Inputs> build(const EngineOptions& engine) {
    Inputs in;
    in.engine = engine;
    in.horizon = horizon_of(s_);
    if (s_.has_warm_up()) in.measure_from = Instant{} + duration_of(s_.warm_up());
    if (s_.has_cool_down()) in.measure_to = in.horizon - duration_of(s_.cool_down());
    in.review_every = duration_of(s_.review_every());
    in.min_review_gap = duration_of(s_.min_review_gap());
    in.energy_usd_per_kwh = s_.energy().usd_per_kwh();
    in.pue = s_.energy().pue();
    if (Status s = cluster(&in); !s) return s.error();
    if (Status s = pools(&in); !s) return s.error();
    if (Status s = streams(&in); !s) return s.error();
    if (Status s = training(&in); !s) return s.error();
    if (Status s = make(policies_.allocators, policy_.allocator(), "allocator", &in.allocator, &in.allocator_name);
        !s) {
      return s.error();
    }
    in.faults = faults_of(s_, seed_);
    if (s_.training().optimal_checkpoints()) in.training.optimal_checkpoints = optimal_checkpoints(in);
    if (Status s = future(&in); !s) return s.error();
    if (Status s = add_rollouts(file_, seed_, &in); !s) return s.error();
    return in;
  }

 private:
  Status future(Inputs* in) const {
    if (!policies_.allocators.entries().at(policy_.allocator().name()).sees_future) return Ok{};
    auto future = read_future(*in, [&](int stream) { return open_stream(file_, stream, seed_); });
    if (!future) return future.error();
    in->future = *std::move(future);
    return Ok{};
  }

  // A policy with a random stream of its own, named by what it does: two policies of one kind draw alike.
  template <class Api>
  Status make(const PolicyCatalogue<Api>& catalogue, const proto::Choice& choice, const std::string& stream,
              std::unique_ptr<Api>* policy, std::string* name) const {
    const ParamText params(choice.params().begin(), choice.params().end());
    auto made = catalogue.make(choice.name(), params, RandomStream(seed_, stream));
    if (!made) return file_.places.error(stream, made.error().text());
    *policy = *std::move(made);
    *name = choice.name();
    return Ok{};
  }

  Status cluster(Inputs* in) const {
    std::vector<NodeGroup> groups;
    for (const proto::NodeGroup& g : s_.cluster().groups()) {
      const auto gpu = catalogue_.gpu(g.gpu());
      if (!gpu) return gpu.error();
      NodeGroup group;
      group.name = g.name();
      group.gpu = *gpu;
      group.nodes = Nodes{g.nodes()};
      group.gpus_per_node = Gpus{g.gpus_per_node()};
      group.price_usd_per_gpu_hour = g.price_usd_per_gpu_hour();
      group.nic_bytes_per_s = g.nic_gbit_per_s() * g.gpus_per_node() * kGiga / kBitsPerByte;
      group.power = group_power(g, *gpu);
      group.cpus_per_node = g.cpus_per_node();
      group.memory_per_node = bytes_of(g.memory_per_node());
      groups.push_back(std::move(group));
    }
    const proto::Fabric& f = s_.cluster().fabric();
    const FabricSpec fabric{Nodes{f.nodes_per_leaf()}, f.spines(), f.oversubscription(), f.efficiency()};
    const StorageSpec storage{s_.cluster().storage().read_gb_per_s() * kGiga,
                              s_.cluster().storage().write_gb_per_s() * kGiga};
    auto made = make_cluster(std::move(groups), fabric, storage);
    if (!made) return file_.places.error(join_path("cluster", made.error().where), made.error().message);
    in->cluster = *std::move(made);
    return Ok{};
  }

  Status pools(Inputs* in) const {
    for (int i = 0; i < s_.serving().pools_size(); ++i) {
      PoolSetup setup;
      if (Status s = pool(i, &setup); !s) return s;
      in->pools.push_back(std::move(setup));
    }
    return Ok{};
  }

  Status pool(int index, PoolSetup* setup) const {
    const proto::Pool& p = s_.serving().pools(index);
    const auto stack = catalogue_.stack(p.engine());
    if (!stack) return stack.error();
    setup->name = p.name();
    setup->limits = BatchLimits{p.max_num_seqs(), Tokens{p.max_num_batched_tokens()}, Tokens{p.max_model_len()},
                                Tokens{p.block_size()}, p.enable_chunked_prefill()};
    setup->bundle = bundle_of(p);
    setup->limits = bundled(setup->limits, setup->bundle);
    setup->enable_prefix_caching = p.enable_prefix_caching();
    setup->request_overhead = duration_from_seconds(stack->request_s);
    setup->initial_nodes = Nodes{p.initial_nodes()};
    setup->min_nodes = Nodes{p.min_nodes()};
    setup->max_nodes = Nodes{p.max_nodes()};
    setup->unit_nodes = Nodes{p.unit_nodes()};
    setup->warm_up = duration_of(p.warm_up());
    if (p.has_drain_limit()) setup->drain_limit = duration_of(p.drain_limit());
    setup->slo = slo_of(p.slo());
    setup->max_waiting_per_replica = static_cast<std::int32_t>(p.max_waiting_per_replica() / setup->bundle);
    setup->max_queue = p.max_queue() / setup->bundle;
    if (Status s = instances(index, *stack, setup); !s) return s;
    if (Status s = tables(index, setup); !s) return s;
    if (p.has_colocation()) {
      const proto::Colocation& c = p.colocation();
      setup->colocation = {bytes_of(c.memory_per_gpu()), c.serving_slowdown(), c.guest_speed_idle(),
                           c.guest_speed_busy()};
    }
    setup->priority = p.priority();
    setup->tariff = {p.tariff().usd_per_million_prompt_tokens(), p.tariff().usd_per_million_output_tokens()};
    return pool_policies(p, setup);
  }

  Status pool_policies(const proto::Pool& p, PoolSetup* setup) const {
    const PoolChoices chosen = choices(p);
    if (Status s = make(policies_.routers, *chosen.router, "router/" + p.name(), &setup->router, &setup->router_name);
        !s) {
      return s;
    }
    if (chosen.autoscaler != nullptr) {
      if (Status s = make(policies_.autoscalers, *chosen.autoscaler, "autoscaler/" + p.name(), &setup->autoscaler,
                          &setup->autoscaler_name);
          !s) {
        return s;
      }
    }
    if (chosen.admission != nullptr) {
      if (Status s = make(policies_.admissions, *chosen.admission, "admission/" + p.name(), &setup->admission,
                          &setup->admission_name);
          !s) {
        return s;
      }
    }
    return make(policies_.batchers, *chosen.batcher, "batcher/" + p.name(), &setup->batcher, &setup->batcher_name);
  }

  struct PoolChoices {
    const proto::Choice *router = nullptr, *batcher = nullptr;        // Resolved, so always there.
    const proto::Choice *autoscaler = nullptr, *admission = nullptr;  // Null: none.
    template <class Message>
    void override_by(const Message& m) {
      if (m.has_router()) router = &m.router();
      if (m.has_batcher()) batcher = &m.batcher();
      if (m.has_autoscaler()) autoscaler = &m.autoscaler();
      if (m.has_admission()) admission = &m.admission();
    }
  };

  // The pool's own, then the policy's for all pools, then the policy's for this one.
  PoolChoices choices(const proto::Pool& p) const {
    PoolChoices chosen;
    chosen.override_by(p);
    chosen.override_by(policy_);
    for (const proto::PoolPolicy& own : policy_.pools()) {
      if (own.pool() == p.name()) chosen.override_by(own);
    }
    return chosen;
  }

  Status instances(int index, const StackSpec& stack, PoolSetup* setup) const {
    const proto::Pool& p = s_.serving().pools(index);
    const auto model = catalogue_.model(p.model());
    if (!model) return model.error();
    double fastest = 0;
    for (int i = 0; i < p.groups_size(); ++i) {
      const int group = group_index(s_, p.groups(i).group());
      const proto::NodeGroup& nodes = s_.cluster().groups(group);
      const auto gpu = catalogue_.gpu(nodes.gpu());
      if (!gpu) return gpu.error();
      const InstanceOptions options = instance_options(p, i, nodes);
      auto plan = plan_instance(*model, *gpu, stack, options);
      if (!plan)
        return file_.places.error(index_path(index_path("serving.pools", index) + ".groups", i), plan.error().message);
      if (p.has_num_gpu_blocks_override()) plan->kv_blocks = Blocks{p.num_gpu_blocks_override()};
      if (setup->bundle > 1) plan = bundled(*std::move(plan), setup->bundle);
      fastest = std::max(fastest, plan->decode_tokens_per_s);
      PoolInstance instance;
      instance.group = GroupId{static_cast<std::uint32_t>(group)};
      instance.gpus_per_replica = options.layout.gpus();
      instance.plan = *std::move(plan);
      setup->instances.push_back(std::move(instance));
    }
    for (PoolInstance& i : setup->instances) i.speed = fastest > 0 ? i.plan.decode_tokens_per_s / fastest : 1.0;
    return Ok{};
  }

  Status tables(int index, PoolSetup* setup) const {
    const proto::Pool& p = s_.serving().pools(index);
    if (!p.has_iteration_table()) return Ok{};
    auto table = read_iteration_table(file_, index_path("serving.pools", index), p);
    if (!table) return table.error();
    setup->table = *std::move(table);
    return Ok{};
  }

  Status streams(Inputs* in) const {
    for (int i = 0; i < s_.requests().streams_size(); ++i) {
      auto source = open_stream(file_, i, seed_);
      if (!source) return source.error();
      const int pool = pool_index(s_, s_.requests().streams(i).pool());
      const proto::Stream& stream = s_.requests().streams(i);
      in->requests.push_back({stream.name(), PoolId{static_cast<std::uint32_t>(pool)}, *std::move(source),
                              stream.tenant(), stream.priority(), stream.paid()});
    }
    return Ok{};
  }

  Status training(Inputs* in) const {
    const proto::Training& t = s_.training();
    TrainingSetup& setup = in->training;
    auto jobs = make_all_jobs(file_, catalogue_, seed_);
    if (!jobs) return jobs.error();
    setup.jobs = std::move(jobs->jobs);
    if (Status s = speeds(t, &setup.speed_by_group); !s) return s;
    setup.checkpoint_interval = duration_of(t.checkpoint_interval());
    setup.checkpoint_bytes_per_gpu = static_cast<double>(bytes_of(t.checkpoint_bytes_per_gpu()).value);
    setup.restart_overhead = duration_of(t.restart_overhead());
    setup.asynchronous_checkpoints = t.asynchronous_checkpoints();
    setup.resize_overhead = duration_of(t.resize_overhead());
    setup.notice = duration_of(t.preemption_notice());
    setup.queue_notice = duration_of(t.queue_preemption_notice());
    setup.shares_always_join = t.share_joins() == "always";
    setup.usd_per_gpu_hour = t.usd_per_gpu_hour();
    const proto::Choice& queue = policy_.has_queue() ? policy_.queue() : t.queue();
    const proto::Choice& placement = policy_.has_placement() ? policy_.placement() : t.placement();
    if (Status s = make(policies_.training_queues, queue, "queue", &setup.queue, &setup.queue_name); !s) return s;
    return make(policies_.placements, placement, "placement", &setup.placement, &setup.placement_name);
  }

  Status speeds(const proto::Training& t, std::vector<double>* speeds) const {
    speeds->assign(static_cast<std::size_t>(s_.cluster().groups_size()), t.groups_size() == 0 ? 1.0 : 0.0);
    double reference = 0;
    if (t.has_reference_gpu()) {
      const auto gpu = catalogue_.gpu(t.reference_gpu());
      if (!gpu) return gpu.error();
      reference = training_flops(*gpu, t.mfu());
    }
    for (int g = 0; g < s_.cluster().groups_size(); ++g) {
      const proto::TrainingGroup* own = nullptr;
      for (const proto::TrainingGroup& tg : t.groups()) {
        if (tg.group() == s_.cluster().groups(g).name()) own = &tg;
      }
      if (own == nullptr && t.groups_size() > 0) continue;
      double& speed = (*speeds)[static_cast<std::size_t>(g)];
      speed = 1.0;
      if (own != nullptr && own->has_speed()) {
        speed = own->speed();
      } else if (reference > 0) {
        const auto gpu = catalogue_.gpu(s_.cluster().groups(g).gpu());
        if (!gpu) return gpu.error();
        speed = training_flops(*gpu, own != nullptr && own->has_mfu() ? own->mfu() : t.mfu()) / reference;
      }
    }
    return Ok{};
  }

  const ScenarioFile& file_;
  const proto::Scenario& s_;
  const Catalogue& catalogue_;
  const Policies& policies_;
  const proto::Policy& policy_;
  std::uint64_t seed_;
};

}  // namespace

Result<Inputs> make_inputs(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies, int policy,
                           std::uint64_t seed, const EngineOptions& engine) {
  return InputsBuilder(file, catalogue, policies, policy, seed).build(engine);
}

Slo slo_of(const proto::Slo& slo) { return {duration_of(slo.ttft()), duration_of(slo.tpot()), duration_of(slo.e2e())}; }

}  // namespace jevons
