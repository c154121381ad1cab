// Requests through a pool: refused, held, routed, finished.
#include "sim/serving/pool.h"

#include <algorithm>
#include <iterator>

#include "sim/model/slowdown.h"
#include "sim/run_error.h"

namespace jevons {

Pool::Pool(PoolId id, const PoolSetup* setup, const PoolContext& context)
    : id_(id),
      setup_(setup),
      context_(context),
      ready_slot_(context.calendar->add_slot(EventKind::kRequestReady, id.index)),
      dispatch_slot_(context.calendar->add_slot(EventKind::kDispatch, id.index)) {
  CHECK(!setup->instances.empty());
  smallest_kv_ = setup->instances.front().plan.kv_blocks;
  for (const PoolInstance& i : setup->instances) {
    smallest_kv_ = std::min(smallest_kv_, i.plan.kv_blocks);
    if (takes_guests()) shared_time_.push_back(slowed(i.plan.time, setup->colocation.serving_slowdown));
  }
}

// A request must fit alone into the smallest replica, or it could never finish there.
bool Pool::fits(Tokens prompt, Tokens output) const {
  const std::int64_t tokens = prompt.value + output.value;
  const std::int64_t block = setup_->limits.block_size.value;
  return tokens <= setup_->limits.max_model_len.value && (tokens - 1 + block - 1) / block <= smallest_kv_.value &&
         (setup_->limits.enable_chunked_prefill || prompt <= setup_->limits.max_num_batched_tokens ||
          setup_->table != nullptr);
}

// What waits at the front and in queues of replicas that take requests.
std::int64_t Pool::queued() const {
  std::int64_t n = at_front();
  for (const ReplicaView& v : ready_) n += v.waiting;
  return n;
}

bool Pool::has_room(Tokens prompt, Tokens output) const {
  return fits(prompt, output) && (setup_->max_queue == 0 || queued() < setup_->max_queue);
}

// The observers are told of a degraded request as of one that asked for less.
void Pool::arrive(RequestSlot request, const RequestStreamSetup& stream, Instant now) {
  RequestState& r = (*context_.requests)[request];
  r.priority = stream.priority;
  r.record.pool = id_;
  r.record.paid = stream.paid;
  ++in_flight_;
  ++window_.arrived;
  window_.prompt_tokens += r.asked.prompt.value;
  const AdmissionDecision d = ask_admission(r, stream, now);
  const Tokens output = d.output_cap == Tokens{0} ? r.asked.output : std::min(d.output_cap, r.asked.output);
  const bool taken = d.admit && has_room(r.asked.prompt, output);
  if (taken) {
    r.record.cut = r.asked.output - output;
    r.record.output = r.asked.output = output;
  }
  context_.observers->tell(&Observer::on_request_arrival, now, r.record.id, id_, r.asked.prompt, r.asked.output);
  if (!taken) return refuse(request, now);
  if (setup_->request_overhead == Duration{0}) return hold_or_route(request, now);
  preparing_.emplace_back(now + setup_->request_overhead, request);
  preparing_tokens_ += r.asked.prompt;
  if (!context_.calendar->pending(ready_slot_)) context_.calendar->schedule(ready_slot_, preparing_.front().first);
}

void Pool::on_request_ready(Instant now) {
  while (!preparing_.empty() && preparing_.front().first <= now) {
    const RequestSlot request = preparing_.front().second;
    preparing_.pop_front();
    preparing_tokens_ -= (*context_.requests)[request].asked.prompt;
    hold_or_route(request, now);
  }
  if (!preparing_.empty()) context_.calendar->schedule(ready_slot_, preparing_.front().first);
}

// Nobody passes a held request of its own priority or above.
void Pool::hold_or_route(RequestSlot request, Instant now) {
  const RequestState& r = (*context_.requests)[request];
  if (!held_.next_would_be(r.priority) || !try_route(request, now)) held_.push_back(request, r.priority, {r.target()});
}

void Pool::on_dispatch(Instant now) {
  while (!held_.empty() && try_route(held_.front(), now)) held_.pop_front();
}

std::span<const ReplicaView> Pool::open_replicas() {
  if (setup_->max_waiting_per_replica == 0) return ready_;
  open_.clear();
  std::copy_if(ready_.begin(), ready_.end(), std::back_inserter(open_),
               [&](const ReplicaView& v) { return v.waiting < setup_->max_waiting_per_replica; });
  return open_;
}

bool Pool::try_route(RequestSlot request, Instant now) {
  const std::span<const ReplicaView> open = open_replicas();
  if (open.empty()) return false;
  const RequestState& r = (*context_.requests)[request];
  now_ = now;
  const RequestView view{r.record.id, r.asked.arrival, r.asked.prompt, r.asked.hash_block, r.asked.block_hashes};
  const std::optional<ReplicaId> answer = setup_->router->route(view, {now, open, this});
  if (!answer) return false;
  const auto lower = [](const ReplicaView& v, ReplicaId id) { return v.id < id; };
  const auto found = std::lower_bound(open.begin(), open.end(), *answer, lower);
  if (found == open.end() || found->id != *answer) {
    throw_contract_error(setup_->router_name, "answered a replica that is not ready", now);
  }
  const auto it = std::lower_bound(ready_.begin(), ready_.end(), *answer, lower);
  Replica* replica = (*context_.replicas)[answer->index];
  (*context_.requests)[request].record.replica = *answer;
  replica->enqueue(request, now);
  it->waiting = replica->waiting();
  it->running = replica->running();
  it->waiting_tokens = replica->waiting_tokens();
  return true;
}

void Pool::on_iteration_end(Replica* replica, Instant now) {
  replica->on_iteration_end(now);
  const auto it = std::lower_bound(ready_.begin(), ready_.end(), replica->setup().id,
                                   [](const ReplicaView& v, ReplicaId id) { return v.id < id; });
  if (it != ready_.end() && it->id == replica->setup().id) {
    const std::int32_t most = setup_->max_waiting_per_replica;
    if (it->waiting >= most && replica->waiting() < most) wake_dispatch(now);
    it->waiting = replica->waiting();
    it->running = replica->running();
    it->waiting_tokens = replica->waiting_tokens();
  } else if (replica->empty() && node_empty(replica->setup().node)) {
    drained_.push_back(replica->setup().node);
  }
}

void Pool::request_finished(RequestSlot request, Instant now) {
  ++window_.finished;
  const RequestRecord& record = (*context_.requests)[request].record;
  const Slo& slo = setup_->slo;
  const Duration e2e = now - record.arrival;
  const Duration after_first = now - record.first_token;
  const std::int64_t steps = record.output.value - 1;
  window_.ttft.add((record.first_token - record.arrival).ns);
  if (steps > 0) window_.tpot.add((2 * after_first.ns + steps) / (2 * steps));
  // As met_slo() has it: TPOT rounded half up to the nanosecond.
  const bool met =
      (slo.ttft.ns == 0 || record.first_token - record.arrival <= slo.ttft) && (slo.e2e.ns == 0 || e2e <= slo.e2e) &&
      (slo.tpot.ns == 0 || steps == 0 || Int128{2} * after_first.ns < (Int128{2} * slo.tpot.ns + 1) * steps);
  window_.met += met ? 1 : 0;
  if (met && record.paid) window_.earned += pico_dollars(setup_->tariff, record.prompt, record.output);
  end_request(request, FinishReason::kCompleted, now);
  wake_dispatch(now);
}

void Pool::refuse(RequestSlot request, Instant now) { end_request(request, FinishReason::kRejected, now); }

void Pool::end_request(RequestSlot request, FinishReason reason, Instant now) {
  RequestRecord& record = (*context_.requests)[request].record;
  record.reason = reason;
  record.finish = now;
  --in_flight_;
  context_.observers->tell(&Observer::on_request_end, now, record);
  context_.requests->remove(request);
}

void Pool::wake_dispatch(Instant now) {
  if (!held_.empty() && !context_.calendar->pending(dispatch_slot_)) context_.calendar->schedule(dispatch_slot_, now);
}

Blocks Pool::kv_used(ReplicaId id) const { return (*context_.replicas)[id.index]->kv_used(now_); }

Blocks Pool::kv_total(ReplicaId id) const { return (*context_.replicas)[id.index]->kv().total(); }

Tokens Pool::cached_prefix(ReplicaId id, const RequestView& request) const {
  Replica* replica = (*context_.replicas)[id.index];
  replica->take_begun(now_);
  return replica->kv().lookup(request.block_hashes, request.hash_block, request.prompt);
}

}  // namespace jevons
