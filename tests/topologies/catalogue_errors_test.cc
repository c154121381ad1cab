// What a user's catalogue file may and may not say; every error with file, line, path and what was expected.
#include <gtest/gtest.h>

#include "base/text.h"
#include "topologies/catalogue.h"

namespace jevons {
namespace {

std::string error_of(const std::string& yaml) {
  Catalogue c = Catalogue::builtin();
  const auto before = c.gpu_names().size();
  const Status s = c.add_yaml(yaml, "my.yaml");
  EXPECT_EQ(c.gpu_names().size(), before) << "an error must change nothing";
  return s.ok() ? "ok" : s.error().text();
}

const std::string kGpu =
    "gpus:\n  X1:\n    bf16_flops: 1e14\n    memory: 48GB\n    memory_bytes_per_s: 8.64e11\n    link_bytes_per_s: "
    "32e9\n"
    "    nic_bytes_per_s: 12.5e9\n";

TEST(CatalogueFile, MinimalGpuTakesFittedConstants) {
  Catalogue c = Catalogue::builtin();
  ASSERT_TRUE(c.add_yaml(kGpu, "my.yaml").ok());
  const GpuSpec g = *c.gpu("x1");
  EXPECT_EQ(g.memory.value, 48'000'000'000);
  EXPECT_EQ(g.kernels, c.gpu("H100")->kernels);
  EXPECT_EQ(g.sources.at("kernels"), "not given: as H100-SXM5-80GB");
  // Whatever runs on it runs on derived constants, and can say so.
  const ResolvedKernels k = kernels_of(g, "vllm", "vllm");
  for (const auto& [family, info] : k.info) EXPECT_TRUE(k.derived.contains(family)) << family;
  EXPECT_EQ(g.sources.at("bf16_flops"), "my.yaml");
}

TEST(CatalogueFile, LikeOverridesAndReplaces) {
  Catalogue c = Catalogue::builtin();
  ASSERT_TRUE(c.add_yaml("gpus:\n  H100-SXM5-80GB:\n    like: H100\n    memory: [96GB, 'vendor, 2026-01']\n"
                         "models:\n  My-70B:\n    like: Llama-3.1-70B\n    kv_bytes_per_element: 1\n",
                         "my.yaml")
                  .ok());
  EXPECT_EQ(c.gpu("H100")->memory.value, 96'000'000'000);
  EXPECT_EQ(c.gpu("H100")->sources.at("memory"), "vendor, 2026-01");
  EXPECT_EQ(c.model("my-70b")->kv_bytes_per_token().value, 163'840);
}

TEST(CatalogueFile, Errors) {
  const std::string top = "gpus:\n  X:\n    like: H100\n";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[1, 2]", "my.yaml:1: expected a map with gpus, models or kernels, got a list"},
      {"gpus: 3", "my.yaml:1: gpus: expected a map of names, got '3'"},
      {"gpu: {}", "my.yaml:1: gpu: unknown key (did you mean 'gpus'?)"},
      {top + "    bf16_flop: 1e15", "my.yaml:4: gpus.X.bf16_flop: unknown key (did you mean 'bf16_flops'?)"},
      {top + "    bf16_flops: fast", "my.yaml:4: gpus.X.bf16_flops: expected a number from 1e+09 to 1e+18, got 'fast'"},
      {top + "    bf16_flops: nan", "my.yaml:4: gpus.X.bf16_flops: expected a number from 1e+09 to 1e+18, got 'nan'"},
      {top + "    bf16_flops: {a: 1}",
       "my.yaml:4: gpus.X.bf16_flops: expected a number from 1e+09 to 1e+18, got a map"},
      {top + "    gemm_compute_efficiency: 1.2",
       "my.yaml:4: gpus.X.gemm_compute_efficiency: expected a number from 0.001 to 1, got '1.2'"},
      {top + "    memory: 80", "my.yaml:4: gpus.X.memory: expected a size from 1GB to 1000TB, got '80'"},
      {top + "    memory: [80GB]", "my.yaml:4: gpus.X.memory: expected a value or [value, source], got a list of 1"},
      {top + "    tdp_watts: 1\n    tdp_watts: 2", "my.yaml:5: gpus.X.tdp_watts: given twice"},
      {top + "    aliases: [A100]", "my.yaml:4: gpus.X.aliases: 'A100' already names A100-SXM4-80GB"},
      {"gpus:\n  X:\n    like: H10O", "my.yaml:3: gpus.X.like: unknown GPU 'H10O' (did you mean 'H100'?)"},
      {"gpus:\n  X:\n    memory: 80GB", "my.yaml:3: gpus.X: bf16_flops is missing"},
      {"gpus:\n  X: 3", "my.yaml:2: gpus.X: expected a map of fields, got '3'"},
      {"gpus:\n  X: {like: H100\n", "my.yaml:3: not valid YAML: end of map flow not found"},
      {"models:\n  M:\n    layers: 2.5",
       "my.yaml:3: models.M.layers: expected a whole number from 1 to 10000, got '2.5'"},
      {"models:\n  M:\n    layers: 99999999999999999999",
       "my.yaml:3: models.M.layers: expected a whole number from 1 to 10000, got '99999999999999999999'"},
      {"models:\n  M:\n    layer: 2", "my.yaml:3: models.M.layer: unknown key (did you mean 'layers'?)"},
      {"models:\n  M:\n    layers: 2", "my.yaml:3: models.M: hidden is missing"},
      {"models:\n  M:\n    like: Llama-2-7B\n    kv_heads: 7",
       "my.yaml:3: models.M: heads 32 do not divide by kv_heads 7"},
      {"models:\n  M:\n    like: Mixtral-8x7B\n    experts_per_token: 9",
       "my.yaml:3: models.M: experts_per_token is 9, expected 1 to experts 8"},
      {"models:\n  M:\n    like: Llama-2-7B\n    tied_embeddings: maybe",
       "my.yaml:4: models.M.tied_embeddings: expected true or false, got 'maybe'"},
  };
  for (const auto& [yaml, expected] : cases) EXPECT_EQ(error_of(yaml), expected) << yaml;
}

TEST(CatalogueFile, DeepNestingAndSelfReferenceDoNotCrash) {
  EXPECT_NE(error_of(std::string(100'000, '[')), "ok");
  EXPECT_NE(error_of("gpus: &a\n  X: *a\n"), "ok");
  EXPECT_NE(error_of(""), "ok");
  EXPECT_NE(error_of(std::string("\0\xff\xfe", 3)), "ok");
}

TEST(CatalogueFile, TruncatedAnywhereNeverCrashes) {
  const std::string text =
      kGpu + "models:\n  M:\n    like: Mixtral-8x7B\n    source: \"x, 2024\"\n    aliases: [m1, m2]\n";
  for (std::size_t n = 0; n < text.size(); ++n) {
    Catalogue c = Catalogue::builtin();
    (void)c.add_yaml(text.substr(0, n), "my.yaml").ok();
  }
}

// gpus: refer to kernels:, whichever comes first in the file; the same for sources:.
TEST(CatalogueFile, SectionsMayComeInAnyOrder) {
  Catalogue c = Catalogue::builtin();
  const std::string gpu = kGpu + "    kernels: [mine, bench]\n";
  const std::string kernels =
      "kernels:\n  mine:\n    measured_on: X1\n    bf16_flops: 1e14\n    link_bytes_per_s: 32e9\n    vllm:\n      "
      "prefill:\n"
      "        source: mine\n        compute: 0.5\n        narrow: 0.5\n        memory: 0.5\n        overhead_s: "
      "1e-6\n";
  const Status s = c.add_yaml(gpu + kernels + "sources: {bench: \"my bench, 2026-06\"}\n", "my.yaml");
  ASSERT_TRUE(s.ok()) << s.error().text();
  EXPECT_EQ(c.gpu("X1")->sources.at("kernels"), "my bench, 2026-06");
  EXPECT_FALSE(kernels_of(*c.gpu("X1"), "vllm", "vllm").derived.contains("prefill"));
  EXPECT_TRUE(kernels_of(*c.gpu("X1"), "vllm", "vllm").derived.contains("gemm_bf16"));
}

}  // namespace
}  // namespace jevons
