// Checks every field of a scenario against the rules that the schema declares for it (proto/rules.proto): required,
// range, unit, choices, unique names.  What concerns more than one field is checked in scenario_check.h.
#ifndef JEVONS_EXPERIMENTS_SCENARIO_RULES_H_
#define JEVONS_EXPERIMENTS_SCENARIO_RULES_H_

#include <string>

#include "base/result.h"
#include "base/units.h"
#include "experiments/scenario_load.h"
#include "proto/rules.pb.h"

namespace jevons {

// The first field that breaks a rule, in the order of the schema.
Status check_rules(const ScenarioFile& file);

// What a field allows, in words: "a whole number from 1 to 1024", "a duration from 1ms to 30d", "fail or drop".
std::string allowed_text(const google::protobuf::FieldDescriptor& field);

inline const proto::Rules& rules_of(const google::protobuf::FieldDescriptor& field) {
  return field.options().GetExtension(proto::rules);
}

// Text cut to a length that keeps an error on one line.
std::string shortened(std::string_view text, std::size_t longest = 60);

// A duration or size that check_rules has passed.
Duration duration_of(const std::string& text);
Bytes bytes_of(const std::string& text);

}  // namespace jevons
#endif  // JEVONS_EXPERIMENTS_SCENARIO_RULES_H_
