// Splitwise: what is refused, that the presets kept are those fitted, and the rows.
#include "validation/splitwise_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "tests/validation/measured_data.h"
#include "validation/splitwise_fit.h"

namespace jevons {
namespace {

// A folder with the file of these rows.
SmallData small_data(const std::string& rows) {
  const std::string header =
      "model,hardware,prompt_size,batch_size,token_size,prompt_time,token_time,e2e_time,tensor_parallel\n";
  return {kSplitwiseFile, header + rows};
}

TEST(SplitwiseData, RowsThatMislead) {
  const SmallData small = small_data(
      "llama2-70b,a100-80gb,512,1,128,196,54,7000,2\n"
      "llama2-70b,a100-80gb,512,1,128,200,55,7100,2\n"
      "llama2-70b,a100-80gb,512,1,128,198,56,7200,2\n"
      "llama2-70b,a100-80gb,512,1,128,198,56,7200,2\n"        // Again.
      "llama2-70b,a100-80gb,512,1,4096,195,60,9855,2\n"       // All ended early: (9,855 - 195) / 60 = 161.
      "llama2-70b,h100-80gb,512,64,128,362,42.3,83891.5,2\n"  // (362 + 127 x 42.3) / 83,892 = 0.07.
      "llama2-70b,h100-80gb-pcap,512,1,128,70,30,3837,8\n"
      "llama2-70b,b100,512,1,128,70,30,3837,8\n"
      "llama2-70b,a100-80gb,512,1,128,196,30,4000,2\n"  // 69 GB in 30 ms are 2.3 TB/s.
      "llama2-70b,a100-80gb,512,1,128,0,54,7000,2\n");
  const auto read = read_splitwise(small.folder(), Catalogue::builtin());
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->rejected, (std::map<std::string, int>{{"given twice", 1},
                                                        {"less than half of their total", 1},
                                                        {"made up (power-capped)", 1},
                                                        {"of another model or GPU", 1},
                                                        {"faster than the memory", 1},
                                                        {"without a time or size", 1}}));
  ASSERT_EQ(read->shapes.size(), 2U + 26);  // And BLOOM's medians.
  EXPECT_EQ(read->shapes[0].runs, 3);
  EXPECT_DOUBLE_EQ(read->shapes[0].prompt_s, 0.198);
  EXPECT_DOUBLE_EQ(read->shapes[0].token_s, 0.055);
  EXPECT_DOUBLE_EQ(read->shapes[0].generated, 125);  // (7,200 - 198) / 56, the median of 126, 125 and 125.
  EXPECT_DOUBLE_EQ(read->shapes[1].generated, 161);
}

TEST(SplitwiseData, DamagedFilesSayWhere) {
  const SmallData bad = small_data("llama2-70b,a100-80gb,512,one,128,196,54,7000,2\n");
  const auto read = read_splitwise(bad.folder(), Catalogue::builtin());
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().text().find("expected batch_size to be a number, got 'one'"), std::string::npos);
}

// 8,192 x 2 bytes x 4,096 tokens are 64 MiB.
TEST(SplitwiseFit, TheCliffIsAt64MebibytesOnEightGpus) {
  const ModelSpec llama = *Catalogue::builtin().model("Llama-2-70B");
  PhaseTimes s;
  s.tensor = 8;
  s.prompt = 4096;
  EXPECT_TRUE(beyond_cliff(s, llama));
  s.prompt = 4095;
  EXPECT_FALSE(beyond_cliff(s, llama));
  s.prompt = 8192;
  s.tensor = 2;
  EXPECT_FALSE(beyond_cliff(s, llama));
}

TEST(SplitwiseFit, PresetsKeptAreThoseFitted) {
  if (!shared_data().has(kSplitwiseFile)) GTEST_SKIP() << "skipped: no data";
  const Catalogue catalogue = Catalogue::builtin();
  const auto read = read_splitwise(shared_data(), catalogue);
  ASSERT_TRUE(read.ok()) << read.error().text();
  const auto fitted = fit_splitwise(*read, catalogue);
  ASSERT_TRUE(fitted.ok()) << fitted.error().text();
  for (const StackSpec& f : *fitted) {
    const auto kept = catalogue.stack(f.name);
    ASSERT_TRUE(kept.ok()) << f.name;
    EXPECT_NEAR(kept->layer_s / f.layer_s, 1, 0.01);
    EXPECT_NEAR(kept->sequence_s / f.sequence_s, 1, 0.01);
    EXPECT_NEAR(kept->elementwise_passes / f.elementwise_passes, 1, 0.01);
    EXPECT_EQ(kept->collectives, f.collectives);
  }
}

TEST(SplitwiseRows, WithoutDataSaySo) {
  const ValidationRows rows = splitwise_rows(DataFolder("/nowhere"));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].no_data, kSplitwiseFile);
}

TEST(SplitwiseRows, AreWhole) {
  if (!shared_data().has(kSplitwiseFile)) GTEST_SKIP() << "skipped: no data";
  std::set<std::string> ids;
  int missed = 0;
  for (const ValidationRow& r : splitwise_rows(shared_data())) {
    std::printf("%-45s %s %6.1f %% (p95 %.1f, allowed %.1f) of %2d %s\n", r.id.c_str(), r.passes() ? "    " : "MISS",
                100 * r.error, 100 * r.p95, 100 * r.allowed, static_cast<int>(r.count),
                r.published ? (std::to_string(*r.published) + " ours " + std::to_string(*r.simulated)).c_str()
                            : r.note.c_str());
    EXPECT_TRUE(ids.insert(r.id).second) << r.id;
    EXPECT_TRUE(r.no_data.empty());
    EXPECT_GT(r.count, 0) << r.id;
    EXPECT_LT(std::fabs(r.error), 0.45) << r.id;
    missed += r.passes() ? 0 : 1;
    // A miss says why.
    EXPECT_TRUE(r.passes() || r.note.size() > 40) << r.id << ": " << r.note;
  }
  EXPECT_EQ(ids.size(), 33U);
  EXPECT_GT(missed, 0);
}

}  // namespace
}  // namespace jevons
