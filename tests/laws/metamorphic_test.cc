// What must not change when the question changes in a way that does not matter, and what may only get better.
#include <gtest/gtest.h>

#include <functional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/in_child.h"
#include "tests/support/swarm.h"

namespace jevons::testing {
namespace {

using Change = std::function<void(Inputs*)>;

// Events and result of scenario `seed` after `change`; money apart, which some changes touch.
std::string run(std::uint64_t seed, const Change& change, bool with_money = true) {
  const ChildResult r = in_child([&] {
    EventLog log;
    Inputs in = Swarm(seed).build();
    change(&in);
    in.observers.push_back(&log);
    const Result<RunResult> result = simulate(std::move(in));
    if (!result) return "error: " + result.error().text();
    std::string text = text_of(*result);
    if (!with_money) text.erase(text.find("\nmoney "));
    return log.text() + text;
  });
  return r.bytes;
}

void expect_same(std::uint64_t seeds, const Change& one, const Change& other, bool with_money = true) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const std::string a = run(seed, one, with_money), b = run(seed, other, with_money);
    ASSERT_FALSE(a.starts_with("error") || a.starts_with("died")) << "seed " << seed << ": " << a;
    ASSERT_EQ(first_difference(a, b), "") << "seed " << seed;
  }
}

constexpr std::uint64_t kSeeds = 30;

// Check 29: a feature at its null value is the feature switched off.
TEST(NullFeature, PriceZeroChangesOnlyTheBill) {
  expect_same(
      kSeeds, [](Inputs*) {},
      [](Inputs* in) {
        for (NodeGroup& g : in->cluster.groups) {
          g.price_usd_per_gpu_hour = 0;
          g.power = {};
        }
      },
      false);
}
TEST(NullFeature, LimitsThatNobodyReaches) {
  expect_same(
      kSeeds,
      [](Inputs* in) {
        for (PoolSetup& p : in->pools) p.max_queue = 0;
      },
      [](Inputs* in) {
        for (PoolSetup& p : in->pools) p.max_queue = 1'000'000;
      });
}
TEST(NullFeature, AnSloThatEverybodyMeets) {
  expect_same(
      kSeeds,
      [](Inputs* in) {
        for (PoolSetup& p : in->pools) p.slo = {};
      },
      [](Inputs* in) {
        for (PoolSetup& p : in->pools) p.slo = {1'000'000_h, 1'000'000_h, 1'000'000_h};
      });
}
TEST(NullFeature, ChunksAsLargeAsAnyPrompt) {
  const auto limits = [](Inputs* in, bool chunked) {
    for (PoolSetup& p : in->pools) {
      p.limits.max_num_batched_tokens = Tokens{10'000'000};
      p.limits.enable_chunked_prefill = chunked;
      for (PoolInstance& i : p.instances) i.plan.kv_blocks = Blocks{1'000'000};
    }
  };
  expect_same(
      kSeeds, [=](Inputs* in) { limits(in, true); }, [=](Inputs* in) { limits(in, false); });
}
TEST(NullFeature, PrefixCachingWithoutHashes) {
  const auto caching = [](Inputs* in, bool on) {
    for (RequestStreamSetup& s : in->requests) {
      std::vector<Request> plain;
      Request r;
      for (Result<bool> more = s.source->next(&r); more.ok() && *more; more = s.source->next(&r)) {
        r.hash_block = Tokens{0};
        r.block_hashes.clear();
        plain.push_back(r);
      }
      s.source = std::make_unique<VectorSource>(std::move(plain));
    }
    for (PoolSetup& p : in->pools) p.enable_prefix_caching = on;
  };
  expect_same(
      kSeeds, [=](Inputs* in) { caching(in, true); }, [=](Inputs* in) { caching(in, false); });
}
TEST(NullFeature, AnAllocatorBetweenEqualBoundsIsAFixedSplit) {
  const auto fixed = [](Inputs* in, const std::string& allocator) {
    for (PoolSetup& p : in->pools) p.min_nodes = p.max_nodes = p.initial_nodes;
    in->allocator_name = allocator;
    in->allocator = make_policy(builtin_policies().allocators, allocator);
  };
  expect_same(
      kSeeds, [=](Inputs* in) { fixed(in, "static_split"); }, [=](Inputs* in) { fixed(in, "priority_reclaim"); });
}
TEST(NullFeature, CheckpointsAfterTheLongestJob) {
  const auto every = [](Duration interval) {
    return [interval](Inputs* in) {
      in->training.checkpoint_interval = interval;
      in->training.notice = in->training.queue_notice = {};  // A job on notice writes one if jobs write any.
    };
  };
  expect_same(kSeeds, every({}), every(1000_h));
}

// Check 27: all times x k, all rates / k.  Flows are switched off (their dates are SimGrid's doubles) and iteration
// times are whole nanoseconds, so every instant must be k times as late, exactly.
class Stretched final : public RequestSource {
 public:
  Stretched(std::unique_ptr<RequestSource> source, std::int64_t k) : source_(std::move(source)), k_(k) {}
  Result<bool> next(Request* out) override {
    Result<bool> more = source_->next(out);
    out->arrival.ns = out->arrival.ns * k_;
    return more;
  }
  const ReadCounts& counts() const override { return source_->counts(); }

 private:
  std::unique_ptr<RequestSource> source_;
  std::int64_t k_;
};

void stretch_pool(PoolSetup* p, std::int64_t k) {
  for (PoolInstance& i : p->instances) {
    i.plan.weights = Bytes{0};
    LinearIterationModel& m = i.plan.time;
    for (FixedTime* t : {&m.per_sequence, &m.per_kv_token, &m.per_chunk_kv})
      *t = (*t >> kFractionBits << kFractionBits) * k;
    for (std::vector<FixedTime>* table :
         {&m.by_tokens, &m.wires.by_tokens, &m.decode.by_tokens, &m.decode_wires.by_tokens}) {
      for (FixedTime& t : *table) t *= k;
    }
    i.plan.prefill_tokens_per_s /= static_cast<double>(k);
    i.plan.decode_tokens_per_s /= static_cast<double>(k);
  }
  for (Duration* d : {&p->request_overhead, &p->warm_up, &p->slo.ttft, &p->slo.tpot, &p->slo.e2e}) *d = k * *d;
  if (p->drain_limit != Duration::max()) p->drain_limit = k * p->drain_limit;
  if (p->admission_name == "token_bucket") p->admission = nullptr;  // Its rate is a parameter, in real seconds.
}

void stretch(Inputs* in, std::int64_t k) {
  for (PoolSetup& p : in->pools) stretch_pool(&p, k);
  for (RequestStreamSetup& s : in->requests) s.source = std::make_unique<Stretched>(std::move(s.source), k);
  for (TrainingJob& j : in->training.jobs) {
    j.submit.ns *= k;
    j.run_time = k * j.run_time;
    j.estimate = k * j.estimate;
    j.parameters = 0;
    j.guest_memory = Bytes{0};  // A guest's speed follows a rounded share of busy time.
  }
  for (double& s : in->training.speed_by_group) s = s > 0 ? 1 : 0;
  in->training.checkpoint_bytes_per_gpu = 0;
  in->training.checkpoint_interval = k * in->training.checkpoint_interval;
  in->training.restart_overhead = k * in->training.restart_overhead;
  in->training.resize_overhead = k * in->training.resize_overhead;
  in->training.notice = k * in->training.notice;
  in->training.queue_notice = {};
  const std::string& queue = in->training.queue_name;
  if (queue == "las" || queue == "srtf" || queue == "gittins" || queue == "priority_aging") {
    // They count in real seconds: thresholds, levels, or what an estimate is at least.
    in->training.queue = make_policy(builtin_policies().training_queues, "first_fit");
  }
  in->faults = {};  // Drawn at instants of their own, which rounding keeps from being k times as late.
  in->review_every = k * in->review_every;
  in->min_review_gap = k * in->min_review_gap;
  if (in->horizon != Instant::never()) in->horizon.ns *= k;
  ParamText params;  // Powers of two leave the loads these policies compare as they are, to the last bit.
  if (in->allocator_name == "capacity_loan") params = {{"lend_after", text_of(k * 10_s)}};
  if (in->allocator_name == "priority_reclaim") params = {{"stable", text_of(k * 20_s)}};
  if (in->allocator_name == "colocate") params = {{"stable", text_of(k * 5_s)}};
  if (in->allocator_name == "training_first") params = {{"stable", text_of(k * 30_s)}};
  in->allocator = make_policy(builtin_policies().allocators, in->allocator_name, params);
}

std::string ends_divided_by(std::uint64_t seed, std::int64_t k) {
  const ChildResult r = in_child([=] {
    Records records;
    Inputs in = Swarm(seed).build();
    stretch(&in, k);
    in.observers.push_back(&records);
    const Result<RunResult> result = simulate(std::move(in));
    if (!result) return "error: " + result.error().text();
    std::string out;
    const auto part = [&](Instant t) { return t == Instant::never() ? " never" : number(t.ns / k) + number(t.ns % k); };
    for (const RequestRecord& q : records.requests) {
      out += line("request", q.id.index, q.replica, static_cast<std::int64_t>(q.reason), q.produced, q.reused,
                  std::int64_t{q.preemptions});
      out += part(q.arrival) + part(q.scheduled) + part(q.first_token) + part(q.finish) + "\n";
    }
    for (const JobRecord& j : records.jobs) {
      out += line("job", j.id, static_cast<std::int64_t>(j.reason), std::int64_t{j.preemptions}) + part(j.first_start) +
             part(j.finish) + "\n";
    }
    return out + line("end", result->end.ns / k, result->end.ns % k);
  });
  return r.bytes;
}

TEST(Metamorphic, AllTimesTwiceAndEightTimesAsLong) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const std::string once = ends_divided_by(seed, 1);
    ASSERT_FALSE(once.starts_with("error") || once.starts_with("died")) << "seed " << seed << ": " << once;
    ASSERT_EQ(first_difference(once, ends_divided_by(seed, 2)), "") << "seed " << seed;
    ASSERT_EQ(first_difference(once, ends_divided_by(seed, 8)), "") << "seed " << seed;
  }
}

// Check 31: under strict FCFS with rigid jobs, one more GPU, one job less, or a shorter job delays nobody's start.
struct Instance {
  std::int32_t gpus = 0;
  std::vector<TrainingJob> jobs;
};

Instance random_instance(std::uint64_t seed) {
  RandomStream r(seed, "fcfs");
  Instance out{static_cast<std::int32_t>(2 + r.below(7)), {}};
  Instant t;
  for (std::uint64_t i = 0; i < 5 + r.below(20); ++i) {
    t = t + Duration{static_cast<std::int64_t>(r.below(5'000'000'000))};
    TrainingJob j;
    j.name = std::to_string(i);
    j.submit = t;
    j.gpus = Gpus{static_cast<std::int32_t>(1 + r.below(static_cast<std::uint64_t>(out.gpus)))};
    j.run_time = j.estimate = Duration{static_cast<std::int64_t>(1 + r.below(20'000'000'000))};
    out.jobs.push_back(j);
  }
  return out;
}

// Starts by position; nodes of one GPU, so that no gang is ever kept out by where the free GPUs are.
std::vector<std::int64_t> starts(const Instance& instance) {
  const ChildResult r = in_child([&] {
    Inputs in = empty_inputs({node_group("g", instance.gpus, 1)});
    in.training.jobs = instance.jobs;
    Records records;
    in.observers.push_back(&records);
    const Result<RunResult> result = simulate(std::move(in));
    if (!result) return "error: " + result.error().text();
    std::vector<std::int64_t> at(instance.jobs.size());
    for (const JobRecord& j : records.jobs) at[j.id.index] = j.first_start.ns;
    std::string out;
    for (const std::int64_t t : at) out += std::to_string(t) + " ";
    return out;
  });
  std::istringstream text(r.bytes);
  std::vector<std::int64_t> out;
  for (std::int64_t t = 0; text >> t;) out.push_back(t);
  EXPECT_EQ(out.size(), instance.jobs.size()) << r.bytes;
  return out;
}

TEST(Metamorphic, UnderFcfsNothingHelpfulDelaysAnyJob) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const Instance base = random_instance(seed);
    const std::vector<std::int64_t> before = starts(base);
    const std::size_t victim = seed % base.jobs.size();
    Instance larger = base, shorter = base, fewer = base;
    ++larger.gpus;
    shorter.jobs[victim].run_time = shorter.jobs[victim].estimate = Duration{1};
    fewer.jobs.erase(fewer.jobs.begin() + static_cast<std::ptrdiff_t>(victim));
    const std::vector<std::int64_t> a = starts(larger), b = starts(shorter), c = starts(fewer);
    for (std::size_t i = 0; i < before.size(); ++i) {
      EXPECT_LE(a[i], before[i]) << "a GPU more delays job " << i;
      EXPECT_LE(b[i], before[i]) << "a shorter job delays job " << i;
      if (i == victim) continue;
      EXPECT_LE(c[i - (i > victim ? 1 : 0)], before[i]) << "a job less delays job " << i;
    }
  }
}

}  // namespace
}  // namespace jevons::testing
