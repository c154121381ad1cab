// What `jevons compare` and `jevons run` were asked for.
#include "apps/compare_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <thread>

#include "base/text.h"

namespace jevons {
namespace {

constexpr std::uint64_t kMostSeeds = 10'000;  // Student's t has converged long before; more is a slip of the finger.
constexpr std::uint64_t kMostJobs = 4'096;    // Processes.

constexpr const char* kOnePolicyHelp = "The policy to run, by its label in the scenario";
constexpr const char* kPoliciesHelp =
    "Only this policy of the scenario, by its label; may be repeated. The first is what the others are compared "
    "against";

std::vector<std::string> texts(const CLI::Option* option) {
  return option->count() > 0 ? option->as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::string text(const CLI::Option* option) { return option->count() > 0 ? option->as<std::string>() : std::string(); }

Result<std::uint64_t> number(const CLI::Option* option, std::uint64_t low, std::uint64_t high) {
  const std::string given = text(option);
  const auto n = parse_uint64(given);
  if (!n || *n < low || *n > high) {
    const std::string range =
        high == std::numeric_limits<std::uint64_t>::max() ? "0 or more" : fmt::format("{} to {}", low, high);
    return Error{fmt::format("expected a whole number, {}, got '{}'", range, given), option->get_name()};
  }
  return *n;
}

// Single quotes where a shell would see more than one plain word.
std::string shell_word(const std::string& word) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./=:,+@%").find(c) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace

CompareFlags CompareFlags::add_to(CLI::App* c, bool one_policy) {
  CompareFlags f{};
  // A literal for help would be ambiguous in C++20, where an array can be made from a number.
  const auto flag = [c](const std::string& names, const std::string& help) { return c->add_flag(names, help); };
  const std::string policy_help = one_policy ? kOnePolicyHelp : kPoliciesHelp;
  f.scenario = c->add_option("SCENARIO", "Scenario file (.yaml, .json, .txtpb)")->required();
  f.policies = c->add_option("--policy", policy_help)->type_name("LABEL")->expected(1);
  if (!one_policy) f.policies->take_all();
  f.seeds = c->add_option("--seeds", "Runs per policy, with seeds S, S+1, ...; more than one gives 95 % intervals [1]")
                ->type_name("N");
  f.seed = c->add_option("--seed", "First seed [the scenario's]")->type_name("S");
  f.jobs = c->add_option("-j,--jobs", "Worker processes at a time [all cores]; never changes a result")->type_name("N");
  f.overrides = c->add_option("--set", "Change one field of the scenario; may be repeated")
                    ->type_name("PATH=VALUE")
                    ->expected(1)
                    ->take_all();
  f.json = c->add_option("--json", "Write everything as JSON, with the keys of vLLM's benchmark; '-' is stdout")
               ->type_name("FILE");
  f.csv = c->add_option("--csv", "Write tidy tables (results.csv, pools.csv, ...) to this folder")->type_name("DIR");
  f.requests =
      c->add_option("--requests", "Write one CSV row per request; .gz, .zst or .xz compress")->type_name("FILE");
  f.audit = flag("--audit", "Recompute every total from the events and check that they agree");
  f.no_fast_forward = flag("--no-fast-forward", "Simulate every iteration as an event: slow, same results");
  f.no_look_ahead = flag("--no-look-ahead", "Stop SimGrid's clock at every event: slow, same results");
  f.progress = flag("--progress", "Show progress on stderr even if it is not a terminal");
  f.quiet = flag("-q,--quiet", "No table and no progress: only files and errors");
  f.color = c->add_option("--color", "auto, always or never [auto]")->type_name("WHEN");
  return f;
}

Result<CompareRequest> CompareFlags::read() const {
  CompareRequest r;
  r.scenario = text(scenario);
  r.policies = texts(policies);
  r.overrides = texts(overrides);
  if (seed->count() > 0) {
    const auto n = number(seed, 0, std::numeric_limits<std::uint64_t>::max());
    if (!n) return n.error();
    r.seed = *n;
  }
  if (seeds->count() > 0) {
    const auto n = number(seeds, 1, kMostSeeds);
    if (!n) return n.error();
    r.seeds = *n;
  }
  r.jobs = std::max(1U, std::thread::hardware_concurrency());
  if (jobs->count() > 0) {
    const auto n = number(jobs, 1, kMostJobs);
    if (!n) return n.error();
    r.jobs = *n;
  }
  for (const CLI::Option* file : {json, csv, requests}) {
    if (file->count() > 0 && text(file).empty()) return Error{"expected a name, got ''", file->get_name()};
  }
  r.json_to_stdout = text(json) == "-";
  r.files = {r.json_to_stdout ? "" : text(json), text(csv), text(requests)};
  r.engine.audit = audit->count() > 0;
  r.engine.fast_forward = no_fast_forward->count() == 0;
  r.engine.look_ahead = no_look_ahead->count() == 0;
  r.quiet = quiet->count() > 0;
  r.progress = progress->count() > 0;
  if (color->count() > 0) r.color = text(color);
  if (r.color != "auto" && r.color != "always" && r.color != "never") {
    return Error{"expected auto, always or never, got '" + r.color + "'", "--color"};
  }
  return r;
}

Result<std::vector<std::size_t>> choose_policies(const Scenario& scenario, const std::vector<std::string>& labels) {
  const std::vector<std::string>& known = scenario.policy_labels();
  std::vector<std::size_t> chosen;
  for (const std::string& label : labels) {
    const auto at = std::find(known.begin(), known.end(), label);
    if (at == known.end()) {
      return Error{fmt::format("the scenario has no policy '{}'{}", label, nearest_hint(label, known)), "--policy"};
    }
    const auto position = static_cast<std::size_t>(at - known.begin());
    if (std::find(chosen.begin(), chosen.end(), position) != chosen.end()) {
      return Error{fmt::format("'{}' is named twice", label), "--policy"};
    }
    chosen.push_back(position);
  }
  if (labels.empty()) {
    for (std::size_t i = 0; i < known.size(); ++i) chosen.push_back(i);
  }
  return chosen;
}

std::string reproducing_command(const std::string& program, const std::string& command, const CompareRequest& r) {
  std::string out = shell_word(program) + " " + command + " " + shell_word(r.scenario);
  for (const std::string& label : r.policies) out += " --policy " + shell_word(label);
  if (r.seed) out += fmt::format(" --seed {}", *r.seed);
  if (r.seeds > 1) out += fmt::format(" --seeds {}", r.seeds);
  for (const std::string& change : r.overrides) out += " --set " + shell_word(change);
  return out;
}

}  // namespace jevons
