// Every reason a row of a job trace can be bad, with its message, and what dropping counts: formats with more than a
// size and a length.
#include <gtest/gtest.h>

#include "tests/traces/bad_rows.h"

namespace jevons::test {
namespace {

const std::string kRun = " (expected a time above 0, up to 285 years, got '";
const std::string kGpus = " (expected a whole number from 1 to 100000000, got '";
const std::string kTime = " (expected a time from 0 to 285 years, got '";

TEST(BadJobRows, OwnCsv) {
  const std::string head =
      "job_id,submit,num_gpus,dur,priority,deadline,flexibility,min_gpus,max_gpus,scaling,speed_by_gpu,after,cpus,"
      "memory_bytes\n";
  const std::string range = "GPU range malformed (expected min_gpus <= GPUs <= max_gpus, 0 for none, got '";
  const std::string scaling =
      "scaling malformed (expected GPUs that ascend from 1, speeds above 0 and up to 1e6, 1 at the GPUs asked for, got "
      "'";
  const std::string parts = "scaling malformed (expected GPUs=speed with ';' between, got '";
  const std::string speeds = "speeds malformed (expected each GPU type once, with a speed from 0 to 1e6, got '";
  const std::string after = "after unknown (expected names of jobs submitted earlier, got '";
  check(
      head, "a,5,4,1,,,,,,,,,,\n",
      {{"b,5,4,1,1.5,,,,,,,,,", ":3:9",
        "priority malformed (expected a whole number from -1000000000 to 1000000000, got '1.5')", "priority malformed"},
       {"b,5,4,1,9999999999,,,,,,,,,", ":3:9",
        "priority malformed (expected a whole number from -1000000000 to 1000000000, got '9999999999')",
        "priority malformed"},
       {"b,5,4,1,,soon,,,,,,,,", ":3:10", with("deadline malformed" + kRun, "soon"), "deadline malformed"},
       {"b,5,4,1,,5,,,,,,,,", ":3:10", "deadline not after submission (expected a time after the submission, got '5')",
        "deadline not after submission"},
       {"b,5,4,1,,,Elastic,,,,,,,", ":3:11",
        "flexibility malformed (expected rigid, moldable or elastic, got 'Elastic')", "flexibility malformed"},
       {"b,5,4,1,,,elastic,5,,,,,,", ":3:19", with(range, "5"), "GPU range malformed"},
       {"b,5,4,1,,,elastic,1,3,,,,,", ":3:21", with(range, "3"), "GPU range malformed"},
       {"b,5,4,1,,,elastic,x,,,,,,", ":3:19",
        "GPU range malformed (expected a whole number up to 100000000, 0 for none, got 'x')", "GPU range malformed"},
       {"b,5,4,1,,,elastic,,4294967301,,,,,", ":3:20",
        "GPU range malformed (expected a whole number up to 100000000, 0 for none, got '4294967301')",
        "GPU range malformed"},
       {"b,5,4,1,,,,,,2=0.5;2=0.6,,,,", ":3:14", with(scaling, "2=0.5;2=0.6"), "scaling malformed"},
       {"b,5,4,1,,,,,,2=0.5;1=0.6,,,,", ":3:14", with(scaling, "2=0.5;1=0.6"), "scaling malformed"},
       {"b,5,4,1,,,,,,2=0,,,,", ":3:14", with(scaling, "2=0"), "scaling malformed"},
       {"b,5,4,1,,,,,,2=-1,,,,", ":3:14", with(scaling, "2=-1"), "scaling malformed"},
       {"b,5,4,1,,,,,,4=1.5,,,,", ":3:14", with(scaling, "4=1.5"), "scaling malformed"},
       {"b,5,4,1,,,,,,2=nan,,,,", ":3:14", with(parts, "2=nan"), "scaling malformed"},
       {"b,5,4,1,,,,,,0=1,,,,", ":3:14", with(parts, "0=1"), "scaling malformed"},
       {"b,5,4,1,,,,,,2,,,,", ":3:14", with(parts, "2"), "scaling malformed"},
       {"b,5,4,1,,,,,,2=0.5;,,,,", ":3:14", with(parts, "2=0.5;"), "scaling malformed"},
       {"b,5,4,1,,,,,,,H100=1;H100=2,,,", ":3:15", with(speeds, "H100=1;H100=2"), "speeds malformed"},
       {"b,5,4,1,,,,,,,=1,,,", ":3:15", with(speeds, "=1"), "speeds malformed"},
       {"b,5,4,1,,,,,,,H100=-1,,,", ":3:15", with(speeds, "H100=-1"), "speeds malformed"},
       {"b,5,4,1,,,,,,,H100,,,", ":3:15", "speeds malformed (expected GPU=speed with ';' between, got 'H100')",
        "speeds malformed"},
       {"b,5,4,1,,,,,,,,a;;c,,", ":3:16", "after malformed (expected names of jobs with ';' between, got 'a;;c')",
        "after malformed"},
       {"b,5,4,1,,,,,,,,c,,", ":3", with(after, "c"), "after unknown"},
       {"b,5,4,1,,,,,,,,b,,", ":3", with(after, "b"), "after unknown"},  // Itself.
       {"b,4,4,1,,,,,,,,a,,", ":3", with(after, "a"), "after unknown"},  // Submitted later.
       {"b,5,4,1,,,,,,,,,-1,", ":3:17", "CPUs out of range (expected a number from 0 to 1e9, got '-1')",
        "CPUs out of range"},
       {"b,5,4,1,,,,,,,,,x,", ":3:17", "CPUs malformed (expected a number from 0 to 1e9, got 'x')", "CPUs malformed"},
       {"b,5,4,1,,,,,,,,,,1e9", ":3:18", "memory malformed (expected bytes, up to 2^60, got '1e9')",
        "memory malformed"}},
      true);
}

TEST(BadJobRows, AChainBreaksAtItsFirstBadLink) {
  const Folder folder;
  const std::string f = folder.write(
      "t", "job_id,submit,num_gpus,dur,after\nd,4,1,1,c\nc,3,1,1,b\nb,2,0,1,a\na,1,1,1,\ne,5,1,1,a\nf,5,1,1,e;a\n");
  TraceOptions o;
  o.drop_bad_rows = true;
  const auto t = read_jobs(f, o);
  ASSERT_TRUE(t.ok()) << t.error().text();
  ASSERT_EQ(t->jobs.size(), 3U);  // a, e, f.
  EXPECT_EQ(t->jobs[2].after, (std::vector<std::string>{"e", "a"}));
  EXPECT_EQ(t->counts.rows, 6U);
  EXPECT_EQ(t->counts.kept, 3U);
  EXPECT_EQ(t->counts.dropped, (std::map<std::string, std::uint64_t>{{"GPUs zero", 1}, {"after unknown", 2}}));
}

TEST(BadJobRows, TiresiasFamily) {
  check("job_id,num_gpu,submit_time,iterations,model_name,duration,interval\r\n", "0,1,0,606,vgg19,164,30\r\n",
        {{"1,0,0,1,a,5,1", ":3:3", with("GPUs zero" + kGpus, "0"), "GPUs zero"},
         {"1,1,0,1,a,0,1", ":3:11", with("run time zero" + kRun, "0"), "run time zero"},
         {"1,1,-3,1,a,5,1", ":3:5", with("arrival time negative" + kTime, "-3"), "arrival time negative"}},
        true);
  check("num_gpu,submit_time,duration,job_id,expect_time_list,best_effort,job_type\n", "1,9,5,0,7,0,strict\n",
        {{"1,9,5,0,,0,strict", ":3:9", with("deadline malformed" + kRun, ""), "deadline malformed"},
         {"1,9,5,0,7-,0,soft", ":3:9", with("deadline malformed" + kRun, "7-"), "deadline malformed"},
         {"1,9,5,0,7-x-8,0,soft", ":3:9", with("deadline malformed" + kRun, "7-x-8"), "deadline malformed"},
         {"1,9,5,0,0,0,strict", ":3:9", with("deadline zero" + kRun, "0"), "deadline zero"},
         {"1,9,5,0,8999999999,0,strict", ":3:9", with("deadline out of range" + kRun, "8999999999"),
          "deadline out of range"},
         {"1,9,5,0,7,2,strict", ":3:11", "best-effort flag malformed (expected 0 or 1, got '2')",
          "best-effort flag malformed"},
         {"1,9,5,0,7,0,hard", ":3:13", "job type malformed (expected strict, soft or best, got 'hard')",
          "job type malformed"}},
        true);
  check("job_id,submit_time,ddl,num_gpu,duration\n", "0,5,9,1,5\n",
        {{"1,5,5,1,5", ":3:5", "deadline not after submission (expected a time after the submission, got '5')",
          "deadline not after submission"},
         {"1,5,,1,5", ":3:5", with("deadline malformed" + kRun, ""), "deadline malformed"}},
        true);
}

TEST(BadJobRows, Gavel) {
  const Folder folder;
  TraceOptions o;
  o.throughputs = folder.write("t.json", R"J({"v100": {"('LM', 1)": {"null": 2}},
                                              "fast": {"('LM', 1)": {"null": 2e7}}})J");
  const std::string columns = " (expected 7 or 10 columns between TABs, as many in every row, got '";
  const std::string unknown =
      "throughput unknown (expected a job type and GPUs that the throughputs have on reference_type, got '";
  const std::string row = "LM\tc\t-n\t1\t10\t5.5\t1\n";
  EXPECT_EQ(read_jobs(folder.write("g", row), o).error().text(),
            folder.file("g") + ":1:1: speeds malformed (expected speeds up to 1e6, got 'LM')");
  o.throughputs = folder.write("t.json", R"J({"v100": {"('LM', 1)": {"null": 2}, "('LM', 2)": {"null": 0}}})J");
  check(
      "", row,
      {{"LM\tc\t-n\t1\t10\t5", ":2:15", with("too few columns" + columns, "LM?c?-n?1?10?5"), "too few columns"},
       {"LM\tc\td\t-n\t1\t10\t1\t1\t-1\t5", ":2:24", with("too many columns" + columns, "LM?c?d?-n?1?10?1?1?-1?5"),
        "too many columns"},
       {"LM\tc\t-n\tyes\t10\t5\t1", ":2:9", "data flag malformed (expected 0 or 1, got 'yes')", "data flag malformed"},
       {"LM\tc\t-n\t1\t0\t5\t1", ":2:11", "steps zero (expected a whole number from 1 to 10^18, got '0')",
        "steps zero"},
       {"LM\tc\t-n\t1\t10\t-5\t1", ":2:14", with("arrival time negative" + kTime, "-5"), "arrival time negative"},
       {"LM\tc\t-n\t1\t10\t5\t0", ":2:16", with("GPUs zero" + kGpus, "0"), "GPUs zero"},
       {"LM\tc\t-n\t1\t10\t5\t2", ":2:1", with(unknown, "LM"), "throughput unknown"},
       {"LM\tc\t-n\t1\t10\t5\t4", ":2:1", with(unknown, "LM"), "throughput unknown"},
       {"RNN\tc\t-n\t1\t10\t5\t1", ":2:1", with(unknown, "RNN"), "throughput unknown"},
       {"LM\tc\t-n\t1\t1000000000000000000\t5\t1", ":2:1", with("run time out of range" + kRun, "LM"),
        "run time out of range"}},
      true, o);
  const std::string wide = "LM\tc\td\t-n\t1\t10\t1\t1.0\t-1.0\t5\n";
  check("", wide,
        {{"LM\tc\td\t-n\t1\t10\t1\t-2\t-1\t5", ":2:18",
          "priority malformed (expected a weight from 0 to 1e9, got '-2')", "priority malformed"},
         {"LM\tc\td\t-n\t1\t10\t1\t1\t0\t5", ":2:20",
          "SLO malformed (expected -1 or a multiple of the run time above 0, got '0')", "SLO malformed"},
         {"LM\tc\td\t-n\t1\t10\t1\t1\t1e300\t5", ":2:20", with("deadline out of range" + kRun, "1e300"),
          "deadline out of range"}},
        true, o);
}

TEST(BadJobRows, GavelThroughputs) {
  const Folder folder;
  TraceOptions o;
  const std::string g = folder.write("g", "LM\tc\t-n\t1\t10\t5.5\t1\n");
  const auto error = [&](const std::string& json) {
    o.throughputs = folder.write("t.json", json);
    const auto t = read_jobs(g, o);
    return t ? "" : t.error().text();
  };
  const std::string at = folder.file("t.json") + ": ";
  EXPECT_EQ(error("{"), at + "throughputs malformed at '' (expected a JSON object by GPU type)");
  EXPECT_EQ(error("{}"), at + "throughputs malformed at '' (expected at least one GPU type)");
  EXPECT_EQ(error(R"J({"v100": 5})J"), at + "throughputs malformed at 'v100' (expected an object by job type)");
  EXPECT_EQ(error(R"J({"v100": {"LM": {"null": 1}}})J"),
            at + "throughputs malformed at 'LM' (expected a key like ('JOB TYPE', GPUS))");
  EXPECT_EQ(error(R"J({"v100": {"('LM', x)": {"null": 1}}})J"),
            at + "throughputs malformed at '('LM', x)' (expected a key like ('JOB TYPE', GPUS))");
  EXPECT_EQ(error(R"J({"v100": {"('LM', 1)": {"null": -1}}})J"),
            at + "throughputs malformed at '('LM', 1)' (expected a number of steps per second under \"null\")");
  EXPECT_EQ(error(R"J({"v100": {"('LM', 1)": {}}})J"),
            at + "throughputs malformed at '('LM', 1)' (expected a number of steps per second under \"null\")");
  EXPECT_EQ(error(R"J({"v100_unconsolidated": {}, "p100": {}})J"),
            at + "unknown GPU type 'v100' (did you mean 'p100'?)");
  o.gpu_names = {{"p100", "v100"}};
  EXPECT_EQ(error(R"J({"p100": {}, "v100": {}})J"), at + "two GPU types are called 'v100' (expected a name for each)");
  o.throughputs.clear();
  EXPECT_EQ(read_jobs(g, o).error().text(),
            g + ": a gavel trace counts steps and needs steps per second (expected the option throughputs, a file like "
                "Gavel's simulation_throughputs.json)");
  o.throughputs = folder.file("none");
  EXPECT_EQ(read_jobs(g, o).error().text(), folder.file("none") + ": cannot open: No such file or directory");
}

TEST(BadJobRows, PolluxAndOpenb) {
  check("name,time,application,num_replicas,batch_size\n", "a,0,ncf,1,1\n",
        {{"b,1,gpt5,1,1", ":3:5",
          "application unknown (expected cifar10, ncf, bert, deepspeech2, yolov3, imagenet or one of gpu_hours, got "
          "'gpt5')",
          "application unknown"},
         {"b,1,ncf,0,1", ":3:9", with("GPUs zero" + kGpus, "0"), "GPUs zero"}},
        true);
  const std::string head =
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,creation_time,deletion_time,scheduled_time\n";
  const std::string share = "GPU share out of range (expected thousandths of a GPU, 1 to 1000, got '1001')";
  TraceOptions o;
  o.gpu_shares = GpuShares::kBadRow;
  check(
      head, "a,1,1,1,1000,,5,9,6\n",
      {{"b,1,1,0,0,,5,9,6", ":3:7", with("GPUs zero" + kGpus, "0"), "GPUs zero"},
       {"b,1,1,1,1001,,5,9,6", ":3:9", share, "GPU share out of range"},
       {"b,1,1,1,460,,5,9,6", ":3:9", "GPU share (expected 1000, a whole GPU, got '460')", "GPU share"},
       {"b,1,1,1,1000,,5,9,", ":3:19", "never started (expected a time; the pod was never scheduled, got '')",
        "never started"},
       {"b,1,1,1,1000,,5,,6", ":3:17", "never ended (expected a time; the pod was still there, got '')", "never ended"},
       {"b,1,1,1,1000,,5,6,6", ":3:17", "run time zero (expected an end after the start, got '6')", "run time zero"},
       {"b,1,1,1,1000,,5,5,6", ":3:17", "run time negative (expected an end after the start, got '5')",
        "run time negative"},
       {"b,1,1,1,1000,,5,9,x", ":3:19", with("start time malformed" + kTime, "x"), "start time malformed"},
       {"b,1,1,1,1000,T4|H900,5,9,6", ":3:14",
        "GPU type unknown (expected types of openb with '|' between, got 'T4|H900')", "GPU type unknown"},
       {"b,1,1e30,1,1000,,5,9,6", ":3:5", "memory out of range (expected a size from 0 to 2^60 bytes, got '1e30')",
        "memory out of range"}},
      true, o);
}

TEST(BadJobRows, HeliosAcmeAndPai) {
  const std::string stamp = " (expected YYYY-MM-DD HH:MM:SS with up to 9 decimals and an optional zone, got '";
  check("job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n",
        "a,u,v,1,1,1,C,2020-04-01 00:00:00,,,5,\n",
        {{"a,u,v,0,1,1,C,2020-04-01 00:00:00,,,5,", ":3:7", with("GPUs zero" + kGpus, "0"), "GPUs zero"},
         {"a,u,v,1,1,1,C,,,,5,", ":3:15", with("arrival time malformed" + stamp, ""), "arrival time malformed"},
         {"a,u,v,1,1,1,C,2020-04-01 00:00:00,,,0,", ":3:37", with("run time zero" + kRun, "0"), "run time zero"}},
        true);
  const std::string t = "2023-05-17 11:00:5";
  const auto acme = [&](const std::string& gpus, const std::string& from, const std::string& to) {
    return "a,u,1," + gpus + ",1,1,O,C," + t + "0+00:00," + from + "," + to;
  };
  check(
      "job_id,user,node_num,gpu_num,cpu_num,mem_per_pod_GB,type,state,submit_time,start_time,end_time\n",
      acme("8", t + "1", t + "2") + "\n",
      {{acme("0", "", ""), ":3:7", with("GPUs zero" + kGpus, "0"), "GPUs zero"},
       {acme("8", "", ""), ":3:43", "never started (expected a time; the job never started, got '')", "never started"},
       {acme("8", t + "1", ""), ":3:63", "never ended (expected a time; the job was still there, got '')",
        "never ended"},
       {acme("8", "x", t + "1"), ":3:43", with("start time malformed" + stamp, "x"), "start time malformed"},
       {acme("8", t + "1", "x"), ":3:63", with("end time malformed" + stamp, "x"), "end time malformed"},
       {acme("8", t + "2", t + "1"), ":3:63",
        with("run time negative (expected an end after the start, got '", t + "1"), "run time negative"}},
      true);
  const std::string pai = "a,w,2.0,Terminated,10.0,20.0,600.0,29.296875,50.0,T4\n";
  check("", pai,
        {{"a,w,0,Terminated,10,20,,,50,T4", ":2:5", "instances zero (expected a whole number from 1, got '0')",
          "instances zero"},
         {"a,w,1,Terminated,,20,,,50,T4", ":2:18", "never started (expected a time; 0 is unknown, got '')",
          "never started"},
         {"a,w,1,Terminated,10,0,,,50,T4", ":2:21", "never ended (expected a time; 0 is unknown, got '0')",
          "never ended"},
         {"a,ps,1,Terminated,10,20,,,,T4", ":2:27", "GPUs zero (expected percent of a GPU, above 0, got '')",
          "GPUs zero"},
         {"a,w,100000000,Terminated,10,20,,,150,T4", ":2:34",
          "GPUs out of range (expected inst_num x plan_gpu up to 100000000 GPUs, got '150')", "GPUs out of range"},
         {"a,w,1,Terminated,10,20,,,50", ":2:28",
          "too few columns (expected as many columns as the header, got 'a,w,1,Terminated,10,20,,,50')",
          "too few columns"}},
        true);
}

}  // namespace
}  // namespace jevons::test
