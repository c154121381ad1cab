// One bad scenario a case, and the very error it gives: place, path, what was expected, the nearest valid name.
#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

struct BadCase {
  const char* name;  // Of the test.
  const char* from;  // Replaced in kGoodYaml ...
  const char* to;    // ... by this.
  const char* error;
};

void PrintTo(const BadCase& c, std::ostream* os) { *os << c.name; }

class BadScenario : public ScenarioTest, public ::testing::WithParamInterface<BadCase> {};

TEST_P(BadScenario, GivesOneClearError) {
  const BadCase& c = GetParam();
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, c.from, c.to)), c.error);
}

constexpr const char* kStream =
    "generate: {arrivals: {rate: 2}, prompt: {lognormal: {median: 500, sigma: 1}}, output: 100}";

const BadCase kForm[] = {
    {"UnknownField",
     "horizon:", "horzon:", "s.yaml:2:1: horzon: unknown field 'horzon' in a scenario (did you mean 'horizon'?)"},
    {"UnknownFieldDeep", "tensor_parallel_size", "tensor_paralel_size",
     "s.yaml:13:11: serving.pools[0].groups[0].tensor_paralel_size: unknown field 'tensor_paralel_size' in a pool "
     "group (did you mean 'tensor_parallel_size'?)"},
    {"UnknownFieldFarFromAny", "horizon:", "zzz:",
     "s.yaml:2:1: zzz: unknown field 'zzz' in a scenario (known: name, description, seed, horizon, catalogue, cluster, "
     "serving, requests, training, review_every, min_review_gap, energy, warm_up, cool_down, failures, policies)"},
    {"CoolDownWithoutHorizon", "horizon: 1h", "cool_down: 1h",
     "s.yaml:2:1: cool_down: expected a horizon of the scenario, before which it lies"},
    {"NothingLeftToMeasure", "horizon: 1h", "horizon: 1h\nwarm_up: 40min\ncool_down: 20min",
     "s.yaml:3:1: warm_up: expected warm_up and cool_down to leave some of the horizon (1h)"},
    {"BundleAboveTheBatch", "initial_nodes: 2", "initial_nodes: 2\n      bundle: 257",
     "s.yaml:15:7: serving.pools[0].bundle: expected at most max_num_seqs (256), got 257"},
    {"BundleAboveTheQueue", "initial_nodes: 2", "initial_nodes: 2\n      bundle: 10\n      max_queue: 9",
     "s.yaml:15:7: serving.pools[0].bundle: expected at most max_queue (9), got 10"},
    {"DuplicateKey", "horizon: 1h", "horizon: 1h\nhorizon: 2h",
     "s.yaml:3:1: duplicate key 'horizon' (first on line 2)"},
    {"TextForNumber", "initial_nodes: 2", "initial_nodes: two",
     "s.yaml:14:7: serving.pools[0].initial_nodes: expected a whole number, got 'two'"},
    {"QuotedNumber", "initial_nodes: 2", "initial_nodes: \"2\"",
     "s.yaml:14:7: serving.pools[0].initial_nodes: expected a whole number, got the text '2'"},
    {"FractionForWholeNumber", "initial_nodes: 2", "initial_nodes: 1.5",
     "s.yaml:14:7: serving.pools[0].initial_nodes: expected a whole number, got '1.5'"},
    {"NumberTooLongForItsType", "initial_nodes: 2", "initial_nodes: 3000000000",
     "s.yaml:14:7: serving.pools[0].initial_nodes: expected a whole number, got '3000000000'"},
    {"NegativeSeed", "name: small", "name: small\nseed: -1", "s.yaml:2:1: seed: expected a whole number, got '-1'"},
    {"ListForMap",
     "cluster:\n  groups:", "cluster:\n  - groups:", "s.yaml:3:1: cluster: expected a map (a cluster), got a list"},
    {"MapForList", "  pools:\n    - name: chat", "  pools:\n      name: chat",
     "s.yaml:8:3: serving.pools: expected a list, got a map"},
    {"ScalarForMap", "slo: {ttft: 2s, tpot: 50ms}", "slo: fast",
     "s.yaml:16:7: serving.pools[0].slo: expected a map (a slo), got 'fast'"},
    {"NothingForMap", "policies:\n  - static_split\n  - label: loan\n", "policies:\nx:\n  - label: loan\n",
     "s.yaml:27:1: policies: expected a list, got nothing"},
    {"YesForTrue", "min_nodes: 1", "min_nodes: 1\n      enable_chunked_prefill: yes",
     "s.yaml:16:7: serving.pools[0].enable_chunked_prefill: expected true or false, got 'yes'"},
    {"ListAsParameter", "headroom: 2", "headroom: [2]",
     "s.yaml:30:47: policies[1].allocator.params.headroom: expected a single value, got a list"},
    {"Tag", "name: small", "name: !!python/object small",
     "s.yaml:1:7: YAML tag 'tag:yaml.org,2002:python/object' (tags are not used here)"},
    {"BadIndentation", "horizon: 1h", " horizon: 1h", "s.yaml:2:9: not valid YAML: illegal map value"},
    {"UnclosedBrace", "{name: h100, gpu: H100, nodes: 4}", "{name: h100, gpu: H100, nodes: 4",
     "s.yaml:9:5: not valid YAML: illegal block entry"},
    {"UndefinedAlias", "horizon: 1h", "horizon: *later",
     "s.yaml:2:10: not valid YAML: the referenced anchor is not defined"},
    {"SecondDocument", "policies:\n", "---\npolicies:\n", "s.yaml: more than one YAML document in the file"},
    {"KeyThatIsAList", "horizon: 1h", "? [a, b]\n: 1h", "s.yaml:2:3: expected a name as key of a map"},
};

const BadCase kRules[] = {
    {"MissingName", "name: small\n", "", "s.yaml:1:1: name: missing (expected text)"},
    {"MissingGpu", "{name: a100, gpu: A100, nodes: 2}", "{name: a100, nodes: 2}",
     "s.yaml:6:7: cluster.groups[1].gpu: missing (expected the name of a GPU)"},
    {"EmptyName", "name: small", "name: \"\"", "s.yaml:1:1: name: expected text, got empty text"},
    {"NameWithBlank", "name: talk", "name: small talk",
     "s.yaml:19:7: requests.streams[0].name: expected a name (letters, digits, '_', '-', '.', at most 64), got 'small "
     "talk'"},
    {"ControlCharacter", "name: small", "name: \"a\\x07b\"", "s.yaml:1:1: name: control character in text"},
    {"ZeroNodes", "nodes: 4}", "nodes: 0}",
     "s.yaml:5:31: cluster.groups[0].nodes: expected a whole number from 1 to 100000, got 0"},
    {"DurationWithoutUnit", "ttft: 2s", "ttft: 2",
     "s.yaml:16:13: serving.pools[0].slo.ttft: expected a duration with a unit (ns, us, ms, s, min, h, d), got '2'"},
    {"DurationWithUnknownUnit", "horizon: 1h", "horizon: 1hour",
     "s.yaml:2:1: horizon: expected a duration from 1ms to 3660d with a unit (ns, us, ms, s, min, h, d), got '1hour'"},
    {"HorizonOfZero", "horizon: 1h", "horizon: 0s",
     "s.yaml:2:1: horizon: expected a duration from 1ms to 3660d, got '0s'"},
    {"NegativeDuration", "run_time: 10min", "run_time: -10min",
     "s.yaml:26:32: training.jobs[0].list[0].run_time: expected a duration from 1ns to 3660d with a unit (ns, us, ms, "
     "s, min, h, d), got '-10min'"},
    {"SizeWithoutSense", "training:", "training:\n  checkpoint_bytes_per_gpu: 10 apples",
     "s.yaml:23:3: training.checkpoint_bytes_per_gpu: expected a size of at most 100TB, got '10 apples'"},
    {"ShareAboveOne", "min_nodes: 1", "min_nodes: 1\n      gpu_memory_utilization: 90",
     "s.yaml:16:7: serving.pools[0].gpu_memory_utilization: expected a number from 0.01 to 1, got 90"},
    {"RateOfZero", "rate: 2", "rate: 0",
     "s.yaml:21:29: requests.streams[0].generate.arrivals.rate: expected a number from 1e-9 to 1e6, got 0"},
    {"NotANumberInAList", "rate: 2", "rate: 2, curve: [1, x]",
     "s.yaml:21:49: requests.streams[0].generate.arrivals.curve.points[1]: expected a number, got 'x'"},
    {"NegativeInAList", "rate: 2", "rate: 2, curve: [1, -1]",
     "s.yaml:21:49: requests.streams[0].generate.arrivals.curve.points[1]: expected a number from 0 to 1e6, got -1"},
    {"UnknownChoice", "rate: 2", "rate: 2, process: gama",
     "s.yaml:21:38: requests.streams[0].generate.arrivals.process: expected poisson, gamma or weibull, got 'gama' (did "
     "you mean 'gamma'?)"},
    {"TwoTransformsInOne", "generate: {", "transforms: [{thin: 0.5, limit: 3}]\n      generate: {",
     "s.yaml:21:20: requests.streams[0].transforms[0]: expected exactly one of slice, time_scale, rate_scale, thin, "
     "shift, limit, repeat, gpu_scale, "
     "estimate_error, flexibility, deadlines, priorities, got 2"},
    {"TransformOfNothing", "generate: {", "transforms: [{}]\n      generate: {",
     "s.yaml:21:20: requests.streams[0].transforms[0]: expected exactly one of slice, time_scale, rate_scale, thin, "
     "shift, limit, repeat, gpu_scale, "
     "estimate_error, flexibility, deadlines, priorities, got 0"},
    {"TwoGroupsOfOneName", "name: a100", "name: h100",
     "s.yaml:6:8: cluster.groups[1].name: 'h100' is used twice (first by element 0)"},
    {"NoGroups", "groups:\n    - {name: h100, gpu: H100, nodes: 4}\n    - {name: a100, gpu: A100, nodes: 2}",
     "groups: []", "s.yaml:4:3: cluster.groups: missing (expected a list, not empty)"},
};

const BadCase kReferences[] = {
    {"BusyBelowIdle", "nodes: 4}", "nodes: 4, idle_watts: 500, busy_watts: 400}",
     "s.yaml:5:58: cluster.groups[0].busy_watts: expected at least idle_watts (500), got 400"},
    {"DecodeBelowTheCataloguesIdle", "nodes: 4}", "nodes: 4, decode_watts: 200}",
     "s.yaml:5:41: cluster.groups[0].decode_watts: expected at least idle_watts (300), got 200"},
    {"WaitingBelowIdle", "nodes: 4}", "nodes: 4, waiting_watts: 299}",
     "s.yaml:5:41: cluster.groups[0].waiting_watts: expected at least idle_watts (300), got 299"},
    {"IdleAboveTheCataloguesWork", "nodes: 4}", "nodes: 4, idle_watts: 2000}",
     "s.yaml:5:41: cluster.groups[0].idle_watts: expected at most the prefill power (1100), got 2000"},
    {"NegativePower", "nodes: 4}", "nodes: 4, training_watts: -1}",
     "s.yaml:5:41: cluster.groups[0].training_watts: expected a number from 0 to 100000, got -1"},
    {"UnknownGpu", "gpu: H100", "gpu: H10",
     "s.yaml:5:20: cluster.groups[0].gpu: unknown GPU 'H10' (did you mean 'H100'?)"},
    {"UnknownModel", "Llama-3.1-70B", "Llama-3.1-71B",
     "s.yaml:10:7: serving.pools[0].model: unknown model 'Llama-3.1-71B' (did you mean 'Llama-3.1-70B'?)"},
    {"UnknownGroupOfPool", "group: h100", "group: h200",
     "s.yaml:12:11: serving.pools[0].groups[0].group: unknown node group 'h200' (did you mean 'h100'?)"},
    {"UnknownPoolOfStream", "pool: chat", "pool: chta",
     "s.yaml:20:7: requests.streams[0].pool: unknown pool 'chta' (did you mean 'chat'?)"},
    {"UnknownEngine", "min_nodes: 1", "min_nodes: 1\n      engine: vllm_0.1",
     "s.yaml:16:7: serving.pools[0].engine: unknown serving stack 'vllm_0.1' (did you mean 'vllm_0.15'?)"},
    {"UnknownRouter", "min_nodes: 1", "min_nodes: 1\n      router: least_request",
     "s.yaml:16:7: serving.pools[0].router.name: unknown policy 'least_request' (did you mean 'least_requests'?)"},
    {"UnknownAdmission", "min_nodes: 1", "min_nodes: 1\n      admission: queue_limits",
     "s.yaml:16:7: serving.pools[0].admission.name: unknown policy 'queue_limits' (did you mean 'queue_limit'?)"},
    {"AdmissionParameter", "min_nodes: 1",
     "min_nodes: 1\n      admission: {name: token_bucket, params: {tenants: a=1}}",
     "s.yaml:16:48: serving.pools[0].admission.params.tenants: expected TENANT=RATE/BURST, separated by commas, got "
     "'a=1'"},
    {"NegativeTariff", "min_nodes: 1", "min_nodes: 1\n      tariff: {usd_per_million_output_tokens: -1}",
     "s.yaml:16:16: serving.pools[0].tariff.usd_per_million_output_tokens: expected a number from 0 to 1000000, got "
     "-1"},
    {"StreamPriority", "pool: chat\n", "pool: chat\n      priority: 1001\n",
     "s.yaml:21:7: requests.streams[0].priority: expected a whole number from -1000 to 1000, got 1001"},
    {"UnknownBatcher", "min_nodes: 1", "min_nodes: 1\n      batcher: vllm_v2",
     "s.yaml:16:7: serving.pools[0].batcher.name: unknown policy 'vllm_v2' (did you mean 'vllm_v0'?)"},
    {"UnknownAllocator", "name: capacity_loan", "name: capacity_lone",
     "s.yaml:30:17: policies[1].allocator.name: unknown policy 'capacity_lone' (did you mean 'capacity_loan'?)"},
    {"UnknownAllocatorByLabel", "- static_split", "- statc_split",
     "s.yaml:28:5: policies[0].allocator.name: unknown policy 'statc_split' (did you mean 'static_split'?)"},
    {"UnknownQueue", "training:", "training:\n  queue: fifo",
     "s.yaml:23:3: training.queue.name: unknown policy 'fifo' (did you mean 'fcfs'?)"},
    {"UnknownPlacement", "training:", "training:\n  placement: pack",
     "s.yaml:23:3: training.placement.name: unknown policy 'pack' (did you mean 'packed'?)"},
    {"UnknownParameter", "headroom: 2", "headrom: 2",
     "s.yaml:30:47: policies[1].allocator.params.headrom: unknown parameter (did you mean 'headroom'?)"},
    {"ParameterOutOfRange", "headroom: 2", "headroom: -1",
     "s.yaml:30:47: policies[1].allocator.params.headroom: expected a whole number from 0 to 1048576, got '-1'"},
    {"UnknownTrainingGroup", "training:", "training:\n  groups: [h100, b100]",
     "s.yaml:23:18: training.groups[1].group: unknown node group 'b100' (did you mean 'h100'?)"},
    {"UnknownReferenceGpu", "training:", "training:\n  reference_gpu: V100",
     "s.yaml:23:3: training.reference_gpu: unknown GPU 'V100' (did you mean 'A100'?)"},
    {"UnknownPoolOfPolicy", "label: loan", "label: loan\n    pools: [{pool: code, router: random}]",
     "s.yaml:30:14: policies[1].pools[0].pool: unknown pool 'code' (known: chat)"},
    {"TwoPoliciesOfOneLabel", "label: loan", "label: static_split",
     "s.yaml:29:5: policies[1].label: 'static_split' is used twice (first by element 0)"},
    {"TwoPoliciesOfOneAllocator", "- static_split", "- static_split\n  - {allocator: static_split}",
     "s.yaml:29:5: policies[1]: two policies are labelled 'static_split' (first policies[0]); give one a label of its "
     "own"},
    {"PolicyWithoutAnything", "- static_split", "- {queue: fcfs}",
     "s.yaml:28:5: policies[0]: expected a label or an allocator"},
};

const BadCase kEngine[] = {
    {"ModelDoesNotFit", "tensor_parallel_size: 4", "tensor_parallel_size: 1",
     "s.yaml:12:11: serving.pools[0].groups[0]: weights need 141.1 GB, 1 x H100-SXM5-80GB offers 72.0 GB"},
    {"TensorParallelDoesNotDivideTheNode", "tensor_parallel_size: 4", "tensor_parallel_size: 3",
     "s.yaml:13:11: serving.pools[0].groups[0].tensor_parallel_size: expected a divisor of gpus_per_node (8), got 3"},
    {"TensorParallelAboveTheNode", "tensor_parallel_size: 4", "tensor_parallel_size: 16",
     "s.yaml:13:11: serving.pools[0].groups[0].tensor_parallel_size: expected a divisor of gpus_per_node (8), got 16"},
    {"FewerTokensThanSequences", "min_nodes: 1", "min_nodes: 1\n      max_num_batched_tokens: 128",
     "s.yaml:16:7: serving.pools[0].max_num_batched_tokens: expected at least max_num_seqs (256), got 128"},
    {"LongPromptsWithoutChunks", "min_nodes: 1", "min_nodes: 1\n      enable_chunked_prefill: false",
     "s.yaml:9:7: serving.pools[0].max_num_batched_tokens: expected at least max_model_len (131072) without chunked "
     "prefill, got 8192"},
    {"LongerThanTheModel", "min_nodes: 1", "min_nodes: 1\n      max_model_len: 1000000",
     "s.yaml:16:7: serving.pools[0].max_model_len: expected at most 131072, the longest of Llama-3.1-70B, got 1000000"},
    {"LongerThanTheMemory", "min_nodes: 1",
     "min_nodes: 1\n      max_model_len: 32768\n      num_gpu_blocks_override: 100",
     "s.yaml:16:7: serving.pools[0].max_model_len: expected at most 1600, the tokens that the KV cache of a replica on "
     "'h100' holds, got 32768"},
    {"MinAboveInitial", "min_nodes: 1", "min_nodes: 3",
     "s.yaml:14:7: serving.pools[0].initial_nodes: expected min_nodes to max_nodes (3 to 4), got 2"},
    {"InitialAboveMax", "min_nodes: 1", "max_nodes: 1",
     "s.yaml:14:7: serving.pools[0].initial_nodes: expected min_nodes to max_nodes (0 to 1), got 2"},
    {"MaxAboveTheGroups", "min_nodes: 1", "max_nodes: 5",
     "s.yaml:15:7: serving.pools[0].max_nodes: expected at most 4, the nodes of its groups, got 5"},
    {"MinAboveMax", "min_nodes: 1", "min_nodes: 4\n      max_nodes: 3",
     "s.yaml:15:7: serving.pools[0].min_nodes: expected at most max_nodes (3), got 4"},
    {"PoolsShareTooFewNodes", "serving:\n  pools:\n",
     "serving:\n  pools:\n    - {name: first, model: Llama-3.1-8B, groups: [h100], initial_nodes: 3}\n",
     "s.yaml:15:7: serving.pools[1].initial_nodes: expected at most 1, the nodes of its groups that the pools before "
     "it leave, got 2"},
    {"TooManyNodes", "nodes: 4}", "nodes: 99999}",
     "s.yaml:6:31: cluster.groups[1].nodes: more than 100000 nodes in the cluster"},
    {"TooManyGpus", "nodes: 4}", "nodes: 90000, gpus_per_node: 16}",
     "s.yaml:5:31: cluster.groups[0].nodes: more than 1000000 GPUs in the cluster"},
    {"TablesThatAreNotThere", "min_nodes: 1",
     "min_nodes: 1\n      iteration_table: {per_token_ops: a.csv, attn_prefill: b.csv, attn_decode: c.csv}",
     "s.yaml:16:25: serving.pools[0].iteration_table.per_token_ops: no such file: 'a.csv'"},
};

const BadCase kLoad[] = {
    {"NoTraceFile", kStream, "trace: {file: missing.csv}",
     "s.yaml:21:15: requests.streams[0].trace.file: no such file: 'missing.csv'"},
    {"TraceAndGenerator", "generate: {", "trace: missing.csv\n      generate: {",
     "s.yaml:19:7: requests.streams[0]: expected either trace or generate, got both"},
    {"TwoLaws", "output: 100", "output: {constant: 100, geometric: 50}",
     "s.yaml:21:85: requests.streams[0].generate.output: expected exactly one of constant, lognormal, geometric, "
     "empirical, got 2"},
    {"NoLaw", "output: 100", "output: {max: 100}",
     "s.yaml:21:85: requests.streams[0].generate.output: expected exactly one of constant, lognormal, geometric, "
     "empirical, got 0"},
    {"MedianAndMean", "median: 500, sigma: 1", "median: 500, mean: 600, sigma: 1",
     "s.yaml:21:48: requests.streams[0].generate.prompt.lognormal: expected exactly one of median and mean"},
    {"MinAboveMaxLength", "sigma: 1}}", "sigma: 1}, min: 50, max: 20}",
     "s.yaml:21:84: requests.streams[0].generate.prompt.min: expected at most max (20), got 50"},
    {"CvOfPoisson", "rate: 2", "rate: 2, cv: 2",
     "s.yaml:21:38: requests.streams[0].generate.arrivals.cv: expected 1 for a poisson process (use process gamma or "
     "weibull for another)"},
    {"CurveOfZeros", "rate: 2", "rate: 2, curve: [0, 0]",
     "s.yaml:21:38: requests.streams[0].generate.arrivals.curve.points: expected at least one relative rate above 0"},
    {"GeneratorWithoutEnd", "horizon: 1h\n", "",
     "s.yaml:20:7: requests.streams[0].generate: never ends (expected a duration or limit here, or a horizon of the "
     "scenario)"},
    {"SliceBackwards", "generate: {", "transforms: [{slice: {from: 10min, to: 5min}}]\n      generate: {",
     "s.yaml:21:21: requests.streams[0].transforms[0].slice: expected `from` before `to`, got 10min and 5min"},
    {"GpusOfRequests", "generate: {", "transforms: [{gpu_scale: 2}]\n      generate: {",
     "s.yaml:21:21: requests.streams[0].transforms[0].gpu_scale: only jobs have GPUs to scale"},
    {"JobsFromNowhere", "list:\n        - {name: one, gpus: 8, run_time: 10min}", "transforms: []",
     "s.yaml:24:7: training.jobs[0]: expected exactly one of trace, generate and list, got 0"},
    {"TooManyJobs", "list:\n        - {name: one, gpus: 8, run_time: 10min}",
     "transforms: [{repeat: {every: 1s, times: 1000000}}]\n      list: [{name: a, gpus: 1, run_time: 1s}, {name: b, "
     "gpus: 1, "
     "run_time: 1s}, {name: c, gpus: 1, run_time: 1s}]",
     "s.yaml:25:20: training.jobs[0].transforms[0]: would make more than 2000000 jobs"},
    {"VariableThatIsNotOurs", kStream, "trace: \"${HOME}/x.csv\"",
     "s.yaml:21:7: requests.streams[0].trace.file: only ${JEVONS_DATA} is replaced in file names, got '${HOME}/x.csv'"},
    {"FolderAsTrace", kStream, "trace: \".\"", "s.yaml:21:7: requests.streams[0].trace.file: not a regular file: '.'"},
};

TEST_F(ScenarioTest, TensorParallelDoesNotDivideTheHeads) {
  const std::string six = with(kGoodYaml, "nodes: 4}", "nodes: 4, gpus_per_node: 6}");
  EXPECT_EQ(error_of("s.yaml", with(six, "          tensor_parallel_size: 4\n", "")),
            "s.yaml:12:11: serving.pools[0].groups[0].tensor_parallel_size: expected a divisor of the attention heads "
            "of Llama-3.1-70B (64), got 6");
}

TEST_F(ScenarioTest, NothingToDo) {
  EXPECT_EQ(error_of("s.yaml", "name: x\ncluster: {groups: [{name: a, gpu: H100, nodes: 1}]}\n"),
            "s.yaml:1:1: nothing to do (expected requests.streams or training.jobs)");
}

TEST_F(ScenarioTest, ATraceOfTheWrongKind) {
  write("jobs.csv", "timestamp,duration,num_gpus,gpu_time,cluster\n2017-10-09 07:01:55,66.0,1,66.0,11cb48\n");
  write("requests.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,374,44\n");
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, kStream, "trace: jobs.csv")),
            "jobs.csv: holds jobs in format philly (expected requests)");
  EXPECT_EQ(
      error_of("s.yaml", with(kGoodYaml, kStream, "trace: {file: requests.csv, format: azur}")),
      "s.yaml:21:35: requests.streams[0].trace.format: unknown format 'azur' for requests (did you mean 'azure'?)");
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, kStream, "trace: {file: requests.csv, format: philly}")),
            "s.yaml:21:35: requests.streams[0].trace.format: unknown format 'philly' for requests (known: azure, "
            "mooncake, csv, binary)");
  const std::string list = "list:\n        - {name: one, gpus: 8, run_time: 10min}";
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, list, "trace: requests.csv")),
            "s.yaml:25:7: training.jobs[0].trace.file: expected a trace of jobs, got requests (format azure)");
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, list, "trace: {file: jobs.csv, format: azure}")),
            "s.yaml:25:31: training.jobs[0].trace.format: unknown format 'azure' for jobs (known: csv, binary, philly, "
            "philly_json, acme, acme_raw, helios, chronus, elasticflow, tiresias, gavel, pollux, openb, pai, swf)");
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, list, "trace: jobs.csv")), "");  // Good.
}

TEST_F(ScenarioTest, CatalogueFiles) {
  write("broken.yaml", "gpus:\n  X1:\n    bf16_flop: [1, me]\n");
  write("config.json", "{\"hidden_size\": 1");
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, "cluster:", "catalogue: {files: [missing.yaml]}\ncluster:")),
            "s.yaml:3:21: catalogue.files[0]: no such file: 'missing.yaml'");
  EXPECT_NE(error_of("s.yaml", with(kGoodYaml, "cluster:", "catalogue: {files: [broken.yaml]}\ncluster:")), "");
  EXPECT_NE(
      error_of("s.yaml",
               with(kGoodYaml, "cluster:", "catalogue: {hugging_face: [{name: m, config: config.json}]}\ncluster:")),
      "");
}

std::string case_name(const ::testing::TestParamInfo<BadCase>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Form, BadScenario, ::testing::ValuesIn(kForm), case_name);
INSTANTIATE_TEST_SUITE_P(Rules, BadScenario, ::testing::ValuesIn(kRules), case_name);
INSTANTIATE_TEST_SUITE_P(References, BadScenario, ::testing::ValuesIn(kReferences), case_name);
INSTANTIATE_TEST_SUITE_P(Engine, BadScenario, ::testing::ValuesIn(kEngine), case_name);
INSTANTIATE_TEST_SUITE_P(Load, BadScenario, ::testing::ValuesIn(kLoad), case_name);

}  // namespace
}  // namespace jevons
