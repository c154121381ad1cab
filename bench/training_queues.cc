// A trace of training jobs through the whole engine under every queue policy: CPU seconds, and what came of the jobs;
// the digest tells two versions of a policy apart that decide anything differently.
//
//     training_queues [--trace FILE] [--nodes N] [--gpus-per-node N] [--groups N] [--policy NAME]...
//                     [--processors-per-gpu N] [--restart SECONDS]
//     training_queues --peer
//
// The default is two months of Philly, 52,849 jobs, on 312 nodes of 8 GPUs (2,490 GPUs: Jeon et al., ATC 2019).
// Checkpoints are free and instant, every second, so that what a policy costs is the policy's own doing.  --peer: the
// ten thousand jobs of shared/data/peers/philly10k_512gpus on 64 nodes of 8, beside Batsim's CPU seconds there.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "tests/support/in_child.h"
#include "tests/support/sim_builder.h"
#include "traces/reader.h"

namespace jevons {
namespace {

using testing::empty_inputs;
using testing::in_child;
using testing::make_policy;
using testing::node_group;

struct Options {
  std::string trace;
  std::int32_t nodes = 312, gpus_per_node = 8, groups = 1;
  std::int64_t processors_per_gpu = 1;
  std::int64_t restart = 0;
  std::vector<std::string> policies;
  bool peer = false;
};

std::string data() {
  const char* root = std::getenv("JEVONS_DATA");
  return root != nullptr ? root : JEVONS_SOURCE_DIR "/../shared/data";
}

double cpu_seconds() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// job_id,submit,num_gpus,dur,vc; whole seconds.
std::vector<TrainingJob> peer_jobs() {
  boost::iostreams::filtering_istream in;
  std::ifstream file(data() + "/peers/philly10k_512gpus/jobs.csv.gz", std::ios::binary);
  in.push(boost::iostreams::gzip_decompressor());
  in.push(file);
  std::vector<TrainingJob> jobs;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::stringstream cells(line);
    TrainingJob job;
    std::int64_t submit = 0, gpus = 0, run = 0;
    char comma = 0;
    std::getline(cells, job.name, ',');
    cells >> submit >> comma >> gpus >> comma >> run;
    job.submit = Instant{submit * 1'000'000'000};
    job.gpus = Gpus{static_cast<std::int32_t>(gpus)};
    job.run_time = job.estimate = run * 1_s;
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::string measure(const Options& o, const std::vector<TrainingJob>& jobs, const std::string& name,
                    const ParamText& params) {
  std::vector<NodeGroup> groups;
  for (std::int32_t g = 0; g < o.groups; ++g) {
    const std::int32_t nodes = o.nodes * (g + 1) / o.groups - o.nodes * g / o.groups;
    if (nodes > 0) groups.push_back(node_group(fmt::format("gpu{}", g), nodes, o.gpus_per_node));
  }
  Inputs in = empty_inputs(std::move(groups));
  in.engine.audit = false;
  in.training.jobs = jobs;
  in.training.checkpoint_interval = 1_s;
  in.training.restart_overhead = o.restart * 1_s;
  in.training.queue_name = name;
  in.training.queue = make_policy(builtin_policies().training_queues, name, params);
  testing::Records records;
  in.observers.push_back(&records);
  const double before = cpu_seconds();
  const Result<RunResult> result = simulate(std::move(in));
  const double cpu = cpu_seconds() - before;
  if (!result) return "error: " + result.error().text();
  double jct = 0, wait = 0;
  Instant last{0};
  std::int64_t preemptions = 0, ended = 0;
  std::uint64_t digest = 14695981039346656037u;  // FNV-1a, by words: what became of every job.
  const auto fold = [&](std::int64_t word) { digest = (digest ^ static_cast<std::uint64_t>(word)) * 1099511628211u; };
  for (const JobRecord& r : records.jobs) {
    for (const std::int64_t word : {r.first_start.ns, r.finish.ns, std::int64_t{r.preemptions}}) fold(word);
    preemptions += r.preemptions;
    if (r.reason != FinishReason::kCompleted) continue;
    ++ended;
    jct += (r.finish - r.submit).seconds();
    wait += (r.finish - r.submit - r.run_time).seconds();  // All the time in which it got no work done.
    last = std::max(last, r.finish);
  }
  const auto n = static_cast<double>(ended);
  std::string peer;
  if (o.peer) peer = fmt::format("  Batsim fcfs, easy {:.1f}: {:.1f}x", 2.2, 2.2 / cpu);
  return fmt::format("{:7.2f} {:9.0f} {:9.0f} {:9.2f} {:9.2f} {:9.0f} {:9} {:016x}{}", cpu, n / cpu, n, jct / n,
                     wait / n, last.seconds(), preemptions, digest, peer);
}

int run(const Options& o) {
  std::vector<TrainingJob> jobs;
  if (o.peer) {
    jobs = peer_jobs();
  } else {
    TraceOptions options;
    options.drop_bad_rows = true;
    options.processors_per_gpu = o.processors_per_gpu;
    Result<JobTrace> trace = read_jobs(o.trace, options);
    if (!trace) {
      fmt::print(stderr, "training_queues: {}\n", trace.error().text());
      return 1;
    }
    jobs = std::move(trace->jobs);
  }
  const std::size_t all = jobs.size();
  std::erase_if(jobs, [&](const TrainingJob& j) { return j.gpus > Gpus{o.nodes * o.gpus_per_node}; });
  fmt::print("{} jobs ({} too wide left out), {} nodes of {} GPUs\n", jobs.size(), all - jobs.size(), o.nodes,
             o.gpus_per_node);
  fmt::print("{:22} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {}\n", "policy", "cpu s", "jobs/s", "ended", "jct s",
             "wait s", "makespan", "stopped", "digest");
  std::vector<std::pair<std::string, ParamText>> runs;
  const Policies policies = builtin_policies();
  for (const auto& [name, entry] : policies.training_queues.entries()) {
    if (!o.policies.empty() && std::count(o.policies.begin(), o.policies.end(), name) == 0) continue;
    runs.push_back({name, {}});
    if (name == "srtf") runs.push_back({name, {{"weight_gpus", "true"}}});
  }
  bool ok = true;
  for (const auto& [name, params] : runs) {
    const auto result = in_child([&, &name = name, &params = params] { return measure(o, jobs, name, params); });
    fmt::print("{:22} {}\n", params.empty() ? name : "srtf weight_gpus", result.bytes);
    std::fflush(stdout);
    ok = ok && result.ok && !result.bytes.starts_with("error");
  }
  return ok ? 0 : 1;
}

}  // namespace
}  // namespace jevons

int main(int argc, char** argv) {
  jevons::Options o;
  CLI::App app{"Replays a trace of training jobs under every training queue and prints CPU seconds and outcomes."};
  app.add_option("--trace", o.trace, "Trace of jobs (default: two months of Philly)");
  app.add_option("--nodes", o.nodes, "Nodes")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--gpus-per-node", o.gpus_per_node, "GPUs of a node")
      ->capture_default_str()
      ->check(CLI::Range(1, 1024));
  app.add_option("--groups", o.groups, "Groups, alike, in which the nodes lie")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  app.add_option("--processors-per-gpu", o.processors_per_gpu, "swf: processors that count as one GPU")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--restart", o.restart, "Seconds that a stopped job needs to start again")
      ->check(CLI::Range(0, 1'000'000));
  app.add_option("--policy", o.policies, "Only this policy; may be repeated");
  app.add_flag("--peer", o.peer, "The peer's ten thousand jobs on 64 nodes of 8");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  if (o.peer) {
    o.nodes = 64;
    o.gpus_per_node = 8;
  }
  if (o.trace.empty()) o.trace = jevons::data() + "/traces/jobs/philly_2017-09_10.csv.zst";
  return jevons::run(o);
}
