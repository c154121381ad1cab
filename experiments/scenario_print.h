// A scenario as YAML with every default visible, and the reference page of all fields.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_PRINT_H_
#define JEVONS_EXPERIMENTS_SCENARIO_PRINT_H_

#include <string>
#include <string_view>

#include "proto/scenario.pb.h"

namespace jevons {

// Fields in the order of the schema, maps by key.  Reads back as the same scenario.
std::string scenario_to_yaml(const proto::Scenario& scenario);

// docs/scenario.md, from the schema alone.
std::string scenario_reference();

// 16 hex digits of the 64-bit FNV-1a hash.
std::string text_hash(std::string_view text);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_PRINT_H_
