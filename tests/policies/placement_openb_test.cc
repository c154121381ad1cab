// Fragmentation on the cluster of fgd's paper: Alibaba's openb nodes (6,212 GPUs), filled with its pods.
//
// Pods are drawn at random, as the paper inflates its trace (Weng et al., ATC'23, section 6.1).  Those of whole GPUs
// fill the cluster up to `load`; from then on one drawn among the running ones leaves whenever the next would go
// beyond.  All of them, those that share a GPU too, fill it until it is full.  CPUs, memory and GPU types are left out,
// so the paper's figures are not comparable; the order of the policies is.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "base/text.h"
#include "policies/placement/fragmentation.h"
#include "tests/policies/placement_instances.h"

namespace jevons::testing {
namespace {

std::filesystem::path traces_folder() {
  const char* data = std::getenv("JEVONS_DATA");
  const std::filesystem::path root = data != nullptr ? data : JEVONS_SOURCE_DIR "/../shared/data";
  return root / "traces";
}
std::filesystem::path nodes_file() { return traces_folder() / "cluster" / "openb_node_list_all_node.csv.zst"; }
std::filesystem::path pods_file() { return traces_folder() / "jobs" / "openb_pod_list_default.csv.zst"; }

std::vector<std::vector<std::string>> read_rows(const std::filesystem::path& path) {
  auto file = FileReader::open(path.string());
  CHECK(file.ok());
  LineReader lines(std::move(*file));
  std::vector<std::vector<std::string>> rows;
  for (std::string_view line; *lines.next(&line);) {
    std::vector<std::string>& row = rows.emplace_back(1);
    for (const char c : line) c == ',' ? static_cast<void>(row.emplace_back()) : row.back().push_back(c);
  }
  rows.erase(rows.begin());  // The header.
  return rows;
}
int number(const std::string& text) { return static_cast<int>(*parse_int64(text)); }

// sn,cpu_milli,memory_mib,gpu,model.  One group: a pod may run on any GPU, as most of them do in the trace.
std::vector<NodeView> read_nodes() {
  std::vector<NodeView> nodes;
  for (const auto& row : read_rows(nodes_file())) {
    const int gpus = number(row.at(3));
    if (gpus > 0) nodes.push_back(node(static_cast<std::uint32_t>(nodes.size()), gpus, 0, 0, gpus));
  }
  return nodes;
}
// name,cpu_milli,memory_mib,num_gpu,gpu_milli,...
std::vector<Gpus> read_whole_gpu_pods() {
  std::vector<Gpus> pods;
  for (const auto& row : read_rows(pods_file())) {
    if (number(row.at(3)) > 0 && number(row.at(4)) == 1'000) pods.push_back(Gpus{number(row.at(3))});
  }
  return pods;
}

struct Outcome {
  double fragments = 0;  // Mean share of the free GPUs that a pod drawn at random cannot use.
  int split = 0;         // Pods that got GPUs of several nodes, which a real pod could not.
};

struct OpenbCluster {
  std::vector<NodeView> nodes = read_nodes();
  std::vector<std::vector<NodeShare>> running;
  int busy = 0, gpus = 0;

  OpenbCluster() {
    for (const NodeView& n : nodes) gpus += n.total.value;
  }
  void change_free(const std::vector<NodeShare>& shares, int sign) {
    for (const NodeShare& s : shares) {
      nodes[s.node.index].free += sign * s.gpus;
      busy -= sign * s.gpus.value;
    }
  }
  double fragments(const Fragmentation& f, std::size_t classes) const {
    std::int64_t lost = 0;
    for (const NodeView& n : nodes) lost += f.of(n.total, n.free);
    return static_cast<double>(lost) / static_cast<double>(classes) / std::max(1, gpus - busy);
  }
};

Outcome run(const std::string& policy, double load) {
  constexpr int kPods = 12'000;
  const std::vector<Gpus> pods = read_whole_gpu_pods();
  const Fragmentation f(pods);
  const auto placement = make_policy(builtins().placements, policy);
  OpenbCluster cluster;
  RandomStream random(41, "openb");
  std::vector<Gpus> recent;
  Outcome out;
  int measured = 0;
  for (int i = 0; i < kPods; ++i) {
    GangView gang(pods[random.below(pods.size())]);
    recent.push_back(gang.gpus);
    gang.recent = recent;
    while (cluster.busy + gang.gpus.value > load * cluster.gpus) {
      auto& leaver = cluster.running[random.below(cluster.running.size())];
      cluster.change_free(leaver, 1);
      std::swap(leaver, cluster.running.back());
      cluster.running.pop_back();
    }
    std::vector<NodeView> idle;
    for (const NodeView& n : cluster.nodes) {
      if (n.free > Gpus{0}) idle.push_back(n);
    }
    std::vector<NodeShare> shares;
    placement->place(gang, idle, &shares);
    out.split += shares.size() > 1 ? 1 : 0;
    cluster.change_free(shares, -1);
    cluster.running.push_back(std::move(shares));
    if (i < kPods / 2) continue;  // Filling up.
    ++measured;
    out.fragments += cluster.fragments(f, pods.size());
  }
  out.fragments /= measured;
  return out;
}

TEST(PlacementOpenb, FgdLeavesTheFewestFragments) {
  if (!std::filesystem::exists(nodes_file()) || !std::filesystem::exists(pods_file()))
    GTEST_SKIP() << "skipped: no data";
  OpenbCluster cluster;
  ASSERT_EQ(cluster.gpus, 6'212);                   // The paper: "over 6,200".
  ASSERT_EQ(read_whole_gpu_pods().size(), 3'986u);  // 3,911 of one GPU, 16 of two, 15 of four, 44 of eight.
  // Measured, of the free GPUs: at 80 % fgd, best_fit and packed 0.044 %, spread 1.8 %; at 95 % fgd 0.124 %, best_fit
  // and packed 0.176 %, spread 1.8 %.
  for (const double load : {0.8, 0.95}) {
    std::map<std::string, Outcome> by_policy;
    for (const std::string policy : {"fgd", "best_fit", "packed", "spread"}) {
      by_policy[policy] = run(policy, load);
      RecordProperty(policy + (load < 0.9 ? "_at_80" : "_at_95"), std::to_string(by_policy[policy].fragments));
    }
    EXPECT_LE(by_policy["fgd"].fragments, by_policy["best_fit"].fragments);
    EXPECT_LE(by_policy["fgd"].fragments, by_policy["packed"].fragments);
    EXPECT_LT(by_policy["fgd"].fragments, by_policy["spread"].fragments);
    EXPECT_EQ(by_policy["fgd"].split, 0);
    EXPECT_GT(by_policy["spread"].split, 0);
  }
}

// With shares, as the paper's experiment: pods drawn at random come and stay until they have asked for 1.3 times the
// GPUs; one that finds no room is lost.  Returns the GPUs handed out, in thousandths.
struct Pod {
  Gpus gpus;
  MilliGpus share;
};
std::vector<Pod> read_pods() {
  std::vector<Pod> pods;
  for (const auto& row : read_rows(pods_file())) {
    if (number(row.at(3)) == 0) continue;
    const int milli = number(row.at(4));
    pods.push_back({Gpus{number(row.at(3))}, MilliGpus{milli < 1000 ? milli : 0}});
  }
  return pods;
}
std::int64_t handed_out(const std::string& policy, std::uint64_t seed) {
  const std::vector<Pod> pods = read_pods();
  const auto placement = make_policy(builtins().placements, policy);
  OpenbCluster cluster;
  std::vector<RoomView> rooms;  // By node, as placements are told; full ones too.
  RandomStream random(seed, "openb");
  std::vector<Gpus> recent;
  std::vector<MilliGpus> recent_shares;
  std::int64_t asked = 0, got = 0;
  while (asked < std::int64_t{1300} * cluster.gpus) {
    const Pod& pod = pods[random.below(pods.size())];
    recent.push_back(pod.gpus);
    recent_shares.push_back(pod.share);
    GangView gang(pod.gpus);
    gang.recent = std::span(recent).last(std::min<std::size_t>(recent.size(), 1000));
    gang.share = pod.share;
    gang.recent_shares = std::span(recent_shares).last(gang.recent.size());
    const std::int64_t milli = pod.share > MilliGpus{0} ? pod.share.value : 1000 * pod.gpus.value;
    asked += milli;
    std::vector<RoomView> fit;
    for (const RoomView& r : rooms) {
      if (pod.share > MilliGpus{0} && r.room >= pod.share) fit.push_back(r);
    }
    if (!fit.empty()) {
      const RoomView& chosen = fit[placement->choose_room(gang, fit).value()];
      const auto same = [&](const RoomView& r) { return r.node == chosen.node && r.room == chosen.room; };
      std::find_if(rooms.begin(), rooms.end(), same)->room -= pod.share;
      got += milli;
      continue;
    }
    std::vector<NodeView> nodes;
    for (const NodeView& n : cluster.nodes) {
      if (n.free >= pod.gpus) nodes.push_back(n);  // A pod runs on one node.
    }
    std::vector<NodeShare> shares;
    placement->place(gang, nodes, &shares);
    if (shares.size() != 1) continue;
    cluster.change_free(shares, -1);
    got += milli;
    if (pod.share == MilliGpus{0}) continue;
    const auto later = [](NodeId id, const RoomView& r) { return id < r.node; };
    rooms.insert(std::upper_bound(rooms.begin(), rooms.end(), shares[0].node, later),
                 {shares[0].node, GroupId{0}, LeafId{0}, kWholeGpu - pod.share});
  }
  return got;
}

// Measured, of 6,212 GPUs, mean of three draws: fgd 96.135 %, best_fit and packed 96.132 %, spread 94.96 %.  CPUs,
// memory and GPU types, which part the policies further in the paper, are left out.
TEST(PlacementOpenb, SharesFillTheGpusBestWithFgd) {
  if (!std::filesystem::exists(nodes_file()) || !std::filesystem::exists(pods_file()))
    GTEST_SKIP() << "skipped: no data";
  std::map<std::string, std::int64_t> sum;
  for (const std::string policy : {"fgd", "best_fit", "packed", "spread"}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) sum[policy] += handed_out(policy, seed);
    RecordProperty(policy, std::to_string(static_cast<double>(sum[policy]) / 3 / 6'212'000));
  }
  EXPECT_GE(sum["fgd"], sum["best_fit"]);
  EXPECT_GE(sum["fgd"], sum["packed"]);
  EXPECT_GT(sum["fgd"], sum["spread"]);
}

}  // namespace
}  // namespace jevons::testing
