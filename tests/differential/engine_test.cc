// Fast-forward against step by step, look-ahead against none, on random scenarios with the auditor on.
//
// A failure prints its seed; JEVONS_SWARM_FIRST=<seed> JEVONS_SWARM_COUNT=1 runs that one alone, a large count runs the night.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/in_child.h"
#include "tests/support/swarm.h"

namespace jevons::testing {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::string run(std::uint64_t seed, bool fast_forward, bool look_ahead) {
  const ChildResult r = in_child([=] {
    return swarm_run(seed, {.fast_forward = fast_forward, .look_ahead = look_ahead, .audit = true});
  });
  return r.bytes;
}

// What the scenarios exercised: a swarm in which nothing happens proves nothing.
struct Seen {
  std::uint64_t completed = 0, preempted = 0, reused = 0, moves = 0, job_preemptions = 0, refused = 0;
  static std::uint64_t count(const std::string& text, const std::string& what) {
    std::uint64_t n = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
    return n;
  }
};

bool failed(const std::string& text) { return text.starts_with("died") || text.find("\nerror: ") != std::string::npos; }

void compare(std::uint64_t seed) {
  const std::string reference = run(seed, true, true);
  ASSERT_FALSE(failed(reference)) << "seed " << seed << ": " << reference.substr(reference.rfind("error: ") == std::string::npos ? 0 : reference.rfind("error: "));
  for (const auto& [fast, ahead, name] : {std::tuple{false, true, "step by step"}, std::tuple{true, false, "no look-ahead"},
                                          std::tuple{false, false, "neither"}}) {
    const std::string other = run(seed, fast, ahead);
    ASSERT_EQ(first_difference(reference, other), "") << "seed " << seed << ", " << name;
  }
}

constexpr std::uint64_t kShare = 50;  // Seeds of each of the four tests, so that CTest can run them side by side.

void compare_share(std::uint64_t share) {
  const std::uint64_t first = from_environment("JEVONS_SWARM_FIRST", 1), count = from_environment("JEVONS_SWARM_COUNT", 4 * kShare);
  for (std::uint64_t seed = first + share; seed < first + count; seed += 4) compare(seed);
}

TEST(EnginesAgree, OnRandomScenarios1) { compare_share(0); }
TEST(EnginesAgree, OnRandomScenarios2) { compare_share(1); }
TEST(EnginesAgree, OnRandomScenarios3) { compare_share(2); }
TEST(EnginesAgree, OnRandomScenarios4) { compare_share(3); }

TEST(EnginesAgree, SameSeedSameBytesAndAnotherSeedOthers) {  // Check 23.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string once = run(seed, true, true);
    ASSERT_EQ(first_difference(once, run(seed, true, true)), "") << "seed " << seed;
    ASSERT_NE(once, run(seed + 1000, true, true));
  }
}

}  // namespace
}  // namespace jevons::testing
