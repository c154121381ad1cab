// docs/scenario.md: a table for every message of the schema, in the order in which a reader meets them.
#include <google/protobuf/descriptor.h>

#include <set>
#include <vector>

#include "base/text.h"
#include "experiments/scenario_print.h"
#include "experiments/scenario_rules.h"

namespace jevons {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

constexpr std::string_view kIntroduction =
    "# The scenario file\n"
    "\n"
    "<!-- Written by `jevons config reference` from proto/scenario.proto.  Do not edit. -->\n"
    "\n"
    "A scenario is one workload on one cluster, and the policies to compare on it. It may be YAML (`.yaml`, `.yml`), "
    "JSON\n"
    "(`.json`) or protobuf text format (`.txtpb`, `.textproto`, `.pbtxt`); all three go through the one schema below.\n"
    "`jevons config check FILE` checks one, `jevons config print FILE` shows it with every default filled in, and\n"
    "`--set path=value` changes one field for one run (`--set 'serving.pools[chat].slo.ttft=2s'`; lists are indexed "
    "by\n"
    "position or by name).\n"
    "\n"
    "Durations are text with a unit: `250ms`, `90s`, `15min`, `1.5h`, `2d`. Sizes too: `80GB` (10^9), `80GiB` (2^30). "
    "File\n"
    "names are relative to the scenario's folder; `${JEVONS_DATA}` stands for that environment variable, else for\n"
    "`../shared/data` beside the checkout. In YAML and JSON a bare value may stand for a whole group of fields where "
    "the\n"
    "group says so.\n";

std::string anchor(const Descriptor& type) {
  std::string text;
  for (const char c : type.name()) text += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

std::string type_text(const FieldDescriptor& f) {
  if (f.is_map()) return "map of text to text";
  std::string text;
  if (f.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    text = "[" + f.message_type()->name() + "](#" + anchor(*f.message_type()) + ")";
  } else {
    text = allowed_text(f);
    if (text.starts_with("a ") || text.starts_with("an ")) text.erase(0, text.find(' ') + 1);
  }
  if (!rules_of(f).unit().empty()) text += " (" + rules_of(f).unit() + ")";
  return f.is_repeated() ? "list of " + text : text;
}

std::string default_text(const FieldDescriptor& f) {
  const auto& rules = rules_of(f);
  if (rules.required() || rules.at_least() > 0) return "**required**";
  if (!rules.unset().empty()) return rules.unset();
  if (!f.has_default_value()) return rules.expand() ? "its defaults" : "none";
  switch (f.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return f.default_value_bool() ? "`true`" : "`false`";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "`" + text_of(f.default_value_double()) + "`";
    case FieldDescriptor::CPPTYPE_INT32:
      return "`" + std::to_string(f.default_value_int32()) + "`";
    case FieldDescriptor::CPPTYPE_INT64:
      return "`" + std::to_string(f.default_value_int64()) + "`";
    case FieldDescriptor::CPPTYPE_UINT64:
      return "`" + std::to_string(f.default_value_uint64()) + "`";
    default:
      return f.default_value_string().empty() ? "empty" : "`" + f.default_value_string() + "`";
  }
}

void collect(const Descriptor& type, std::vector<const Descriptor*>* order, std::set<std::string>* seen) {
  if (type.options().map_entry() || !seen->insert(type.full_name()).second) return;
  order->push_back(&type);
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* f = type.field(i);
    if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) collect(*f->message_type(), order, seen);
  }
}

}  // namespace

std::string scenario_reference() {
  std::vector<const Descriptor*> order;
  std::set<std::string> seen;
  collect(*proto::Scenario::descriptor(), &order, &seen);
  std::string out(kIntroduction);
  for (const Descriptor* type : order) {
    const auto& rules = type->options().GetExtension(proto::message_rules);
    out += "\n## " + type->name() + "\n\n" + rules.help();
    if (rules.has_shorthand()) out += " A bare value stands for `" + rules.shorthand() + "`.";
    out += "\n\n| field | value | default | meaning |\n|---|---|---|---|\n";
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& f = *type->field(i);
      out += "| `" + f.name() + "` | " + type_text(f) + " | " + default_text(f) + " | " + rules_of(f).help() + " |\n";
    }
  }
  return out;
}

}  // namespace jevons
