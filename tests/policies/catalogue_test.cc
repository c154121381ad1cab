// The catalogue: names, parameters, errors, and the text made of them.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "apps/policies_command.h"
#include "policies/describe.h"
#include "tests/policies/builtins.h"

namespace jevons::testing {
namespace {

std::string error_of(const ParamText& params, const std::string& router) {
  const auto made = builtins().routers.make(router, params, RandomStream(1, "t"));
  return made.ok() ? "" : made.error().text();
}

TEST(Catalogue, UnknownNamesGetTheNearestOne) {
  EXPECT_EQ(error_of({}, "least_request"), "unknown policy 'least_request' (did you mean 'least_requests'?)");
  EXPECT_EQ(error_of({{"load_facto", "2"}}, "prefix_affinity"),
            "load_facto: unknown parameter (did you mean 'load_factor'?)");
}

TEST(Catalogue, ValuesOutOfRangeAreRefusedByName) {
  EXPECT_EQ(error_of({{"load_factor", "0.5"}}, "prefix_affinity"),
            "load_factor: expected a number from 1 to 1e+06, got '0.5'");
  EXPECT_EQ(error_of({{"by_speed", "yes"}}, "least_requests"), "by_speed: expected true or false, got 'yes'");
}

template <class Api>
void each_default_is_allowed(const PolicyCatalogue<Api>& catalogue) {
  for (const auto& [name, entry] : catalogue.entries()) {
    EXPECT_FALSE(entry.summary.empty()) << name;
    ParamText defaults;
    for (const ParamRow& row : entry.params) defaults[row.name] = row.fallback;
    const auto made = catalogue.make(name, defaults, RandomStream(1, "t"));
    EXPECT_TRUE(made.ok()) << name << ": " << (made.ok() ? "" : made.error().text());
  }
}

TEST(Catalogue, EveryDefaultReadsBack) {
  each_default_is_allowed(builtins().routers);
  each_default_is_allowed(builtins().batchers);
  each_default_is_allowed(builtins().allocators);
  each_default_is_allowed(builtins().training_queues);
  each_default_is_allowed(builtins().placements);
  each_default_is_allowed(builtins().admissions);
  each_default_is_allowed(builtins().autoscalers);
}

void expect_eighty_columns(const std::string& text) {
  std::stringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_LE(line.size(), 80u) << line;
    EXPECT_TRUE(line.empty() || line.back() != ' ') << "'" << line << "'";
  }
}

TEST(Describe, FitsEightyColumns) {
  expect_eighty_columns(*list_policies(builtins(), ""));
  for (const std::string& kind : policy_kinds()) expect_eighty_columns(*list_policies(builtins(), kind));
  for (const auto& [name, entry] : builtins().allocators.entries())
    expect_eighty_columns(*describe_policy(builtins(), name));
  for (const auto& [name, entry] : builtins().routers.entries())
    expect_eighty_columns(*describe_policy(builtins(), name));
}

TEST(Describe, SaysAllThatIsDeclared) {
  EXPECT_EQ(*describe_policy(builtins(), "sjf"),
            "sjf (training_queue)\n"
            "  Start the waiting job with the smallest estimated run time first.\n"
            "\n"
            "  Parameters\n"
            "    head_blocks = true\n"
            "        Whether the shortest job, while it does not fit, holds up the longer\n"
            "        ones.\n"
            "        Allowed: true or false.\n");
}

TEST(Describe, WhatSeesTheFutureIsMarkedAsABound) {
  EXPECT_NE(list_policies(builtins(), "allocator")->find("  oracle            (bound) "), std::string::npos);
  EXPECT_NE(describe_policy(builtins(), "oracle")->find("oracle (allocator)\n  (bound) "), std::string::npos);
  EXPECT_NE(policy_markdown(builtins(), "oracle")->find("### oracle\n\n(bound) "), std::string::npos);
  std::size_t bounds = 0;
  const std::string all = *policies_markdown(builtins(), "");
  for (std::size_t at = all.find("(bound)"); at != std::string::npos; at = all.find("(bound)", at + 1)) ++bounds;
  EXPECT_EQ(bounds, 1u);
}

TEST(Describe, OneNameOfTwoKindsIsDescribedInBoth) {
  const std::string both = *describe_policy(builtins(), "slo_feedback");
  EXPECT_EQ(both.find("slo_feedback (allocator)\n"), 0u);
  EXPECT_NE(both.find("\n\nslo_feedback (autoscaler)\n"), std::string::npos);
}

TEST(Describe, UnknownNamesGetTheNearestOne) {
  EXPECT_EQ(describe_policy(builtins(), "fcsf").error().text().substr(0, 21), "unknown policy 'fcsf'");
  EXPECT_EQ(list_policies(builtins(), "routers").error().text(),
            "unknown kind of policy 'routers' (did you mean 'router'?)");
}

// A user's own policy with a summary that cannot be wrapped.
struct LongWinded final : TrainingQueue {
  static constexpr std::string_view kName =
      "a_policy_whose_name_alone_is_longer_than_any_column_that_the_listing_sets_aside_for_it";
  static constexpr std::string_view kSummary = "";
  struct Params {};
  static void describe(ParamTable<Params>&) {}
  explicit LongWinded(const Params&) {}
  void decide(const QueueView&, QueueDecision*) override {}
};

TEST(Describe, NamesLongerThanALineDoNotEndTheProgram) {
  Policies policies = builtin_policies();
  policies.training_queues.add<LongWinded>();
  EXPECT_NE(list_policies(policies, "")->find(LongWinded::kName), std::string::npos);
}

TEST(Describe, DocsPageIsWhatTheCommandWrites) {
  std::ifstream file(JEVONS_SOURCE_DIR "/docs/policies.md", std::ios::binary);
  const std::string page((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(page, *policies_markdown(builtins(), "")) << "run: jevons policies --markdown > docs/policies.md";
}

struct Outcome {
  int exit_code;
  std::string out, err;
};
Outcome run_command(const std::string& arguments) {
  CLI::App root;
  int exit_code = -1;
  add_policies_command(root, builtins(), &exit_code);
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  try {
    root.parse(arguments);
  } catch (const CLI::ParseError& e) {
    exit_code = 100 + (e.get_exit_code() != 0 ? 1 : 0);
  }
  return {exit_code, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
}

TEST(PoliciesCommand, ListsDescribesAndRefuses) {
  EXPECT_EQ(run_command("policies").out, *list_policies(builtins(), ""));
  EXPECT_EQ(run_command("policies").exit_code, 0);
  EXPECT_EQ(run_command("policies router").out, *list_policies(builtins(), "router"));
  EXPECT_EQ(run_command("policies --markdown").out, *policies_markdown(builtins(), ""));
  EXPECT_EQ(run_command("policies batcher --markdown").out, *policies_markdown(builtins(), "batcher"));
  EXPECT_EQ(run_command("policies describe fcfs").out, *describe_policy(builtins(), "fcfs"));
  EXPECT_EQ(run_command("policies describe fcfs --markdown").out, *policy_markdown(builtins(), "fcfs"));
  const Outcome unknown = run_command("policies rooter");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_EQ(unknown.out, "");
  EXPECT_EQ(unknown.err, "jevons: unknown kind of policy 'rooter' (did you mean 'router'?)\n");
  EXPECT_EQ(run_command("policies describe fcsf").exit_code, 2);
  EXPECT_EQ(run_command("policies describe").exit_code, 101);
}

}  // namespace
}  // namespace jevons::testing
