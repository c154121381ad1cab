// Jobs that share a GPU.
//
// The queue starts one on a GPU of its own, which is then a shared one.  A waiting job whose share fits into the room
// left on such a GPU starts there, before the queue is asked and whatever its policy: more urgent ones first, then in
// order of submission.  If a job before it in that order waits, it may not, by estimate, keep the GPU longer than it is
// kept anyway (as in backfilling), or shares would come for ever and the GPU never be free.  It runs as fast as alone:
// a share is a partition.
//
// One of the jobs on a GPU holds it (sim/cluster/shared_gpus.h): to the pool, the queue and the allocators it is a
// running job with one GPU, and the GPU's time is what the holder does.  The others' time is told beside it, until the
// GPU passes to them.  Who stops the holder, or breaks its GPU, stops them all.
#include <algorithm>
#include <utility>

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
  std::vector<Instant> latest = latest_end_by_room();
  bool seated = false;
  const std::vector<std::pair<std::int32_t, JobId>> in_order(waiting_shares_.begin(), waiting_shares_.end());
  for (const auto& [urgency, id] : in_order) {
    const MilliGpus share = asked(id).share;
    if (share > shared_.largest_room()) continue;
    const bool first = setup_->shares_always_join || waiting_in_order_.begin()->second == id;
    if (!first && shortest_end(id, now) > latest[static_cast<std::size_t>(share.value)]) continue;
    const auto [least, fresh] = no_room_for.try_emplace(traits(id).speed_by_group, kWholeGpu);
    if (share >= least->second) continue;
    std::vector<Room> rooms = rooms_for(id);
    if (rooms.empty()) least->second = share;
    if (!first)
      std::erase_if(rooms, [&](const Room& r) { return end_after(now, wall(estimate_left(id), r.speed)) > r.end; });
    if (!sit(id, rooms, now)) continue;
    seated = true;
    latest = latest_end_by_room();
  }
  return seated;
}

// When the last shared GPU with so many thousandths of room, or more, is expected to come free: a job that would
// end later joins none.
std::vector<Instant> TrainingRuntime::latest_end_by_room() const {
  std::vector<Instant> latest(static_cast<std::size_t>(kWholeGpu.value) + 1);
  for (const SharedGpus::Gpu* g : shared_.with_room(MilliGpus{1})) {
    Instant& end = latest[static_cast<std::size_t>(g->room.value)];
    end = std::max(end, expected_end(*g));
  }
  for (std::size_t room = latest.size() - 1; room-- > 0;) latest[room] = std::max(latest[room], latest[room + 1]);
  return latest;
}

// On the GPUs it is fastest on.
Instant TrainingRuntime::shortest_end(JobId id, Instant now) const {
  const std::vector<double>& speeds = traits(id).speed_by_group;
  const double fastest = speeds.empty() ? 1.0 : *std::max_element(speeds.begin(), speeds.end());
  return fastest > 0 ? end_after(now, wall(estimate_left(id), fastest)) : Instant::never();
}

std::vector<TrainingRuntime::Room> TrainingRuntime::rooms_for(JobId id) const {
  std::vector<Room> rooms;
  for (const SharedGpus::Gpu* g : shared_.with_room(asked(id).share)) {
    const Node& node = cluster_->nodes[g->node.index];
    const double speed = speed_on(traits(id), node.group);
    if (gpus_->closed(g->node) || jobs_[g->holder.index].leaving || speed <= 0) continue;
    rooms.push_back({{g->node, node.group, node.leaf, g->room}, g->id, speed, expected_end(*g)});
  }
  return rooms;
}

// False: there is no room for it, or the placement wants none of it.
bool TrainingRuntime::sit(JobId id, const std::vector<Room>& rooms, Instant now) {
  if (rooms.empty()) return false;
  std::vector<RoomView> views;
  views.reserve(rooms.size());
  for (const Room& r : rooms) views.push_back(r.view);
  const std::optional<std::size_t> chosen = setup_->placement->choose_room(gang_view(id, Gpus{1}), views);
  if (!chosen) return false;
  if (*chosen >= rooms.size()) throw_contract_error(setup_->placement_name, "chooses a room that is not there", now);
  join(id, rooms[*chosen], now);
  return true;
}

void TrainingRuntime::join(JobId id, const Room& room, Instant now) {
  erase_waiting(id);
  const MilliGpus share = asked(id).share;
  JobState& s = state(id);
  s.shared_gpu = room.gpu;
  s.beside_until = Instant::never();
  shared_.join(room.gpu, id, share);
  s.shares = {{room.view.node, Gpus{1}}};
  s.gpus = Gpus{1};
  s.by_group.clear();
  add_to_group(&s, s.shares.front());
  s.speed = room.speed;
  s.held_since = now;
  observers_->tell(&Observer::on_share_start, now, ShareStart{id, room.gpu.index, room.view.node, share, true});
  set_expected_end(id, now);
  begin_run(id, now);
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
  const SharedGpuId gpu = std::exchange(s.shared_gpu, SharedGpuId{});
  const JobId heir = shared_.leave(gpu, id);
  if (heir.valid()) inherit(heir, now);
  if (shared_.is_open(gpu)) show_expected_end(gpu);
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
}

// As of RunningJobView, by its own estimate.
void TrainingRuntime::set_expected_end(JobId id, Instant now) {
  JobState& s = state(id);
  s.expected_end = end_after(now, wall(estimate_left(id), s.speed));
  show_expected_end(s.shared_gpu);
}

void TrainingRuntime::show_expected_end(SharedGpuId gpu) {
  const SharedGpus::Gpu& g = shared_.at(gpu);
  find_running(g.holder)->expected_end = expected_end(g);
}

// The GPU comes free with the last of its jobs.
Instant TrainingRuntime::expected_end(const SharedGpus::Gpu& gpu) const {
  Instant last{};
  for (const SharedGpus::Seat& seat : gpu.seats) last = std::max(last, jobs_[seat.job.index].expected_end);
  return last;
}

}  // namespace jevons
