// Every policy that ships, on random legal views: its answers keep the contract, and the same inputs give the same
// answers.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <tuple>

#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

constexpr int kViews = 10'000;

std::int32_t up_to(RandomStream& random, std::int64_t most) {
  return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(most) + 1));
}

struct Probe final : ReplicaProbe {
  std::uint64_t salt = 0;
  Blocks kv_total(ReplicaId id) const override { return {static_cast<std::int64_t>((id.index * 7 + salt) % 5 * 100)}; }
  Blocks kv_used(ReplicaId id) const override {
    return {kv_total(id).value * static_cast<std::int64_t>(id.index % 4) / 4};
  }
  Tokens cached_prefix(ReplicaId, const RequestView& r) const override { return {r.prompt.value / 2}; }
};

TEST(Contract, RoutersAnswerAReadyReplica) {
  for (const auto& [name, entry] : builtins().routers.entries()) {
    const auto router = make_policy(builtins().routers, name), again = make_policy(builtins().routers, name);
    RandomStream random(21, "routers");
    for (int i = 0; i < kViews; ++i) {
      std::vector<ReplicaView> ready;
      std::uint32_t id = 0;
      for (int n = up_to(random, 12); n > 0; --n) {
        id += 1 + static_cast<std::uint32_t>(up_to(random, 3));
        ready.push_back({ReplicaId{id}, NodeId{id}, up_to(random, 9), up_to(random, 256),
                         Tokens{up_to(random, 100'000)}, random.below(2) == 0 ? 1.0 : 0.4});
      }
      std::vector<std::uint64_t> hashes;
      for (int n = up_to(random, 3); n > 0; --n) hashes.push_back(random.below(50));
      Probe probe;
      probe.salt = random.bits();
      const RequestView request{RequestId{random.bits()}, Instant{i}, Tokens{1 + up_to(random, 9999)}, Tokens{512},
                                hashes};
      const FleetView fleet{Instant{i}, ready, &probe};
      const auto answer = router->route(request, fleet);
      ASSERT_EQ(answer, again->route(request, fleet)) << name;
      ASSERT_EQ(answer.has_value(), !ready.empty()) << name;
      if (!answer) continue;
      ASSERT_TRUE(std::any_of(ready.begin(), ready.end(), [&](const auto& r) { return r.id == *answer; })) << name;
    }
  }
}

struct RandomBatch {
  BatchLimits limits;
  PrefillView partial;
  std::vector<PrefillView> waiting;
  BatchView view;

  PrefillView prompt(RandomStream& random, bool aligned) const {
    const std::int64_t size = limits.block_size.value;
    const std::int64_t computed = (random.below(2) == 0 ? 0 : up_to(random, 40)) * (aligned ? size : 7);
    const std::int64_t remaining = 1 + up_to(random, 300);
    const auto blocks = [&](std::int64_t tokens) { return (tokens + size - 1) / size; };
    const std::int64_t reused = aligned ? up_to(random, computed / size) : 0;
    return {Tokens{remaining}, Tokens{computed}, Blocks{blocks(computed + remaining) - blocks(computed) + reused},
            Tokens{1 + up_to(random, 2000)}};
  }
  explicit RandomBatch(RandomStream& random) {
    limits.max_num_seqs = 1 + up_to(random, 12);
    limits.max_num_batched_tokens = Tokens{limits.max_num_seqs + up_to(random, 500)};
    limits.block_size = Tokens{1 << up_to(random, 5)};
    limits.enable_chunked_prefill = random.below(2) == 0;
    view.limits = &limits;
    view.total = Blocks{1 + up_to(random, 500)};
    view.free = Blocks{up_to(random, view.total.value)};
    view.decode_need = Blocks{up_to(random, std::min<std::int64_t>(8, (view.total - view.free).value))};
    view.decoding = up_to(random, limits.max_num_seqs);
    if (view.decoding < limits.max_num_seqs && random.below(3) == 0) {
      partial = prompt(random, false);
      view.partial = &partial;
    }
    for (int n = up_to(random, 12); n > 0; --n) waiting.push_back(prompt(random, true));
    view.waiting = waiting;
    view.waiting_total = static_cast<std::int32_t>(waiting.size()) + up_to(random, 5);
  }
};

void check_plan(const std::string& name, const RandomBatch& b, const BatchPlan& plan) {
  const BatchView& view = b.view;
  const std::int64_t size = b.limits.block_size.value;
  const auto blocks = [&](std::int64_t tokens) { return (tokens + size - 1) / size; };
  std::int64_t free = view.free.value + (plan.decode ? 0 : view.decode_need.value);
  std::int64_t tokens = plan.decode ? view.decoding : 0;
  const auto take = [&](const PrefillView& p, std::int64_t chunk) {
    ASSERT_GE(chunk, 1) << name;
    ASSERT_LE(chunk, p.remaining.value) << name;
    const std::int64_t own = blocks(p.computed.value + p.remaining.value) - blocks(p.computed.value);
    free -= blocks(p.computed.value + chunk) - blocks(p.computed.value) + p.new_blocks.value - own;
    tokens += chunk;
    ASSERT_GE(free, 0) << name;
  };
  if (plan.decode) {
    ASSERT_GT(view.decoding, 0) << name;
  }
  if (plan.continue_prefill != Tokens{0}) {
    ASSERT_NE(view.partial, nullptr) << name;
    take(*view.partial, plan.continue_prefill.value);
  }
  const bool partial_left = view.partial != nullptr && plan.continue_prefill < view.partial->remaining;
  if (partial_left) {
    ASSERT_TRUE(plan.admit.empty()) << name;
  }
  ASSERT_LE(plan.admit.size(), view.waiting.size()) << name;
  ASSERT_LE(view.decoding + (view.partial != nullptr ? 1 : 0) + static_cast<std::int32_t>(plan.admit.size()),
            b.limits.max_num_seqs)
      << name;
  for (std::size_t i = 0; i < plan.admit.size(); ++i) {
    take(view.waiting[i], plan.admit[i].value);
    if (i + 1 < plan.admit.size() || !b.limits.enable_chunked_prefill || name != "vllm_v1") {
      ASSERT_EQ(plan.admit[i], view.waiting[i].remaining) << name;
    }
  }
  const bool one_prompt = plan.admit.size() == 1 && plan.continue_prefill == Tokens{0};
  const bool never_cut = view.partial != nullptr && name != "vllm_v1";
  if (!one_prompt && !never_cut) {
    ASSERT_LE(tokens, b.limits.max_num_batched_tokens.value) << name;
  }
  // With everything free and somebody there, something happens.
  const bool all_free = view.decoding == 0 && view.partial == nullptr && view.free == view.total;
  if (all_free && !view.waiting.empty() && view.waiting[0].new_blocks <= view.total) {
    ASSERT_GT(tokens, 0) << name;
  }
}

TEST(Contract, BatchersPlanWithinTheLimits) {
  for (const auto& [name, entry] : builtins().batchers.entries()) {
    const auto batcher = make_policy(builtins().batchers, name);
    RandomStream random(22, "batchers");
    for (int i = 0; i < kViews; ++i) {
      const RandomBatch b(random);
      BatchPlan plan, again;
      batcher->plan(b.view, &plan);
      make_policy(builtins().batchers, name)->plan(b.view, &again);
      check_plan(name, b, plan);
      if (HasFatalFailure()) return;
      ASSERT_TRUE(plan.decode == again.decode && plan.continue_prefill == again.continue_prefill &&
                  plan.admit == again.admit);
    }
  }
}

struct RandomQueue {
  std::vector<WaitingJobView> waiting;
  std::vector<RunningJobView> running;
  std::vector<EndedJobView> ended;
  std::vector<JobTraits> traits;
  QueueView view;

  explicit RandomQueue(RandomStream& random) {
    const Instant now{1000};
    const auto most = static_cast<std::size_t>(1) << 5;
    for (std::size_t i = 0; i < most; ++i) traits.emplace_back().priority = up_to(random, 3);
    std::uint32_t id = 0;
    for (int n = up_to(random, 10); n > 0; --n, ++id) {
      const Duration estimate{random.below(50) == 0 ? Duration::max().ns : 1 + up_to(random, 500)};
      WaitingJobView w{JobId{id}, Instant{id}, Gpus{1 + up_to(random, 12)}, estimate, "t", 0, random.below(5) == 0};
      w.ran = Duration{up_to(random, 900)};
      w.attained = w.gpus * w.ran;
      w.waiting_since = Instant{id + up_to(random, 900)};
      w.traits = &traits[id];
      waiting.push_back(w);
    }
    Gpus busy{0};
    for (int n = up_to(random, 6); n > 0; --n, ++id) {
      const Instant started{up_to(random, 999)};
      RunningJobView r{JobId{id}, Instant{0}, started, started + Duration{1 + up_to(random, 1500)},
                       Gpus{1 + up_to(random, 8)}};
      r.asked = r.gpus;
      r.since = started;
      r.attained = GpuTime{up_to(random, 5000)};
      r.ran = Duration{up_to(random, started.ns)};
      r.traits = &traits[id];
      running.push_back(r);
      busy += r.gpus;
    }
    std::sort(running.begin(), running.end(),
              [](const auto& a, const auto& b) { return std::tie(a.started, a.id) < std::tie(b.started, b.id); });
    for (int n = up_to(random, 3); n > 0; --n) {
      const Gpus gpus{1 + up_to(random, 8)};
      const Duration ran{up_to(random, 900)};
      ended.push_back({JobId{1000 + id++}, gpus, gpus * ran, ran});
    }
    const Gpus free{up_to(random, 16)};
    view = {.now = now, .free = free, .capacity = free + busy, .waiting = waiting, .running = running, .ended = ended};
  }
};

void check_decision(const std::string& name, const RandomQueue& q, const QueueDecision& d) {
  std::set<JobId> named;
  Gpus left = q.view.free;
  for (const JobId job : d.preempt) {
    const auto it = std::find_if(q.running.begin(), q.running.end(), [&](const auto& r) { return r.id == job; });
    ASSERT_TRUE(it != q.running.end() && named.insert(job).second) << name;
    left += it->gpus;
  }
  ASSERT_TRUE(d.preempt.empty() || !d.start.empty()) << name;  // Nobody is stopped for nobody.
  for (const auto& [job, gpus, group] : d.start) {
    const auto it = std::find_if(q.waiting.begin(), q.waiting.end(), [&](const auto& w) { return w.id == job; });
    ASSERT_TRUE(it != q.waiting.end() && !it->blocked && named.insert(job).second) << name;
    left -= it->gpus;
  }
  ASSERT_GE(left, Gpus{0}) << name;
  ASSERT_GT(d.ask_again, q.view.now) << name;
}

TEST(Contract, TrainingQueuesStartWaitingJobsThatFit) {
  for (const auto& [name, entry] : builtins().training_queues.entries()) {
    const auto queue = make_policy(builtins().training_queues, name),
               again = make_policy(builtins().training_queues, name);
    RandomStream random(23, "queues");
    for (int i = 0; i < kViews; ++i) {
      const RandomQueue q(random);
      QueueDecision decision, other;
      queue->decide(q.view, &decision);
      again->decide(q.view, &other);
      ASSERT_TRUE(decision.start == other.start && decision.preempt == other.preempt &&
                  decision.resize == other.resize && decision.ask_again == other.ask_again)
          << name;
      check_decision(name, q, decision);
      if (HasFatalFailure()) return;
    }
  }
}

// What a placement may be told of a gang; any part may be missing.
struct GangFields {
  std::vector<NodeShare> holds, ran_on;
  std::vector<double> speed, usd;
  std::vector<Gpus> recent;

  explicit GangFields(RandomStream& random) {
    for (std::vector<NodeShare>* shares : {&holds, &ran_on}) {
      std::uint32_t id = 0;
      for (int n = up_to(random, 4); n > 0; --n) {
        id += 1 + static_cast<std::uint32_t>(up_to(random, 5));  // Maybe a node without an idle GPU.
        shares->push_back({NodeId{id}, Gpus{1 + up_to(random, 7)}});
      }
    }
    for (int n = random.below(2) == 0 ? 0 : 3; n > 0; --n) speed.push_back(0.1 + random.uniform());
    for (int n = random.below(2) == 0 ? 0 : 3; n > 0; --n) usd.push_back(10 * random.uniform());
    for (int n = up_to(random, 20); n > 0; --n) recent.push_back(Gpus{1 + up_to(random, 100)});
  }
  void fill(GangView* gang) const {
    gang->job = JobId{7};
    gang->holds = holds;
    gang->ran_on = ran_on;
    gang->speed_by_group = speed;
    gang->usd_by_group = usd;
    gang->recent = recent;
  }
};

TEST(Contract, PlacementsAnswerWholeGangsOrNothing) {
  for (const auto& [name, entry] : builtins().placements.entries()) {
    const auto placement = make_policy(builtins().placements, name);
    RandomStream random(24, "placements");
    for (int i = 0; i < kViews; ++i) {
      std::vector<NodeView> nodes;
      std::map<NodeId, Gpus> free;
      int sum = 0;
      for (std::uint32_t id = 0, n = static_cast<std::uint32_t>(up_to(random, 14)); id < n; ++id) {
        const auto group = static_cast<std::uint32_t>(up_to(random, 2));
        const Gpus total{4 << group};
        nodes.push_back({NodeId{id}, GroupId{group}, LeafId{id % 4}, total, Gpus{1 + up_to(random, total.value - 1)}});
        free[NodeId{id}] = nodes.back().free;
        sum += nodes.back().free.value;
      }
      const Gpus gpus{1 + up_to(random, 60)};
      GangView gang(gpus);
      const GangFields fields(random);
      fields.fill(&gang);
      std::vector<NodeShare> shares, again;
      placement->place(gang, nodes, &shares);
      make_policy(builtins().placements, name)->place(gang, nodes, &again);
      ASSERT_EQ(shares, again) << name;
      ASSERT_EQ(shares.empty(), sum < gpus.value) << name;  // mix_groups is on: what fits is placed.
      int placed = 0;
      for (const NodeShare& s : shares) {
        const auto it = free.find(s.node);
        ASSERT_TRUE(it != free.end() && s.gpus >= Gpus{1} && s.gpus <= it->second) << name;
        free.erase(it);
        placed += s.gpus.value;
      }
      if (!shares.empty()) {
        ASSERT_EQ(placed, gpus.value) << name;
      }
    }
  }
}

}  // namespace
}  // namespace jevons::testing
