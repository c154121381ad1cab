// SimGrid's settings are in force: a transfer takes bytes / rate, and events a nanosecond apart stay apart (checks.md
// 34).
#include <gtest/gtest.h>

#include <simgrid/s4u.hpp>
#include <xbt/config.hpp>

#include "tests/topologies/simgrid_flows.h"
#include "topologies/simgrid_compat.h"

namespace jevons {
namespace {

// With CM02 and no latencies two of them change nothing today; they must not start to.
TEST(SimgridGuard, SettingsAreAsPinned) {
  const SimgridRun run(plain_cluster(2, 40e9));
  using simgrid::config::get_value;
  EXPECT_EQ(get_value<std::string>("network/model"), "CM02");
  EXPECT_EQ(get_value<bool>("network/crosstraffic"), false);
  EXPECT_EQ(get_value<double>("network/TCP-gamma"), 1e15);
  EXPECT_EQ(get_value<double>("network/weight-S"), 0);
  EXPECT_LT(get_value<double>(simgrid_compat::kTimingPrecision), 1e-9);
}

// One node to another over 40 GB/s links: the default settings would take 1.085x for 1 GB and 12.55x for 10 kB.
TEST(SimgridGuard, TransfersTakeBytesOverRate) {
  SimgridRun run(plain_cluster(4, 40e9));
  const double sizes[] = {1e9, 1e4, 64e3};
  for (std::uint32_t i = 0; i < 3; ++i) {
    // One after the other, on a pair of their own.
    run.start_at(static_cast<double>(i), {i, 3, sizes[i]});
  }
  const auto ends = run.finish();
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_NEAR((ends[i] - static_cast<double>(i)) / (sizes[i] / 40e9), 1, 1e-6) << sizes[i];
}

TEST(SimgridGuard, ReverseTrafficDoesNotSlowAFlow) {
  SimgridRun run(plain_cluster(2, 40e9));
  run.start_at(0, {0, 1, 4e9});
  run.start_at(0, {1, 0, 4e9});
  const auto ends = run.finish();
  EXPECT_NEAR(ends[0], 0.1, 1e-7);
  EXPECT_NEAR(ends[1], 0.1, 1e-7);
}

// Ends 0.4 ns apart: SimGrid's default precision of 1 ns would make them one.
TEST(SimgridGuard, EndsCloserThanANanosecondStayApart) {
  SimgridRun run(plain_cluster(4, 40e9));
  run.start_at(0, {0, 1, 40e6});
  run.start_at(0, {2, 3, 40e6 + 16});
  const auto ends = run.finish();
  EXPECT_NEAR(ends[1] - ends[0], 0.4e-9, 1e-14);
}

// A run of 115 days: doubles are 1.9 ns apart there, and a flow must still end, at the right date.
TEST(SimgridGuard, LateFlowsEnd) {
  SimgridRun run(plain_cluster(4, 40e9));
  for (std::uint32_t i = 0; i < 200; ++i) run.start_at(1e7 + i * 1e-5, {i % 3, 3, 64e3 + i});
  const auto ends = run.finish();
  for (const double end : ends) {
    EXPECT_GT(end, 1e7);
    EXPECT_LT(end, 1e7 + 0.01);
  }
}

TEST(SimgridGuard, StorageIsSharedByAllReaders) {
  Cluster c = plain_cluster(8, 400e9);
  c.storage.read_bytes_per_s = 100e9;
  c.storage.write_bytes_per_s = 20e9;
  SimgridRun run(c);
  for (std::uint32_t n = 0; n < 4; ++n) run.start_at(0, {storage_source_end(c), n, 25e9});
  run.start_at(0, {5, storage_sink_end(c), 20e9});
  const auto ends = run.finish();
  for (const double end : ends) EXPECT_NEAR(end, 1.0, 1e-6);
}

TEST(SimgridGuard, InsideANodeAFlowNeverTouchesTheNic) {
  SimgridRun run(plain_cluster(2, 1e9));
  run.start_at(0, {0, 0, 3600e9});  // 8 x 450 GB/s.
  EXPECT_NEAR(run.finish()[0], 1.0, 1e-6);
}

}  // namespace
}  // namespace jevons
