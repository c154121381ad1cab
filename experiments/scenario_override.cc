// --set path=value: one field set from the command line, as if the file said so.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <charconv>

#include "base/text.h"
#include "experiments/scenario_load.h"
#include "experiments/scenario_rules.h"

namespace jevons {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// "pools[chat]" -> name "pools", selector "chat".
struct Step {
  std::string name, selector;
  bool has_selector = false;
};

Result<std::vector<Step>> split_path(std::string_view path) {
  const Error bad{"expected a path like serving.pools[0].slo.ttft, got '" + shortened(path) + "'", ""};
  std::vector<Step> steps;
  while (true) {
    const std::size_t end = path.find_first_of(".[");
    Step step{std::string(path.substr(0, end)), "", false};
    if (step.name.empty()) return bad;
    path = end == std::string_view::npos ? std::string_view() : path.substr(end);
    if (!path.empty() && path[0] == '[') {
      const std::size_t close = path.find(']');
      if (close == std::string_view::npos || close == 1) return bad;
      step.selector = std::string(path.substr(1, close - 1));
      step.has_selector = true;
      path.remove_prefix(close + 1);
    }
    steps.push_back(std::move(step));
    if (steps.size() > static_cast<std::size_t>(kMaxTreeDepth)) return bad;
    if (path.empty()) return steps;
    if (path[0] != '.') return bad;
    path.remove_prefix(1);
  }
}

// The element of a list that `selector` means: an index, or the value of `name` or `label`.
Result<int> find_element(const Message& m, const FieldDescriptor& f, const std::string& selector,
                         const std::string& path) {
  const auto* r = m.GetReflection();
  const int n = r->FieldSize(m, &f);
  if (const auto index = parse_int64(selector)) {
    if (*index >= 0 && *index < n) return static_cast<int>(*index);
    return Error{path + " has " + std::to_string(n) + " elements, no [" + shortened(selector) + "]", ""};
  }
  std::vector<std::string> known;
  for (int i = 0; i < n && f.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE; ++i) {
    const Message& child = r->GetRepeatedMessage(m, &f, i);
    for (const char* key : {"name", "label", "group", "pool"}) {
      const auto* field = f.message_type()->FindFieldByName(key);
      if (field == nullptr) continue;
      known.push_back(child.GetReflection()->GetString(child, field));
      if (known.back() == selector) return i;
      break;
    }
  }
  return Error{path + " has no element '" + shortened(selector) + "'" + nearest_hint(selector, known), ""};
}

class Override {
 public:
  Override(const std::string& text, ScenarioFile* file) : text_(text), file_(file) {}

  Status apply() {
    const std::size_t equals = text_.find('=');
    if (equals == std::string::npos) return fail("expected path=value");
    const auto steps = split_path(std::string_view(text_).substr(0, equals));
    if (!steps) return fail(steps.error().message);
    const auto tree = parse_yaml_tree("v: " + text_.substr(equals + 1), "--set " + shortened(text_));
    if (!tree) return fail("not a value: " + tree.error().message);
    if (tree->kind != TextTree::Kind::kMap || tree->entries.size() != 1) return fail("not a value");
    return descend(*steps, tree->entries[0].value);
  }

 private:
  Status fail(const std::string& message) const { return Error{message, "--set " + shortened(text_)}; }

  Status descend(const std::vector<Step>& steps, const TextTree& value) {
    Message* m = &file_->message;
    std::string path;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const auto* type = m->GetDescriptor();
      const FieldDescriptor* f = type->FindFieldByName(steps[i].name);
      if (f == nullptr) {
        return fail("unknown field '" + shortened(steps[i].name) + "' in " + spoken_name(*type) +
                    nearest_hint(steps[i].name, field_names(*type)));
      }
      path = join_path(path, f->name());
      const bool last = i + 1 == steps.size();
      if (f->is_map() && !last) return set_map(steps, i, *f, m, path, value);
      if (steps[i].has_selector && !f->is_repeated()) return fail(path + " is not a list");
      if (last && !steps[i].has_selector) return set_field(*f, m, path, value);
      if (f->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
        return fail(last ? "set the whole list: " + path + "=[...]" : path + " has no fields of its own");
      }
      if (f->is_repeated()) {
        if (!steps[i].has_selector) return fail(path + " is a list (expected " + path + "[0] or [a name])");
        const auto index = find_element(*m, *f, steps[i].selector, path);
        if (!index) return fail(index.error().message);
        path = index_path(path, *index);
        m = m->GetReflection()->MutableRepeatedMessage(m, f, *index);
        if (last) return replace(m, path, value);
      } else {
        m = m->GetReflection()->MutableMessage(m, f);
      }
    }
    return Ok{};
  }

  // The rest of the path is the key: names of parameters have no dots, but nothing forbids them.
  Status set_map(const std::vector<Step>& steps, std::size_t i, const FieldDescriptor& f, Message* m,
                 const std::string& path, const TextTree& value) {
    if (i + 2 != steps.size() || steps[i + 1].has_selector) return fail("expected " + path + ".NAME=value");
    if (value.kind != TextTree::Kind::kScalar) return fail("expected a single value");
    auto* r = m->GetReflection();
    const std::string& key = steps[i + 1].name;
    Message* row = nullptr;
    for (int k = 0; k < r->FieldSize(*m, &f) && row == nullptr; ++k) {
      Message* candidate = r->MutableRepeatedMessage(m, &f, k);
      if (candidate->GetReflection()->GetString(*candidate, f.message_type()->map_key()) == key) row = candidate;
    }
    if (row == nullptr) row = r->AddMessage(m, &f);
    row->GetReflection()->SetString(row, f.message_type()->map_key(), key);
    row->GetReflection()->SetString(row, f.message_type()->map_value(), value.text);
    file_->places.set_override(join_path(path, key), shortened(text_));
    return Ok{};
  }

  Status set_field(const FieldDescriptor& f, Message* m, const std::string& path, const TextTree& value) {
    m->GetReflection()->ClearField(m, &f);
    return fill(path, [&](FieldPlaces* places) { return fill_field(value, path, f, m, places); });
  }
  Status replace(Message* m, const std::string& path, const TextTree& value) {
    m->Clear();
    return fill(path, [&](FieldPlaces* places) { return fill_from_tree(value, path, m, places); });
  }
  template <class Fill>
  Status fill(const std::string& path, Fill fill_it) {
    FieldPlaces scratch("--set");  // Places inside the value mean nothing to a reader.
    if (Status s = fill_it(&scratch); !s) return fail(s.error().message);
    file_->places.set_override(path, shortened(text_));
    return Ok{};
  }

  const std::string& text_;
  ScenarioFile* file_;
};

}  // namespace

Status apply_override(const std::string& text, ScenarioFile* file) { return Override(text, file).apply(); }

}  // namespace jevons
