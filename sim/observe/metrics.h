// Turns the events of a run into its RunResult.
#ifndef JEVONS_SIM_OBSERVE_METRICS_H_
#define JEVONS_SIM_OBSERVE_METRICS_H_

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/observe/observer.h"
#include "sim/observe/result.h"
#include "sim/observe/tariff.h"

namespace jevons {

struct MetricsSetup {
  struct Group {
    std::string name;
    Gpus gpus;  // All nodes together.
    double price_usd_per_gpu_hour = 0;
    PowerDraw power;
  };
  struct Pool {
    std::string name;
    Duration slo_ttft{}, slo_tpot{}, slo_e2e{};  // 0 = no limit.
    Tariff tariff{};
  };
  std::vector<Group> groups;
  std::vector<Pool> pools;
  std::vector<std::string> fault_causes;
  double energy_usd_per_kwh = 0;
  double pue = 1.0;
  Instant measure_from, measure_to = Instant::never();  // Requests and jobs that come outside are not measured.
};

// True when a completed request met every limit of its pool's SLO.
bool met_slo(const RequestRecord& r, const MetricsSetup::Pool& pool);

// Where one request of a pool stood for `bundle[pool]` alike ones: the result in requests and tokens.
RunResult unbundled(RunResult result, std::span<const std::int64_t> bundle);

class Metrics final : public Observer {
 public:
  explicit Metrics(MetricsSetup setup);
  void on_request_arrival(Instant, RequestId, PoolId, Tokens prompt, Tokens output) override;
  void on_request_end(Instant, const RequestRecord&) override;
  void on_job_arrival(Instant, JobId, Gpus) override;
  void on_job_start(Instant, const GangStart&) override;
  void on_job_resize(Instant, const GangStart&) override;
  void on_job_stop(Instant, JobId, bool preempted) override;
  void on_job_end(Instant, const JobRecord&) override;
  void on_fault(Instant, std::uint32_t cause, std::int32_t jobs, GpuTime lost) override;
  void on_node_taken(Instant, NodeId, PoolId) override;
  void on_node_given_back(Instant, NodeId, PoolId) override;
  void on_gpu_time(Instant, const GpuStretch&) override;
  void on_guest_seats(Instant, NodeId, Gpus) override;
  void on_guest_start(Instant, const GangStart&) override;
  void on_guest_stop(Instant, JobId, bool preempted) override;
  void on_guest_time(Instant, const GpuStretch&) override;
  void on_share_start(Instant, const ShareStart&) override;
  void on_share_stop(Instant, JobId, bool preempted) override;
  void on_share_time(Instant, const GpuStretch&) override;
  void on_flow_end(Instant, std::uint64_t, Bytes, bool) override;
  void on_run_end(Instant) override;

  // After on_run_end: everything but `complete`, `events` and `warnings`, which the caller sets.
  const RunResult& result() const { return result_; }

 private:
  bool measured(Instant arrival) const { return arrival >= setup_.measure_from && arrival < setup_.measure_to; }
  // From `at` on, `gpus` of the job's count as elapsed.
  void count_job(Instant at, JobId id, Gpus gpus);
  void add_energy();

  // Of a job that has not ended: TrainingResult::elapsed so far.
  struct JobTime {
    Gpus asked, counted;
    Instant since;
    GpuTime elapsed;
  };

  MetricsSetup setup_;
  RunResult result_;
  std::unordered_map<std::uint32_t, JobTime> job_times_;  // Looked up, never walked.
  std::map<NodeId, std::pair<Gpus, Instant>> open_;       // Seats for guests, and since when.
  std::vector<Int128> earned_;                            // Pico-dollars by pool.
  std::map<std::string, JobsResult, std::less<>> tenants_;
  std::map<std::int32_t, JobsResult> priorities_;
  Int128 share_milli_ns_ = 0;  // Of all jobs' shares.
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_METRICS_H_
