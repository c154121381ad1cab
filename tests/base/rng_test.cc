// Random streams: fixed values on every machine, independence of names, and edges of the distributions.
#include "base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

namespace jevons {
namespace {

TEST(Rng, SameNameSameStream) {
  RandomStream a(7, "arrivals"), b(7, "arrivals"), c(7, "lengths"), d(8, "arrivals");
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t x = a.bits();
    ASSERT_EQ(x, b.bits());
    seen.insert(x);
    seen.insert(c.bits());
    seen.insert(d.bits());
  }
  EXPECT_EQ(seen.size(), 3'000U);
}

// xoshiro256++ and SplitMix64 seeding, written out a second time from their definitions.
TEST(Rng, BitsFollowTheDefinition) {
  const auto split = [](std::uint64_t* x) {
    std::uint64_t z = (*x += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  };
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a.
  for (const char c : std::string_view("trace")) hash = (hash ^ static_cast<std::uint64_t>(c)) * 1099511628211ULL;
  std::uint64_t x = 42;
  x = split(&x) ^ hash;
  std::uint64_t s[4];
  for (auto& v : s) v = split(&x);
  const auto rotate = [](std::uint64_t v, int k) { return (v << k) | (v >> (64 - k)); };
  RandomStream stream(42, "trace");
  for (int i = 0; i < 1'000; ++i) {
    const std::uint64_t expected = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    ASSERT_EQ(stream.bits(), expected);
  }
}

TEST(Rng, EdgesNeverGiveNanOrInfinity) {
  RandomStream r(3, "edges");
  for (int i = 0; i < 200'000; ++i) {
    const double u = r.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    ASSERT_TRUE(std::isfinite(r.exponential(1)));
    ASSERT_TRUE(std::isfinite(r.normal()));
    ASSERT_TRUE(std::isfinite(r.gamma(0.01, 1)));
    ASSERT_TRUE(std::isfinite(r.weibull(0.5, 1)));
    ASSERT_LT(r.below(7), 7U);
  }
  EXPECT_EQ(r.poisson(0), 0U);
  EXPECT_EQ(r.below(1), 0U);
}

}  // namespace
}  // namespace jevons
