// Carrying out a replica's iterations, and what others may ask of it.
#include "sim/serving/replica.h"

#include <algorithm>

#include "sim/model/slowdown.h"

namespace jevons {

Replica::Replica(const ReplicaSetup& setup, Instant now, Calendar* calendar, RequestTable* requests,
                 const Observers* observers, ReplicaOwner* owner)
    : setup_(setup),
      calendar_(calendar),
      requests_(requests),
      observers_(observers),
      owner_(owner),
      slot_(calendar->add_slot(EventKind::kIteration, setup.id.index)),
      kv_(setup.kv_blocks, setup.limits->block_size, setup.prefix_caching),
      block_size_(setup.limits->block_size.value),
      growth_(static_cast<std::size_t>(block_size_)),
      period_since_(now),
      phase_since_(now),
      purpose_since_(now) {
  observers_->tell(&Observer::on_replica_start, now, setup_.id, setup_.node, kv_.total());
}

void Replica::enqueue(RequestSlot request, Instant now) {
  waiting_.push_back(request);
  waiting_tokens_ += (*requests_)[request].target();
  if (!under_way_) return plan(now);
  cut_span(now);
}

// To the step in progress.
void Replica::cut_span(Instant now) {
  if (cut_) return;
  span_steps_ = std::min(span_steps_, steps_done(now) + 1);
  cut_ = true;
  calendar_->schedule(slot_, span_end(span_steps_));
}

void Replica::on_iteration_end(Instant now) {
  settle(span_steps_);
  under_way_ = false;
  if (!chunks_.empty()) finish_chunks(now);
  finish_due(now);
  plan(now);
}

// Applies the next `steps` steps of the span: time, contexts, tokens, and the blocks of all steps begun.
void Replica::settle(std::int64_t steps) {
  const Int128 elapsed = span_.sum(steps) + start_fraction_;
  start_ = start_ + Duration{static_cast<std::int64_t>(elapsed >> kFractionBits)};
  start_fraction_ = static_cast<std::int64_t>(elapsed & ((Int128{1} << kFractionBits) - 1));
  const std::int64_t begun = std::min(steps + 1, span_steps_);
  if (decodes_) {
    if (begun > taken_steps_) kv_.take_anonymous({growth_between(step_ + taken_steps_, begun - taken_steps_)});
    const auto batch = static_cast<std::int64_t>(decoding_.size());
    step_ += steps;
    context_ += batch * steps;
    produced_ += batch * steps;
  }
  taken_steps_ = std::max(taken_steps_, begun) - steps;
  span_.first += span_.growth * steps;
  span_steps_ -= steps;
}

void Replica::finish_due(Instant now) {
  while (!decoding_.empty() && decoding_.front().finish_step == step_) {
    std::pop_heap(decoding_.begin(), decoding_.end());
    const RequestSlot slot = decoding_.back().request;
    decoding_.pop_back();
    RequestState& r = (*requests_)[slot];
    const std::int64_t context = context_of(r);
    leave_decoding(context);
    r.record.produced = r.asked.output;
    hold_blocks(r, blocks_for(context));
    --running_;
    release(r, now);
    owner_->request_finished(slot, now);
  }
}

void Replica::finish_chunks(Instant now) {
  for (const Chunk& c : chunks_) {
    RequestState& r = (*requests_)[c.request];
    const std::int64_t end = r.computed + c.tokens, prompt = r.asked.prompt.value;
    const std::int64_t fresh = std::max<std::int64_t>(0, std::min(end, prompt) - std::max(r.computed, r.high_water));
    r.record.prefilled += Tokens{fresh};
    r.record.recomputed += Tokens{c.tokens - fresh};
    r.computed = end;
    r.high_water = std::max(r.high_water, std::min(end, prompt));
    if (!r.asked.block_hashes.empty()) {
      kv_.publish(r.asked.block_hashes, r.asked.hash_block, Tokens{std::min(end, prompt)}, &r.holding);
    }
    if (r.computed < r.target()) continue;  // partial_, already noted.
    r.record.produced += Tokens{1};
    ++produced_;
    if (r.record.first_token == Instant::never()) r.record.first_token = now;
    if (r.record.produced < r.asked.output) {
      join_decoding(c.request, r);
      continue;
    }
    --running_;
    release(r, now);
    owner_->request_finished(c.request, now);
  }
  chunks_.clear();
}

void Replica::join_decoding(RequestSlot slot, RequestState& r) {
  r.finish_step = step_ + (r.asked.output - r.record.produced).value;
  decoding_.push_back({r.finish_step, r.admission, slot});
  std::push_heap(decoding_.begin(), decoding_.end());
  context_ += r.computed;
  ++growth_[phase_of(r.computed)];
}

void Replica::leave_decoding(std::int64_t context) {
  context_ -= context;
  --growth_[phase_of(context)];
}

// Decode steps take blocks for the whole batch without naming holders; this brings one request's count up to date.
void Replica::hold_blocks(RequestState& r, std::int64_t blocks) const {
  const auto groups = static_cast<std::int64_t>(r.holding.groups.size());
  r.holding.plain = {blocks - groups * (r.asked.hash_block.value / block_size_)};
}

void Replica::release(RequestState& r, Instant now) {
  kv_.release(&r.holding);
  r.computed = 0;
  observers_->tell(&Observer::on_kv, now, setup_.id, kv_.referenced(), kv_.total());
}

// Tokens in memory of a decoding request: all but the last one produced.
std::int64_t Replica::context_of(const RequestState& r) const {
  return (r.asked.prompt + r.asked.output).value - 1 - (r.finish_step - step_);
}

std::int64_t Replica::steps_done(Instant now) const {
  if (now < start_) return 0;
  const Int128 budget = (static_cast<Int128>((now - start_).ns + 1) << kFractionBits) - 1 - start_fraction_;
  return span_.steps_within(budget, span_steps_);
}

Instant Replica::span_end(std::int64_t steps) const {
  return start_ + Duration{static_cast<std::int64_t>((span_.sum(steps) + start_fraction_) >> kFractionBits)};
}

std::int64_t Replica::growth_between(std::int64_t first_step, std::int64_t steps) const {
  std::int64_t blocks = steps / block_size_ * static_cast<std::int64_t>(decoding_.size());
  for (std::int64_t i = 0; i < steps % block_size_; ++i)
    blocks += growth_[static_cast<std::size_t>((first_step + i) % block_size_)];
  return blocks;
}

// The step (modulo block_size) in which a request with `context` tokens in memory after step_ steps begins a new block.
std::size_t Replica::phase_of(std::int64_t context) const {
  return static_cast<std::size_t>((step_ + (block_size_ - context % block_size_) % block_size_) % block_size_);
}

std::int64_t Replica::steps_begun(Instant now) const {
  return under_way_ && decodes_ ? std::min(steps_done(now) + 1, span_steps_) : 0;
}

// What decode steps begun by now need beyond what is taken.
Blocks Replica::growth_due(Instant now) const {
  return {growth_between(step_ + taken_steps_, std::max<std::int64_t>(0, steps_begun(now) - taken_steps_))};
}

Blocks Replica::kv_used(Instant now) const { return kv_.referenced() + growth_due(now); }

void Replica::take_begun(Instant now) {
  kv_.take_anonymous(growth_due(now));
  taken_steps_ = std::max(taken_steps_, steps_begun(now));
}

std::int64_t Replica::tokens_produced(Instant now) const {
  if (!under_way_ || !decodes_) return produced_;
  return produced_ + static_cast<std::int64_t>(decoding_.size()) * steps_done(now);
}

// Admitted, but not decoding yet.
template <class Visit>
void Replica::each_prefilling(Visit visit) const {
  bool partial_seen = !has_partial_;
  for (const Chunk& c : chunks_) {
    visit((*requests_)[c.request]);
    partial_seen = partial_seen || c.request.index == partial_.index;
  }
  if (!partial_seen) visit((*requests_)[partial_]);
}

Tokens Replica::prefill_backlog() const {
  std::int64_t tokens = waiting_tokens_;
  each_prefilling([&](const RequestState& r) { tokens += r.target() - r.computed; });
  return {tokens};
}

Duration Replica::predicted_step(Tokens prompt, Instant now) const {
  Int128 context = context_ + waiting_tokens_ + prompt.value;
  if (under_way_ && decodes_) context += static_cast<std::int64_t>(decoding_.size()) * steps_done(now);
  each_prefilling([&](const RequestState& r) { context += r.target(); });
  const std::int64_t all = std::int64_t{running_} + waiting() + 1;
  const std::int64_t batch = std::min<std::int64_t>(all, setup_.limits->max_num_seqs);
  const Int128 longest = static_cast<Int128>(batch) * std::max<std::int64_t>(1, setup_.limits->max_model_len.value - 1);
  context = std::min({context * batch / all, longest, static_cast<Int128>(kv_.total().value) * block_size_});
  const IterationShape shape{.tokens = batch, .decode = batch, .decode_context = static_cast<std::int64_t>(context)};
  return duration_from_fixed(setup_.table != nullptr ? table_time(shape) : time().time(shape));
}

FixedTime Replica::table_time(const IterationShape& shape) const {
  const FixedTime alone = setup_.table->time(shape);
  return shared_ ? slowed(alone, setup_.shared_slowdown) : alone;
}

void Replica::share_gpus(bool shared, Instant now) {
  if (shared == shared_) return;
  CHECK(!shared || setup_.shared_time != nullptr);
  shared_ = shared;
  if (under_way_) cut_span(now);
}

void Replica::begin_period(Instant now) {
  const Duration under_way = phase_ == PowerPhase::kWaiting ? Duration{0} : now - phase_since_;
  const Duration busy = busy_ + under_way;
  const Duration whole = now - period_since_;
  if (whole > Duration{0}) busy_share_ = static_cast<double>(busy.ns) / static_cast<double>(whole.ns);
  busy_ = Duration{0} - under_way;  // close_phase() will count it.
  period_since_ = now;
}

void Replica::set_draining(bool draining, Instant now) { enter(phase_, draining, now); }

// Draining counts as one purpose, busy or not.
Purpose Replica::purpose() const {
  if (draining_) return Purpose::kDraining;
  return phase_ == PowerPhase::kWaiting ? Purpose::kIdleServing : Purpose::kServing;
}

void Replica::enter(PowerPhase phase, bool draining, Instant now) {
  if (phase == phase_ && draining == draining_) return;
  close_phase(now);
  const Purpose was = purpose();
  const bool moves = phase != phase_;
  phase_ = phase;
  draining_ = draining;
  if (purpose() != was) tell_stretch(was, now);
  if (moves) observers_->tell(&Observer::on_replica_phase, now, setup_.id, setup_.gpus, phase);
}

void Replica::close_phase(Instant now) {
  spent_[index_of(phase_)] += now - phase_since_;
  if (phase_ != PowerPhase::kWaiting) busy_ += now - phase_since_;
  phase_since_ = now;
}

void Replica::tell_stretch(Purpose purpose, Instant now) {
  observers_->gpu_time(now, setup_.group, purpose, setup_.gpus, purpose_since_, now, &spent_);
  spent_.fill(Duration{});
  purpose_since_ = now;
}

std::vector<RequestSlot> Replica::take_all(Instant now) {
  if (under_way_) settle(steps_done(now));
  std::vector<std::pair<std::uint64_t, RequestSlot>> running;
  for (const Decoding& d : decoding_) {
    RequestState& r = (*requests_)[d.request];
    const std::int64_t context = context_of(r);
    r.record.produced = r.asked.output - Tokens{r.finish_step - step_};
    hold_blocks(r, blocks_for(context + (under_way_ && decodes_ ? 1 : 0)));
    running.emplace_back(d.admission, d.request);
  }
  decoding_.clear();
  for (const Chunk& c : chunks_) running.emplace_back((*requests_)[c.request].admission, c.request);
  if (has_partial_ && chunks_.empty()) running.emplace_back((*requests_)[partial_].admission, partial_);
  std::sort(running.begin(), running.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<RequestSlot> out;
  for (const auto& [admission, slot] : running) {
    kv_.release(&(*requests_)[slot].holding);
    (*requests_)[slot].computed = 0;
    out.push_back(slot);
  }
  out.insert(out.end(), waiting_.begin(), waiting_.end());
  observers_->tell(&Observer::on_kv, now, setup_.id, kv_.referenced(), kv_.total());
  waiting_.clear();
  chunks_.clear();
  std::fill(growth_.begin(), growth_.end(), 0);
  waiting_tokens_ = context_ = 0;
  running_ = 0;
  under_way_ = has_partial_ = false;
  calendar_->cancel(slot_);
  enter(PowerPhase::kWaiting, draining_, now);
  return out;
}

void Replica::end(Instant now) {
  CHECK(empty());
  enter(PowerPhase::kWaiting, draining_, now);
  close_phase(now);
  tell_stretch(purpose(), now);
  observers_->tell(&Observer::on_replica_end, now, setup_.id, kv_.referenced());
  calendar_->remove_slot(slot_);
}

}  // namespace jevons
