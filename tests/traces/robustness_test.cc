// Files cut at every byte, damaged at random, and lines mutated at random: an error or a valid trace, never a crash and
// never a silent short read of the binary form.
#include <gtest/gtest.h>

#include "base/rng.h"
#include "tests/traces/support.h"
#include "traces/fields.h"
#include "traces/job_check.h"

namespace jevons::test {
namespace {

// About 4 kB of each text format, of requests or jobs.
struct Sample {
  std::string name, text;
  bool jobs;
  std::string end = "";  // What rows need behind them.
};

std::string two(std::size_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

constexpr const char* kThroughputs = R"J({"v100": {"('LM (batch size 5)', 4)": {"null": 2.5}}, "k80": {}})J";

// Of the formats with jobs only.
std::vector<Sample> more_job_samples() {
  std::string tiresias = "job_id,num_gpu,submit_time,iterations,model_name,duration,interval\r\n";
  std::string chronus =
      "job_id,user,num_gpu,submit_time,duration,expect_time_list,expect_value_list,best_effort,job_type\n";
  std::string elastic = "job_id,submit_time,real_iteration,ddl,num_gpu,duration\n";
  std::string gavel, gavel2021, pai;
  std::string pollux = "name,time,application,num_replicas,batch_size\n";
  std::string openb =
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n";
  std::string helios = "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n";
  std::string acme =
      "job_id,user,node_num,gpu_num,cpu_num,mem_per_pod_GB,type,state,submit_time,start_time,end_time,duration\n";
  for (std::size_t i = 0; chronus.size() < 4000; ++i) {
    const std::string n = std::to_string(i * 37 % 4096 + 1), t = std::to_string(i * 10),
                      end = std::to_string(i * 10 + 7);
    const std::string clock = two(i / 60) + ":" + two(i % 60);
    tiresias += n + ",8," + t + ",133,vgg11," + n + ",23\r\n";
    chronus += n + ",vc,4," + t + ",147," + (i % 2 == 0 ? "128,10,0,strict\n" : "100-200,10-5,0,soft\n");
    elastic += n + "," + t + ",1," + std::to_string(i * 10 + 5000) + ",4," + n + "\n";
    gavel += "LM (batch size 5)\tpython3 main.py\t--steps\t0\t" + n + "\t" + t + ".000000\t4\n";
    gavel2021 += "LM (batch size 5)\tmain.py\tdir\t--steps\t1\t" + n + "\t4\t5.0\t1.5\t" + t + ".5\n";
    pollux += "bert-" + n + "," + t + ",bert,8,384\n";
    openb += "pod-" + n + ",6000,12288,1,460,V100M16|T4,LS,Running," + t + "," + end + "," + t + "\n";
    helios += n + ",u1,vc2,8,64,1,COMPLETED,2020-04-01 00:" + clock + ",2020-04-01 01:" + clock + ",,66,7\n";
    acme += n + ",u1,2,16,240,1000,Other,FAILED,2023-05-17 11:" + clock + "+00:00,2023-05-17 12:" + clock +
            "+00:00,2023-05-17 13:" + clock + "+00:00,1\n";
    pai += n + ",worker,2.0,Terminated,1" + t + ".0,2" + t + ".0,600.0,29.296875,50.0,MISC\n";
  }
  return {{"tiresias", tiresias, true},   {"chronus", chronus, true},
          {"elasticflow", elastic, true}, {"gavel", gavel, true},
          {"gavel21", gavel2021, true},   {"pollux", pollux, true},
          {"openb", openb, true},         {"helios", helios, true},
          {"acme_raw", acme, true},       {"pai", pai, true}};
}

std::vector<Sample> samples() {
  std::string azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n", azure2024 = azure, mooncake;
  std::string own = "arrival_s,prompt_tokens,output_tokens,workload,hash_block,block_hashes\n";
  std::string jobs =
      "job_id,submit,num_gpus,dur,vc,estimate,parameters,priority,deadline,flexibility,min_gpus,max_gpus,scaling,"
      "speed_by_gpu,after,cpus,memory_bytes\n";
  std::string philly = "timestamp,duration,num_gpus,gpu_time,cluster\n";
  std::string acme = "job_id,arrival_time,num_iteration,gpu_workers,ps,gpu_per_worker\n";
  std::string swf = "; Version: 2.2\n; MaxProcs: 128\n";
  std::string attempts;  // Philly's JSON: each line from the second begins with its comma.
  for (std::size_t i = 0; azure.size() < 4000; ++i) {
    const std::string s = two(i / 60) + ":" + two(i % 60), n = std::to_string(i * 37 % 4096 + 1);
    azure += "2023-11-16 18:" + s + ".6805900," + n + "," + std::to_string(i % 300 + 1) + "\n";
    azure2024 += "2024-05-10 00:" + s + (i % 3 == 0 ? "" : ".009930") + "+00:00," + n + ",5\r\n";
    mooncake +=
        "{\"timestamp\": " + std::to_string(i * 3000) + ", \"input_length\": " + std::to_string(i % 3 * 512 + 1) +
        ", \"output_length\": 52, \"hash_ids\": [46" + (i % 3 > 0 ? ", 47" : "") + (i % 3 > 1 ? ", 48" : "") + "]}\n";
    own += std::to_string(i) + ".5," + n + ",8,1," + (i % 2 == 0 ? "0,\n" : "4096,18446744073709551615\n");
    const std::string gpus = std::to_string(1U << i % 10), after = "job-" + std::to_string((i - 1) * 37 % 4096 + 1);
    jobs += "job-" + n + "," + std::to_string(i) + ".25," + gpus + ",66,\"a,b\",100,7e9,-" + n + "," +
            std::to_string(i + 500) + ".5,elastic,1," + std::to_string(2U << i % 10) +
            ",1024=7.5;2048=8,H100=1;A100=0," + (i % 7 == 3 ? after : "") + ",0.5,1099511627776\n";
    philly += "2017-10-09 07:" + s + "," + n + ".0,8,66.0,11cb48\n";
    attempts += (i == 0 ? "[" : ",") + std::string("{\"vc\": \"v\", \"jobid\": \"") + n +
                "\", \"attempts\": [{\"start_time\": \"2017-10-07 01:" + s + "\", \"end_time\": \"2017-10-09 06:" + s +
                "\", \"detail\": [{\"ip\": \"m1\", \"gpus\": [\"gpu0\"]}]}], \"submitted_time\": \"2017-10-07 01:" + s +
                "\"}\n";
    acme += n + "," + std::to_string(i) + ".0,208,8,0,8.0\n";
    swf += n + " " + std::to_string(i) + " -1 1451 128 -1 -1 -1 2000 -1 1 1 1 1 -1 -1 -1 -1\n";
  }
  std::vector<Sample> all = more_job_samples();
  const std::vector<Sample> some{{"azure", azure, false},
                                 {"azure2024", azure2024, false},
                                 {"mooncake", mooncake, false},
                                 {"own", own, false},
                                 {"jobs", jobs, true},
                                 {"philly", philly, true},
                                 {"acme", acme, true},
                                 {"swf", swf, true},
                                 {"philly_json", attempts + "]\n", true, "]"}};
  all.insert(all.end(), some.begin(), some.end());
  return all;
}

bool valid(const Request& r) {
  const bool hashes_fit =
      r.block_hashes.empty()
          ? r.hash_block.value == 0
          : r.hash_block.value > 0 &&
                r.block_hashes.size() <= static_cast<std::size_t>((r.prompt.value - 1) / r.hash_block.value + 1);
  return r.arrival.ns >= 0 && r.arrival.ns <= kMaxTimeNs && r.prompt.value >= 1 && r.prompt.value <= kMaxTokens &&
         r.output.value >= 1 && r.output.value <= kMaxTokens && hashes_fit;
}
bool valid(const TrainingJob& j) {
  return j.submit.ns >= 0 && j.submit.ns <= kMaxTimeNs && j.gpus.value >= 1 && j.run_time.ns >= 1 &&
         j.run_time.ns <= kMaxTimeNs && j.estimate.ns >= 1 && j.estimate.ns <= kMaxTimeNs && !j.name.empty() &&
         j.parameters >= 0 && !check_job(j);
}

struct Outcome {
  std::string error;
  std::size_t kept = 0;
  ReadCounts counts;
};

// Reads the file as what it is; everything kept is valid and survives the binary form.
Outcome try_read(const Folder& folder, const std::string& path, bool drop, bool round_trip) {
  TraceOptions o;
  o.drop_bad_rows = drop;
  o.throughputs = folder.file("throughputs.json");
  if (!std::filesystem::exists(o.throughputs)) folder.write("throughputs.json", kThroughputs);
  auto trace = open_trace(path, o);
  if (!trace) return {trace.error().text(), 0, {}};
  const std::string copy = folder.file("copy.jtr");
  if (trace->jobs) {
    for (const TrainingJob& j : trace->jobs->jobs) EXPECT_TRUE(valid(j));
    if (round_trip) {
      EXPECT_TRUE(write_jobs(copy, *trace->jobs).ok());
      const auto back = read_jobs(copy);
      EXPECT_TRUE(back.ok() && same(back->jobs, trace->jobs->jobs));
    }
    return {"", trace->jobs->jobs.size(), trace->jobs->counts};
  }
  const ReadTrace all = drain(std::move(trace->requests));
  for (const Request& r : all.requests) EXPECT_TRUE(valid(r));
  if (round_trip && all.error.empty()) {
    EXPECT_EQ(write_requests(copy, all.requests), "");
    EXPECT_TRUE(same(read(copy).requests, all.requests));
  }
  return {all.error, all.requests.size(), all.counts};
}

TEST(Truncation, OfEveryTextFormatAtEveryByteIsAnErrorOrThePrefix) {
  const Folder folder;
  for (const Sample& s : samples()) {
    const std::size_t whole = try_read(folder, folder.write(s.name, s.text), false, false).kept;
    EXPECT_GT(whole, 20U) << s.name;
    for (std::size_t n = 0; n < s.text.size(); ++n) {
      const std::string cut = s.text.substr(0, n), path = folder.write(s.name, cut);
      const Outcome o = try_read(folder, path, false, false);
      const auto rows = static_cast<std::size_t>(std::count(cut.begin(), cut.end(), '\n'));
      if (o.error.empty()) {
        // The rows whose lines are whole (two comments or one header apart), and perhaps the last, cut within its last
        // field.
        EXPECT_LE(o.kept, rows + 1) << s.name << " " << n;
        EXPECT_GE(o.kept + 2, rows) << s.name << " " << n;
      } else {
        EXPECT_EQ(o.error.find(path + ":"), 0U) << s.name << " " << n << " " << o.error;
        const bool names_last_line = o.error.find(path + ":" + std::to_string(rows + 1)) == 0;
        EXPECT_TRUE(names_last_line || rows < 2 || n == 0) << s.name << " " << n << " " << o.error;
      }
    }
  }
}

std::vector<Request> some_requests(std::size_t n) {
  std::vector<Request> all;
  RandomStream random(1, "some");
  std::int64_t now = 0;
  for (std::size_t i = 0; i < n; ++i) {
    now += static_cast<std::int64_t>(random.below(3'000'000'000));
    Request r = request_at(now, 1 + static_cast<std::int64_t>(random.below(5000)),
                           1 + static_cast<std::int64_t>(random.below(500)));
    r.workload = static_cast<std::uint32_t>(random.below(3));
    if (random.below(2) == 0) {
      r.hash_block = Tokens{random.below(5) == 0 ? 16 : 512};
      for (std::int64_t k = 0; k * r.hash_block.value < r.prompt.value && k < 6; ++k)
        r.block_hashes.push_back(random.bits());
    }
    all.push_back(r);
  }
  return all;
}

JobTrace some_jobs(std::size_t n) {
  JobTrace trace;
  RandomStream random(2, "some");
  std::int64_t now = 0;
  for (std::size_t i = 0; i < n; ++i) {
    now += static_cast<std::int64_t>(random.below(3'000'000'000'000));
    trace.jobs.push_back({"job " + std::to_string(i), Instant{now},
                          Gpus{static_cast<std::int32_t>(1 + random.below(4096))},
                          Duration{static_cast<std::int64_t>(1 + random.below(1'000'000'000'000))},
                          Duration{static_cast<std::int64_t>(1 + random.below(1'000'000'000'000))},
                          i % 2 == 0 ? "équipe \"a\", b" : "", i % 3 == 0 ? 7e10 : 0});
    TrainingJob& j = trace.jobs.back();
    if (i % 3 == 1) j.after = {"job " + std::to_string(i - 1), "job 0"};
    if (i % 5 == 1) {
      j.gpus = Gpus{1};
      j.share = MilliGpus{static_cast<std::int32_t>(1 + random.below(999))};
      continue;
    }
    if (i % 4 != 0) continue;
    j.priority = static_cast<std::int32_t>(random.below(9)) - 4;
    j.deadline = j.submit + Duration{static_cast<std::int64_t>(1 + random.below(1'000'000'000))};
    j.flexibility = i % 8 == 0 ? Flexibility::kElastic : Flexibility::kMoldable;
    j.min_gpus = Gpus{1};
    j.max_gpus = Gpus{5000};
    j.scaling = {{Gpus{5000}, 1 + random.uniform()}, {Gpus{6000}, 2}};
    j.speed_by_gpu = {{"H100", random.uniform()}, {"A100", 0}};
    j.cpus = random.uniform();
    j.memory = Bytes{static_cast<std::int64_t>(random.below(1'000'000'000'000))};
  }
  return trace;
}

TEST(Truncation, OfTheBinaryFormAtEveryByteIsAnError) {
  const Folder folder;
  ASSERT_EQ(write_requests(folder.file("r.jtr"), some_requests(150)), "");
  ASSERT_TRUE(write_jobs(folder.file("j.jtr"), some_jobs(80)).ok());
  for (const std::string name : {"r.jtr", "j.jtr"}) {
    const std::string whole = bytes_of(folder.file(name));
    EXPECT_GT(whole.size(), 3000U);
    EXPECT_EQ(try_read(folder, folder.write("cut", whole), false, true).error, "");
    for (std::size_t n = 0; n < whole.size(); ++n) {
      const Outcome o = try_read(folder, folder.write("cut", whole.substr(0, n)), false, false);
      EXPECT_EQ(o.error.find(folder.file("cut")), 0U) << name << " " << n << ": " << o.error;
      if (n >= 9) {
        EXPECT_EQ(o.error.find(folder.file("cut") + ": record "), 0U) << name << " " << n << ": " << o.error;
      }
    }
    EXPECT_NE(try_read(folder, folder.write("cut", whole + "x"), false, false).error.find("bytes after the trailer"),
              std::string::npos);
    EXPECT_NE(try_read(folder, folder.write("cut", whole + whole), false, false).error.find("bytes after the trailer"),
              std::string::npos);
  }
}

TEST(Damage, OfTheBinaryFormIsFoundOrHarmless) {
  const Folder folder;
  RandomStream random(3, "damage");
  ASSERT_EQ(write_requests(folder.file("r.jtr"), some_requests(60)), "");
  ASSERT_TRUE(write_jobs(folder.file("j.jtr"), some_jobs(40)).ok());
  for (const std::string name : {"r.jtr", "j.jtr"}) {
    const std::string whole = bytes_of(folder.file(name));
    for (int round = 0; round < 3000; ++round) {
      std::string bad = whole;
      for (std::uint64_t k = 1 + random.below(3); k > 0; --k)
        bad[random.below(bad.size())] = static_cast<char>(random.below(256));
      try_read(folder, folder.write("bad", bad), random.below(2) == 0, true);
    }
  }
}

TEST(Damage, ALengthThatIsNotThereCostsNoMemory) {
  const Folder folder;
  const std::string head("\x09JEVTRACE\x12\x04\x08\x01\x10\x01", 15);
  const Outcome o = try_read(folder, folder.write("bad", head + "\x1a\xff\xff\xff\x1f" + "xyz"), false, false);
  EXPECT_EQ(o.error,
            folder.file("bad") +
                ": record 0: the file ends early (expected a whole trace as `jevons trace convert` writes it)");
  EXPECT_NE(
      try_read(folder, folder.write("bad", head + "\x1a\xff\xff\xff\x7f"), false, false).error.find("more than 64 MiB"),
      std::string::npos);
  EXPECT_NE(try_read(folder, folder.write("bad", head + "\x1a\xff\xff\xff\xff\xff\xff"), false, false)
                .error.find("impossible length"),
            std::string::npos);
}

// One random edit of the kinds that broke readers before: bytes, digits, separators, repeats, cuts, pieces of other
// lines.
std::string mutate(std::string line, const std::string& other, RandomStream* random) {
  static const std::vector<std::string> kPieces{"-",
                                                "0",
                                                ".",
                                                ",",
                                                "\"",
                                                "{",
                                                "}",
                                                "[",
                                                "]",
                                                ":",
                                                " ",
                                                "\t",
                                                "e9",
                                                "e-999",
                                                "\\u0000",
                                                "9999999999999999999999",
                                                "-1",
                                                "nan",
                                                "\xff",
                                                std::string(1, '\0'),
                                                "1e308",
                                                ";",
                                                "18446744073709551616",
                                                "2147483648",
                                                "0.0000000001",
                                                "\r",
                                                "null",
                                                "{\"a\":"};
  for (std::uint64_t k = 1 + random->below(3); k > 0; --k) {
    const std::size_t at = random->below(line.size() + 1);
    const std::size_t length = random->below(std::min<std::size_t>(line.size() - at, 12) + 1);
    switch (random->below(6)) {
      case 0:
        line.insert(at, kPieces[random->below(kPieces.size())]);
        break;
      case 1:
        line.replace(at, length, kPieces[random->below(kPieces.size())]);
        break;
      case 2:
        line.erase(at, length);
        break;
      case 3:
        line.insert(at, line.substr(at, length));
        break;
      case 4:
        line.insert(at, 1, static_cast<char>(random->below(256)));
        break;
      default:
        line.replace(at, length, other.substr(random->below(other.size() + 1), 20));
        break;
    }
  }
  return line;
}

TEST(Fuzz, MutatedLinesGiveAnErrorOrAValidTrace) {
  const Folder folder;
  RandomStream random(4, "fuzz");
  for (const Sample& s : samples()) {
    std::vector<std::string> lines;
    for (std::size_t from = 0; from < s.text.size();) {
      const std::size_t end = s.text.find('\n', from);
      lines.push_back(s.text.substr(from, end - from));
      from = end + 1;
    }
    std::size_t errors = 0, kept = 0;
    for (int round = 0; round < 600; ++round) {
      std::string text;
      const std::size_t first =
          random.below(20) == 0 ? 0 : 1 + random.below(lines.size() - 6);  // The header is seldom touched.
      for (std::size_t i = 0; i < 6; ++i) {
        if (i == 0 && first > 0) text += lines[0] + "\n";
        const std::string& line = lines[first + i];
        text += (random.below(2) == 0 ? line : mutate(line, lines[random.below(lines.size())], &random)) + "\n";
      }
      text += s.end;
      const std::string path = folder.write(s.name, text);
      const Outcome strict = try_read(folder, path, false, false), loose = try_read(folder, path, true, true);
      errors += strict.error.empty() ? 0 : 1;
      kept += loose.kept;
      EXPECT_EQ(strict.error.find(path), strict.error.empty() ? std::string::npos : 0U) << strict.error;
      std::uint64_t dropped = 0;
      for (const auto& [reason, rows] : loose.counts.dropped) dropped += rows;
      EXPECT_EQ(loose.counts.rows, loose.counts.kept + dropped);
      // Strict and loose differ only by bad rows.
      if (strict.error.empty()) {
        EXPECT_EQ(strict.kept, loose.kept);
      }
    }
    EXPECT_GT(errors, 300U) << s.name;
    EXPECT_GT(kept, 300U) << s.name;
  }
}

TEST(Fuzz, BytesOfNoFormat) {
  const Folder folder;
  RandomStream random(5, "noise");
  for (int round = 0; round < 500; ++round) {
    std::string text;
    const bool magic = random.below(3) == 0;
    if (magic) text = std::string("\x09JEVTRACE\x12\x04\x08\x01\x10", 14) + static_cast<char>(1 + random.below(2));
    for (std::uint64_t n = random.below(400); n > 0; --n) text += static_cast<char>(random.below(magic ? 48 : 256));
    const Outcome o = try_read(folder, folder.write("noise", text), false, false);
    EXPECT_EQ(o.kept, 0U);  // Bytes may happen to be a comment, or a trace of nothing.
  }
}

}  // namespace
}  // namespace jevons::test
