// Shares of tenants as text: "prod=2,dev=0.5".
#ifndef JEVONS_POLICIES_TRAINING_QUEUE_TENANT_SHARES_H_
#define JEVONS_POLICIES_TRAINING_QUEUE_TENANT_SHARES_H_

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace jevons {

// Without the blanks around it.
inline std::string_view trim_text(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// Cuts and returns the text up to `separator`, trimmed; all of it if there is none.  What is left is trimmed as well.
inline std::string_view cut_text(std::string_view* text, char separator) {
  const std::size_t at = text->find(separator);
  const std::string_view piece = trim_text(text->substr(0, at));
  *text = at == std::string_view::npos ? std::string_view() : trim_text(text->substr(at + 1));
  return piece;
}

// A tenant that is not named has the share of "*", and 1 if that is not named either.  Shares are positive and at most
// 1e9; only their ratios matter.
class TenantShares {
 public:
  static constexpr std::string_view kFormat = "TENANT=SHARE entries separated by commas, as in 'prod=2,dev=1,*=0.5'";

  static Result<TenantShares> parse(std::string_view text) {
    TenantShares shares;
    while (!text.empty()) {
      std::string_view piece = cut_text(&text, ',');
      const std::string got(piece);
      const std::string_view name = cut_text(&piece, '=');
      const auto share = parse_double(piece);
      if (name.empty() || !share || *share <= 0 || *share > 1e9) {
        return Error{"expected TENANT=SHARE with a share above 0 and up to 1e9, got '" + got + "'", ""};
      }
      if (!shares.by_name_.emplace(name, *share).second) return Error{"two shares of '" + std::string(name) + "'", ""};
    }
    return shares;
  }

  double of(std::string_view tenant) const {
    auto it = by_name_.find(tenant);
    if (it == by_name_.end()) it = by_name_.find(std::string_view("*"));
    return it == by_name_.end() ? 1.0 : it->second;
  }

 private:
  std::map<std::string, double, std::less<>> by_name_;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_TRAINING_QUEUE_TENANT_SHARES_H_
