// Jobs that share a GPU, worked by hand: who gets in, who holds the GPU, whose time is told where; and a referee that
// plays FCFS with shares one instant after the other.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/support/event_log.h"
#include "tests/support/in_child.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

constexpr Instant at(Duration t) { return Instant{} + t; }
GpuTime gpu_seconds(std::int64_t n) { return Gpus{1} * (n * 1_s); }
GpuTime beside(const RunResult& r, Purpose p) { return r.shares.by_purpose[static_cast<std::size_t>(p)]; }
GpuTime own(const RunResult& r, Purpose p) { return r.ledger.by_purpose[static_cast<std::size_t>(p)]; }

TrainingJob part(Duration submit, std::int32_t milli, Duration run_time) {
  TrainingJob j;
  j.name = "job";
  j.submit = at(submit);
  j.gpus = Gpus{1};
  j.run_time = j.estimate = run_time;
  j.share = MilliGpus{milli};
  return j;
}
TrainingJob whole(Duration submit, std::int32_t gpus, Duration run_time) {
  TrainingJob j = part(submit, 0, run_time);
  j.gpus = Gpus{gpus};
  return j;
}

// At each of its instants, a target for pool 0; preempts everything if it must.
class Script final : public Allocator {
 public:
  Script(std::map<Duration, std::int32_t> targets, bool notice) : targets_(std::move(targets)), notice_(notice) {}
  void review(const AllocatorView& view, AllocatorDecision* decision) override {
    const auto it = targets_.find(view.now - Instant{});
    if (it == targets_.end()) return;
    decision->targets.push_back({PoolId{0}, it->second});
    decision->may_preempt = true;
    decision->give_notice = notice_;
    for (const VictimView& v : view.running_jobs) decision->victims.push_back(v.id);
  }

 private:
  std::map<Duration, std::int32_t> targets_;
  bool notice_;
};

Inputs cluster_of(std::int32_t nodes, std::int32_t gpus, std::vector<TrainingJob> jobs) {
  Inputs in = empty_inputs({node_group("n", nodes, gpus)});
  in.training.jobs = std::move(jobs);
  return in;
}
// A pool that takes the only node at `from` and gives it back at `to`.
Inputs taken_away(Duration from, Duration to, bool notice, std::vector<TrainingJob> jobs) {
  Inputs in = cluster_of(1, 1, std::move(jobs));
  PoolSetup pool = fixed_pool({instance(0, 1, 1000, {.base = 10_ms})}, 0);
  pool.max_nodes = Nodes{1};
  in.pools.push_back(std::move(pool));
  in.review_every = 5_s;
  in.allocator = std::make_unique<Script>(std::map<Duration, std::int32_t>{{from, 1}, {to, 0}}, notice);
  return in;
}

struct Outcome {
  RunResult result;
  Records records;
  EventLog log;
};
void run(Inputs in, Outcome* out) {
  in.observers = {&out->records, &out->log};
  auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  out->result = *std::move(result);
}
Instant finish(const Outcome& o, std::uint32_t job) {
  for (const JobRecord& r : o.records.jobs) {
    if (r.id == JobId{job}) return r.finish;
  }
  return Instant::never();
}
const JobRecord& record(const Outcome& o, std::uint32_t job) {
  return *std::find_if(o.records.jobs.begin(), o.records.jobs.end(), [&](const auto& r) { return r.id == JobId{job}; });
}

// 0.5 and 0.3 of the GPU fit together; 0.4 comes in when 0.5 has gone and 0.3 holds the GPU.
TEST(Sharing, ShareByShareUntilTheGpuIsFull) {
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(cluster_of(1, 1, {part(0_s, 500, 10_s), part(0_s, 300, 20_s), part(0_s, 400, 5_s)}), &o));
  EXPECT_EQ(finish(o, 0), at(10_s));
  EXPECT_EQ(finish(o, 1), at(20_s));
  EXPECT_EQ(finish(o, 2), at(15_s));
  EXPECT_EQ(o.result.shares.opened, 1U);
  EXPECT_EQ(o.result.shares.joined, 2U);
  EXPECT_EQ(o.result.shares.held, gpu_seconds(20));
  EXPECT_EQ(o.result.shares.used, gpu_seconds(13)) << "5 + 6 + 2";
  EXPECT_EQ(own(o.result, Purpose::kTraining), gpu_seconds(20));
  EXPECT_EQ(beside(o.result, Purpose::kTraining), gpu_seconds(15)) << "10 s of the second, the third";
  EXPECT_EQ(o.result.training.useful, gpu_seconds(20));
  EXPECT_EQ(record(o, 1).useful, gpu_seconds(20));
  EXPECT_EQ(record(o, 1).beside_useful, gpu_seconds(10));
}

// The queue's head wants both GPUs of the node and waits for the second; a share behind it takes none from it.
TEST(Sharing, RoomIsNoGpuOfTheQueues) {
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(
      run(cluster_of(1, 2, {part(0_s, 600, 10_s), whole(1_s, 2, 4_s), part(2_s, 700, 3_s), part(2_s, 400, 6_s)}), &o));
  EXPECT_EQ(finish(o, 3), at(8_s)) << "joins the first";
  EXPECT_EQ(finish(o, 1), at(14_s)) << "when the first has gone";
  EXPECT_EQ(finish(o, 2), at(17_s)) << "0.7 does not fit beside 0.6: its turn comes behind the head";
}

// Of one decision: the first start opens a GPU, the second joins it, the third fits neither.
TEST(Sharing, StartsOfOneDecisionShareToo) {
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(cluster_of(1, 8, {part(0_s, 500, 9_s), part(0_s, 500, 9_s), part(0_s, 501, 9_s)}), &o));
  EXPECT_EQ(o.result.shares.opened, 2U);
  EXPECT_EQ(o.result.shares.joined, 1U);
  EXPECT_EQ(o.result.shares.held, gpu_seconds(18));
}

TEST(Sharing, TheMoreUrgentGetTheRoomFirst) {
  TrainingJob urgent = part(2_s, 300, 10_s);
  urgent.priority = 1;
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(
      run(cluster_of(1, 1, {part(0_s, 400, 20_s), part(0_s, 600, 5_s), part(1_s, 350, 10_s), urgent}), &o));
  EXPECT_EQ(finish(o, 3), at(15_s)) << "in at 5 s, and 0.3 is left";
  EXPECT_EQ(finish(o, 2), at(25_s)) << "in at 15 s";
}

// 0.3 of the GPU for 10 s, one after the other, and at 5 s a gang that wants it whole: those behind the gang may not
// keep the GPU longer than the one at 0 s and that at 4 s do, so that the gang has it at 14 s.
std::vector<TrainingJob> stream_of_shares_around_a_gang() {
  std::vector<TrainingJob> jobs;
  for (int k = 0; k < 20; ++k) {
    jobs.push_back(part(4 * k * 1_s, 300, 10_s));
    if (k == 1) jobs.push_back(whole(5_s, 1, 3_s));
  }
  return jobs;
}
TEST(Sharing, NoStreamOfSharesStarvesAGang) {
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(cluster_of(1, 1, stream_of_shares_around_a_gang()), &o));
  EXPECT_EQ(finish(o, 2), at(17_s));
}
TEST(Sharing, AStreamThatAlwaysJoinsDoes) {
  Inputs in = cluster_of(1, 1, stream_of_shares_around_a_gang());
  in.training.shares_always_join = true;
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(finish(o, 2), at(4 * 19 * 1_s + 10_s + 3_s)) << "the last of all";
}

TEST(Sharing, AJobMayNotJoinWhereItCannotRun) {
  Inputs in = empty_inputs({node_group("a", 1, 1), node_group("b", 1, 1)});
  in.cluster.groups[0].gpu.name = "A";
  in.cluster.groups[1].gpu.name = "B";
  TrainingJob only_b = part(1_s, 100, 5_s);
  only_b.speed_by_gpu = {{"A", 0.0}, {"B", 0.5}};
  in.training.jobs = {part(0_s, 100, 30_s), whole(0_s, 1, 4_s), only_b};
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(finish(o, 2), at(14_s)) << "on B from 4 s on, at half speed";
}

// The pool takes the node at 15 s: the second has held the GPU since 10 s and loses 15 s, 10 s of them beside a holder.
TEST(Sharing, WhoeverIsStoppedLosesItsTimeWhereItWas) {
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(
      run(taken_away(15_s, 20_s, false, {part(0_s, 500, 10_s), part(0_s, 300, 40_s), part(12_s, 700, 4_s)}), &o));
  EXPECT_EQ(own(o.result, Purpose::kLostWork), gpu_seconds(5));
  EXPECT_EQ(beside(o.result, Purpose::kLostWork), gpu_seconds(10 + 3));
  EXPECT_EQ(record(o, 1).lost, gpu_seconds(15));
  EXPECT_EQ(record(o, 2).preemptions, 1);
  EXPECT_EQ(finish(o, 2), at(24_s)) << "beside the second again";
  EXPECT_EQ(finish(o, 1), at(60_s));
}

// On notice both write their checkpoints, 10 GB x share at 50 GB/s shared by two: the smaller is done first.  The GPU
// goes from the holder, which has nothing to write, to the one that still writes.
TEST(Sharing, TheGpuPassesToAJobOnNotice) {
  Inputs in = taken_away(15_s, 100_s, true, {part(0_s, 500, 20_s), part(0_s, 300, 40_s)});
  in.training.jobs[0].parameters = 0;
  in.training.checkpoint_interval = 60_s;
  in.training.checkpoint_bytes_per_gpu = 10e9;
  in.training.notice = 30_s;
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(own(o.result, Purpose::kLostWork) + beside(o.result, Purpose::kLostWork), GpuTime{});
  EXPECT_EQ(record(o, 0).checkpoints, 1);
  EXPECT_EQ(record(o, 1).checkpoints, 1);
  EXPECT_GT(own(o.result, Purpose::kCheckpoint), GpuTime{});
  EXPECT_EQ(record(o, 0).preemptions + record(o, 1).preemptions, 2);
}

TEST(Sharing, AProcessThatFailsTakesTheWholeGpuDown) {
  Inputs in = cluster_of(1, 1, {part(0_s, 500, 900_s), part(0_s, 300, 900_s)});
  in.faults.seed = 3;
  in.faults.causes.push_back({"process", FaultScope::kProcess, 3600.0 / 100, Duration{}});
  in.horizon = at(1000_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_GT(record(o, 0).failures, 0);
  EXPECT_EQ(record(o, 0).failures, record(o, 1).failures);
  EXPECT_EQ(o.result.faults.at(0).jobs_stopped,
            static_cast<std::uint64_t>(record(o, 0).failures + record(o, 1).failures));
}

// Packed, but for the rooms it chooses.
class Chooser final : public Placement {
 public:
  explicit Chooser(std::optional<std::size_t> choice) : choice_(choice) {}
  void place(const GangView& gang, std::span<const NodeView> nodes, std::vector<NodeShare>* shares) const override {
    shares->push_back({nodes.front().id, gang.gpus});
  }
  std::optional<std::size_t> choose_room(const GangView&, std::span<const RoomView>) const override { return choice_; }

 private:
  std::optional<std::size_t> choice_;
};

TEST(Sharing, APlacementMayWantNoRoom) {
  Inputs in = cluster_of(1, 2, {part(0_s, 100, 10_s), part(1_s, 100, 10_s)});
  in.training.placement = std::make_unique<Chooser>(std::nullopt);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(o.result.shares.opened, 2U);
}

TEST(Sharing, ARoomThatIsNotThereIsRefusedByName) {
  Inputs in = cluster_of(1, 2, {part(0_s, 100, 10_s), part(1_s, 100, 10_s)});
  in.training.placement = std::make_unique<Chooser>(1);
  in.training.placement_name = "chooser";
  const auto result = simulate(std::move(in));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().text().find("chooser"), std::string::npos);
  EXPECT_NE(result.error().text().find("chooses a room that is not there"), std::string::npos);
}

TEST(Sharing, RunsOutOfTimeTogether) {
  Inputs in = cluster_of(1, 1, {part(0_s, 500, 100_s), part(0_s, 300, 100_s), part(0_s, 300, 1_s)});
  in.horizon = at(10_s);
  Outcome o;
  ASSERT_NO_FATAL_FAILURE(run(std::move(in), &o));
  EXPECT_EQ(own(o.result, Purpose::kTraining), gpu_seconds(10));
  EXPECT_EQ(beside(o.result, Purpose::kTraining), gpu_seconds(10));
  EXPECT_EQ(o.log.text().find("start 10000000000"), std::string::npos) << "the GPU passes to nobody at the end";
}

// ---- The referee: one node, so that only rooms and counts matter; seconds as the only instants.

struct Referee {
  struct Gpu {
    std::int32_t room = 1000;
    std::set<std::size_t> jobs;
  };
  std::vector<TrainingJob> jobs;
  std::int32_t free = 0;
  std::vector<Gpu> shared;  // By age.
  std::set<std::size_t> waiting;
  std::vector<std::int64_t> left, ended, expected;
  std::int64_t now = 0;

  std::int64_t estimate(std::size_t j) const { return jobs[j].estimate.ns / (1_s).ns; }
  bool join(std::size_t j, bool may_keep_it_longer) {
    Gpu* best = nullptr;
    for (Gpu& g : shared) {
      std::int64_t end = 0;
      for (const std::size_t other : g.jobs) end = std::max(end, expected[other]);
      if (!may_keep_it_longer && now + estimate(j) > end) continue;
      if (!g.jobs.empty() && g.room >= jobs[j].share.value && (best == nullptr || g.room < best->room)) best = &g;
    }
    if (best == nullptr) return false;
    best->room -= jobs[j].share.value;
    best->jobs.insert(j);
    waiting.erase(j);
    expected[j] = now + estimate(j);
    return true;
  }
  void seat() {
    for (const std::size_t j : std::set<std::size_t>(waiting)) {
      if (jobs[j].share > MilliGpus{0}) join(j, *waiting.begin() == j);
    }
  }
  // FCFS: as many heads as fit, as if none of them shared; then, in that order, what each really needs.
  bool decide() {
    std::vector<std::size_t> heads;
    std::int32_t room = free;
    for (const std::size_t j : waiting) {
      if (jobs[j].gpus.value > room) break;
      room -= jobs[j].gpus.value;
      heads.push_back(j);
    }
    for (const std::size_t j : heads) {
      if (jobs[j].share > MilliGpus{0} && join(j, true)) continue;
      waiting.erase(j);
      expected[j] = now + estimate(j);
      free -= jobs[j].gpus.value;
      if (jobs[j].share > MilliGpus{0}) shared.push_back({1000 - jobs[j].share.value, {j}});
    }
    return !heads.empty();
  }
  void end(std::size_t j) {
    if (jobs[j].share == MilliGpus{0}) {
      free += jobs[j].gpus.value;
      return;
    }
    for (Gpu& g : shared) {
      if (g.jobs.erase(j) == 0) continue;
      g.room += jobs[j].share.value;
      free += g.jobs.empty() ? 1 : 0;
    }
  }
  std::vector<std::int64_t> play() {
    left.assign(jobs.size(), 0);
    ended.assign(jobs.size(), -1);
    expected.assign(jobs.size(), 0);
    for (std::size_t j = 0; j < jobs.size(); ++j) left[j] = jobs[j].run_time.ns / (1_s).ns;
    std::set<std::size_t> running;
    for (std::int64_t t = 0; std::count(ended.begin(), ended.end(), -1) > 0; ++t) {
      now = t;
      for (const std::size_t j : std::set<std::size_t>(running)) {
        if (--left[j] > 0) continue;
        end(j);
        running.erase(j);
        ended[j] = t;
      }
      for (std::size_t j = 0; j < jobs.size(); ++j) {
        if (jobs[j].submit == at(t * 1_s)) waiting.insert(j);
      }
      const std::set<std::size_t> before = waiting;
      do seat();
      while (decide());
      for (const std::size_t j : before) {
        if (!waiting.contains(j)) running.insert(j);
      }
    }
    return ended;
  }
};

std::string against_referee(std::uint64_t seed) {
  RandomStream random(seed, "sharing");
  const auto up_to = [&](std::int64_t n) {
    return 1 + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n)));
  };
  const auto gpus = static_cast<std::int32_t>(up_to(8));
  std::vector<TrainingJob> jobs;
  Duration submit{0};
  for (std::int64_t n = up_to(60); n > 0; --n) {
    if (random.below(2) == 0) submit += up_to(5) * 1_s;
    const Duration run = up_to(30) * 1_s;
    const auto milli = static_cast<std::int32_t>(random.below(2) == 0 ? 100 * up_to(9) : up_to(999));
    jobs.push_back(random.below(3) == 0 ? whole(submit, static_cast<std::int32_t>(up_to(gpus)), run)
                                        : part(submit, milli, run));
    if (random.below(3) == 0) jobs.back().estimate = up_to(40) * 1_s;
  }
  Referee referee;
  referee.jobs = jobs;
  referee.free = gpus;
  const std::vector<std::int64_t> expected = referee.play();
  Outcome o;
  Inputs in = cluster_of(1, gpus, std::move(jobs));
  in.observers = {&o.records};
  const auto result = simulate(std::move(in));
  if (!result) return result.error().text();
  for (std::uint32_t j = 0; j < expected.size(); ++j) {
    if (finish(o, j) != at(expected[j] * 1_s)) {
      return "job " + std::to_string(j) + " ends at " + std::to_string(finish(o, j).seconds()) + " s, not at " +
             std::to_string(expected[j]);
    }
  }
  return "";
}

TEST(Sharing, AsTheRefereePlaysIt) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    ASSERT_EQ(in_child([=] { return against_referee(seed); }).bytes, "") << "seed " << seed;
  }
}

}  // namespace
}  // namespace jevons::testing
