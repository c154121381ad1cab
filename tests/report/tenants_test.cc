// Jobs by tenant, by priority and by cause of failure in every report, by hand.
#include "report/tenants.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "proto/result.pb.h"
#include "report/csv.h"
#include "report/json.h"
#include "report/result_codec.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

using report_test::comparison_of;

// Policy p: b has 10 GPU-hours of 20 + p asked for, a 30 of 40, nobody's job never started; c is like a, with a resize.
Comparison shared(const std::vector<std::string>& policies, std::size_t seeds) {
  Comparison c = comparison_of(policies, seeds);
  for (Cell& cell : c.cells) {
    TrainingResult& t = cell.run->result.training;
    const auto p = static_cast<std::int32_t>(cell.policy);
    t.preemptions = 3;
    const JobsResult none{.jobs = 1, .in_system = Gpus{5} * 1_h};
    const JobsResult a{.jobs = 2,
                       .preemptions = 1,
                       .useful = Gpus{30} * 1_h,
                       .in_system = Gpus{50} * 1_h,
                       .elapsed = Gpus{40} * 1_h,
                       .lost = Gpus{2} * 30_min};
    const JobsResult b{.jobs = 4,
                       .preemptions = 2,
                       .failures = 1,
                       .useful = Gpus{10} * 1_h,
                       .in_system = Gpus{30} * 1_h,
                       .elapsed = Gpus{20 + p} * 1_h,
                       .lost = Gpus{3} * 1_h,
                       .lost_to_failures = Gpus{1} * 1_h};
    JobsResult resized = a;
    resized.resizes = 1;
    t.tenants = {{"", none}, {"a", a}, {"b,c", b}, {"c", resized}};
    t.priorities = {{-2, a}, {0, b}};
    cell.run->result.faults = {{"hbm, row", 7, 5, Gpus{1} * 30_min}, {"nic", 0, 0, GpuTime{}}};
  }
  return c;
}

std::string csv(const Comparison& c, const std::string& name) {
  for (const CsvFile& f : csv_reports(c)) {
    if (f.name == name) return f.text;
  }
  return "no " + name;
}

TEST(Tenants, TableByHand) {
  EXPECT_EQ(tenant_table(shared({"fcfs", "sjf"}, 2), false), R"(
ETTR by tenant
              fcfs     sjf
(no tenant)      -       -
a           75.0 %  75.0 %
b,c         50.0 %  47.6 %
c           75.0 %  75.0 %
)");
}

TEST(Tenants, NoTableWithoutTwoTenantsOrWithoutAStop) {
  Comparison c = shared({"fcfs"}, 1);
  TrainingResult& t = c.cells[0].run->result.training;
  t.preemptions = 0;
  EXPECT_EQ(tenant_table(c, false), "");
  t.preemptions = 1;
  EXPECT_NE(tenant_table(c, false), "");
  t.tenants.resize(1);
  EXPECT_EQ(tenant_table(c, false), "");
  EXPECT_EQ(tenant_table(comparison_of({"a"}), false), "");
}

TEST(Tenants, OfManyTheLargestAreShown) {
  Comparison c = shared({"fcfs"}, 1);
  TrainingResult& t = c.cells[0].run->result.training;
  t.tenants.clear();
  for (int i = 10; i < 40; ++i) {
    t.tenants.push_back({"t" + std::to_string(i), {.jobs = 1, .in_system = Gpus{i == 17 ? 90 : i} * 1_h}});
  }
  const std::string text = tenant_table(c, false);
  EXPECT_NE(text.find("t17 "), std::string::npos);
  EXPECT_NE(text.find("t29 "), std::string::npos);
  EXPECT_EQ(text.find("t28 "), std::string::npos);
  EXPECT_NE(text.find("and 18 more in tenants.csv"), std::string::npos);
}

TEST(Tenants, CsvByHand) {
  const Comparison c = shared({"x"}, 1);
  EXPECT_EQ(csv(c, "tenants.csv"),
            "policy,seed,tenant,jobs,preemptions,failures,resizes,ettr,useful_gpu_hours,in_system_gpu_hours,"
            "elapsed_gpu_hours,lost_gpu_hours,lost_to_failures_gpu_hours\n"
            "x,7,,1,0,0,0,,0,5,0,0,0\n"
            "x,7,a,2,1,0,0,0.75,30,50,40,1,0\n"
            "x,7,\"b,c\",4,2,1,0,0.5,10,30,20,3,1\n"
            "x,7,c,2,1,0,1,0.75,30,50,40,1,0\n");
  EXPECT_EQ(csv(c, "priorities.csv"),
            "policy,seed,priority,jobs,preemptions,failures,resizes,ettr,useful_gpu_hours,in_system_gpu_hours,"
            "elapsed_gpu_hours,lost_gpu_hours,lost_to_failures_gpu_hours\n"
            "x,7,-2,2,1,0,0,0.75,30,50,40,1,0\n"
            "x,7,0,4,2,1,0,0.5,10,30,20,3,1\n");
  EXPECT_EQ(csv(c, "faults.csv"),
            "policy,seed,cause,failures,interruptions,lost_gpu_ns,lost_gpu_hours\n"
            "x,7,\"hbm, row\",7,5,1800000000000,0.5\n"
            "x,7,nic,0,0,0,0\n");
}

TEST(Tenants, JsonByHand) {
  const nlohmann::json run = nlohmann::json::parse(json_report(shared({"x"}, 1)))["runs"][0]["training"];
  ASSERT_EQ(run["by_tenant"].size(), 4U);
  EXPECT_EQ(run["by_tenant"][2]["tenant"], "b,c");
  EXPECT_EQ(run["by_tenant"][2]["ettr"], 0.5);
  EXPECT_EQ(run["by_tenant"][2]["lost"]["gpu_ns"], "10800000000000");
  EXPECT_TRUE(run["by_tenant"][0]["ettr"].is_null());
  EXPECT_EQ(run["by_tenant"][3]["ettr"], 0.75);  // One of its jobs was resized.
  EXPECT_EQ(run["by_priority"][0]["priority"], -2);
  EXPECT_EQ(run["by_priority"][0]["elapsed"]["gpu_hours"], 40);
}

TEST(Tenants, SurviveTheWayBetweenProcesses) {
  Comparison c = shared({"x"}, 1);
  const std::string before = json_report(c);
  proto::RunRecord record;
  encode_run(*c.cells[0].run, &record);
  auto back = decode_run(record);
  ASSERT_TRUE(back.ok());
  c.cells[0].run = *std::move(back);
  EXPECT_EQ(json_report(c), before);
}

}  // namespace
}  // namespace jevons
