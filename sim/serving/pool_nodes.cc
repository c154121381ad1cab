// A pool's nodes: replicas start, drain and end; what the allocator sees; the end of the run.
#include <algorithm>

#include "sim/serving/pool.h"

namespace jevons {

const PoolInstance* Pool::instance_for(GroupId group) const {
  for (const PoolInstance& i : setup_->instances) {
    if (i.group == group) return &i;
  }
  return nullptr;
}

const LinearIterationModel* Pool::shared_time_of(const PoolInstance& instance) const {
  return takes_guests() ? &shared_time_[static_cast<std::size_t>(&instance - setup_->instances.data())] : nullptr;
}

std::vector<Replica*> Pool::on_node(NodeId node) const {
  std::vector<Replica*> out;
  for (const auto& r : replicas_) {
    if (r->setup().node == node) out.push_back(r.get());
  }
  return out;
}

void Pool::add_node(NodeId node, Instant now) {
  const GroupId group = context_.cluster->nodes[node.index].group;
  const PoolInstance* instance = instance_for(group);
  CHECK(instance != nullptr);
  const std::int32_t count = context_.cluster->group_of(node).gpus_per_node.value / instance->gpus_per_replica.value;
  CHECK(count >= 1);
  for (std::int32_t i = 0; i < count; ++i) {
    const ReplicaId id{static_cast<std::uint32_t>(context_.replicas->size())};
    replicas_.push_back(std::make_unique<Replica>(ReplicaSetup{.id = id,
                                                               .node = node,
                                                               .group = group,
                                                               .gpus = instance->gpus_per_replica,
                                                               .kv_blocks = instance->plan.kv_blocks,
                                                               .prefix_caching = setup_->enable_prefix_caching,
                                                               .fast_forward = context_.fast_forward,
                                                               .time = &instance->plan.time,
                                                               .table = setup_->table.get(),
                                                               .shared_time = shared_time_of(*instance),
                                                               .shared_slowdown = setup_->colocation.serving_slowdown,
                                                               .limits = &setup_->limits,
                                                               .batcher = setup_->batcher.get(),
                                                               .batcher_name = setup_->batcher_name,
                                                               .bundle = setup_->bundle},
                                                  now, context_.calendar, context_.requests, context_.observers, this));
    context_.replicas->push_back(replicas_.back().get());
    ready_.push_back({.id = id, .node = node, .speed = instance->speed});
  }
  wake_dispatch(now);
}

void Pool::set_draining(NodeId node, bool draining, Instant now) {
  for (Replica* r : on_node(node)) {
    r->set_draining(draining, now);
    if (draining) {
      std::erase_if(ready_, [&](const ReplicaView& v) { return v.id == r->setup().id; });
    } else {
      const PoolInstance* instance = instance_for(r->setup().group);
      const ReplicaView view{.id = r->setup().id,
                             .node = node,
                             .waiting = r->waiting(),
                             .running = r->running(),
                             .waiting_tokens = r->waiting_tokens(),
                             .speed = instance->speed};
      ready_.insert(std::lower_bound(ready_.begin(), ready_.end(), view.id,
                                     [](const ReplicaView& v, ReplicaId id) { return v.id < id; }),
                    view);
    }
  }
  if (!draining) wake_dispatch(now);
}

Gpus Pool::guest_seats(NodeId node) const {
  Gpus seats{0};
  for (const Replica* r : on_node(node)) seats += r->setup().gpus;
  return seats;
}

// A replica slows down when anybody is on any of its GPUs.
void Pool::set_guests(NodeId node, std::span<const JobId> by_gpu, Instant now) {
  for (Replica* r : on_node(node)) {
    const auto own = by_gpu.first(static_cast<std::size_t>(r->setup().gpus.value));
    by_gpu = by_gpu.subspan(own.size());
    r->share_gpus(std::any_of(own.begin(), own.end(), [](JobId j) { return j.valid(); }), now);
  }
}

std::vector<double> Pool::guest_speeds(NodeId node) const {
  const Colocation& c = setup_->colocation;
  std::vector<double> by_gpu;
  for (const Replica* r : on_node(node)) {
    const double speed = c.guest_speed_idle + (c.guest_speed_busy - c.guest_speed_idle) * r->busy_share();
    by_gpu.insert(by_gpu.end(), static_cast<std::size_t>(r->setup().gpus.value), speed);
  }
  return by_gpu;
}

bool Pool::node_empty(NodeId node) const { return node_load(node) == 0; }

std::int64_t Pool::node_load(NodeId node) const {
  std::int64_t n = 0;
  for (const auto& r : replicas_) {
    if (r->setup().node == node) n += r->waiting() + r->running();
  }
  return n;
}

NodeId Pool::next_drained() {
  if (drained_.empty()) return NodeId{};
  const NodeId node = drained_.back();
  drained_.pop_back();
  return node;
}

void Pool::evict_node(NodeId node, Instant now) {
  std::vector<RequestSlot> all;
  for (Replica* r : on_node(node)) {
    const std::vector<RequestSlot> taken = r->take_all(now);
    all.insert(all.end(), taken.begin(), taken.end());
  }
  for (const RequestSlot s : all) {
    RequestRecord& record = (*context_.requests)[s].record;
    if (record.scheduled != Instant::never()) ++record.preemptions;
  }
  for (auto s = all.rbegin(); s != all.rend(); ++s) {
    const RequestState& r = (*context_.requests)[*s];
    held_.push_front(*s, r.priority, {r.target()});
  }
  wake_dispatch(now);
}

void Pool::remove_node(NodeId node, Instant now) {
  for (Replica* r : on_node(node)) {
    produced_ended_ += r->tokens_produced(now);
    r->end(now);
    (*context_.replicas)[r->setup().id.index] = nullptr;
  }
  std::erase_if(replicas_, [&](const auto& r) { return r->setup().node == node; });
  std::erase_if(ready_, [&](const ReplicaView& v) { return v.node == node; });
}

std::int64_t Pool::produced_until(Instant now) const {
  std::int64_t n = produced_ended_;
  for (const auto& r : replicas_) n += r->tokens_produced(now);
  return n;
}

void Pool::review(Instant now, Duration period, bool on_period, PoolView* view) {
  view->id = id_;
  view->name = setup_->name;
  view->initial_nodes = setup_->initial_nodes.value;
  view->min_nodes = setup_->min_nodes.value;
  view->max_nodes = setup_->max_nodes.value;
  view->slo_ttft = setup_->slo.ttft;
  view->slo_tpot = setup_->slo.tpot;
  view->held = at_front();
  for (const auto& r : replicas_) {
    view->waiting += r->waiting();
    view->running += r->running();
  }
  view->kv_use = mean_kv_use(now);
  queued_then_ = queued();
  until_look_ = 0;
  const std::int64_t produced = produced_until(now);
  view_window(produced, view);
  const Duration passed = now - window_.from;
  if (on_period || !had_period_) {
    if (passed > Duration{0}) {
      view->load_nodes =
          load_nodes(static_cast<double>(view->prompt.value), static_cast<double>(view->output.value), passed);
    }
  } else {
    const double rest = std::max(0.0, 1 - passed.seconds() / period.seconds());
    view->load_nodes =
        load_nodes(static_cast<double>(view->prompt.value) + rest * static_cast<double>(last_prompt_.value),
                   static_cast<double>(view->output.value) + rest * static_cast<double>(last_output_.value), period);
  }
  if (!on_period) return;
  for (const auto& r : replicas_) r->begin_period(now);
  had_period_ = passed > Duration{0};
  last_prompt_ = view->prompt;
  last_output_ = view->output;
  window_ = {};
  window_.from = now;
  window_.produced_before = produced;
}

bool Pool::slo_breaks() {
  const Slo& slo = setup_->slo;
  const bool promised = slo.ttft > Duration{0} || slo.tpot > Duration{0} || slo.e2e > Duration{0};
  if (!promised || window_.told_broken || window_.finished < kSloSample) return false;
  window_.told_broken = static_cast<double>(window_.met) < kSloShare * static_cast<double>(window_.finished);
  return window_.told_broken;
}

// A look visits every replica, so there is none before enough requests have come to make the difference.
bool Pool::queue_jumped() {
  if (--until_look_ > 0) return false;
  std::int64_t nodes = 0;  // Replicas of a node lie side by side.
  for (std::size_t i = 0; i < ready_.size(); ++i) nodes += i == 0 || ready_[i].node != ready_[i - 1].node ? 1 : 0;
  until_look_ = std::max(kQueuePerNode * nodes, 2 * queued_then_) + 1 - queued();
  return until_look_ <= 0;
}

// Of so many tokens in `time`.
double Pool::load_nodes(double prompt_tokens, double output_tokens, Duration time) const {
  const PoolInstance& instance = setup_->instances.front();
  const NodeGroup& group = context_.cluster->groups[instance.group.index];
  const double replicas = group.gpus_per_node.value / instance.gpus_per_replica.value;
  const double s = time.seconds();
  const double prefill = prompt_tokens / s / instance.plan.prefill_tokens_per_s;
  const double decode = output_tokens / s / instance.plan.decode_tokens_per_s;
  return (prefill + decode) / replicas;
}

double Pool::mean_kv_use(Instant now) {
  now_ = now;
  double use = 0;
  for (const ReplicaView& v : ready_) use += ratio(kv_used(v.id), kv_total(v.id));
  return ready_.empty() ? 0 : use / static_cast<double>(ready_.size());
}

// What happened since the last review on the period.
void Pool::view_window(std::int64_t produced, PoolView* view) const {
  const NodeGroup& group = context_.cluster->groups[setup_->instances.front().group.index];
  view->usd_per_node_hour = group.price_usd_per_gpu_hour * group.gpus_per_node.value;
  view->slo_met =
      window_.finished == 0 ? 1.0 : static_cast<double>(window_.met) / static_cast<double>(window_.finished);
  view->finished = window_.finished;
  view->arrived = window_.arrived;
  view->ttft_p95 = {window_.ttft.quantile(0.95)};
  view->tpot_p95 = {window_.tpot.quantile(0.95)};
  view->prompt = {window_.prompt_tokens};
  view->output = {produced - window_.produced_before};
  view->earned_usd = static_cast<double>(window_.earned) * static_cast<double>(setup_->bundle) / 1e12;
}

void Pool::end(Instant now) {
  for (const auto& r : replicas_) {
    for (const RequestSlot s : r->take_all(now)) end_request(s, FinishReason::kUnfinished, now);
    r->end(now);
    (*context_.replicas)[r->setup().id.index] = nullptr;
  }
  for (; !held_.empty(); held_.pop_front()) end_request(held_.front(), FinishReason::kUnfinished, now);
  for (const auto& [ready, s] : preparing_) end_request(s, FinishReason::kUnfinished, now);
  preparing_.clear();
  replicas_.clear();
  ready_.clear();
}

}  // namespace jevons
