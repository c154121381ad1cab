// `Result<T>` is a value or an `Error`.  Used for everything that depends on the outside world: files, configuration,
// command lines.  Broken invariants inside the simulator are CHECKs instead.
//
// `std::expected` needs C++23; when the project moves there this file becomes one `using`.
#ifndef JEVONS_BASE_RESULT_H_
#define JEVONS_BASE_RESULT_H_

#include <string>
#include <utility>
#include <variant>

#include "base/check.h"

namespace jevons {

struct Error {
  std::string
      message;  // One sentence, no full stop, says what was expected: "token count is negative (expected 0 or more)".
  std::string where;  // "azure.csv:1042:7" or "scenario.yaml:12: serving.pools[0].tp".
  std::string text() const { return where.empty() ? message : where + ": " + message; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)
  bool ok() const { return v_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& value() {
    CHECK(ok());
    return *std::get_if<0>(&v_);
  }
  const T& value() const {
    CHECK(ok());
    return *std::get_if<0>(&v_);
  }
  const Error& error() const {
    CHECK(!ok());
    return *std::get_if<1>(&v_);
  }

 private:
  std::variant<T, Error> v_;
};

// Success, or an error.
struct Ok {};
using Status = Result<Ok>;

}  // namespace jevons
#endif  // JEVONS_BASE_RESULT_H_
