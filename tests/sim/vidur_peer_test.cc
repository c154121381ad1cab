// Every request of a public peer's run, to the nanosecond: Vidur on Llama-2-70B, A100 TP4, 4 replicas
// (shared/data/peers).
#include "tests/support/vidur_peer.h"

#include <gtest/gtest.h>

namespace jevons::testing {
namespace {

void agree_with_the_peer(bool fast_forward) {
  if (!have_peer()) GTEST_SKIP() << "skipped: no data";
  std::vector<Request> requests;
  std::vector<PeerAnswer> expected;
  read_peer(&requests, &expected);
  ASSERT_EQ(requests.size(), 9754U);
  Inputs in = vidur_inputs(requests, fast_forward);
  Records records;
  in.observers.push_back(&records);
  const auto result = simulate(std::move(in));
  ASSERT_TRUE(result.ok()) << result.error().text();
  ASSERT_EQ(records.requests.size(), expected.size());
  for (const RequestRecord& r : records.requests) {
    const PeerAnswer& e = expected[r.id.index];
    // Both are rounded: the peer's sums of doubles to ten digits, ours to whole nanoseconds.
    ASSERT_NEAR(static_cast<double>((r.first_token - r.arrival).ns), e.ttft_s * 1e9, 1.01) << "request " << r.id.index;
    ASSERT_NEAR(static_cast<double>((r.finish - r.arrival).ns), e.e2e_s * 1e9, 1.01) << "request " << r.id.index;
  }
}

TEST(VidurPeer, EveryRequestAgreesInFastForward) { agree_with_the_peer(true); }
TEST(VidurPeer, EveryRequestAgreesStepByStep) { agree_with_the_peer(false); }

}  // namespace
}  // namespace jevons::testing
