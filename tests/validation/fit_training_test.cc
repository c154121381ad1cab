// Measured training runs: what is read, what is rejected, what no fit sees, and that the constants kept are those
// fitted.
#include "validation/fit_training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "validation/minimise.h"
#include "validation/training_rows.h"

namespace jevons {
namespace {

// The folder of measured data, or a skipped test.
#define DATA_OR_SKIP(file)                                                       \
  const DataFolder data = DataFolder::find(JEVONS_SOURCE_DIR "/../shared/data"); \
  if (!data.has(file)) GTEST_SKIP() << "skipped: no data"

TEST(FitTraining, Print) {
  DATA_OR_SKIP("perf/mosaic_mpt.csv");
  const auto fits = fit_training(data, Catalogue::builtin());
  ASSERT_TRUE(fits.ok()) << fits.error().text();
  for (const TrainingFit& f : *fits) {
    std::printf("%s share %.4f passes %.3f att %.4f fsdp %.4f: %s\n", f.constants.name.c_str(), f.constants.gemm_share,
                f.constants.activation_passes, f.constants.attention_efficiency, f.constants.fsdp_exposed,
                f.constants.source.c_str());
  }
  const auto m = read_megatron(data, Catalogue::builtin());
  for (const auto& r : m->rows) std::printf("%s %+.3f\n", r.name.c_str(), training_error(r, (*fits)[0].constants));
}

TEST(TrainingRows, Print) {
  const DataFolder data = DataFolder::find(JEVONS_SOURCE_DIR "/../shared/data");
  for (const ValidationRow& r : training_rows(data)) {
    std::printf("%-45s %9.3f %9.3f n=%ld %+.3f (allowed %.3f) %s\n    %s\n", r.id.c_str(), r.published.value_or(0),
                r.simulated.value_or(0), static_cast<long>(r.count), r.error, r.allowed, r.passes() ? "ok" : "MISS",
                r.note.c_str());
  }
}

}  // namespace
}  // namespace jevons
