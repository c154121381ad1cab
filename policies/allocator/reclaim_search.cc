// Which nodes of training jobs to empty: the cheapest set, by branch and bound.
#include "policies/allocator/reclaim_search.h"

#include <algorithm>

namespace jevons {
namespace {

constexpr int kMostSteps = 40'000;

// The most nodes that can be emptied without stopping more jobs than are stopped.
class Packing {
 public:
  Packing(std::span<const VictimView> jobs, const Occupancy& occupancy, int* steps)
      : jobs_(jobs), occupancy_(occupancy), steps_(steps), alone_(jobs.size()), slack_(jobs.size()) {}

  // Returns early with fewer if the limit of steps is reached.
  const std::vector<std::uint32_t>& most(const std::vector<char>& stopped) {
    stopped_ = &stopped;
    sort_nodes();
    best_.clear();
    taken_.clear();
    descend(0);
    best_.insert(best_.end(), free_.begin(), free_.end());
    return best_;
  }

 private:
  struct Single {
    std::int32_t gpus;
    std::uint32_t node;
    friend auto operator<=>(const Single&, const Single&) = default;
  };

  // Nodes nobody is left on are free; those of one elastic job are that job's own matter; those of several are
  // contested; the others stay.
  void sort_nodes() {
    free_.clear();
    contested_.clear();
    for (std::size_t j = 0; j < jobs_.size(); ++j) {
      alone_[j].clear();
      slack_[j] = jobs_[j].min_gpus > Gpus{0} ? std::max(0, (jobs_[j].gpus - jobs_[j].min_gpus).value) : 0;
    }
    for (std::uint32_t node = 0; node < occupancy_.nodes(); ++node) {
      std::size_t staying = 0;
      bool can = true;
      Occupancy::Use last{};
      for (const Occupancy::Use use : occupancy_.on(node)) {
        if ((*stopped_)[use.at] != 0) continue;
        ++staying;
        last = use;
        can = can && use.gpus.value <= slack_[use.at];
      }
      if (staying == 0) {
        free_.push_back(node);
      } else if (can && staying == 1) {
        alone_[last.at].push_back({last.gpus.value, node});
      } else if (can) {
        contested_.push_back(node);
      }
    }
    for (auto& nodes : alone_) std::sort(nodes.begin(), nodes.end());
  }

  // Each job gives up the nodes on which it has least, as many as it can.
  void take_alone(std::vector<std::uint32_t>* nodes) const {
    for (std::size_t j = 0; j < alone_.size(); ++j) {
      std::int32_t slack = slack_[j];
      for (const Single& single : alone_[j]) {
        if (single.gpus > slack) break;
        slack -= single.gpus;
        nodes->push_back(single.node);
      }
    }
  }

  void descend(std::size_t next) {
    if (++*steps_ > kMostSteps && !best_.empty()) return;
    std::vector<std::uint32_t> all = taken_;
    take_alone(&all);
    const std::size_t bound = all.size() + contested_.size() - next;  // Contested nodes only lower what is alone.
    if (all.size() > best_.size()) best_ = all;
    if (next == contested_.size() || bound <= best_.size()) return;
    const std::uint32_t node = contested_[next];
    const auto staying = [&](Occupancy::Use use) { return (*stopped_)[use.at] == 0; };
    bool can = true;
    for (const Occupancy::Use use : occupancy_.on(node))
      can = can && (!staying(use) || use.gpus.value <= slack_[use.at]);
    if (can) {
      for (const Occupancy::Use use : occupancy_.on(node))
        if (staying(use)) slack_[use.at] -= use.gpus.value;
      taken_.push_back(node);
      descend(next + 1);
      taken_.pop_back();
      for (const Occupancy::Use use : occupancy_.on(node))
        if (staying(use)) slack_[use.at] += use.gpus.value;
    }
    descend(next + 1);
  }

  std::span<const VictimView> jobs_;
  const Occupancy& occupancy_;
  int* steps_;
  const std::vector<char>* stopped_ = nullptr;
  std::vector<std::vector<Single>> alone_;  // By job.
  std::vector<std::int32_t> slack_;         // By job.
  std::vector<std::uint32_t> free_, contested_, taken_, best_;
};

class Search {
 public:
  Search(std::span<const VictimView> jobs, const Occupancy& occupancy, std::int64_t wanted)
      : jobs_(jobs),
        occupancy_(occupancy),
        wanted_(wanted),
        packing_(jobs, occupancy, &steps_),
        stopped_(jobs.size(), 0) {
    for (std::uint32_t j = 0; j < jobs.size(); ++j) {
      if (!occupancy.of(j).empty()) order_.push_back(j);
    }
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return loss(a) * nodes_of(b) < loss(b) * nodes_of(a); });
  }

  std::vector<std::uint32_t> best(std::vector<std::uint32_t> known) {
    best_ = std::move(known);
    best_cost_ = cost_of(best_);
    descend(0, 0);
    return std::move(best_);
  }

 private:
  Int128 loss(std::uint32_t job) const { return jobs_[job].lost_if_stopped.gpu_ns; }
  std::int64_t nodes_of(std::uint32_t job) const { return std::ssize(occupancy_.of(job)); }

  Int128 cost_of(const std::vector<std::uint32_t>& nodes) const {
    std::vector<std::int64_t> asked(jobs_.size(), 0);
    for (const std::uint32_t node : nodes)
      for (const Occupancy::Use use : occupancy_.on(node)) asked[use.at] += use.gpus.value;
    Int128 cost = 0;
    for (std::uint32_t j = 0; j < jobs_.size(); ++j) {
      const std::int64_t slack = jobs_[j].min_gpus > Gpus{0} ? (jobs_[j].gpus - jobs_[j].min_gpus).value : 0;
      if (asked[j] > std::max<std::int64_t>(0, slack)) cost += loss(j);
    }
    return cost;
  }

  // Whether stopping jobs of order_[next..) can return `missing` nodes for less than `budget`.  Stopping a job returns
  // at most the nodes it is on, so fractions of the cheapest per node are a bound.
  bool promising(std::size_t next, std::int64_t missing, Int128 budget) const {
    for (; next < order_.size(); ++next) {
      const std::int64_t nodes = nodes_of(order_[next]);
      if (nodes >= missing) return loss(order_[next]) * missing < budget * nodes;
      missing -= nodes;
      budget -= loss(order_[next]);
      if (budget <= 0) return false;
    }
    return false;
  }

  void descend(std::size_t next, Int128 cost) {
    if (++steps_ > kMostSteps) return;
    const std::vector<std::uint32_t>& nodes = packing_.most(stopped_);
    if (std::ssize(nodes) >= wanted_) {
      if (cost < best_cost_) {
        best_cost_ = cost;
        best_ = nodes;
      }
      return;
    }
    const std::int64_t missing = wanted_ - std::ssize(nodes);
    for (; promising(next, missing, best_cost_ - cost); ++next) {
      const std::uint32_t job = order_[next];
      stopped_[job] = 1;
      descend(next + 1, cost + loss(job));
      stopped_[job] = 0;
    }
  }

  std::span<const VictimView> jobs_;
  const Occupancy& occupancy_;
  std::int64_t wanted_;
  int steps_ = 0;
  Packing packing_;
  std::vector<char> stopped_;
  std::vector<std::uint32_t> order_;  // Jobs that have nodes, the cheapest per node first.
  std::vector<std::uint32_t> best_;
  Int128 best_cost_ = 0;
};

}  // namespace

std::vector<std::uint32_t> cheapest_nodes(std::span<const VictimView> jobs, const Occupancy& occupancy,
                                          std::int64_t wanted, std::vector<std::uint32_t> known) {
  return Search(jobs, occupancy, wanted).best(std::move(known));
}

}  // namespace jevons
