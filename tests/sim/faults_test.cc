// Failures worked by hand: what they stop, what is lost, repairs and spares.
#include <gtest/gtest.h>

#include "tests/support/jobs.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

// The first failures of the only cause, drawn as sim/faults says: gap, GPU, gap, GPU, ...
std::vector<Instant> failures(const FaultSetup& f, std::int64_t gpus, int n) {
  RandomStream random(f.seed, "faults/" + f.causes[0].name);
  std::vector<Instant> at;
  Instant t;
  for (int i = 0; i < n; ++i) {
    t = t +
        duration_from_seconds(random.exponential(1.0) / (f.causes[0].per_gpu_hour / 3600 * static_cast<double>(gpus)));
    at.push_back(t);
    random.below(static_cast<std::uint64_t>(gpus));
  }
  return at;
}

struct Outcome {
  RunResult result;
  JobRecord job;
};

Outcome run(Inputs in) {
  Records records;
  in.observers.push_back(&records);
  auto result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << result.error().text();
  return {result.ok() ? *result : RunResult{}, records.jobs.at(0)};
}

Inputs one_job(std::int32_t nodes, FaultScope scope, double per_gpu_hour) {
  Inputs in = empty_inputs({node_group("n", nodes, 8)});
  in.training.jobs = {job(Instant{}, 8, 1000_s)};
  in.training.restart_overhead = 10_s;
  in.faults.causes = {{"f", scope, per_gpu_hour, 100_s}};
  in.horizon = Instant{} + 4000_s;
  if (per_gpu_hour == 0) return in;
  // A seed whose first failure strikes the job in its first run, and whose second comes after its second.
  for (;; ++in.faults.seed) {
    const auto at = failures(in.faults, 8 * std::int64_t{nodes}, 2);
    if (at[0] < Instant{} + 900_s && at[1] > at[0] + 1110_s) return in;
  }
}

// One node; the first failure breaks it, the second comes after the end.
TEST(Faults, ABrokenNodeStopsItsJobUntilItIsRepaired) {
  Inputs in = one_job(1, FaultScope::kNode, 0.2);
  const auto at = failures(in.faults, 8, 1);
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.job.finish, at[0] + 100_s + 10_s + 1000_s);
  EXPECT_EQ(o.job.failures, 1);
  EXPECT_EQ(o.job.lost_to_failures, Gpus{8} * (at[0] - Instant{}));
  EXPECT_EQ(o.result.faults[0].jobs_stopped, 1u);
  EXPECT_EQ(o.result.ledger.by_purpose[static_cast<std::size_t>(Purpose::kFailed)].gpu_ns / 8 % Int128{100'000'000'000},
            0);
}

// The process alone: it starts again at once.
TEST(Faults, AProcessThatFailsStartsAgainOnTheSameNode) {
  Inputs in = one_job(1, FaultScope::kProcess, 0.2);
  const auto at = failures(in.faults, 8, 1);
  const Outcome o = run(std::move(in));
  EXPECT_EQ(o.job.finish, at[0] + 10_s + 1000_s);
  EXPECT_EQ(o.result.ledger.by_purpose[static_cast<std::size_t>(Purpose::kFailed)], GpuTime{});
}

// Two nodes, one of them a spare that takes 30 s: the job waits for it and not for the repair.
TEST(Faults, ASpareTakesThePlaceOfABrokenNode) {
  Inputs in = one_job(2, FaultScope::kNode, 0.1);
  in.faults.spares = {Nodes{1}};
  in.faults.spare_swap = 30_s;
  for (in.faults.seed = 1;; ++in.faults.seed) {  // One that strikes the node in use first, and then nothing for long.
    RandomStream random(in.faults.seed, "faults/f");
    random.exponential(1.0);
    const auto at = failures(in.faults, 16, 2);
    if (random.below(16) < 8 && at[0] < Instant{} + 900_s && at[1] > at[0] + 1040_s) break;
  }
  const auto at = failures(in.faults, 16, 1);
  EXPECT_EQ(run(std::move(in)).job.finish, at[0] + 30_s + 10_s + 1000_s);
}

TEST(Faults, ARateOfZeroIsNoFailures) {
  Inputs in = one_job(1, FaultScope::kNode, 0);
  EXPECT_EQ(run(std::move(in)).job.finish, Instant{} + 1000_s);
}

// A node that serves breaks: its request goes back to the front and is served when the node is back.
TEST(Faults, RequestsOfABrokenNodeStartAgain) {
  Inputs in = one_job(1, FaultScope::kNode, 0.2);
  in.training.jobs.clear();
  in.pools.push_back(fixed_pool({instance(0, 8, 1000, {.base = 1_s})}, 1));
  const auto at = failures(in.faults, 8, 1);
  add_requests(&in, 0, {request(at[0] - 5_s, 10, 20)});
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  ASSERT_EQ(records.requests.size(), 1u);
  EXPECT_EQ(records.requests[0].preemptions, 1);
  EXPECT_EQ(records.requests[0].reason, FinishReason::kCompleted);
  EXPECT_GT(records.requests[0].finish, at[0] + 100_s + 15_s);  // Five of its 20 tokens had been delivered.
}

JobsResult sum(const RunResult& r, bool by_tenant) {
  JobsResult all;
  const auto add = [&](const JobsResult& j) {
    all.jobs += j.jobs;
    all.preemptions += j.preemptions;
    all.failures += j.failures;
    all.useful += j.useful;
    all.elapsed += j.elapsed;
    all.lost += j.lost;
    all.lost_to_failures += j.lost_to_failures;
  };
  for (const TenantResult& t : r.training.tenants) {
    if (by_tenant) add(t.jobs);
  }
  for (const PriorityResult& p : r.training.priorities) {
    if (!by_tenant) add(p.jobs);
  }
  return all;
}

// Jobs of three tenants and two priorities, stopped by two causes of failures and by each other.
TEST(Faults, TenantsPrioritiesAndCausesAddUpToTheWhole) {
  Inputs in = empty_inputs({node_group("n", 4, 8)});
  const Policies policies = builtin_policies();
  in.training.queue_name = "priority_aging";
  in.training.queue = make_policy(policies.training_queues, "priority_aging");
  in.training.checkpoint_interval = 300_s;
  in.training.checkpoint_bytes_per_gpu = 1e9;
  in.training.restart_overhead = 10_s;
  in.faults.causes = {{"card", FaultScope::kProcess, 0.1, 0_s}, {"host", FaultScope::kNode, 0.05, 600_s}};
  in.horizon = Instant{} + 40'000_s;
  RandomStream random(3, "jobs");
  for (std::size_t i = 0; i < 60; ++i) {
    TrainingJob j =
        job(Instant{} + static_cast<std::int64_t>(i) * 300_s, static_cast<std::int32_t>(1 + random.below(16)),
            Duration{static_cast<std::int64_t>(1 + random.below(3'000'000'000'000))});
    j.name += std::to_string(i);
    j.tenant = i % 3 == 0 ? "" : i % 3 == 1 ? "a" : "b";
    j.priority = static_cast<std::int32_t>(random.below(2)) * 7 - 3;
    in.training.jobs.push_back(std::move(j));
  }
  auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  const TrainingResult& t = result->training;
  ASSERT_EQ(t.tenants.size(), 3u);
  EXPECT_EQ(t.tenants[1].tenant, "a");
  EXPECT_EQ(t.tenants[1].jobs.jobs, 20u);
  ASSERT_EQ(t.priorities.size(), 2u);
  EXPECT_EQ(t.priorities[0].priority, -3);
  EXPECT_GT(t.failures, 5u);
  EXPECT_GT(t.preemptions, t.failures);  // Some gave way to others.
  for (const bool by_tenant : {true, false}) {
    const JobsResult all = sum(*result, by_tenant);
    EXPECT_EQ(all.jobs, t.submitted);
    EXPECT_EQ(all.preemptions, t.preemptions);
    EXPECT_EQ(all.failures, t.failures);
    EXPECT_EQ(all.useful, result->ledger.by_purpose[static_cast<std::size_t>(Purpose::kTraining)]);
    EXPECT_EQ(all.elapsed, t.elapsed);
    EXPECT_EQ(all.lost, result->ledger.by_purpose[static_cast<std::size_t>(Purpose::kLostWork)]);
    EXPECT_EQ(all.lost_to_failures, t.lost_to_failures);
  }
  GpuTime lost{};
  std::uint64_t interruptions = 0;
  for (const FaultResult& f : result->faults) {
    EXPECT_GT(f.jobs_stopped, 0u);
    lost += f.lost;
    interruptions += f.jobs_stopped;
  }
  EXPECT_EQ(lost, t.lost_to_failures);
  EXPECT_EQ(interruptions, t.failures);
}

}  // namespace
}  // namespace jevons::testing
