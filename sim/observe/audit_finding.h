// The first violation an audit met: later ones are mostly its consequences.
#ifndef JEVONS_SIM_OBSERVE_AUDIT_FINDING_H_
#define JEVONS_SIM_OBSERVE_AUDIT_FINDING_H_

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/text.h"
#include "base/units.h"

namespace jevons {

class AuditFinding {
 public:
  // `law` names the invariant ("GPU exclusivity"), `what` how it was broken.
  void add(Instant at, std::string_view law, const std::string& what) {
    if (!clean()) return;
    text_ = "audit: " + std::string(law) + ": " + what + ", at " + text_of(Duration{at.ns});
  }
  // Adds unless `holds`; `what` is a callable that gives the text, so that nothing is built while all is well.
  template <class What>
  void expect(bool holds, Instant at, std::string_view law, What what) {
    if (!holds) add(at, law, what());
  }
  bool clean() const { return text_.empty(); }
  Status verdict() const {
    if (clean()) return Ok{};
    return Error{text_, ""};
  }

 private:
  std::string text_;
};

// Decimal text of a 128-bit number.
inline std::string text_of(Int128 v) {
  if (v < 0) return "-" + text_of(-v);
  std::string out;
  do {
    out.insert(out.begin(), static_cast<char>('0' + static_cast<int>(v % 10)));
    v /= 10;
  } while (v > 0);
  return out;
}

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_AUDIT_FINDING_H_
