// Flows on SimGrid 3.32: detached communications started from the maestro, ends through the completion signal.
#include "sim/network/flows.h"

#include <cmath>
#include <deque>
#include <map>
#include <simgrid/s4u.hpp>

#include "topologies/simgrid_compat.h"
#include "topologies/simgrid_platform.h"

namespace jevons {
namespace {

namespace s4u = simgrid::s4u;

struct Flow {
  FlowOwner* owner = nullptr;
  s4u::Host* from = nullptr;
  s4u::Host* to = nullptr;
  Bytes bytes;
  s4u::CommPtr comm;      // Null until started and again when finished.
  bool finished = false;  // All bytes delivered; its owner is told at the end of the nanosecond.
};

// SimGrid wants a host and a name for the program before any platform exists.
s4u::Engine* make_engine() {
  static char name[] = "jevons";
  static char* argv[] = {name, nullptr};
  int argc = 1;
  auto* engine = new s4u::Engine(&argc, argv);  // SimGrid keeps it for the life of the process.
  pin_simgrid_settings();
  return engine;
}

}  // namespace

struct Flows::Impl {
  Calendar* calendar;
  const Observers* observers;
  SimgridPlatform platform;
  Slot touch_slot, done_slot;
  std::map<std::uint64_t, Flow> flows;  // In flight or about to start; ordered, so cuts are too.
  std::vector<std::uint64_t> starting, cutting;
  std::deque<std::pair<Instant, std::uint64_t>> done;  // In order of time.
  std::vector<s4u::CommPtr> graveyard;                 // SimGrid still uses a comm inside its completion signal.
  std::uint64_t next_id = 1;

  std::uint64_t add(s4u::Host* from, s4u::Host* to, Bytes bytes, FlowOwner* owner, Instant now) {
    const std::uint64_t id = next_id++;
    flows[id] = {owner, from, to, bytes, nullptr, false};
    starting.push_back(id);
    calendar->schedule(touch_slot, now);
    observers->tell(&Observer::on_flow_start, now, id, bytes);
    return id;
  }

  void start(std::uint64_t id, Instant now) {
    const auto it = flows.find(id);
    if (it == flows.end()) return;  // Cut at the instant it was to start.
    Flow& f = it->second;
    if (f.bytes.value == 0) return finish_at(now, id);  // SimGrid never starts an empty communication.
    f.comm = s4u::Comm::sendto_init();
    f.comm->set_payload_size(static_cast<std::uint64_t>(f.bytes.value));
    f.comm->set_data(reinterpret_cast<void*>(static_cast<std::uintptr_t>(id)));
    f.comm->set_source(f.from);
    f.comm->set_destination(f.to);  // Starts by itself.
  }

  void finish_at(Instant at, std::uint64_t id) {
    at = std::max(at, calendar->now());
    done.emplace_back(at, id);
    flows[id].finished = true;
    if (!calendar->pending(done_slot)) calendar->schedule(done_slot, at);
  }

  void completed(const s4u::Activity& activity) {
    const auto id = reinterpret_cast<std::uintptr_t>(activity.get_data<void>());
    const auto it = flows.find(id);
    if (it == flows.end() || it->second.comm.get() != &activity) return;
    graveyard.push_back(std::move(it->second.comm));
    const double ns = std::ceil(s4u::Engine::get_clock() * 1e9);
    finish_at(Instant{static_cast<std::int64_t>(ns)}, id);
  }

  void end_flow(Instant now, std::map<std::uint64_t, Flow>::iterator it) {
    const auto [id, f] = *it;
    Bytes delivered = f.finished ? f.bytes : Bytes{0};
    if (f.comm != nullptr) {
      const double remaining = f.comm->get_remaining();
      delivered = f.bytes - Bytes{std::llround(std::min(remaining, static_cast<double>(f.bytes.value)))};
      graveyard.push_back(f.comm);
    }
    flows.erase(it);  // Before the cancellation: its signal must not find it.
    if (f.comm != nullptr) f.comm->cancel();
    observers->tell(&Observer::on_flow_end, now, id, delivered, false);
  }
};

Flows::Flows(const Cluster& cluster, Calendar* calendar, const Observers* observers) : impl_(new Impl) {
  impl_->calendar = calendar;
  impl_->observers = observers;
  make_engine();
  impl_->platform = build_platform(cluster);
  impl_->touch_slot = calendar->add_slot(EventKind::kTouch, 0);
  impl_->done_slot = calendar->add_slot(EventKind::kFlowDone, 0);
  auto on_completion = [impl = impl_.get()](const s4u::Activity& a) { impl->completed(a); };
#if SIMGRID_VERSION >= 33400
  s4u::Comm::on_completion_cb(on_completion);
#else
  s4u::Activity::on_completion_cb(on_completion);
#endif
}

Flows::~Flows() = default;

std::uint64_t Flows::read_storage(NodeId to, Bytes bytes, FlowOwner* owner, Instant now) {
  return impl_->add(impl_->platform.storage_source, impl_->platform.nodes[to.index], bytes, owner, now);
}

std::uint64_t Flows::write_storage(NodeId from, Bytes bytes, FlowOwner* owner, Instant now) {
  return impl_->add(impl_->platform.nodes[from.index], impl_->platform.storage_sink, bytes, owner, now);
}

void Flows::cut(std::uint64_t flow, Instant now) {
  const auto it = impl_->flows.find(flow);
  if (it == impl_->flows.end()) return;
  it->second.owner = nullptr;
  impl_->cutting.push_back(flow);
  impl_->calendar->schedule(impl_->touch_slot, now);
}

void Flows::on_touch(Instant now) {
  for (const std::uint64_t id : std::exchange(impl_->cutting, {})) {
    const auto it = impl_->flows.find(id);
    if (it != impl_->flows.end()) impl_->end_flow(now, it);
  }
  for (const std::uint64_t id : std::exchange(impl_->starting, {})) impl_->start(id, now);
}

void Flows::on_flow_done(Instant now) {
  while (!impl_->done.empty() && impl_->done.front().first <= now) {
    const std::uint64_t id = impl_->done.front().second;
    impl_->done.pop_front();
    const auto it = impl_->flows.find(id);
    if (it == impl_->flows.end()) continue;
    const Flow f = it->second;
    impl_->flows.erase(it);
    impl_->observers->tell(&Observer::on_flow_end, now, id, f.bytes, true);
    if (f.owner != nullptr) f.owner->flow_done(id, now);
  }
  if (!impl_->done.empty()) impl_->calendar->schedule(impl_->done_slot, impl_->done.front().first);
}

void Flows::on_round() { impl_->graveyard.clear(); }

void Flows::end(Instant now) {
  while (!impl_->flows.empty()) impl_->end_flow(now, impl_->flows.begin());
  impl_->starting.clear();
  impl_->cutting.clear();
  impl_->done.clear();
}

}  // namespace jevons
