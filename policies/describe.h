// The catalogue of policies as text: a listing, one policy in full, and the page docs/policies.md.
//
// All of it comes from the declarations of the policies themselves, a user's own included.  The summary of one that
// sees the future begins with "(bound)".  Terminal text fits 80 columns.
#ifndef JEVONS_POLICIES_DESCRIBE_H_
#define JEVONS_POLICIES_DESCRIBE_H_

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policies/catalogue.h"

namespace jevons {

// The kinds of policy as scenarios name them: router, batcher, allocator, training_queue, placement, admission,
// autoscaler.
const std::vector<std::string>& policy_kinds();

// Names and summaries, by kind; of one kind if `kind` is not empty.  Error: an unknown kind.
Result<std::string> list_policies(const Policies& policies, std::string_view kind);

// Everything about the policy called `name`, in each kind that has one.  Error: an unknown name.
Result<std::string> describe_policy(const Policies& policies, std::string_view name);

// The same as list_policies() and describe_policy() as Markdown.
Result<std::string> policies_markdown(const Policies& policies, std::string_view kind);
Result<std::string> policy_markdown(const Policies& policies, std::string_view name);

}  // namespace jevons
#endif  // JEVONS_POLICIES_DESCRIBE_H_
