// The verdict says who wins, and says so only where the figures do.
#include "report/verdict.h"

#include <gtest/gtest.h>

#include "tests/report/builders.h"

namespace jevons {
namespace {

using report_test::comparison_of;

TEST(Verdict, NamesTheWinnerOfEachObjectiveAndTheMargin) {
  EXPECT_EQ(verdict(comparison_of({"split", "loan"})),
            "split wins on goodput (1.15 req/s, 1.00 % more than loan); loan wins on training (3,624 useful GPU-hours, "
            "0.667 % more than split), and on serving cost ($274 per M output tokens, 1.04 % less than split).");
}

TEST(Verdict, OnePolicyHasNobodyToWinAgainst) {
  EXPECT_EQ(verdict(comparison_of({"split"})),
            "split: 1.15 req/s (goodput), 3,600 useful GPU-hours (training), $276 per M output tokens (serving cost).");
}

TEST(Verdict, IntervalsThatIncludeZeroMakeNoWinner) {
  Comparison c = comparison_of({"split", "loan"}, 3);
  // Paired differences of +600, -600 and +300 requests.
  for (std::size_t s = 0; s < 3; ++s) {
    c.cells[s].run->result.serving.met_slo = 90'000;
    c.cells[3 + s].run->result.serving.met_slo = 90'000 - 600 + 1200 * (s % 2) + (s == 2 ? 300 : 0);
  }
  EXPECT_NE(verdict(c).find("the policies are not distinguishable on goodput"), std::string::npos) << verdict(c);
}

TEST(Verdict, PoliciesThatTieAtTheTopAreNamedTogether) {
  Comparison c = comparison_of({"split", "loan", "last"}, 1);
  c.cells[1].run->result.serving.met_slo = c.cells[0].run->result.serving.met_slo;
  EXPECT_NE(verdict(c).find("split and loan lead on goodput and are not distinguishable (1.15 req/s)"),
            std::string::npos)
      << verdict(c);
}

TEST(Verdict, AClusterThatTrainsNothingHasNoWinnerThere) {
  Comparison c = comparison_of({"split", "loan"});
  for (Cell& cell : c.cells) cell.run->result.training = {};
  EXPECT_EQ(verdict(c).find("training"), std::string::npos);
}

TEST(Verdict, NothingServedHasNoCostPerToken) {
  Comparison c = comparison_of({"split", "loan"});
  for (Cell& cell : c.cells) cell.run->result.serving = {}, cell.run->result.training = {};
  EXPECT_EQ(verdict(c), "Nothing was served and nothing was trained.");
}

TEST(Verdict, InterruptedAndFailedComparisonsHaveNone) {
  Comparison c = comparison_of({"split", "loan"});
  c.complete = false;
  c.cells[0].run->result.complete = false;
  EXPECT_TRUE(verdict(c).starts_with("Interrupted: no verdict")) << verdict(c);
  for (Cell& cell : c.cells) cell.run.reset();
  EXPECT_EQ(verdict(c), "Interrupted before any result.");
  c.complete = true;
  EXPECT_EQ(verdict(c), "No run ended well, so there is no verdict.");
}

TEST(Verdict, AFailedPolicyDoesNotWin) {
  Comparison c = comparison_of({"split", "loan"});
  c.cells[0].run.reset();
  c.cells[0].error = "worker was killed by signal 9 (Killed)";
  EXPECT_EQ(verdict(c).find("split"), std::string::npos) << verdict(c);
}

}  // namespace
}  // namespace jevons
