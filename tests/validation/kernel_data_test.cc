// Measured kernels: the split is a rule, rows that break physics are refused, bad files are one clear error.
#include "validation/kernel_data.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "tests/validation/measured_data.h"
#include "validation/collective_data.h"
#include "validation/kernel_rows.h"
#include "validation/serving_replay.h"
#include "validation/split.h"

namespace jevons {
namespace {

const KernelFile& gemm_file() {
  for (const KernelFile& f : kernel_files()) {
    if (f.family == "gemm_bf16" && f.silicon == "h100") return f;
  }
  std::abort();
}

// A plain file under the compressed one's name: the content decides.
KernelSamples read_gemm(const std::string& rows) {
  const SmallData data(gemm_file().path, "m,n,k,ms\n" + rows);
  const auto samples = read_kernel_file(data.folder(), gemm_file(), *Catalogue::builtin().gpu(gemm_file().gpu));
  return samples.value();
}

TEST(KernelData, RowsThatBreakPhysicsAreRefused) {
  // 8192^3 x 2 FLOP at 989.4e12 take 1.111 ms; 1 x 65536 x 8192 reads 1.07 GB, 0.3205 ms at 3.35e12, of which 1.02 is
  // allowed; 1 x 1024 x 1024 lies in the L2 cache (2 MB of 50) and may beat HBM.
  const KernelSamples s = read_gemm(
      "8192,8192,8192,1.10\n8192,8192,8192,1.12\n1,65536,8192,0.30\n1,65536,8192,0.316\n1,1024,1024,0.0001\n");
  EXPECT_EQ(s.rows(), 3u);
  EXPECT_EQ(s.faster_than_compute, 1);
  EXPECT_EQ(s.faster_than_memory, 1);
  EXPECT_DOUBLE_EQ(s.seconds[0], 1.12e-3);
  EXPECT_DOUBLE_EQ(s.row(0)[2], 8192);  // n, k, m.
}

TEST(KernelData, AllSizesOfOneShapeFallOnOneSide) {
  const KernelSamples s = read_gemm("1,4096,4096,1\n64,4096,4096,1\n1,4096,8192,1\n64,4096,8192,1\n");
  EXPECT_EQ(s.held_out[0], s.held_out[1]);
  EXPECT_EQ(s.held_out[2], s.held_out[3]);
}

TEST(Split, OneShapeInFourByAHashOfItsNumbers) {
  int held = 0;
  for (int n = 1; n <= 100; ++n) {
    for (int k = 1; k <= 100; ++k) held += held_out(std::array{256.0 * n, 256.0 * k}) ? 1 : 0;
  }
  EXPECT_NEAR(held, 2'500, 150);
  // Pins the rule, which the fitted constants rest on.
  EXPECT_EQ(held_out(std::array{4096.0, 8192.0}), held_out(std::array{4096.4, 8191.6}));
  EXPECT_TRUE(held_out(std::array{1.0}));  // FNV-1a of "1" is 0xaf63ac4c86019afc: 0 modulo 4.
}

TEST(KernelData, BadFilesGiveOneClearError) {
  const auto error_of = [](const std::string& text) {
    const SmallData data(gemm_file().path, text);
    const std::string file = data.folder().file(gemm_file().path);
    const auto read = read_kernel_file(data.folder(), gemm_file(), *Catalogue::builtin().gpu(gemm_file().gpu));
    std::string error = read.ok() ? "ok" : read.error().text();
    const auto at = error.find(file);
    return at == std::string::npos ? error : error.replace(at, file.size(), "FILE");
  };
  EXPECT_EQ(error_of("m,n,k\n1,2,3\n"), "FILE:1: the header has no column 'ms'");
  EXPECT_EQ(error_of("m,n,k,ms\n1,2,3\n"), "FILE:2: expected 4 fields, got 3");
  EXPECT_EQ(error_of("m,n,k,ms\n1,2,3,fast\n"), "FILE:2: expected ms to be a number, got 'fast'");
  EXPECT_EQ(error_of("m,n,k,ms\n"), "FILE: no rows after the header");
  EXPECT_NE(error_of("").find("cannot open"), std::string::npos) << error_of("");
}

TEST(Validation, RowsWithoutDataSayWhichFileIsAbsent) {
  const DataFolder nothing("/nonexistent");
  const Catalogue catalogue = Catalogue::builtin();
  for (const auto& rows :
       {kernel_rows(nothing, catalogue), collective_rows(nothing, catalogue), serving_rows(nothing, catalogue)}) {
    ASSERT_TRUE(rows.ok());
    ASSERT_FALSE(rows->empty());
    for (const ValidationRow& row : *rows) EXPECT_FALSE(row.no_data.empty()) << row.id;
  }
  const auto experts = expert_rows(nothing, catalogue);
  for (const ValidationRow& row : *experts) EXPECT_EQ(row.no_data.empty(), row.split != Split::kFitted) << row.id;
}

TEST(ServedRuns, TheFirstReplicaOfEachTraceIsFittedAndEightGpusOfFp8Never) {
  const SmallData data(
      kServedRunsFile,
      "run,model,tp,n_requests,mean_ttft_s,tpot_s_per_token,sum_latency_s\n"
      "llama_a_025_2DP4TP_0.csv,Llama-3.1-70B,4,1,0.1,0.02,1\nllama_a_025_2DP4TP_1.csv,Llama-3.1-70B,4,1,0.1,0.02,"
      "1\n"
      "llama_a_025_8TP.csv,Llama-3.1-70B,8,1,0.1,0.02,1\nmistral_a_025_2DP4TP_fp8_0.csv,Mistral,4,1,0.1,0.02,1\n"
      "mistral_a_025_8TP_fp8.csv,Mistral,8,1,0.1,0.02,1\n");
  const auto runs = read_served_runs(data.folder());
  ASSERT_TRUE(runs.ok());
  std::vector<bool> fitted;
  for (const ServedRun& r : *runs) fitted.push_back(r.fitted);
  EXPECT_EQ(fitted, (std::vector<bool>{true, false, true, true, false}));
}

// The targets that were reached stay reached (skipped without data).
TEST(Validation, ServedRunsNeverFittedStayWithinTheirTargets) {
  const DataFolder data = shared_data();
  if (!data.has(kServedRunsFile)) GTEST_SKIP() << "skipped: no data";
  const auto rows = serving_rows(data, Catalogue::builtin());
  ASSERT_TRUE(rows.ok()) << rows.error().text();
  for (const ValidationRow& row : *rows) {
    EXPECT_TRUE(row.split == Split::kFitted || row.passes()) << row.id << " " << row.error;
  }
}

}  // namespace
}  // namespace jevons
