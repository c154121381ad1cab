// The auditor's totals of jobs, GPU-time and money against the result's.
#include <string>

#include "sim/observe/audit_gpus.h"

namespace jevons {
namespace {

constexpr std::string_view kResult = "result";

}  // namespace

void GpuAudit::compare_jobs(Instant end, const TrainingResult& given) const {
  const auto same = [&](const char* what, Int128 mine, Int128 theirs) {
    finding_->expect(mine == theirs, end, kResult, [&] {
      return std::string("training: ") + what + " " + text_of(theirs) + ", the events give " + text_of(mine);
    });
  };
  same("submitted", totals_.submitted, given.submitted);
  same("completed", totals_.completed, given.completed);
  same("rejected", totals_.rejected, given.rejected);
  same("unfinished", totals_.unfinished, given.unfinished);
  same("refused by the queue", totals_.refused, given.refused);
  same("never started", totals_.never_started, given.never_started);
  same("outside the window", totals_.outside, given.outside);
  same("number of unfinished ages", totals_.unfinished, given.unfinished_age.count());
  same("sum of unfinished ages", totals_.unfinished_ns, given.unfinished_age.sum());
  same("sum of ages of jobs never started", totals_.unstarted_ns, given.unstarted_age.sum());
  same("preemptions", totals_.preemptions, given.preemptions);
  same("checkpoints", totals_.checkpoints, given.checkpoints);
  same("number of JCTs", totals_.completed, given.jct.count());
  same("sum of JCT", totals_.jct_ns, given.jct.sum());
  same("number of queueing delays", totals_.started, given.queueing_delay.count());
  same("sum of queueing delays", totals_.delay_ns, given.queueing_delay.sum());
  same("useful GPU-ns", totals_.useful - guest_time(Purpose::kTraining) - share_time(Purpose::kTraining),
       given.useful.gpu_ns);
  same("resizes", totals_.resizes, given.resizes);
  same("failures", totals_.failures, given.failures);
  same("jobs that faults stopped", totals_.fault_stops, given.failures);
  same("GPU-ns lost to failures", totals_.lost_to_failures, given.lost_to_failures.gpu_ns);
  same("GPU-ns that faults took", totals_.fault_lost, given.lost_to_failures.gpu_ns);
  same("deadlines", totals_.deadlines, given.deadlines);
  same("deadlines met", totals_.deadlines_met, given.deadlines_met);
  same("elapsed GPU-ns", totals_.elapsed, given.elapsed.gpu_ns);
  const auto same_in_parts = [&](const auto& parts) {
    JobsResult all;
    for (const auto& part : parts) {
      all.useful += part.jobs.useful;
      all.lost += part.jobs.lost;
      all.elapsed += part.jobs.elapsed;
    }
    same("useful GPU-ns of owners or priorities", given.useful.gpu_ns, all.useful.gpu_ns);
    same("lost GPU-ns of owners or priorities", totals_.lost, all.lost.gpu_ns);
    same("elapsed GPU-ns of owners or priorities", totals_.elapsed, all.elapsed.gpu_ns);
  };
  same_in_parts(given.tenants);
  same_in_parts(given.priorities);
}

void GpuAudit::compare_money(Instant end, const RunResult& result) const {
  constexpr Int128 kHour = 3'600'000'000'000;  // ns.
  Int128 micro_dollars = 0;
  for (const GroupState& g : groups_) {
    // GPUs cost whether used or not: the horizon alone gives the bill.
    const Int128 bill = static_cast<Int128>(g.gpus) * end.ns * g.micro_dollars_per_hour;
    micro_dollars += bill / kHour + (bill % kHour >= kHour / 2 ? 1 : 0);
  }
  finding_->expect(micro_dollars == result.gpu_cost.value, end, kResult, [&] {
    return "GPUs cost " + std::to_string(result.gpu_cost.value) + " micro-dollars, the events give " +
           text_of(micro_dollars);
  });
}

void GpuAudit::compare(Instant end, const RunResult& result) const {
  if (result.ledger_by_group.size() != groups_.size()) return finding_->add(end, kResult, "a node group is missing");
  std::array<Int128, kPurposes> all{};
  const auto same = [&](const std::string& group, std::size_t purpose, Int128 mine, GpuTime theirs) {
    finding_->expect(mine == theirs.gpu_ns, end, kResult, [&] {
      return group + ": " + text_of(theirs.gpu_ns) + " GPU-ns of " +
             std::string(purpose_name(static_cast<Purpose>(purpose))) + ", the events give " + text_of(mine);
    });
  };
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    for (std::size_t p = 0; p < kPurposes; ++p) {
      same(cluster_->groups[g].name, p, groups_[g].gpu_ns[p], result.ledger_by_group[g].by_purpose[p]);
      all[p] += groups_[g].gpu_ns[p];
    }
  }
  for (std::size_t p = 0; p < kPurposes; ++p) same("all groups", p, all[p], result.ledger.by_purpose[p]);
  finding_->expect(node_moves_ == result.node_moves, end, kResult, [&] {
    return "node moves " + std::to_string(result.node_moves) + ", the events give " + std::to_string(node_moves_);
  });
  compare_jobs(end, result.training);
  compare_guests(end, result.guests);
  compare_shares(end, result.shares);
  compare_money(end, result);
}

}  // namespace jevons
