// What each job format says of a job, field by field, and the options that decide what it leaves open.
#include <gtest/gtest.h>

#include "tests/traces/support.h"

namespace jevons::test {
namespace {

std::vector<TrainingJob> jobs_of(const std::string& text, const TraceOptions& options = {}) {
  const Folder folder;
  const auto t = read_jobs(folder.write("t", text), options);
  EXPECT_TRUE(t.ok()) << t.error().text();
  return t ? t->jobs : std::vector<TrainingJob>{};
}
std::string format_of(const std::string& text) {
  const Folder folder;
  const auto r = recognise(folder.write("t", text));
  return r ? r->format : r.error().message;
}
Instant at(std::int64_t seconds) { return Instant{seconds * 1'000'000'000}; }
Duration seconds(std::int64_t s) { return Duration{s * 1'000'000'000}; }

using Speeds = std::vector<std::pair<std::string, double>>;

TEST(JobFormats, OwnCsvHasEveryField) {
  const auto jobs = jobs_of(
      "after,job_id,submit,num_gpus,dur,priority,deadline,flexibility,min_gpus,max_gpus,scaling,speed_by_gpu,cpus,"
      "memory_bytes\n"
      ",x,0,1,1,,,,,,,,,\n"
      "\"x;b, c\",y,2.5,4,60,-3,62.5,moldable,2,16,2=0.6;8=1.5,H100=1;Old one=0,0.125,1099511627776\n"
      ",\"b, c\",1,1,1,,,rigid,0,0,,,0,0\n");
  ASSERT_EQ(jobs.size(), 3U);
  const TrainingJob& j = jobs[2];
  EXPECT_EQ(j.name, "y");
  EXPECT_EQ(j.priority, -3);
  EXPECT_EQ(j.deadline, Instant{62'500'000'000});
  EXPECT_EQ(j.flexibility, Flexibility::kMoldable);
  EXPECT_EQ(j.min_gpus, Gpus{2});
  EXPECT_EQ(j.max_gpus, Gpus{16});
  EXPECT_EQ(j.scaling, (std::vector<ScalingPoint>{{Gpus{2}, 0.6}, {Gpus{8}, 1.5}}));
  EXPECT_EQ(j.speed_by_gpu, (Speeds{{"H100", 1}, {"Old one", 0}}));
  EXPECT_EQ(j.after, (std::vector<std::string>{"x", "b, c"}));
  EXPECT_EQ(j.cpus, 0.125);
  EXPECT_EQ(j.memory, Bytes{1'099'511'627'776});
  // Nothing of one row is in the next: the first two are as if the columns were not there.
  const auto plain = jobs_of("job_id,submit,num_gpus,dur\nx,0,1,1\n\"b, c\",1,1,1\n");
  EXPECT_TRUE(same(std::vector<TrainingJob>{jobs[0], jobs[1]}, plain));
}

TEST(JobFormats, DeadlinesMoveWithTheClock) {
  TraceOptions o;
  o.rebase = true;
  const auto jobs = jobs_of("job_id,submit,num_gpus,dur,deadline\nb,9,1,1,11\na,7,1,1,\n", o);
  EXPECT_EQ(jobs[1].submit, at(2));
  EXPECT_EQ(jobs[1].deadline, at(4));
  EXPECT_EQ(jobs[0].deadline, Instant::never());
}

TEST(JobFormats, ChronusDeadlinesCountFromTheSubmission) {
  const auto jobs = jobs_of(
      "job_id,user,num_gpu,submit_time,iterations,model_name,duration,interval,expect_time_list,expect_value_list,"
      "best_effort,job_type\n"
      "0,vc1,1,100,5,vgg,10,14,30-40,10-5,0,strict\n1,vc2,1,100,5,vgg,10,14,30-40-50.0,10-5-1,0,soft\n"
      "2,vc1,2,100.0,5,vgg,10,14,100,10,1,best\n");
  EXPECT_EQ(jobs[0].deadline, at(30));
  EXPECT_EQ(jobs[1].deadline, at(50));
  EXPECT_EQ(jobs[2].deadline, Instant::never());
  EXPECT_EQ(jobs[0].tenant, "vc1");
  EXPECT_EQ(jobs[2].gpus, Gpus{2});
}

TEST(JobFormats, ElasticFlowRangesArePowersOfTwo) {
  const std::string head = "job_id,num_gpu,submit_time,duration,best_effort,ddl\n";
  const std::string rows = "0,6,10,5,0,20\n1,1,10,5,1,\n2,16,10,5,0,15.5\n";
  TraceOptions o;
  o.elastic_factor = 3;
  auto jobs = jobs_of(head + rows, o);
  // 6 / 3 = 2 and 6 x 3 = 18, up to 32; 1 / 3 is 1 and 3, up to 4; 16 / 3 = 5, down to 4, and 48, up to 64.
  const std::vector<std::pair<int, int>> ranges{{2, 32}, {1, 4}, {4, 64}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(jobs[i].flexibility, Flexibility::kElastic);
    EXPECT_EQ(jobs[i].min_gpus, Gpus{ranges[i].first});
    EXPECT_EQ(jobs[i].max_gpus, Gpus{ranges[i].second});
  }
  EXPECT_EQ(jobs[0].deadline, at(10));
  EXPECT_EQ(jobs[1].deadline, Instant::never());
  EXPECT_EQ(jobs[2].deadline, Instant{5'500'000'000});
  o.elastic_factor = 1;
  jobs = jobs_of(head + rows, o);
  EXPECT_EQ(jobs[0].flexibility, Flexibility::kRigid);
  EXPECT_EQ(jobs[0].max_gpus, Gpus{0});
}

TEST(JobFormats, GavelOf2021) {
  const Folder folder;
  TraceOptions o;
  o.throughputs = folder.write("t.json", R"J({
    "v100": {"('LM (batch size 5)', 2)": {"null": 4, "('A3C', 2)": [1, 2]}, "('A3C', 1)": {"null": 10}},
    "k80": {"('LM (batch size 5)', 2)": {"null": 1}},
    "v100_unconsolidated": {"('LM (batch size 5)', 2)": {"null": 3}}})J");
  const std::string text =
      "LM (batch size 5)\tpython3 main.py\tdir with blanks\t--steps\t0\t100\t2\t2.6\t1.5\t7\n"
      "A3C\tpython3 main.py\tdir\t--steps\t1\t100\t1\t1\t-1.0\t9.25\n";
  EXPECT_EQ(format_of(text), "gavel");
  auto jobs = jobs_of(text, o);
  EXPECT_EQ(jobs[0].run_time, seconds(25));  // 100 / 4.
  EXPECT_EQ(jobs[0].priority, 3);
  EXPECT_EQ(jobs[0].deadline, Instant{37'500'000'000});  // 1.5 x 25 s.
  EXPECT_EQ(jobs[0].speed_by_gpu, (Speeds{{"k80", 0.25}, {"v100", 1}}));
  EXPECT_EQ(jobs[0].name, "0");
  EXPECT_EQ(jobs[1].submit, Instant{2'250'000'000});
  EXPECT_EQ(jobs[1].run_time, seconds(10));
  EXPECT_EQ(jobs[1].deadline, Instant::never());
  EXPECT_EQ(jobs[1].speed_by_gpu, (Speeds{{"k80", 0}, {"v100", 1}}));
  // Run times on another type, other names, and throughputs of sizes that were not measured.
  o.reference_type = "k80";
  o.gpu_names = {{"v100", "V100-SXM2-16GB"}};
  o.scale_throughputs = true;
  jobs = jobs_of("LM (batch size 5)\tc\t-n\t1\t100\t0\t8\n", o);
  EXPECT_EQ(jobs[0].run_time, seconds(25));  // 1/s on 2 GPUs, so 4/s on 8.
  EXPECT_EQ(jobs[0].speed_by_gpu, (Speeds{{"k80", 1}, {"V100-SXM2-16GB", 4}}));
}

TEST(JobFormats, OpenbPods) {
  const std::string text =
      "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
      "p0,6500,1024,1,460,,LS,Running,100,160,110\np1,8000,2048,8,1000,V100M16|T4,BE,Succeeded,150,250,151\n";
  EXPECT_EQ(format_of(text), "openb");
  TraceOptions o;
  o.gpu_names = {{"V100M16", "V100"}, {"V100M32", "V100"}};
  const auto jobs = jobs_of(text, o);
  EXPECT_EQ(jobs[0].gpus, Gpus{1});
  EXPECT_EQ(jobs[0].run_time, seconds(50));
  EXPECT_EQ(jobs[0].cpus, 6.5);
  EXPECT_EQ(jobs[0].share, MilliGpus{460});
  EXPECT_EQ(jobs[1].share, MilliGpus{0});
  o.gpu_shares = GpuShares::kWhole;
  EXPECT_EQ(jobs_of(text, o)[0].share, MilliGpus{0});
  EXPECT_EQ(jobs[0].memory, Bytes{1 << 30});
  EXPECT_TRUE(jobs[0].speed_by_gpu.empty());
  EXPECT_EQ(jobs[1].submit, at(50));
  EXPECT_EQ(jobs[1].run_time, seconds(99));
  // Either V100 has one name here, and it is allowed.
  EXPECT_EQ(jobs[1].speed_by_gpu, (Speeds{{"A10", 0}, {"G2", 0}, {"G3", 0}, {"P100", 0}}));
  EXPECT_EQ(jobs_of(text)[1].speed_by_gpu, (Speeds{{"A10", 0}, {"G2", 0}, {"G3", 0}, {"P100", 0}, {"V100M32", 0}}));
  // The lists without times are for packing.
  const Folder folder;
  EXPECT_EQ(read_jobs(folder.write("t", "name,cpu_milli,memory_mib,num_gpu,gpu_milli\n")).error().message.substr(0, 33),
            "column 'creation_time' is missing");
}

TEST(JobFormats, AcmeAsPublishedTakesTheRunFromStartToEnd) {
  // The row of Acme's README for Kalos: duration 18 counts from the submission, the run is 8 s.
  const std::string text =
      "job_id,user,node_num,gpu_num,cpu_num,mem_per_pod_GB,shared_mem_per_pod,type,state,submit_time,start_time,"
      "end_time,fail_time,stop_time,duration,queue,gpu_time\n"
      "dlctk,uf794,8,64,960,1000,100.0,Other,FAILED,2023-05-17 11:00:58+00:00,2023-05-17 11:01:08+00:00,"
      "2023-05-17 11:01:16+00:00,2023-05-17 11:01:16+00:00,2023-05-17 11:01:16+00:00,18,10,1152.0\n";
  EXPECT_EQ(format_of(text), "acme_raw");
  const TrainingJob j = jobs_of(text).at(0);
  EXPECT_EQ(j.run_time, seconds(8));
  EXPECT_EQ(j.gpus, Gpus{64});
  EXPECT_EQ(j.cpus, 960);
  EXPECT_EQ(j.memory, Bytes{8'000'000'000'000});
  EXPECT_EQ(j.name, "dlctk");
  EXPECT_EQ(j.tenant, "uf794");
  // Seren has fewer columns and another zone.
  const auto seren = jobs_of(
      "job_id,user,node_num,gpu_num,cpu_num,type,state,submit_time,start_time,end_time,duration,queue,gpu_time\n"
      "1,u,1,8,128,Other,FAILED,2023-03-01 00:18:22+08:00,2023-03-01 00:18:54+08:00,2023-03-01 00:20:51+08:00,117,32,"
      "936.0\n2,u,1,8,128,Other,FAILED,2023-02-28 16:18:23+00:00,2023-02-28 16:18:24Z,2023-02-28 16:18:25Z,1,1,8\n");
  EXPECT_EQ(seren[0].run_time, seconds(117));
  EXPECT_EQ(seren[1].submit, at(1));
}

TEST(JobFormats, Helios) {
  const std::string text =
      "job_id,user,vc,gpu_num,cpu_num,node_num,state,submit_time,start_time,end_time,duration,queue\n"
      "a1,u1,vcEwI,16,64,2,COMPLETED,2020-04-01 00:00:10,2020-04-01 00:00:20,2020-04-01 00:01:20,60,10\n";
  EXPECT_EQ(format_of(text), "helios");
  const TrainingJob j = jobs_of(text).at(0);
  EXPECT_EQ(j.run_time, seconds(60));
  EXPECT_EQ(j.gpus, Gpus{16});
  EXPECT_EQ(j.tenant, "vcEwI");
  EXPECT_EQ(j.cpus, 64);
}

TEST(JobFormats, PaiTasks) {
  const std::string text =
      "j1,tensorflow,1.0,Terminated,1739162.0,1739200.0,600.0,29.296875,50.0,MISC\n"
      "j2,worker,3.0,Terminated,1739172.0,1739300.0,400.0,2,250.0,V100\n";
  EXPECT_EQ(format_of(text), "pai");
  auto jobs = jobs_of(text);
  EXPECT_EQ(jobs[0].name, "j1/tensorflow");
  EXPECT_EQ(jobs[0].gpus, Gpus{1});
  EXPECT_EQ(jobs[0].run_time, seconds(38));
  EXPECT_EQ(jobs[0].cpus, 6);
  EXPECT_EQ(jobs[0].memory, Bytes{std::int64_t{30'000} << 20});  // 29.296875 GiB are 30,000 MiB.
  EXPECT_EQ(jobs[1].gpus, Gpus{9});                              // 3 instances of 2.5 GPUs, each in whole ones.
  EXPECT_EQ(jobs[1].submit, at(10));
  EXPECT_EQ(jobs[1].cpus, 12);
  EXPECT_EQ(jobs[0].share, MilliGpus{500});
  EXPECT_EQ(jobs[1].share, MilliGpus{0});
  // Instances that fit on one GPU together are one share of it; two of a third do, four fill two GPUs.
  const auto shared = [](const std::string& instances, const std::string& plan) {
    return jobs_of("j,w," + instances + ",Terminated,1,2,,," + plan + ",T4\n").at(0);
  };
  EXPECT_EQ(shared("2.0", "33.3").share, MilliGpus{666});
  EXPECT_EQ(shared("4.0", "33.3").gpus, Gpus{2});
  EXPECT_EQ(shared("4.0", "33.3").share, MilliGpus{0});
  EXPECT_EQ(shared("4.0", "25").gpus, Gpus{1});
  EXPECT_EQ(shared("4.0", "25").share, MilliGpus{0});
  EXPECT_EQ(shared("3.0", "60").gpus, Gpus{3});
  EXPECT_EQ(shared("1.0", "0.001").share, MilliGpus{1});
  const Folder folder;
  TraceOptions o;
  o.job_table =
      folder.write("jobs", "j2,id,user2,Terminated,1739000.0,1739300.0\nj1,id,user1,Terminated,1739150.0,1739200.0\n");
  jobs = jobs_of(text, o);
  EXPECT_EQ(jobs[0].name, "j2/worker");  // Submitted first.
  EXPECT_EQ(jobs[0].tenant, "user2");
  EXPECT_EQ(jobs[1].submit, at(150));
  const std::string task = folder.write("tasks", text);
  folder.write("jobs", "j1,id,user1,Terminated,1739150.0,1739200.0\nj2,id,u,Waiting,,\n");
  EXPECT_EQ(read_jobs(task, o).error().text(),
            task + ":2:1: job unknown (expected a job whose start_time job_table has, got 'j2')");
  folder.write("jobs", "j1,id,user1,Terminated,x,1739200.0\n");
  EXPECT_EQ(read_jobs(task, o).error().text(),
            folder.file("jobs") + ":1:24: arrival time malformed (expected a time from 0 to 285 years, got 'x')");
  folder.write("jobs", "j1,id,u,Terminated,1,2\nj1,id,u,Terminated,1,2\n");
  EXPECT_EQ(read_jobs(task, o).error().text(),
            folder.file("jobs") + ":2: job 'j1' is there twice (expected each once)");
}

TEST(JobFormats, SwfPrecedingJobs) {
  const std::string mid = " -1 10 8 -1 -1 8 -1 -1 1 1 1 1 1 -1 ";
  const auto jobs = jobs_of("1 0" + mid + "-1 -1\n2 5" + mid + "1 60\n3 9" + mid + "0 -1\n");
  EXPECT_TRUE(jobs[0].after.empty());
  EXPECT_EQ(jobs[1].after, std::vector<std::string>{"1"});
  EXPECT_EQ(jobs[1].submit, at(5));  // As recorded: the think time is not added.
  EXPECT_TRUE(jobs[2].after.empty());
  const Folder folder;
  EXPECT_EQ(read_jobs(folder.write("t", "1 0" + mid + "7 -1\n")).error().text(),
            folder.file("t") + ":1: after unknown (expected names of jobs submitted earlier, got '7')");
}

TEST(JobFormats, HeadersThatShareColumnsAreToldApart) {
  EXPECT_EQ(format_of("job_id,num_gpu,submit_time,iterations,model_name,duration,interval\r\n"), "tiresias");
  EXPECT_EQ(format_of("job_id,user,num_gpu,submit_time,iterations,model_name,duration,interval,expect_time_list,"
                      "expect_value_list,best_effort,job_type\n"),
            "chronus");
  EXPECT_EQ(format_of("job_id,submit_time,iterations,model_name,ddl,batch_size,num_gpu,duration\n"), "elasticflow");
  EXPECT_EQ(format_of("name,time,application,num_replicas,batch_size\n"), "pollux");
  EXPECT_EQ(format_of("job_id,arrival_time,num_iteration,gpu_workers,ps,gpu_per_worker\n"), "acme");
}

}  // namespace
}  // namespace jevons::test
