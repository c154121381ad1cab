// Policies that ask a function of the view, for runs worked by hand.
#ifndef JEVONS_TESTS_SUPPORT_ASKED_POLICIES_H_
#define JEVONS_TESTS_SUPPORT_ASKED_POLICIES_H_

#include <functional>
#include <utility>

#include "policies/api/allocator.h"
#include "policies/api/training_queue.h"

namespace jevons::testing {

class AskedQueue final : public TrainingQueue {
 public:
  using Rule = std::function<void(const QueueView&, QueueDecision*)>;
  explicit AskedQueue(Rule rule, bool every_change = true) : rule_(std::move(rule)), every_change_(every_change) {}
  void decide(const QueueView& view, QueueDecision* decision) override { rule_(view, decision); }
  bool wants_every_change() const override { return every_change_; }

 private:
  Rule rule_;
  bool every_change_;
};

class AskedAllocator final : public Allocator {
 public:
  using Rule = std::function<void(const AllocatorView&, AllocatorDecision*)>;
  explicit AskedAllocator(Rule rule) : rule_(std::move(rule)) {}
  void review(const AllocatorView& view, AllocatorDecision* decision) override { rule_(view, decision); }

 private:
  Rule rule_;
};

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_ASKED_POLICIES_H_
