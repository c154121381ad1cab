// Fast-forward against step by step, look-ahead against none, on random scenarios with the auditor on.
//
// A failure prints its seed; JEVONS_SWARM_FIRST=<seed> JEVONS_SWARM_COUNT=1 runs that one alone, a large count runs the
// night.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <tuple>

#include "tests/support/in_child.h"
#include "tests/support/scale.h"
#include "tests/support/swarm.h"

namespace jevons::testing {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

std::string run(std::uint64_t seed, bool fast_forward, bool look_ahead) {
  const ChildResult r = in_child(
      [=] { return swarm_run(seed, {.fast_forward = fast_forward, .look_ahead = look_ahead, .audit = true}); });
  return r.bytes;
}

bool failed(const std::string& text) { return text.starts_with("died") || text.find("\nerror: ") != std::string::npos; }

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

void compare(std::uint64_t seed) {
  const std::string reference = run(seed, true, true);
  ASSERT_FALSE(failed(reference)) << "seed " << seed << ": " << last_line(reference);
  for (const auto& [fast, ahead, name] :
       {std::tuple{false, true, "step by step"}, std::tuple{true, false, "no look-ahead"},
        std::tuple{false, false, "neither"}}) {
    const std::string other = run(seed, fast, ahead);
    ASSERT_EQ(first_difference(reference, other), "") << "seed " << seed << ", " << name;
  }
}

constexpr std::uint64_t kShare = 50;  // Seeds of each of the four tests, so that CTest can run them side by side.

void compare_share(std::uint64_t share) {
  const std::uint64_t first = from_environment("JEVONS_SWARM_FIRST", 1),
                      count = from_environment("JEVONS_SWARM_COUNT", scaled(4 * kShare));
  for (std::uint64_t seed = first + share; seed < first + count; seed += 4) compare(seed);
}

TEST(EnginesAgree, OnRandomScenarios1) { compare_share(0); }
TEST(EnginesAgree, OnRandomScenarios2) { compare_share(1); }
TEST(EnginesAgree, OnRandomScenarios3) { compare_share(2); }
TEST(EnginesAgree, OnRandomScenarios4) { compare_share(3); }

// Routers that look into caches saw blocks of a fast-forwarded replica that, step by step, were evicted already.
TEST(EnginesAgree, OnCachesThatRoutersLookInto) {
  for (const std::uint64_t seed : {4321, 4561}) compare(seed);
}

TEST(EnginesAgree, SameSeedSameBytesAndAnotherSeedOthers) {  // Check 23.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::string once = run(seed, true, true);
    ASSERT_EQ(first_difference(once, run(seed, true, true)), "") << "seed " << seed;
    ASSERT_NE(once, run(seed + 1000, true, true));
  }
}

// A swarm in which nothing happens proves nothing: what 200 scenarios must have exercised.
TEST(EnginesAgree, TheScenariosExerciseTheMachine) {
  std::map<std::string, int> seen;
  for (std::uint64_t seed = 1; seed <= 4 * kShare; ++seed) {
    std::istringstream text(run(seed, true, true));
    for (std::string l; std::getline(text, l);)
      ++seen[l.substr(0, l.find(' ') == std::string::npos ? l.size() : l.find(' '))];
  }
  for (const char* event : {"arrive", "end", "submit", "start", "preempt", "take", "give", "flow", "lost_work",
                            "draining", "checkpoint", "loading", "idle_serving", "guest", "guest_done",
                            "guest_sent_away", "guest_training", "guest_lost_work", "guest_checkpoint"}) {
    EXPECT_GE(seen[event], 5) << event;
  }
}

}  // namespace
}  // namespace jevons::testing
