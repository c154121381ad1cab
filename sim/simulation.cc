// Puts one run together and dispatches its events.
#include "sim/simulation.h"

#include "sim/engine/clock.h"
#include "sim/observe/auditor.h"
#include "sim/observe/metrics.h"
#include "sim/reallocation.h"
#include "sim/run_error.h"

namespace jevons {
namespace {

// Reviews in a row that changed nothing, with nothing else happening, after which work that waits is given up (only
// when the run has no horizon).
constexpr std::int64_t kIdleReviews = 10'000;
constexpr std::uint64_t kProgressEvery = 1 << 15;  // Events.
constexpr std::uint64_t kStopCheckEvery = 1 << 8;

MetricsSetup metrics_setup(const Inputs& in) {
  MetricsSetup m;
  for (const NodeGroup& g : in.cluster.groups) {
    m.groups.push_back({g.name, {g.nodes.value * g.gpus_per_node.value}, g.price_usd_per_gpu_hour, g.power});
  }
  for (const FaultCause& c : in.faults.causes) m.fault_causes.push_back(c.name);
  for (const PoolSetup& p : in.pools) m.pools.push_back({p.name, p.slo.ttft, p.slo.tpot, p.slo.e2e, p.tariff});
  m.energy_usd_per_kwh = in.energy_usd_per_kwh;
  m.pue = in.pue;
  m.measure_from = in.measure_from;
  m.measure_to = in.measure_to;
  return m;
}

std::vector<AuditedPool> audited_pools(const Inputs& in) {
  std::vector<AuditedPool> pools;
  for (const PoolSetup& p : in.pools) pools.push_back({p.slo.ttft, p.slo.tpot, p.slo.e2e, p.tariff});
  return pools;
}

std::vector<std::int64_t> bundles(const Inputs& in) {
  std::vector<std::int64_t> by_pool;
  for (const PoolSetup& p : in.pools) by_pool.push_back(p.bundle);
  return by_pool;
}

AuditScope audit_scope(const Inputs& in) { return {in.measure_from, in.measure_to, audited_pools(in), bundles(in)}; }

// Tells training of samples that have ended.  Those cut off by the end of the run have not.
class SampleCounter final : public Observer {
 public:
  SampleCounter(const Inputs& in, TrainingRuntime* training) : training_(training), of_stream_(in.requests.size(), -1) {
    for (std::size_t i = 0; i < in.training.rollouts.size(); ++i) {
      of_stream_[in.training.rollouts[i].stream] = static_cast<std::int32_t>(i);
    }
  }
  void on_request_end(Instant now, const RequestRecord& r) override {
    if (r.reason == FinishReason::kUnfinished || of_stream_[r.workload] < 0) return;
    training_->sample_ended(static_cast<std::size_t>(of_stream_[r.workload]), now);
  }

 private:
  TrainingRuntime* training_;
  std::vector<std::int32_t> of_stream_;
};

std::vector<bool> training_may_use(const Inputs& in) {
  std::vector<bool> may(in.cluster.groups.size(), false);
  for (std::size_t g = 0; g < may.size() && g < in.training.speed_by_group.size(); ++g) {
    may[g] = in.training.speed_by_group[g] > 0;
  }
  return may;
}

class Simulation final : public EventHandler {
 public:
  explicit Simulation(Inputs inputs)
      : in_(std::move(inputs)),
        metrics_(metrics_setup(in_)),
        auditor_(in_.engine.audit ? std::make_unique<Auditor>(in_.cluster, audit_scope(in_)) : nullptr),
        flows_(in_.cluster, &calendar_, &observers_),
        gpus_(in_.cluster, training_may_use(in_), &observers_),
        seats_(in_.cluster, &observers_),
        training_(&in_.training, &in_.cluster, &gpus_, &seats_, &flows_, &calendar_, &observers_),
        samples_(in_, &training_),
        faults_(&in_.faults, &in_.cluster, &calendar_),
        reallocation_(&in_, &pools_, &training_, &gpus_, &seats_, &flows_, &calendar_, &observers_),
        end_slot_(calendar_.add_slot(EventKind::kEnd, 0)) {
    observers_.add(&metrics_);
    if (auditor_ != nullptr) observers_.add(auditor_.get());
    if (!in_.training.rollouts.empty()) observers_.add(&samples_);
    for (Observer* o : in_.observers) observers_.add(o);
    training_.on_samples_asked([this](std::uint32_t stream) {
      if (!streams_[stream].more) pull(stream);
    });
    const PoolContext context{&in_.cluster, &calendar_, &requests_, &observers_, &replicas_, in_.engine.fast_forward};
    for (std::uint32_t i = 0; i < in_.pools.size(); ++i) {
      pools_.push_back(std::make_unique<Pool>(PoolId{i}, &in_.pools[i], context));
    }
    for (std::uint32_t i = 0; i < in_.requests.size(); ++i) {
      streams_.push_back({{}, calendar_.add_slot(EventKind::kRequestArrival, i)});
    }
  }

  Result<RunResult> run() {
    try {
      if (Status s = reallocation_.begin(Instant{0}); !s) return s.error();
      for (std::uint32_t i = 0; i < streams_.size(); ++i) pull(i);
      training_.begin(in_.horizon);
      faults_.begin(Instant{0});
      if (in_.horizon != Instant::never()) calendar_.schedule(end_slot_, in_.horizon);
      run_clock(&calendar_, this, in_.engine.look_ahead);
      if (!ended_) finish(calendar_.now());
    } catch (const RunError& e) {
      return e.error;
    }
    RunResult result = metrics_.result();
    result.complete = complete_;
    result.events = events_;
    result.warnings = warnings_;
    if (auditor_ != nullptr) {
      if (Status s = auditor_->verdict(result); !s) return s.error();
    }
    return unbundled(std::move(result), bundles(in_));
  }

  void on_round() override { flows_.on_round(); }

  void handle(const Event& e) override {
    if (e.time == Instant::never()) {  // Where the ends of jobs lie that the clock cannot reach.
      throw RunError{
          Error{"work goes on beyond the end of the clock, 292 years (expected shorter jobs, or a horizon)", ""}};
    }
    switch (e.kind) {
      case EventKind::kIteration:
        on_iteration(e);
        break;
      case EventKind::kRequestArrival:
        on_request_arrival(e);
        break;
      case EventKind::kRequestReady:
        pools_[e.payload]->on_request_ready(e.time);
        break;
      case EventKind::kDispatch:
        pools_[e.payload]->on_dispatch(e.time);
        break;
      case EventKind::kFlowDone:
        flows_.on_flow_done(e.time);
        break;
      case EventKind::kJobPhase:
        on_job_phase(e);
        break;
      case EventKind::kNodePhase:
        reallocation_.on_node_phase(NodeId{e.payload}, e.time);
        break;
      case EventKind::kFault:
        reallocation_.on_fault(faults_.on_fault(e.payload, e.time), e.time);
        break;
      case EventKind::kJobArrival:
        training_.on_arrival(e.time);
        reallocation_.happened({.job_arrived = true}, e.time);
        break;
      case EventKind::kReview:
      case EventKind::kEventReview:
        on_review(e);
        break;
      case EventKind::kSchedule:
        training_.on_schedule(e.time);
        break;
      case EventKind::kTouch:
        flows_.on_touch(e.time);
        break;
      case EventKind::kEnd:
        finish(e.time);
        return;
    }
    if (!quiet(e.kind)) quiet_reviews_ = 0;
    ++events_;
    if (events_ % kStopCheckEvery == 0) housekeeping(e.time);
    if (in_.horizon == Instant::never() && !work_left()) calendar_.schedule(end_slot_, e.time);
  }

 private:
  // Events that come of themselves for ever.
  bool quiet(EventKind kind) const {
    return kind == EventKind::kReview || kind == EventKind::kEventReview || kind == EventKind::kFault ||
           (kind == EventKind::kSchedule && !training_.changed_something());
  }

  struct Stream {
    Request next;
    Slot slot;
    bool more = false;
  };

  // Reads the stream's next request and schedules its arrival.
  void pull(std::uint32_t i) {
    Stream& s = streams_[i];
    const Instant previous = s.next.arrival;
    Result<bool> got = in_.requests[i].source->next(&s.next);
    if (!got) throw RunError{got.error()};
    const bool had = s.more;
    s.more = *got && s.next.arrival < in_.horizon;
    if (s.more != had) active_streams_ += s.more ? 1 : -1;
    if (!s.more) return;
    if (s.next.arrival < calendar_.now() || s.next.prompt < Tokens{1} || s.next.output < Tokens{1}) {
      throw RunError{Error{"request after " + text_of(previous.seconds()) +
                               " s is out of order or empty (expected arrivals that never decrease, 1 token or more)",
                           "request stream '" + in_.requests[i].name + "'"}};
    }
    calendar_.schedule(s.slot, s.next.arrival);
  }

  void on_request_arrival(const Event& e) {
    Stream& stream = streams_[e.payload];
    const RequestSlot slot = requests_.add();
    RequestState& r = requests_[slot];
    std::swap(r.asked, stream.next);
    r.record.id = {arrived_++};
    r.record.workload = e.payload;
    r.record.prompt = r.asked.prompt;
    r.record.output = r.asked.output;
    r.record.arrival = e.time;
    r.record.scheduled = r.record.first_token = Instant::never();
    stream.next.arrival = e.time;
    Pool& pool = *pools_[in_.requests[e.payload].pool.index];
    pool.arrive(slot, in_.requests[e.payload], e.time);
    reallocation_.watch_queue(&pool, e.time);
    pull(e.payload);
  }

  void on_iteration(const Event& e) {
    Replica* replica = replicas_[e.payload];
    Pool* pool = pools_[gpus_.pool_of(replica->setup().node).index].get();
    pool->on_iteration_end(replica, e.time);
    reallocation_.watch_slo(pool, e.time);
    reallocation_.collect_drained(pool, e.time);
  }

  void on_job_phase(const Event& e) {
    const std::uint64_t before = training_.ended();
    training_.on_job_phase(JobId{e.payload}, e.time);
    if (training_.ended() != before) reallocation_.happened({.job_ended = true}, e.time);
  }

  void on_review(const Event& e) {
    const Instant now = e.time;
    if (e.kind == EventKind::kReview) {
      reallocation_.on_review(now);
    } else {
      reallocation_.on_event_review(now);
    }
    quiet_reviews_ = reallocation_.changed_something() ? 0 : quiet_reviews_ + 1;
    const bool stands = quiet_reviews_ > kIdleReviews && !reallocation_.moving() && !training_.any_working();
    if (in_.horizon == Instant::never() && stands) {
      warnings_ += "gave up waiting work that no policy decision will ever start\n";
      calendar_.schedule(end_slot_, now);
    }
  }

  std::uint64_t requests_in_flight() const {
    std::uint64_t n = 0;
    for (const auto& p : pools_) n += p->in_flight();
    return n;
  }

  bool work_left() const {
    return active_streams_ > 0 || !training_.all_arrived() || training_.unfinished() > 0 || requests_in_flight() > 0;
  }

  void housekeeping(Instant now) {
    if (in_.stop != nullptr && in_.stop->load(std::memory_order_relaxed)) {
      complete_ = false;
      calendar_.schedule(end_slot_, now);
    }
    if (in_.on_progress && events_ % kProgressEvery == 0) {
      in_.on_progress({now, in_.horizon, events_, arrived_ - requests_in_flight(), training_.ended()});
    }
  }

  void finish(Instant now) {
    ended_ = true;
    training_.end(now);
    for (const auto& p : pools_) p->end(now);
    reallocation_.end(now);
    flows_.end(now);
    gpus_.end(now);
    observers_.tell(&Observer::on_run_end, now);
    calendar_.clear();
  }

  Inputs in_;
  Calendar calendar_;
  Observers observers_;
  Metrics metrics_;
  std::unique_ptr<Auditor> auditor_;
  RequestTable requests_;
  std::vector<Replica*> replicas_;
  std::vector<std::unique_ptr<Pool>> pools_;
  Flows flows_;
  GpuPool gpus_;
  GuestSeats seats_;
  TrainingRuntime training_;
  SampleCounter samples_;
  Faults faults_;
  Reallocation reallocation_;
  Slot end_slot_;
  std::vector<Stream> streams_;
  std::int64_t active_streams_ = 0;
  std::uint64_t arrived_ = 0;
  std::uint64_t events_ = 0;
  std::int64_t quiet_reviews_ = 0;
  bool complete_ = true;
  bool ended_ = false;
  std::string warnings_;
};

}  // namespace

Result<RunResult> simulate(Inputs inputs) { return Simulation(std::move(inputs)).run(); }

}  // namespace jevons
