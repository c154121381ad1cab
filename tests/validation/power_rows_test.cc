// The rows of power: unique, with a source, and those that compare pass.
#include "validation/power_rows.h"

#include <gtest/gtest.h>

#include <set>

namespace jevons {
namespace {

const ValidationRow& row(const ValidationRows& rows, const std::string& id) {
  for (const ValidationRow& r : rows) {
    if (r.id == id) return r;
  }
  ADD_FAILURE() << id;
  return rows.front();
}

TEST(PowerRows, AreWhole) {
  std::set<std::string> ids;
  for (const ValidationRow& r : power_rows(DataFolder("/nowhere"))) {
    EXPECT_TRUE(ids.insert(r.id).second) << r.id;
    EXPECT_TRUE(r.id.starts_with("power."));
    EXPECT_NE(r.source.find("20"), std::string::npos) << r.id;
    EXPECT_FALSE(r.note.empty()) << r.id;
    EXPECT_TRUE(r.passes()) << r.id << ": " << *r.published << " against " << *r.simulated;
    EXPECT_DOUBLE_EQ(r.error, *r.simulated / *r.published - 1) << r.id;
  }
  EXPECT_GE(ids.size(), 15U);
}

TEST(PowerRows, ByHand) {
  const ValidationRows rows = power_rows(DataFolder("/nowhere"));
  // T21: 8 x (400 + 700) W = 8.8 kW against 8.4 kW; nothing was fitted to it.
  const ValidationRow& t21 = row(rows, "power.h100.training_max");
  EXPECT_DOUBLE_EQ(*t21.simulated, 8.8);
  EXPECT_DOUBLE_EQ(*t21.published, 8.4);
  EXPECT_EQ(t21.split, Split::kNeverFitted);
  EXPECT_DOUBLE_EQ(t21.allowed, 0.10);
  // (400 + 350) / (400 + 700).
  EXPECT_DOUBLE_EQ(*row(rows, "power.splitwise.capped").simulated, 750.0 / 1100);
  EXPECT_EQ(row(rows, "power.h200.idle").split, Split::kFitted);
}

// A rated maximum is a bound.
TEST(PowerRows, NodesStayBelowTheirRating) {
  for (const ValidationRow& r : power_rows(DataFolder("/nowhere"))) {
    const bool rating = r.id.find("dgx") != std::string::npos;
    EXPECT_TRUE(!rating || r.error < 0) << r.id;
  }
}

}  // namespace
}  // namespace jevons
