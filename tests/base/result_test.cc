// Values or errors, never both.
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace jevons {
namespace {

Result<int> half(int v) {
  if (v % 2 != 0) return Error{"is odd", "input"};
  return v / 2;
}

TEST(Result, ValueOrError) {
  EXPECT_EQ(*half(8), 4);
  EXPECT_EQ(half(7).error().text(), "input: is odd");
  EXPECT_EQ((Error{"is odd", ""}).text(), "is odd");
}

TEST(Result, HoldsMoveOnlyValues) {
  Result<std::unique_ptr<int>> r(std::make_unique<int>(3));
  const std::unique_ptr<int> taken = *std::move(r);
  EXPECT_EQ(*taken, 3);
}

TEST(Result, MayHoldAnErrorAsItsValue) {
  const Result<std::string> r(std::string("text"));
  EXPECT_EQ(r->size(), 4U);
}

TEST(ResultDeathTest, ReadingTheValueOfAnErrorEndsTheProgram) {
  EXPECT_DEATH((void)half(7).value(), "check failed: ok\\(\\)");
  EXPECT_DEATH((void)half(8).error(), "check failed: !ok\\(\\)");
}

}  // namespace
}  // namespace jevons
