// The power fields of a node group.
#include "experiments/scenario_power.h"

#include <cmath>
#include <string>

#include "base/text.h"
#include "sim/model/power.h"

namespace jevons {

PowerDraw group_power(const proto::NodeGroup& group, const GpuSpec& gpu) {
  PowerDraw d = power_draw(gpu);
  const auto set_waiting = [&](double watts) {
    for (const PowerPhase p : {PowerPhase::kWaiting, PowerPhase::kLoading, PowerPhase::kCheckpoint}) d[p] = watts;
  };
  const auto set_prefill = [&](double watts) { d[PowerPhase::kPrefill] = d[PowerPhase::kMixed] = watts; };
  if (group.has_idle_watts()) {
    d[PowerPhase::kIdle] = group.idle_watts();
    set_waiting(group.idle_watts());
  }
  if (group.has_busy_watts()) {
    set_prefill(group.busy_watts());
    d.set_decode(group.busy_watts());
    d[PowerPhase::kTraining] = group.busy_watts();
  }
  if (group.has_waiting_watts()) set_waiting(group.waiting_watts());
  if (group.has_prefill_watts()) set_prefill(group.prefill_watts());
  if (group.has_decode_watts()) d.set_decode(group.decode_watts());
  if (group.has_training_watts()) d[PowerPhase::kTraining] = group.training_watts();
  for (double& w : d.watts) w = std::round(w * 1e3) / 1e3;  // As energy is added up, so that reports multiply out.
  return d;
}

Status check_power(const ScenarioFile& file, const proto::NodeGroup& group, const GpuSpec& gpu,
                   const std::string& path) {
  const PowerDraw d = group_power(group, gpu);
  const double idle = d[PowerPhase::kIdle];
  struct Field {
    const char* name;
    bool given;
    PowerPhase phase;
  };
  const Field fields[] = {{".waiting_watts", group.has_waiting_watts(), PowerPhase::kWaiting},
                          {".prefill_watts", group.has_prefill_watts(), PowerPhase::kPrefill},
                          {".decode_watts", group.has_decode_watts(), PowerPhase::kDecode},
                          {".training_watts", group.has_training_watts(), PowerPhase::kTraining},
                          {".busy_watts", group.has_busy_watts(), PowerPhase::kPrefill},
                          {".busy_watts", group.has_busy_watts(), PowerPhase::kDecode},
                          {".busy_watts", group.has_busy_watts(), PowerPhase::kTraining}};
  for (const Field& f : fields) {
    if (!f.given || d[f.phase] >= idle) continue;
    return file.places.error(path + f.name,
                             "expected at least idle_watts (" + text_of(idle) + "), got " + text_of(d[f.phase]));
  }
  for (const PowerPhase p : {PowerPhase::kPrefill, PowerPhase::kDecode, PowerPhase::kTraining}) {
    if (d[p] >= idle) continue;
    return file.places.error(path + ".idle_watts", "expected at most the " +
                                                       std::string(power_kind_name(kind_of(index_of(p)))) + " power (" +
                                                       text_of(d[p]) + "), got " + text_of(idle));
  }
  return Ok{};
}

}  // namespace jevons
