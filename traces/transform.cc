// Wrappers around request sources.
#include "traces/transform.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "base/rng.h"
#include "base/text.h"
#include "traces/fields.h"
#include "traces/transform_math.h"

namespace jevons {
namespace {

class Wrapper : public RequestSource {
 public:
  explicit Wrapper(RequestSourcePtr source) : source_(std::move(source)) { CHECK(source_ != nullptr); }
  const ReadCounts& counts() const override { return source_->counts(); }

 protected:
  RequestSourcePtr source_;
};

class Slice final : public Wrapper {
 public:
  Slice(RequestSourcePtr source, Instant from, Instant to) : Wrapper(std::move(source)), from_(from), to_(to) {}
  Result<bool> next(Request* out) override {
    if (ended_) return false;
    do {
      auto more = source_->next(out);
      if (!more) return more;
      ended_ = !*more || out->arrival >= to_;
      if (ended_) return false;
    } while (out->arrival < from_);
    out->arrival = Instant{0} + (out->arrival - from_);
    return true;
  }

 private:
  Instant from_, to_;
  bool ended_ = false;
};

// Moves every arrival by a function of it alone that never decreases.
template <class Move>
class Moved final : public Wrapper {
 public:
  Moved(RequestSourcePtr source, Move move) : Wrapper(std::move(source)), move_(std::move(move)) {}
  Result<bool> next(Request* out) override {
    auto more = source_->next(out);
    if (!more || !*more) return more;
    auto moved = move_(out->arrival);
    if (!moved) return moved.error();
    out->arrival = *moved;
    return true;
  }

 private:
  Move move_;
};

template <class Move>
RequestSourcePtr moved(RequestSourcePtr source, Move move) {
  return std::make_unique<Moved<Move>>(std::move(source), std::move(move));
}

class Thin final : public Wrapper {
 public:
  Thin(RequestSourcePtr source, double share, RandomStream random)
      : Wrapper(std::move(source)), share_(share), random_(random) {}
  Result<bool> next(Request* out) override {
    for (;;) {
      auto more = source_->next(out);
      if (!more || !*more || random_.uniform() < share_) return more;
    }
  }

 private:
  double share_;
  RandomStream random_;
};

class ScaleRate final : public Wrapper {
 public:
  ScaleRate(RequestSourcePtr source, double factor, RandomStream random, Duration jitter)
      : Wrapper(std::move(source)), factor_(factor), random_(random), jitter_(jitter) {}

  Result<bool> next(Request* out) override {
    // What waits may leave once the source can give nothing earlier; on a tie the copies, which the source gave before.
    while (!at_end_ && (waiting_.empty() || !head_ || waiting_.front().request.arrival > head_->arrival)) {
      if (head_) {
        std::swap(*out, *head_);
        head_.reset();
        add_copies(*out);
        return true;
      }
      if (Status s = advance(); !s) return s.error();
    }
    if (waiting_.empty()) return false;
    std::pop_heap(waiting_.begin(), waiting_.end(), After{});
    std::swap(*out, waiting_.back().request);
    waiting_.pop_back();
    return true;
  }

 private:
  struct Copy {
    Request request;
    std::uint64_t sequence;
  };
  struct After {
    bool operator()(const Copy& a, const Copy& b) const {
      return a.request.arrival != b.request.arrival ? a.request.arrival > b.request.arrival : a.sequence > b.sequence;
    }
  };

  // Fetches the next request of the source into head_.
  Status advance() {
    head_.emplace();
    auto more = source_->next(&*head_);
    if (!more) return more.error();
    at_end_ = !*more;
    if (at_end_) head_.reset();
    return Ok{};
  }

  void add_copies(const Request& original) {
    const double whole = std::floor(factor_);
    const auto copies = static_cast<std::uint64_t>(whole) + (random_.uniform() < factor_ - whole ? 1 : 0);
    for (std::uint64_t k = 1; k < copies; ++k) {
      Copy copy{original, sequence_++};
      const auto delay = static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(jitter_.ns)));
      copy.request.arrival.ns = std::min(original.arrival.ns + delay, kMaxTimeNs);
      change_hashes(&copy.request, k);
      waiting_.push_back(std::move(copy));
      std::push_heap(waiting_.begin(), waiting_.end(), After{});
    }
  }

  double factor_;
  RandomStream random_;
  Duration jitter_;
  std::vector<Copy> waiting_;
  std::optional<Request> head_;
  std::uint64_t sequence_ = 0;
  bool at_end_ = false;
};

class Limit final : public Wrapper {
 public:
  Limit(RequestSourcePtr source, std::uint64_t count) : Wrapper(std::move(source)), left_(count) {}
  Result<bool> next(Request* out) override {
    if (left_ == 0) return false;
    --left_;
    return source_->next(out);
  }

 private:
  std::uint64_t left_;
};

class WithWorkload final : public Wrapper {
 public:
  WithWorkload(RequestSourcePtr source, std::uint32_t workload) : Wrapper(std::move(source)), workload_(workload) {}
  Result<bool> next(Request* out) override {
    auto more = source_->next(out);
    out->workload = workload_;
    return more;
  }

 private:
  std::uint32_t workload_;
};

class Merge final : public RequestSource {
 public:
  explicit Merge(std::vector<RequestSourcePtr> sources) {
    for (RequestSourcePtr& s : sources) {
      CHECK(s != nullptr);
      inputs_.push_back({std::move(s), {}, false, false});
    }
  }
  Result<bool> next(Request* out) override {
    Input* best = nullptr;
    for (Input& i : inputs_) {  // Few: a scan beats a heap.
      if (!i.full && !i.at_end) {
        auto more = i.source->next(&i.head);
        if (!more) return more;
        i.full = *more;
        i.at_end = !*more;
      }
      if (i.full && (best == nullptr || i.head.arrival < best->head.arrival)) best = &i;
    }
    if (best == nullptr) return false;
    std::swap(*out, best->head);
    best->full = false;
    return true;
  }
  const ReadCounts& counts() const override {
    counts_ = {};
    for (const Input& i : inputs_) add_counts(i.source->counts(), &counts_);
    return counts_;
  }

 private:
  struct Input {
    RequestSourcePtr source;
    Request head;
    bool full, at_end;
  };
  std::vector<Input> inputs_;
  mutable ReadCounts counts_;  // Made when asked for.
};

class Repeat final : public RequestSource {
 public:
  Repeat(RequestSourceOpener open, Duration every, std::uint64_t times)
      : open_(std::move(open)), every_(every), times_(times) {}
  Result<bool> next(Request* out) override {
    while (copy_ < times_) {
      if (!source_) {
        auto opened = open_();
        if (!opened) return opened.error();
        source_ = *std::move(opened);
        CHECK(source_ != nullptr);
      }
      auto more = source_->next(out);
      if (!more) return more;
      if (*more && out->arrival.ns < every_.ns) {
        if (static_cast<Int128>(copy_) * every_.ns + out->arrival.ns > kMaxTimeNs) return beyond_clock("repeat");
        out->arrival.ns += static_cast<std::int64_t>(copy_) * every_.ns;
        if (copy_ > 0) change_hashes(out, copy_);
        given_ = true;
        return true;
      }
      add_counts(source_->counts(), &done_);
      source_.reset();
      copy_ = given_ ? copy_ + 1 : times_;  // A copy that gives nothing: none will.
    }
    return false;
  }
  const ReadCounts& counts() const override {
    counts_ = done_;
    if (source_) add_counts(source_->counts(), &counts_);
    return counts_;
  }

 private:
  RequestSourceOpener open_;
  Duration every_;
  std::uint64_t times_, copy_ = 0;
  bool given_ = false;
  RequestSourcePtr source_;
  ReadCounts done_;
  mutable ReadCounts counts_;  // Made when asked for.
};

}  // namespace

Result<Ratio> ratio_of(double factor) {
  constexpr std::int64_t kMost = 1'000'000'000;
  const Error bad{"factor is out of range (expected a decimal from 1e-9 to 1e9 with at most 9 decimals)", ""};
  if (!(factor >= 1.0 / kMost && factor <= kMost)) return bad;
  std::int64_t billionths = 0;
  if (parse_time(text_of(factor), kMost, kRunTimeRules, &billionths)) return bad;
  if (static_cast<double>(billionths) / static_cast<double>(kMost) != factor)
    return bad;  // It had more than 9 decimals.
  Ratio r{billionths, kMost};
  while (r.num % 10 == 0 && r.den > 1) {
    r.num /= 10;
    r.den /= 10;
  }
  return r;
}

Result<RequestSourcePtr> slice(RequestSourcePtr source, Instant from, Instant to) {
  if (Status s = check_slice(from, to); !s) return s.error();
  return RequestSourcePtr(std::make_unique<Slice>(std::move(source), from, to));
}

Result<RequestSourcePtr> scale_time(RequestSourcePtr source, Ratio factor) {
  if (Status s = check_ratio(factor); !s) return s.error();
  return moved(std::move(source), [factor](Instant t) { return scaled(t, factor); });
}

Result<RequestSourcePtr> scale_rate(RequestSourcePtr source, double factor, RandomName random, Duration jitter) {
  if (Status s = check_rate(factor, jitter); !s) return s.error();
  if (factor < 1) return thin(std::move(source), factor, std::move(random));
  return RequestSourcePtr(
      std::make_unique<ScaleRate>(std::move(source), factor, RandomStream(random.seed, random.stream), jitter));
}

Result<RequestSourcePtr> thin(RequestSourcePtr source, double share, RandomName random) {
  if (Status s = check_share(share); !s) return s.error();
  return RequestSourcePtr(std::make_unique<Thin>(std::move(source), share, RandomStream(random.seed, random.stream)));
}

Result<RequestSourcePtr> shift(RequestSourcePtr source, Duration by) {
  if (Status s = check_shift(by); !s) return s.error();
  return moved(std::move(source), [by](Instant t) { return shifted(t, by); });
}

Result<RequestSourcePtr> limit(RequestSourcePtr source, std::uint64_t count) {
  return RequestSourcePtr(std::make_unique<Limit>(std::move(source), count));
}

Result<RequestSourcePtr> merge(std::vector<RequestSourcePtr> sources) {
  return RequestSourcePtr(std::make_unique<Merge>(std::move(sources)));
}

Result<RequestSourcePtr> repeat(RequestSourceOpener open, Duration every, std::uint64_t times) {
  if (Status s = check_repeat(every); !s) return s.error();
  return RequestSourcePtr(std::make_unique<Repeat>(std::move(open), every, times));
}

RequestSourcePtr with_workload(RequestSourcePtr source, std::uint32_t workload) {
  return std::make_unique<WithWorkload>(std::move(source), workload);
}

}  // namespace jevons
