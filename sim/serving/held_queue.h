// Requests held at the front of a pool: the most urgent first; among equals, first come, first served.
#ifndef JEVONS_SIM_SERVING_HELD_QUEUE_H_
#define JEVONS_SIM_SERVING_HELD_QUEUE_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>

#include "base/check.h"
#include "base/units.h"
#include "sim/serving/request.h"

namespace jevons {

// Every operation takes the logarithm of the number of different priorities.
class HeldQueue {
 public:
  // `tokens`: what must be computed before its next token can come.
  void push_back(RequestSlot request, std::int32_t priority, Tokens tokens) {
    Class& c = classes_[priority];
    c.requests.push_back({request, tokens});
    count(&c, tokens);
  }
  // Before all others of its priority.
  void push_front(RequestSlot request, std::int32_t priority, Tokens tokens) {
    Class& c = classes_[priority];
    c.requests.push_front({request, tokens});
    count(&c, tokens);
  }
  bool empty() const { return size_ == 0; }
  std::int64_t size() const { return size_; }
  RequestSlot front() const { return classes_.begin()->second.requests.front().request; }
  void pop_front() {
    CHECK(size_ > 0);
    const auto first = classes_.begin();
    first->second.tokens -= first->second.requests.front().tokens;
    first->second.requests.pop_front();
    --size_;
    if (first->second.requests.empty()) classes_.erase(first);
  }
  // Whether a request of this priority that comes now is next.
  bool next_would_be(std::int32_t priority) const { return empty() || priority > classes_.begin()->first; }
  // Of the requests that go before one of this priority that comes now.
  Tokens tokens_before(std::int32_t priority) const {
    Tokens sum{0};
    for (const auto& [p, c] : classes_) {
      if (p >= priority) sum += c.tokens;
    }
    return sum;
  }

 private:
  struct Held {
    RequestSlot request;
    Tokens tokens;
  };
  struct Class {
    std::deque<Held> requests;  // Never empty.
    Tokens tokens{0};           // Of all of them.
  };
  void count(Class* c, Tokens tokens) {
    c->tokens += tokens;
    ++size_;
  }

  std::map<std::int32_t, Class, std::greater<>> classes_;
  std::int64_t size_ = 0;
};

}  // namespace jevons
#endif  // JEVONS_SIM_SERVING_HELD_QUEUE_H_
