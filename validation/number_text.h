// Numbers in the files that tools/calibrate writes.  Internal to validation.
#ifndef JEVONS_VALIDATION_NUMBER_TEXT_H_
#define JEVONS_VALIDATION_NUMBER_TEXT_H_

#include <fmt/format.h>

#include <string>

namespace jevons {

// More digits than any of the measurements carries.
inline std::string six_digits(double v) { return fmt::format("{:.6g}", v); }

}  // namespace jevons
#endif  // JEVONS_VALIDATION_NUMBER_TEXT_H_
