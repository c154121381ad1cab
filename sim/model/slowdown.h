// Iterations that take longer because somebody else is on the GPUs.
#ifndef JEVONS_SIM_MODEL_SLOWDOWN_H_
#define JEVONS_SIM_MODEL_SLOWDOWN_H_

#include <cmath>

#include "sim/model/iteration.h"

namespace jevons {

inline FixedTime slowed(FixedTime time, double factor) {
  return static_cast<FixedTime>(std::llround(static_cast<double>(time) * factor));
}

inline TokenTable slowed_table(TokenTable table, double factor) {
  for (FixedTime& t : table.by_tokens) t = slowed(t, factor);
  for (FixedTime& t : table.by_stride) t = slowed(t, factor);
  return table;
}

// Every coefficient times `factor`, rounded: linear in integers again, so the closed form over decode steps still is
// the sum of the steps.
inline LinearIterationModel slowed(LinearIterationModel model, double factor) {
  static_cast<TokenTable&>(model) = slowed_table(model, factor);
  model.wires = slowed_table(std::move(model.wires), factor);
  model.decode = slowed_table(std::move(model.decode), factor);
  model.decode_wires = slowed_table(std::move(model.decode_wires), factor);
  for (FixedTime* t :
       {&model.per_sequence, &model.per_kv_token, &model.per_chunk_work2, &model.per_chunk_kv, &model.prefill_floor}) {
    *t = slowed(*t, factor);
  }
  return model;
}

}  // namespace jevons
#endif  // JEVONS_SIM_MODEL_SLOWDOWN_H_
