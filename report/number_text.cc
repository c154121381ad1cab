// Numbers as people read them.
#include "report/number_text.h"

#include <fmt/format.h>

#include <cmath>

namespace jevons {
namespace {

std::string with_separators(double v) {
  std::string digits = fmt::format("{:.0f}", std::fabs(v));
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  const bool negative = v < 0 && digits != "0";
  return negative ? "-" + digits : digits;
}

// The magnitude decides after rounding: 999.7 reads "1,000", not "1000".
std::string scaled(double v) {
  const double size = std::fabs(v);
  if (size >= 99.95) return with_separators(v);
  if (size >= 9.995) return fmt::format("{:.1f}", v);
  if (size >= 0.9995) return fmt::format("{:.2f}", v);
  if (size >= 0.01) return fmt::format("{:.3f}", v);
  return fmt::format("{:.2g}", v);
}

}  // namespace

std::string three_digits(double v) {
  if (!std::isfinite(v)) return "-";
  if (v == 0) return "0";
  if (std::fabs(v) >= 1e12) return scaled(v / 1e12) + " T";
  if (std::fabs(v) >= 1e9) return scaled(v / 1e9) + " G";
  if (std::fabs(v) >= 1e6) return scaled(v / 1e6) + " M";
  return scaled(v);
}

std::string whole_number(double v) {
  if (!std::isfinite(v)) return "-";
  return std::fabs(v) >= 1e7 ? three_digits(v) : with_separators(v);
}

std::string human_seconds(double s) {
  if (!std::isfinite(s)) return "-";
  const double size = std::fabs(s);
  if (size == 0) return "0 s";
  if (size < 1e-6) return scaled(s * 1e9) + " ns";
  if (size < 0.9995e-3) return scaled(s * 1e6) + " us";
  if (size < 0.9995) return scaled(s * 1e3) + " ms";
  if (size < 120) return scaled(s) + " s";
  if (size < 2 * 3600) return scaled(s / 60) + " min";
  if (size < 4 * 86400) return scaled(s / 3600) + " h";
  return scaled(s / 86400) + " d";
}

std::string human_dollars(double usd) {
  if (!std::isfinite(usd)) return "-";
  return usd < 0 ? "-$" + three_digits(-usd) : "$" + three_digits(usd);
}

std::string human_share(double share) {
  if (!std::isfinite(share)) return "-";
  return fmt::format("{:.1f} %", share * 100);
}

std::size_t text_columns(std::string_view utf8) {
  std::size_t n = 0;
  for (const char c : utf8) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++n;  // Continuation bytes take no column of their own.
  }
  return n;
}

}  // namespace jevons
