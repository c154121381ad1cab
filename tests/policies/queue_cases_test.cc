// Training queues by hand: one view, one decision.
#include <gtest/gtest.h>

#include "tests/policies/queue_instances.h"

namespace jevons::testing {
namespace {

WaitingJobView waits(std::uint32_t id, int gpus, std::int64_t estimate, bool blocked = false) {
  return {JobId{id}, Instant{id}, Gpus{gpus}, Duration{estimate}, {}, 0, blocked};
}
RunningJobView runs(std::uint32_t id, int gpus, std::int64_t end) {
  return {JobId{id}, Instant{0}, Instant{0}, Instant{end}, Gpus{gpus}};
}

std::vector<std::uint32_t> decide(const std::string& policy, std::int64_t now, int free,
                                  const std::vector<WaitingJobView>& waiting,
                                  const std::vector<RunningJobView>& running = {}, const ParamText& params = {}) {
  QueueDecision decision;
  int capacity = free;
  for (const RunningJobView& r : running) capacity += r.gpus.value;
  make_queue(policy, params)->decide({Instant{now}, Gpus{free}, Gpus{capacity}, waiting, running}, &decision);
  EXPECT_TRUE(decision.preempt.empty());
  std::vector<std::uint32_t> ids;
  for (const auto& [id, gpus, group] : decision.start) ids.push_back(id.index);
  return ids;
}

using Ids = std::vector<std::uint32_t>;

TEST(QueueCases, NothingWaitsNothingStarts) {
  for (const char* name : {"fcfs", "first_fit", "sjf", "easy_backfill"})
    EXPECT_EQ(decide(name, 0, 8, {}), Ids{}) << name;
}

TEST(QueueCases, FcfsHeadBlocks) {
  EXPECT_EQ(decide("fcfs", 0, 8, {waits(1, 4, 9), waits(2, 8, 1), waits(3, 1, 1)}), Ids{1});
  EXPECT_EQ(decide("fcfs", 0, 8, {waits(1, 4, 9, true), waits(2, 1, 1)}), Ids{});
}

TEST(QueueCases, FirstFitSkipsWhatDoesNotFitAndWhatCannotBePlaced) {
  EXPECT_EQ(decide("first_fit", 0, 8, {waits(1, 4, 9), waits(2, 8, 1), waits(3, 1, 1)}), (Ids{1, 3}));
  EXPECT_EQ(decide("first_fit", 0, 8, {waits(1, 4, 9, true), waits(2, 1, 1)}), Ids{2});
}

TEST(QueueCases, SjfTakesTheSmallestEstimateAndTiesBySubmission) {
  EXPECT_EQ(decide("sjf", 0, 8, {waits(1, 2, 9), waits(2, 2, 3), waits(3, 2, 3), waits(4, 2, 1), waits(5, 1, 10)}),
            (Ids{4, 2, 3, 1}));
  EXPECT_EQ(decide("sjf", 0, 3, {waits(1, 2, 9), waits(2, 4, 3), waits(3, 1, 20)}), Ids{});
  EXPECT_EQ(decide("sjf", 0, 3, {waits(1, 2, 9), waits(2, 4, 3), waits(3, 1, 20)}, {}, {{"head_blocks", "false"}}),
            (Ids{1, 3}));
  EXPECT_EQ(decide("sjf", 0, 8, {waits(1, 2, 9), waits(2, 4, 3, true)}), Ids{});
}

// Eight GPUs: 6 busy until 10 and 20; the head needs 6, so shadow = 10 if the first frees 4, extra = 0.
TEST(QueueCases, EasyBackfillsByTimeOrByExtraGpus) {
  const std::vector<RunningJobView> running{runs(100, 4, 10), runs(101, 2, 20)};
  // Ends at the shadow time exactly: allowed.  One instant more is not.
  EXPECT_EQ(decide("easy_backfill", 0, 2, {waits(1, 6, 5), waits(2, 2, 10)}, running), Ids{2});
  EXPECT_EQ(decide("easy_backfill", 0, 2, {waits(1, 6, 5), waits(2, 2, 11)}, running), Ids{});
  // The head needs 5: one GPU is extra, once.
  EXPECT_EQ(decide("easy_backfill", 0, 2, {waits(1, 5, 5), waits(2, 1, 99), waits(3, 1, 99)}, running), Ids{2});
  EXPECT_EQ(decide("easy_backfill", 0, 2, {waits(1, 5, 5), waits(2, 1, 99), waits(3, 1, 10)}, running), (Ids{2, 3}));
}

TEST(QueueCases, EasyCountsAllJobsThatEndAtTheShadowTimeAsExtra) {
  // Both end at 10: 8 free then, the head takes 6, two are extra.
  const std::vector<RunningJobView> running{runs(100, 4, 10), runs(101, 2, 10)};
  EXPECT_EQ(decide("easy_backfill", 0, 2, {waits(1, 6, 5), waits(2, 2, 99)}, running), Ids{2});
}

TEST(QueueCases, EasyReservesAroundTheJobsItHasJustStarted) {
  // Job 1 starts (2 of 4 GPUs, until 5); job 2 needs 4, so its shadow is 5: job 3 may run until then, job 4 not beyond.
  EXPECT_EQ(decide("easy_backfill", 0, 4, {waits(1, 2, 5), waits(2, 4, 1), waits(3, 1, 5), waits(4, 1, 6)}),
            (Ids{1, 3}));
}

TEST(QueueCases, EasyTakesAJobOverItsEstimateToEndAtTheNextInstant) {
  const std::vector<RunningJobView> running{runs(100, 6, 3)};  // Expected to have ended at 3; it is 50.
  EXPECT_EQ(decide("easy_backfill", 50, 2, {waits(1, 8, 5), waits(2, 2, 1)}, running), Ids{2});
  EXPECT_EQ(decide("easy_backfill", 50, 2, {waits(1, 8, 5), waits(2, 2, 2)}, running), Ids{});
}

TEST(QueueCases, EasyHeadThatIsScatteredWaitsForAnEnd) {
  // Four GPUs free, but the head's four cannot be placed.  Shadow = 10, when 6 are free: 2 extra.
  const std::vector<RunningJobView> running{runs(100, 2, 10)};
  EXPECT_EQ(
      decide("easy_backfill", 0, 4, {waits(1, 4, 5, true), waits(2, 3, 11), waits(3, 2, 11), waits(4, 1, 10)}, running),
      (Ids{3, 4}));
}

TEST(QueueCases, EasyHeadThatNoEndCanHelpHoldsNobodyBack) {
  EXPECT_EQ(decide("easy_backfill", 0, 4, {waits(1, 64, 5), waits(2, 3, 99), waits(3, 2, 99)}), Ids{2});
}

TEST(QueueCases, EasyEstimateWithoutEndDoesNotOverflow) {
  WaitingJobView endless = waits(2, 1, 1);
  endless.remaining_estimate = Duration::max();
  EXPECT_EQ(decide("easy_backfill", 7, 2, {waits(1, 4, 5), endless}, {runs(100, 2, 10)}), Ids{});
  EXPECT_EQ(decide("easy_backfill", 7, 2, {waits(1, 3, 5), endless}, {runs(100, 2, 10)}), Ids{2});
}

}  // namespace
}  // namespace jevons::testing
