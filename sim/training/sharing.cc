// Jobs that share a GPU.
//
// The queue starts one on a GPU of its own, which is then a shared one.  A waiting job whose share fits into the room
// left on such a GPU starts there, before the queue is asked and whatever its policy: more urgent ones first, then in
// order of submission.  It takes no GPU from anybody, and runs as fast as alone: a share is a partition.
//
// One of the jobs on a GPU holds it (sim/cluster/shared_gpus.h): to the pool, the queue and the allocators it is a
// running job with one GPU, and the GPU's time is what the holder does.  The others' time is told beside it, until the
// GPU passes to them.  Who stops the holder, or breaks its GPU, stops them all.
#include <algorithm>

#include "sim/run_error.h"
#include "sim/training/runtime.h"

namespace jevons {

bool TrainingRuntime::shares_gpu(JobId id) const { return asked(id).share > MilliGpus{0}; }

std::vector<JobId> TrainingRuntime::beside(JobId id) const {
  const JobState& s = jobs_[id.index];
  if (!s.shared_gpu.valid() || shared_.at(s.shared_gpu).holder != id) return {};
  return shared_.beside_holder(s.shared_gpu);
}

// True: somebody sat down.
bool TrainingRuntime::seat_shares(Instant now) {
  if (waiting_shares_.empty() || shared_.largest_room() == MilliGpus{0}) return false;
  // What has found no room finds none later on: rooms only shrink meanwhile.
  std::map<std::vector<double>, MilliGpus> no_room_for;  // By speeds; a share.
  bool seated = false;
  const std::vector<std::pair<std::int32_t, JobId>> in_order(waiting_shares_.begin(), waiting_shares_.end());
  for (const auto& [urgency, id] : in_order) {
    const MilliGpus share = asked(id).share;
    if (share > shared_.largest_room()) continue;
    const auto [least, fresh] = no_room_for.try_emplace(traits(id).speed_by_group, kWholeGpu);
    if (share >= least->second) continue;
    if (join(id, now)) {
      seated = true;
    } else {
      least->second = share;
    }
  }
  return seated;
}

// False: there is no room for it, or the placement wants none of it.
bool TrainingRuntime::join(JobId id, Instant now) {
  const MilliGpus share = asked(id).share;
  std::vector<RoomView> rooms;
  std::vector<SharedGpuId> gpus;
  for (const SharedGpus::Gpu* g : shared_.with_room(share)) {
    const Node& node = cluster_->nodes[g->node.index];
    if (gpus_->closed(g->node) || state(g->holder).leaving || speed_on(traits(id), node.group) <= 0) continue;
    rooms.push_back({g->node, node.group, node.leaf, g->room});
    gpus.push_back(g->id);
  }
  if (rooms.empty()) return false;
  const std::optional<std::size_t> chosen = setup_->placement->choose_room(gang_view(id, Gpus{1}), rooms);
  if (!chosen) return false;
  if (*chosen >= rooms.size()) throw_contract_error(setup_->placement_name, "chooses a room that is not there", now);
  erase_waiting(id);
  JobState& s = state(id);
  s.shared_gpu = gpus[*chosen];
  s.beside_until = Instant::never();
  shared_.join(s.shared_gpu, id, share);
  s.shares = {{rooms[*chosen].node, Gpus{1}}};
  s.gpus = Gpus{1};
  s.by_group.clear();
  add_to_group(&s, s.shares.front());
  s.speed = speed_on(traits(id), rooms[*chosen].group);
  s.held_since = now;
  observers_->tell(&Observer::on_share_start, now, ShareStart{id, s.shared_gpu.index, rooms[*chosen].node, share, true});
  set_expected_end(id, now);
  begin_run(id, now);
  return true;
}

// The job that has just got a GPU opens it to others.
void TrainingRuntime::open_shared(JobId id, Instant now) {
  JobState& s = state(id);
  const NodeId node = s.shares.front().node;
  s.shared_gpu = shared_.open(node, id, asked(id).share);
  s.beside_until = now;
  observers_->tell(&Observer::on_share_start, now, ShareStart{id, s.shared_gpu.index, node, asked(id).share, false});
  set_expected_end(id, now);
}

void TrainingRuntime::leave_shared(JobId id, bool preempted, Instant now) {
  JobState& s = state(id);
  observers_->tell(&Observer::on_share_stop, now, id, preempted);
  const JobId heir = shared_.leave(s.shared_gpu, id);
  s.shared_gpu = SharedGpuId{};
  if (heir.valid()) inherit(heir, now);
}

void TrainingRuntime::inherit(JobId id, Instant now) {
  JobState& s = state(id);
  s.attained += s.gpus * (now - s.held_since);
  s.ran += now - s.held_since;
  s.beside_until = now;
  s.gpus = Gpus{0};
  gpus_->take(s.shares, now);
  list_running(id);
  hold(id, &Observer::on_job_start, now);
  show_expected_end(s.shared_gpu);
}

// As of RunningJobView, by its own estimate.
void TrainingRuntime::set_expected_end(JobId id, Instant now) {
  JobState& s = state(id);
  s.expected_end = now + wall(estimate_left(id), s.speed);
  show_expected_end(s.shared_gpu);
}

// The GPU comes free with the last of its jobs.
void TrainingRuntime::show_expected_end(SharedGpuId gpu) {
  const SharedGpus::Gpu& g = shared_.at(gpu);
  Instant last{};
  for (const SharedGpus::Seat& seat : g.seats) last = std::max(last, state(seat.job).expected_end);
  find_running(g.holder)->expected_end = last;
}

}  // namespace jevons
