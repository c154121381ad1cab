// Jobs of a scenario: ranges, deadlines, what they wait for, what traces and transforms give them, and every error by
// name.
#include <fstream>

#include "base/scaling.h"
#include "sim/model/training_step.h"
#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

constexpr const char* kListed = "{name: one, gpus: 8, run_time: 10min}";

class ScenarioJobs : public ScenarioTest {
 protected:
  std::string scenario(const std::string& jobs) const { return with(kGoodYaml, kListed, jobs); }
  std::string error(const std::string& jobs) const { return error_of("s.yaml", scenario(jobs)); }
  // What is wrong with one job that has `more`, behind its place.
  std::string wrong(const std::string& more) const {
    const std::string e = error("{name: one, gpus: 8, run_time: 10min, submit: 10s, " + more + "}");
    const std::string path = "training.jobs[0].list[0]";
    const std::size_t at = e.find(path);
    return at == std::string::npos ? e : e.substr(at + path.size());
  }
  std::vector<TrainingJob> jobs(const std::string& yaml) const {
    const auto s = load("s.yaml", yaml);
    EXPECT_TRUE(s.ok()) << short_error(s.error());
    if (!s) return {};
    auto in = s->inputs(0, 1, EngineOptions{});
    EXPECT_TRUE(in.ok()) << short_error(in.error());
    return in ? std::move(in->training.jobs) : std::vector<TrainingJob>{};
  }
  // The small scenario whose jobs come from `source`.
  std::string from(const std::string& source) const {
    return with(kGoodYaml, std::string("list:\n        - ") + kListed, source);
  }
};

TEST_F(ScenarioJobs, EveryFieldArrives) {
  const auto all = jobs(scenario(
      "{name: two, gpus: 4, run_time: 1min, submit: 5s, after: [one]}\n"
      "        - {name: one, gpus: 8, run_time: 10min, submit: 1s, priority: -2, deadline: 20min, flexibility: elastic,"
      " min_gpus: 2, max_gpus: 32, scaling: [{gpus: 2, speed: 0.3}, {gpus: 8, speed: 1}, {gpus: 32, speed: 2.5}],"
      " speed_by_gpu: [{gpu: H100, speed: 2}, {gpu: A100, speed: 0}], cpus: 64, memory: 512GiB}"));
  ASSERT_EQ(all.size(), 2U);
  const TrainingJob& j = all[0];
  EXPECT_EQ(j.priority, -2);
  EXPECT_EQ(j.deadline, Instant{1'200'000'000'000});
  EXPECT_EQ(j.flexibility, Flexibility::kElastic);
  EXPECT_EQ(j.min_gpus, Gpus{2});
  EXPECT_EQ(j.max_gpus, Gpus{32});
  EXPECT_EQ(j.scaling, (std::vector<ScalingPoint>{{Gpus{2}, 0.3}, {Gpus{8}, 1}, {Gpus{32}, 2.5}}));
  ASSERT_EQ(j.speed_by_gpu.size(), 2U);
  EXPECT_EQ(j.speed_by_gpu[0], (std::pair<std::string, double>{"H100-SXM5-80GB", 2}));
  EXPECT_EQ(j.cpus, 64);
  EXPECT_EQ(j.memory, Bytes{std::int64_t{512} << 30});
  EXPECT_EQ(all[1].after, std::vector<std::string>{"one"});
  const TrainingJob plain = jobs(kGoodYaml).at(0);
  EXPECT_EQ(plain.flexibility, Flexibility::kRigid);
  EXPECT_EQ(plain.deadline, Instant::never());
  EXPECT_EQ(plain.max_gpus, Gpus{0});
}

TEST_F(ScenarioJobs, ErrorsNameTheField) {
  EXPECT_EQ(wrong("deadline: 10s"), ".deadline: expected a time after submit (10s), got 10s");
  EXPECT_EQ(wrong("min_gpus: 4"),
            ".min_gpus: a rigid job has no range of GPUs (expected flexibility moldable or elastic)");
  EXPECT_EQ(wrong("max_gpus: 16"),
            ".max_gpus: a rigid job has no range of GPUs (expected flexibility moldable or elastic)");
  EXPECT_EQ(wrong("flexibility: elastic, min_gpus: 9"), ".min_gpus: expected at most gpus (8), got 9");
  EXPECT_EQ(wrong("flexibility: moldable, max_gpus: 7"), ".max_gpus: expected at least gpus (8), got 7");
  EXPECT_EQ(wrong("flexibility: bendy"), ".flexibility: expected rigid, moldable or elastic, got 'bendy'");
  EXPECT_EQ(wrong("scaling: [{gpus: 4, speed: 0.6}, {gpus: 4, speed: 0.7}]"),
            ".scaling[1].gpus: expected more than the point before (4), got 4");
  EXPECT_EQ(wrong("scaling: [{gpus: 8, speed: 0.6}]"), ".scaling[0].speed: expected 1 at the job's own gpus, got 0.6");
  EXPECT_EQ(wrong("scaling: [{gpus: 4, speed: 0}]"), ".scaling[0].speed: expected a number from 1e-9 to 1e6, got 0");
  EXPECT_EQ(wrong("speed_by_gpu: [{gpu: H100, speed: 1}, {gpu: H100-SXM5-80GB, speed: 1}]"),
            ".speed_by_gpu[1].gpu: 'H100-SXM5-80GB' is used twice");
  EXPECT_EQ(wrong("speed_by_gpu: [{gpu: H1000, speed: 1}]").substr(0, 38), ".speed_by_gpu[0].gpu: unknown GPU 'H10");
  EXPECT_EQ(wrong("cpus: -1"), ".cpus: expected a number from 0 to 1e9, got -1");
}

TEST_F(ScenarioJobs, AJobWaitsForEarlierOnesOnly) {
  const auto pair = [&](const std::string& first, const std::string& second) {
    const std::string e = error("{name: one, gpus: 8, run_time: 10min, " + first +
                                "}\n        - {name: two, gpus: 8, run_time: 10min, " + second + "}");
    const std::size_t at = e.find("training.jobs");
    return at == std::string::npos ? e : e.substr(at);
  };
  EXPECT_EQ(pair("submit: 0s", "after: [one]"), "");  // At the same instant the list's order holds.
  EXPECT_EQ(pair("after: [two]", "submit: 0s"),
            "training.jobs[0].list[0].after[0]: 'two' is not submitted before it (expected a job that is)");
  EXPECT_EQ(pair("submit: 5s, after: [two]", "submit: 1s"), "");
  EXPECT_EQ(pair("submit: 5s", "submit: 1s, after: [one]"),
            "training.jobs[0].list[1].after[0]: 'one' is not submitted before it (expected a job that is)");
  EXPECT_EQ(pair("submit: 0s", "after: [two]"),
            "training.jobs[0].list[1].after[0]: 'two' is not submitted before it (expected a job that is)");
  EXPECT_EQ(pair("submit: 0s", "after: [one, tow]"),
            "training.jobs[0].list[1].after[1]: unknown job 'tow' (did you mean 'two'?)");
  EXPECT_EQ(error("{name: one, gpus: 8, run_time: 1min}\n        - {name: one, gpus: 8, run_time: 1min}\n"
                  "        - {name: two, gpus: 8, run_time: 1min, after: [one]}")
                .substr(10),
            "56: training.jobs[0].list[2].after[0]: two jobs are called 'one' (expected a name of its own)");
}

TEST_F(ScenarioJobs, AModelFillsTheScalingCurve) {
  const std::string yaml =
      with(scenario("{name: one, gpus: 8, flexibility: elastic, min_gpus: 1, max_gpus: 24, model: {name: Llama-3.1-8B, "
                    "tokens: 1e9, global_batch: 24, parallel: {tensor: 2}}}"),
           "training:", "training:\n  reference_gpu: H100");
  const TrainingJob j = jobs(yaml).at(0);
  // Data-parallel degrees that divide the batch of 24 within 1 to 24 GPUs in pairs: 1, 2, 3, 4, 6, 8, 12.
  const Catalogue c = Catalogue::builtin();
  std::vector<ScalingPoint> expected;
  Duration base{0};
  for (const int pass : {0, 1}) {
    for (const int data : {1, 2, 3, 4, 6, 8, 12}) {
      ParallelLayout l;
      l.tensor = 2;
      l.data = data;
      TrainingRecipe r;
      r.global_batch = 24;
      const auto step = training_step(*c.model("Llama-3.1-8B"), *c.gpu("H100"), l, r, *c.training_stack("megatron"));
      if (!step) continue;  // Too little memory: not a point.
      if (pass == 0 && data == 4) base = step->time;
      if (pass == 1) expected.push_back({Gpus{2 * data}, base.seconds() / step->time.seconds()});
    }
  }
  ASSERT_GE(expected.size(), 4U);
  EXPECT_EQ(j.scaling, expected);
  EXPECT_EQ(relative_speed(j.scaling, j.gpus, Gpus{8}), 1.0);
  EXPECT_GT(j.scaling.back().speed, 1.5);  // Three times the GPUs.
  EXPECT_LT(j.scaling.back().speed, 3.0);
  // A rigid job needs no curve; one that is listed stays.
  EXPECT_TRUE(jobs(with(yaml, "flexibility: elastic, min_gpus: 1, max_gpus: 24, ", "")).at(0).scaling.empty());
  EXPECT_EQ(jobs(with(yaml, "min_gpus: 1,", "min_gpus: 1, scaling: [{gpus: 4, speed: 0.5}],")).at(0).scaling.size(),
            1U);
}

TEST_F(ScenarioJobs, TransformsMakeUpWhatATraceLacks) {
  write("jobs.csv", "job_id,submit,num_gpus,dur\na,0,8,100\nb,5,8,100\nc,9,8,100\n");
  const std::string traits =
      "trace: jobs.csv\n      transforms:\n        - {estimate_error: {factor: 3, stream: wrong}}\n"
      "        - {flexibility: {share: 1, kind: moldable, min_factor: 0.25, max_factor: 4}}\n"
      "        - {deadlines: {min_slack: 2, max_slack: 2}}\n        - {priorities: [7]}";
  const auto all = jobs(from(traits));
  ASSERT_EQ(all.size(), 3U);
  for (const TrainingJob& j : all) {
    EXPECT_EQ(j.min_gpus, Gpus{2});
    EXPECT_EQ(j.max_gpus, Gpus{32});
    EXPECT_EQ(j.flexibility, Flexibility::kMoldable);
    EXPECT_EQ((j.deadline - j.submit).seconds(), 200);
    EXPECT_EQ(j.priority, 7);
    EXPECT_NE(j.estimate, j.run_time);
    EXPECT_GE(j.estimate.seconds(), 33.3);
    EXPECT_LE(j.estimate.seconds(), 300.1);
  }
  // The stream has a name of its own, so a transform before it changes no estimate.
  const auto moved = jobs(with(from(traits), "transforms:\n", "transforms:\n        - {shift: 1h}\n"));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(moved[i].estimate, all[i].estimate);
  const auto other = jobs(with(from(traits), "stream: wrong", "stream: wronger"));
  EXPECT_NE(other[0].estimate, all[0].estimate);
  EXPECT_NE(error_of("s.yaml", with(from(traits), "min_slack: 2, max", "min_slack: 3, max"))
                .find("transforms[2].deadlines.min_slack: expected at most max_slack"),
            std::string::npos);
  EXPECT_NE(error_of("s.yaml", with(kGoodYaml, "output: 100}", "output: 100}\n      transforms: [{estimate_error: 2}]"))
                .find("requests.streams[0].transforms[0].estimate_error: expected a transform of requests"),
            std::string::npos);
}

TEST_F(ScenarioJobs, TracesTakeTheirOptions) {
  write("g.trace", "LM\tc\t-n\t1\t100\t5\t1\n");
  write("t.json", R"J({"v100": {"('LM', 1)": {"null": 2}}, "k80": {"('LM', 1)": {"null": 1}}})J");
  const std::string gavel = "trace: {file: g.trace, throughputs: t.json, gpu_names: [{type: v100, gpu: A100}]}";
  const auto all = jobs(from(gavel));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].run_time.seconds(), 50);
  EXPECT_EQ(all[0].speed_by_gpu, (std::vector<std::pair<std::string, double>>{{"k80", 0.5}, {"A100-SXM4-80GB", 1}}));
  const auto fails = [&](const std::string& change, const std::string& to) {
    return error_of("s.yaml", with(from(gavel), change, to));
  };
  EXPECT_NE(fails("t.json", "none.json").find("training.jobs[0].trace.throughputs: no such file: 'none.json'"),
            std::string::npos);
  EXPECT_NE(
      fails("v100, gpu: A100", "v100, gpu: A1000").find("training.jobs[0].trace.gpu_names[0].gpu: unknown GPU 'A1000'"),
      std::string::npos);
  write("t.json", "[]");
  const auto s = load("s.yaml", from(gavel));
  ASSERT_TRUE(s.ok()) << short_error(s.error());
  EXPECT_EQ(short_error(s->inputs(0, 1, EngineOptions{}).error()),
            "t.json: throughputs malformed at '' (expected a JSON object by GPU type)");
  write("e.csv", "job_id,submit_time,ddl,num_gpu,duration\n0,5,50,2,5\n");
  EXPECT_EQ(jobs(from("trace: {file: e.csv, elastic_factor: 2}")).at(0).max_gpus, Gpus{4});
  write("p.csv", "name,time,application,num_replicas,batch_size\na,5,llama,2,5\n");
  EXPECT_EQ(jobs(from("trace: {file: p.csv, work: [{application: llama, gpu_hours: 3}]}")).at(0).run_time.seconds(),
            5400);
}

TEST_F(ScenarioJobs, ANameThatOthersWaitForIsOneJobs) {
  write("a.csv", "job_id,submit,num_gpus,dur,after\n0,0,1,1,\n1,5,1,1,0\n");
  write("b.csv", "job_id,submit,num_gpus,dur\n0,0,1,1\n");
  const auto s = load("s.yaml", from("trace: a.csv\n    - name: weekly\n      trace: b.csv"));
  ASSERT_TRUE(s.ok()) << short_error(s.error());
  const std::string e = short_error(s->inputs(0, 1, EngineOptions{}).error());
  EXPECT_NE(e.find("two jobs are called '0', and a job waits for it (expected a name of its own)"), std::string::npos)
      << e;
}

TEST_F(ScenarioJobs, PrintsAndReadsBack) {
  const auto s = load("s.yaml", scenario("{name: one, gpus: 8, run_time: 10min, flexibility: elastic, min_gpus: 2, "
                                         "scaling: [{gpus: 2, speed: 0.3}], deadline: 1h, memory: 1TB}\n"
                                         "        - {name: two, gpus: 8, run_time: 10min, after: [one]}"));
  ASSERT_TRUE(s.ok()) << short_error(s.error());
  const auto again = load("again.yaml", s->resolved_yaml());
  ASSERT_TRUE(again.ok()) << again.error().text() << "\n" << s->resolved_yaml();
  EXPECT_EQ(again->resolved_yaml(), s->resolved_yaml());
}

}  // namespace
}  // namespace jevons
