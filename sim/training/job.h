// A training job inside the machine.
//
// Life: waiting -> (restoring -> reading its checkpoint, after a preemption) -> stepping <-> saving -> ended, and back
// to waiting when preempted.  Steps since the last checkpoint are lost then.  `saved` is run time on the reference GPU;
// wall time is that divided by the speed of the slowest GPU type the gang runs on.
#ifndef JEVONS_SIM_TRAINING_JOB_H_
#define JEVONS_SIM_TRAINING_JOB_H_

#include <cstdint>
#include <vector>

#include "policies/api/placement.h"
#include "sim/engine/calendar.h"
#include "sim/observe/observer.h"
#include "traces/trace.h"

namespace jevons {

enum class JobPhase : std::uint8_t {
  kWaiting,
  kRestoring,  // Restart overhead.
  kReading,    // Checkpoint from storage.
  kStepping,
  kSaving,  // Checkpoint to storage.
  kEnded,
};

struct JobState {
  JobPhase phase = JobPhase::kWaiting;
  Slot slot;  // While running.
  std::vector<NodeShare> shares;
  std::vector<std::pair<GroupId, Gpus>> by_group;  // Of the shares.
  double speed = 1.0;
  Duration saved{};    // Run time in the last checkpoint.
  Bytes checkpoint{};  // Size of one; 0 = free and instant.
  Instant started;     // Of the current run.
  Instant since;       // Of the phase.
  Instant steps_from;  // Of the steps not yet saved.
  std::uint64_t flow = 0;
  JobRecord record;
};

}  // namespace jevons
#endif  // JEVONS_SIM_TRAINING_JOB_H_
