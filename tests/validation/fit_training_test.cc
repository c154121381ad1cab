// Measured training runs: what is read, what is rejected, what no fit sees, and that the constants kept are those
// fitted.
#include "validation/fit_training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/validation/measured_data.h"
#include "validation/fit.h"
#include "validation/training_rows.h"

namespace jevons {
namespace {

constexpr char kMosaicHeader[] =
    "Model,SeqLen (T),# GPUs,GPU,HFU,MicroBatchSize,GlobalBatchSize,Throughput (T/s/GPU),Precision,MP Mode,"
    "Activation Checkpointing\n";

TEST(Minimise, FindsRosenbrocksValley) {
  const auto x = minimise(
      [](const std::vector<double>& v) {
        return 100 * (v[1] - v[0] * v[0]) * (v[1] - v[0] * v[0]) + (1 - v[0]) * (1 - v[0]);
      },
      {-1.2, 1}, 0.5);
  EXPECT_NEAR(x[0], 1, 1e-4);
  EXPECT_NEAR(x[1], 1, 1e-4);
}

TEST(TrainingData, MosaicRowsThatMislead) {
  const SmallData small("perf/mosaic_mpt.csv", std::string(kMosaicHeader) +
                                                   "7b,2048,8,h100_80gb,46.4,6,48,10643,amp_bf16,DEFAULT,False\n"
                                                   "3b,2048,8,h100_80gb,27.7,10,480,30586,amp_fp8,DEFAULT,False\n"
                                                   "7b,2048,8,a100_80gb,101.0,6,96,9641,amp_bf16,DEFAULT,False\n"
                                                   "13b,1024,8,a100_40gb,58.8,8,1024,1727,bf16,PURE,True\n"
                                                   "1b,512,8,h100_80gb,43.2,56,1792,52275,amp_bf16,DEFAULT,False\n");
  const auto read = read_mosaic(small.folder(), Catalogue::builtin());
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->rejected,
            (std::map<std::string, int>{{"MFU refers to the FP8 peak", 1}, {"faster than the peak", 1}}));
  ASSERT_EQ(read->rows.size(), 3u);
  EXPECT_FALSE(read->rows[0].held_out);  // First H100 row kept.
  EXPECT_FALSE(read->rows[1].held_out);  // First A100 row kept.
  EXPECT_TRUE(read->rows[2].held_out);   // Second H100 row kept.
  EXPECT_EQ(read->rows[1].recipe.recomputation, Recomputation::kFull);
  EXPECT_EQ(read->rows[1].recipe.gradient_bytes, 2);
  EXPECT_EQ(read->rows[1].gpu.name, "A100-SXM4-40GB");
  EXPECT_EQ(read->rows[0].layout.zero_stage, 3);
}

TEST(TrainingData, DamagedFilesSayWhere) {
  const SmallData bad("perf/mosaic_mpt.csv",
                      std::string(kMosaicHeader) + "7b,2048,8,h100_80gb,46.4,six,48,10643,amp_bf16,DEFAULT,False\n");
  const auto read = read_mosaic(bad.folder(), Catalogue::builtin());
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().text().find("mosaic_mpt.csv:2: expected a number above 0, got 'six'"), std::string::npos)
      << read.error().text();
  EXPECT_FALSE(read_megatron(bad.folder(), Catalogue::builtin()).ok());
  const SmallData unknown("perf/sc21_a100_table1.csv",
                          "params_b,hidden,layers,tp,pp,gpus,batch,tflops_per_gpu\n2.5,2304,24,1,1,32,512,137\n");
  const auto size = read_megatron(unknown.folder(), Catalogue::builtin());
  ASSERT_FALSE(size.ok());
  EXPECT_EQ(size.error().message, "unknown size '2.5'");
}

TEST(TrainingData, MptShapesGiveThePublishedParameters) {
  if (!shared_data().has("perf/mosaic_mpt.csv")) GTEST_SKIP() << "skipped: no data";
  const auto read = read_mosaic(shared_data(), Catalogue::builtin());
  ASSERT_TRUE(read.ok()) << read.error().text();
  // NumParams of the table at sequence 2048; MPT adds learned positions, 2048 x h.
  const std::map<std::string, double> published{{"125m", 125311488},  {"350m", 355985408},  {"760m", 760470528},
                                                {"1b", 1315950592},   {"3b", 2651837440},   {"7b", 6658859008},
                                                {"13b", 12853954560}, {"30b", 29975214080}, {"70b", 64862437376}};
  std::set<std::string> seen;
  for (const MeasuredTraining& r : read->rows) {
    EXPECT_NEAR((r.model.parameters() + 2048.0 * r.model.hidden) / published.at(r.size), 1, 0.001) << r.name;
    seen.insert(r.size);
  }
  EXPECT_EQ(seen.size(), published.size());
  EXPECT_EQ(read->rejected.at("MFU refers to the FP8 peak"), 3);
}

// What training_fitted.yaml keeps is what the program fits, to the digits kept.
TEST(FitTraining, ConstantsKeptAreThoseFitted) {
  if (!shared_data().has("perf/mosaic_mpt.csv") || !shared_data().has("perf/sc21_a100_table1.csv")) {
    GTEST_SKIP() << "skipped: no data";
  }
  const auto fits = fit_training(shared_data(), Catalogue::builtin());
  ASSERT_TRUE(fits.ok()) << fits.error().text();
  ASSERT_EQ(fits->size(), 3u);
  for (const TrainingFit& f : *fits) {
    const auto kept = Catalogue::builtin().training_stack(f.constants.name);
    ASSERT_TRUE(kept.ok()) << f.constants.name;
    EXPECT_NEAR(kept->gemm_share / f.constants.gemm_share, 1, 0.01) << f.constants.source;
    EXPECT_NEAR(kept->activation_passes / f.constants.activation_passes, 1, 0.01) << f.constants.source;
    if (f.constants.attention_efficiency > 0) {
      EXPECT_NEAR(kept->attention_efficiency / f.constants.attention_efficiency, 1, 0.01) << f.constants.source;
    }
    EXPECT_NEAR(kept->fsdp_exposed / f.constants.fsdp_exposed, 1, 0.01) << f.constants.source;
    EXPECT_LT(f.held_out_error, 0.06) << f.constants.source;
  }
}

TEST(TrainingRows, PublishedRunsNeedNoData) {
  const ValidationRows rows = training_rows(DataFolder("/nowhere"), Catalogue::builtin());
  std::set<std::string> ids;
  int compared = 0;
  for (const ValidationRow& r : rows) {
    EXPECT_TRUE(ids.insert(r.id).second) << r.id;
    compared += r.no_data.empty() ? 1 : 0;
    if (r.published) {
      EXPECT_NEAR(r.error, *r.simulated / *r.published - 1, 1e-12);
    }
    EXPECT_EQ(r.split, Split::kNeverFitted) << r.id;
    EXPECT_LT(std::abs(r.error), 0.45) << r.id;
  }
  EXPECT_EQ(compared, 17);
  EXPECT_EQ(rows.size(), 19u);  // Two files are absent.
}

TEST(TrainingRows, HeldOutRowsKeepTheirTargets) {
  if (!shared_data().has("perf/mosaic_mpt.csv")) GTEST_SKIP() << "skipped: no data";
  for (const ValidationRow& r : training_rows(shared_data(), Catalogue::builtin())) {
    if (r.split == Split::kHeldOut) {
      EXPECT_TRUE(r.passes()) << r.id << " " << r.error;
    }
  }
}

}  // namespace
}  // namespace jevons
