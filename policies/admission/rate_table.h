// Token rates of tenants, as text.
//
//   table = TENANT "=" RATE "/" BURST, separated by ","        "alice=1000/20000, batch=50/5000"
// RATE in tokens a second, BURST in tokens, both whole.
#ifndef JEVONS_POLICIES_ADMISSION_RATE_TABLE_H_
#define JEVONS_POLICIES_ADMISSION_RATE_TABLE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace jevons {

struct TokenRate {
  std::int64_t tokens_per_s = 0, burst = 0;
};

using RateTable = std::map<std::string, TokenRate, std::less<>>;

inline constexpr std::int64_t kMostTokens = 1'000'000'000'000;  // Of a rate or a burst.

// An empty text is an empty table.
inline Result<RateTable> parse_rates(std::string_view text) {
  const auto trim = [](std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
  };
  RateTable table;
  if (trim(text).empty()) return table;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view piece = trim(text.substr(0, comma));
    more = comma != std::string_view::npos;
    text = more ? text.substr(comma + 1) : std::string_view();
    const Error bad{"expected TENANT=RATE/BURST, got '" + std::string(piece) + "'", ""};
    const std::size_t equals = piece.rfind('='), slash = piece.rfind('/');
    if (equals == std::string_view::npos || slash == std::string_view::npos || slash < equals) return bad;
    const auto rate = parse_int64(trim(piece.substr(equals + 1, slash - equals - 1)));
    const auto burst = parse_int64(trim(piece.substr(slash + 1)));
    if (!rate || !burst || *rate < 0 || *rate > kMostTokens || *burst < 0 || *burst > kMostTokens) return bad;
    const std::string_view name = trim(piece.substr(0, equals));
    if (!table.emplace(name, TokenRate{*rate, *burst}).second)
      return Error{"tenant '" + std::string(name) + "' comes twice", ""};
  }
  return table;
}

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_RATE_TABLE_H_
