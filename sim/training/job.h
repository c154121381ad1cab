// A training job inside the machine.
//
// Life: (held back by jobs it depends on ->) waiting (-> promised) -> (restoring -> reading its checkpoint, after a
// stop) -> stepping <-> saving -> ended, and back to waiting when it is stopped.  Steps since the last checkpoint are
// lost then. An elastic job whose GPUs change hands its steps over, and resizes for a while.  `saved` is run time on
// the GPUs it asked for, of the reference type; wall time is that divided by its speed.
#ifndef JEVONS_SIM_TRAINING_JOB_H_
#define JEVONS_SIM_TRAINING_JOB_H_

#include <cstdint>
#include <vector>

#include "policies/api/placement.h"
#include "sim/cluster/shared_gpus.h"
#include "sim/engine/calendar.h"
#include "sim/observe/observer.h"
#include "traces/trace.h"

namespace jevons {

enum class JobPhase : std::uint8_t {
  kHeldBack,  // Jobs it depends on have not completed.
  kWaiting,
  kPromised,   // Chosen to start when jobs on notice have gone.
  kRestoring,  // Restart overhead.
  kReading,    // Checkpoint from storage.
  kResizing,   // Resize overhead.
  kStepping,
  kSaving,    // Checkpoint to storage, and nothing else meanwhile.
  kSampling,  // Its next cycle's samples have not all come (sim/training/rollouts.h).
  kEnded,
};

struct JobState {
  JobPhase phase = JobPhase::kHeldBack;
  Slot slot;  // While running.
  Gpus gpus;  // Held; while it runs.
  std::vector<NodeShare> shares;
  std::vector<NodeShare> ran_on;                   // Its last shares, once stopped.
  std::vector<std::pair<GroupId, Gpus>> by_group;  // Of the shares.
  double speed = 1.0;
  Duration saved{};          // Run time in the last checkpoint.
  Duration interval{};       // Wall time of steps between checkpoints; 0 = none.
  Bytes checkpoint{};        // Size of one; 0 = free and instant.
  Instant started;           // Of the current run.
  Instant since;             // Of the phase.
  Instant steps_from;        // Of the steps not yet saved.
  Instant next_save;         // When the next checkpoint is due, while it steps.
  bool guest = false;        // On seats of serving nodes (guests.cc), not on GPUs of its own.
  SharedGpuId shared_gpu{};  // It runs on (sharing.cc); invalid = none.
  Instant beside_until{};    // Since when it holds that GPU; never() while another does.
  Instant expected_end{};    // Of a job on a shared GPU, by estimate.
  Duration done_before{};    // Run time of the steps from `steps_from` to `speed_from`,
  Instant speed_from;        // since when `speed` holds: later than `steps_from` for guests alone.
  Duration snapshot_done{};  // Run time in `snapshot`, if the speed changed after it.
  bool leaving = false;      // On notice: stops when its checkpoint is written.
  bool writing = false;      // A checkpoint on its way while it steps.
  Instant snapshot;          // What that checkpoint holds: the steps up to here.
  Instant held_since;        // `started`, or when its GPUs last changed.
  GpuTime attained{};        // GPU and
  Duration ran{};            // wall time it had held GPUs by then.
  std::int32_t open = 0;     // Jobs it depends on that have not completed.
  std::uint64_t flow = 0;
  std::uint64_t named = 0;  // In which decision of the queue, counted from 1; the last.
  JobRecord record;
};

}  // namespace jevons
#endif  // JEVONS_SIM_TRAINING_JOB_H_
