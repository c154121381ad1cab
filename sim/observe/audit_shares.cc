// The auditor's book of shared GPUs: that shares fit, that each GPU has one holder, and that the time of the jobs
// beside it is told exactly once.
#include <algorithm>
#include <string>

#include "sim/observe/audit_gpus.h"
#include "sim/observe/audit_print.h"

namespace jevons {
namespace {

constexpr std::string_view kShares = "shared GPUs";
constexpr std::string_view kResult = "result";

std::string name_of(JobId id) { return "job " + std::to_string(id.index); }
std::string name_of(std::uint32_t gpu) { return "shared GPU " + std::to_string(gpu); }

}  // namespace

// After every change of what the job holds, and of where it shares.
void GpuAudit::settle_beside(JobState* job, Instant now) {
  if (job->shared_gpu != kNone) {
    touched_.insert(job->shared_gpu);
    touched_at_ = now;
  }
  const bool beside = job->shared_gpu != kNone && job->shares.empty();
  if (beside == job->beside) return;
  GroupState& group = groups_[cluster_->nodes[job->shared_node.index].group.index];
  group.beside_print += print_of(group.beside, group.beside_since, now);
  group.beside_since = now;
  group.beside += beside ? 1 : -1;
  if (job->beside) {
    const std::int64_t ran = (now - job->beside_since).ns;
    job->held_gpu_ns += ran;
    job->beside_gpu_ns += ran;
    job->ran_ns += ran;
  }
  job->beside_since = now;
  job->beside = beside;
}

// Before anything changes at an instant.
void GpuAudit::check_holders(Instant now) {
  if (now == touched_at_ || touched_.empty()) return;
  for (const std::uint32_t id : touched_) {
    const auto gpu = shared_.find(id);
    if (gpu == shared_.end()) continue;
    const auto holds = [&](std::uint32_t job) {
      const auto& shares = jobs_.at(job).shares;
      return shares.size() == 1 && shares.front() == std::pair(gpu->second.node, Gpus{1});
    };
    finding_->expect(std::count_if(gpu->second.jobs.begin(), gpu->second.jobs.end(), holds) == 1, touched_at_, kShares,
                     [&] { return name_of(id) + " is not held by just one of its jobs"; });
  }
  touched_.clear();
}

void GpuAudit::share_starts(Instant now, const ShareStart& start) {
  check_holders(now);
  const auto it = jobs_.find(start.job.index);
  const bool there = it != jobs_.end() && !it->second.ended && it->second.shared_gpu == kNone &&
                     it->second.guest_shares.empty() && it->second.gpus == Gpus{1} &&
                     it->second.shares.empty() == start.joins;
  if (!there) return finding_->add(now, kShares, name_of(start.job) + " comes to a shared GPU when it must not");
  if (!known_node(now, start.node)) return;
  JobState& job = it->second;
  const auto [gpu, fresh] = shared_.try_emplace(start.gpu);
  if (fresh) gpu->second.node = start.node;
  gpu->second.taken += start.share;
  gpu->second.jobs.push_back(start.job.index);
  finding_->expect(fresh != start.joins && gpu->second.node == start.node, now, kShares,
                   [&] { return name_of(start.gpu) + " is opened twice, or joined elsewhere than it is"; });
  finding_->expect(start.share > MilliGpus{0} && gpu->second.taken <= kWholeGpu, now, kShares,
                   [&] { return name_of(start.gpu) + " has shares of more than a GPU"; });
  ++(fresh ? shared_opened_ : share_joins_);
  job.shared_gpu = start.gpu;
  job.shared_node = start.node;
  job.share = start.share;
  settle_beside(&job, now);
  if (job.first_start == Instant::never()) job.first_start = now;
}

void GpuAudit::share_stops(Instant now, JobId id, bool preempted) {
  check_holders(now);
  const auto it = jobs_.find(id.index);
  if (it == jobs_.end() || it->second.shared_gpu == kNone) {
    return finding_->add(now, kShares, name_of(id) + " leaves a shared GPU, but is on none");
  }
  JobState& job = it->second;
  finding_->expect(job.shares.empty(), now, kShares,
                   [&] { return name_of(id) + " leaves a shared GPU that it still holds"; });
  settle_beside(&job, now);
  const auto gpu = shared_.find(job.shared_gpu);
  gpu->second.taken -= job.share;
  std::erase(gpu->second.jobs, id.index);
  if (gpu->second.jobs.empty()) shared_.erase(gpu);
  job.shared_gpu = kNone;
  settle_beside(&job, now);
  job.preemptions += preempted ? 1 : 0;
}

void GpuAudit::share_stretch(Instant now, const GpuStretch& s) {
  const auto purpose = static_cast<std::size_t>(s.purpose);
  const bool sane = s.group.index < groups_.size() && s.from >= Instant{} && s.from < s.to && s.to <= now &&
                    s.gpus == Gpus{1} && s.phases == nullptr &&
                    (s.purpose == Purpose::kLoading || s.purpose == Purpose::kTraining ||
                     s.purpose == Purpose::kCheckpoint || s.purpose == Purpose::kLostWork);
  if (!sane) return finding_->add(now, kShares, "a stretch that no job beside another can have");
  GroupState& group = groups_[s.group.index];
  group.share_ns[purpose] += (s.to - s.from).ns;
  group.share_print += print_of(1, s.from, s.to);
}

void GpuAudit::end_shares(Instant now) {
  if (touched_at_ == now) {
    finding_->expect(shared_.empty(), now, kShares, [] { return std::string("a shared GPU is open at the end"); });
  }
  check_holders(now);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    GroupState& group = groups_[g];
    group.beside_print += print_of(group.beside, group.beside_since, now);
    finding_->expect(group.share_print == group.beside_print, now, kShares, [&] {
      return "group '" + cluster_->groups[g].name + "': time beside a holder is not told for just when jobs were there";
    });
  }
}

Int128 GpuAudit::share_time(Purpose purpose) const {
  Int128 sum = 0;
  for (const GroupState& g : groups_) sum += g.share_ns[static_cast<std::size_t>(purpose)];
  return sum;
}

void GpuAudit::compare_shares(Instant end, const ShareResult& given) const {
  const auto same = [&](const std::string& what, Int128 mine, Int128 theirs) {
    finding_->expect(mine == theirs, end, kResult, [&] {
      return "shared GPUs: " + what + " " + text_of(theirs) + ", the events give " + text_of(mine);
    });
  };
  for (std::size_t p = 0; p < kPurposes; ++p) {
    const auto purpose = static_cast<Purpose>(p);
    same(std::string(purpose_name(purpose)) + " GPU-ns", share_time(purpose), given.by_purpose[p].gpu_ns);
  }
  Int128 used = 0;
  for (const auto& [id, job] : jobs_) used += job.share.value * job.held_gpu_ns;
  same("GPU-ns held", share_held_, given.held.gpu_ns);
  same("GPU-ns used", used / kWholeGpu.value, given.used.gpu_ns);
  same("opened", shared_opened_, given.opened);
  same("joins", share_joins_, given.joined);
}

}  // namespace jevons
