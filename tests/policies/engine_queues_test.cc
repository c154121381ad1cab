// Queues that preempt, resize and choose groups, on the machine itself: everything completes, the auditor finds
// nothing, and the same inputs give the same ends.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/in_child.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

constexpr std::uint64_t kSeeds = 12;

TrainingJob random_job(RandomStream& random, Instant submit) {
  const auto up_to = [&](int most) { return static_cast<int>(random.below(static_cast<std::uint64_t>(most) + 1)); };
  TrainingJob j;
  j.name = "job";
  j.submit = submit;
  j.gpus = Gpus{1 + up_to(7)};
  j.run_time = j.estimate = (1 + up_to(60)) * 1_min;
  if (up_to(3) == 0) j.estimate = (1 + up_to(60)) * 1_min;  // Wrong.
  j.tenant = std::string(1, static_cast<char>('a' + up_to(2)));
  j.priority = up_to(2);
  if (up_to(1) == 0) j.deadline = submit + j.run_time + up_to(120) * 1_min;
  j.flexibility = static_cast<Flexibility>(up_to(2));
  if (j.flexibility != Flexibility::kRigid) {
    j.min_gpus = Gpus{1 + up_to(j.gpus.value - 1)};
    j.max_gpus = j.gpus + Gpus{up_to(8)};
  }
  j.speed_by_gpu = {{"fast", 1.0 + random.uniform()}, {"slow", up_to(5) == 0 ? 0.0 : 0.3 + random.uniform()}};
  j.cpus = up_to(1) == 0 ? 0 : up_to(30);
  return j;
}

Inputs random_inputs(const std::string& queue, const ParamText& params, std::uint64_t seed) {
  std::vector<NodeGroup> groups{node_group("f", 3, 8), node_group("s", 4, 4)};
  groups[0].gpu.name = "fast";
  groups[1].gpu.name = "slow";
  groups[0].cpus_per_node = groups[1].cpus_per_node = 64;
  Inputs in = empty_inputs(std::move(groups));
  RandomStream random(seed, "engine queues");
  Instant at{0};
  for (int n = 0; n < 60; ++n) {
    at = at + static_cast<std::int64_t>(random.below(5)) * 1_min;
    in.training.jobs.push_back(random_job(random, at));
  }
  in.training.checkpoint_interval = 1_min;  // Shorter than any round: whoever is stopped gets on.
  in.training.restart_overhead = in.training.resize_overhead = 5_s;
  in.training.queue_name = queue;
  in.training.queue = make_policy(builtin_policies().training_queues, queue, params);
  return in;
}

// Is never told what came to the waiting jobs and went from them, and so reads them all each time.
class Untold final : public TrainingQueue {
 public:
  explicit Untold(std::unique_ptr<TrainingQueue> queue) : queue_(std::move(queue)) {}
  void decide(const QueueView& view, QueueDecision* decision) override {
    QueueView untold = view;
    untold.changes.reset();
    queue_->decide(untold, decision);
  }
  bool wants_every_change() const override { return queue_->wants_every_change(); }

 private:
  std::unique_ptr<TrainingQueue> queue_;
};

std::string outcome(const std::string& queue, const ParamText& params, std::uint64_t seed, bool told = true,
                    Instant until = Instant::never()) {
  Inputs in = random_inputs(queue, params, seed);
  in.horizon = until;
  if (!told) in.training.queue = std::make_unique<Untold>(std::move(in.training.queue));
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  if (!result.ok()) return "error: " + result.error().text();
  std::string text = std::to_string(records.jobs.size()) + " jobs";
  for (const JobRecord& r : records.jobs) text += " " + std::to_string(r.id.index) + "@" + std::to_string(r.finish.ns);
  return text;
}

void expect_all_complete(const std::string& queue, const ParamText& params = {}) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const ChildResult first = in_child([&] { return outcome(queue, params, seed); });
    ASSERT_EQ(first.bytes.substr(0, 8), "60 jobs ") << queue << " " << seed << ": " << first.bytes;
    const ChildResult again = in_child([&] { return outcome(queue, params, seed); });
    ASSERT_EQ(first.bytes, again.bytes) << queue << " " << seed;
  }
}

// What a stopped job has done it writes first, for up to 20 s at 1 GB/s for all together.
void expect_nothing_lost_on_notice(const std::string& queue, const ParamText& params = {}) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const ChildResult got = in_child([&]() -> std::string {
      Inputs in = random_inputs(queue, params, seed);
      in.training.checkpoint_interval = 1_h;
      in.training.checkpoint_bytes_per_gpu = 1e9;
      in.cluster.storage.write_bytes_per_s = 1e9;
      in.training.queue_notice = 10_min;
      Records records;
      in.observers.push_back(&records);
      const auto result = simulate(std::move(in));
      if (!result.ok()) return "error: " + result.error().text();
      int unfinished = 0, stops = 0, written = 0;
      GpuTime lost;
      for (const JobRecord& r : records.jobs) {
        unfinished += r.reason == FinishReason::kUnfinished;
        stops += r.preemptions;
        written += r.checkpoints;
        lost += r.lost;
      }
      EXPECT_GT(stops, 0) << queue << " " << seed;
      EXPECT_GT(written, 0) << queue << " " << seed;
      return std::to_string(unfinished) + " unfinished, lost " + std::to_string(lost.hours());
    });
    EXPECT_EQ(got.bytes, "0 unfinished, lost 0.000000") << queue << " " << seed;
  }
}

TEST(EngineQueues, NoticeLas) { expect_nothing_lost_on_notice("las"); }
TEST(EngineQueues, NoticeSrtf) { expect_nothing_lost_on_notice("srtf"); }
TEST(EngineQueues, NoticeGittins) { expect_nothing_lost_on_notice("gittins"); }
TEST(EngineQueues, NoticePriorityAging) { expect_nothing_lost_on_notice("priority_aging", {{"age_scale", "1h"}}); }
TEST(EngineQueues, NoticeQuota) { expect_nothing_lost_on_notice("quota", {{"quotas", "a=50% lend 0.4,b=25%,*=25%"}}); }
TEST(EngineQueues, NoticeMaxMin) { expect_nothing_lost_on_notice("max_min"); }
TEST(EngineQueues, NoticeGoodput) { expect_nothing_lost_on_notice("goodput", {{"turn", "10min"}}); }
TEST(EngineQueues, NoticeDeadline) { expect_nothing_lost_on_notice("deadline", {{"late_jobs", "best_effort"}}); }

// What a queue remembers of waiting jobs is what it would read: every policy, and those that keep an index in ways that
// the defaults leave out.
TEST(EngineQueues, BeingToldWhatChangedChangesNoDecision) {
  const Instant until = Instant{0} + 12_h;  // With these restarts some policies stop jobs for ever.
  std::vector<std::pair<std::string, ParamText>> queues;
  const Policies policies = builtin_policies();
  for (const auto& [name, entry] : policies.training_queues.entries()) queues.push_back({name, {}});
  queues.push_back({"las", {{"thresholds", "1800,7200,36000"}, {"promote_knob", "0.5"}}});
  queues.push_back({"gittins", {{"history", "8"}, {"levels", "3"}}});
  for (const auto& [queue, params] : queues) {
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      const ChildResult told = in_child([&] { return outcome(queue, params, seed, true, until); });
      const ChildResult untold = in_child([&] { return outcome(queue, params, seed, false, until); });
      ASSERT_EQ(told.bytes, untold.bytes) << queue << " " << seed;
      ASSERT_EQ(told.bytes.substr(0, 8), "60 jobs ") << queue << " " << seed << ": " << told.bytes;
    }
  }
}

// Two elastic jobs passed GPUs that suit only one of them back and forth at one instant, for ever.
TEST(EngineQueues, LyraPassesNoGpusBackAndForth) { expect_all_complete("lyra"); }
TEST(EngineQueues, FairShare) { expect_all_complete("fair_share"); }
TEST(EngineQueues, Drf) { expect_all_complete("drf", {{"head_blocks", "false"}}); }
TEST(EngineQueues, Quota) { expect_all_complete("quota", {{"quotas", "a=50% lend 0.4,b=25%,*=25%"}}); }
TEST(EngineQueues, MaxMin) { expect_all_complete("max_min"); }
TEST(EngineQueues, Makespan) { expect_all_complete("max_min", {{"objective", "makespan"}}); }
TEST(EngineQueues, Cost) { expect_all_complete("max_min", {{"objective", "cost"}}); }
TEST(EngineQueues, Deadline) { expect_all_complete("deadline"); }
TEST(EngineQueues, Goodput) { expect_all_complete("goodput"); }

// The deadline policy's word on the machine: estimates exact, scaling told, one kind of GPU, checkpoints every second
// and free, restarts and resizes as long as the policy is told.  Jobs are elastic from 1 GPU, so all can be placed.
TEST(EngineQueues, DeadlinesThatAreGuaranteedAreMet) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const ChildResult got = in_child([&] {
      Inputs in = empty_inputs({node_group("n", 1, 8)});
      RandomStream random(seed, "engine deadlines");
      // Two jobs an hour, each at most half the cluster's work until its deadline: all can be guaranteed.
      for (int n = 0; n < 10; ++n) {
        TrainingJob j;
        j.name = "job";
        j.submit = Instant{0} + n * 30_min;
        j.gpus = Gpus{4};
        j.run_time = j.estimate = (5 + static_cast<std::int64_t>(random.below(20))) * 1_min;
        j.deadline = j.submit + j.run_time + 20_min;
        j.flexibility = Flexibility::kElastic;
        j.min_gpus = Gpus{1};
        j.max_gpus = Gpus{8};
        in.training.jobs.push_back(j);
      }
      in.training.checkpoint_interval = 1_s;
      in.training.restart_overhead = in.training.resize_overhead = 5_s;
      in.training.queue_name = "deadline";
      in.training.queue = make_policy(builtin_policies().training_queues, "deadline");
      Records records;
      in.observers.push_back(&records);
      const auto result = simulate(std::move(in));
      if (!result.ok()) return "error: " + result.error().text();
      std::string late;
      for (const JobRecord& r : records.jobs) {
        if (r.finish > r.deadline) late += " " + std::to_string(r.id.index);
      }
      return std::to_string(records.jobs.size()) + " jobs, late:" + late;
    });
    EXPECT_EQ(got.bytes, "10 jobs, late:") << seed;
  }
}

}  // namespace
}  // namespace jevons::testing
