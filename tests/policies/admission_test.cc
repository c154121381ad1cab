// Admissions: hand-worked views, the token bucket to the billionth of a token, and the contract on random views.
#include <gtest/gtest.h>

#include <limits>

#include "policies/admission/rate_table.h"
#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

class FixedProbe final : public AdmissionProbe {
 public:
  Duration ttft{}, tpot{};
  Duration predicted_ttft() const override { return ttft; }
  Duration predicted_tpot() const override { return tpot; }
};

FixedProbe kNoPrediction;

AdmissionView view_of(std::int64_t held, std::int64_t waiting, std::int32_t replicas) {
  AdmissionView v;
  v.request.prompt = Tokens{100};
  v.held = held;
  v.waiting = waiting;
  v.replicas = replicas;
  v.probe = &kNoPrediction;
  return v;
}

std::unique_ptr<Admission> make(const std::string& name, const ParamText& params = {}) {
  return make_policy(builtins().admissions, name, params);
}

TEST(Admission, UnboundedTakesWhatComes) {
  EXPECT_TRUE(make("unbounded")->decide(view_of(1'000'000, 1'000'000, 0)).admit);
}

TEST(Admission, QueueLimitCountsWhatNoBatchHasTaken) {
  const auto policy = make("queue_limit", {{"per_replica", "10"}});
  EXPECT_TRUE(policy->decide(view_of(0, 19, 2)).admit);  // The twentieth of 2 x 10.
  EXPECT_FALSE(policy->decide(view_of(0, 20, 2)).admit);
  EXPECT_FALSE(policy->decide(view_of(8, 12, 2)).admit);
  EXPECT_TRUE(policy->decide(view_of(9, 0, 0)).admit) << "a pool at zero nodes holds as many as one replica";
  EXPECT_FALSE(policy->decide(view_of(10, 0, 0)).admit);
  AdmissionView busy = view_of(0, 0, 1);
  busy.running = 1000;
  EXPECT_TRUE(policy->decide(busy).admit);
}

TEST(Admission, QueueLimitInAll) {
  const auto policy = make("queue_limit", {{"per_replica", "0"}, {"total", "5"}});
  EXPECT_TRUE(policy->decide(view_of(2, 2, 100)).admit);
  EXPECT_FALSE(policy->decide(view_of(2, 3, 100)).admit);
  EXPECT_TRUE(make("queue_limit", {{"per_replica", "0"}})->decide(view_of(1 << 30, 0, 1)).admit);
}

bool asks(Admission* policy, std::string_view tenant, std::int64_t ns, std::int64_t prompt) {
  AdmissionView v = view_of(0, 0, 1);
  v.tenant = tenant;
  v.now = Instant{ns};
  v.request.prompt = Tokens{prompt};
  return policy->decide(v).admit;
}

// 3 tokens a second, 10 at most.  After 10 tokens at 0 s, one token is there at 1/3 s = 333,333,333.33 ns: not at
// ...333, but at ...334.
TEST(Admission, TokenBucketIsExactToTheNanosecond) {
  for (const std::int64_t looks : {0, 1, 1000}) {  // Looking and being refused changes nothing.
    const auto policy = make("token_bucket", {{"tokens_per_s", "3"}, {"burst", "10"}});
    EXPECT_TRUE(asks(policy.get(), "t", 0, 10));
    for (std::int64_t i = 0; i < looks; ++i) EXPECT_FALSE(asks(policy.get(), "t", i * 333'333, 1));
    EXPECT_FALSE(asks(policy.get(), "t", 333'333'333, 1));
    EXPECT_TRUE(asks(policy.get(), "t", 333'333'334, 1));
    // 2e-9 tokens are left over; the next comes when 3 x ns is 2e9 from the start: at 666,666,667 ns.
    EXPECT_FALSE(asks(policy.get(), "t", 666'666'666, 1));
    EXPECT_TRUE(asks(policy.get(), "t", 666'666'667, 1));
  }
}

TEST(Admission, TokenBucketDoesNotDrift) {
  const auto policy = make("token_bucket", {{"tokens_per_s", "7"}, {"burst", "2"}});
  ASSERT_TRUE(asks(policy.get(), "t", 0, 2));
  // Seven tokens a second, asked for at every k/7 s rounded up: all are there, for a million of them.
  for (std::int64_t k = 1; k <= 1'000'000; ++k) {
    const std::int64_t due = (k * 1'000'000'000 + 6) / 7;
    ASSERT_FALSE(asks(policy.get(), "t", due - 1, 1)) << k;
    ASSERT_TRUE(asks(policy.get(), "t", due, 1)) << k;
  }
}

TEST(Admission, TokenBucketsAreEachTenantsOwn) {
  const auto policy = make("token_bucket", {{"tokens_per_s", "0"}, {"burst", "100"}, {"tenants", "a=10/500, b = 0/0"}});
  EXPECT_TRUE(asks(policy.get(), "a", 0, 500));
  EXPECT_FALSE(asks(policy.get(), "a", 999'999'999, 10));
  EXPECT_TRUE(asks(policy.get(), "a", 1'000'000'000, 10));
  EXPECT_FALSE(asks(policy.get(), "b", 0, 1));
  EXPECT_TRUE(asks(policy.get(), "c", 0, 100));
  EXPECT_FALSE(asks(policy.get(), "c", 1'000'000'000'000'000'000, 1)) << "no rate, no refill";
  EXPECT_FALSE(asks(policy.get(), "d", 0, 101)) << "more than a bucket ever holds";
  EXPECT_TRUE(asks(policy.get(), "d", 0, 100)) << "what is refused costs nothing";
}

TEST(Admission, TokenBucketOfTheLargestRateDoesNotOverflow) {
  const std::string most = std::to_string(kMostTokens);
  const auto policy = make("token_bucket", {{"tokens_per_s", most}, {"burst", most}, {"per_request", most}});
  EXPECT_FALSE(asks(policy.get(), "t", std::numeric_limits<std::int64_t>::max(), 1)) << "the request's own token more";
  EXPECT_TRUE(asks(make("token_bucket", {{"per_request", "199900"}}).get(), "t", 0, 100));
  EXPECT_FALSE(asks(make("token_bucket", {{"per_request", "199901"}}).get(), "t", 0, 100));
}

TEST(Admission, RateTableReadsAndRefuses) {
  EXPECT_EQ(parse_rates("")->size(), 0u);
  const RateTable table = *parse_rates(" alice=1000/20000,x=y=5/6 ,=7/8");
  EXPECT_EQ(table.at("alice").tokens_per_s, 1000);
  EXPECT_EQ(table.at("alice").burst, 20000);
  EXPECT_EQ(table.at("x=y").burst, 6);
  EXPECT_EQ(table.at("").burst, 8) << "the tenant without a name";
  for (const char* bad :
       {"a", "a=1", "a=1/", "a=/1", "a=1/2,", ",", "a=-1/2", "a=1/2.5", "a/1=2", "a=1/2,a=1/2", "a=1/1000000000001"}) {
    EXPECT_FALSE(parse_rates(bad).ok()) << bad;
  }
}

TEST(Admission, PredictiveRefusesWhatWouldBreakTheSlo) {
  const auto policy = make("predictive");
  FixedProbe probe;
  AdmissionView v = view_of(0, 0, 3);
  v.probe = &probe;
  const auto admits = [&](Duration ttft, Duration tpot) {
    probe.ttft = ttft;
    probe.tpot = tpot;
    return policy->decide(v).admit;
  };
  EXPECT_TRUE(admits(1_h, 1_h)) << "no SLO, nothing to break";
  v.slo_ttft = 2_s;
  EXPECT_TRUE(admits(2_s, 1_h));
  EXPECT_FALSE(admits(2_s + 1_us, 1_ms));
  v.slo_tpot = 50_ms;
  EXPECT_TRUE(admits(2_s, 50_ms));
  EXPECT_FALSE(admits(1_s, 50_ms + 1_us));
  EXPECT_FALSE(admits(3_s, 1_ms));
  v.replicas = 0;
  EXPECT_TRUE(admits(Duration::max(), Duration::max())) << "a pool at zero nodes must hear of requests";
  EXPECT_FALSE(make("predictive", {{"wait_for_replica", "false"}})->decide(v).admit);
}

TEST(Admission, PredictiveLeavesTheRoomItIsTold) {
  const auto policy = make("predictive", {{"ttft_share", "0.5"}, {"tpot_share", "2"}});
  FixedProbe probe;
  AdmissionView v = view_of(0, 0, 1);
  v.probe = &probe;
  v.slo_ttft = 2_s;
  v.slo_tpot = 50_ms;
  probe.ttft = 1_s;
  probe.tpot = 100_ms;
  EXPECT_TRUE(policy->decide(v).admit);
  probe.ttft = 1001_ms;
  EXPECT_FALSE(policy->decide(v).admit);
}

TEST(Admission, PaidFirst) {
  const auto policy = make("paid_first", {{"free_queue", "2"}, {"free_kv_use", "0.5"}, {"paid_queue", "10"}});
  AdmissionView v = view_of(1, 2, 2);  // The fourth of 2 x 2.
  v.paid = false;
  EXPECT_TRUE(policy->decide(v).admit);
  v.waiting = 3;
  EXPECT_FALSE(policy->decide(v).admit);
  v.paid = true;
  EXPECT_TRUE(policy->decide(v).admit);
  v.waiting = 19;
  EXPECT_FALSE(policy->decide(v).admit) << "paid has a mark of its own";
  v = view_of(0, 0, 2);
  v.kv_use = 0.51;
  EXPECT_TRUE(policy->decide(v).admit);
  v.paid = false;
  EXPECT_FALSE(policy->decide(v).admit);
}

TEST(Admission, DegradeCapsUnderLoadAndNeverRefuses) {
  const auto policy = make("degrade", {{"output_cap", "64"}, {"queue", "3"}, {"kv_use", "0.5"}});
  const auto cap = [&](const AdmissionView& v) {
    const AdmissionDecision d = policy->decide(v);
    EXPECT_TRUE(d.admit);
    return d.output_cap;
  };
  EXPECT_EQ(cap(view_of(0, 5, 2)), Tokens{0});
  EXPECT_EQ(cap(view_of(0, 6, 2)), Tokens{64});
  AdmissionView full = view_of(0, 0, 2);
  full.kv_use = 0.5;
  EXPECT_EQ(cap(full), Tokens{0});
  full.kv_use = 0.51;
  EXPECT_EQ(cap(full), Tokens{64});
  EXPECT_EQ(make("degrade", {{"free_only", "true"}})->decide(full).output_cap, Tokens{0});
  full.kv_use = 1;
  full.paid = false;
  EXPECT_EQ(make("degrade", {{"free_only", "true"}})->decide(full).output_cap, Tokens{256});
}

// Every policy that ships: the same views give the same answers, and a cap is none or at least a token.
TEST(Contract, AdmissionsAnswerLegallyAndAlike) {
  for (const auto& [name, entry] : builtins().admissions.entries()) {
    const auto policy = make(name), again = make(name);
    RandomStream random(26, "admissions");
    Instant now;
    int refused = 0;
    for (int i = 0; i < 10'000; ++i) {
      now = now + Duration{static_cast<std::int64_t>(random.below(2'000'000'000))};
      FixedProbe probe;
      AdmissionView v = view_of(static_cast<std::int64_t>(random.below(500)),
                                static_cast<std::int64_t>(random.below(500)), static_cast<int>(random.below(9)));
      probe.ttft = v.replicas == 0 ? Duration::max() : Duration{static_cast<std::int64_t>(random.below(5'000'000'000))};
      probe.tpot = v.replicas == 0 ? Duration::max() : Duration{static_cast<std::int64_t>(random.below(100'000'000))};
      v.probe = &probe;
      v.now = now;
      v.request = {RequestId{static_cast<std::uint64_t>(i)}, now,
                   Tokens{1 + static_cast<std::int64_t>(random.below(99'999))}};
      const std::string tenant(random.below(3), 't');
      v.tenant = tenant;
      v.paid = random.below(2) == 0;
      v.running = static_cast<std::int64_t>(random.below(999));
      v.kv_use = random.uniform();
      if (random.below(2) == 0) v.slo_ttft = 2_s;
      if (random.below(2) == 0) v.slo_tpot = 50_ms;
      const AdmissionDecision one = policy->decide(v), two = again->decide(v);
      ASSERT_TRUE(one.admit == two.admit && one.output_cap == two.output_cap) << name;
      ASSERT_GE(one.output_cap, Tokens{0}) << name;
      refused += one.admit ? 0 : 1;
    }
    EXPECT_EQ(refused > 0, name != "unbounded" && name != "degrade") << name;
  }
}

}  // namespace
}  // namespace jevons::testing
