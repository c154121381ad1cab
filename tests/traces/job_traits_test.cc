// Job fields through writers and transforms: nothing is lost on the way, what is made up keeps its law.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/traces/support.h"
#include "traces/fields.h"
#include "traces/job_check.h"
#include "traces/transform.h"

namespace jevons::test {
namespace {

TrainingJob job(const std::string& name, std::int64_t submit, int gpus, std::int64_t run = 100) {
  TrainingJob j;
  j.name = name;
  j.submit = Instant{submit};
  j.gpus = Gpus{gpus};
  j.run_time = j.estimate = Duration{run};
  return j;
}
TrainingJob full() {
  TrainingJob j = job("full", 10, 4);
  j.priority = std::numeric_limits<std::int32_t>::min() / 4;
  j.deadline = Instant{11};
  j.flexibility = Flexibility::kElastic;
  j.min_gpus = Gpus{1};
  j.max_gpus = Gpus{100'000'000};
  j.scaling = {{Gpus{1}, 0.1 + 0.2}, {Gpus{4}, 1}, {Gpus{7}, 1.0 / 3}};
  j.speed_by_gpu = {{"H100 \"x\", y", 1}, {"\xff", 1e-300}};
  j.after = {"a \"b\", c", "=x"};
  j.cpus = 1.0 / 3;
  j.memory = Bytes{std::int64_t{1} << 60};
  return j;
}

TEST(JobTraits, EveryFieldSurvivesEveryForm) {
  const Folder folder;
  JobTrace t;
  t.jobs = {job("a \"b\", c", 0, 1), job("=x", 10, 1), full()};
  for (const std::string name : {"a.csv", "a.jtr", "a.csv.gz", "a.jtr.zst"}) {
    ASSERT_TRUE(write_jobs(folder.file(name), t).ok());
    const auto back = read_jobs(folder.file(name));
    ASSERT_TRUE(back.ok()) << back.error().text();
    EXPECT_TRUE(same(back->jobs, t.jobs)) << name;
  }
  // Each field alone brings its column, and no other.
  const std::vector<std::string> columns{"priority", "deadline",     "flexibility",  "min_gpus",
                                         "max_gpus", "scaling",      "speed_by_gpu", "after",
                                         "cpus",     "memory_bytes", "gpu_milli"};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    TrainingJob j = job("one", 10, 4);
    const TrainingJob f = full();
    if (i == 0) j.priority = f.priority;
    if (i == 1) j.deadline = f.deadline;
    if (i == 2) j.flexibility = f.flexibility;
    if (i == 3) j.min_gpus = f.min_gpus;
    if (i == 4) j.max_gpus = f.max_gpus;
    if (i == 5) j.scaling = f.scaling;
    if (i == 6) j.speed_by_gpu = f.speed_by_gpu;
    if (i == 7) j.after = f.after;
    if (i == 8) j.cpus = f.cpus;
    if (i == 9) j.memory = f.memory;
    if (i == 10) {
      j.gpus = Gpus{1};
      j.share = MilliGpus{460};
    }
    t.jobs[2] = j;
    ASSERT_TRUE(write_jobs(folder.file("one.csv"), t).ok());
    const std::string text = bytes_of(folder.file("one.csv"));
    EXPECT_EQ(text.substr(0, text.find('\n')), "job_id,submit,num_gpus,dur,vc,estimate,parameters," + columns[i]);
    for (const std::string name : {"one.csv", "one.jtr"}) {
      ASSERT_TRUE(write_jobs(folder.file(name), t).ok());
      EXPECT_TRUE(same(read_jobs(folder.file(name))->jobs, t.jobs)) << name << " " << columns[i];
    }
  }
}

TEST(JobTraits, AShareIsOfOneGpuAndRigid) {
  TrainingJob j = job("a", 0, 1);
  for (const int milli : {1, 999}) {
    j.share = MilliGpus{milli};
    EXPECT_FALSE(check_job(j)) << milli;
  }
  for (const int milli : {-1, 1000}) {
    j.share = MilliGpus{milli};
    EXPECT_TRUE(check_job(j)) << milli;
  }
  j.share = MilliGpus{500};
  j.gpus = Gpus{2};
  EXPECT_TRUE(check_job(j));
  j.gpus = Gpus{1};
  j.flexibility = Flexibility::kElastic;
  EXPECT_TRUE(check_job(j));
  const Folder folder;
  const std::string head = "submit,num_gpus,dur,gpu_milli\n0,1,5,250\n";
  EXPECT_EQ(read_jobs(folder.write("t", head))->jobs[0].share, MilliGpus{250});
  EXPECT_EQ(read_jobs(folder.write("t", head + "0,1,5,1000\n")).error().text(),
            folder.file("t") +
                ":3:7: GPU share malformed (expected thousandths of a GPU, 1 to 999, or 0 for whole GPUs, got '1000')");
  EXPECT_EQ(
      read_jobs(folder.write("t", head + "0,2,5,250\n")).error().text(),
      folder.file("t") +
          ":3:7: GPU share malformed (expected none, for a job of several GPUs or one that is not rigid, got '250')");
}

TEST(JobTraits, AScaledShareBecomesWholeGpus) {
  JobTrace t;
  t.jobs = {job("a", 0, 1), job("b", 0, 1)};
  t.jobs[0].share = MilliGpus{250};
  t.jobs[1].share = MilliGpus{701};
  ASSERT_TRUE(scale_gpus(&t, 3).ok());
  EXPECT_EQ(t.jobs[0].share, MilliGpus{750});
  EXPECT_EQ(t.jobs[1].share, MilliGpus{0});
  EXPECT_EQ(t.jobs[1].gpus, Gpus{3});
  ASSERT_TRUE(make_flexible(&t, {1, Flexibility::kElastic, 0.5, 2}, {1, "x"}).ok());
  EXPECT_EQ(t.jobs[0].flexibility, Flexibility::kRigid);
  EXPECT_EQ(t.jobs[1].flexibility, Flexibility::kElastic);
}

TEST(JobTraits, ThePlainBinaryFormIsThatOfVersionOne) {
  const Folder folder;
  JobTrace t;
  t.jobs = {job("a", 0, 1)};
  ASSERT_TRUE(write_jobs(folder.file("a"), t, {"binary", "ms", false}).ok());
  // Magic, header of version 1 and jobs, one record: name, gpus, run time and estimate, the trailer.
  EXPECT_EQ(bytes_of(folder.file("a")), std::string("\x09JEVTRACE\x12\x04\x08\x01\x10\x02\x22\x09\x0a\x01"
                                                    "a\x18\x01\x20\x64\x28\x64\x2a\x06\x08\x01\x18\x01\x20\x64"));
  t.jobs[0].priority = 1;
  ASSERT_TRUE(write_jobs(folder.file("a"), t, {"binary", "ms", false}).ok());
  EXPECT_EQ(bytes_of(folder.file("a")).substr(9, 6), "\x12\x04\x08\x02\x10\x02");  // Version 2.
}

TEST(JobTraits, WritersRefuseWhatReadersWould) {
  const Folder folder;
  JobTrace t;
  t.jobs = {full()};
  t.jobs[0].after.clear();
  const auto error = [&](const std::string& name) { return write_jobs(folder.file(name), t).error().message; };
  t.jobs[0].speed_by_gpu = {{"a=b", 1}};
  EXPECT_EQ(error("a.csv"), "the name 'a=b' cannot be written to a list in csv (expected no '=', or binary)");
  EXPECT_TRUE(write_jobs(folder.file("a.jtr"), t).ok());
  t.jobs[0].speed_by_gpu = {};
  t.jobs.push_back(job("b;c", 20, 1));
  t.jobs.push_back(job("d", 20, 1));
  t.jobs[2].after = {"b;c"};
  EXPECT_EQ(error("b.csv"), "the name 'b;c' cannot be written to a list in csv (expected no ';', or binary)");
  t.jobs[0].max_gpus = Gpus{3};
  EXPECT_EQ(error("b.jtr"), "job 'full': GPU range malformed (expected min_gpus <= GPUs <= max_gpus, 0 for none)");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.jtr"});
}

TEST(JobTraits, TransformsOfTimeKeepTheDistanceOfADeadline) {
  JobTrace t;
  t.jobs = {job("a", 100, 1), job("b", 200, 1)};
  t.jobs[1].deadline = Instant{230};
  const auto distance = [&] { return (t.jobs.back().deadline - t.jobs.back().submit).ns; };
  ASSERT_TRUE(shift(&t, Duration{50}).ok());
  EXPECT_EQ(distance(), 30);
  ASSERT_TRUE(scale_time(&t, {2, 1}).ok());
  EXPECT_EQ(t.jobs[1].submit, Instant{500});
  EXPECT_EQ(distance(), 30);
  ASSERT_TRUE(slice(&t, Instant{400}, Instant{600}).ok());
  EXPECT_EQ(t.jobs[0].submit, Instant{100});
  EXPECT_EQ(distance(), 30);
  ASSERT_TRUE(repeat(&t, Duration{1000}, 3).ok());
  EXPECT_EQ(t.jobs[2].submit, Instant{2100});
  EXPECT_EQ(distance(), 30);
  ASSERT_TRUE(scale_rate(&t, 2, {1, "x"}, Duration{500}).ok());
  for (const TrainingJob& j : t.jobs) EXPECT_EQ((j.deadline - j.submit).ns, 30);
  // At the end of the clock a deadline stays on it.
  t.jobs = {job("a", kMaxTimeNs - 10, 1)};
  t.jobs[0].deadline = Instant{kMaxTimeNs};
  ASSERT_TRUE(shift(&t, Duration{5}).ok());
  EXPECT_EQ(t.jobs[0].deadline, Instant{kMaxTimeNs});
}

TEST(JobTraits, CopiesWaitForCopiesAndForNothingThatIsGone) {
  JobTrace t;
  t.jobs = {job("a", 0, 1), job("b", 10, 1), job("c", 20, 1)};
  t.jobs[1].after = {"a"};
  t.jobs[2].after = {"b", "a"};
  const JobTrace whole = t;
  ASSERT_TRUE(repeat(&t, Duration{100}, 2).ok());
  EXPECT_EQ(t.jobs[5].after, (std::vector<std::string>{"b#2", "a#2"}));
  t = whole;
  ASSERT_TRUE(slice(&t, Instant{5}, Instant{50}).ok());
  EXPECT_TRUE(t.jobs[0].after.empty());
  EXPECT_EQ(t.jobs[1].after, std::vector<std::string>{"b"});
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    t = whole;
    ASSERT_TRUE(scale_rate(&t, 2.5, {seed, "x"}, Duration{30}).ok());
    ASSERT_TRUE(thin(&t, 0.7, {seed, "y"}).ok());
    EarlierJobs earlier(t.jobs);
    for (const TrainingJob& j : t.jobs) {
      EXPECT_EQ(earlier.unknown(j), nullptr);
      for (const std::string& name : j.after) {  // A copy waits for copies of its own number.
        const std::size_t mark = j.name.find('#');
        EXPECT_EQ(name.substr(std::min(name.size(), name.find('#'))),
                  mark == std::string::npos ? "" : j.name.substr(mark));
      }
      earlier.add(j);
    }
  }
}

TEST(JobTraits, ScalingGpusScalesTheRangeAndTheCurve) {
  JobTrace t;
  t.jobs = {job("a", 0, 8)};
  t.jobs[0].min_gpus = Gpus{2};
  t.jobs[0].max_gpus = Gpus{32};
  t.jobs[0].scaling = {{Gpus{2}, 0.3}, {Gpus{4}, 0.6}, {Gpus{8}, 1}, {Gpus{9}, 1.1}, {Gpus{32}, 2}};
  ASSERT_TRUE(scale_gpus(&t, 0.25).ok());
  const TrainingJob& j = t.jobs[0];
  EXPECT_EQ(j.gpus, Gpus{2});
  EXPECT_EQ(j.min_gpus, Gpus{1});
  EXPECT_EQ(j.max_gpus, Gpus{8});
  // 2 and 4 become 1 and the larger stays; 8 is 2, 9 is 3, 32 is 8.
  EXPECT_EQ(j.scaling, (std::vector<ScalingPoint>{{Gpus{1}, 0.6}, {Gpus{2}, 1}, {Gpus{3}, 1.1}, {Gpus{8}, 2}}));
  EXPECT_FALSE(check_job(j));
  t.jobs[0].max_gpus = Gpus{50'000'000};
  EXPECT_FALSE(scale_gpus(&t, 3).ok());
}

JobTrace many(int n) {
  JobTrace t;
  for (int i = 0; i < n; ++i) t.jobs.push_back(job(std::to_string(i), i, 8, 1'000'000'000));
  return t;
}

TEST(JobTraits, EstimateErrorsStayWithinTheFactorAndHaveMedianOne) {
  for (const EstimateLaw law : {EstimateLaw::kLognormal, EstimateLaw::kLogUniform}) {
    JobTrace t = many(20'000);
    ASSERT_TRUE(estimate_error(&t, 4, law, {7, "e"}).ok());
    int below = 0, inner = 0, ends = 0;
    for (const TrainingJob& j : t.jobs) {
      const double factor = static_cast<double>(j.estimate.ns) / 1e9;
      ASSERT_GE(factor, 0.25 - 1e-9);
      ASSERT_LE(factor, 4 + 1e-9);
      below += factor < 1 ? 1 : 0;
      inner += factor > 0.5 && factor < 2 ? 1 : 0;
      ends += factor < 0.25 + 1e-8 || factor > 4 - 1e-8 ? 1 : 0;
      ASSERT_EQ(j.run_time, Duration{1'000'000'000});
    }
    // Binomial, four standard deviations: 4 sqrt(20,000 / 4) = 283.
    EXPECT_NEAR(below, 10'000, 283);
    // [1/2, 2] is half of log-uniform [1/4, 4]; of the normal it is one standard deviation, 68.27 %.  Two, where it is
    // cut, leave 4.55 % at the ends: 4 sqrt(20,000 x 0.0455 x 0.9545) = 118.
    const bool uniform = law == EstimateLaw::kLogUniform;
    EXPECT_NEAR(inner, uniform ? 10'000 : 13'654, 283);
    EXPECT_NEAR(ends, uniform ? 0 : 910, uniform ? 3 : 118);
  }
  JobTrace one = many(5), again = many(5), other = many(5);
  ASSERT_TRUE(estimate_error(&one, 1, EstimateLaw::kLognormal, {7, "e"}).ok());
  EXPECT_TRUE(same(one.jobs, many(5).jobs));
  ASSERT_TRUE(estimate_error(&one, 2, EstimateLaw::kLognormal, {7, "e"}).ok());
  ASSERT_TRUE(estimate_error(&again, 2, EstimateLaw::kLognormal, {7, "e"}).ok());
  ASSERT_TRUE(estimate_error(&other, 2, EstimateLaw::kLognormal, {8, "e"}).ok());
  EXPECT_TRUE(same(one.jobs, again.jobs));
  EXPECT_FALSE(same(one.jobs, other.jobs));
  EXPECT_FALSE(estimate_error(&one, 0.5, EstimateLaw::kLognormal, {7, "e"}).ok());
  EXPECT_FALSE(estimate_error(&one, std::nan(""), EstimateLaw::kLognormal, {7, "e"}).ok());
}

TEST(JobTraits, AShareGetsARangeADeadlineAPriority) {
  JobTrace t = many(10'000);
  FlexibilityOptions f;
  f.share = 0.3;
  f.min_factor = 0.3;
  f.max_factor = 2.9;
  ASSERT_TRUE(make_flexible(&t, f, {7, "f"}).ok());
  DeadlineOptions d;
  d.share = 0.4;
  d.min_slack = 0.5;
  d.max_slack = 1.5;
  ASSERT_TRUE(set_deadlines(&t, d, {7, "d"}).ok());
  ASSERT_TRUE(set_priorities(&t, {{-1, 1}, {5, 3}}, {7, "p"}).ok());
  int flexible = 0, deadlines = 0, high = 0;
  double slack = 0;
  for (const TrainingJob& j : t.jobs) {
    ASSERT_FALSE(check_job(j));
    if (j.flexibility == Flexibility::kElastic) {
      ++flexible;
      ASSERT_EQ(j.min_gpus, Gpus{2});   // 2.4.
      ASSERT_EQ(j.max_gpus, Gpus{23});  // 23.2.
    } else {
      ASSERT_EQ(j.max_gpus, Gpus{0});
    }
    if (j.deadline != Instant::never()) {
      ++deadlines;
      slack += (j.deadline - j.submit).seconds();
    }
    ASSERT_TRUE(j.priority == -1 || j.priority == 5);
    high += j.priority == 5 ? 1 : 0;
  }
  EXPECT_NEAR(flexible, 3000, 4 * std::sqrt(10'000 * 0.3 * 0.7));
  EXPECT_NEAR(deadlines, 4000, 4 * std::sqrt(10'000 * 0.4 * 0.6));
  EXPECT_NEAR(high, 7500, 4 * std::sqrt(10'000 * 0.25 * 0.75));
  EXPECT_NEAR(slack / deadlines, 1.0, 4 * std::sqrt(1.0 / 12 / 4000));  // Uniform over [0.5, 1.5].
  // A larger share takes the same jobs and more; who has a deadline does not move the slack of the others.
  JobTrace all = many(10'000);
  d.share = 1;
  ASSERT_TRUE(set_deadlines(&all, d, {7, "d"}).ok());
  for (std::size_t i = 0; i < all.jobs.size(); ++i) {
    if (t.jobs[i].deadline != Instant::never()) {
      ASSERT_EQ(t.jobs[i].deadline, all.jobs[i].deadline);
    }
  }
  f.min_factor = 1.5;
  EXPECT_FALSE(make_flexible(&t, f, {7, "f"}).ok());
  d.min_slack = 0;
  EXPECT_FALSE(set_deadlines(&t, d, {7, "d"}).ok());
  EXPECT_FALSE(set_priorities(&t, {}, {7, "p"}).ok());
}

}  // namespace
}  // namespace jevons::test
