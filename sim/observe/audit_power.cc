// What replicas did, from their changes of phase, and what the GPUs drew.
#include "sim/observe/audit_power.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace jevons {
namespace {

constexpr std::string_view kPhases = "power phases";
constexpr std::string_view kResult = "result";
constexpr std::size_t kMostChanges = 1024;  // Kept for each replica at least; twice as many at most.

constexpr std::size_t kFirstDecode = static_cast<std::size_t>(PowerPhase::kDecode);
bool computes_prompts(PowerPhase p) { return p == PowerPhase::kPrefill || p == PowerPhase::kMixed; }
bool decodes(PowerPhase p) { return p == PowerPhase::kMixed || p >= PowerPhase::kDecode; }
bool is_working(std::size_t p) {
  return computes_prompts(static_cast<PowerPhase>(p)) || (p >= kFirstDecode && p < kPowerPhases);
}

std::string text_of_phase(std::size_t p) {
  std::string name(power_kind_name(kind_of(p)));
  return p < kFirstDecode ? name : name + " octave " + std::to_string(p - kFirstDecode);
}

// Whether a phase that the replica entered at `at`, or the one it was in just before, is one that `fits` (iterations
// may take less than a nanosecond, so several changes may share an instant).  True where it is too long ago to know.
template <class Changes, class Fits>
bool was_in(const Changes& changes, Instant at, Fits fits) {
  auto c = changes.end();
  if (changes.back().at > at) {
    c = std::upper_bound(changes.begin(), changes.end(), at, [](Instant t, const auto& x) { return t < x.at; });
  }
  while (c != changes.begin()) {
    --c;
    if (fits(c->phase)) return true;
    if (c->at < at) return false;
  }
  return true;
}

}  // namespace

PowerAudit::PowerAudit(const Cluster& cluster, AuditFinding* finding, std::vector<std::int64_t> bundle)
    : cluster_(&cluster), finding_(finding), groups_(cluster.groups.size()), bundle_(std::move(bundle)) {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (std::size_t p = 0; p < kPowerPhases; ++p) {
      groups_[g].milliwatts[p] = std::llround(cluster.groups[g].power.watts[p] * 1e3);
    }
  }
}

void PowerAudit::settle(Replica* replica, Instant now) {
  const Change& last = replica->changes.back();
  const auto p = static_cast<std::size_t>(last.phase);
  if (!is_working(p)) return;
  const Int128 lasted = (now - last.at).ns;
  groups_[replica->group].from_changes[p] += lasted * replica->gpus;
  if (p >= kFirstDecode) least_decoding_ns_ += lasted << (p - kFirstDecode);
}

void PowerAudit::replica_starts(Instant now, ReplicaId id, NodeId node) {
  if (node.index >= cluster_->nodes.size()) return;  // GpuAudit names it.
  Replica r;
  r.group = cluster_->nodes[node.index].group.index;
  r.changes.push_back({now, PowerPhase::kWaiting});
  replicas_[id.index] = std::move(r);
}

void PowerAudit::replica_changes(Instant now, ReplicaId id, Gpus gpus, PowerPhase phase) {
  const auto it = replicas_.find(id.index);
  const bool known = phase == PowerPhase::kWaiting || is_working(static_cast<std::size_t>(phase));
  if (it == replicas_.end() || !known || gpus.value < 1) {
    return finding_->add(now, kPhases, "replica " + std::to_string(id.index) + " enters a phase it cannot be in");
  }
  Replica& r = it->second;
  finding_->expect(r.gpus == 0 || r.gpus == gpus.value, now, kPhases,
                   [&] { return "replica " + std::to_string(id.index) + " changed its number of GPUs"; });
  settle(&r, now);
  r.gpus = gpus.value;
  r.changes.push_back({now, phase});
  if (r.changes.size() > 2 * kMostChanges) r.changes.erase(r.changes.begin(), r.changes.begin() + kMostChanges);
}

void PowerAudit::replica_ends(Instant now, ReplicaId id) {
  const auto it = replicas_.find(id.index);
  if (it == replicas_.end()) return;
  settle(&it->second, now);
  replicas_.erase(it);
}

void PowerAudit::request_ends(Instant now, const RequestRecord& r) {
  if (r.first_token != Instant::never()) {
    const Int128 sequences = r.pool.index < bundle_.size() ? bundle_[r.pool.index] : 1;
    decoding_ns_ += sequences * (r.finish - r.first_token).ns;
  }
  const auto it = replicas_.find(r.replica.index);
  // Preempted requests may have been elsewhere meanwhile.
  if (r.preemptions > 0 || r.scheduled == Instant::never() || it == replicas_.end()) return;
  const auto& changes = it->second.changes;
  const auto expect = [&](bool holds, const char* what) {
    finding_->expect(holds, now, kPhases, [&] { return "request " + std::to_string(r.id.index) + what; });
  };
  expect(was_in(changes, r.scheduled, computes_prompts), " starts while its replica computes no prompts");
  if (r.first_token == Instant::never()) return;
  expect(was_in(changes, r.first_token, computes_prompts), " gets its first token from an iteration without prompts");
  if (r.reason != FinishReason::kCompleted || r.output.value < 2) return;
  expect(was_in(changes, r.finish, decodes), " gets its last token from an iteration that does not decode");
}

void PowerAudit::stretch(Instant now, const GpuStretch& s) {
  if (s.group.index >= groups_.size()) return;  // GpuAudit names it.
  const bool split = s.purpose == Purpose::kServing || s.purpose == Purpose::kDraining;
  PhaseSums& sums = groups_[s.group.index].from_stretches;
  if (s.phases == nullptr) {
    finding_->expect(s.purpose != Purpose::kServing, now, kPhases,
                     [] { return std::string("a serving stretch does not say what its GPUs did"); });
    return;
  }
  Int128 sum = 0;
  bool legal = true;
  for (std::size_t p = 0; p < kPowerPhases; ++p) {
    const std::int64_t ns = (*s.phases)[p].ns;
    const bool may = is_working(p) ? split : p == static_cast<std::size_t>(PowerPhase::kWaiting);
    legal = legal && ns >= 0 && (ns == 0 || may);
    sum += ns;
    sums[p] += static_cast<Int128>(ns) * s.gpus.value;
  }
  legal =
      legal && (s.purpose != Purpose::kServing || (*s.phases)[static_cast<std::size_t>(PowerPhase::kWaiting)].ns == 0);
  finding_->expect(legal, now, kPhases, [] { return std::string("a stretch has a phase that its purpose excludes"); });
  finding_->expect(sum == (s.to - s.from).ns, now, kPhases,
                   [] { return std::string("the phases of a stretch do not add up to its length"); });
}

void PowerAudit::end_run(Instant now) {
  for (auto& [id, replica] : replicas_) settle(&replica, now);
  for (const GroupState& g : groups_) {
    for (std::size_t p = 0; p < kPowerPhases; ++p) {
      finding_->expect(!is_working(p) || g.from_changes[p] == g.from_stretches[p], now, kPhases, [&] {
        return "replicas were in " + text_of_phase(p) + " for " + text_of(g.from_changes[p]) +
               " GPU-ns, their stretches say " + text_of(g.from_stretches[p]);
      });
    }
  }
  finding_->expect(least_decoding_ns_ <= decoding_ns_, now, kPhases,
                   [] { return std::string("decode steps hold more requests than were decoding"); });
}

// What no replica tells follows from the purposes: GPUs that serve and do not work wait.
void PowerAudit::compare_group(Instant end, std::size_t index, const Ledger& given, PhaseSums* joules_e12) const {
  const GroupState& g = groups_[index];
  const auto spent = [&](Purpose p) { return given.by_purpose[static_cast<std::size_t>(p)].gpu_ns; };
  PhaseSums mine = g.from_changes;
  Int128 working = 0;
  for (const Int128 t : mine) working += t;
  mine[static_cast<std::size_t>(PowerPhase::kWaiting)] = spent(Purpose::kServing) + spent(Purpose::kIdleServing) +
                                                         spent(Purpose::kDraining) + spent(Purpose::kAwaitingSamples) -
                                                         working;
  mine[static_cast<std::size_t>(PowerPhase::kIdle)] = spent(Purpose::kIdle) + spent(Purpose::kFailed);
  mine[static_cast<std::size_t>(PowerPhase::kLoading)] = spent(Purpose::kLoading);
  mine[static_cast<std::size_t>(PowerPhase::kCheckpoint)] = spent(Purpose::kCheckpoint);
  mine[static_cast<std::size_t>(PowerPhase::kTraining)] = spent(Purpose::kTraining) + spent(Purpose::kLostWork);
  for (std::size_t p = 0; p < kPowerPhases; ++p) {
    finding_->expect(mine[p] == given.by_phase[p].gpu_ns, end, kResult, [&] {
      return "group '" + cluster_->groups[index].name + "': " + text_of(given.by_phase[p].gpu_ns) + " GPU-ns of " +
             text_of_phase(p) + ", the events give " + text_of(mine[p]);
    });
    (*joules_e12)[p] += mine[p] * g.milliwatts[p];
  }
}

// Purposes of `result` were held against the events by GpuAudit before.
void PowerAudit::compare(Instant end, const RunResult& result) const {
  if (result.ledger_by_group.size() != groups_.size()) return;  // GpuAudit names it.
  PhaseSums joules_e12{};
  for (std::size_t g = 0; g < groups_.size(); ++g) compare_group(end, g, result.ledger_by_group[g], &joules_e12);
  double total = 0;
  const auto same = [&](const std::string& what, double given, double mine) {
    finding_->expect(std::fabs(mine - given) <= 1e-12 * std::fabs(mine), end, kResult,
                     [&] { return what + text_of(given) + " J, the events give " + text_of(mine); });
  };
  for (std::size_t p = 0; p < kPowerPhases; ++p) {
    Int128 time = 0;
    for (const Ledger& l : result.ledger_by_group) time += l.by_phase[p].gpu_ns;
    finding_->expect(time == result.ledger.by_phase[p].gpu_ns, end, kResult,
                     [&] { return "all groups: wrong GPU-ns of " + text_of_phase(p); });
    const double joules = static_cast<double>(joules_e12[p]) / 1e12;
    same("energy of " + text_of_phase(p) + " ", result.joules_by_phase[p], joules);
    total += joules;
  }
  same("energy ", result.energy_joules, total);
}

}  // namespace jevons
