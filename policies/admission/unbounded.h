// Admission: everything.
#ifndef JEVONS_POLICIES_ADMISSION_UNBOUNDED_H_
#define JEVONS_POLICIES_ADMISSION_UNBOUNDED_H_

#include <string_view>

#include "base/params.h"
#include "policies/api/admission.h"

namespace jevons {

class UnboundedAdmission final : public Admission {
 public:
  static constexpr std::string_view kName = "unbounded";
  static constexpr std::string_view kSummary = "Take every request, however long it will wait.";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit UnboundedAdmission(const Params&) {}

  AdmissionDecision decide(const AdmissionView&) override { return {}; }
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_ADMISSION_UNBOUNDED_H_
