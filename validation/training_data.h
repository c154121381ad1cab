// Measured training runs as model, layout and recipe: the MosaicML tables (FSDP) and Megatron-LM's SC'21 table.
#ifndef JEVONS_VALIDATION_TRAINING_DATA_H_
#define JEVONS_VALIDATION_TRAINING_DATA_H_

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/model/training_step.h"
#include "validation/data_folder.h"

namespace jevons {

struct MeasuredTraining {
  std::string name;  // "13b seq 2048 on 8 x a100_80gb", "145.6B".
  std::string size;  // "13b"
  ModelSpec model;
  GpuSpec gpu;
  ParallelLayout layout;
  TrainingRecipe recipe;
  double measured = 0;    // Mosaic: tokens/s/GPU; Megatron: TFLOP/s/GPU with recomputation counted.
  bool held_out = false;  // No fit sees it.
};

struct TrainingData {
  std::vector<MeasuredTraining> rows;
  std::map<std::string, int> rejected;  // Reason -> rows.
};

// perf/mosaic_mpt.csv.  MPT: ungated MLP of 4 h, vocabulary 50,368, tied embeddings, flash attention (Triton).
// Rejected: "MFU refers to the FP8 peak" (the FP8 section: MFU and TFLOP agree only with 1,979 TFLOP/s), "faster than
// the peak" (HFU above 100 %).  Held out: every second row kept of each GPU generation, in file order, from the second
// on.
Result<TrainingData> read_mosaic(const DataFolder& data, const Catalogue& catalogue);

// perf/sc21_a100_table1.csv.  Micro-batch, heads and layers per virtual stage: Megatron-LM examples/sc21/run_table_1.sh
// at 79a3bb6 (full recomputation, unfused attention, no sequence parallelism, no overlap).  Held out: rows 2, 4, 6,
// 8, 10.
Result<TrainingData> read_megatron(const DataFolder& data, const Catalogue& catalogue);

// A GPT: heads x head_dim = hidden, ungated MLP of 4 hidden, tied embeddings.
ModelSpec gpt(const std::string& name, std::int32_t layers, std::int32_t hidden, std::int32_t heads,
              std::int64_t vocab);

// simulated / measured - 1 with these constants; a layout that fails is a mistake of the reader (CHECK).
double training_error(const MeasuredTraining& row, const TrainingConstants& constants, double* simulated = nullptr);

}  // namespace jevons
#endif  // JEVONS_VALIDATION_TRAINING_DATA_H_
