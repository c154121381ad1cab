// Declares the parameters of a policy once: name, default, allowed values and one line of help.
//
// Parsing, range checks, "unknown parameter" errors (with the nearest known name), `jevons policies describe` and
// docs/policies.md all come from that one table.
#ifndef JEVONS_BASE_PARAMS_H_
#define JEVONS_BASE_PARAMS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "base/units.h"

namespace jevons {

struct ParamRow {
  std::string name, fallback, allowed, help;
};

using ParamText = std::map<std::string, std::string, std::less<>>;  // As written by the user.

template <class P>
class ParamTable {
 public:
  // A real number in [low, high].
  void add(std::string_view name, double P::*field, double low, double high, std::string_view help) {
    add_row(name, text_of(P{}.*field), text_of(low) + " to " + text_of(high), help,
            [=](P& p, std::string_view text) -> Status {
              auto v = parse_double(text);
              if (!v || !(low <= *v && *v <= high))
                return expected("a number from " + text_of(low) + " to " + text_of(high), text);
              p.*field = *v;
              return Ok{};
            });
  }
  // A whole number in [low, high].
  void add(std::string_view name, std::int64_t P::*field, std::int64_t low, std::int64_t high, std::string_view help) {
    const std::string allowed = std::to_string(low) + " to " + std::to_string(high);
    add_row(name, std::to_string(P{}.*field), allowed, help, [=](P& p, std::string_view text) -> Status {
      auto v = parse_int64(text);
      if (!v || *v < low || *v > high) return expected("a whole number from " + allowed, text);
      p.*field = *v;
      return Ok{};
    });
  }
  void add(std::string_view name, bool P::*field, std::string_view help) {
    add_row(name, P{}.*field ? "true" : "false", "true or false", help, [=](P& p, std::string_view text) -> Status {
      if (text != "true" && text != "false") return expected("true or false", text);
      p.*field = text == "true";
      return Ok{};
    });
  }
  // A duration with a unit ("90s", "15min") in [low, high].
  void add(std::string_view name, Duration P::*field, Duration low, Duration high, std::string_view help) {
    const std::string allowed = text_of(low) + " to " + text_of(high);
    add_row(name, text_of(P{}.*field), allowed, help, [=](P& p, std::string_view text) -> Status {
      auto v = parse_duration(text);
      if (!v || *v < low || *v > high) return expected("a duration from " + allowed, text);
      p.*field = *v;
      return Ok{};
    });
  }
  // Free text with a check of its own; `allowed` says what the check wants.
  void add(std::string_view name, std::string P::*field, std::string_view allowed, std::string_view help,
           std::function<bool(std::string_view)> valid) {
    add_row(name, P{}.*field, std::string(allowed), help,
            [field, valid = std::move(valid), allowed = std::string(allowed)](P& p, std::string_view text) -> Status {
              if (!valid(text)) return expected(allowed, text);
              p.*field = std::string(text);
              return Ok{};
            });
  }

  // `where` of an error is the parameter's name.
  Result<P> parse(const ParamText& given) const {
    P p;
    for (const auto& [key, text] : given) {
      const auto it = setters_.find(key);
      if (it == setters_.end()) return Error{"unknown parameter" + nearest_hint(key, names()), key};
      if (Status s = it->second(p, text); !s) return Error{s.error().message, key};
    }
    return p;
  }

  const std::vector<ParamRow>& rows() const { return rows_; }

 private:
  using Setter = std::function<Status(P&, std::string_view)>;
  static Status expected(const std::string& what, std::string_view got) {
    return Error{"expected " + what + ", got '" + std::string(got) + "'", ""};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const ParamRow& r : rows_) out.push_back(r.name);
    return out;
  }
  void add_row(std::string_view name, std::string fallback, std::string allowed, std::string_view help, Setter set) {
    rows_.push_back({std::string(name), std::move(fallback), std::move(allowed), std::string(help)});
    CHECK(setters_.emplace(std::string(name), std::move(set)).second);
  }
  std::vector<ParamRow> rows_;
  std::map<std::string, Setter, std::less<>> setters_;
};

}  // namespace jevons
#endif  // JEVONS_BASE_PARAMS_H_
