// Numbers for people.
#include "report/number_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace jevons {
namespace {

TEST(NumberText, ThreeDigits) {
  EXPECT_EQ(three_digits(0), "0");
  EXPECT_EQ(three_digits(1.234), "1.23");
  EXPECT_EQ(three_digits(12.34), "12.3");
  EXPECT_EQ(three_digits(123.4), "123");
  EXPECT_EQ(three_digits(1234.4), "1,234");
  EXPECT_EQ(three_digits(999999.4), "999,999");
  EXPECT_EQ(three_digits(12345678), "12.3 M");
  EXPECT_EQ(three_digits(5e9), "5.00 G");
  EXPECT_EQ(three_digits(-0.0421), "-0.042");
  EXPECT_EQ(three_digits(0.00012), "0.00012");
  EXPECT_EQ(three_digits(std::numeric_limits<double>::quiet_NaN()), "-");
}

TEST(NumberText, RoundingNeverShowsAFourthDigit) {
  EXPECT_EQ(three_digits(9.996), "10.0");
  EXPECT_EQ(three_digits(99.96), "100");
  EXPECT_EQ(three_digits(0.9996), "1.00");
}

TEST(NumberText, WholeNumbers) {
  EXPECT_EQ(whole_number(0), "0");
  EXPECT_EQ(whole_number(999), "999");
  EXPECT_EQ(whole_number(1000), "1,000");
  EXPECT_EQ(whole_number(1234567), "1,234,567");
  EXPECT_EQ(whole_number(-1234), "-1,234");
  EXPECT_EQ(whole_number(-0.4), "0");
  EXPECT_EQ(whole_number(123456789), "123 M");
}

TEST(NumberText, Seconds) {
  EXPECT_EQ(human_seconds(0), "0 s");
  EXPECT_EQ(human_seconds(2.5e-8), "25.0 ns");
  EXPECT_EQ(human_seconds(35e-6), "35.0 us");
  EXPECT_EQ(human_seconds(0.812), "812 ms");
  EXPECT_EQ(human_seconds(0.9999), "1.00 s");
  EXPECT_EQ(human_seconds(1.24), "1.24 s");
  EXPECT_EQ(human_seconds(738), "12.3 min");
  EXPECT_EQ(human_seconds(15156), "4.21 h");
  EXPECT_EQ(human_seconds(86400), "24.0 h");
  EXPECT_EQ(human_seconds(864000), "10.0 d");
}

TEST(NumberText, DollarsAndShares) {
  EXPECT_EQ(human_dollars(0.0421), "$0.042");
  EXPECT_EQ(human_dollars(1234), "$1,234");
  EXPECT_EQ(human_dollars(-3), "-$3.00");
  EXPECT_EQ(human_share(0.9731), "97.3 %");
}

TEST(NumberText, ColumnsAreCodePoints) {
  EXPECT_EQ(text_columns("±1"), 2U);
  EXPECT_EQ(text_columns(""), 0U);
  EXPECT_EQ(text_columns("é\xff"), 2U);  // Not UTF-8: a byte is a column.
}

}  // namespace
}  // namespace jevons
