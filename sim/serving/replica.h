// One replica: a model instance that batches requests continuously, as vLLM's engine loop does.
//
// An iteration is arithmetic, not an event.  The batch changes only when a request joins, leaves, or memory runs out;
// between two changes the replica decodes k steps whose total time has a closed form, and the calendar holds one entry:
// the end of the k-th.  An arrival cuts the span at the end of the step in progress.  Step by step (k = 1) is the same
// code with shorter spans: both modes make the same decisions at the same instants, to the nanosecond, because
// iteration times are integers of 2^-20 ns and a span's total is exactly the sum of its steps.
//
// Invariants
//   1. decoding_ is a heap by (finish_step, admission); its size is the batch's B; context_ is the sum of the tokens
//   they
//      have in memory after `step_` steps.
//   2. growth_[s % block_size] counts the decoding requests that need a new block in step s.
//   3. Blocks for the first taken_steps_ of the span are taken; those of later steps are taken when they are settled.
//   4. At most one admitted request is not fully prefilled: partial_.
#ifndef JEVONS_SIM_SERVING_REPLICA_H_
#define JEVONS_SIM_SERVING_REPLICA_H_

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "policies/api/batcher.h"
#include "policies/api/router.h"
#include "sim/engine/calendar.h"
#include "sim/model/decode_span.h"
#include "sim/model/iteration.h"
#include "sim/observe/observers.h"
#include "sim/serving/kv_cache.h"
#include "sim/serving/request.h"

namespace jevons {

struct ReplicaSetup {
  ReplicaId id;
  NodeId node;
  GroupId group;
  Gpus gpus;
  Blocks kv_blocks;
  bool prefix_caching = true;
  bool fast_forward = true;
  const LinearIterationModel* time = nullptr;
  const IterationTable* table = nullptr;              // Used instead of `time` when not null.
  const LinearIterationModel* shared_time = nullptr;  // `time` while a guest is on its GPUs; null = never.
  double shared_slowdown = 1;                         // Of `table` likewise.
  const BatchLimits* limits = nullptr;
  const Batcher* batcher = nullptr;
  std::string_view batcher_name;
  std::int64_t bundle = 1;  // Sequences that a request stands for (PoolSetup::bundle), for the power of a batch.
};

// What a replica tells its pool.
class ReplicaOwner {
 public:
  virtual ~ReplicaOwner() = default;
  virtual void request_finished(RequestSlot request, Instant now) = 0;  // Its last token is out.
};

class Replica {
 public:
  Replica(const ReplicaSetup& setup, Instant now, Calendar* calendar, RequestTable* requests,
          const Observers* observers, ReplicaOwner* owner);
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  const ReplicaSetup& setup() const { return setup_; }
  void enqueue(RequestSlot request, Instant now);
  void on_iteration_end(Instant now);  // The calendar's event.

  std::int32_t waiting() const { return static_cast<std::int32_t>(waiting_.size()); }
  std::int32_t running() const { return running_; }
  Tokens waiting_tokens() const { return {waiting_tokens_}; }
  bool empty() const { return running_ == 0 && waiting_.empty(); }
  Blocks kv_used(Instant now) const;
  // Takes the blocks of the decode steps begun by now, so that kv() is what it would be step by step: taking a block
  // may evict a cached one.
  void take_begun(Instant now);
  const KvCache& kv() const { return kv_; }
  std::int64_t tokens_produced(Instant now) const;
  // Tokens still to be prefilled, at the end of the last iteration: of all that wait, and the rest of those begun.
  Tokens prefill_backlog() const;
  // How long a decode step would take of all that run and wait here and one more with `prompt` tokens in memory; of
  // their mean context, where batch or memory hold fewer.
  Duration predicted_step(Tokens prompt, Instant now) const;

  // Whether a guest is on its GPUs.  The step in progress ends as it began.
  void share_gpus(bool shared, Instant now);
  // Share of the time that it ran iterations in the period before the last call of begin_period, or since its start; 1
  // before the first call.
  double busy_share() const { return busy_share_; }
  void begin_period(Instant now);
  // From now on its GPU-time counts as draining (or, when taken back, as serving again).
  void set_draining(bool draining, Instant now);
  // Takes every request away, as it stands at `now`: `produced` is up to date, memory is released.  Oldest first.
  std::vector<RequestSlot> take_all(Instant now);
  // Closes the books; the replica must be empty.
  void end(Instant now);

 private:
  struct Decoding {
    std::int64_t finish_step;
    std::uint64_t admission;
    RequestSlot request;
    // For std heaps, which keep the largest first.
    friend bool operator<(const Decoding& a, const Decoding& b) {
      return a.finish_step != b.finish_step ? a.finish_step > b.finish_step : a.admission > b.admission;
    }
  };
  struct Chunk {
    RequestSlot request;
    std::int64_t tokens;
  };

  // Planning, at an iteration boundary.
  void plan(Instant now);
  void make_room_for_step(Instant now);
  void preempt_latest(Instant now);
  void fill_view(Instant now);
  PrefillView prefill_view(const RequestState& r) const;
  void begin_mixed(Instant now);
  void acquire_prefixes(std::size_t admits, Instant now);
  void take_for_step(Instant now);
  void continue_partial(Instant now);
  void admit(std::int64_t tokens, bool last, Instant now);
  void add_chunk(RequestSlot slot, std::int64_t tokens, Instant now);
  void begin_decode(Instant now);
  std::int64_t longest_span() const;
  std::int64_t steps_without_growth() const;
  const LinearIterationModel& time() const { return shared_ ? *setup_.shared_time : *setup_.time; }
  FixedTime table_time(const IterationShape& shape) const;
  void cut_span(Instant now);
  void launch(PowerPhase phase, Instant now);
  void rest(Instant now);

  // Carrying out.
  void settle(std::int64_t steps);
  void finish_due(Instant now);
  void finish_chunks(Instant now);
  void join_decoding(RequestSlot slot, RequestState& r);
  void leave_decoding(std::int64_t context);
  void hold_blocks(RequestState& r, std::int64_t blocks) const;
  void release(RequestState& r, Instant now);
  std::int64_t context_of(const RequestState& r) const;
  template <class Visit>
  void each_prefilling(Visit visit) const;

  std::int64_t steps_done(Instant now) const;
  std::int64_t steps_begun(Instant now) const;  // Of a span with decodes; else 0.
  Blocks growth_due(Instant now) const;
  Instant span_end(std::int64_t steps) const;
  std::int64_t blocks_for(std::int64_t tokens) const { return (tokens + block_size_ - 1) / block_size_; }
  std::int64_t growth_between(std::int64_t first_step, std::int64_t steps) const;
  std::size_t phase_of(std::int64_t context) const;
  Purpose purpose() const;
  void enter(PowerPhase phase, bool draining, Instant now);
  void close_phase(Instant now);
  void tell_stretch(Purpose purpose, Instant now);
  void contract_error(const std::string& what, Instant now) const;

  ReplicaSetup setup_;
  Calendar* calendar_;
  RequestTable* requests_;
  const Observers* observers_;
  ReplicaOwner* owner_;
  Slot slot_;
  KvCache kv_;
  std::int64_t block_size_;

  std::deque<RequestSlot> waiting_;
  std::int64_t waiting_tokens_ = 0;
  std::int32_t running_ = 0;  // Decoding, partial, and admitted in this iteration.
  std::vector<Decoding> decoding_;
  std::int64_t context_ = 0;
  std::vector<std::int64_t> growth_;
  RequestSlot partial_;
  bool has_partial_ = false;
  std::uint64_t next_admission_ = 0;
  std::int64_t step_ = 0;      // Decode steps settled so far.
  std::int64_t produced_ = 0;  // Tokens out, settled.

  // The iteration or span under way.
  bool under_way_ = false;
  bool decodes_ = false;  // The decoding requests take part.
  bool cut_ = false;      // Already shortened to the step in progress.
  std::vector<Chunk> chunks_;
  std::int64_t span_steps_ = 0;
  std::int64_t taken_steps_ = 0;
  DecodeSpan span_;  // A mixed iteration is a span of one step.
  Instant start_;
  std::int64_t start_fraction_ = 0;  // In 2^-20 ns; half at a fresh start, so that ends are rounded to nearest.

  PowerPhase phase_ = PowerPhase::kWaiting;  // Of the iteration or span under way.
  bool draining_ = false;
  bool shared_ = false;
  Duration busy_{};  // In this period by phase_since_; negative, if that lies before the period.
  Instant period_since_;
  double busy_share_ = 1;
  Instant phase_since_, purpose_since_;
  PhaseTimes spent_{};  // In each phase since purpose_since_, up to phase_since_.

  BatchView view_;
  BatchPlan plan_;
  PrefillView partial_view_;
  std::vector<PrefillView> waiting_view_;
  // A waiting request has cached blocks in the free queue: a step that takes blocks may evict them, and the request may
  // then come to fit with a smaller first chunk.  Nothing else that waits gets easier to admit while the batch decodes.
  bool counts_on_cached_ = false;
};

}  // namespace jevons
#endif  // JEVONS_SIM_SERVING_REPLICA_H_
