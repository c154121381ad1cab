// Numbers as people read them: three digits, a unit that fits, thousands separated.  No locale.
#ifndef JEVONS_REPORT_NUMBER_TEXT_H_
#define JEVONS_REPORT_NUMBER_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace jevons {

std::string three_digits(double v);     // "0.042", "1.23", "12.3", "123", "1,234", "12.3 M".
std::string whole_number(double v);     // "1,234,567", "12.3 M" from ten million on.
std::string human_seconds(double s);    // "35 us", "812 ms", "1.24 s", "12.3 min", "4.21 h", "3.5 d".
std::string human_dollars(double usd);  // "$0.042", "$1.92", "$1,234", "$12.3 M".
std::string human_share(double share);  // 0.9731 -> "97.3 %".

// Columns the text takes on a terminal: UTF-8 code points (the reports write none of double width).
std::size_t text_columns(std::string_view utf8);

}  // namespace jevons
#endif  // JEVONS_REPORT_NUMBER_TEXT_H_
