// Transforms against what their contracts say, element by element.
#include "traces/transform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "tests/traces/support.h"
#include "traces/fields.h"
#include "traces/generate/requests.h"

namespace jevons::test {
namespace {

std::vector<Request> line(int n, std::int64_t step_ns = 10) {
  std::vector<Request> all;
  for (int i = 0; i < n; ++i) {
    Request r = request_at(i * step_ns, 512 + i);
    r.hash_block = Tokens{512};
    r.block_hashes = {7, static_cast<std::uint64_t>(i)};
    all.push_back(r);
  }
  return all;
}
RequestSourcePtr given(std::vector<Request> r) { return std::make_unique<Given>(std::move(r)); }
std::vector<Request> out(Result<RequestSourcePtr> source) {
  const ReadTrace t = drain(std::move(source));
  EXPECT_EQ(t.error, "");
  return t.requests;
}

TEST(Slice, KeepsTheWindowAndRebases) {
  const auto got = out(slice(given(line(10)), Instant{20}, Instant{50}));
  ASSERT_EQ(got.size(), 3U);
  EXPECT_EQ(got[0].arrival, Instant{0});
  EXPECT_EQ(got[0].prompt, Tokens{514});
  EXPECT_EQ(got[2].arrival, Instant{20});
  EXPECT_TRUE(out(slice(given(line(10)), Instant{5}, Instant{5})).empty());
  EXPECT_FALSE(slice(given({}), Instant{5}, Instant{4}).ok());
  EXPECT_FALSE(slice(given({}), Instant{-1}, Instant{4}).ok());
  // Asked again after the end, it stays at the end.
  auto s = *slice(given(line(10)), Instant{0}, Instant{15});
  Request r;
  while (*s->next(&r)) {
  }
  EXPECT_FALSE(*s->next(&r));
}

TEST(ScaleTime, IsExactAndRoundsHalfUp) {
  const auto got = out(scale_time(
      given({request_at(0), request_at(1), request_at(2), request_at(3), request_at(9'000'000'000)}), {3, 2}));
  EXPECT_EQ(got[1].arrival.ns, 2);
  EXPECT_EQ(got[2].arrival.ns, 3);
  EXPECT_EQ(got[3].arrival.ns, 5);
  EXPECT_EQ(got[4].arrival.ns, 13'500'000'000);
  const ReadTrace far = drain(scale_time(given({request_at(kMaxTimeNs)}), {1'000'000'000, 1}));
  EXPECT_EQ(far.error, "time scale moves a time beyond 285 years (expected a time from 0 to 285 years)");
  for (const Ratio bad : {Ratio{0, 1}, Ratio{1, 0}, Ratio{-1, 1}, Ratio{1'000'000'001, 1}})
    EXPECT_FALSE(scale_time(given({}), bad).ok());
}

TEST(RatioOf, IsTheDecimalOneSees) {
  EXPECT_EQ(ratio_of(0.1)->num, 1);
  EXPECT_EQ(ratio_of(0.1)->den, 10);
  EXPECT_EQ(ratio_of(2)->num, 2);
  EXPECT_EQ(ratio_of(2)->den, 1);
  EXPECT_EQ(ratio_of(1.25)->num, 125);
  EXPECT_EQ(ratio_of(1e-9)->den, 1'000'000'000);
  EXPECT_EQ(ratio_of(1e9)->num, 1'000'000'000);
  EXPECT_FALSE(ratio_of(1.0 / 3).ok());
  EXPECT_FALSE(ratio_of(0).ok());
  EXPECT_FALSE(ratio_of(std::nan("")).ok());
  EXPECT_FALSE(ratio_of(2e9).ok());
}

TEST(Shift, MovesEverythingButNotBeforeZero) {
  EXPECT_EQ(out(shift(given(line(3)), Duration{5}))[2].arrival, Instant{25});
  EXPECT_EQ(out(shift(given({request_at(7)}), Duration{-7}))[0].arrival, Instant{0});
  EXPECT_EQ(drain(shift(given(line(3)), Duration{-1})).error, "shift makes a time negative (expected times from 0)");
  EXPECT_FALSE(shift(given({}), Duration::max()).ok());
}

TEST(Limit, KeepsTheFirst) {
  EXPECT_EQ(out(limit(given(line(10)), 4)).size(), 4U);
  EXPECT_EQ(out(limit(given(line(10)), 40)).size(), 10U);
  EXPECT_TRUE(out(limit(given(line(10)), 0)).empty());
}

TEST(Thin, KeepsAShareSeeded) {
  const auto a = out(thin(given(line(20'000)), 0.3, {1, "t"})), b = out(thin(given(line(20'000)), 0.3, {1, "t"}));
  EXPECT_TRUE(same(a, b));
  EXPECT_NEAR(static_cast<double>(a.size()), 6000, 4 * std::sqrt(20'000 * 0.21));
  EXPECT_TRUE(out(thin(given(line(100)), 0, {1, "t"})).empty());
  EXPECT_EQ(out(thin(given(line(100)), 1, {1, "t"})).size(), 100U);
  EXPECT_FALSE(thin(given({}), 1.1, {1, "t"}).ok());
}

TEST(ScaleRate, MultipliesCopiesWithinTheJitterAndTheirHashesApart) {
  const auto original = line(2000, 1'000'000'000);
  const auto got = out(scale_rate(given(original), 2.5, {1, "r"}, 60_s));
  EXPECT_NEAR(static_cast<double>(got.size()), 5000, 4 * std::sqrt(2000 * 0.25));
  std::map<std::int64_t, std::vector<Request>> by_prompt;  // Prompts number the originals.
  for (const Request& r : got) by_prompt[r.prompt.value].push_back(r);
  ASSERT_EQ(by_prompt.size(), 2000U);
  std::map<std::size_t, std::set<std::uint64_t>> shared;  // Copy -> what became of the hash that all share.
  for (const Request& o : original) {
    const auto& copies = by_prompt[o.prompt.value];
    ASSERT_TRUE(copies.size() == 2 || copies.size() == 3);
    std::set<std::uint64_t> firsts;
    bool has_original = false;
    for (const Request& c : copies) {
      EXPECT_GE(c.arrival, o.arrival);
      EXPECT_LT(c.arrival, o.arrival + 60_s);
      has_original = has_original || same(c, o);
      firsts.insert(c.block_hashes[0]);
      shared[0].insert(c.block_hashes[0]);
    }
    EXPECT_TRUE(has_original);
    EXPECT_EQ(firsts.size(), copies.size());
  }
  EXPECT_EQ(shared[0].size(), 3U);  // One for each copy number: within a copy, users share as they did.
  EXPECT_TRUE(same(got, out(scale_rate(given(original), 2.5, {1, "r"}, 60_s))));
  EXPECT_TRUE(same(out(scale_rate(given(original), 1, {1, "r"})), original));
  EXPECT_EQ(out(scale_rate(given(original), 3, {1, "r"})).size(), 6000U);
  EXPECT_TRUE(same(out(scale_rate(given(original), 0.25, {1, "r"})), out(thin(given(original), 0.25, {1, "r"}))));
  EXPECT_FALSE(scale_rate(given({}), -1, {1, "r"}).ok());
  EXPECT_FALSE(scale_rate(given({}), 2, {1, "r"}, Duration{0}).ok());
}

TEST(Merge, IsSortedTiesInOrderOfSources) {
  std::vector<RequestSourcePtr> sources;
  sources.push_back(with_workload(given({request_at(1), request_at(5), request_at(5)}), 0));
  sources.push_back(with_workload(given({}), 1));
  sources.push_back(with_workload(given({request_at(0), request_at(5), request_at(9)}), 2));
  auto merged = merge(std::move(sources));
  std::string order;
  Request r;
  while (*(*merged)->next(&r)) order += std::to_string(r.arrival.ns) + ":" + std::to_string(r.workload) + " ";
  EXPECT_EQ(order, "0:2 1:0 5:0 5:0 5:2 9:2 ");
  EXPECT_EQ((*merged)->counts().rows, 6U);
  EXPECT_TRUE(out(merge({})).empty());
}

TEST(Repeat, OpensAnewCutsAndSalts) {
  int opened = 0;
  const auto open = [&]() -> Result<RequestSourcePtr> {
    ++opened;
    return given(line(5));
  };
  const auto got = out(repeat(open, Duration{35}, 3));
  EXPECT_EQ(opened, 3);
  ASSERT_EQ(got.size(), 12U);  // Arrivals 0, 10, 20, 30; the one at 40 is beyond the period.
  EXPECT_EQ(got[4].arrival, Instant{35});
  EXPECT_EQ(got[11].arrival, Instant{100});
  EXPECT_EQ(got[0].block_hashes[0], 7U);
  EXPECT_NE(got[4].block_hashes[0], 7U);
  EXPECT_EQ(got[4].block_hashes[0], got[5].block_hashes[0]);
  EXPECT_NE(got[4].block_hashes[0], got[8].block_hashes[0]);
  EXPECT_TRUE(out(repeat(open, Duration{35}, 0)).empty());
  EXPECT_FALSE(repeat(open, Duration{0}, 3).ok());
  opened = 0;
  EXPECT_TRUE(out(repeat(
                      [&]() -> Result<RequestSourcePtr> {
                        ++opened;
                        return given({});
                      },
                      Duration{35}, 1'000'000))
                  .empty());
  EXPECT_EQ(opened, 1);  // A trace of nothing is not opened a million times.
  const ReadTrace broken = drain(repeat(
      []() -> Result<RequestSourcePtr> {
        return Error{"gone", "x"};
      },
      Duration{1}, 2));
  EXPECT_EQ(broken.error, "x: gone");
  EXPECT_EQ(drain(repeat(open, Duration{kMaxTimeNs}, 5)).error,
            "repeat moves a time beyond 285 years (expected a time from 0 to 285 years)");
}

TEST(Transforms, ComposeAndStaySorted) {
  RequestGeneratorOptions o;
  o.arrivals.rate = 100;
  o.limit = 3000;
  auto s = generate_requests(o, 1, "g");
  s = scale_rate(*std::move(s), 3.3, {1, "a"}, 2_s);
  s = scale_time(*std::move(s), *ratio_of(0.7));
  s = thin(*std::move(s), 0.5, {1, "b"});
  s = slice(*std::move(s), Instant{0} + 1_s, Instant{0} + 15_s);
  s = shift(*std::move(s), 3_s);
  const auto got = out(std::move(s));  // out() checks the order.
  EXPECT_GT(got.size(), 1000U);
  EXPECT_GE(got.front().arrival, Instant{0} + 3_s);
  EXPECT_LT(got.back().arrival, Instant{0} + 17_s);
}

JobTrace jobs(int n) {
  JobTrace t;
  for (int i = 0; i < n; ++i) {
    t.jobs.push_back({std::to_string(i), Instant{i * 10}, Gpus{i + 1}, Duration{100}, Duration{200}, "t", 0});
  }
  return t;
}

TEST(JobTransforms, DoWhatTheyDoToRequests) {
  JobTrace t = jobs(10);
  ASSERT_TRUE(slice(&t, Instant{20}, Instant{50}).ok());
  ASSERT_EQ(t.jobs.size(), 3U);
  EXPECT_EQ(t.jobs[1].submit, Instant{10});
  ASSERT_TRUE(scale_time(&t, {3, 1}).ok());
  EXPECT_EQ(t.jobs[1].submit, Instant{30});
  EXPECT_EQ(t.jobs[1].run_time, Duration{100});
  ASSERT_TRUE(shift(&t, Duration{5}).ok());
  EXPECT_EQ(t.jobs[0].submit, Instant{5});
  EXPECT_FALSE(shift(&t, Duration{-6}).ok());
  t = jobs(3);
  ASSERT_TRUE(repeat(&t, Duration{25}, 2).ok());
  ASSERT_EQ(t.jobs.size(), 6U);
  EXPECT_EQ(t.jobs[3].name, "0#2");
  EXPECT_EQ(t.jobs[5].submit, Instant{45});
  ASSERT_TRUE(limit(&t, 2).ok());
  EXPECT_EQ(t.jobs.size(), 2U);
  t = jobs(3);
  ASSERT_TRUE(merge(&t, jobs(2)).ok());
  std::string order;
  for (const TrainingJob& j : t.jobs) order += j.name + " ";
  EXPECT_EQ(order, "0 0 1 1 2 ");
  t = jobs(3);
  ASSERT_TRUE(scale_gpus(&t, 0.4).ok());
  EXPECT_EQ(t.jobs[0].gpus, Gpus{1});
  EXPECT_EQ(t.jobs[2].gpus, Gpus{2});
  EXPECT_FALSE(scale_gpus(&t, 1e9).ok());
  t = jobs(3000);
  ASSERT_TRUE(scale_rate(&t, 2.5, {1, "r"}, Duration{1000}).ok());
  EXPECT_NEAR(static_cast<double>(t.jobs.size()), 7500, 4 * std::sqrt(3000 * 0.25));
  EXPECT_TRUE(
      std::is_sorted(t.jobs.begin(), t.jobs.end(), [](const auto& a, const auto& b) { return a.submit < b.submit; }));
  t = jobs(3000);
  ASSERT_TRUE(thin(&t, 0.5, {1, "r"}).ok());
  EXPECT_NEAR(static_cast<double>(t.jobs.size()), 1500, 110);
  EXPECT_FALSE(repeat(&t, Duration{1'000'000}, 1'000'000).ok());
  EXPECT_FALSE(scale_rate(&t, 1e6, {1, "r"}).ok());
}

}  // namespace
}  // namespace jevons::test
