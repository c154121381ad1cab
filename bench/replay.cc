// How many requests a second one core replays, and in how much memory.
//
//     replay [--requests N] [--load SHARE] [--step] [--no-look-ahead] [--no-training] [--seed S]
//
// 64 replicas of Llama-3.1-70B on 8 x H100 each (tensor parallel 8), Poisson arrivals, lognormal lengths like Azure's
// 2023 conversation trace, at about 70 % of what the replicas can take; all metrics on.  CPU seconds are those of the
// process, generating the requests included.  Peak memory is the process's.
#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <ctime>

#include "policies/catalogue.h"
#include "sim/simulation.h"
#include "topologies/catalogue.h"
#include "traces/generate/requests.h"

namespace jevons {
namespace {

constexpr int kNodes = 64;
// Means of the Azure 2023 conversation trace (Patel et al., ISCA 2024; shared/data/traces/llm/azure2023_conv_part1).
constexpr double kPromptMean = 1155, kOutputMean = 211;

struct Options {
  std::uint64_t requests = 1'000'000;
  double load = 0.7;
  bool step = false, no_look_ahead = false;
  std::uint64_t seed = 1;
};

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// Requests per second that one replica can sustain: its time for an average request in full batches.
double capacity(const InstancePlan& plan) {
  return 1.0 / (kPromptMean / plan.prefill_tokens_per_s + kOutputMean / plan.decode_tokens_per_s);
}

Inputs make_inputs(const Options& o) {
  const Catalogue catalogue = Catalogue::builtin();
  const Policies policies = builtin_policies();
  NodeGroup group;
  group.name = "h100";
  group.gpu = catalogue.gpu("H100").value();
  group.nodes = {kNodes};
  group.price_usd_per_gpu_hour = group.gpu.price_usd_per_gpu_hour;
  group.nic_bytes_per_s = 8 * group.gpu.nic_bytes_per_s;
  Inputs in;
  in.cluster = make_cluster({group}, {}, {}).value();
  const InstancePlan plan =
      plan_instance(catalogue.model("Llama-3.1-70B").value(), group.gpu, catalogue.stack("vllm_0.15").value(), {})
          .value();
  PoolSetup pool;
  pool.name = "chat";
  pool.instances.push_back({GroupId{0}, plan, Gpus{8}, 1.0});
  pool.initial_nodes = pool.min_nodes = pool.max_nodes = {kNodes};
  pool.slo = {2_s, 50_ms, {}};
  pool.router_name = "least_requests";
  pool.router = std::move(policies.routers.make(pool.router_name, {}, RandomStream(o.seed, "router")).value());
  pool.batcher_name = "vllm_v1";
  pool.batcher = std::move(policies.batchers.make(pool.batcher_name, {}, RandomStream(o.seed, "batcher")).value());
  in.pools.push_back(std::move(pool));

  RequestGeneratorOptions g;
  g.arrivals.rate = o.load * kNodes * capacity(plan);
  g.prompt.law = g.output.law = LengthLaw::kLognormal;
  g.prompt.mean = kPromptMean;
  g.prompt.sigma = 0.9;
  g.prompt.max = {14'050};
  g.output.mean = kOutputMean;
  g.output.sigma = 0.8;
  g.output.max = {2'000};
  g.limit = o.requests;
  in.requests.push_back({"chat", PoolId{0}, std::move(generate_requests(g, o.seed, "chat").value())});

  in.training.speed_by_group = {0.0};
  in.training.queue = std::move(policies.training_queues.make("fcfs", {}, RandomStream(o.seed, "queue")).value());
  in.training.placement = std::move(policies.placements.make("packed", {}, RandomStream(o.seed, "placement")).value());
  in.allocator_name = "static_split";
  in.allocator = std::move(policies.allocators.make(in.allocator_name, {}, RandomStream(o.seed, "allocator")).value());
  in.engine = {.fast_forward = !o.step, .look_ahead = !o.no_look_ahead, .audit = false};
  return in;
}

int run(const Options& o) {
  const double before = cpu_seconds();
  const Result<RunResult> result = simulate(make_inputs(o));
  const double cpu = cpu_seconds() - before;
  if (!result) {
    fmt::print(stderr, "replay: {}\n", result.error().text());
    return 1;
  }
  const ServingResult& s = result->serving;
  const double busy = result->ledger.by_purpose[static_cast<int>(Purpose::kServing)].hours();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("replicas                {} x 8 H100, Llama-3.1-70B\n", kNodes);
  fmt::print("requests                {} completed of {} ({:.1f} a simulated second)\n", s.completed, s.arrived,
             static_cast<double>(s.arrived) / result->end.seconds());
  fmt::print("load                    {:.0f} % of capacity offered, replicas busy {:.0f} % of the time\n", 100 * o.load,
             100 * busy / result->ledger.total().hours());
  fmt::print("ttft p50/p99            {:.1f} / {:.1f} ms\n", static_cast<double>(s.ttft.quantile(0.5)) / 1e6,
             static_cast<double>(s.ttft.quantile(0.99)) / 1e6);
  fmt::print("tpot p50/p99            {:.2f} / {:.2f} ms\n", static_cast<double>(s.tpot.quantile(0.5)) / 1e6,
             static_cast<double>(s.tpot.quantile(0.99)) / 1e6);
  fmt::print("calendar events         {} ({:.2f} a request)\n", result->events,
             static_cast<double>(result->events) / static_cast<double>(s.arrived));
  fmt::print("cpu seconds             {:.2f}\n", cpu);
  fmt::print("requests/s per core     {:.0f}\n", static_cast<double>(s.completed) / cpu);
  fmt::print("peak memory             {:.1f} MB\n", static_cast<double>(usage.ru_maxrss) / 1024);
  return 0;
}

}  // namespace
}  // namespace jevons

int main(int argc, char** argv) {
  jevons::Options o;
  CLI::App app{"Replays generated requests and prints requests per second of CPU time and peak memory."};
  app.add_option("--requests", o.requests, "Requests to replay")->capture_default_str()->check(CLI::Range(1.0, 1e12));
  app.add_option("--load", o.load, "Offered load as a share of capacity")
      ->capture_default_str()
      ->check(CLI::Range(0.01, 5.0));
  app.add_option("--seed", o.seed, "Seed of the arrivals and lengths")->capture_default_str();
  app.add_flag("--step", o.step, "Every iteration is an event");
  app.add_flag("--no-look-ahead", o.no_look_ahead, "SimGrid's clock stops at every event");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return jevons::run(o);
}
