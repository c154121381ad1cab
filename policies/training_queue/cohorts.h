// Quotas of tenants as text, in cohorts that lend to each other.
//
//   text    = cohort, several separated by ";"              "ml: prod=32 lend 8, dev=16 borrow 8; ops: *=10%"
//   cohort  = [name ":"] quota {"," quota}                   A cohort without a name may be given once.
//   quota   = tenant "=" amount ["borrow" amount] ["lend" amount]
//   amount  = whole GPUs ("12") or a share of those that training may use now, with a point or a percent sign ("30%")
// The amount after "=" is the nominal quota.  Without "borrow" a tenant may borrow whatever is lent, without "lend" it
// lends all that it does not use.  "*" is a quota for each tenant that is not named; without it such tenants have a
// nominal quota of 0 in the first cohort.
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_COHORTS_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_COHORTS_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "base/units.h"
#include "policies/training_queue/tenant_shares.h"

namespace jevons {

class Cohorts {
 public:
  static constexpr std::string_view kFormat =
      "TENANT=GPUS [borrow GPUS] [lend GPUS] entries, as in 'prod=32 lend 8,dev=25%', or 'COHORT:TENANT=GPUS,...;...'";
  static constexpr Gpus kUnlimited{std::numeric_limits<std::int32_t>::max()};

  struct Amount {
    bool share = false;
    double value = 0;  // 0 to 1, or whole GPUs.
    Gpus of(Gpus capacity) const {
      // Rounded down, but 0.3 x 10 is a little below 3 in binary.
      return Gpus{static_cast<std::int32_t>(share ? std::floor(value * capacity.value + 1e-9) : value)};
    }
  };
  struct Quota {
    std::string tenant;
    std::size_t cohort = 0;
    Amount nominal;
    Amount borrow{false, static_cast<double>(kUnlimited.value)}, lend = borrow;
  };

  static Result<Cohorts> parse(std::string_view text) {
    Cohorts cohorts;
    while (!text.empty()) {
      if (Status s = cohorts.add_cohort(cut_text(&text, ';')); !s) return s.error();
    }
    if (cohorts.quotas_.empty()) return Error{"no quota is given", ""};
    return cohorts;
  }

  const std::vector<Quota>& quotas() const { return quotas_; }
  std::size_t size() const { return names_.size(); }

  // That of `tenant`, else that of "*", else null.
  const Quota* find(std::string_view tenant) const {
    const Quota* other = nullptr;
    for (const Quota& q : quotas_) {
      if (q.tenant == tenant) return &q;
      if (q.tenant == "*") other = &q;
    }
    return other;
  }

 private:
  Status add_cohort(std::string_view text) {
    std::string_view rest = text;
    std::string_view name;
    if (text.find(':') != std::string_view::npos) {
      name = cut_text(&rest, ':');
      if (name.empty()) return Error{"a cohort's name is empty", ""};
    }
    for (const std::string& other : names_) {
      if (other == name) return Error{"two cohorts called '" + other + "'", ""};
    }
    names_.emplace_back(name);
    if (rest.empty()) return Error{"a cohort without quotas", ""};
    while (!rest.empty()) {
      auto quota = parse_quota(cut_text(&rest, ','));
      if (!quota) return quota.error();
      for (const Quota& other : quotas_) {
        if (other.tenant == quota->tenant) return Error{"two quotas of '" + other.tenant + "'", ""};
      }
      quota->cohort = names_.size() - 1;
      quotas_.push_back(std::move(*quota));
    }
    return Ok{};
  }

  static Result<Quota> parse_quota(std::string_view text) {
    const Error bad{"expected TENANT=GPUS [borrow GPUS] [lend GPUS], got '" + std::string(text) + "'", ""};
    Quota quota;
    if (text.find('=') == std::string_view::npos) return bad;
    quota.tenant = std::string(cut_text(&text, '='));
    if (quota.tenant.empty() || !parse_amount(cut_text(&text, ' '), &quota.nominal)) return bad;
    bool borrows = false, lends = false;
    while (!text.empty()) {
      const std::string_view word = cut_text(&text, ' '), amount = cut_text(&text, ' ');
      const bool lend = word == "lend";
      if ((!lend && word != "borrow") || (lend ? lends : borrows)) return bad;
      (lend ? lends : borrows) = true;
      if (!parse_amount(amount, lend ? &quota.lend : &quota.borrow)) return bad;
    }
    return quota;
  }
  static bool parse_amount(std::string_view text, Amount* amount) {
    if (text.empty()) return false;
    const bool percent = text.back() == '%';
    if (percent) text.remove_suffix(1);
    amount->share = percent || text.find('.') != std::string_view::npos;
    const auto value = parse_double(text);
    if (!value || *value < 0) return false;
    amount->value = percent ? *value / 100 : *value;
    return amount->share ? amount->value <= 1 : amount->value == std::floor(amount->value) && amount->value <= 1e9;
  }

  std::vector<std::string> names_;
  std::vector<Quota> quotas_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_COHORTS_H_
