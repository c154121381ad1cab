// What the admission policy is told of a pool, and the predictions it may ask for.
#include <algorithm>

#include "sim/run_error.h"
#include "sim/serving/pool.h"

namespace jevons {

AdmissionDecision Pool::ask_admission(const RequestState& r, const RequestStreamSetup& stream, Instant now) {
  if (setup_->admission == nullptr) return {};
  AdmissionView view{
      .now = now,
      .request = {r.record.id, r.asked.arrival, r.asked.prompt, r.asked.hash_block, r.asked.block_hashes},
      .tenant = stream.tenant,
      .priority = stream.priority,
      .paid = stream.paid,
      .held = at_front(),
      .replicas = static_cast<std::int32_t>(ready_.size()),
      .kv_use = mean_kv_use(now),
      .slo_ttft = setup_->slo.ttft,
      .slo_tpot = setup_->slo.tpot,
      .probe = this};
  for (const ReplicaView& v : ready_) {
    view.waiting += v.waiting;
    view.running += v.running;
  }
  probed_ = &r;
  const AdmissionDecision d = setup_->admission->decide(view);
  probed_ = nullptr;
  if (d.output_cap < Tokens{0}) {
    throw_contract_error(
        setup_->admission_name,
        "caps an output at " + std::to_string(d.output_cap.value) + " tokens (expected 1 or more, or 0)", now);
  }
  return d;
}

// What is at the front and goes first is taken to spread evenly over the replicas.
Duration Pool::predicted_ttft() const {
  CHECK(probed_ != nullptr);
  if (ready_.empty()) return Duration::max();
  const double before = static_cast<double>((held_.tokens_before(probed_->priority) + preparing_tokens_).value) /
                        static_cast<double>(ready_.size());
  double least = 9e9;  // Seconds: more than any run has.
  for (const ReplicaView& v : ready_) {
    const Replica& replica = *(*context_.replicas)[v.id.index];
    const Tokens ahead = replica.prefill_backlog() + probed_->asked.prompt;
    const double rate = instance_for(replica.setup().group)->plan.prefill_tokens_per_s;
    least = std::min(least, (before + static_cast<double>(ahead.value)) / rate);
  }
  return least < 8e9 ? setup_->request_overhead + duration_from_seconds(least) : Duration::max();
}

Duration Pool::predicted_tpot() const {
  CHECK(probed_ != nullptr);
  if (ready_.empty()) return Duration::max();
  const ReplicaView* first = &ready_.front();
  for (const ReplicaView& v : ready_) {
    if (v.waiting + v.running < first->waiting + first->running) first = &v;
  }
  return (*context_.replicas)[first->id.index]->predicted_step(probed_->asked.prompt, now_);
}

}  // namespace jevons
