// The fields of GpuSpec, ModelSpec and the stacks as tables, so that reading, range checks and "unknown key" hints
// share one list. Internal to topologies.
#ifndef JEVONS_TOPOLOGIES_CATALOGUE_FIELDS_H_
#define JEVONS_TOPOLOGIES_CATALOGUE_FIELDS_H_

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "topologies/catalogue.h"

namespace jevons {

// A number with an inclusive range.  `required`: a GPU or model without it makes no sense.
struct GpuField {
  std::string_view name;
  double GpuSpec::*field;
  double low, high;
  bool required;
};
std::span<const GpuField> gpu_fields();  // All but `memory`, which is a size with a unit.

template <class T>
struct ModelField {
  std::string_view name;
  T ModelSpec::*field;
  T low, high;
  bool required;
};
std::span<const ModelField<std::int32_t>> model_counts();
std::span<const ModelField<std::int64_t>> model_sizes();
std::span<const ModelField<double>> model_reals();

template <class Stack>
struct StackField {
  std::string_view name;
  double Stack::*field;
  double low, high;
};
std::span<const StackField<StackSpec>> stack_fields();
std::span<const StackField<TrainingConstants>> training_stack_fields();

// What no single field can say ("heads 64 do not divide by kv_heads 7"); `where` of the error is empty.
Status check_model(const ModelSpec& model);

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_CATALOGUE_FIELDS_H_
