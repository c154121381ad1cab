// Numbers and quantities to and from text, without locale; and "did you mean".
//
// Every parser takes the whole text or fails: no trailing junk, no blanks.  Errors carry what was expected and an empty
// `where`, which the caller fills in.
#ifndef JEVONS_BASE_TEXT_H_
#define JEVONS_BASE_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace jevons {

Result<std::int64_t> parse_int64(std::string_view text);
Result<std::uint64_t> parse_uint64(std::string_view text);
Result<double> parse_double(std::string_view text);  // Finite; nan and inf are refused.
// "250ms", "1.5h", "2d", "90s", "10min", "500us", "7ns"; "0" needs no unit.  Exact decimal, rounded to the nanosecond,
// not negative, at most 285 years.
Result<Duration> parse_duration(std::string_view text);
// "80GB" (1e9), "80GiB" (2^30), "512MB", "1024"; not negative.
Result<Bytes> parse_bytes(std::string_view text);
// A decimal number of seconds ("4.314579", "-1", "1e3" is refused) as exact nanoseconds, digits beyond 9 rounded half
// up.
Result<std::int64_t> parse_decimal_ns(std::string_view seconds);

std::string text_of(double v);          // Shortest text that reads back the same.
std::string text_of(Duration d);        // Largest unit that is exact: "90s", "15min", "250ms".
std::string human_bytes(double bytes);  // "141.1 GB".

// " (did you mean 'x'?)" for the nearest of `known` within a third of its length, else " (known: a, b, c)" while that
// is short, else "".
std::string nearest_hint(std::string_view word, const std::vector<std::string>& known);

}  // namespace jevons
#endif  // JEVONS_BASE_TEXT_H_
