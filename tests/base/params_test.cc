// Parameter tables: defaults, ranges, unknown names.
#include "base/params.h"

#include <gtest/gtest.h>

namespace jevons {
namespace {

struct Params {
  double share = 0.5;
  std::int64_t depth = 8;
  bool strict = false;
  Duration wait = 90_s;
  std::string mode = "fast";
};

ParamTable<Params> table() {
  ParamTable<Params> t;
  t.add("share", &Params::share, 0, 1, "Share of nodes.");
  t.add("depth", &Params::depth, 1, 100, "Jobs looked at.");
  t.add("strict", &Params::strict, "Refuse instead of wait.");
  t.add("wait", &Params::wait, 1_s, 1_h, "Longest wait.");
  t.add("mode", &Params::mode, "fast or slow", "How.", [](std::string_view v) { return v == "fast" || v == "slow"; });
  return t;
}

std::string error_of(const ParamText& given) {
  const auto p = table().parse(given);
  return p.ok() ? "ok" : p.error().text();
}

TEST(Params, DefaultsAndValues) {
  const auto defaults = table().parse({});
  ASSERT_TRUE(defaults.ok());
  EXPECT_EQ(defaults->depth, 8);
  const auto p =
      table().parse({{"share", "0.25"}, {"depth", "100"}, {"strict", "true"}, {"wait", "1.5min"}, {"mode", "slow"}});
  ASSERT_TRUE(p.ok());
  EXPECT_EQ(p->share, 0.25);
  EXPECT_EQ(p->depth, 100);
  EXPECT_TRUE(p->strict);
  EXPECT_EQ(p->wait, 90_s);
  EXPECT_EQ(p->mode, "slow");
}

TEST(Params, DeclarationTellsNameDefaultRangeHelp) {
  const auto rows = table().rows();
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].name + "|" + rows[0].fallback + "|" + rows[0].allowed + "|" + rows[0].help,
            "share|0.5|0 to 1|Share of nodes.");
  EXPECT_EQ(rows[3].fallback + "|" + rows[3].allowed, "90s|1s to 1h");
  EXPECT_EQ(rows[2].fallback, "false");
}

TEST(Params, Errors) {
  EXPECT_EQ(error_of({{"shere", "1"}}), "shere: unknown parameter (did you mean 'share'?)");
  EXPECT_EQ(error_of({{"share", "1.01"}}), "share: expected a number from 0 to 1, got '1.01'");
  EXPECT_EQ(error_of({{"share", "nan"}}), "share: expected a number from 0 to 1, got 'nan'");
  EXPECT_EQ(error_of({{"depth", "0"}}), "depth: expected a whole number from 1 to 100, got '0'");
  EXPECT_EQ(error_of({{"depth", "1.5"}}), "depth: expected a whole number from 1 to 100, got '1.5'");
  EXPECT_EQ(error_of({{"strict", "yes"}}), "strict: expected true or false, got 'yes'");
  EXPECT_EQ(error_of({{"wait", "0.5s"}}), "wait: expected a duration from 1s to 1h, got '0.5s'");
  EXPECT_EQ(error_of({{"mode", "other"}}), "mode: expected fast or slow, got 'other'");
}

TEST(ParamsDeathTest, OneNameTwiceIsOurOwnMistake) {
  ParamTable<Params> t = table();
  EXPECT_DEATH(t.add("share", &Params::share, 0, 1, "Again."), "check failed");
}

}  // namespace
}  // namespace jevons
