// What one run produced: plain data, filled by Metrics, read by report and experiments.
#ifndef JEVONS_SIM_OBSERVE_RESULT_H_
#define JEVONS_SIM_OBSERVE_RESULT_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/histogram.h"
#include "base/units.h"
#include "sim/observe/observer.h"

namespace jevons {

// "Measured": arrived (jobs: submitted) in [RunResult::measure_from, measure_to), which is everything unless the
// scenario says otherwise.  All else covers the whole run.

struct ServingResult {  // Of one pool, or of all together (merged).
  std::string pool;
  std::uint64_t arrived = 0, completed = 0, rejected = 0, unfinished = 0;  // Measured.
  std::uint64_t never_started = 0;                                         // Of the unfinished: in no batch yet.
  std::uint64_t met_slo = 0;                                               // Completed within the SLO.
  std::uint64_t outside = 0;                                               // Arrived, but not measured.
  Tokens prompt, output;                                                   // Of completed, measured requests.
  std::uint64_t preemptions = 0;
  std::uint64_t degraded = 0;  // Admitted with a shorter output than asked.
  Tokens produced;             // Output tokens of all requests, unfinished ones and those outside included.
  Tokens prefilled, reused, recomputed;
  // Of measured requests.
  Histogram ttft, tpot, e2e;  // ns.  TTFT: all that got a first token; TPOT, E2E: completed (TPOT: output >= 2).
  Histogram queue_time;       // Arrival to first admission.
  MicroDollars earned;        // Tariff of the paid requests that met the SLO.
};

// Of some of the jobs that were not refused, measured or not.  Summed over tenants, or over priorities, each is the
// total of the run.
struct JobsResult {
  std::uint64_t jobs = 0;
  std::uint64_t preemptions = 0, failures = 0, resizes = 0;  // As in TrainingResult.
  GpuTime useful{};                                          // As in TrainingResult: not of guests.
  GpuTime in_system{};  // GPUs asked for x time from submit to end: what they would have had without a wait.
  GpuTime elapsed{};    // As in TrainingResult.
  GpuTime lost{};       // Steps and checkpoint writes undone, those on GPUs that others held too: over all owners (or
                        // priorities) what RunResult::lost() gives.  `lost_to_failures` is a part of it.
  GpuTime lost_to_failures{};
};

struct TenantResult {  // Of one owner's.
  std::string tenant;
  JobsResult jobs;
};

struct PriorityResult {  // Of one priority's.
  std::int32_t priority = 0;
  JobsResult jobs;
};

struct TrainingResult {
  std::uint64_t submitted = 0, completed = 0, rejected = 0, unfinished = 0;  // Measured.
  std::uint64_t never_started = 0;                                           // Of the unfinished.
  std::uint64_t refused = 0;                                                 // Of the rejected: by the queue.
  std::uint64_t outside = 0;                                                 // Submitted, but not measured.
  std::uint64_t preemptions = 0, checkpoints = 0;
  Histogram jct;                           // ns, completed measured jobs: finish - submit.
  Histogram queueing_delay;                // ns, started measured jobs: first start - submit.
  Histogram unfinished_age;                // ns, unfinished measured jobs: end of the run - submit; their JCT is more.
  Histogram unstarted_age;                 // ns, of those that never started.
  GpuTime useful;                          // Training time of kept steps (ledger's kTraining): not of guests.
  Instant last_finish;                     // Makespan: end of the last completed job.
  std::vector<TenantResult> tenants;       // By name.
  std::vector<PriorityResult> priorities;  // The lowest first.
  std::uint64_t resizes = 0;
  std::uint64_t failures = 0;  // Times a failure stopped a job; `preemptions` counts them too.
  GpuTime lost_to_failures;
  std::uint64_t deadlines = 0, deadlines_met = 0;  // Jobs that have one; completed by then.
  // Of all jobs from their first start to their end: the GPU-time they held, and while they waited again the GPUs they
  // asked for x time.  Time as a guest, or beside the holder of a GPU, is neither.  useful / elapsed is the effective
  // training time ratio (ETTR: Kokolis et al. 2024, "Revisiting Reliability", productive over available run time,
  // without the first wait); as `useful` is a part of what was held, it is in [0, 1] for jobs of any flexibility.
  GpuTime elapsed;
};

struct FaultResult {  // Of one cause.
  std::string cause;
  std::uint64_t count = 0;         // Failures, those that struck nothing included.
  std::uint64_t jobs_stopped = 0;  // Interruptions.
  GpuTime lost;                    // Training undone.
};

// Jobs on GPUs of serving nodes.  None of this time is part of a ledger: there it is the replicas'.
struct GuestResult {
  std::array<GpuTime, kPurposes> by_purpose{};
  GpuTime open;  // Of the seats offered.
  GpuTime work;  // What the steps they kept would have taken on GPUs of their own.
  std::uint64_t starts = 0, sent_away = 0;
};

// Jobs with a share of a GPU.  In a ledger, the GPU's time is what the job that holds it does.
struct ShareResult {
  std::array<GpuTime, kPurposes> by_purpose{};  // Of jobs beside a holder; part of no ledger.
  GpuTime held;                                 // Of the GPUs, whole.
  GpuTime used;                                 // Of the shares of all jobs on them.
  std::uint64_t opened = 0, joined = 0;         // Starts on a GPU of its own, and on one that another held.
};

struct Ledger {  // GPU-time by purpose and by power phase; per group and in total.
  std::array<GpuTime, kPurposes> by_purpose{};
  std::array<GpuTime, kPowerPhases> by_phase{};  // Adds up to the same total.
  GpuTime total() const {
    GpuTime t{};
    for (const GpuTime& p : by_purpose) t += p;
    return t;
  }
};

struct RunResult {
  bool complete = true;                                 // False: interrupted before the horizon.
  Instant end;                                          // Simulated time the figures cover, from 0.
  Instant measure_from, measure_to = Instant::never();  // never(): to the end.
  std::vector<ServingResult> pools;
  ServingResult serving;  // All pools together.
  TrainingResult training;
  GuestResult guests;
  ShareResult shares;
  std::vector<FaultResult> faults;  // By cause.
  std::vector<std::string> groups;
  std::vector<Ledger> ledger_by_group;
  Ledger ledger;
  MicroDollars gpu_cost;     // Sum over groups of GPU-time x price.
  MicroDollars energy_cost;  // 0 unless asked for.
  double energy_joules = 0;  // GPUs and their host share, without PUE; watts to the milliwatt.
  std::array<double, kPowerPhases> joules_by_phase{};
  double pue = 1;                // Of the scenario: the facility takes energy_joules x pue.
  std::uint64_t node_moves = 0;  // Nodes taken by or given back by pools, after the start.
  std::uint64_t flows = 0;
  Bytes flow_bytes;          // Delivered by flows.
  std::uint64_t events = 0;  // Calendar events handled; differs between engine modes, so it is not part of any report.
  std::string warnings;      // One per line; empty if none.

  // Steps and checkpoint writes undone, on GPUs that jobs had for themselves, as guests and beside a holder.
  GpuTime lost() const {
    constexpr auto kLost = static_cast<std::size_t>(Purpose::kLostWork);
    return ledger.by_purpose[kLost] + guests.by_purpose[kLost] + shares.by_purpose[kLost];
  }
  bool windowed() const { return measure_from > Instant{} || measure_to != Instant::never(); }
  // Length of the measured window, as far as the run went; not positive when it did not get there.
  Duration measured() const { return std::min(measure_to, end) - measure_from; }
};

}  // namespace jevons
#endif  // JEVONS_SIM_OBSERVE_RESULT_H_
