// What the tokens of requests earn, exactly.
#ifndef JEVONS_SIM_OBSERVE_TARIFF_H_
#define JEVONS_SIM_OBSERVE_TARIFF_H_

#include <cmath>
#include <cstdint>

#include "base/units.h"

namespace jevons {

// Due for the tokens of paid requests that meet the SLO; taken to the millionth of a dollar.
struct Tariff {
  double usd_per_million_prompt_tokens = 0, usd_per_million_output_tokens = 0;
};

// In millionths of a micro-dollar: a dollar per million tokens is a million of them per token.
inline Int128 pico_dollars(const Tariff& tariff, Tokens prompt, Tokens output) {
  return static_cast<Int128>(std::llround(tariff.usd_per_million_prompt_tokens * 1e6)) * prompt.value +
         static_cast<Int128>(std::llround(tariff.usd_per_million_output_tokens * 1e6)) * output.value;
}

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_TARIFF_H_
