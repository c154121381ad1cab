// Prints by reflection, so that a new field of the schema is printed without a line here.
#include "experiments/scenario_print.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <array>
#include <cstdint>
#include <map>

#include "base/text.h"

namespace jevons {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool plain(std::string_view v) {
  // Narrower than YAML asks: anything else is quoted.
  constexpr std::string_view kSafe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
  return !v.empty() && v.find_first_not_of(kSafe) == std::string_view::npos && v[0] != '-' && v[0] != '.';
}

std::string quoted(std::string_view v) {
  if (plain(v) && v != "null" && v != "true" && v != "false") return std::string(v);
  std::string out = "\"";
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : v) {
    const auto b = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += std::string("\\") + c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (b < 0x20 || b == 0x7F) {
      out += std::string("\\x") + kHex[b >> 4] + kHex[b & 15];
    } else {
      out += c;
    }
  }
  return out + "\"";
}

class YamlWriter {
 public:
  // Every line starts with `indent`, but the first one with `lead`.
  void message(const Message& m, const std::string& indent, std::string lead) {
    const auto* type = m.GetDescriptor();
    const auto* r = m.GetReflection();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& f = *type->field(i);
      if (f.is_repeated() ? r->FieldSize(m, &f) == 0 : !r->HasField(m, &f) && !f.has_default_value()) continue;
      out_ += lead + f.name() + ":";
      lead = indent;
      if (f.is_map()) {
        map(m, f, indent + "  ");
      } else if (f.is_repeated()) {
        list(m, f, indent + "  ");
      } else if (f.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        nested(r->GetMessage(m, &f), indent + "  ", "\n" + std::string(indent) + "  ", " ");
      } else {
        out_ += " " + scalar(m, f, -1) + "\n";
      }
    }
  }
  std::string take() { return std::move(out_); }

 private:
  // A message without a single field to print is "{}".
  void nested(const Message& m, const std::string& indent, const std::string& lead, const std::string& empty_lead) {
    const std::size_t before = out_.size();
    message(m, indent, lead);
    if (out_.size() == before) out_ += empty_lead + "{}\n";
  }

  void list(const Message& m, const FieldDescriptor& f, const std::string& indent) {
    const auto* r = m.GetReflection();
    const int n = r->FieldSize(m, &f);
    if (f.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      out_ += " [";
      for (int i = 0; i < n; ++i) out_ += (i == 0 ? "" : ", ") + scalar(m, f, i);
      out_ += "]\n";
      return;
    }
    out_ += "\n";
    for (int i = 0; i < n; ++i) nested(r->GetRepeatedMessage(m, &f, i), indent + "  ", indent + "- ", indent + "- ");
  }

  void map(const Message& m, const FieldDescriptor& f, const std::string& indent) {
    const auto* r = m.GetReflection();
    std::map<std::string, std::string> sorted;
    for (int i = 0; i < r->FieldSize(m, &f); ++i) {
      const Message& row = r->GetRepeatedMessage(m, &f, i);
      sorted[row.GetReflection()->GetString(row, f.message_type()->map_key())] =
          row.GetReflection()->GetString(row, f.message_type()->map_value());
    }
    out_ += "\n";
    for (const auto& [key, value] : sorted) out_ += indent + quoted(key) + ": " + quoted(value) + "\n";
  }

  static std::string scalar(const Message& m, const FieldDescriptor& f, int i) {
    const auto* r = m.GetReflection();
    const bool one = i < 0;
    switch (f.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return (one ? r->GetBool(m, &f) : r->GetRepeatedBool(m, &f, i)) ? "true" : "false";
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return text_of(one ? r->GetDouble(m, &f) : r->GetRepeatedDouble(m, &f, i));
      case FieldDescriptor::CPPTYPE_INT32:
        return std::to_string(one ? r->GetInt32(m, &f) : r->GetRepeatedInt32(m, &f, i));
      case FieldDescriptor::CPPTYPE_INT64:
        return std::to_string(one ? r->GetInt64(m, &f) : r->GetRepeatedInt64(m, &f, i));
      case FieldDescriptor::CPPTYPE_UINT64:
        return std::to_string(one ? r->GetUInt64(m, &f) : r->GetRepeatedUInt64(m, &f, i));
      default:
        return quoted(one ? r->GetString(m, &f) : r->GetRepeatedString(m, &f, i));
    }
  }

  std::string out_;
};

}  // namespace

std::string scenario_to_yaml(const proto::Scenario& scenario) {
  YamlWriter writer;
  writer.message(scenario, "", "");
  return writer.take();
}

std::string text_hash(std::string_view text) {
  std::uint64_t h = 14695981039346656037ull;  // FNV-1a's offset and prime (Fowler, Noll, Vo).
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (int shift = 60; shift >= 0; shift -= 4) out += kHex[(h >> shift) & 15];
  return out;
}

}  // namespace jevons
