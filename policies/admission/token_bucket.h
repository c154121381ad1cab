// Admission: a rate of tokens for each tenant.
#ifndef JEVONS_POLICIES_ADMISSION_TOKEN_BUCKET_H_
#define JEVONS_POLICIES_ADMISSION_TOKEN_BUCKET_H_

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/params.h"
#include "policies/admission/rate_table.h"
#include "policies/api/admission.h"

namespace jevons {

// A bucket holds up to `burst` tokens and is full at first; it fills by `tokens_per_s`, and a request is taken if it
// holds what the request costs.  Levels are whole billionths of a token, so that nothing is lost to rounding however
// often a bucket is looked at.
class TokenBucketAdmission final : public Admission {
 public:
  static constexpr std::string_view kName = "token_bucket";
  static constexpr std::string_view kSummary =
      "Hold each tenant to a rate of tokens, with a burst: a request that finds too few in its tenant's bucket is "
      "refused.";
  struct Params {
    // Our choice: a burst of ten seconds, which a prompt of 128k tokens fits into.
    std::int64_t tokens_per_s = 20'000;
    std::int64_t burst = 200'000;
    std::int64_t per_request = 0;
    std::string tenants;
  };
  static void describe(ParamTable<Params>& t) {
    t.add("tokens_per_s", &Params::tokens_per_s, 0, kMostTokens, "Rate of a tenant without one of its own.");
    t.add("burst", &Params::burst, 0, kMostTokens,
          "Most tokens its bucket holds; a request that costs more is always refused.");
    t.add("per_request", &Params::per_request, 0, kMostTokens,
          "Tokens that a request costs beside its prompt, for the output that nobody knows yet.");
    t.add("tenants", &Params::tenants, "TENANT=RATE/BURST, separated by commas",
          "Tenants with a rate of their own, as in 'alice=1000/20000, batch=50/5000'.",
          [](std::string_view text) { return parse_rates(text).ok(); });
  }
  explicit TokenBucketAdmission(const Params& params)
      : params_(params), rates_(parse_rates(params.tenants).value()) {}  // Checked by the table above.

  AdmissionDecision decide(const AdmissionView& view) override {
    const auto own = rates_.find(view.tenant);
    const TokenRate rate = own == rates_.end() ? TokenRate{params_.tokens_per_s, params_.burst} : own->second;
    const Int128 full = static_cast<Int128>(rate.burst) * kNano;
    auto at = buckets_.find(view.tenant);
    if (at == buckets_.end()) at = buckets_.emplace(view.tenant, Bucket{full, view.now}).first;
    Bucket& bucket = at->second;
    bucket.level = std::min(full, bucket.level + static_cast<Int128>(rate.tokens_per_s) * (view.now - bucket.at).ns);
    bucket.at = view.now;
    const Int128 cost = (static_cast<Int128>(view.request.prompt.value) + params_.per_request) * kNano;
    if (bucket.level < cost) return {.admit = false};
    bucket.level -= cost;
    return {};
  }

 private:
  static constexpr Int128 kNano = 1'000'000'000;
  struct Bucket {
    Int128 level;  // 1e-9 tokens: what comes in a nanosecond at one token a second.
    Instant at;    // The level is of.
  };
  Params params_;
  RateTable rates_;
  std::map<std::string, Bucket, std::less<>> buckets_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_TOKEN_BUCKET_H_
