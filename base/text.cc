// Parsing and printing on top of std::from_chars and std::to_chars.
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace jevons {
namespace {

template <class T>
bool read_all(std::string_view text, T* out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return code == std::errc{} && end == text.data() + text.size();
}

Error expected(std::string_view what, std::string_view got) {
  std::string shown(got.substr(0, 60));
  return Error{"expected " + std::string(what) + ", got '" + shown + "'", ""};
}

struct Unit {
  std::string_view name;
  std::int64_t size;
};
constexpr std::array<Unit, 7> kTimeUnits{{{"ns", 1},
                                          {"us", 1'000},
                                          {"ms", 1'000'000},
                                          {"s", 1'000'000'000},
                                          {"min", 60'000'000'000},
                                          {"h", 3'600'000'000'000},
                                          {"d", 86'400'000'000'000}}};
constexpr std::array<Unit, 11> kByteUnits{{{"", 1},
                                           {"B", 1},
                                           {"kB", 1'000},
                                           {"KB", 1'000},
                                           {"MB", 1'000'000},
                                           {"GB", 1'000'000'000},
                                           {"TB", 1'000'000'000'000},
                                           {"KiB", 1LL << 10},
                                           {"MiB", 1LL << 20},
                                           {"GiB", 1LL << 30},
                                           {"TiB", 1LL << 40}}};

// A plain decimal times `scale`, rounded half up; false on anything else or beyond +-9.2e18.
bool scaled_decimal(std::string_view text, std::int64_t scale, std::int64_t* out) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  Int128 whole = 0, part = 0, unit = 1;
  bool digits = false, point = false;
  constexpr Int128 kLimit = std::numeric_limits<std::int64_t>::max();
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      digits = true;
      if (!point) {
        whole = whole * 10 + (c - '0');
        if (whole > kLimit) return false;
      } else if (unit < 1'000'000'000'000'000'000LL) {
        part = part * 10 + (c - '0');
        unit *= 10;
      }
    } else {
      return false;
    }
  }
  if (!digits) return false;
  const Int128 value = whole * scale + (2 * part * scale + unit) / (2 * unit);
  if (value > kLimit) return false;
  *out = static_cast<std::int64_t>(negative ? -value : value);
  return true;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t swap = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, swap});
    }
  }
  return row.back();
}

}  // namespace

Result<std::int64_t> parse_int64(std::string_view text) {
  std::int64_t v = 0;
  if (!read_all(text, &v)) return expected("a whole number", text);
  return v;
}

Result<std::uint64_t> parse_uint64(std::string_view text) {
  std::uint64_t v = 0;
  if (!read_all(text, &v)) return expected("a whole number, 0 or more", text);
  return v;
}

Result<double> parse_double(std::string_view text) {
  double v = 0;
  if (!read_all(text, &v) || !std::isfinite(v)) return expected("a number", text);
  return v;
}

Result<Duration> parse_duration(std::string_view text) {
  const std::size_t split = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string_view name = text.substr(split);
  std::int64_t ns = 0;
  if (name.empty() && scaled_decimal(text, 1, &ns) && ns == 0) return Duration{0};
  for (const Unit& u : kTimeUnits) {
    if (u.name != name) continue;
    if (scaled_decimal(text.substr(0, split), u.size, &ns) && ns <= 9'000'000'000'000'000'000LL) return Duration{ns};
  }
  return expected("a duration with a unit (ns, us, ms, s, min, h, d)", text);
}

Result<Bytes> parse_bytes(std::string_view text) {
  const std::size_t split = std::min(text.find_first_not_of("0123456789."), text.size());
  std::int64_t bytes = 0;
  for (const Unit& u : kByteUnits) {
    if (u.name == text.substr(split) && scaled_decimal(text.substr(0, split), u.size, &bytes)) return Bytes{bytes};
  }
  return expected("a size (a number with B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)", text);
}

Result<std::int64_t> parse_decimal_ns(std::string_view seconds) {
  std::int64_t ns = 0;
  if (!scaled_decimal(seconds, 1'000'000'000, &ns)) return expected("a decimal number of seconds", seconds);
  return ns;
}

std::string text_of(double v) {
  std::array<char, 64> buffer{};
  const auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), v);
  CHECK(code == std::errc{});
  return {buffer.data(), end};
}

std::string text_of(Duration d) {
  if (d.ns == 0) return "0";
  for (auto u = kTimeUnits.rbegin(); u != kTimeUnits.rend(); ++u) {
    if (d.ns % u->size == 0) return std::to_string(d.ns / u->size) + std::string(u->name);
  }
  return std::to_string(d.ns) + "ns";
}

std::string human_bytes(double bytes) {
  constexpr std::array<std::string_view, 6> kNames{"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t i = 0;
  while (std::fabs(bytes) >= 999.95 && i + 1 < kNames.size()) {
    bytes /= 1000;
    ++i;
  }
  std::array<char, 64> buffer{};
  const auto [end, code] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), bytes, std::chars_format::fixed, i == 0 ? 0 : 1);
  CHECK(code == std::errc{});
  return std::string(buffer.data(), end) + " " + std::string(kNames[i]);
}

std::string nearest_hint(std::string_view word, const std::vector<std::string>& known) {
  const std::string* best = nullptr;
  std::size_t best_distance = 0;
  for (const std::string& k : known) {
    const std::size_t d = edit_distance(word.substr(0, 200), k);
    if (best == nullptr || d < best_distance) {
      best = &k;
      best_distance = d;
    }
  }
  if (best == nullptr) return "";
  if (best_distance <= std::max<std::size_t>(2, best->size() / 3)) return " (did you mean '" + *best + "'?)";
  std::string all;
  for (const std::string& k : known) all += (all.empty() ? "" : ", ") + k;
  return all.size() <= 300 ? " (known: " + all + ")" : "";
}

}  // namespace jevons
