// Holders come from the events of jobs and pools, GPU-time from the stretches; each must explain the other.
#include "sim/observe/audit_gpus.h"

#include <cmath>
#include <string>

#include "sim/observe/audit_print.h"

namespace jevons {
namespace {

constexpr std::string_view kExclusive = "GPU exclusivity";
constexpr std::string_view kGang = "whole gangs";
constexpr std::string_view kJobs = "one end per job";
constexpr std::string_view kGpuTime = "GPU time";
constexpr std::string_view kJobTime = "GPU time of jobs";
constexpr std::string_view kKv = "KV memory";
constexpr std::string_view kReplicas = "replicas";

std::string name_of(JobId id) { return "job " + std::to_string(id.index); }
std::string name_of(NodeId id) { return "node " + std::to_string(id.index); }
std::string name_of(ReplicaId id) { return "replica " + std::to_string(id.index); }

}  // namespace

GpuAudit::GpuAudit(const Cluster& cluster, AuditFinding* finding, Instant from, Instant to)
    : cluster_(&cluster),
      finding_(finding),
      from_(from),
      to_(to),
      nodes_(cluster.nodes.size()),
      groups_(cluster.groups.size()) {
  for (const Node& n : cluster.nodes) groups_[n.group.index].gpus += cluster.group_of(n.id).gpus_per_node.value;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    groups_[g].micro_dollars_per_hour = std::llround(cluster.groups[g].price_usd_per_gpu_hour * 1e6);
  }
}

bool GpuAudit::known_node(Instant now, NodeId node) {
  if (node.index < nodes_.size()) return true;
  finding_->add(now, kExclusive, name_of(node) + " does not exist");
  return false;
}

void GpuAudit::settle(GroupState* group, Instant now) {
  group->free_print += print_of(group->gpus - group->held, group->last_change, now);
  group->last_change = now;
}

void GpuAudit::hold(Instant now, NodeId node, std::int64_t gpus) {
  GroupState& group = groups_[cluster_->nodes[node.index].group.index];
  settle(&group, now);
  group.held += gpus;
}

void GpuAudit::job_arrives(Instant now, JobId id, Gpus gpus) {
  JobState job;
  job.gpus = job.least = job.most = gpus;
  job.submit = now;
  finding_->expect(gpus.value >= 1, now, kGang, [&] { return name_of(id) + " asks for no GPU"; });
  const bool fresh = jobs_.emplace(id.index, std::move(job)).second;
  finding_->expect(fresh, now, kJobs, [&] { return name_of(id) + " arrived twice"; });
  ++(now < from_ || now >= to_ ? totals_.outside : totals_.submitted);
}

bool GpuAudit::gang_fits(Instant now, const GangStart& start, const JobState& job) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < start.shares.size(); ++i) {
    const auto& [node, gpus] = start.shares[i];
    if (!known_node(now, node)) return false;
    for (std::size_t k = 0; k < i; ++k) {
      finding_->expect(start.shares[k].first != node, now, kGang,
                       [&] { return name_of(start.job) + " names " + name_of(start.shares[i].first) + " twice"; });
    }
    finding_->expect(gpus.value >= 1, now, kGang, [&] { return name_of(start.job) + " has a share without GPUs"; });
    sum += gpus.value;
  }
  const bool in_range = start.asked >= job.least && start.asked <= job.most;
  finding_->expect(in_range && sum == start.asked.value, now, kGang, [&] {
    return name_of(start.job) + " starts on " + std::to_string(sum) + " GPUs of " + std::to_string(start.asked.value) +
           (in_range ? "" : ", which are not in its range");
  });
  return true;
}

void GpuAudit::job_starts(Instant now, const GangStart& start) {
  check_holders(now);
  const auto it = jobs_.find(start.job.index);
  if (it == jobs_.end() || it->second.ended) {
    return finding_->add(now, kJobs, name_of(start.job) + " starts before it arrived or after it ended");
  }
  JobState& job = it->second;
  if (!job.shares.empty() || !job.guest_shares.empty()) {
    return finding_->add(now, kJobs, name_of(start.job) + " starts while it runs");
  }
  if (!gang_fits(now, start, job)) return;
  take_gang(now, start, &job);
  if (job.first_start == Instant::never()) job.first_start = now;
}

void GpuAudit::take_gang(Instant now, const GangStart& start, JobState* job) {
  for (const auto& [node, gpus] : start.shares) {
    NodeState& n = nodes_[node.index];
    n.training += gpus.value;
    const std::int32_t has = cluster_->group_of(node).gpus_per_node.value;
    finding_->expect(!n.holder.valid() && !n.broken && n.training <= has, now, kExclusive, [&, id = node] {
      return name_of(start.job) + " starts on " + name_of(id) +
             (n.holder.valid() ? ", which a pool holds"
              : n.broken       ? ", which is broken"
                               : ", which is full");
    });
    hold(now, node, gpus.value);
  }
  job->shares.assign(start.shares.begin(), start.shares.end());
  job->held_gpus = start.asked.value;
  job->started = now;
  settle_beside(job, now);
}

void GpuAudit::release_gang(Instant now, JobState* job) {
  for (const auto& [node, gpus] : job->shares) {
    nodes_[node.index].training -= gpus.value;
    hold(now, node, -gpus.value);
  }
  const Int128 held = static_cast<Int128>(job->held_gpus) * (now - job->started).ns;
  job->held_gpu_ns += held;
  if (job->shared_gpu != kNone) share_held_ += held;
  job->ran_ns += (now - job->started).ns;
  job->shares.clear();
  settle_beside(job, now);
}

void GpuAudit::job_may_have(Instant now, JobId id, Gpus least, Gpus most) {
  const auto it = jobs_.find(id.index);
  const bool sane = it != jobs_.end() && least.value >= 1 && least <= it->second.gpus && it->second.gpus <= most;
  finding_->expect(sane, now, kGang, [&] { return name_of(id) + " has no range of GPUs around those it asked for"; });
  if (!sane) return;
  it->second.least = least;
  it->second.most = most;
}

void GpuAudit::job_resizes(Instant now, const GangStart& gang) {
  const auto it = jobs_.find(gang.job.index);
  if (it == jobs_.end() || it->second.shares.empty()) {
    return finding_->add(now, kJobs, name_of(gang.job) + " changes its GPUs, but does not run");
  }
  JobState& job = it->second;
  release_gang(now, &job);
  ++job.resizes;
  if (gang_fits(now, gang, job)) take_gang(now, gang, &job);
}

void GpuAudit::node_fails(Instant now, NodeId node) {
  if (!known_node(now, node)) return;
  NodeState& n = nodes_[node.index];
  finding_->expect(!n.broken && !n.holder.valid() && n.training == 0, now, kExclusive,
                   [&] { return name_of(node) + " breaks twice, or while somebody holds it"; });
  n.broken = true;
  hold(now, node, cluster_->group_of(node).gpus_per_node.value);
}

void GpuAudit::node_repaired(Instant now, NodeId node) {
  if (!known_node(now, node)) return;
  finding_->expect(nodes_[node.index].broken, now, kExclusive, [&] { return name_of(node) + " was not broken"; });
  nodes_[node.index].broken = false;
  hold(now, node, -cluster_->group_of(node).gpus_per_node.value);
}

void GpuAudit::fault(std::int32_t jobs, GpuTime lost) {
  totals_.fault_stops += static_cast<std::uint64_t>(jobs);
  totals_.fault_lost += lost.gpu_ns;
}

void GpuAudit::job_stops(Instant now, JobId id, bool preempted) {
  check_holders(now);
  const auto it = jobs_.find(id.index);
  if (it == jobs_.end() || it->second.shares.empty()) {
    return finding_->add(now, kJobs, name_of(id) + " stops, but does not run");
  }
  release_gang(now, &it->second);
  if (it->second.shared_gpu == kNone) it->second.preemptions += preempted ? 1 : 0;  // Else share_stops counts it.
}

void GpuAudit::check_job_end(Instant now, const JobRecord& r, const JobState& job) {
  finding_->expect(r.gpus == job.gpus && r.submit == job.submit && r.first_start == job.first_start, now, kJobs,
                   [&] { return name_of(r.id) + " ended with another size, submit time or start than it had"; });
  finding_->expect(r.finish == now, now, kJobs, [&] { return name_of(r.id) + " does not finish when it ends"; });
  finding_->expect(r.resizes == job.resizes, now, kJobs,
                   [&] { return name_of(r.id) + " was resized another number of times than it says"; });
  finding_->expect(r.preemptions == job.preemptions && r.failures <= r.preemptions, now, kJobs, [&] {
    return name_of(r.id) + " says it was preempted " + std::to_string(r.preemptions) + " times, the events " +
           std::to_string(job.preemptions);
  });
  const bool started = job.first_start != Instant::never();
  const bool by_queue = r.rejection == JobRejection::kByQueue;  // Perhaps after a run.
  finding_->expect(
      r.reason == FinishReason::kUnfinished || by_queue || started == (r.reason == FinishReason::kCompleted), now,
      kJobs, [&] { return name_of(r.id) + " completed without a start, or was refused after one"; });
  finding_->expect((r.reason == FinishReason::kRejected) == (r.rejection != JobRejection::kNone), now, kJobs,
                   [&] { return name_of(r.id) + " is rejected without a reason, or has one and is not"; });
  finding_->expect(!by_queue || job.shares.empty(), now, kJobs,
                   [&] { return name_of(r.id) + " is refused while it runs"; });
  Int128 held = job.held_gpu_ns;
  finding_->expect(job.shared_gpu == kNone, now, kJobs, [&] { return name_of(r.id) + " ends on a shared GPU"; });
  if (!job.shares.empty()) held += static_cast<Int128>(job.held_gpus) * (now - job.started).ns;
  const Int128 used = (r.useful + r.checkpoint + r.lost + r.restoring + r.awaiting).gpu_ns;
  finding_->expect(held == used, now, kJobTime, [&] {
    return name_of(r.id) + " held GPUs for " + text_of(held) + " GPU-ns and accounts for " + text_of(used);
  });
}

void GpuAudit::job_ends(Instant now, const JobRecord& r) {
  const auto it = jobs_.find(r.id.index);
  if (it == jobs_.end() || it->second.ended) {
    return finding_->add(now, kJobs, name_of(r.id) + " ended twice, or never arrived");
  }
  JobState& job = it->second;
  check_job_end(now, r, job);
  job.ended = true;
  totals_.useful += r.useful.gpu_ns;
  totals_.checkpoint += r.checkpoint.gpu_ns;
  totals_.lost += r.lost.gpu_ns;
  totals_.preemptions += static_cast<std::uint64_t>(job.preemptions);
  totals_.checkpoints += static_cast<std::uint64_t>(r.checkpoints);
  totals_.resizes += static_cast<std::uint64_t>(job.resizes);
  totals_.failures += static_cast<std::uint64_t>(r.failures);
  totals_.lost_to_failures += r.lost_to_failures.gpu_ns;
  totals_.deadlines += r.deadline == Instant::never() ? 0 : 1;
  totals_.deadlines_met += r.reason == FinishReason::kCompleted && now <= r.deadline && r.deadline != Instant::never();
  finding_->expect((r.useful - r.beside_useful).gpu_ns <= job.held_gpu_ns - job.beside_gpu_ns, now, kJobTime,
                   [&] { return name_of(r.id) + " has more useful GPU-time than it held GPUs of its own"; });
  if (job.first_start != Instant::never()) {
    const std::int64_t waited_ns = (now - job.first_start).ns - job.ran_ns;
    totals_.elapsed += job.held_gpu_ns - job.beside_gpu_ns + static_cast<Int128>(job.gpus.value) * waited_ns;
  }
  if (job.submit < from_ || job.submit >= to_) return;
  if (job.first_start != Instant::never()) {
    ++totals_.started;
    totals_.delay_ns += (job.first_start - job.submit).ns;
  }
  switch (r.reason) {
    case FinishReason::kRejected:
      ++totals_.rejected;
      totals_.refused += r.rejection == JobRejection::kByQueue ? 1 : 0;
      break;
    case FinishReason::kUnfinished:
      ++totals_.unfinished;
      totals_.unfinished_ns += (now - job.submit).ns;
      if (job.first_start != Instant::never()) break;
      ++totals_.never_started;
      totals_.unstarted_ns += (now - job.submit).ns;
      break;
    case FinishReason::kCompleted:
      ++totals_.completed;
      totals_.jct_ns += (now - job.submit).ns;
      break;
  }
}

void GpuAudit::node_taken(Instant now, NodeId node, PoolId pool) {
  if (!known_node(now, node)) return;
  NodeState& n = nodes_[node.index];
  finding_->expect(pool.valid() && !n.holder.valid() && !n.broken && n.training == 0, now, kExclusive, [&] {
    return "a pool takes " + name_of(node) + ", which " + (n.training > 0 ? "runs jobs" : "a pool holds already");
  });
  n.holder = pool;
  node_moves_ += now > Instant{} ? 1 : 0;
  hold(now, node, cluster_->group_of(node).gpus_per_node.value);
}

void GpuAudit::node_given_back(Instant now, NodeId node, PoolId pool) {
  if (!known_node(now, node)) return;
  NodeState& n = nodes_[node.index];
  if (!n.holder.valid() || n.holder != pool) {
    return finding_->add(now, kExclusive, name_of(node) + " is given back by a pool that does not hold it");
  }
  finding_->expect(n.replicas == 0, now, kReplicas,
                   [&] { return name_of(node) + " is given back with a replica on it"; });
  finding_->expect(n.seats == 0, now, kExclusive,
                   [&] { return name_of(node) + " is given back while it is open to guests"; });
  n.holder = PoolId{};
  node_moves_ += now > Instant{} ? 1 : 0;
  hold(now, node, -cluster_->group_of(node).gpus_per_node.value);
}

void GpuAudit::stretch(Instant now, const GpuStretch& s) {
  const auto purpose = static_cast<std::size_t>(s.purpose);
  if (s.group.index >= groups_.size() || purpose >= kPurposes) {
    return finding_->add(now, kGpuTime, "a stretch of an unknown group or purpose");
  }
  finding_->expect(s.from >= Instant{} && s.from <= s.to && s.gpus.value >= 0, now, kGpuTime,
                   [] { return std::string("a stretch of negative length, or before the start"); });
  finding_->expect(s.to <= now, now, kGpuTime, [] { return std::string("a stretch that ends in the future"); });
  GroupState& g = groups_[s.group.index];
  g.gpu_ns[purpose] += static_cast<Int128>(s.gpus.value) * (s.to - s.from).ns;
  const std::uint64_t print = print_of(s.gpus.value, s.from, s.to);
  g.all_print += print;
  if (s.purpose == Purpose::kIdle) g.idle_print += print;
}

void GpuAudit::replica_starts(Instant now, ReplicaId id, NodeId node, Blocks kv_total) {
  if (!known_node(now, node)) return;
  const bool fresh = replicas_.emplace(id.index, Replica{node, kv_total, Blocks{0}}).second && id.index > last_replica_;
  finding_->expect(fresh && id.valid(), now, kReplicas, [&] { return name_of(id) + " starts with a used id"; });
  finding_->expect(nodes_[node.index].holder.valid(), now, kExclusive,
                   [&] { return name_of(id) + " starts on " + name_of(node) + ", which no pool holds"; });
  last_replica_ = id.index;
  ++nodes_[node.index].replicas;
}

void GpuAudit::kv(Instant now, ReplicaId id, Blocks used, Blocks total) {
  const auto it = replicas_.find(id.index);
  if (it == replicas_.end()) return finding_->add(now, kKv, name_of(id) + " holds KV memory, but does not run");
  finding_->expect(total == it->second.total, now, kKv, [&] { return name_of(id) + " changed its KV capacity"; });
  finding_->expect(used >= Blocks{0} && used <= it->second.total, now, kKv, [&] {
    return name_of(id) + " uses " + std::to_string(used.value) + " blocks of " + std::to_string(total.value);
  });
  it->second.used = used;
}

void GpuAudit::replica_ends(Instant now, ReplicaId id, Blocks kv_used) {
  const auto it = replicas_.find(id.index);
  if (it == replicas_.end()) return finding_->add(now, kReplicas, name_of(id) + " ends, but does not run");
  finding_->expect(kv_used == Blocks{0} && it->second.used == Blocks{0}, now, kKv,
                   [&] { return name_of(id) + " ends with KV blocks in use"; });
  --nodes_[it->second.node.index].replicas;
  replicas_.erase(it);
}

void GpuAudit::end_group(Instant now, std::size_t index) {
  GroupState& g = groups_[index];
  settle(&g, now);
  const std::string name = "group '" + cluster_->groups[index].name + "': ";
  Int128 sum = 0;
  for (const Int128 t : g.gpu_ns) sum += t;
  const Int128 expected = static_cast<Int128>(g.gpus) * now.ns;
  finding_->expect(sum == expected, now, kGpuTime, [&] {
    return name + "purposes sum to " + text_of(sum) + " GPU-ns, GPUs x horizon is " + text_of(expected);
  });
  finding_->expect(g.all_print == print_of(g.gpus, Instant{}, now), now, kGpuTime,
                   [&] { return name + "at some instant a GPU has two purposes and another has none"; });
  finding_->expect(g.idle_print == g.free_print, now, kGpuTime,
                   [&] { return name + "idle stretches are not the times at which nobody held the GPUs"; });
}

void GpuAudit::end_run(Instant now) {
  for (const auto& [id, job] : jobs_) {
    finding_->expect(job.ended, now, kJobs,
                     [&, i = id] { return name_of(JobId{i}) + " had not ended when the run did"; });
  }
  for (std::size_t g = 0; g < groups_.size(); ++g) end_group(now, g);
  end_guests(now);
  end_shares(now);
  const auto total = [&](Purpose p) {
    Int128 t = guest_time(p) + share_time(p);
    for (const GroupState& g : groups_) t += g.gpu_ns[static_cast<std::size_t>(p)];
    return t;
  };
  finding_->expect(total(Purpose::kTraining) == totals_.useful && total(Purpose::kCheckpoint) == totals_.checkpoint &&
                       total(Purpose::kLostWork) == totals_.lost,
                   now, kJobTime,
                   [] { return std::string("the jobs' training, checkpoint or lost time is not the GPUs'"); });
}

}  // namespace jevons
