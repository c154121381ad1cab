// Who can be told from whom, with all pairs of a ranking tried together; bounds are not ranked.
#include "report/standings.h"

#include <gtest/gtest.h>

#include "report/verdict.h"
#include "tests/report/builders.h"

namespace jevons {
namespace {

using report_test::comparison_of;

void set_goodput(Comparison* c, std::size_t policy, std::vector<std::uint64_t> met) {
  for (std::size_t s = 0; s < met.size(); ++s) c->cells[policy * met.size() + s].run->result.serving.met_slo = met[s];
}

// a - b: 900, 1000, 1100 of three seeds, t = 1000 / (100 / sqrt 3) = 17.3, p = 0.0033: apart even among three pairs
// (0.0167).  b - c: 300, 100, 200: t = 200 / (100 / sqrt 3) = 3.46, p = 0.074: not apart.  a - c: 1200, 1100, 1300:
// p = 0.0023.
Comparison three() {
  Comparison c = comparison_of({"a", "b", "c"}, 3);
  set_goodput(&c, 0, {90'000, 91'000, 92'000});
  set_goodput(&c, 1, {89'100, 90'000, 90'900});
  set_goodput(&c, 2, {88'800, 89'900, 90'700});
  return c;
}

TEST(Standings, PairsAreToldApartTogether) {
  const Standings s(three(), figure("request_goodput"));
  ASSERT_EQ(s.places().size(), 3U);
  EXPECT_TRUE(s.distinguishable(0, 1));
  EXPECT_TRUE(s.distinguishable(0, 2));
  EXPECT_TRUE(s.distinguishable(2, 0));
  EXPECT_FALSE(s.distinguishable(1, 2));
  EXPECT_EQ(s.ties(), (std::vector<std::vector<std::size_t>>{{1, 2}}));
  EXPECT_TRUE(ranking(three()).starts_with("goodput: a > b ~ c (not distinguishable: b and c)\n")) << ranking(three());
}

// Differences of 200, 300, 400: t = 300 / (100 / sqrt 3) = 5.2, p = 0.035.  Enough alone, not as one of three.
TEST(Standings, ADifferenceThatPassesAloneMayFailAmongMany) {
  Comparison two = comparison_of({"a", "b"}, 3);
  set_goodput(&two, 0, {90'000, 91'000, 92'000});
  set_goodput(&two, 1, {89'800, 90'700, 91'600});
  EXPECT_TRUE(Standings(two, figure("request_goodput")).distinguishable(0, 1));
  Comparison many = comparison_of({"a", "b", "c"}, 3);
  set_goodput(&many, 0, {90'000, 91'000, 92'000});
  set_goodput(&many, 1, {89'800, 90'700, 91'600});
  set_goodput(&many, 2, {89'800, 90'700, 91'600});
  EXPECT_EQ(Standings(many, figure("request_goodput")).ties(), (std::vector<std::vector<std::size_t>>{{0, 1, 2}}));
}

TEST(Standings, ABoundWinsNothing) {
  Comparison c = comparison_of({"split", "loan"});
  c.policies.push_back("oracle");
  c.bounds = {false, false, true};
  Cell best = c.cells[0];
  best.policy = 2;
  best.run->result.serving.met_slo = 99'999;
  c.cells.push_back(best);
  EXPECT_EQ(Standings(c, figure("request_goodput")).places().size(), 2U);
  EXPECT_EQ(verdict(c), verdict(comparison_of({"split", "loan"})));
  EXPECT_EQ(ranking(c), ranking(comparison_of({"split", "loan"})));
}

TEST(Standings, StarvedJobsDoNotLookGood) {
  Comparison c = comparison_of({"fair", "starving"});
  TrainingResult& t = c.cells[1].run->result.training;
  t.jct = {};
  t.jct.add((1_h).ns, 40);  // Of those it lets run.
  t.completed = 40;
  t.unfinished = 47;
  t.unfinished_age = {};
  t.unfinished_age.add((24_h).ns, 47);
  EXPECT_DOUBLE_EQ(*figure("jct_mean").value(*c.cells[1].run), 3600);
  // (40 x 1 h + 47 x 24 h) / 87.
  EXPECT_DOUBLE_EQ(*figure("jct_mean_at_least").value(*c.cells[1].run), (40.0 + 47 * 24) / 87 * 3600);
  EXPECT_TRUE(of_survivors(c, figure("jct_mean")));
  EXPECT_TRUE(worth_showing(c, figure("jct_mean_at_least")));
  EXPECT_FALSE(figure("makespan").value(*c.cells[1].run).has_value());
}

TEST(Standings, FairnessIsJainsIndexOfTheSharesTenantsGot) {
  RunReport run = report_test::run_of(0);
  EXPECT_FALSE(figure("tenant_fairness").value(run).has_value());
  // Shares 1/2 and 1/4: (3/4)^2 / (2 x (1/4 + 1/16)) = 0.9.
  run.result.training.tenants = {{"a", {.useful = Gpus{4} * 1_h, .in_system = Gpus{8} * 1_h}},
                                 {"b", {.useful = Gpus{1} * 1_h, .in_system = Gpus{4} * 1_h}}};
  EXPECT_NEAR(*figure("tenant_fairness").value(run), 0.9, 1e-12);
}

TEST(Standings, RatesAreOfTheMeasuredWindow) {
  RunReport run = report_test::run_of(0);
  run.result.serving.met_slo = 7200;
  run.result.measure_from = Instant{} + 2_h;
  run.result.measure_to = Instant{} + 4_h;
  EXPECT_DOUBLE_EQ(*figure("request_goodput").value(run), 1);
  run.result.end = Instant{} + 1_h;  // Interrupted before it began.
  EXPECT_FALSE(figure("request_goodput").value(run).has_value());
}

}  // namespace
}  // namespace jevons
