// The shipped policies, made once a test program.
#ifndef JEVONS_TESTS_POLICIES_BUILTINS_H_
#define JEVONS_TESTS_POLICIES_BUILTINS_H_

#include <memory>
#include <string>

#include "base/rng.h"
#include "policies/catalogue.h"

namespace jevons::testing {

inline const Policies& builtins() {
  static const Policies policies = builtin_policies();
  return policies;
}

template <class Api>
std::unique_ptr<Api> make_policy(const PolicyCatalogue<Api>& catalogue, const std::string& name,
                                 const ParamText& params = {}, std::uint64_t seed = 1) {
  auto policy = catalogue.make(name, params, RandomStream(seed, name));
  CHECK(policy.ok());
  return std::move(*policy);
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_POLICIES_BUILTINS_H_
