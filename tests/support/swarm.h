// Random whole scenarios, a pure function of their seed: cluster, pools, requests, jobs and policies, with features
// switched off at random ("swarm testing", Groce et al., 2012), small enough to run in milliseconds and tight enough to
// hurt.
#ifndef JEVONS_TESTS_SUPPORT_SWARM_H_
#define JEVONS_TESTS_SUPPORT_SWARM_H_

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "tests/support/event_log.h"
#include "tests/support/sim_builder.h"
#include "traces/generate/on_demand.h"

namespace jevons::testing {

class Swarm {
 public:
  explicit Swarm(std::uint64_t seed)
      : seed_(seed), random_(seed, "swarm"), serving_(seed, "swarm/serving"), policies_(builtin_policies()) {}

  // Whole; without rollouts where a test takes the parts apart.
  Inputs build_all() {
    Inputs in = build();
    rollouts(&in);
    return in;
  }

  Inputs build() {
    std::vector<NodeGroup> groups;
    const std::int64_t kinds = between(1, 3);
    for (std::int64_t g = 0; g < kinds; ++g) {
      const std::int32_t gpus = std::int32_t{1} << between(0, 3);
      groups.push_back(node_group("g" + std::to_string(g), static_cast<std::int32_t>(between(1, 5)), gpus));
      groups.back().nic_bytes_per_s = 1e9 * static_cast<double>(between(1, 100));
    }
    Inputs in = empty_inputs(groups);
    if (maybe(3)) in.horizon = Instant{between(1, 600'000'000) * 1000};
    in.review_every = Duration{between(1'000, 60'000) * 1'000'000};
    if (maybe(2)) in.energy_usd_per_kwh = 0.1;
    allocator(&in);
    const std::int64_t pools = between(0, 3) == 0 ? 2 : 1;
    for (std::int64_t p = 0; p < pools; ++p) pool(&in, p, pools);
    const std::int64_t streams = between(1, 2);
    for (std::int64_t s = 0; s < streams; ++s) {
      add_requests(&in, static_cast<std::uint32_t>(random_.below(static_cast<std::uint64_t>(pools))), requests());
    }
    if (!maybe(4)) training(&in);
    if (maybe(4)) faults(&in);
    for (PoolSetup& p : in.pools) admission(&p);
    for (RequestStreamSetup& s : in.requests) who_sends(&s);
    RandomStream events(seed_, "swarm/events");
    guests(&in);
    shares(&in);
    in.min_review_gap = Duration{1 + static_cast<std::int64_t>(events.below(20'000)) * 1'000'000};
    return in;
  }

 private:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(high - low) + 1));
  }
  bool maybe(std::uint64_t one_in) { return random_.below(one_in) == 0; }
  template <std::size_t N>
  std::string one_of(const char* const (&names)[N]) {
    return names[random_.below(N)];
  }

  void allocator(Inputs* in) {
    in->allocator_name = one_of(
        {"static_split", "priority_reclaim", "capacity_loan", "training_first", "priority_reclaim", "capacity_loan"});
    ParamText params;
    if (in->allocator_name == "capacity_loan") params["lend_after"] = "5s";
    if (in->allocator_name == "priority_reclaim") params = {{"stable", "5s"}, {"queue_high", "1"}};
    if (!params.empty()) params["only_when_wanted"] = maybe(2) ? "true" : "false";
    in->allocator = make_policy(policies_.allocators, in->allocator_name, params, seed_);
  }

  Coefficients coefficients() {
    Coefficients c;
    c.base = Duration{maybe(5) ? 0 : between(100'000, 30'000'000)};
    c.per_token = Duration{maybe(4) ? 0 : between(1, 200'000)};
    c.per_sequence = Duration{maybe(3) ? 0 : between(1, 900'000)};
    c.per_kv_token = Duration{maybe(3) ? 0 : between(1, 3'000)};
    c.per_chunk_kv = Duration{maybe(2) ? 0 : between(1, 500)};
    return c;
  }

  void instances(const Inputs& in, PoolSetup* p) {
    for (std::uint32_t g = 0; g < in.cluster.groups.size(); ++g) {
      if (g > 0 && maybe(4)) continue;
      const std::int32_t gpus = in.cluster.groups[g].gpus_per_node.value;
      PoolInstance i =
          instance(g, static_cast<std::int32_t>(between(1, gpus)), between(40, maybe(2) ? 200 : 4000), coefficients());
      FixedTime* fraction = &i.plan.time.per_kv_token;  // Coefficients below a nanosecond too.
      *fraction += between(0, (1 << kFractionBits) - 1);
      if (maybe(3))
        i.plan.time.wires = linear_model(coefficients());  // Overlapping micro-batches: a floor of each step.
      if (maybe(4)) {                                      // Drafted tokens.
        i.plan.time.width = between(2, 4);
        i.plan.time.decode = linear_model(coefficients());
        if (!i.plan.time.wires.empty()) i.plan.time.decode_wires = linear_model(coefficients());
      }
      i.plan.weights = Bytes{between(0, 4) == 0 ? 0 : between(1, 400) * 1'000'000'000};
      i.speed = maybe(2) ? 1.0 : 0.5;
      p->instances.push_back(std::move(i));
    }
  }

  void pool(Inputs* in, std::int64_t index, std::int64_t pools) {
    PoolSetup p;
    p.name = "pool" + std::to_string(index);
    instances(*in, &p);
    p.limits.max_num_seqs = static_cast<std::int32_t>(maybe(4) ? 1 : between(2, 64));
    p.limits.max_num_batched_tokens = Tokens{p.limits.max_num_seqs + (maybe(2) ? between(1, 300) : between(300, 9000))};
    p.limits.max_model_len = Tokens{maybe(4) ? 800 : 100'000};
    p.limits.block_size = Tokens{std::int64_t{1} << between(2, 5)};
    p.limits.enable_chunked_prefill = !maybe(4);
    p.enable_prefix_caching = !maybe(3);
    p.request_overhead = Duration{maybe(2) ? 0 : between(0, 50'000'000)};
    std::int32_t usable = 0;
    for (const PoolInstance& i : p.instances) usable += in->cluster.groups[i.group.index].nodes.value;
    const std::int32_t of_group0 = in->cluster.groups[0].nodes.value;  // Every pool may use group 0.
    const auto share = static_cast<std::int32_t>(of_group0 / pools);
    p.initial_nodes = Nodes{static_cast<std::int32_t>(between(0, share))};
    p.min_nodes = Nodes{static_cast<std::int32_t>(maybe(2) ? 0 : between(0, p.initial_nodes.value))};
    p.max_nodes = Nodes{static_cast<std::int32_t>(between(std::max(1, p.initial_nodes.value), std::max(1, usable)))};
    p.warm_up = Duration{maybe(2) ? 0 : between(0, 5'000'000'000)};
    if (!maybe(3)) p.drain_limit = Duration{maybe(4) ? 0 : between(1, 8'000'000'000)};
    p.slo.ttft = Duration{maybe(2) ? 0 : between(1, 4'000'000'000)};
    p.slo.tpot = Duration{maybe(2) ? 0 : between(1, 100'000'000)};
    p.router_name = one_of({"round_robin", "random", "least_requests", "power_of_two", "least_kv", "prefix_affinity",
                            "prefix_aware", "cache_aware"});
    p.router = make_policy(policies_.routers, p.router_name, {}, seed_);
    p.batcher_name = one_of({"vllm_v1", "vllm_v1", "vllm_v0", "static"});
    p.batcher = make_policy(policies_.batchers, p.batcher_name);
    if (maybe(5)) p.max_queue = between(1, 30);
    in->pools.push_back(std::move(p));
  }

  // From a stream of its own: what was drawn before there were admissions is drawn as it was.
  std::int64_t served(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(serving_.below(static_cast<std::uint64_t>(high - low) + 1));
  }
  void admission(PoolSetup* p) {
    if (served(0, 2) == 0) p->max_waiting_per_replica = static_cast<std::int32_t>(served(1, 5));
    if (served(0, 1) == 0) {
      p->tariff = {static_cast<double>(served(0, 5'000'000)) / 1e6, static_cast<double>(served(0, 9'000'000)) / 1e6};
    }
    if (served(0, 2) == 0) return;
    constexpr const char* kNames[] = {"unbounded",  "queue_limit", "token_bucket",
                                      "predictive", "paid_first",  "degrade"};
    p->admission_name = kNames[served(0, 5)];
    const auto text = [&](std::int64_t low, std::int64_t high) { return std::to_string(served(low, high)); };
    ParamText params;
    if (p->admission_name == "queue_limit") params = {{"per_replica", text(0, 20)}, {"total", text(0, 40)}};
    if (p->admission_name == "token_bucket") {
      params = {
          {"tokens_per_s", text(0, 2000)}, {"burst", text(100, 9000)}, {"tenants", "a=" + text(0, 900) + "/5000"}};
    }
    if (p->admission_name == "predictive") params = {{"wait_for_replica", served(0, 3) == 0 ? "false" : "true"}};
    if (p->admission_name == "paid_first") params = {{"free_queue", text(1, 5)}, {"free_kv_use", "0.5"}};
    if (p->admission_name == "degrade")
      params = {{"output_cap", text(1, 60)}, {"queue", text(0, 4)}, {"kv_use", "0.3"}};
    p->admission = make_policy(policies_.admissions, p->admission_name, params, seed_);
  }

  void who_sends(RequestStreamSetup* s) {
    if (served(0, 2) > 0) s->tenant = served(0, 1) == 0 ? "a" : "b";
    s->priority = static_cast<std::int32_t>(served(-1, 1));
    s->paid = served(0, 2) > 0;
  }

  // Bursts, ties, and families of prompts that share prefixes.
  std::vector<Request> requests() {
    const std::int64_t count = between(1, 150), gap_us = between(1, 3'000'000);
    const bool hashed = !maybe(3), bursts = maybe(2);
    const std::int64_t hash_block = 32 * between(1, 4), longest = maybe(4) ? 3000 : 600;
    std::vector<Request> out;
    Instant t{between(0, 2'000'000'000)};
    for (std::int64_t i = 0; i < count; ++i) {
      if (!bursts || maybe(8)) t = t + Duration{between(0, gap_us * 2) * 1000};
      Request r = request(t, between(1, longest), maybe(6) ? 1 : between(1, maybe(10) ? 800 : 120));
      if (hashed && !maybe(8)) {
        r.hash_block = Tokens{hash_block};
        const auto family = static_cast<std::uint64_t>(between(0, 3));
        const std::int64_t shared = between(0, 12);
        for (std::int64_t k = 0; k * hash_block < r.prompt.value; ++k) {
          const std::uint64_t own = k < shared ? 0 : 1000 + static_cast<std::uint64_t>(i) * 100;
          r.block_hashes.push_back(family * 1'000'000 + own + static_cast<std::uint64_t>(k));
        }
      }
      out.push_back(std::move(r));
    }
    return out;
  }

  void training(Inputs* in) {
    TrainingSetup& t = in->training;
    for (double& s : t.speed_by_group) s = maybe(5) ? 0.0 : maybe(2) ? 1.0 : 0.4;
    t.checkpoint_interval = Duration{maybe(3) ? 0 : between(1, 60'000) * 1'000'000};
    t.checkpoint_bytes_per_gpu = maybe(3) ? 0 : 1e9 * static_cast<double>(between(1, 80));
    t.restart_overhead = Duration{maybe(2) ? 0 : between(0, 20'000'000'000)};
    t.resize_overhead = Duration{maybe(2) ? 0 : between(0, 5'000'000'000)};
    t.notice = Duration{maybe(2) ? 0 : between(0, 9'000'000'000)};
    t.asynchronous_checkpoints = maybe(3);
    t.queue_name = one_of({"fcfs", "first_fit", "sjf", "easy_backfill"});
    ParamText params;
    if (seed_ % 3 == 0) {  // One of those that preempt.
      RandomStream stops(seed_, "swarm/stops");
      constexpr std::array kNames{"las", "srtf", "priority_aging", "gittins"};
      t.queue_name = kNames[stops.below(kNames.size())];
      if (t.queue_name == "las") params = {{"thresholds", "60,600"}};
      if (stops.below(4) > 0) t.queue_notice = Duration{static_cast<std::int64_t>(stops.below(9'000'000'000))};
    }
    t.queue = make_policy(policies_.training_queues, t.queue_name, params);
    t.placement_name = one_of({"packed", "spread", "best_fit"});
    t.placement = make_policy(policies_.placements, t.placement_name);
    Instant at;
    const std::int64_t count = between(0, 25);
    for (std::int64_t i = 0; i < count; ++i) {
      at = at + Duration{maybe(3) ? 0 : between(0, 30'000) * 1'000'000};
      TrainingJob j;
      j.name = "job" + std::to_string(i);
      j.submit = at;
      j.gpus = Gpus{static_cast<std::int32_t>(maybe(4) ? between(1, 40) : between(1, 8))};
      j.run_time = Duration{between(1, 200'000'000) * 1000 + between(0, 999)};
      j.estimate = maybe(2) ? j.run_time : Duration{between(1, 300'000) * 1'000'000};
      j.parameters = maybe(3) ? 1e9 * static_cast<double>(between(1, 70)) : 0;
      if (t.queue_name == "priority_aging") j.priority = static_cast<std::int32_t>(i * 7 % 3);
      flexible(&j);
      if (i > 0 && maybe(8)) j.after.push_back("job" + std::to_string(between(0, i - 1)));
      t.jobs.push_back(std::move(j));
    }
  }

  void flexible(TrainingJob* j) {
    if (maybe(2)) return;
    j->flexibility = maybe(3) ? Flexibility::kMoldable : Flexibility::kElastic;
    j->min_gpus = Gpus{static_cast<std::int32_t>(between(1, j->gpus.value))};
    j->max_gpus = j->gpus + Gpus{static_cast<std::int32_t>(between(0, 8))};
    if (maybe(2)) j->scaling = {{j->min_gpus, 0.3 + 0.7 * ratio(j->min_gpus, j->gpus)}, {j->gpus, 1.0}};
  }

  // Every third may have guests; from a stream of its own likewise.
  void guests(Inputs* in) {
    RandomStream random(seed_, "swarm/guests");
    if (random.below(3) != 0) return;
    for (PoolSetup& p : in->pools) {
      p.colocation = {Bytes{16'000'000'000}, 1 + random.uniform(), 1 - 0.5 * random.uniform(),
                      0.5 - 0.4 * random.uniform()};
    }
    for (TrainingJob& j : in->training.jobs) {
      if (random.below(4) != 0) j.guest_memory = Bytes{random.below(4) == 0 ? 80'000'000'000 : 16'000'000'000};
    }
    in->allocator_name = "colocate";
    in->allocator = make_policy(policies_.allocators, "colocate",
                                {{"stable", random.below(2) == 0 ? "0s" : "5s"}, {"step", "0.5"}, {"leave", "2"}});
  }

  // Every third has jobs that share GPUs; likewise.
  void shares(Inputs* in) {
    RandomStream random(seed_, "swarm/shares");
    if (random.below(3) != 0) return;
    in->training.shares_always_join = random.below(2) == 0;
    for (TrainingJob& j : in->training.jobs) {
      if (random.below(3) == 0) continue;
      j.gpus = Gpus{1};
      j.flexibility = Flexibility::kRigid;
      j.min_gpus = j.max_gpus = Gpus{0};
      j.scaling.clear();
      j.share = MilliGpus{1 + static_cast<std::int32_t>(random.below(random.below(2) == 0 ? 999 : 300))};
    }
  }

  // Every third has a job whose samples a pool makes; from a stream of its own likewise.
  void rollouts(Inputs* in) {
    RandomStream random(seed_, "swarm/rollouts");
    if (random.below(3) != 0 || in->training.jobs.empty()) return;
    LengthOptions prompt, output;
    prompt.constant = Tokens{1 + static_cast<std::int64_t>(random.below(100))};
    output.law = LengthLaw::kGeometric;
    output.mean = 1 + static_cast<double>(random.below(50));
    output.max = Tokens{200};
    auto source = OnDemandRequests::create(prompt, output, seed_, "rollouts");
    CHECK(source.ok());
    RolloutSetup r;
    r.job = static_cast<std::uint32_t>(random.below(in->training.jobs.size()));
    r.stream = static_cast<std::uint32_t>(in->requests.size());
    r.source = source->get();
    r.cycles = 1 + static_cast<std::int64_t>(random.below(6));
    r.samples = 1 + static_cast<std::int64_t>(random.below(20));
    r.ahead = static_cast<std::int64_t>(random.below(2));
    r.carried = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(r.samples)));
    in->training.jobs[r.job].share = MilliGpus{0};
    in->training.rollouts.push_back(r);
    const PoolId pool{static_cast<std::uint32_t>(random.below(in->pools.size()))};
    in->requests.push_back({"rollouts", pool, *std::move(source)});
  }

  void faults(Inputs* in) {
    in->horizon = std::min(in->horizon, Instant{} + 600_s);  // A job may fail faster than it trains.
    FaultSetup& f = in->faults;
    f.seed = seed_;
    f.causes.push_back({"process", FaultScope::kProcess, 3600.0 / static_cast<double>(between(50, 5000)), Duration{}});
    f.causes.push_back({"node", FaultScope::kNode, 3600.0 / static_cast<double>(between(50, 5000)),
                        Duration{between(0, 100) * 1'000'000'000}, maybe(2)});
    if (maybe(2)) {
      f.causes.push_back({"leaf", FaultScope::kLeaf, 3600.0 / static_cast<double>(between(500, 9000)),
                          Duration{between(1, 50) * 1'000'000'000}, true});
    }
    // Pools start on group 0, which keeps all its nodes.
    for (const NodeGroup& g : in->cluster.groups) {
      f.spares.push_back(Nodes{!f.spares.empty() && g.nodes > Nodes{2} && maybe(2) ? 1 : 0});
    }
    f.spare_swap = Duration{maybe(2) ? 0 : between(0, 20) * 1'000'000'000};
  }

  std::uint64_t seed_;
  RandomStream random_, serving_;
  Policies policies_;
};

// Runs scenario `seed` and writes down every event and the result, or the error.  Once per process.
inline std::string swarm_run(std::uint64_t seed, const EngineOptions& engine) {
  EventLog log;
  Inputs in = Swarm(seed).build_all();
  in.engine = engine;
  in.observers.push_back(&log);
  const Result<RunResult> result = simulate(std::move(in));
  return log.text() + (result ? text_of(*result) : "error: " + result.error().text() + "\n");
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_SWARM_H_
