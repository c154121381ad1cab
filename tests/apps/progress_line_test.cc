// What the progress line says.
#include "apps/progress_line.h"

#include <gtest/gtest.h>

namespace jevons {
namespace {

TEST(ProgressLine, RateAndRemainingTime) {
  CompareProgress p;
  p.runs = 8;
  p.runs_ended = 2;
  p.requests_ended = 1'500'000;
  p.share = 0.25;
  EXPECT_EQ(progress_text(p, 3.0), "2/8 runs   25 %   1,500,000 requests   500,000/s   9.00 s left");
}

TEST(ProgressLine, SaysOnlyWhatIsKnown) {
  CompareProgress p;
  p.runs = 4;
  EXPECT_EQ(progress_text(p, 0), "0/4 runs");
  p.jobs_ended = 12;
  EXPECT_EQ(progress_text(p, 1), "0/4 runs   12 jobs");
}

TEST(ProgressLine, FitsALine) {
  CompareProgress p;
  p.runs = p.runs_ended = 40'000;
  p.requests_ended = 20'000'000'000;
  p.share = 0.99;
  EXPECT_LE(progress_text(p, 86'400).size(), 79U);
}

}  // namespace
}  // namespace jevons
