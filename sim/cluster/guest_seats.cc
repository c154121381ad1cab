// Who sits where.
#include "sim/cluster/guest_seats.h"

#include <algorithm>

namespace jevons {

GuestSeats::GuestSeats(const Cluster& cluster, const Observers* observers)
    : cluster_(&cluster), observers_(observers), nodes_(cluster.nodes.size()) {}

void GuestSeats::open(NodeId node, Gpus seats, Bytes memory, Instant now) {
  CHECK(!is_open(node) && seats > Gpus{0} && seats <= cluster_->group_of(node).gpus_per_node);
  State& s = nodes_[node.index];
  s.seats.assign(static_cast<std::size_t>(seats.value), JobId{});
  s.speed.assign(s.seats.size(), 1.0);
  s.memory = memory;
  s.free = seats;
  free_ += seats;
  ++open_nodes_;
  observers_->tell(&Observer::on_guest_seats, now, node, seats);
}

void GuestSeats::close(NodeId node, Instant now) {
  State& s = nodes_[node.index];
  CHECK(is_open(node) && s.free.value == static_cast<std::int32_t>(s.seats.size()));
  free_ -= s.free;
  s = {};
  --open_nodes_;
  observers_->tell(&Observer::on_guest_seats, now, node, Gpus{0});
}

void GuestSeats::take(JobId job, std::span<const NodeShare> shares, Instant now) {
  for (const NodeShare& share : shares) {
    State& s = nodes_[share.node.index];
    CHECK(share.gpus > Gpus{0} && share.gpus <= s.free);
    Gpus left = share.gpus;
    for (JobId& seat : s.seats) {
      if (left == Gpus{0}) break;
      if (seat.valid()) continue;
      seat = job;
      left -= Gpus{1};
    }
    s.free -= share.gpus;
    free_ -= share.gpus;
    if (on_change_) on_change_(share.node, now);
  }
}

void GuestSeats::give_back(JobId job, std::span<const NodeShare> shares, Instant now) {
  for (const NodeShare& share : shares) {
    State& s = nodes_[share.node.index];
    for (JobId& seat : s.seats) {
      if (seat != job) continue;
      seat = JobId{};
      s.free += Gpus{1};
      free_ += Gpus{1};
    }
    if (on_change_) on_change_(share.node, now);
  }
}

std::vector<JobId> GuestSeats::guests(NodeId node) const {
  std::vector<JobId> jobs;
  for (const JobId seat : on(node)) {
    if (seat.valid()) jobs.push_back(seat);
  }
  std::sort(jobs.begin(), jobs.end());
  jobs.erase(std::unique(jobs.begin(), jobs.end()), jobs.end());
  return jobs;
}

std::vector<NodeView> GuestSeats::offered(Bytes memory) const {
  std::vector<NodeView> nodes;
  if (!any_free()) return nodes;
  for (const Node& n : cluster_->nodes) {
    const State& s = nodes_[n.id.index];
    if (s.free == Gpus{0} || memory > s.memory) continue;
    nodes.push_back({n.id, n.group, n.leaf, Gpus{static_cast<std::int32_t>(s.seats.size())}, s.free});
  }
  return nodes;
}

void GuestSeats::set_speeds(NodeId node, std::vector<double> by_gpu) {
  CHECK(by_gpu.size() == nodes_[node.index].seats.size());
  nodes_[node.index].speed = std::move(by_gpu);
}

double GuestSeats::speed_of(JobId job, std::span<const NodeShare> shares) const {
  double slowest = 1;
  for (const NodeShare& share : shares) {
    const State& s = nodes_[share.node.index];
    for (std::size_t i = 0; i < s.seats.size(); ++i) {
      if (s.seats[i] == job) slowest = std::min(slowest, s.speed[i]);
    }
  }
  return slowest;
}

}  // namespace jevons
