// Numbers and quantities from and to text.
#include "base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace jevons {
namespace {

TEST(Text, WholeNumbers) {
  EXPECT_EQ(*parse_int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(*parse_uint64("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  for (const char* bad : {"", " 1", "1 ", "+1", "0x10", "1.0", "9223372036854775808", "--1", "1e3", "\xff"}) {
    EXPECT_FALSE(parse_int64(bad).ok()) << bad;
  }
  EXPECT_FALSE(parse_uint64("-1").ok());
  EXPECT_EQ(parse_int64("12x").error().text(), "expected a whole number, got '12x'");
}

TEST(Text, RealNumbers) {
  EXPECT_EQ(*parse_double("1e-3"), 0.001);
  EXPECT_EQ(*parse_double("-0.5"), -0.5);
  for (const char* bad : {"", "nan", "inf", "-inf", "1,5", "1e999", " 1", "1.5x"})
    EXPECT_FALSE(parse_double(bad).ok()) << bad;
}

TEST(Text, ErrorsShowAtMostSixtyCharacters) {
  EXPECT_LT(parse_int64(std::string(1'000'000, 'x')).error().text().size(), 120U);
}

TEST(Text, RealNumbersReadBackTheSame) {
  RandomStream r(1, "text");
  for (int i = 0; i < 10'000; ++i) {
    const double v = std::ldexp(r.uniform() - 0.5, static_cast<int>(r.below(600)) - 300);
    EXPECT_EQ(*parse_double(text_of(v)), v);
  }
  EXPECT_EQ(text_of(0.1), "0.1");
  EXPECT_EQ(text_of(100.0), "100");
}

TEST(Text, Durations) {
  EXPECT_EQ(parse_duration("250ms")->ns, 250'000'000);
  EXPECT_EQ(parse_duration("1.5h")->ns, 5'400'000'000'000);
  EXPECT_EQ(parse_duration("2d")->ns, 172'800'000'000'000);
  EXPECT_EQ(parse_duration("10min")->ns, 600'000'000'000);
  EXPECT_EQ(parse_duration("0")->ns, 0);
  EXPECT_EQ(parse_duration("0.0")->ns, 0);
  EXPECT_EQ(parse_duration("0.5ns")->ns, 1);  // Half up.
  EXPECT_EQ(parse_duration("0.499ns")->ns, 0);
  EXPECT_EQ(parse_duration("104166d")->ns, 104'166 * 86'400'000'000'000);  // 285 years.
}

TEST(Text, DurationsRefused) {
  for (const char* bad :
       {"", "5", "s", "5 s", "-5s", "5sec", "1e3s", "5.5.5s", ".s", "nan", "104249d", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(bad).ok()) << bad;
  }
}

TEST(Text, DurationsReadBackTheSame) {
  RandomStream r(2, "text");
  for (int i = 0; i < 10'000; ++i) {
    const Duration d{static_cast<std::int64_t>(r.bits() >> (2 + r.below(61)))};
    if (d.ns > 9'000'000'000'000'000'000LL) continue;
    EXPECT_EQ(*parse_duration(text_of(d)), d) << text_of(d);
  }
  EXPECT_EQ(text_of(90_s), "90s");
  EXPECT_EQ(text_of(15_min), "15min");
  EXPECT_EQ(text_of(250_ms), "250ms");
  EXPECT_EQ(text_of(0_ms), "0");
}

TEST(Text, Sizes) {
  EXPECT_EQ(parse_bytes("80GB")->value, 80'000'000'000);
  EXPECT_EQ(parse_bytes("80GiB")->value, 85'899'345'920);
  EXPECT_EQ(parse_bytes("1.5kB")->value, 1'500);
  EXPECT_EQ(parse_bytes("1024")->value, 1'024);
  for (const char* bad : {"", "GB", "80 GB", "-1GB", "80gb", "80Gb", "9999999999TB"})
    EXPECT_FALSE(parse_bytes(bad).ok()) << bad;
}

TEST(Text, DecimalSeconds) {
  EXPECT_EQ(*parse_decimal_ns("4.314579"), 4'314'579'000);
  EXPECT_EQ(*parse_decimal_ns("-1"), -1'000'000'000);
  EXPECT_EQ(*parse_decimal_ns("0.0000000005"), 1);
  EXPECT_EQ(*parse_decimal_ns("0.00000000049999999999999"), 0);
  EXPECT_EQ(*parse_decimal_ns("9223372036"), 9'223'372'036'000'000'000);
  for (const char* bad : {"", ".", "-", "1e3", "9223372037", "1.2.3", "1_0", "١"})
    EXPECT_FALSE(parse_decimal_ns(bad).ok()) << bad;
}

TEST(Text, HumanBytes) {
  EXPECT_EQ(human_bytes(141.1e9), "141.1 GB");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(999'949), "999.9 kB");
  EXPECT_EQ(human_bytes(999'960), "1.0 MB");
}

TEST(Text, NearestHint) {
  EXPECT_EQ(nearest_hint("fcsf", {"fcfs", "sjf"}), " (did you mean 'fcfs'?)");
  EXPECT_EQ(nearest_hint("something else", {"fcfs", "sjf"}), " (known: fcfs, sjf)");
  EXPECT_EQ(nearest_hint("x", {}), "");
  EXPECT_EQ(nearest_hint(std::string(1'000'000, 'x'), {"fcfs"}), " (known: fcfs)");
}

}  // namespace
}  // namespace jevons
