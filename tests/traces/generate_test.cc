// Generators of lengths, requests and jobs: laws by Kolmogorov-Smirnov and chi-squared at fixed seeds, independent
// streams.
#include <gtest/gtest.h>

#include <boost/math/distributions/lognormal.hpp>
#include <cmath>
#include <map>

#include "tests/traces/statistics.h"
#include "tests/traces/support.h"
#include "traces/fields.h"
#include "traces/generate/requests.h"
#include "traces/generate/training_jobs.h"
#include "traces/summary.h"

namespace jevons::test {
namespace {

std::vector<double> lengths(const LengthOptions& o, int n = 40'000) {
  auto sampler = LengthSampler::create(o);
  EXPECT_TRUE(sampler.ok()) << sampler.error().text();
  RandomStream random(1, "lengths");
  std::vector<double> all;
  for (int i = 0; i < n; ++i) all.push_back(static_cast<double>(sampler->draw(&random).value));
  return all;
}

TEST(Lengths, LognormalByMedianOrMean) {
  LengthOptions o;
  o.law = LengthLaw::kLognormal;
  o.sigma = 1.2;
  o.median = 50'000;
  o.max = Tokens{kMaxGpus * 1000};
  // The rounding to whole tokens moves the law by less than the test sees at this median.
  EXPECT_GT(ks_p(lengths(o),
                 [](double x) {
                   return boost::math::cdf(boost::math::lognormal_distribution<>(std::log(50'000.0), 1.2), x);
                 }),
            kTooUnlikely);
  o.mean = 50'000;
  EXPECT_FALSE(LengthSampler::create(o).ok());
  o.median = 0;
  EXPECT_GT(ks_p(lengths(o),
                 [](double x) {
                   return boost::math::cdf(boost::math::lognormal_distribution<>(std::log(50'000.0) - 0.72, 1.2), x);
                 }),
            kTooUnlikely);
  o.min = Tokens{40'000};
  o.max = Tokens{60'000};
  const auto clamped = lengths(o);
  EXPECT_EQ(*std::min_element(clamped.begin(), clamped.end()), 40'000);
  EXPECT_EQ(*std::max_element(clamped.begin(), clamped.end()), 60'000);
  o.sigma = 10;  // Draws far beyond any integer.
  lengths(o);
}

TEST(Lengths, GeometricConstantEmpirical) {
  LengthOptions o;
  o.law = LengthLaw::kGeometric;
  o.mean = 5;
  std::vector<double> counts(20), expected(20);
  for (const double x : lengths(o)) ++counts[std::min<std::size_t>(static_cast<std::size_t>(x) - 1, 19)];
  for (std::size_t k = 0; k < 20; ++k)
    expected[k] = 40'000 * std::pow(0.8, static_cast<double>(k)) * (k < 19 ? 0.2 : 1);
  EXPECT_GT(chi_squared_p(counts, expected), kTooUnlikely);
  o.mean = 1;
  EXPECT_EQ(lengths(o), std::vector<double>(40'000, 1));

  LengthOptions constant;
  constant.constant = Tokens{77};
  EXPECT_EQ(lengths(constant), std::vector<double>(40'000, 77));

  LengthOptions empirical;
  empirical.law = LengthLaw::kEmpirical;
  empirical.empirical = {{Tokens{1}, 1}, {Tokens{5}, 0}, {Tokens{7}, 2.5}, {Tokens{100}, 0.5}, {Tokens{1000}, 6}};
  std::map<double, double> seen;
  for (const double x : lengths(empirical)) ++seen[x];
  EXPECT_EQ(seen.size(), 4U);
  EXPECT_GT(chi_squared_p({seen[1], seen[7], seen[100], seen[1000]}, {4000, 10'000, 2000, 24'000}), kTooUnlikely);
}

TEST(Lengths, BadOptionsAreErrors) {
  const auto error = [](LengthOptions o) {
    const auto s = LengthSampler::create(std::move(o));
    return s.ok() ? "" : s.error().text();
  };
  LengthOptions o;
  o.min = Tokens{5};
  o.max = Tokens{4};
  EXPECT_EQ(error(o), "min and max of a length are out of range (expected 1 <= min <= max <= 2^40)");
  o = {};
  o.constant = Tokens{0};
  EXPECT_EQ(error(o), "constant length is out of range (expected 1 to 2^40)");
  o.law = LengthLaw::kLognormal;
  EXPECT_EQ(error(o), "a lognormal length needs a median or a mean above 0, up to 1e12 (expected one of the two)");
  o.median = 1;
  o.sigma = -1;
  EXPECT_EQ(error(o), "sigma is out of range (expected 0 to 10)");
  o.law = LengthLaw::kGeometric;
  EXPECT_EQ(error(o), "mean of a geometric length is out of range (expected 1 to 1e12)");
  o.law = LengthLaw::kEmpirical;
  EXPECT_EQ(error(o), "no weight is above 0 (expected at least one)");
  o.empirical = {{Tokens{1}, -1}};
  EXPECT_EQ(error(o), "a weight is out of range (expected 0 to 1e18)");
  o.empirical = {{Tokens{0}, 1}};
  EXPECT_EQ(error(o), "an empirical length is out of range (expected 1 to 2^40)");
}

TEST(Lengths, OfATraceComeBackAsItsLaw) {
  std::vector<Request> requests;
  for (int i = 0; i < 10; ++i) requests.push_back(request_at(i, 100 + i % 2, 7));
  Given given(requests);
  const auto lengths = lengths_of(&given);
  ASSERT_TRUE(lengths.ok());
  ASSERT_EQ(lengths->prompt.size(), 2U);
  EXPECT_EQ(lengths->prompt[1].value, Tokens{101});
  EXPECT_EQ(lengths->prompt[1].weight, 5);
  EXPECT_EQ(lengths->output.size(), 1U);
  Given nothing({});
  EXPECT_FALSE(lengths_of(&nothing).ok());
}

RequestGeneratorOptions chat() {
  RequestGeneratorOptions o;
  o.arrivals.rate = 10;
  o.prompt.law = LengthLaw::kLognormal;
  o.prompt.median = 1000;
  o.prompt.sigma = 1;
  o.output = o.prompt;
  o.output.median = 150;
  o.limit = 5000;
  return o;
}

std::vector<Request> made(const RequestGeneratorOptions& o, std::uint64_t seed = 1, const std::string& stream = "s") {
  return drain(generate_requests(o, seed, stream)).requests;
}

TEST(Requests, ChangingOneLawLeavesTheOthersAsTheyWere) {
  const auto base = made(chat());
  EXPECT_EQ(base.size(), 5000U);
  EXPECT_TRUE(same(base, made(chat())));
  EXPECT_FALSE(same(base, made(chat(), 2)));
  EXPECT_FALSE(same(base, made(chat(), 1, "t")));
  RequestGeneratorOptions o = chat();
  o.arrivals.law = ArrivalLaw::kGamma;
  o.arrivals.cv = 3;
  o.output.law = LengthLaw::kConstant;
  const auto other = made(o);
  for (std::size_t i = 0; i < base.size(); ++i) EXPECT_EQ(base[i].prompt, other[i].prompt);
  o = chat();
  o.prompt.sigma = 0;
  o.prefix.share = 0.5;
  o.prefix.length.constant = Tokens{100};
  const auto third = made(o);
  for (std::size_t i = 0; i < base.size(); ++i) {
    EXPECT_EQ(base[i].arrival, third[i].arrival);
    EXPECT_EQ(base[i].output, third[i].output);
  }
}

TEST(Requests, PrefixesAreSharedByShareAndPopularity) {
  RequestGeneratorOptions o = chat();
  o.limit = 60'000;
  o.prefix.share = 0.75;
  o.prefix.count = 10;
  o.prefix.zipf = 1;
  o.prefix.length.constant = Tokens{1000};
  o.prefix.hash_block = Tokens{64};
  const auto all = made(o);
  std::map<std::uint64_t, double> first;
  double with = 0;
  for (const Request& r : all) {
    if (r.block_hashes.empty()) {
      EXPECT_EQ(r.hash_block, Tokens{0});
      continue;
    }
    ++with;
    EXPECT_EQ(r.hash_block, Tokens{64});
    EXPECT_EQ(r.block_hashes.size(), 15U);  // 1000 tokens hold 15 whole blocks; the 16th holds own tokens too.
    EXPECT_GE(r.prompt, Tokens{1001});
    ++first[r.block_hashes[0]];
  }
  EXPECT_GT(chi_squared_p({with, 60'000 - with}, {45'000, 15'000}), kTooUnlikely);
  EXPECT_EQ(first.size(), 10U);
  std::vector<double> counts, expected;
  double harmonic = 0;
  for (const auto& [hash, n] : first) counts.push_back(n);
  std::sort(counts.rbegin(), counts.rend());
  for (int k = 1; k <= 10; ++k) harmonic += 1.0 / k;
  for (int k = 1; k <= 10; ++k) expected.push_back(with / harmonic / k);
  EXPECT_GT(chi_squared_p(counts, expected), kTooUnlikely);
  // Every text is computed once and then found: reuse is exact.
  PrefixReuse cache;
  std::int64_t reused = 0;
  for (const Request& r : all) reused += cache.add(r).value;
  EXPECT_EQ(reused, (static_cast<std::int64_t>(with) - 10) * 15 * 64);
  // Another stream has other texts.
  for (const Request& r : made(o, 1, "t")) EXPECT_FALSE(!r.block_hashes.empty() && first.contains(r.block_hashes[0]));
}

TEST(Requests, BadOptionsNameTheirPart) {
  RequestGeneratorOptions o = chat();
  o.arrivals.rate = -1;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(),
            "arrivals: rate is out of range (expected above 0, up to 1e9 a second)");
  o = chat();
  o.output.sigma = 99;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "output: sigma is out of range (expected 0 to 10)");
  o = chat();
  o.prefix.share = 2;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "share of prefixes is out of range (expected 0 to 1)");
  o.prefix.share = 1;
  o.prefix.count = 0;
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(),
            "count of prefixes is out of range (expected 1 to 10 million)");
  o.prefix.count = 1;
  o.prefix.length.constant = o.prefix.length.max = Tokens{kMaxTokens};
  EXPECT_EQ(generate_requests(o, 1, "s").error().text(), "a prefix has more than a million hash blocks");
}

TEST(Jobs, SizesRunTimesAndEstimates) {
  JobGeneratorOptions o;
  o.arrivals.rate = 1;
  o.limit = 30'000;
  o.sizes = {{Gpus{1}, 5, 0}, {Gpus{8}, 3, 7e9}, {Gpus{512}, 2, 7e10}};
  o.median_run_time = 2_h;
  o.sigma = 1.5;
  o.min_run_time = 1_ns;
  o.max_run_time = 100'000_h;
  o.estimate_factor = 3;
  const auto trace = generate_jobs(o, 1, "j");
  ASSERT_TRUE(trace.ok());
  std::map<std::int32_t, double> sizes;
  std::vector<double> run, factor;
  for (const TrainingJob& j : trace->jobs) {
    ++sizes[j.gpus.value];
    EXPECT_EQ(j.parameters, j.gpus == Gpus{512} ? 7e10 : j.gpus == Gpus{8} ? 7e9 : 0);
    run.push_back(j.run_time.seconds());
    factor.push_back(j.estimate.seconds() / j.run_time.seconds());
  }
  EXPECT_EQ(trace->jobs[7].name, "job-7");
  EXPECT_GT(chi_squared_p({sizes[1], sizes[8], sizes[512]}, {15'000, 9000, 6000}), kTooUnlikely);
  EXPECT_GT(
      ks_p(run,
           [](double x) { return boost::math::cdf(boost::math::lognormal_distribution<>(std::log(7200.0), 1.5), x); }),
      kTooUnlikely);
  EXPECT_GT(ks_p(factor, [](double x) { return std::clamp((x - 1) / 2, 0.0, 1.0); }), kTooUnlikely);
  o.estimate_factor = 1;
  o.max_run_time = 3_h;
  const auto again = generate_jobs(o, 1, "j");
  for (std::size_t i = 0; i < again->jobs.size(); ++i) {
    EXPECT_EQ(again->jobs[i].estimate, again->jobs[i].run_time);
    EXPECT_EQ(again->jobs[i].run_time, std::min(trace->jobs[i].run_time, 3_h));
    EXPECT_EQ(again->jobs[i].submit, trace->jobs[i].submit);
  }
}

TEST(Jobs, BadOptionsAreErrors) {
  JobGeneratorOptions o;
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "job sizes are missing (expected at least one)");
  o.sizes = {{Gpus{0}, 1, 0}};
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "GPUs of a job are out of range (expected 1 to 100000000)");
  o.sizes = {{Gpus{1}, 0, 0}};
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "sizes: no weight is above 0 (expected at least one)");
  o.sizes = {{Gpus{1}, 1, 0}};
  o.estimate_factor = 0.5;
  EXPECT_EQ(generate_jobs(o, 1, "j").error().text(), "estimate factor is out of range (expected 1 to 1000)");
}

}  // namespace
}  // namespace jevons::test
