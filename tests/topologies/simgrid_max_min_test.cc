// 200 random fabrics and flow sets: SimGrid against max-min fairness by progressive filling, written from its
// definition.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "base/rng.h"
#include "tests/topologies/simgrid_flows.h"

namespace jevons {
namespace {

struct Flow {
  std::vector<std::string> links;
  double start = 0, left = 0, rate = 0, end = -1;
};

// The links of a flow by name and their capacities, from the definition of the fabric, not from the zone's code.
std::vector<std::string> path(const Cluster& c, const TestFlow& f, std::map<std::string, double>* capacity) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name, double rate) {
    (*capacity)[name] = rate;
    out.push_back(name);
  };
  const bool from_node = f.source < c.nodes.size(), to_node = f.destination < c.nodes.size();
  if (from_node && f.source == f.destination) {
    add("in" + std::to_string(f.source), intra_node_bytes_per_s(c, NodeId{f.source}));
    return out;
  }
  if (from_node)
    add("up" + std::to_string(f.source), c.groups[0].nic_bytes_per_s);
  else
    add("read", c.storage.read_bytes_per_s);
  const std::uint32_t leaf_a =
      from_node ? f.source / static_cast<std::uint32_t>(c.fabric.nodes_per_leaf.value) : UINT32_MAX;
  const std::uint32_t leaf_b =
      to_node ? f.destination / static_cast<std::uint32_t>(c.fabric.nodes_per_leaf.value) : UINT32_MAX;
  const double trunk =
      c.groups[0].nic_bytes_per_s * c.fabric.nodes_per_leaf.value / (c.fabric.oversubscription * c.fabric.spines);
  if (leaf_a != leaf_b) {
    const std::string spine = "-" + std::to_string(spine_of(c, f.source, f.destination));
    if (from_node) add("leaf-up" + std::to_string(leaf_a) + spine, trunk);
    if (to_node) add("leaf-down" + std::to_string(leaf_b) + spine, trunk);
  }
  if (to_node)
    add("down" + std::to_string(f.destination), c.groups[0].nic_bytes_per_s);
  else
    add("write", c.storage.write_bytes_per_s);
  return out;
}

// Raise all rates together; whoever crosses a full link stops rising.
void share(std::vector<Flow*> active, const std::map<std::string, double>& capacity) {
  std::map<std::string, double> left = capacity;
  while (!active.empty()) {
    std::map<std::string, int> users;
    for (const Flow* f : active) {
      for (const auto& l : f->links) ++users[l];
    }
    double level = std::numeric_limits<double>::infinity();
    for (const auto& [l, n] : users) level = std::min(level, left[l] / n);
    std::set<std::string> full;
    for (const auto& [l, n] : users) {
      if (left[l] / n <= level * (1 + 1e-12)) full.insert(l);
    }
    std::vector<Flow*> rising;
    for (Flow* f : active) {
      const bool stops = std::any_of(f->links.begin(), f->links.end(), [&](const auto& l) { return full.contains(l); });
      if (!stops) {
        rising.push_back(f);
        continue;
      }
      f->rate = level;
      for (const auto& l : f->links) left[l] -= level;
    }
    active = rising;
  }
}

void solve(std::vector<Flow>* flows, const std::map<std::string, double>& capacity) {
  double now = 0;
  for (;;) {
    std::vector<Flow*> active;
    double next = std::numeric_limits<double>::infinity();
    for (Flow& f : *flows) {
      if (f.end >= 0) continue;
      if (f.start <= now)
        active.push_back(&f);
      else
        next = std::min(next, f.start);
    }
    if (active.empty() && !std::isfinite(next)) return;
    share(active, capacity);
    for (const Flow* f : active) next = std::min(next, now + f->left / f->rate);
    for (Flow* f : active) {
      f->left -= f->rate * (next - now);
      if (f->left <= 1e-3) f->end = next;  // A thousandth of a byte is rounding.
    }
    now = next;
  }
}

// True if SimGrid and the reference agree within 1e-6 of each flow's own duration.
bool agrees(std::uint64_t seed) {
  RandomStream r(seed, "flows");
  const auto nodes = static_cast<std::int32_t>(2 + r.below(24));
  Cluster c =
      plain_cluster(nodes, 10e9 * static_cast<double>(1 + r.below(40)), static_cast<std::int32_t>(1 + r.below(8)),
                    static_cast<std::int32_t>(1 + r.below(4)), 1 + static_cast<double>(r.below(4)));
  c.storage.read_bytes_per_s = 20e9 * static_cast<double>(1 + r.below(10));
  c.storage.write_bytes_per_s = 10e9 * static_cast<double>(1 + r.below(10));
  std::map<std::string, double> capacity;
  std::vector<Flow> flows(1 + r.below(40));
  SimgridRun run(c);
  for (Flow& f : flows) {
    const auto any = [&] { return static_cast<std::uint32_t>(r.below(static_cast<std::uint64_t>(nodes))); };
    TestFlow t{any(), any(), std::floor(1e6 + r.uniform() * 1e10)};
    if (r.below(5) == 0)
      t.source = storage_source_end(c);
    else if (r.below(5) == 0)
      t.destination = storage_sink_end(c);
    f.links = path(c, t, &capacity);
    f.start = r.below(3) == 0 ? 0 : r.uniform();
    f.left = t.bytes;
    run.start_at(f.start, t);
  }
  const auto ends = run.finish();
  solve(&flows, capacity);
  for (std::size_t i = 0; i < flows.size(); ++i) {
    if (std::abs(ends[i] - flows[i].end) > 1e-6 * (flows[i].end - flows[i].start)) {
      std::fprintf(stderr, "seed %llu flow %zu: SimGrid %.12f, reference %.12f, start %.12f\n",
                   static_cast<unsigned long long>(seed), i, ends[i], flows[i].end, flows[i].start);
      return false;
    }
  }
  return true;
}

// SimGrid allows one engine a process, so every case is a fork of its own.
void check_seeds(std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t seed = first; seed < last; ++seed) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const bool ok = agrees(seed);
      _exit(ok ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "seed " << seed;
  }
}

TEST(SimgridMaxMin, RandomFlowSets0To99) { check_seeds(0, 100); }
TEST(SimgridMaxMin, RandomFlowSets100To199) { check_seeds(100, 200); }

}  // namespace
}  // namespace jevons
