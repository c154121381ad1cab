// --set path=value.
#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

class Overrides : public ScenarioTest {
 protected:
  // The line of the resolved scenario that holds `key`, after `set`.
  std::string line(const std::vector<std::string>& set, const std::string& key) {
    const auto s = load("s.yaml", kGoodYaml, set);
    if (!s) return short_error(s.error());
    const std::string yaml = s->resolved_yaml();
    const std::size_t at = yaml.find(key);
    if (at == std::string::npos) return "no " + key;
    return yaml.substr(at, yaml.find('\n', at) - at);
  }
  std::string error(const std::string& set) { return error_of("s.yaml", kGoodYaml, {set}); }
};

TEST_F(Overrides, SetOneField) {
  EXPECT_EQ(line({"seed=7"}, "seed:"), "seed: 7");
  EXPECT_EQ(line({"serving.pools[0].slo.ttft=1.5s"}, "ttft:"), "ttft: 1500ms");
  EXPECT_EQ(line({"serving.pools[chat].slo.ttft=3s"}, "ttft:"), "ttft: 3s");
  EXPECT_EQ(line({"cluster.groups[a100].nodes=1"}, "nodes: 1"), "nodes: 1");
  EXPECT_EQ(line({"energy.usd_per_kwh=0.1"}, "usd_per_kwh"), "usd_per_kwh: 0.1");
  EXPECT_EQ(line({"policies[loan].allocator.params.headroom=5"}, "headroom"), "headroom: 5");
  EXPECT_EQ(line({"policies[loan].allocator.params.lend_after=1min"}, "lend_after"), "lend_after: 1min");
  EXPECT_EQ(line({"requests.streams[talk].generate.output=7"}, "constant"), "constant: 7");
  EXPECT_EQ(line({"description=a = b"}, "description"), "description: \"a = b\"");
}

TEST_F(Overrides, LastOneWins) { EXPECT_EQ(line({"seed=7", "seed=8"}, "seed:"), "seed: 8"); }

TEST_F(Overrides, SetAWholeListOrMessage) {
  const auto s = load("s.yaml", kGoodYaml, {"policies=[training_first, {label: b, allocator: static_split}]"});
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_EQ(s->policy_labels(), (std::vector<std::string>{"training_first", "b"}));
  EXPECT_EQ(line({"serving.pools[0].slo={e2e: 9s}"}, "e2e"), "e2e: 9s");
  EXPECT_EQ(line({"serving.pools[0].slo={e2e: 9s}"}, "ttft"), "ttft: 0s");
  EXPECT_EQ(line({"policies[1]=training_first"}, "label: training"), "label: training_first");
}

TEST_F(Overrides, Errors) {
  EXPECT_EQ(error("seed"), "--set seed: expected path=value");
  EXPECT_EQ(error("=3"), "--set =3: expected a path like serving.pools[0].slo.ttft, got ''");
  EXPECT_EQ(error("sed=3"), "--set sed=3: unknown field 'sed' in a scenario (did you mean 'seed'?)");
  EXPECT_EQ(error("seed=three"), "--set seed=three: expected a whole number, got 'three'");
  EXPECT_EQ(error("seed=3\nname: x"), "--set seed=3\nname: x: not a value");
  EXPECT_EQ(error("seed[0]=3"), "--set seed[0]=3: seed is not a list");
  EXPECT_EQ(error("seed.x=3"), "--set seed.x=3: seed has no fields of its own");
  EXPECT_EQ(error("cluster.groups[9].nodes=3"),
            "--set cluster.groups[9].nodes=3: cluster.groups has 2 elements, no [9]");
  EXPECT_EQ(error("cluster.groups[h10].nodes=3"),
            "--set cluster.groups[h10].nodes=3: cluster.groups has no element 'h10' (did you mean 'h100'?)");
  EXPECT_EQ(error("cluster.groups.nodes=3"),
            "--set cluster.groups.nodes=3: cluster.groups is a list (expected cluster.groups[0] or [a name])");
  EXPECT_EQ(
      error("cluster.groups[0.nodes=3"),
      "--set cluster.groups[0.nodes=3: expected a path like serving.pools[0].slo.ttft, got 'cluster.groups[0.nodes'");
  EXPECT_EQ(error("cluster..groups=3"),
            "--set cluster..groups=3: expected a path like serving.pools[0].slo.ttft, got 'cluster..groups'");
  EXPECT_EQ(error("policies[loan].allocator.params={headroom: [1]}"),
            "--set policies[loan].allocator.params={headroom: [1]}: expected a single value, got a list");
  EXPECT_EQ(error("policies[loan].allocator.params.headroom.x=1"),
            "--set policies[loan].allocator.params.headroom.x=1: expected policies[1].allocator.params.NAME=value");
}

TEST_F(Overrides, BadValuesNameTheOverride) {
  EXPECT_EQ(error("serving.pools[0].slo.ttft=2"),
            "--set serving.pools[0].slo.ttft=2: serving.pools[0].slo.ttft: expected a duration with a unit (ns, us, "
            "ms, s, min, h, d), got '2'");
  EXPECT_EQ(error("serving.pools[0].initial_nodes=9"),
            "--set serving.pools[0].initial_nodes=9: serving.pools[0].initial_nodes: expected min_nodes to max_nodes "
            "(1 to 4), got 9");
  EXPECT_EQ(error("policies[1].allocator.params.headroom=x"),
            "--set policies[1].allocator.params.headroom=x: policies[1].allocator.params.headroom: expected a whole "
            "number from 0 to 1048576, got 'x'");
  EXPECT_EQ(error("policies=[{label: a, allocator: nobody}]"),
            "--set policies=[{label: a, allocator: nobody}]: policies[0].allocator.name: unknown policy 'nobody' "
            "(known: autoscale, capacity_loan, colocate, forecast, harvest, marginal_value, oracle, priority_reclaim, "
            "schedule, slo_feedback, static_split, training_first)");
}

}  // namespace
}  // namespace jevons
