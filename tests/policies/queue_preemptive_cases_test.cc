// Preemptive training queues by hand: one view, one decision, with the arithmetic.
#include <gtest/gtest.h>

#include "tests/policies/queue_instances.h"

namespace jevons::testing {
namespace {

using Ids = std::vector<std::uint32_t>;

struct Answer {
  Ids stopped, started;
  std::int64_t ask_again;  // -1: not at all.
  friend bool operator==(const Answer&, const Answer&) = default;
};
std::ostream& operator<<(std::ostream& out, const Answer& a) {
  out << "stop";
  for (const auto id : a.stopped) out << ' ' << id;
  out << ", start";
  for (const auto id : a.started) out << ' ' << id;
  return out << ", ask again at " << a.ask_again;
}

WaitingJobView waits(std::uint32_t id, int gpus, std::int64_t attained = 0, std::int64_t ran = 0,
                     std::int64_t since = 0) {
  WaitingJobView w{
      .id = JobId{id}, .submit = Instant{id}, .gpus = Gpus{gpus}, .remaining_estimate = {100}, .tenant = {}};
  w.attained = GpuTime{attained};
  w.ran = Duration{ran};
  w.waiting_since = Instant{since};
  return w;
}
RunningJobView runs(std::uint32_t id, int gpus, std::int64_t started, std::int64_t attained = 0) {
  RunningJobView r{.id = JobId{id},
                   .submit = Instant{id},
                   .started = Instant{started},
                   .expected_end = Instant{500},
                   .gpus = Gpus{gpus}};
  r.asked = r.gpus;
  r.since = r.started;
  r.attained = GpuTime{attained};
  return r;
}

Answer decide(TrainingQueue* queue, std::int64_t now, int free, const std::vector<WaitingJobView>& waiting,
              const std::vector<RunningJobView>& running = {}, const std::vector<EndedJobView>& ended = {}) {
  QueueDecision d;
  int capacity = free;
  for (const RunningJobView& r : running) capacity += r.gpus.value;
  queue->decide({.now = Instant{now},
                 .free = Gpus{free},
                 .capacity = Gpus{capacity},
                 .waiting = waiting,
                 .running = running,
                 .ended = ended},
                &d);
  Answer a{{}, {}, d.ask_again == Instant::never() ? -1 : d.ask_again.ns};
  for (const JobId id : d.preempt) a.stopped.push_back(id.index);
  for (const JobStart& s : d.start) a.started.push_back(s.job.index);
  return a;
}

// Four GPUs.  Now is 400, so job 9 has 100 left, like the jobs that wait; it was submitted later than job 1.
TEST(QueueCases, SrtfStopsTheLongestForAShorterAndNobodyInVain) {
  const auto queue = make_queue("srtf");
  EXPECT_EQ(decide(queue.get(), 400, 0, {waits(1, 4)}, {runs(9, 4, 300)}), (Answer{{9}, {1}, -1}));
  EXPECT_EQ(decide(queue.get(), 401, 0, {waits(1, 4)}, {runs(9, 4, 300)}), (Answer{{}, {}, -1}));  // 99 left.
  // Job 1 is first but takes the three free GPUs: nobody is stopped.
  EXPECT_EQ(decide(queue.get(), 400, 3, {waits(1, 3)}, {runs(9, 1, 300)}), (Answer{{}, {1}, -1}));
  // Remaining x GPUs: 100 x 4 of job 1 against 100 x 2 of job 9.
  const auto weighed = make_queue("srtf", {{"weight_gpus", "true"}});
  EXPECT_EQ(decide(weighed.get(), 400, 2, {waits(1, 4)}, {runs(9, 2, 300)}), (Answer{{}, {}, -1}));
  EXPECT_EQ(decide(queue.get(), 400, 2, {waits(1, 4)}, {runs(9, 2, 300)}), (Answer{{9}, {1}, -1}));
}

// A job whose checkpoint must be restored for 50 is expected to end 150 after it was started with 100 left.  It still
// goes before one that waits with 120, or the two would change places for ever.
TEST(QueueCases, SrtfDoesNotHoldTheRestoreAgainstTheJobJustStarted) {
  const auto queue = make_queue("srtf");
  WaitingJobView longer = waits(2, 4);
  longer.remaining_estimate = Duration{120};
  EXPECT_EQ(decide(queue.get(), 350, 4, {waits(1, 4), longer}), (Answer{{}, {1}, -1}));
  EXPECT_EQ(decide(queue.get(), 350, 0, {longer}, {runs(1, 4, 350)}), (Answer{{}, {}, -1}));
}

// A blocked job is passed over, and nobody is stopped for it.
TEST(QueueCases, SrtfStopsNobodyForAJobThatCannotBePlaced) {
  const auto queue = make_queue("srtf");
  WaitingJobView blocked = waits(1, 4);
  blocked.blocked = true;
  EXPECT_EQ(decide(queue.get(), 300, 0, {blocked}, {runs(9, 4, 0)}), (Answer{{}, {}, -1}));
}

// One threshold at 10 GPU-ns, 4 GPUs.
TEST(QueueCases, LasRunsTheJobsWithLittleServiceFirstAndAsksForTheNextDemotion) {
  const auto queue = make_queue("las", {{"thresholds", "10e-9"}});
  // Job 1 has 4 x 2 = 8 < 10 at 2, and ran first: the newcomer waits.  It has 10 at 2.5, so at 3 in whole ns.
  EXPECT_EQ(decide(queue.get(), 2, 0, {waits(2, 4)}, {runs(1, 4, 0)}), (Answer{{}, {}, 3}));
  // 4 x 3 = 12 >= 10: the second queue.  The newcomer, still in the first, takes its place.
  EXPECT_EQ(decide(queue.get(), 3, 0, {waits(2, 4)}, {runs(1, 4, 0)}), (Answer{{1}, {2}, -1}));
  // What it had before counts: 2 + 4 x 2 = 10.
  const auto other = make_queue("las", {{"thresholds", "10e-9"}});
  EXPECT_EQ(decide(other.get(), 2, 0, {waits(2, 4)}, {runs(1, 4, 0, 2)}), (Answer{{1}, {2}, -1}));
}

TEST(QueueCases, LasOrdersAQueueByFirstStartThenSubmission) {
  const auto queue = make_queue("las", {{"thresholds", "10e-9,20e-9"}});
  // Seen to start: job 5 at 1, job 3 at 2; 4 GPU-ns each at 5 and 6, never demoted.
  decide(queue.get(), 2, 0, {waits(9, 1)}, {runs(5, 1, 1), runs(3, 1, 2)});
  // Both stopped; jobs 1 and 2 have never started; job 4 is in the second queue (15) and job 0 in the third (20).
  EXPECT_EQ(decide(queue.get(), 7, 6,
                   {waits(0, 1, 20), waits(1, 1), waits(2, 1), waits(3, 1, 4), waits(4, 1, 15), waits(5, 1, 4)}),
            (Answer{{}, {5, 3, 1, 2, 4, 0}, -1}));
}

// Ran 6 for 24 GPU-ns, stopped at 10.  With a knob of 2 it is promoted after waiting more than 12: at 23.
TEST(QueueCases, LasPromotesAJobThatHasWaitedLongForWhatItRan) {
  const auto queue = make_queue("las", {{"thresholds", "10e-9"}, {"promote_knob", "2"}});
  const WaitingJobView old = waits(1, 4, 24, 6, 10);
  EXPECT_EQ(decide(queue.get(), 20, 0, {old, waits(7, 4)}, {runs(2, 4, 19)}), (Answer{{}, {}, 22}));  // 2: 10 at 21.5.
  EXPECT_EQ(decide(queue.get(), 22, 0, {old}, {runs(2, 4, 19)}), (Answer{{}, {}, 23}));  // Both in the second queue.
  EXPECT_EQ(decide(queue.get(), 23, 0, {old}, {runs(2, 4, 19)}), (Answer{{2}, {1}, -1}));
  // Its service counts from 24 now: 4 GPUs have 10 more after 2.5.
  RunningJobView again = runs(1, 4, 23, 24);
  again.ran = Duration{6};
  EXPECT_EQ(decide(queue.get(), 23, 0, {waits(9, 4)}, {again}), (Answer{{}, {}, 26}));
}

// Ended: 2, 9 and 10 GPU-ns.
//   G(0):  D=2: (1/3) / 2 = 1/6;  D=9: (2/3) / (20/3) = 1/10;  D=10: 1 / (21/3) = 1/7.      -> 1/6
//   G(2):  left 7 and 8.  D=7: (1/2) / 7 = 1/14;  D=8: 1 / 7.5 = 2/15.                      -> 2/15
//   G(9):  left 1.  D=1: 1.                                                                  -> 1
//   G(10): nobody got further.                                                               -> 0
const std::vector<EndedJobView> kEnded{{JobId{90}, Gpus{1}, GpuTime{9}, Duration{9}},
                                       {JobId{91}, Gpus{1}, GpuTime{2}, Duration{2}},
                                       {JobId{92}, Gpus{1}, GpuTime{10}, Duration{10}}};

TEST(QueueCases, GittinsRunsTheJobsMostLikelyToEndSoonFirst) {
  const auto queue = make_queue("gittins", {{"levels", "3"}});
  EXPECT_EQ(decide(queue.get(), 0, 6,
                   {waits(1, 1, 10), waits(2, 1, 2), waits(3, 1), waits(4, 1, 9), waits(5, 1, 8), waits(6, 1, 1)}, {},
                   kEnded),
            (Answer{{}, {4, 3, 6, 2, 5, 1}, -1}));
}

TEST(QueueCases, GittinsStopsAJobWhoseWorthHasFallenAndAsksWhenTheNextChanges) {
  const auto queue = make_queue("gittins", {{"levels", "3"}});
  EXPECT_EQ(decide(queue.get(), 1, 0, {waits(2, 1)}, {runs(1, 1, 0)}, kEnded),
            (Answer{{}, {}, 2}));                                                                 // Tie: submission.
  EXPECT_EQ(decide(queue.get(), 2, 0, {waits(2, 1)}, {runs(1, 1, 0)}), (Answer{{1}, {2}, 9}));    // 2/15 < 1/6.
  EXPECT_EQ(decide(queue.get(), 9, 0, {waits(2, 1)}, {runs(1, 1, 0)}), (Answer{{}, {}, 10}));     // 1 > 1/6.
  EXPECT_EQ(decide(queue.get(), 10, 0, {waits(2, 1)}, {runs(1, 1, 0)}), (Answer{{1}, {2}, -1}));  // 0 < 1/6.
}

TEST(QueueCases, GittinsWithoutHistoryGoesBySubmission) {
  const auto queue = make_queue("gittins");
  EXPECT_EQ(decide(queue.get(), 0, 2, {waits(1, 1, 50), waits(2, 1), waits(3, 1)}), (Answer{{}, {1, 2}, -1}));
}

// Only the last two ends count: 9 and 10, then G(0) = max(1/18, 2/19) and G(9) = 1.
TEST(QueueCases, GittinsForgetsWhatEndedLongAgo) {
  const auto queue = make_queue("gittins", {{"levels", "3"}, {"history", "2"}});
  const std::vector<EndedJobView> ended{kEnded[1], kEnded[0], kEnded[2]};
  // At 2 a job is still worth as much as at 0: a tie, by submission.
  EXPECT_EQ(decide(queue.get(), 0, 2, {waits(1, 1, 2), waits(2, 1), waits(3, 1, 9)}, {}, ended),
            (Answer{{}, {3, 1}, -1}));
}

// Classes with a scale of 10: job 1 (submitted at 1) has class 0 + floor((now - 1) / 10).
TEST(QueueCases, PriorityAgingStopsOnlyLowerClasses) {
  const auto queue = make_queue("priority_aging", {{"age_scale", "10ns"}});
  JobTraits high;
  high.priority = 1;
  const std::vector<RunningJobView> running{runs(0, 4, 0)};  // Class 0 for good: it has never waited.
  EXPECT_EQ(decide(queue.get(), 5, 0, {waits(1, 4)}, running), (Answer{{}, {}, 11}));
  EXPECT_EQ(decide(queue.get(), 11, 0, {waits(1, 4)}, running), (Answer{{0}, {1}, 21}));
  WaitingJobView urgent = waits(2, 4);
  urgent.traits = &high;
  EXPECT_EQ(decide(queue.get(), 5, 0, {waits(1, 4), urgent}, running), (Answer{{0}, {2}, 11}));
}

}  // namespace
}  // namespace jevons::testing
