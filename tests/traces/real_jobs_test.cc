// The public job traces with more than a size and a length: every field against an independent pass in Python, what is
// dropped by reason, and conversion there and back.
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/traces/real_files.h"

namespace jevons::test {
namespace {

// What the jobs have beyond the common sums.
std::vector<std::int64_t> more_sums(const std::vector<TrainingJob>& jobs) {
  std::int64_t deadlines = 0, slack = 0, least = 0, most = 0, priorities = 0, memory = 0, mixed = 0;
  double cpus = 0, speeds = 0;
  std::set<std::string> tenants;
  std::int64_t shares = 0;
  for (const TrainingJob& j : jobs) {
    shares += j.share.value;
    if (j.deadline != Instant::never()) {
      ++deadlines;
      slack += (j.deadline - j.submit).ns / 1'000'000;
    }
    least += j.min_gpus.value;
    most += j.max_gpus.value;
    priorities += j.priority;
    memory += j.memory.value;
    cpus += j.cpus;
    for (const auto& [gpu, speed] : j.speed_by_gpu) {
      speeds += std::floor(speed * 1e6);
      mixed += static_cast<std::int64_t>(gpu.size());
    }
    tenants.insert(j.tenant);
  }
  return {deadlines,  slack,
          least,      most,
          priorities, std::llround(cpus * 1000),
          memory,     std::llround(speeds),
          mixed,      static_cast<std::int64_t>(tenants.size()),
          shares};
}

// Rows of the program: (submit, gpus, run, estimate) and a dict of the rest, in `more`.
constexpr const char* kPrintMore = R"PY(
print(sum(d is not None for d in (m.get('deadline') for m in more)),
      sum((m['deadline'] - r[0]) // 10**6 for r, m in zip(rows, more) if m.get('deadline') is not None),
      sum(m.get('min', 0) for m in more), sum(m.get('max', 0) for m in more), sum(m.get('priority', 0) for m in more),
      sum(m.get('milli_cpus', 0) for m in more), sum(m.get('memory', 0) for m in more),
      sum(math.floor(s * 1e6) for m in more for g, s in m.get('speeds', ())),
      sum(len(g) for m in more for g, s in m.get('speeds', ())), len(set(m.get('tenant', '') for m in more)),
      sum(m.get('share', 0) for m in more), '')
)PY";

void check_all(const std::string& path, const std::string& program, const TraceOptions& options = {}) {
  auto trace = read_jobs(path, options);
  ASSERT_TRUE(trace.ok()) << trace.error().text();
  agree(program + kPrintJobs, path, sums(trace->jobs));
  agree(program + kPrintMore, path, more_sums(trace->jobs));
  // There and back: csv, binary, csv.
  const Folder folder;
  ASSERT_TRUE(write_jobs(folder.file("a.csv"), *trace).ok());
  const auto text = read_jobs(folder.file("a.csv"));
  ASSERT_TRUE(text.ok()) << text.error().text();
  EXPECT_TRUE(same(text->jobs, trace->jobs));
  ASSERT_TRUE(write_jobs(folder.file("a.jtr"), *text).ok());
  const auto binary = read_jobs(folder.file("a.jtr"));
  ASSERT_TRUE(binary.ok()) << binary.error().text();
  ASSERT_TRUE(write_jobs(folder.file("b.csv"), *binary).ok());
  EXPECT_EQ(bytes_of(folder.file("a.csv")), bytes_of(folder.file("b.csv")));
}

TEST(RealJobs, Tiresias) {
  NEEDS(path, "traces/jobs/tiresias_60_job.csv.zst");
  EXPECT_EQ(recognise(path)->format, "tiresias");
  check_all(path, R"PY(
rows = [(ns(r['submit_time']), int(r['num_gpu']), ns(r['duration']), ns(r['duration']))
        for r in csv.DictReader(lines(sys.argv[1]))]
more = [{} for r in rows])PY");
  EXPECT_EQ(read_jobs(path)->jobs.size(), 60U);
}

TEST(RealJobs, Chronus) {
  NEEDS(path, "traces/jobs/chronus_trace_job_Philly_MIX1.csv.zst");
  EXPECT_EQ(recognise(path)->format, "chronus");
  TraceOptions o;
  o.drop_bad_rows = true;
  check_all(path, R"PY(
kept = [r for r in csv.DictReader(lines(sys.argv[1])) if r['num_gpu'] != '0']
rows = [(ns(r['submit_time']), int(r['num_gpu']), ns(r['duration']), ns(r['duration'])) for r in kept]
def expected(r): return ns(r['submit_time']) + ns(r['expect_time_list'].split('-')[0])
more = [{'tenant': r['user'], 'deadline': None if r['best_effort'] == '1' else expected(r)} for r in kept])PY",
            o);
  const ReadCounts counts = read_jobs(path, o)->counts;
  EXPECT_EQ(counts.rows, 30'940U);
  EXPECT_EQ(counts.dropped, (std::map<std::string, std::uint64_t>{{"GPUs zero", 184}}));
}

TEST(RealJobs, ElasticFlow) {
  NEEDS(path, "traces/jobs/elasticflow_philly_103959.csv.zst");
  EXPECT_EQ(recognise(path)->format, "elasticflow");
  const std::string program = R"PY(
kept = list(csv.DictReader(lines(sys.argv[1])))
rows = [(ns(r['submit_time']), int(r['num_gpu']), ns(r['duration']), ns(r['duration'])) for r in kept]
more = [{'deadline': ns(r['ddl'])} for r in kept])PY";
  TraceOptions o;
  o.elastic_factor = 1;
  check_all(path, program, o);
  // GPUs there are 1, 2 and 4; the factor is 4 unless said otherwise.
  check_all(path, program + R"PY(
for r, m in zip(kept, more): m['min'], m['max'] = {'1': (1, 4), '2': (1, 8), '4': (1, 16)}[r['num_gpu']])PY");
  const auto trace = read_jobs(path);
  for (const TrainingJob& j : trace->jobs) EXPECT_EQ(j.flexibility, Flexibility::kElastic);
}

constexpr const char* kGavel = R"PY(
table = json.load(lines(sys.argv[1].replace(sys.argv[1].split('/')[-1], 'gavel_simulation_throughputs.json.zst')))
def find(gpu, kind, n):
    exact = table[gpu].get("('%s', %d)" % (kind, n))
    if exact is not None or not SCALE: return exact['null'] if exact else 0
    below = [k for k in range(1, n) if "('%s', %d)" % (kind, k) in table[gpu]]
    return table[gpu]["('%s', %d)" % (kind, below[-1])]['null'] * float(n) / float(below[-1]) if below else 0
rows, more = [], []
for line in lines(sys.argv[1]):
    f = line.rstrip('\n').split('\t')
    per_s = find('v100', f[0], int(f[6]))
    if per_s == 0: continue
    run = math.floor(int(f[4]) / per_s * 1e9 + 0.5)
    rows.append((ns(f[5]), int(f[6]), run, run))
    more.append({'speeds': [(g, find(g, f[0], int(f[6])) / per_s) for g in ('k80', 'p100', 'v100')]}))PY";

TEST(RealJobs, Gavel) {
  for (const std::string name : {"0e4a51", "7f04ca", "ed69ec"}) {
    NEEDS(path, "traces/jobs/gavel_msr_seed0_" + name + ".trace.zst");
    EXPECT_EQ(recognise(path)->format, "gavel");
    TraceOptions o;
    EXPECT_EQ(read_jobs(path, o).error().message.find("a gavel trace counts steps"), 0U);
    o.throughputs = data_file("traces/jobs/gavel_simulation_throughputs.json.zst");
    o.drop_bad_rows = true;
    check_all(path, std::string("SCALE = False\n") + kGavel, o);
    o.drop_bad_rows = false;
    o.scale_throughputs = true;
    check_all(path, std::string("SCALE = True\n") + kGavel, o);
    EXPECT_EQ(read_jobs(path, o)->counts.dropped.size(), 0U);
  }
}

TEST(RealJobs, Openb) {
  NEEDS(path, "traces/jobs/openb_pod_list_default.csv.zst");
  EXPECT_EQ(recognise(path)->format, "openb");
  TraceOptions o;
  o.drop_bad_rows = true;
  for (const bool drop : {false, true}) {
    o.gpu_shares = drop ? GpuShares::kBadRow : GpuShares::kShare;
    check_all(path, "DROP = " + std::string(drop ? "True" : "False") + R"PY(
kept = [r for r in csv.DictReader(lines(sys.argv[1])) if r['num_gpu'] != '0' and r['scheduled_time']
        and not (DROP and r['gpu_milli'] != '1000')]
def run(r): return ns(r['deletion_time']) - ns(r['scheduled_time'])
rows = [(ns(r['creation_time']), int(r['num_gpu']), run(r), run(r)) for r in kept]
more = [{'milli_cpus': int(r['cpu_milli']), 'memory': int(r['memory_mib']) << 20,
         'share': int(r['gpu_milli']) % 1000 if r['num_gpu'] == '1' else 0} for r in kept])PY",
              o);
  }
  o.gpu_shares = GpuShares::kShare;
  const ReadCounts counts = read_jobs(path, o)->counts;
  EXPECT_EQ(counts.rows, 8'152U);
  EXPECT_EQ(counts.dropped.at("GPUs zero"), 1'088U);
  // Pending are 897 (trace_formats.md 3.12), some of them without GPUs.
  EXPECT_EQ(counts.dropped.at("never started"),
            static_cast<std::uint64_t>(std::stoi(
                output_of("zstd -dcq " + path + " | awk -F, 'NR > 1 && $4 > 0 && $11 == \"\" {n++} END {print n}'"))));
  EXPECT_EQ(counts.dropped.size(), 2U);
}

TEST(RealJobs, Pollux) {
  for (const std::string name : {"1", "2", "3", "4"}) {
    NEEDS(path, "traces/jobs/pollux_workload-" + name + ".csv.zst");
    EXPECT_EQ(recognise(path)->format, "pollux");
    const std::string program = R"PY(
kept = list(csv.DictReader(lines(sys.argv[1])))
def run(r): return math.floor(HOURS[r['application']] * 3600 / int(r['num_replicas']) * 1e9 + 0.5)
rows = [(ns(r['time']), int(r['num_replicas']), run(r), run(r)) for r in kept]
more = [{} for r in kept])PY";
    check_all(path, "HOURS = dict(cifar10=0.5, ncf=0.5, bert=3, deepspeech2=3, yolov3=30, imagenet=300)" + program);
    TraceOptions o;
    o.gpu_hours = {{"ncf", 0.25}, {"imagenet", 700}};
    check_all(path, "HOURS = dict(cifar10=0.5, ncf=0.25, bert=3, deepspeech2=3, yolov3=30, imagenet=700)" + program, o);
    EXPECT_EQ(read_jobs(path)->jobs.size(), 160U);
  }
}

}  // namespace
}  // namespace jevons::test
