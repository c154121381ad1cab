// Planning an iteration of a replica: making room, asking the batcher, checking and launching its answer.
#include <algorithm>

#include "sim/run_error.h"
#include "sim/serving/replica.h"

namespace jevons {

void Replica::plan(Instant now) {
  CHECK(!under_way_);
  if (empty()) return rest(now);
  make_room_for_step(now);
  fill_view(now);
  plan_.clear();
  setup_.batcher->plan(view_, &plan_);
  chunks_.clear();
  decodes_ = plan_.decode && !decoding_.empty();
  const std::size_t admits = plan_.admit.size();
  acquire_prefixes(admits, now);
  if (decodes_) take_for_step(now);
  if (plan_.continue_prefill.value != 0) continue_partial(now);
  for (std::size_t i = 0; i < admits; ++i) admit(plan_.admit[i].value, i + 1 == admits, now);
  if (!chunks_.empty()) return begin_mixed(now);
  if (decodes_) return begin_decode(now);
  rest(now);
}

// Preempts until the next step of the whole batch fits, as vLLM does: the latest admitted first.
void Replica::make_room_for_step(Instant now) {
  while (growth_[static_cast<std::size_t>(step_ % block_size_)] > kv_.free().value) {
    CHECK(running_ > 1);  // One request alone always fits: the pool refused it otherwise.
    preempt_latest(now);
  }
}

void Replica::preempt_latest(Instant now) {
  RequestSlot victim = partial_;
  if (has_partial_) {
    has_partial_ = false;
  } else {
    const auto latest = std::max_element(decoding_.begin(), decoding_.end(), [](const Decoding& a, const Decoding& b) {
      return a.admission < b.admission;
    });
    victim = latest->request;
    RequestState& r = (*requests_)[victim];
    const std::int64_t context = context_of(r);
    r.record.produced = {r.asked.output.value - (r.finish_step - step_)};
    hold_blocks(r, blocks_for(context));
    leave_decoding(context);
    *latest = decoding_.back();
    decoding_.pop_back();
    std::make_heap(decoding_.begin(), decoding_.end());
  }
  RequestState& r = (*requests_)[victim];
  ++r.record.preemptions;
  --running_;
  release(r, now);
  waiting_.push_front(victim);
  waiting_tokens_ += r.target();
}

PrefillView Replica::prefill_view(const RequestState& r) const {
  const std::int64_t cached = kv_.lookup(r.asked.block_hashes, r.asked.hash_block, r.asked.prompt).value;
  const std::int64_t from_queue =
      cached == 0 ? 0 : kv_.lookup_free(r.asked.block_hashes, r.asked.hash_block, r.asked.prompt).value;
  return {.remaining = {r.target() - cached},
          .computed = {cached},
          .new_blocks = {blocks_for(r.target()) - cached / block_size_ + from_queue},
          .output_cap = {setup_.limits->max_model_len.value - r.asked.prompt.value}};
}

void Replica::fill_view(Instant now) {
  const BatchLimits& limits = *setup_.limits;
  view_.now = now;
  view_.limits = &limits;
  view_.decoding = static_cast<std::int32_t>(decoding_.size());
  view_.decode_need = {growth_[static_cast<std::size_t>(step_ % block_size_)]};
  view_.free = kv_.free() - view_.decode_need;
  view_.total = kv_.total();
  view_.waiting_total = waiting();
  view_.partial = nullptr;
  if (has_partial_) {
    const RequestState& r = (*requests_)[partial_];
    partial_view_ = {.remaining = {r.target() - r.computed},
                     .computed = {r.computed},
                     .new_blocks = {blocks_for(r.target()) - blocks_for(r.computed)},
                     .output_cap = {limits.max_model_len.value - r.asked.prompt.value}};
    view_.partial = &partial_view_;
  }
  waiting_view_.clear();
  std::int64_t tokens = limits.max_num_batched_tokens.value, blocks = kv_.free().value;
  std::int32_t seqs = limits.max_num_seqs - running_;
  const bool room_for_more = seqs > 0;
  counts_on_cached_ = false;
  for (const RequestSlot slot : waiting_) {
    const RequestState& r = (*requests_)[slot];
    waiting_view_.push_back(prefill_view(r));
    const PrefillView& v = waiting_view_.back();
    const std::int64_t own = blocks_for(r.target()) - v.computed.value / block_size_;
    counts_on_cached_ = counts_on_cached_ || (room_for_more && v.new_blocks.value > own);
    tokens -= waiting_view_.back().remaining.value;
    blocks -= waiting_view_.back().new_blocks.value;
    if (tokens <= 0 || blocks <= 0 || --seqs <= 0) break;
  }
  view_.waiting = waiting_view_;
}

void Replica::continue_partial(Instant now) {
  if (!has_partial_) contract_error("continues a prefill, but no prompt is partly prefilled", now);
  add_chunk(partial_, plan_.continue_prefill.value, now);
}

// Before any block is taken: taking evicts what is cached, and the batcher counted on it.
void Replica::acquire_prefixes(std::size_t admits, Instant now) {
  if (admits > waiting_.size()) contract_error("admits more requests than wait", now);
  for (std::size_t i = 0; i < admits; ++i) {
    RequestState& r = (*requests_)[waiting_[i]];
    const Request& asked = r.asked;
    r.computed = kv_.acquire_prefix(asked.block_hashes, asked.hash_block, asked.prompt, &r.holding).value;
  }
}

void Replica::take_for_step(Instant now) {
  if (view_.decode_need > kv_.free()) contract_error("admits prompts into the KV blocks of the next decode step", now);
  kv_.take_anonymous(view_.decode_need);
}

void Replica::admit(std::int64_t tokens, bool last, Instant now) {
  if (running_ >= setup_.limits->max_num_seqs) contract_error("admits more than max_num_seqs requests", now);
  if (has_partial_ && chunks_.empty())
    contract_error("admits a request while another prompt waits for its next chunk", now);
  const RequestSlot slot = waiting_.front();
  waiting_.pop_front();
  RequestState& r = (*requests_)[slot];
  waiting_tokens_ -= r.target();
  ++running_;
  r.admission = next_admission_++;
  if (r.computed >
      r.high_water) {  // Reused rather than computed; after a preemption only what was never computed counts.
    r.record.reused += Tokens{r.computed - r.high_water};
    r.high_water = r.computed;
  }
  if (r.record.scheduled == Instant::never()) r.record.scheduled = now;
  if (!last && r.computed + tokens < r.target())
    contract_error("admits a part of a prompt before another request", now);
  add_chunk(slot, tokens, now);
}

void Replica::add_chunk(RequestSlot slot, std::int64_t tokens, Instant now) {
  RequestState& r = (*requests_)[slot];
  if (tokens < 1 || tokens > r.target() - r.computed) {
    contract_error("prefills " + std::to_string(tokens) + " tokens (expected 1 to " +
                       std::to_string(r.target() - r.computed) + ")",
                   now);
  }
  const std::int64_t blocks = blocks_for(r.computed + tokens) - blocks_for(r.computed);
  if (!kv_.take({blocks}, &r.holding)) {
    contract_error("prefills into " + std::to_string(blocks) + " KV blocks where " + std::to_string(kv_.free().value) +
                       " are free",
                   now);
  }
  chunks_.push_back({slot, tokens});
}

// One iteration with prefill chunks; the decoding requests take part if the plan says so.
void Replica::begin_mixed(Instant now) {
  IterationShape shape;
  if (decodes_) {
    shape.decode = static_cast<std::int64_t>(decoding_.size());
    shape.decode_context = context_;
    shape.tokens = shape.decode;
  }
  has_partial_ = false;
  for (const Chunk& c : chunks_) {
    const RequestState& r = (*requests_)[c.request];
    shape.tokens += c.tokens;
    shape.chunk_work2 += c.tokens * (2 * r.computed + c.tokens);
    shape.chunk_kv += r.computed + c.tokens;
    shape.prompt_squares += c.tokens * c.tokens;
    ++shape.chunks;
    if (r.computed + c.tokens < r.target()) {
      if (has_partial_) contract_error("leaves two prompts partly prefilled", now);
      partial_ = c.request;
      has_partial_ = true;
    }
  }
  span_ = {.first = setup_.table != nullptr ? table_time(shape) : time().time(shape), .growth = 0};
  span_steps_ = taken_steps_ = 1;
  observers_->tell(&Observer::on_kv, now, setup_.id, kv_.referenced(), kv_.total());
  launch(decodes_ ? PowerPhase::kMixed : PowerPhase::kPrefill, now);
}

// Decode steps until a request finishes or memory may run out.
void Replica::begin_decode(Instant now) {
  const auto batch = static_cast<std::int64_t>(decoding_.size());
  if (setup_.table != nullptr) {
    const IterationShape shape{.tokens = batch, .decode = batch, .decode_context = context_};
    span_ = {.first = table_time(shape), .growth = 0};
    span_steps_ = 1;
  } else {
    span_ = {
        .first = time().step(batch, context_), .growth = time().step_growth(batch), .floor = time().step_floor(batch)};
    span_steps_ = setup_.fast_forward ? longest_span() : 1;
  }
  taken_steps_ = 1;
  launch(decode_phase(batch * setup_.bundle), now);
}

// The first step's blocks are taken already; later steps must find theirs free.
std::int64_t Replica::longest_span() const {
  std::int64_t until_finish = decoding_.front().finish_step - step_;
  if (counts_on_cached_) until_finish = std::min(until_finish, steps_without_growth());
  std::int64_t free = kv_.free().value;
  const auto batch = static_cast<std::int64_t>(decoding_.size());
  if (free >= batch * (until_finish / block_size_ + 1)) return until_finish;
  const std::int64_t cycles = free / batch;
  std::int64_t steps = 1 + cycles * block_size_;
  free -= cycles * batch;
  while (steps < until_finish) {
    free -= growth_[static_cast<std::size_t>((step_ + steps) % block_size_)];
    if (free < 0) break;
    ++steps;
  }
  return std::min(steps, until_finish);
}

// Steps from this one on that leave the view as it is: the plan was made before this one's own blocks were taken.
std::int64_t Replica::steps_without_growth() const {
  if (view_.decode_need > Blocks{0}) return 1;
  std::int64_t steps = 1;
  while (steps < block_size_ && growth_[static_cast<std::size_t>((step_ + steps) % block_size_)] == 0) ++steps;
  return steps;
}

void Replica::launch(PowerPhase phase, Instant now) {
  if (phase_ == PowerPhase::kWaiting) {
    start_ = now;
    start_fraction_ = std::int64_t{1} << (kFractionBits - 1);
  }
  enter(phase, draining_, now);
  span_.first = std::max<FixedTime>(span_.first, 1);  // The clock must move, whatever a table says.
  under_way_ = true;
  cut_ = span_steps_ == 1;
  calendar_->schedule(slot_, span_end(span_steps_));
}

void Replica::rest(Instant now) {
  chunks_.clear();
  calendar_->cancel(slot_);
  enter(PowerPhase::kWaiting, draining_, now);
}

void Replica::contract_error(const std::string& what, Instant now) const {
  throw_contract_error(std::string(setup_.batcher_name), what, now);
}

}  // namespace jevons
