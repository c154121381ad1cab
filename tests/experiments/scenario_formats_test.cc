// The three formats say the same thing; what each refuses in its own way; limits against hostile files.
#include "base/rng.h"
#include "tests/experiments/scenario_support.h"

namespace jevons {
namespace {

constexpr const char* kGoodJson = R"({
	"name": "small",
  "horizon": "1h",
  "cluster": {"groups": [{"name": "h100", "gpu": "H100", "nodes": 4}, {"name": "a100", "gpu": "A100", "nodes": 2}]},
  "serving": {"pools": [{"name": "chat", "model": "Llama-3.1-70B",
    "groups": [{"group": "h100", "tensor_parallel_size": 4}],
    "initial_nodes": 2, "min_nodes": 1, "slo": {"ttft": "2s", "tpot": "50ms"}}]},
  "requests": {"streams": [{"name": "talk", "pool": "chat", "generate": {"arrivals": {"rate": 2},
    "prompt": {"lognormal": {"median": 500, "sigma": 1}}, "output": {"constant": 100}}}]},
  "training": {"jobs": [{"name": "nightly", "list": [{"name": "one", "gpus": 8, "run_time": "10min"}]}]},
  "policies": ["static_split", {"label": "loan", "allocator": {"name": "capacity_loan", "params": {"headroom": 2}}}]
})";

constexpr const char* kGoodText = R"(# proto-file: proto/scenario.proto
name: "small"
horizon: "60min"
cluster {
  groups { name: "h100" gpu: "H100" nodes: 4 }
  groups { name: "a100" gpu: "A100" nodes: 2 }
}
serving {
  pools {
    name: "chat"
    model: "Llama-3.1-70B"
    groups { group: "h100" tensor_parallel_size: 4 }
    initial_nodes: 2
    min_nodes: 1
    slo { ttft: "2s" tpot: "50ms" }
  }
}
requests {
  streams {
    name: "talk"
    pool: "chat"
    generate {
      arrivals { rate: 2 }
      prompt { lognormal { median: 500 sigma: 1 } }
      output { constant: 100 }
    }
  }
}
training { jobs { name: "nightly" list { name: "one" gpus: 8 run_time: "600s" } } }
policies { allocator { name: "static_split" } }
policies { label: "loan" allocator { name: "capacity_loan" params { key: "headroom" value: "2" } } }
)";

class Formats : public ScenarioTest {};

TEST_F(Formats, YamlJsonAndTextAreTheSameScenario) {
  const auto yaml = load("s.yaml", kGoodYaml);
  const auto json = load("s.json", kGoodJson);
  const auto text = load("s.txtpb", kGoodText);
  ASSERT_TRUE(yaml.ok()) << yaml.error().text();
  ASSERT_TRUE(json.ok()) << json.error().text();
  ASSERT_TRUE(text.ok()) << text.error().text();
  EXPECT_EQ(yaml->resolved_yaml(), json->resolved_yaml());
  EXPECT_EQ(yaml->resolved_yaml(), text->resolved_yaml());
  EXPECT_EQ(yaml->hash(), text->hash());
  EXPECT_EQ(yaml->hash().size(), 16u);
  EXPECT_EQ(yaml->policy_labels(), (std::vector<std::string>{"static_split", "loan"}));
}

TEST_F(Formats, ByteOrderMarkAndCarriageReturnsAreSkipped) {
  std::string text = "\xEF\xBB\xBF";
  for (const char* c = kGoodYaml; *c != '\0'; ++c) text += *c == '\n' ? "\r\n" : std::string(1, *c);
  const auto windows = load("s.yaml", text);
  ASSERT_TRUE(windows.ok()) << windows.error().text();
  EXPECT_EQ(windows->hash(), load("t.yaml", kGoodYaml)->hash());
}

TEST_F(Formats, AnchorsAndAliasesWork) {
  const auto s = load("s.yaml", with(kGoodYaml, "- {name: one, gpus: 8, run_time: 10min}",
                                     "- &job {name: one, gpus: 8, run_time: 10min}\n        - *job"));
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_EQ(s->inputs(0, 1, EngineOptions{})->training.jobs.size(), 2u);
}

// The same mistakes in the three formats.
TEST_F(Formats, UnknownField) {
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, "model:", "modle:")),
            "s.yaml:10:7: serving.pools[0].modle: unknown field 'modle' in a pool (did you mean 'model'?)");
  EXPECT_EQ(error_of("s.json", with(kGoodJson, "\"model\"", "\"modle\"")),
            "s.json:5:42: serving.pools[0].modle: unknown field 'modle' in a pool (did you mean 'model'?)");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "model:", "modle:")),
            "s.txtpb:11:10: unknown field 'modle' in a pool (did you mean 'model'?)");
}
TEST_F(Formats, WrongType) {
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, "nodes: 4", "nodes: four")),
            "s.yaml:5:31: cluster.groups[0].nodes: expected a whole number, got 'four'");
  EXPECT_EQ(error_of("s.json", with(kGoodJson, "\"nodes\": 4", "\"nodes\": \"four\"")),
            "s.json:4:58: cluster.groups[0].nodes: expected a whole number, got the text 'four'");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "nodes: 4", "nodes: \"four\"")),
            "s.txtpb:5:44: not valid text format: Expected integer, got: \"four\"");
}
TEST_F(Formats, OutOfRange) {
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, "nodes: 4", "nodes: -4")),
            "s.yaml:5:31: cluster.groups[0].nodes: expected a whole number from 1 to 100000, got -4");
  EXPECT_EQ(error_of("s.json", with(kGoodJson, "\"nodes\": 4", "\"nodes\": -4")),
            "s.json:4:58: cluster.groups[0].nodes: expected a whole number from 1 to 100000, got -4");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "nodes: 4", "nodes: -4")),
            "s.txtpb:5:37: cluster.groups[0].nodes: expected a whole number from 1 to 100000, got -4");
}
TEST_F(Formats, Reference) {
  EXPECT_EQ(error_of("s.json", with(kGoodJson, "\"pool\": \"chat\"", "\"pool\": \"chatt\"")),
            "s.json:8:45: requests.streams[0].pool: unknown pool 'chatt' (did you mean 'chat'?)");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "pool: \"chat\"", "pool: \"chatt\"")),
            "s.txtpb:21:5: requests.streams[0].pool: unknown pool 'chatt' (did you mean 'chat'?)");
}
TEST_F(Formats, Duplicate) {
  EXPECT_EQ(error_of("s.json", with(kGoodJson, "\"horizon\": \"1h\"", "\"horizon\": \"1h\", \"horizon\": \"1h\"")),
            "s.json:3:20: duplicate key 'horizon' (first on line 3)");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "horizon: \"60min\"", "horizon: \"1h\" horizon: \"1h\"")),
            "s.txtpb:3:22: not valid text format: Non-repeated field \"horizon\" is specified multiple times");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "params {", "params { key: \"headroom\" value: \"1\" } params {")),
            "s.txtpb:31:60: policies[1].allocator.params.headroom: duplicate key");
}
TEST_F(Formats, Syntax) {
  EXPECT_EQ(error_of("s.json", with(kGoodJson, "\"1h\",", "\"1h\"")),
            "s.json:4:11: not valid JSON: syntax error while parsing object - unexpected string literal; expected '}'");
  EXPECT_EQ(
      error_of("s.json", with(kGoodJson, "\"small\"", "'small'")),
      "s.json:2:10: not valid JSON: syntax error while parsing value - invalid literal; last read: '\"name\": ''");
  EXPECT_EQ(error_of("s.json", std::string(kGoodJson) + "}"),
            "s.json:12:2: not valid JSON: syntax error while parsing value - unexpected '}'; expected end of input");
  EXPECT_EQ(error_of("s.json", kGoodYaml),
            "s.json:1:2: not valid JSON: syntax error while parsing value - invalid literal; last read: 'na'");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "cluster {", "cluster {{")),
            "s.txtpb:4:10: not valid text format: Expected identifier, got: {");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "\"small\"", "\"small")),
            "s.txtpb:2:13: not valid text format: String literals cannot cross line boundaries");
}
TEST_F(Formats, NotANumberInTextFormat) {
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "rate: 2", "rate: nan")),
            "s.txtpb:23:18: requests.streams[0].generate.arrivals.rate: expected a number from 1e-9 to 1e6, got no "
            "finite number");
  EXPECT_EQ(error_of("s.txtpb", with(kGoodText, "rate: 2", "rate: inf")),
            "s.txtpb:23:18: requests.streams[0].generate.arrivals.rate: expected a number from 1e-9 to 1e6, got no "
            "finite number");
}

TEST_F(Formats, Empty) {
  for (const char* name : {"s.yaml", "s.json", "s.txtpb"}) {
    EXPECT_EQ(error_of(name, ""), std::string(name) + ": the file is empty (expected a scenario)");
    EXPECT_EQ(error_of(name, " \n\n"), std::string(name) + ": the file is empty (expected a scenario)");
  }
  EXPECT_EQ(error_of("s.yaml", "# nothing\n"), "s.yaml: the file is empty (expected a scenario)");
}
TEST_F(Formats, WrongRoot) {
  EXPECT_EQ(error_of("s.yaml", "- a\n- b\n"), "s.yaml:1:1: expected a map with the fields of a scenario, got a list");
  EXPECT_EQ(error_of("s.yaml", "hello\n"), "s.yaml:1:1: expected a map with the fields of a scenario, got 'hello'");
  EXPECT_EQ(error_of("s.yaml", "~\n"), "s.yaml:1:1: expected a map with the fields of a scenario, got nothing");
  EXPECT_EQ(error_of("s.json", "[1]"), "s.json:1:1: expected a map with the fields of a scenario, got a list");
  EXPECT_EQ(error_of("s.json", "null"), "s.json:1:1: expected a map with the fields of a scenario, got nothing");
}
TEST_F(Formats, NotText) {
  EXPECT_EQ(error_of("s.yaml", std::string("name: a\nx: \xFF\n")), "s.yaml:2:4: not UTF-8 text");
  EXPECT_EQ(error_of("s.json", std::string("{\"name\": \"\xC0\xAF\"}")), "s.json:1:11: not UTF-8 text");
  EXPECT_EQ(error_of("s.txtpb", std::string("name: \"\xED\xA0\x80\"")), "s.txtpb:1:8: not UTF-8 text");
  EXPECT_EQ(error_of("s.yaml", std::string("n\0a\0m\0", 6)), "s.yaml:1:2: not UTF-8 text");
}
TEST_F(Formats, UnknownExtension) {
  EXPECT_EQ(error_of("s.toml", kGoodYaml),
            "s.toml: unknown kind of scenario file (expected the extension .yaml, .yml, .json, .txtpb, .textproto or "
            ".pbtxt)");
}

TEST_F(Formats, FilesThatAreNone) {
  const Policies policies = builtin_policies();
  EXPECT_EQ(short_error(Scenario::load((folder() / "none.yaml").string(), policies).error()),
            "none.yaml: no such file");
  std::filesystem::create_directory(folder() / "d.yaml");
  EXPECT_EQ(short_error(Scenario::load((folder() / "d.yaml").string(), policies).error()),
            "d.yaml: is a folder (expected a scenario file)");
  EXPECT_EQ(Scenario::load("/dev/zero", policies).error().text(),
            "/dev/zero: not a regular file (expected a scenario file)");
}
TEST_F(Formats, TooLarge) {
  EXPECT_EQ(error_of("s.yaml", std::string((16u << 20) + 1, '#')),
            "s.yaml: larger than 16 MiB (expected a scenario file)");
}

TEST_F(Formats, TooDeep) {
  std::string yaml = "a: ", json = "{\"a\": ", text;
  for (int i = 0; i < 100'000; ++i) yaml += "[", json += "[", text += "cluster {";
  EXPECT_EQ(error_of("s.yaml", yaml), "s.yaml:1:36: nested deeper than 64 levels");
  EXPECT_EQ(error_of("s.json", json + std::string(100'000, ']') + "}"), "s.json: nested deeper than 64 levels");
  EXPECT_NE(error_of("s.txtpb", text), "");
}
TEST_F(Formats, AliasesThatExplode) {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) yaml += last + (k < 9 ? ", " : "]\n");
  }
  EXPECT_EQ(error_of("s.yaml", yaml), "s.yaml:5:5: more than 200000 values (aliases expanded)");
}
TEST_F(Formats, AliasOfItself) {
  EXPECT_EQ(error_of("s.yaml", "name: &a [*a]\n"), "s.yaml:1:11: an alias inside the value it stands for");
}
TEST_F(Formats, TooManyValues) {
  std::string yaml = "policies: [";
  for (int i = 0; i < 300'000; ++i) yaml += "a,";
  EXPECT_EQ(error_of("s.yaml", yaml + "]"), "s.yaml:1:400006: more than 200000 values (aliases expanded)");
}
TEST_F(Formats, AliasesOfALongTextExplode) {
  std::string yaml = "name: &a " + std::string(1 << 20, 'x') + "\ndescription: [";
  for (int i = 0; i < 1000; ++i) yaml += "*a, ";
  EXPECT_EQ(error_of("s.yaml", yaml + "]\n"), "s.yaml:2:259: more than 64 MiB of text (aliases expanded)");
}
TEST_F(Formats, TextThatNoReportCouldPrint) {
  EXPECT_EQ(error_of("s.yaml", with(kGoodYaml, "name: small", "name: " + std::string(20'000, 'x'))),
            "s.yaml:1:1: name: expected at most 10000 bytes of text, got 20000");
}

// Whatever the bytes: a scenario or an error with words, never a crash.
TEST_F(Formats, MutatedFilesNeverCrash) {
  RandomStream random(7, "mutations");
  const std::vector<std::pair<std::string, std::string>> seeds{
      {"s.yaml", kGoodYaml}, {"s.json", kGoodJson}, {"s.txtpb", kGoodText}};
  constexpr std::string_view kBytes = "{}[]:,-#&*!|>'\"%@`\n\t 019.eE\xFF\xC3nula";
  int loaded = 0;
  for (int i = 0; i < 1'000; ++i) {
    auto [name, text] = seeds[random.below(seeds.size())];
    for (std::uint64_t k = random.below(4) + 1; k > 0; --k) {
      const std::size_t at = random.below(text.size());
      const char byte = kBytes[random.below(kBytes.size())];
      switch (random.below(4)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        case 2:
          text.erase(at, random.below(20) + 1);
          break;
        default:
          text.insert(at, text.substr(random.below(text.size()), random.below(40)));
          break;
      }
      if (text.empty()) text = " ";
    }
    const auto s = load(name, text);
    loaded += s.ok() ? 1 : 0;
    EXPECT_TRUE(s.ok() || !s.error().message.empty()) << text;
  }
  EXPECT_GT(loaded, 7);
}

TEST_F(Formats, LongTextIsCutInErrors) {
  EXPECT_LT(error_of("s.yaml", "name: a\n? " + std::string(5'000, 'k') + "\n: 1\n").size(), 400u);
  EXPECT_LT(error_of("s.yaml", "name: a\nhorizon: " + std::string(5'000, 'k') + "\n").size(), 300u);
}

}  // namespace
}  // namespace jevons
