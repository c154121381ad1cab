// What does not meet does not matter, and names do not matter: parts far apart in time or on other machines behave as
// if alone (check 30), and the order in which streams, pools and groups are listed changes nobody's times (check 28).
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/in_child.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {
namespace {

constexpr Duration kFar = 100_h;  // Long after everything of the first part has ended.

std::string when(Instant t, Duration shift) {
  return (t == Instant::never() ? "never" : std::to_string((t - shift).ns)) + " ";
}

// One line a record, sorted: times only, for ids and names may differ.  Those from `from` on, moved back by as much.
std::vector<std::string> times_of(const Records& records, Instant from, Instant to) {
  std::vector<std::string> lines;
  const Duration shift = from - Instant{};
  for (const RequestRecord& r : records.requests) {
    if (r.arrival < from || r.arrival >= to) continue;
    lines.push_back("request " + when(r.arrival, shift) + when(r.scheduled, shift) + when(r.first_token, shift) +
                    when(r.finish, shift) + std::to_string(r.prompt.value) + " " + std::to_string(r.output.value) +
                    " " + std::to_string(r.preemptions));
  }
  for (const JobRecord& j : records.jobs) {
    if (j.submit < from || j.submit >= to) continue;
    lines.push_back("job " + when(j.submit, shift) + when(j.first_start, shift) + when(j.finish, shift) +
                    std::to_string(j.gpus.value) + " " + std::to_string(j.preemptions));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Simulated in a process of its own; `windows` are the starts of the parts, the last one open.
std::string run(const std::function<Inputs()>& make, std::vector<Instant> windows) {
  const ChildResult child = in_child([&] {
    Records records;
    Inputs in = make();
    in.observers.push_back(&records);
    const auto result = simulate(std::move(in));
    if (!result) return "error: " + result.error().text();
    std::vector<std::string> lines;
    windows.push_back(Instant::never());
    for (std::size_t i = 0; i + 1 < windows.size(); ++i) {
      const auto part = times_of(records, windows[i], windows[i + 1]);
      lines.insert(lines.end(), part.begin(), part.end());
    }
    std::sort(lines.begin(), lines.end());
    return joined(lines);
  });
  return child.bytes;
}

// The lines of both.
std::string merged(const std::string& a, const std::string& b) {
  std::vector<std::string> lines;
  for (const std::string& text : {a, b}) {
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = text.find('\n', from);
      lines.push_back(text.substr(from, end - from));
      from = end + 1;
    }
  }
  std::sort(lines.begin(), lines.end());
  return joined(lines);
}

// No two arrive at the same instant, in no stream of any seed: the seed is the last digit.
std::vector<Request> some_requests(std::uint64_t seed, std::size_t count, Duration shift = {}) {
  RandomStream random(seed, "requests");
  std::vector<Request> all;
  std::int64_t t = 0;
  for (std::size_t i = 0; i < count; ++i) {
    t += 10 * static_cast<std::int64_t>(1 + random.below(20'000'000));
    all.push_back(request(Instant{t + static_cast<std::int64_t>(seed)} + shift,
                          static_cast<std::int64_t>(1 + random.below(3000)),
                          static_cast<std::int64_t>(1 + random.below(200))));
  }
  return all;
}

std::vector<TrainingJob> some_jobs(std::uint64_t seed, std::size_t count, Duration shift = {}) {
  RandomStream random(seed, "jobs");
  std::vector<TrainingJob> all;
  std::int64_t t = 0;
  for (std::size_t i = 0; i < count; ++i) {
    t += static_cast<std::int64_t>(1 + random.below(200'000'000'000));
    TrainingJob j;
    j.name = std::to_string(seed) + "-" + std::to_string(i);
    j.submit = Instant{t} + shift;
    j.gpus = Gpus{static_cast<std::int32_t>(1U << random.below(5))};
    j.run_time = Duration{static_cast<std::int64_t>(1 + random.below(2'000'000'000'000))};
    j.estimate = Duration{j.run_time.ns * static_cast<std::int64_t>(1 + random.below(3))};
    all.push_back(std::move(j));
  }
  return all;
}

PoolSetup pool_on(std::uint32_t group, const std::string& router) {
  PoolSetup p = fixed_pool({instance(group, 4, 400, {.base = 5_ms, .per_token = 10_us, .per_sequence = 50_us})}, 2);
  p.name += std::to_string(group);
  p.router_name = router;
  p.router = make_policy(builtin_policies().routers, router);
  p.limits.max_num_batched_tokens = Tokens{2048};
  return p;
}

Inputs jobs_only(const std::string& queue, std::vector<TrainingJob> jobs) {
  Inputs in = empty_inputs({node_group("n", 4, 8)});
  in.training.queue_name = queue;
  in.training.queue = make_policy(builtin_policies().training_queues, queue);
  in.training.jobs = std::move(jobs);
  return in;
}

// Queues without a memory of what was: what tenants had, or how long jobs of a kind ran, is carried over by intent.
TEST(FarApart, TwoTracesOfJobsAreAsEachAlone) {
  for (const char* queue : {"fcfs", "first_fit", "easy_backfill", "conservative_backfill", "sjf", "srtf"}) {
    const std::vector<TrainingJob> a = some_jobs(1, 40), b = some_jobs(2, 40);
    std::vector<TrainingJob> both = a;
    for (TrainingJob& j : some_jobs(2, 40, kFar)) both.push_back(std::move(j));
    const std::string alone_a = run([&] { return jobs_only(queue, a); }, {Instant{}});
    const std::string alone_b = run([&] { return jobs_only(queue, b); }, {Instant{}});
    ASSERT_TRUE(alone_a.starts_with("job ")) << queue << " " << alone_a;
    EXPECT_NE(alone_a, alone_b);
    EXPECT_EQ(run([&] { return jobs_only(queue, both); }, {Instant{}, Instant{} + kFar}), merged(alone_a, alone_b))
        << queue;
  }
}

TEST(FarApart, TwoTracesOfRequestsAreAsEachAlone) {
  const auto make = [](std::vector<Request> requests) {
    Inputs in = empty_inputs({node_group("n", 2, 8)});
    in.pools.push_back(pool_on(0, "least_requests"));
    add_requests(&in, 0, std::move(requests));
    return in;
  };
  const std::vector<Request> a = some_requests(1, 400), b = some_requests(2, 400);
  std::vector<Request> both = a;
  for (Request& r : some_requests(2, 400, kFar)) both.push_back(std::move(r));
  const std::string alone_a = run([&] { return make(a); }, {Instant{}}),
                    alone_b = run([&] { return make(b); }, {Instant{}});
  ASSERT_TRUE(alone_a.starts_with("request ")) << alone_a;
  EXPECT_EQ(run([&] { return make(both); }, {Instant{}, Instant{} + kFar}), merged(alone_a, alone_b));
}

// Two pools on groups of their own, and training on a third.
TEST(OnOtherMachines, PoolsAndTrainingAreAsEachAlone) {
  const auto make = [](bool first, bool second, bool train) {
    Inputs in = empty_inputs({node_group("a", 2, 8), node_group("b", 2, 8), node_group("c", 4, 8)});
    in.pools.push_back(pool_on(0, "least_requests"));
    in.pools.push_back(pool_on(1, "round_robin"));
    in.training.speed_by_group = {0, 0, 1};
    if (first) add_requests(&in, 0, some_requests(1, 300));
    if (second) add_requests(&in, 1, some_requests(2, 300));
    if (train) in.training.jobs = some_jobs(3, 40);
    return in;
  };
  const auto alone = [&](bool first, bool second, bool train) {
    return run([&] { return make(first, second, train); }, {Instant{}});
  };
  EXPECT_TRUE(alone(false, false, true).starts_with("job "));
  EXPECT_TRUE(alone(false, true, false).starts_with("request "));
  EXPECT_EQ(alone(true, true, true),
            merged(merged(alone(true, false, false), alone(false, true, false)), alone(false, false, true)));
}

TEST(Names, TheOrderOfStreamsPoolsAndGroupsChangesNobodysTimes) {
  const auto make = [](bool swapped) {
    Inputs in = empty_inputs(swapped ? std::vector{node_group("b", 3, 8), node_group("a", 2, 8)}
                                     : std::vector{node_group("a", 2, 8), node_group("b", 3, 8)});
    const std::uint32_t a = swapped ? 1 : 0, b = 1 - a;
    in.pools.push_back(pool_on(0, "least_requests"));
    in.pools.push_back(pool_on(1, "least_requests"));
    for (const std::uint64_t seed :
         swapped ? std::vector<std::uint64_t>{4, 3, 2, 1} : std::vector<std::uint64_t>{1, 2, 3, 4}) {
      add_requests(&in, seed % 2 == 0 ? a : b, some_requests(seed, 200));
    }
    return in;
  };
  const std::string straight = run([&] { return make(false); }, {Instant{}});
  ASSERT_TRUE(straight.starts_with("request ")) << straight;
  EXPECT_EQ(run([&] { return make(true); }, {Instant{}}), straight);
}

}  // namespace
}  // namespace jevons::testing
