// Fills a message from a TextTree by reflection, so that a field of the schema needs no code here.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cctype>

#include "base/text.h"
#include "experiments/scenario_load.h"
#include "experiments/scenario_rules.h"
#include "proto/rules.pb.h"

namespace jevons {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Kind = TextTree::Kind;

std::string shown(const TextTree& tree) {
  switch (tree.kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      break;
  }
  return (tree.quoted ? "the text '" : "'") + shortened(tree.text) + "'";
}

std::string wanted(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "a map (" + spoken_name(*field.message_type()) + ")";
    default:
      return "text";
  }
}

// Sets, or appends for a list.
template <class Set, class Add, class T>
void store(Message* m, const FieldDescriptor& f, Set set, Add add, const T& value) {
  const auto* r = m->GetReflection();
  if (f.is_repeated()) {
    (r->*add)(m, &f, value);
  } else {
    (r->*set)(m, &f, value);
  }
}

using google::protobuf::Reflection;

// False when the scalar is not of the field's type.
bool fill_scalar(const TextTree& t, const FieldDescriptor& f, Message* m) {
  if (t.kind != Kind::kScalar) return false;
  if (f.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    store(m, f, &Reflection::SetString, &Reflection::AddString, t.text);
    return true;
  }
  if (t.quoted) return false;
  if (f.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    if (t.text != "true" && t.text != "false") return false;
    store(m, f, &Reflection::SetBool, &Reflection::AddBool, t.text == "true");
    return true;
  }
  if (f.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    const auto v = parse_double(t.text);
    if (v) store(m, f, &Reflection::SetDouble, &Reflection::AddDouble, *v);
    return v.ok();
  }
  if (f.cpp_type() == FieldDescriptor::CPPTYPE_UINT64) {
    const auto v = parse_uint64(t.text);
    if (v) store(m, f, &Reflection::SetUInt64, &Reflection::AddUInt64, *v);
    return v.ok();
  }
  const auto v = parse_int64(t.text);
  if (!v) return false;
  if (f.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    store(m, f, &Reflection::SetInt64, &Reflection::AddInt64, *v);
    return true;
  }
  CHECK(f.cpp_type() == FieldDescriptor::CPPTYPE_INT32);  // The schema uses no other type.
  if (*v < INT32_MIN || *v > INT32_MAX) return false;
  store(m, f, &Reflection::SetInt32, &Reflection::AddInt32, static_cast<std::int32_t>(*v));
  return true;
}

Status fill_map(const TextTree& tree, const std::string& path, const FieldDescriptor& field, Message* m,
                FieldPlaces* places) {
  if (tree.kind != Kind::kMap) return places->error(path, "expected a map of names to values, got " + shown(tree));
  const FieldDescriptor* key = field.message_type()->map_key();
  const FieldDescriptor* value = field.message_type()->map_value();
  for (const TextTree::Entry& e : tree.entries) {
    const std::string at = join_path(path, shortened(e.key));
    places->set(at, e.place);
    if (e.value.kind != Kind::kScalar) return places->error(at, "expected a single value, got " + shown(e.value));
    Message* row = m->GetReflection()->AddMessage(m, &field);
    row->GetReflection()->SetString(row, key, e.key);
    row->GetReflection()->SetString(row, value, e.value.text);
  }
  return Ok{};
}

Status fill_value(const TextTree& tree, const std::string& path, const FieldDescriptor& field, Message* m,
                  FieldPlaces* places) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const auto& rules = field.message_type()->options().GetExtension(proto::message_rules);
    if (tree.kind != Kind::kMap && !(tree.kind == Kind::kScalar && rules.has_shorthand()) &&
        !(tree.kind == Kind::kList && rules.has_shorthand() &&
          field.message_type()->FindFieldByName(rules.shorthand())->is_repeated())) {
      return places->error(path, "expected " + wanted(field) + ", got " + shown(tree));
    }
    const auto* r = m->GetReflection();
    Message* child = field.is_repeated() ? r->AddMessage(m, &field) : r->MutableMessage(m, &field);
    return fill_from_tree(tree, path, child, places);
  }
  if (fill_scalar(tree, field, m)) return Ok{};
  return places->error(path, "expected " + wanted(field) + ", got " + shown(tree));
}

}  // namespace

void FieldPlaces::set_override(const std::string& path, const std::string& text) {
  for (auto it = places_.lower_bound(path); it != places_.end() && it->first.starts_with(path);) {
    const char next = it->first.size() > path.size() ? it->first[path.size()] : '.';
    it = next == '.' || next == '[' ? places_.erase(it) : std::next(it);
  }
  places_[path] = "--set " + text;
}

std::string FieldPlaces::where(const std::string& path) const {
  std::string at = path;
  while (true) {
    const auto it = places_.find(at);
    if (it != places_.end()) return it->second + (path.empty() ? "" : ": " + path);
    const std::size_t cut = at.find_last_of(".[");
    if (cut == std::string::npos) break;
    at.resize(cut);
  }
  const auto root = places_.find("");
  return (root == places_.end() ? file_name_ : root->second) + (path.empty() ? "" : ": " + path);
}

std::string join_path(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}
std::string index_path(const std::string& path, int index) { return path + "[" + std::to_string(index) + "]"; }

std::vector<std::string> field_names(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

std::string spoken_name(const Descriptor& type) {
  std::string words;
  for (const char c : type.name()) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (upper && !words.empty()) words += ' ';
    words += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  const bool vowel = std::string_view("aeio").find(words[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + words;
}

Status fill_field(const TextTree& tree, const std::string& path, const FieldDescriptor& field, Message* message,
                  FieldPlaces* places) {
  if (field.is_map()) return fill_map(tree, path, field, message, places);
  if (!field.is_repeated()) return fill_value(tree, path, field, message, places);
  if (tree.kind != Kind::kList) return places->error(path, "expected a list, got " + shown(tree));
  for (std::size_t i = 0; i < tree.items.size(); ++i) {
    const std::string at = index_path(path, static_cast<int>(i));
    places->set(at, tree.items[i].place);
    if (Status s = fill_value(tree.items[i], at, field, message, places); !s) return s;
  }
  return Ok{};
}

Status fill_from_tree(const TextTree& tree, const std::string& path, Message* message, FieldPlaces* places) {
  const Descriptor& type = *message->GetDescriptor();
  if (tree.kind != Kind::kMap) {
    const auto& rules = type.options().GetExtension(proto::message_rules);
    if (!rules.has_shorthand()) {
      return places->error(path, "expected " +
                                     std::string(path.empty() ? "a map with the fields of a scenario" : "a map") +
                                     ", got " + shown(tree));
    }
    const FieldDescriptor* field = type.FindFieldByName(rules.shorthand());
    CHECK(field != nullptr);
    return fill_field(tree, join_path(path, field->name()), *field, message, places);
  }
  for (const TextTree::Entry& e : tree.entries) {
    const std::string at = join_path(path, shortened(e.key));
    places->set(at, e.place);
    const FieldDescriptor* field = type.FindFieldByName(e.key);
    if (field == nullptr) {
      return places->error(at, "unknown field '" + shortened(e.key) + "' in " + spoken_name(type) +
                                   nearest_hint(e.key, field_names(type)));
    }
    if (Status s = fill_field(e.value, at, *field, message, places); !s) return s;
  }
  return Ok{};
}

}  // namespace jevons
