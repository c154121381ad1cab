// The auditor's book of guests: who sits on which serving node, and that their time is told exactly once.  None of it
// is part of the GPUs' own time.
#include <string>

#include "sim/observe/audit_gpus.h"
#include "sim/observe/audit_print.h"

namespace jevons {
namespace {

constexpr std::string_view kGuests = "guests";
constexpr std::string_view kResult = "result";

std::string name_of(JobId id) { return "job " + std::to_string(id.index); }
std::string name_of(NodeId id) { return "node " + std::to_string(id.index); }

}  // namespace

void GpuAudit::settle_seats(GroupState* group, Instant now) {
  group->sat_print += print_of(group->sitting, group->seats_since, now);
  group->open_ns += static_cast<Int128>(group->seats) * (now - group->seats_since).ns;
  group->seats_since = now;
}

void GpuAudit::guest_seats(Instant now, NodeId node, Gpus seats) {
  if (!known_node(now, node)) return;
  NodeState& n = nodes_[node.index];
  GroupState& group = groups_[cluster_->nodes[node.index].group.index];
  const bool opens = seats > Gpus{0} && n.seats == 0, closes = seats == Gpus{0} && n.seats > 0;
  finding_->expect((opens || closes) && seats <= cluster_->group_of(node).gpus_per_node && n.holder.valid() &&
                       !n.broken && n.guests == 0,
                   now, kGuests, [&] { return name_of(node) + " is opened or closed to guests when it must not be"; });
  settle_seats(&group, now);
  group.seats += seats.value - n.seats;
  n.seats = seats.value;
}

void GpuAudit::guest_starts(Instant now, const GangStart& start) {
  const auto it = jobs_.find(start.job.index);
  if (it == jobs_.end() || it->second.ended || !it->second.shares.empty() || !it->second.guest_shares.empty()) {
    return finding_->add(now, kGuests, name_of(start.job) + " becomes a guest while it runs or is not there");
  }
  JobState& job = it->second;
  if (!gang_fits(now, start, job)) return;
  for (const auto& [node, gpus] : start.shares) {
    NodeState& n = nodes_[node.index];
    GroupState& group = groups_[cluster_->nodes[node.index].group.index];
    settle_seats(&group, now);
    group.sitting += gpus.value;
    n.guests += gpus.value;
    finding_->expect(n.guests <= n.seats, now, kGuests, [&, id = node] {
      return name_of(start.job) + " sits down on " + name_of(id) + ", which has no such seats free";
    });
  }
  job.guest_shares.assign(start.shares.begin(), start.shares.end());
  job.held_gpus = start.asked.value;
  job.started = now;
  if (job.first_start == Instant::never()) job.first_start = now;
  ++guest_starts_;
}

void GpuAudit::guest_stops(Instant now, JobId id, bool preempted) {
  const auto it = jobs_.find(id.index);
  if (it == jobs_.end() || it->second.guest_shares.empty()) {
    return finding_->add(now, kGuests, name_of(id) + " leaves its seats, but has none");
  }
  JobState& job = it->second;
  for (const auto& [node, gpus] : job.guest_shares) {
    GroupState& group = groups_[cluster_->nodes[node.index].group.index];
    settle_seats(&group, now);
    group.sitting -= gpus.value;
    nodes_[node.index].guests -= gpus.value;
  }
  const Int128 gpu_ns = static_cast<Int128>(job.held_gpus) * (now - job.started).ns;
  job.held_gpu_ns += gpu_ns;
  job.beside_gpu_ns += gpu_ns;
  job.ran_ns += (now - job.started).ns;
  job.guest_shares.clear();
  job.preemptions += preempted ? 1 : 0;
  guests_sent_away_ += preempted ? 1 : 0;
}

void GpuAudit::guest_stretch(Instant now, const GpuStretch& s) {
  const auto purpose = static_cast<std::size_t>(s.purpose);
  const bool sane = s.group.index < groups_.size() && s.from >= Instant{} && s.from < s.to && s.to <= now &&
                    s.gpus > Gpus{0} && s.phases == nullptr &&
                    (s.purpose == Purpose::kLoading || s.purpose == Purpose::kTraining ||
                     s.purpose == Purpose::kCheckpoint || s.purpose == Purpose::kLostWork);
  if (!sane) return finding_->add(now, kGuests, "a stretch that no guest can have");
  GroupState& group = groups_[s.group.index];
  group.guest_ns[purpose] += static_cast<Int128>(s.gpus.value) * (s.to - s.from).ns;
  group.guest_print += print_of(s.gpus.value, s.from, s.to);
}

void GpuAudit::end_guests(Instant now) {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    settle_seats(&groups_[g], now);
    finding_->expect(groups_[g].guest_print == groups_[g].sat_print, now, kGuests, [&] {
      return "group '" + cluster_->groups[g].name + "': guests' time is not told for just when they sat there";
    });
  }
}

Int128 GpuAudit::guest_time(Purpose purpose) const {
  Int128 sum = 0;
  for (const GroupState& g : groups_) sum += g.guest_ns[static_cast<std::size_t>(purpose)];
  return sum;
}

void GpuAudit::compare_guests(Instant end, const GuestResult& given) const {
  const auto same = [&](const std::string& what, Int128 mine, Int128 theirs) {
    finding_->expect(mine == theirs, end, kResult,
                     [&] { return "guests: " + what + " " + text_of(theirs) + ", the events give " + text_of(mine); });
  };
  for (std::size_t p = 0; p < kPurposes; ++p) {
    const auto purpose = static_cast<Purpose>(p);
    same(std::string(purpose_name(purpose)) + " GPU-ns", guest_time(purpose), given.by_purpose[p].gpu_ns);
  }
  Int128 open = 0;
  for (const GroupState& g : groups_) open += g.open_ns;
  same("GPU-ns of open seats", open, given.open.gpu_ns);
  same("starts", guest_starts_, given.starts);
  same("sent away", guests_sent_away_, given.sent_away);
}

}  // namespace jevons
