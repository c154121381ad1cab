// Walks the message by reflection; a new field of the schema is checked without a line here.
#include "experiments/scenario_rules.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cmath>
#include <map>
#include <optional>
#include <vector>

#include "base/text.h"

namespace jevons {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::optional<double> measure(proto::Kind kind, const std::string& text) {
  if (kind == proto::DURATION) {
    const auto v = parse_duration(text);
    return v ? std::optional(static_cast<double>(v->ns)) : std::nullopt;
  }
  if (kind == proto::BYTES) {
    const auto v = parse_bytes(text);
    return v ? std::optional(static_cast<double>(v->value)) : std::nullopt;
  }
  const auto v = parse_double(text);
  return v ? std::optional(*v) : std::nullopt;
}

std::string either(const google::protobuf::RepeatedPtrField<std::string>& words) {
  std::string text;
  for (int i = 0; i < words.size(); ++i) text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  return text;
}

std::string range_text(const proto::Rules& rules) {
  if (rules.has_low() && rules.has_high()) return " from " + rules.low() + " to " + rules.high();
  if (rules.has_low()) return " of at least " + rules.low();
  if (rules.has_high()) return " of at most " + rules.high();
  return "";
}

bool in_range(const proto::Rules& rules, double value) {
  if (!std::isfinite(value)) return false;
  if (rules.has_low() && value < measure(rules.kind(), rules.low()).value()) return false;
  return !rules.has_high() || value <= measure(rules.kind(), rules.high()).value();
}

constexpr std::size_t kLongestText = 10'000;  // Reports print it.

// Names become parts of file names and of paths on the command line.
bool is_name(std::string_view v) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  return v.size() <= 64 && v.find_first_not_of(kAllowed) == std::string_view::npos;
}

class RuleWalk {
 public:
  explicit RuleWalk(const ScenarioFile& file) : places_(file.places) {}

  Status message(const Message& m, const std::string& path) const {
    const auto* type = m.GetDescriptor();
    if (Status s = exactly_one(m, path); !s) return s;
    for (int i = 0; i < type->field_count(); ++i) {
      if (Status s = field(m, *type->field(i), join_path(path, type->field(i)->name())); !s) return s;
    }
    return Ok{};
  }

 private:
  Status exactly_one(const Message& m, const std::string& path) const {
    if (!m.GetDescriptor()->options().GetExtension(proto::message_rules).exactly_one()) return Ok{};
    std::vector<const FieldDescriptor*> set;
    m.GetReflection()->ListFields(m, &set);
    if (set.size() == 1) return Ok{};
    std::string names;
    for (const std::string& n : field_names(*m.GetDescriptor())) names += (names.empty() ? "" : ", ") + n;
    return places_.error(path, "expected exactly one of " + names + ", got " + std::to_string(set.size()));
  }

  Status field(const Message& m, const FieldDescriptor& f, const std::string& path) const {
    const auto& rules = rules_of(f);
    const Reflection& r = *m.GetReflection();
    if (f.is_map()) return map(m, f, path);
    if (f.is_repeated()) return list(m, f, path);
    if (!r.HasField(m, &f)) {
      if (!rules.required()) return Ok{};
      return places_.error(path, "missing (expected " + allowed_text(f) + ")");
    }
    if (f.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return message(r.GetMessage(m, &f), path);
    return value(m, f, -1, path);
  }

  Status list(const Message& m, const FieldDescriptor& f, const std::string& path) const {
    const auto& rules = rules_of(f);
    const Reflection& r = *m.GetReflection();
    const int n = r.FieldSize(m, &f);
    if (n < rules.at_least()) return places_.error(path, "missing (expected a list, not empty)");
    std::map<std::string, int> first;  // Of the field that must be unique.
    for (int i = 0; i < n; ++i) {
      const std::string at = index_path(path, i);
      if (f.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        if (Status s = value(m, f, i, at); !s) return s;
        continue;
      }
      const Message& child = r.GetRepeatedMessage(m, &f, i);
      if (Status s = message(child, at); !s) return s;
      if (Status s = unique(child, at, i, &first); !s) return s;
    }
    return Ok{};
  }

  Status unique(const Message& child, const std::string& path, int index, std::map<std::string, int>* first) const {
    const auto* type = child.GetDescriptor();
    for (int k = 0; k < type->field_count(); ++k) {
      const FieldDescriptor& f = *type->field(k);
      if (!rules_of(f).unique() || !child.GetReflection()->HasField(child, &f)) continue;
      const std::string text = child.GetReflection()->GetString(child, &f);
      const auto [it, fresh] = first->emplace(text, index);
      if (!fresh) {
        return places_.error(join_path(path, f.name()), "'" + shortened(text) + "' is used twice (first by element " +
                                                            std::to_string(it->second) + ")");
      }
    }
    return Ok{};
  }

  // Text format lets a key come twice; the other two have refused that already.
  Status map(const Message& m, const FieldDescriptor& f, const std::string& path) const {
    const Reflection& r = *m.GetReflection();
    std::map<std::string, int> keys;
    for (int i = 0; i < r.FieldSize(m, &f); ++i) {
      const Message& row = r.GetRepeatedMessage(m, &f, i);
      const std::string key = row.GetReflection()->GetString(row, f.message_type()->map_key());
      if (!keys.emplace(key, i).second) return places_.error(join_path(path, shortened(key)), "duplicate key");
    }
    return Ok{};
  }

  Status value(const Message& m, const FieldDescriptor& f, int index, const std::string& path) const {
    const Reflection& r = *m.GetReflection();
    const auto& rules = rules_of(f);
    if (f.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      return text(rules, f, index < 0 ? r.GetString(m, &f) : r.GetRepeatedString(m, &f, index), path);
    }
    double v = 0;
    std::string shown;
    switch (f.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return Ok{};
      case FieldDescriptor::CPPTYPE_DOUBLE:
        v = index < 0 ? r.GetDouble(m, &f) : r.GetRepeatedDouble(m, &f, index);
        shown = std::isfinite(v) ? text_of(v) : "no finite number";
        break;
      case FieldDescriptor::CPPTYPE_INT32:
        v = index < 0 ? r.GetInt32(m, &f) : r.GetRepeatedInt32(m, &f, index);
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        v = static_cast<double>(index < 0 ? r.GetInt64(m, &f) : r.GetRepeatedInt64(m, &f, index));
        break;
      default:
        return Ok{};  // uint64: the seed, any value.
    }
    if (in_range(rules, v)) return Ok{};
    if (shown.empty()) shown = std::to_string(static_cast<std::int64_t>(v));
    return places_.error(path, "expected " + allowed_text(f) + ", got " + shown);
  }

  Status text(const proto::Rules& rules, const FieldDescriptor& f, const std::string& v,
              const std::string& path) const {
    const auto fail = [&](const std::string& expected) {
      return places_.error(path, "expected " + expected + ", got '" + shortened(v) + "'");
    };
    if (v.size() > kLongestText) {
      return places_.error(
          path, "expected at most " + std::to_string(kLongestText) + " bytes of text, got " + std::to_string(v.size()));
    }
    for (const char c : v) {
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
        return places_.error(path, "control character in text");
    }
    if (v.empty() && (rules.required() || rules.kind() != proto::PLAIN)) {
      return places_.error(path, "expected " + allowed_text(f) + ", got empty text");
    }
    if (rules.kind() == proto::NAME && !is_name(v)) return fail(allowed_text(f));
    if (rules.kind() == proto::DURATION || rules.kind() == proto::BYTES) {
      const auto amount = measure(rules.kind(), v);
      if (!amount)
        return fail(allowed_text(f) +
                    (rules.kind() == proto::DURATION ? " with a unit (ns, us, ms, s, min, h, d)" : ""));
      if (!in_range(rules, *amount)) return fail(allowed_text(f));
    }
    if (rules.choices().empty()) return Ok{};
    for (const std::string& c : rules.choices()) {
      if (c == v) return Ok{};
    }
    const std::vector<std::string> known(rules.choices().begin(), rules.choices().end());
    const std::string hint = nearest_hint(v, known);
    return places_.error(path, "expected " + either(rules.choices()) + ", got '" + shortened(v) + "'" +
                                   (hint.find("did you mean") == std::string::npos ? "" : hint));
  }

  const FieldPlaces& places_;
};

}  // namespace

std::string shortened(std::string_view text, std::size_t longest) {
  if (text.size() <= longest) return std::string(text);
  std::size_t cut = longest;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;  // Not inside a UTF-8 sequence.
  return std::string(text.substr(0, cut)) + "...";
}

std::string allowed_text(const FieldDescriptor& field) {
  const auto& rules = rules_of(field);
  if (!rules.choices().empty()) return either(rules.choices());
  switch (rules.kind()) {
    case proto::DURATION:
      return "a duration" + range_text(rules);
    case proto::BYTES:
      return "a size" + range_text(rules);
    case proto::PATH:
      return "a file name";
    case proto::GPU:
      return "the name of a GPU";
    case proto::MODEL:
      return "the name of a model";
    case proto::STACK:
      return "the name of a serving stack";
    case proto::GROUP:
      return "the name of a node group";
    case proto::POOL:
      return "the name of a pool";
    case proto::NAME:
      return "a name (letters, digits, '_', '-', '.', at most 64)";
    case proto::PLAIN:
      break;
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number" + range_text(rules);
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return spoken_name(*field.message_type());
    default:
      return "a whole number" + range_text(rules);
  }
}

Status check_rules(const ScenarioFile& file) { return RuleWalk(file).message(file.message, ""); }

Duration duration_of(const std::string& text) {
  const auto v = parse_duration(text);
  CHECK(v.ok());
  return *v;
}

Bytes bytes_of(const std::string& text) {
  const auto v = parse_bytes(text);
  CHECK(v.ok());
  return *v;
}

}  // namespace jevons
