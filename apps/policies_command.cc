// `jevons policies`.
#include "apps/policies_command.h"

#include <string>

#include "apps/answer.h"
#include "policies/describe.h"

namespace jevons {
namespace {

int told(const Result<std::string>& text) { return text ? answer(*text) : refuse(text.error()); }

}  // namespace

void add_policies_command(CLI::App& root, const Policies& policies, int* exit_code) {
  const std::string markdown_help = "Write Markdown (docs/policies.md is `jevons policies --markdown`)";
  CLI::App* list = root.add_subcommand("policies", "List the policies, or describe one");
  CLI::Option* kind =
      list->add_option("KIND", "router, batcher, allocator, training_queue, placement or admission; all if left out");
  CLI::Option* page = list->add_flag("--markdown", markdown_help);
  CLI::App* describe = list->add_subcommand("describe", "Describe one policy and its parameters");
  CLI::Option* name = describe->add_option("NAME", "The policy, as scenarios name it")->required();
  CLI::Option* entry = describe->add_flag("--markdown", markdown_help);
  // One callback for both: CLI11 calls a parent's too when its child was named.
  list->callback([=, &policies] {
    const bool markdown = page->count() + entry->count() > 0;
    if (describe->parsed()) {
      const std::string wanted = name->as<std::string>();
      *exit_code = told(markdown ? policy_markdown(policies, wanted) : describe_policy(policies, wanted));
    } else {
      const std::string wanted = kind->count() > 0 ? kind->as<std::string>() : "";
      *exit_code = told(markdown ? policies_markdown(policies, wanted) : list_policies(policies, wanted));
    }
  });
}

}  // namespace jevons
