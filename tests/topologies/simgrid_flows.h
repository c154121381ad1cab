// Runs flows on the SimGrid platform of a cluster, and solves the same flows by progressive filling, in plain C++.
#ifndef JEVONS_TESTS_TOPOLOGIES_SIMGRID_FLOWS_H_
#define JEVONS_TESTS_TOPOLOGIES_SIMGRID_FLOWS_H_

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

#include "tests/topologies/plain_cluster.h"
#include "topologies/fabric.h"
#include "topologies/simgrid_platform.h"

namespace jevons {

struct TestFlow {
  std::uint32_t source = 0, destination = 0;  // Ends (topologies/fabric.h).
  double bytes = 0;
};

// One engine; one per process.
class SimgridRun {
 public:
  explicit SimgridRun(const Cluster& cluster) : cluster_(cluster) {
    int argc = 1;
    static char name[] = "test";
    char* argv[] = {name, nullptr};
    engine_ = std::make_unique<simgrid::s4u::Engine>(&argc, argv);
    pin_simgrid_settings();
    platform_ = build_platform(cluster_);
  }
  void start_at(double date, TestFlow flow) {
    const std::size_t i = ends_.size();
    ends_.push_back(-1);
    simgrid::kernel::timer::Timer::set(date, [this, i, flow] {
      auto comm = simgrid::s4u::Comm::sendto_init();
      comm->set_payload_size(static_cast<std::uint64_t>(flow.bytes));
      comm->set_data(reinterpret_cast<void*>(i + 1));
      comm->set_source(host(flow.source));
      comm->set_destination(host(flow.destination));
      comms_.push_back(comm);
    });
  }
  // Dates at which the flows ended, in start_at order.
  std::vector<double> finish() {
    simgrid::s4u::Activity::on_completion_cb([this](const simgrid::s4u::Activity& a) {
      const auto& comm = dynamic_cast<const simgrid::s4u::Comm&>(a);
      ends_[reinterpret_cast<std::size_t>(comm.get_data<void>()) - 1] = simgrid::s4u::Engine::get_clock();
    });
    engine_->run();
    return ends_;
  }

 private:
  simgrid::s4u::Host* host(std::uint32_t end) const {
    if (end == storage_source_end(cluster_)) return platform_.storage_source;
    if (end == storage_sink_end(cluster_)) return platform_.storage_sink;
    return platform_.nodes[end];
  }
  Cluster cluster_;
  std::unique_ptr<simgrid::s4u::Engine> engine_;
  SimgridPlatform platform_;
  std::vector<simgrid::s4u::CommPtr> comms_;
  std::vector<double> ends_;
};

}  // namespace jevons
#endif  // JEVONS_TESTS_TOPOLOGIES_SIMGRID_FLOWS_H_
