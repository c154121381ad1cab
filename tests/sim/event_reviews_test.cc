// When the allocator is asked because something happened, worked by hand, and what it is told then.
#include <gtest/gtest.h>

#include "tests/support/jobs.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

struct Asked {
  Instant at;
  bool on_period = true;
  AllocatorEvents events{};
  friend bool operator==(const Asked&, const Asked&) = default;
};
void PrintTo(const Asked& a, std::ostream* out) {
  *out << a.at.seconds() << " s" << (a.on_period ? " period" : "") << (a.events.slo_broken ? " slo" : "")
       << (a.events.queue_jump ? " queue" : "") << (a.events.job_arrived ? " arrived" : "")
       << (a.events.job_ended ? " ended" : "");
}

// Writes down when it is asked and what of, and moves nothing.
class Recorder final : public Allocator {
 public:
  explicit Recorder(const AllocatorEvents& wants) : wants_(wants) {}
  void review(const AllocatorView& view, AllocatorDecision*) override {
    asked.push_back({view.now, view.on_period, view.events});
    waiting.push_back(view.waiting_gpus);
    if (!view.pools.empty()) pool.push_back(view.pools[0]);
  }
  AllocatorEvents wants() const override { return wants_; }
  std::vector<Asked> asked;
  std::vector<Gpus> waiting;
  std::vector<PoolView> pool;

 private:
  AllocatorEvents wants_;
};

// What a run's allocator was asked, kept beyond the run.
class Forward final : public Allocator {
 public:
  explicit Forward(Recorder* to) : to_(to) {}
  void review(const AllocatorView& view, AllocatorDecision* decision) override { to_->review(view, decision); }
  AllocatorEvents wants() const override { return to_->wants(); }

 private:
  Recorder* to_;
};

Instant at(Duration t) { return Instant{} + t; }

constexpr Asked on_period(Instant t, AllocatorEvents events = {}) { return {t, true, events}; }
constexpr Asked on_event(Instant t, AllocatorEvents events) { return {t, false, events}; }
constexpr AllocatorEvents kArrived{.job_arrived = true}, kEnded{.job_ended = true}, kJump{.queue_jump = true};

RunResult run_with(Inputs in, Recorder* recorder) {
  in.allocator = std::make_unique<Forward>(recorder);
  in.review_every = 100_s;
  auto result = simulate(std::move(in));
  EXPECT_TRUE(result.ok()) << result.error().text();
  return *std::move(result);
}

// The job of 5 s and its end at 8 s wait for 0 s + 10 s; that of 100 s goes with the period.
TEST(EventReviews, JobsThatComeAndEnd) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job(at(5_s), 8, 3_s), job(at(30_s), 8, 60_s), job(at(100_s), 8, 5_s), job(at(101_s), 8, 50_s)};
  in.horizon = at(150_s);
  Recorder recorder(kArrived | kEnded);
  run_with(std::move(in), &recorder);
  const std::vector<Asked> expected = {
      on_period(at(0_s)),         on_event(at(10_s), kArrived | kEnded), on_event(at(30_s), kArrived),
      on_event(at(90_s), kEnded), on_period(at(100_s), kArrived),        on_event(at(110_s), kArrived | kEnded)};
  EXPECT_EQ(recorder.asked, expected);
}

// At 20 s the first job has the node and the second waits: the queue has been asked before the allocator.
TEST(EventReviews, ComeAfterTheQueueHasAnswered) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job(at(20_s), 8, 60_s), job(at(20_s), 4, 60_s)};
  in.horizon = at(50_s);
  Recorder recorder(kArrived);
  run_with(std::move(in), &recorder);
  ASSERT_EQ(recorder.asked, (std::vector<Asked>{on_period(at(0_s)), on_event(at(20_s), kArrived)}));
  EXPECT_EQ(recorder.waiting.back(), Gpus{4});
}

TEST(EventReviews, WhatIsNotWantedIsNotTold) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  in.training.jobs = {job(at(20_s), 8, 60_s)};
  in.horizon = at(150_s);
  Recorder recorder({});
  run_with(std::move(in), &recorder);
  EXPECT_EQ(recorder.asked, (std::vector<Asked>{on_period(at(0_s)), on_period(at(100_s))}));
}

// One replica that serves one request at a time, `step` each; all others wait at the front.
Inputs one_at_a_time(Duration step, std::vector<Request> requests) {
  Inputs in = empty_inputs({node_group("n", 2, 8)});
  PoolSetup pool = fixed_pool({instance(0, 8, 100'000, {.base = step})}, 1);
  pool.max_nodes = Nodes{2};
  pool.router = std::make_unique<FirstRoomRouter>(1);
  in.pools.push_back(std::move(pool));
  add_requests(&in, 0, std::move(requests));
  return in;
}

std::vector<Request> every_second(std::int64_t from, std::int64_t count) {
  std::vector<Request> requests;
  for (std::int64_t i = 0; i < count; ++i) requests.push_back(request(at((from + i) * 1_s), 1, 1));
  return requests;
}

// One request runs and k - 1 wait after the k-th, which comes at 19 s + k.  More than 8: 29 s.  More than 2 x 9: 39 s.
// More than 2 x 19: 59 s.  More than 2 x 39: 99 s.  80 wait at the review of 100 s.
TEST(EventReviews, AQueueThatJumps) {
  Inputs in = one_at_a_time(1000_s, every_second(20, 100));
  in.horizon = at(119_s);
  Recorder recorder(kJump);
  run_with(std::move(in), &recorder);
  EXPECT_EQ(recorder.asked,
            (std::vector<Asked>{on_period(at(0_s)), on_event(at(29_s), kJump), on_event(at(39_s), kJump),
                                on_event(at(59_s), kJump), on_event(at(99_s), kJump), on_period(at(100_s))}));
  EXPECT_EQ(recorder.pool[1].held, 9);
}

// The jump of 29 s waits until 0 s + 30 s, when 10 wait; more than 20 do at 41 s, which waits until 60 s, when 40 do.
TEST(EventReviews, AreNotCloserThanTheGap) {
  Inputs in = one_at_a_time(1000_s, every_second(20, 100));
  in.horizon = at(119_s);
  in.min_review_gap = 30_s;
  Recorder recorder(kJump);
  run_with(std::move(in), &recorder);
  EXPECT_EQ(recorder.asked, (std::vector<Asked>{on_period(at(0_s)), on_event(at(30_s), kJump),
                                                on_event(at(60_s), kJump), on_period(at(100_s))}));
  EXPECT_EQ(recorder.pool[2].held, 40);
}

// 19 requests meet 5.5 s.  Of ten that come at 20 s the k-th is out at 20 s + k: five meet it, the sixth makes 24 of
// 25 (96 %), the seventh 24 of 26 (92.3 %).  Told once a period.
TEST(EventReviews, ABrokenSlo) {
  std::vector<Request> requests = every_second(1, 19);
  for (int i = 0; i < 10; ++i) requests.push_back(request(at(20_s), 1, 1));
  Inputs in = one_at_a_time(1_s, std::move(requests));
  in.pools[0].slo.ttft = 5'500_ms;
  in.horizon = at(150_s);
  Recorder recorder({.slo_broken = true});
  run_with(std::move(in), &recorder);
  EXPECT_EQ(recorder.asked,
            (std::vector<Asked>{on_period(at(0_s)), on_event(at(27_s), {.slo_broken = true}), on_period(at(100_s))}));
  EXPECT_EQ(recorder.pool[1].finished, 26);
  EXPECT_DOUBLE_EQ(recorder.pool[1].slo_met, 24.0 / 26);
}

TEST(EventReviews, NothingBreaksWithoutAnSlo) {
  std::vector<Request> requests;
  for (int i = 0; i < 30; ++i) requests.push_back(request(at(1_s), 1, 1));
  Inputs in = one_at_a_time(1_s, std::move(requests));
  in.horizon = at(50_s);
  Recorder recorder({.slo_broken = true});
  run_with(std::move(in), &recorder);
  EXPECT_EQ(recorder.asked, std::vector<Asked>{on_period(at(0_s))});
}

// 200 prompt and 50 output tokens in the first period (20,000 and 2,000 a second are a node), 60 and 20 in the 25 s
// after it: with three quarters of the former it is 210 and 57.5 a period.  The next period sees its own figures.
TEST(EventReviews, TheLoadStandsForAWholePeriod) {
  Inputs in = one_at_a_time(10_ms, {request(at(10_s), 200, 50), request(at(110_s), 60, 20)});
  in.training.jobs = {job(at(125_s), 8, 1_s)};
  in.horizon = at(201_s);
  Recorder recorder(kArrived);
  run_with(std::move(in), &recorder);
  ASSERT_EQ(recorder.asked, (std::vector<Asked>{on_period(at(0_s)), on_period(at(100_s)), on_event(at(125_s), kArrived),
                                                on_period(at(200_s))}));
  EXPECT_DOUBLE_EQ(recorder.pool[1].load_nodes, 2.0 / 20'000 + 0.5 / 2'000);
  EXPECT_DOUBLE_EQ(recorder.pool[2].load_nodes, 2.1 / 20'000 + 0.575 / 2'000);
  EXPECT_EQ(recorder.pool[2].prompt, Tokens{60});
  EXPECT_DOUBLE_EQ(recorder.pool[3].load_nodes, 0.6 / 20'000 + 0.2 / 2'000);
  EXPECT_EQ(recorder.pool[3].output, Tokens{20});
}

// 20,000 jobs a second for three seconds, which end at once: a review a second.
TEST(EventReviews, AStormOfEventsIsNotOneOfReviews) {
  Inputs in = empty_inputs({node_group("n", 1, 8)});
  for (std::int64_t i = 0; i < 60'000; ++i) in.training.jobs.push_back(job(Instant{50'000 * i}, 8, Duration{1000}));
  in.horizon = at(3_s);
  in.min_review_gap = 1_s;
  Recorder recorder(kArrived | kEnded);
  run_with(std::move(in), &recorder);
  EXPECT_EQ(recorder.asked.size(), 4U);  // 0 s (on the period), 1 s, 2 s, 3 s.
}

struct Taken final : Observer {
  void on_node_taken(Instant t, NodeId, PoolId) override { at.push_back(t); }
  std::vector<Instant> at;
};

Instant second_node(bool on_events) {
  Inputs in = one_at_a_time(1000_s, every_second(20, 100));
  in.horizon = at(119_s);
  in.review_every = 100_s;
  in.allocator =
      make_policy(builtin_policies().allocators, "priority_reclaim", {{"on_events", on_events ? "true" : "false"}});
  Taken taken;
  in.observers.push_back(&taken);
  EXPECT_TRUE(simulate(std::move(in)).ok());
  return taken.at.size() == 2 ? taken.at[1] : Instant::never();
}

TEST(EventReviews, PriorityReclaimTakesANodeWhenTheQueueJumps) { EXPECT_EQ(second_node(true), at(29_s)); }
TEST(EventReviews, PriorityReclaimWaitsForThePeriodIfToldTo) { EXPECT_EQ(second_node(false), at(100_s)); }

}  // namespace
}  // namespace jevons::testing
