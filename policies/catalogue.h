// The catalogue of policies: name -> how to describe it, how to make it.
//
// A policy is a class with
//     static constexpr std::string_view kName, kSummary;      // snake_case; one sentence.
//     struct Params { ... };                                   // With defaults.
//     static void describe(ParamTable<Params>&);               // Name, range and help of each parameter.
//     explicit Policy(const Params&);                          // Or Policy(const Params&, RandomStream).
// and one line in policies/builtin.cc (or in your own main).
#ifndef JEVONS_POLICIES_CATALOGUE_H_
#define JEVONS_POLICIES_CATALOGUE_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "base/params.h"
#include "base/result.h"
#include "base/rng.h"
#include "policies/api/admission.h"
#include "policies/api/allocator.h"
#include "policies/api/autoscaler.h"
#include "policies/api/batcher.h"
#include "policies/api/placement.h"
#include "policies/api/router.h"
#include "policies/api/training_queue.h"

namespace jevons {

template <class Api>
class PolicyCatalogue {
 public:
  struct Entry {
    std::string summary;
    std::vector<ParamRow> params;
    std::function<Result<std::unique_ptr<Api>>(const ParamText&, RandomStream)> make;
    bool sees_future = false;  // A bound, not a policy that anyone could run.
  };

  // Two policies of one name are a mistake of the program that adds them, and end it.
  template <class Policy>
  void add() {
    ParamTable<typename Policy::Params> table;
    Policy::describe(table);
    auto make = [table](const ParamText& given, RandomStream random) -> Result<std::unique_ptr<Api>> {
      auto params = table.parse(given);
      if (!params) return params.error();
      if constexpr (std::is_constructible_v<Policy, typename Policy::Params, RandomStream>) {
        return std::unique_ptr<Api>(std::make_unique<Policy>(*params, random));
      } else {
        (void)random;
        return std::unique_ptr<Api>(std::make_unique<Policy>(*params));
      }
    };
    bool sees_future = false;
    if constexpr (requires { Policy::kSeesFuture; }) sees_future = Policy::kSeesFuture;
    const bool fresh =
        entries_.emplace(Policy::kName, Entry{std::string(Policy::kSummary), table.rows(), make, sees_future}).second;
    CHECK(fresh && "two policies with one name");
  }

  // `where` of an error is empty for an unknown name, else the parameter's name.
  Result<std::unique_ptr<Api>> make(const std::string& name, const ParamText& given, RandomStream random) const {
    const auto it = entries_.find(name);
    if (it == entries_.end()) {
      std::vector<std::string> known;
      for (const auto& [k, e] : entries_) known.push_back(k);
      return Error{"unknown policy '" + name + "'" + nearest_hint(name, known), ""};
    }
    return it->second.make(given, random);
  }

  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

 private:
  std::map<std::string, Entry, std::less<>> entries_;  // Ordered, so listings are stable.
};

struct Policies {
  PolicyCatalogue<Router> routers;
  PolicyCatalogue<Batcher> batchers;
  PolicyCatalogue<Allocator> allocators;
  PolicyCatalogue<TrainingQueue> training_queues;
  PolicyCatalogue<Placement> placements;
  PolicyCatalogue<Autoscaler> autoscalers;
  PolicyCatalogue<Admission> admissions;
};

// Every policy the project ships.
Policies builtin_policies();

}  // namespace jevons
#endif  // JEVONS_POLICIES_CATALOGUE_H_
