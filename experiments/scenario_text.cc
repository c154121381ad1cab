// Protobuf text format -> message, with the places of its fields.
//
// The parser of protobuf does the work; its messages are rewritten into ours where they are about names and types.
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <functional>
#include <optional>

#include "base/text.h"
#include "experiments/scenario_load.h"

namespace jevons {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::TextFormat;

class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (!message_.empty()) return;
    place_ = {line + 1, column + 1};
    message_ = message;
  }
  void AddWarning(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
  TextPlace place() const { return place_; }
  const std::string& message() const { return message_; }

 private:
  TextPlace place_;
  std::string message_;
};

// The text between the first pair of quotes after `after`; empty if there is none.
std::string quoted_after(const std::string& text, std::string_view after) {
  const std::size_t start = text.find(after);
  if (start == std::string::npos) return "";
  const std::size_t open = text.find('"', start + after.size());
  if (open == std::string::npos) return "";
  const std::size_t close = text.find('"', open + 1);
  return close == std::string::npos ? "" : text.substr(open + 1, close - open - 1);
}

// 'Message type "jevons.proto.Pool" has no field named "modle".' -> our words, with the nearest name.
std::string in_our_words(const std::string& text) {
  const std::string field = quoted_after(text, "has no field named ");
  const std::string type_name = quoted_after(text, "Message type ");
  const Descriptor* type = proto::Scenario::descriptor()->file()->pool()->FindMessageTypeByName(type_name);
  if (field.empty() || type == nullptr)
    return "not valid text format: " + text.substr(0, text.find_last_not_of('.') + 1);
  return "unknown field '" + field + "' in " + spoken_name(*type) + nearest_hint(field, field_names(*type));
}

void collect_places(const Message& message, const TextFormat::ParseInfoTree& info, const std::string& path,
                    FieldPlaces* places) {
  const auto* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* f : fields) {
    const int count = f->is_repeated() ? reflection->FieldSize(message, f) : 1;
    for (int i = 0; i < count; ++i) {
      const int index = f->is_repeated() ? i : -1;
      const auto at = info.GetLocation(f, index);
      std::string name = join_path(path, f->name());
      if (at.line >= 0 && i == 0) places->set(name, {at.line + 1, at.column + 1});
      if (f->is_map()) continue;
      if (f->is_repeated()) name = index_path(name, i);
      if (at.line >= 0) places->set(name, {at.line + 1, at.column + 1});
      const TextFormat::ParseInfoTree* nested = info.GetTreeForNested(f, index);
      if (f->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || nested == nullptr) continue;
      const Message& child =
          f->is_repeated() ? reflection->GetRepeatedMessage(message, f, i) : reflection->GetMessage(message, f);
      collect_places(child, *nested, name, places);
    }
  }
}

}  // namespace

Status fill_from_text_format(std::string_view text, proto::Scenario* message, FieldPlaces* places) {
  const std::string& file = places->file_name();
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return Error{"the file is empty (expected a scenario)", file};
  FirstError errors;
  TextFormat::ParseInfoTree info;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.WriteLocationsTo(&info);
  parser.SetRecursionLimit(kMaxTreeDepth);
  if (!parser.ParseFromString(std::string(text), message)) {
    return Error{in_our_words(errors.message()), place_text(file, errors.place())};
  }
  places->set("", {1, 1});
  collect_places(*message, info, "", places);
  return Ok{};
}

}  // namespace jevons
