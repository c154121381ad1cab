// The front queue against a sorted list.
#include "sim/serving/held_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/rng.h"

namespace jevons {
namespace {

struct Naive {
  std::int32_t priority;
  std::int64_t order;  // Of those put in front: counted down.
  std::uint32_t request;
  std::int64_t tokens;
};

TEST(HeldQueue, IsAListSortedByPriorityAndThenByTurn) {
  RandomStream random(5, "held");
  HeldQueue queue;
  std::vector<Naive> naive;
  std::int64_t back = 0, front = 0;
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const auto priority = static_cast<std::int32_t>(random.below(5)) - 2;
    const auto tokens = static_cast<std::int64_t>(random.below(1000));
    switch (random.below(5)) {
      case 0:
        queue.push_front({i}, priority, Tokens{tokens});
        naive.push_back({priority, --front, i, tokens});
        break;
      case 1:
      case 2:
        queue.push_back({i}, priority, Tokens{tokens});
        naive.push_back({priority, ++back, i, tokens});
        break;
      default:
        if (naive.empty()) break;
        const auto next = std::min_element(naive.begin(), naive.end(), [](const Naive& a, const Naive& b) {
          return a.priority != b.priority ? a.priority > b.priority : a.order < b.order;
        });
        ASSERT_EQ(queue.front().index, next->request);
        queue.pop_front();
        naive.erase(next);
    }
    ASSERT_EQ(queue.size(), static_cast<std::int64_t>(naive.size()));
    ASSERT_EQ(queue.empty(), naive.empty());
    std::int64_t before = 0;
    for (const Naive& n : naive) before += n.priority >= priority ? n.tokens : 0;
    ASSERT_EQ(queue.tokens_before(priority), Tokens{before});
    ASSERT_EQ(queue.next_would_be(priority),
              std::none_of(naive.begin(), naive.end(), [&](const Naive& n) { return n.priority >= priority; }));
  }
}

}  // namespace
}  // namespace jevons
