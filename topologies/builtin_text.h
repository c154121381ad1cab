// The text of topologies/catalogue/*.yaml, compiled in (the source is written by embed_text.cmake).
#ifndef JEVONS_TOPOLOGIES_BUILTIN_TEXT_H_
#define JEVONS_TOPOLOGIES_BUILTIN_TEXT_H_

#include <string_view>

namespace jevons {

extern const std::string_view kBuiltinKernels;
extern const std::string_view kBuiltinGpus;
extern const std::string_view kBuiltinModels;
extern const std::string_view kBuiltinFittedStacks;
extern const std::string_view kBuiltinStacks;
extern const std::string_view kBuiltinTraining;
extern const std::string_view kBuiltinFittedTraining;

}  // namespace jevons
#endif  // JEVONS_TOPOLOGIES_BUILTIN_TEXT_H_
