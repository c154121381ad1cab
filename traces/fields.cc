// Hand-written because std::from_chars knows neither scaled decimals nor dates; every loop is bounded by the field.
#include "traces/fields.h"

#include <charconv>
#include <cstring>

#include "base/text.h"

namespace jevons {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Two digits at p, or -1.
int two_digits(const char* p) {
  const auto a = static_cast<unsigned>(p[0] - '0'), b = static_cast<unsigned>(p[1] - '0');
  return a > 9 || b > 9 ? -1 : static_cast<int>(a * 10 + b);
}

BadRow bad(const char* reason, const char* expected, std::string_view got) { return {reason, expected, got, 0}; }

BadRow finish(std::int64_t value, const NumberRules& rules, std::string_view text, std::int64_t* out) {
  if (value < 0) return bad(rules.negative, rules.expected, text);
  if (value == 0 && !rules.zero_allowed) return bad(rules.zero, rules.expected, text);
  if (value > rules.max) return bad(rules.out_of_range, rules.expected, text);
  *out = value;
  return {};
}

// Days from 1970-01-01 to a Gregorian date (Howard Hinnant, days_from_civil).
std::int64_t days_from_civil(int year, int month, int day) {
  const int y = month <= 2 ? year - 1 : year;
  const int era = y / 400;
  const int yoe = y - era * 400;
  const int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return std::int64_t{era} * 146097 + doe - 719468;
}

int days_in_month(int year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

constexpr const char* kTimestampExpected = "YYYY-MM-DD HH:MM:SS with up to 9 decimals and an optional zone";

// A decimal number taken apart: digits x 10^exponent.
struct Decimal {
  Int128 digits = 0;
  int exponent = 0;
  bool negative = false, too_large = false;
};

bool take_apart(std::string_view text, Decimal* d) {
  const char* p = text.data();
  const char* const end = p + text.size();
  if (p != end && *p == '-') {
    d->negative = true;
    ++p;
  }
  constexpr Int128 kMost =
      static_cast<Int128>(1'000'000'000'000'000'000) * 1'000'000'000;  // 27 digits: x 10^9 fits 128 bits.
  bool any = false;
  for (; p != end && is_digit(*p); ++p) {
    any = true;
    if (d->digits < kMost) {
      d->digits = d->digits * 10 + (*p - '0');
    } else {
      d->too_large = true;
    }
  }
  if (p != end && *p == '.') {
    for (++p; p != end && is_digit(*p); ++p) {
      any = true;
      if (d->digits >= kMost) continue;  // Beyond the nanosecond of any time in range.
      d->digits = d->digits * 10 + (*p - '0');
      --d->exponent;
    }
  }
  if (!any) return false;
  if (p != end && (*p == 'e' || *p == 'E')) {
    ++p;
    if (p != end && *p == '+') ++p;
    int shift = 0;
    const auto [stop, code] = std::from_chars(p, end, shift);
    if (code != std::errc{} || stop == p || shift > 10'000 || shift < -10'000) return false;
    d->exponent += shift;
    p = stop;
  }
  return p == end;
}

// The usual decimals, in 64 bits: at most 9 digits before the point, and no more behind it than the unit has zeros.
bool parse_short_time(std::string_view text, std::int64_t unit_ns, std::int64_t* ns) {
  const char* p = text.data();
  const char* const end = p + text.size();
  std::int64_t whole = 0;
  const char* const first = p;
  for (; p != end && is_digit(*p) && p - first < 10; ++p) whole = whole * 10 + (*p - '0');
  if (p == first || p - first > 9) return false;
  std::int64_t value = whole * unit_ns;
  if (p != end && *p == '.') {
    for (++p; p != end && is_digit(*p); ++p) {
      if (unit_ns % 10 != 0) return false;
      unit_ns /= 10;
      value += unit_ns * (*p - '0');
    }
  }
  *ns = value;
  return p == end;
}

}  // namespace

std::string BadRow::message() const {
  std::string text = reason;
  text += " (expected ";
  text += expected;
  if (got.data() == nullptr) return text + ')';  // Nothing of the row to show.
  text += ", got '";
  for (const char c : got.substr(0, 60)) text += static_cast<unsigned char>(c) < 32 || c == 127 ? '?' : c;
  text += got.size() > 60 ? "...')" : "')";
  return text;
}

BadRow parse_count(std::string_view text, const NumberRules& rules, std::int64_t* out) {
  const char* p = text.data();
  const char* const end = p + text.size();
  const bool negative = p != end && *p == '-';
  if (negative) ++p;
  const char* const first = p;
  std::uint64_t v = 0;
  bool large = false;
  for (; p != end && is_digit(*p); ++p) {
    if (v >= std::uint64_t{1} << 59) large = true;
    v = v * 10 + static_cast<std::uint64_t>(*p - '0');
  }
  if (p == first) return bad(rules.malformed, rules.expected, text);
  if (p != end && *p == '.') {
    ++p;
    while (p != end && *p == '0') ++p;
  }
  if (p != end) return bad(rules.malformed, rules.expected, text);
  if (negative && (large || v > 0)) return bad(rules.negative, rules.expected, text);
  if (large) return bad(rules.out_of_range, rules.expected, text);
  return finish(static_cast<std::int64_t>(v), rules, text, out);
}

BadRow parse_amount(std::string_view text, double unit, const AmountRules& rules, double* out) {
  *out = 0;
  if (text.empty()) return {};
  const auto value = parse_double(text);
  if (!value) return bad(rules.malformed, rules.expected, text);
  if (!(*value >= 0 && *value * unit <= rules.max)) return bad(rules.out_of_range, rules.expected, text);
  *out = *value * unit;
  return {};
}

BadRow parse_time(std::string_view text, std::int64_t unit_ns, const NumberRules& rules, std::int64_t* ns) {
  std::int64_t quick = 0;
  if (text.size() <= 20 && parse_short_time(text, unit_ns, &quick)) return finish(quick, rules, text, ns);
  Decimal d;
  if (!take_apart(text, &d)) return bad(rules.malformed, rules.expected, text);
  if (d.negative && d.digits > 0) return bad(rules.negative, rules.expected, text);
  if (d.too_large) return bad(rules.out_of_range, rules.expected, text);
  Int128 value = d.digits * unit_ns;
  for (; d.exponent > 0 && value > 0; --d.exponent) {
    value *= 10;
    if (value > rules.max) return bad(rules.out_of_range, rules.expected, text);
  }
  int remainder_digit = 0;
  for (; d.exponent < 0 && (value > 0 || remainder_digit > 0); ++d.exponent) {
    remainder_digit = static_cast<int>(value % 10);
    value /= 10;
  }
  if (remainder_digit >= 5) ++value;
  if (value > rules.max) return bad(rules.out_of_range, rules.expected, text);
  return finish(static_cast<std::int64_t>(value), rules, text, ns);
}

BadRow run_between(std::int64_t start_ns, std::int64_t end_ns, std::string_view got, Duration* run_time) {
  if (end_ns < start_ns) return bad(kRunTimeRules.negative, "an end after the start", got);
  if (end_ns == start_ns) return bad(kRunTimeRules.zero, "an end after the start", got);
  run_time->ns = end_ns - start_ns;
  return {};
}

BadRow TimestampParser::parse(std::string_view text, std::int64_t* unix_ns, const NumberRules& rules) {
  if (text.size() < 19) return bad(rules.malformed, kTimestampExpected, text);
  const char* p = text.data();
  const char* const end = p + text.size();
  const BadRow malformed = bad(rules.malformed, kTimestampExpected, text);
  if (std::memcmp(p, date_.data(), date_.size()) != 0) {
    const int century = two_digits(p), of_century = two_digits(p + 2), month = two_digits(p + 5),
              day = two_digits(p + 8);
    if (century < 0 || of_century < 0 || p[4] != '-' || p[7] != '-' || month < 1 || month > 12 || day < 1)
      return malformed;
    const int year = century * 100 + of_century;
    if (day > days_in_month(year, month)) return malformed;
    if (year < 1970 || year > 2254) return bad(rules.out_of_range, "a year from 1970 to 2254", text);
    midnight_ns_ = days_from_civil(year, month, day) * 86'400'000'000'000;
    std::memcpy(date_.data(), p, date_.size());
  }
  const int hour = two_digits(p + 11), minute = two_digits(p + 14), second = two_digits(p + 17);
  if ((p[10] != ' ' && p[10] != 'T') || p[13] != ':' || p[16] != ':') return malformed;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return malformed;
  std::int64_t ns = midnight_ns_ + (hour * 3600 + minute * 60 + second) * std::int64_t{1'000'000'000};
  p += 19;
  if (p != end && *p == '.') {
    std::int64_t unit = 100'000'000;
    for (++p; p != end && is_digit(*p); ++p) {
      if (unit == 0) return malformed;
      ns += unit * (*p - '0');
      unit /= 10;
    }
  }
  if (p != end && *p == 'Z') {
    ++p;
  } else if (p != end && (*p == '+' || *p == '-')) {
    const std::int64_t sign = *p == '+' ? 1 : -1;
    if (end - p != 5 && end - p != 6) return malformed;
    const bool colon = end - p == 6;
    const int hours = two_digits(p + 1), minutes = two_digits(p + (colon ? 4 : 3));
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || (colon && p[3] != ':')) return malformed;
    ns -= sign * (hours * 3600 + minutes * 60) * std::int64_t{1'000'000'000};
    p = end;
  }
  if (p != end) return malformed;
  if (ns < 0) return bad(rules.out_of_range, "a year from 1970 to 2254", text);
  *unix_ns = ns;
  return {};
}

std::int64_t time_unit_ns(std::string_view name) {
  if (name == "ns") return 1;
  if (name == "us") return 1'000;
  if (name == "ms") return 1'000'000;
  if (name == "s") return 1'000'000'000;
  return 0;
}

}  // namespace jevons
