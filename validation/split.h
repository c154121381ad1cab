// Which measurements no fit may see: a rule over the shape of the problem, never over its result.
#ifndef JEVONS_VALIDATION_SPLIT_H_
#define JEVONS_VALIDATION_SPLIT_H_

#include <cmath>
#include <cstdint>
#include <span>
#include <string>

namespace jevons {

inline constexpr int kHeldOutOneIn = 4;

// One shape in four is held out: FNV-1a over its numbers as text ("4096,8192"), modulo 4, is 0.  All measurements of
// one shape (a GEMM's n and k with every m) stay together, so that what is reported is a shape never seen.
inline bool held_out(std::span<const double> shape) {
  std::uint64_t hash = 0xcbf29ce484222325;
  std::string text;
  for (const double v : shape) text += (text.empty() ? "" : ",") + std::to_string(std::llround(v));
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash % kHeldOutOneIn == 0;
}

}  // namespace jevons
#endif  // JEVONS_VALIDATION_SPLIT_H_
