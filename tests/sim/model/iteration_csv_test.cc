// Iteration tables from CSV: look-up by hand, and what is refused.
#include "sim/model/iteration_csv.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"

namespace jevons {
namespace {

std::string file(const std::string& name, const std::string& text) {
  const std::string path =
      testing::TempDir() + "jevons_" + testing::UnitTest::GetInstance()->current_test_info()->name() + "_" + name;
  EXPECT_TRUE(write_whole_file(path, text).ok());
  return path;
}

const std::string kGrid =
    "decode,decode_context,prefill_tokens,ms,note\n"
    "0,0,0,0,\n0,0,64,4,\n0,1000,0,0,\n0,1000,64,4,\n8,0,0,1,\n8,0,64,5,\n8,1000,0,2,\n8,1000,64,6,\n";

std::string error_of(const Result<std::unique_ptr<IterationTable>>& t, const std::string& path) {
  if (t.ok()) return "ok";
  std::string text = t.error().text();
  if (const auto at = text.find(path); at != std::string::npos) text.replace(at, path.size(), "F");
  return text;
}

TEST(IterationGrid, NearestCellAtOrAbove) {
  const auto t = read_iteration_grid(file("grid.csv", kGrid), {8, 64, 125});
  ASSERT_TRUE(t.ok()) << t.error().text();
  const auto ms = [&](std::int64_t decode, std::int64_t context, std::int64_t prefill) {
    return seconds_from_fixed((*t)->time({.tokens = decode + prefill, .decode = decode, .decode_context = context})) *
           1e3;
  };
  EXPECT_DOUBLE_EQ(ms(8, 1000, 64), 6);
  EXPECT_DOUBLE_EQ(ms(8, 1000, 0), 2);
  EXPECT_DOUBLE_EQ(ms(1, 1, 1), 6);
  EXPECT_DOUBLE_EQ(ms(0, 0, 10), 4);
}

TEST(IterationGrid, Refusals) {
  const auto read = [&](const std::string& text, IterationLimits limits) {
    const std::string path = file("bad.csv", text);
    return error_of(read_iteration_grid(path, limits), path);
  };
  const IterationLimits ok{8, 64, 125};
  EXPECT_EQ(read(kGrid, {9, 64, 100}), "F: the table ends at decode 8, the pool needs 9 (max_num_seqs)");
  EXPECT_EQ(read(kGrid, {8, 64, 126}),
            "F: the table ends at decode_context 1000, the pool needs 1008 (max_num_seqs x max_model_len)");
  EXPECT_EQ(read(kGrid, {8, 65, 125}),
            "F: the table ends at prefill_tokens 64, the pool needs 65 (max_num_batched_tokens)");
  EXPECT_EQ(read("decode,ms\n1,2\n", ok), "F:1: the header has no column 'decode_context'");
  EXPECT_EQ(read("decode,decode_context,prefill_tokens,ms,ms\n", ok), "F:1: the header has two columns 'ms'");
  EXPECT_EQ(read("decode,decode_context,prefill_tokens,ms\n", ok), "F: no rows after the header");
  EXPECT_EQ(read("decode,decode_context,prefill_tokens,ms\n1,2,3\n", ok), "F:2: expected 4 fields, got 3");
  EXPECT_EQ(read("decode,decode_context,prefill_tokens,ms\n1,2,3,-4\n", ok),
            "F:2:7: expected ms to be a number from 0 to 3600000, got '-4'");
  EXPECT_EQ(read("decode,decode_context,prefill_tokens,ms\n1.5,2,3,4\n", ok),
            "F:2:1: expected decode to be a whole number from 0 to 1e+09, got '1.5'");
  EXPECT_EQ(read(kGrid + "9,0,0,1,\n", ok),
            "F: the grid is not full, expected one row for every combination of its axes' values");
  const std::string twice = kGrid.substr(0, kGrid.rfind("8,1000,64")) + "8,1000,0,2,\n";
  EXPECT_EQ(read(twice, ok), "F: the row of decode 8, decode_context 1000, prefill_tokens 0 is given twice");
}

struct VidurFiles {
  std::string ops, prefill, decode;
};

VidurFiles small_vidur() {
  VidurFiles f;
  f.ops =
      "num_tokens,attn_pre_proj,attn_post_proj,mlp_up_proj,mlp_down_proj,mlp_act,attn_rope,attn_kv_cache_save,input_"
      "layernorm,"
      "post_attention_layernorm,add,all_reduce\n";
  f.prefill = "kv_rounded64,chunk,ms\n";
  f.decode = "batch_size,kv_rounded64,ms\n";
  for (int t = 1; t <= 16; ++t) {
    f.ops += std::to_string(t) + ",1,1,1,1,1,1," + std::to_string(t) + ",1,1," + std::to_string(100 * t) + ",0.48\n";
    f.prefill += "0," + std::to_string(t) + "," + std::to_string(10 * t) + "\n64," + std::to_string(t) + ",7777\n";
  }
  for (int b = 1; b <= 2; ++b) {
    for (int kv = 0; kv <= 128; kv += 64)
      f.decode += std::to_string(b) + "," + std::to_string(kv) + "," + std::to_string(1000 * b + kv) + "\n";
  }
  return f;
}

Result<std::unique_ptr<IterationTable>> read_vidur(const VidurFiles& f, IterationLimits limits) {
  return read_vidur_tables({file("ops.csv", f.ops), file("prefill.csv", f.prefill), file("decode.csv", f.decode), 3},
                           limits);
}

TEST(VidurTables, FormulaByHand) {
  const auto t = read_vidur(small_vidur(), {2, 16, 128});
  ASSERT_TRUE(t.ok()) << t.error().text();
  const auto ms = [&](const IterationShape& s) { return seconds_from_fixed((*t)->time(s)) * 1e3; };
  // T[8] = 8 x 1 + 800 + 2 x 0.5 = 809.
  // One decode, 63 tokens before: processed 64, D[1][64] = 1064.
  EXPECT_DOUBLE_EQ(ms({.tokens = 1, .decode = 1, .decode_context = 63}), 3 * (809 + 1 + 1064));
  // 64 before: processed 65, rounded up to 128.
  EXPECT_DOUBLE_EQ(ms({.tokens = 1, .decode = 1, .decode_context = 64}), 3 * (809 + 1 + 1128));
  // Two decodes: mean processed floor((126 + 2) / 2) = 64; 2064 x 1.1.
  EXPECT_DOUBLE_EQ(ms({.tokens = 2, .decode = 2, .decode_context = 127}), 3 * (809 + 2 + 2064 * 1.1));
  // Two prompts of 5 and 4: sqrt(41) = 6.4 -> 6: 60 x 1.1; T[16] = 8 + 1600 + 1, kv_save[9] = 9.
  EXPECT_NEAR(ms({.tokens = 9, .chunks = 2, .prompt_squares = 41}), 3 * (1609 + 9 + 66), 1e-9);
  EXPECT_NEAR(ms({.tokens = 13, .chunks = 1, .prompt_squares = 169}), 3 * (1609 + 13 + 130), 1e-9);
}

TEST(VidurTables, Refusals) {
  const auto error = [](const VidurFiles& f, IterationLimits limits) {
    const auto t = read_vidur(f, limits);
    return t.ok() ? std::string("ok") : t.error().message;
  };
  const VidurFiles good = small_vidur();
  EXPECT_EQ(
      error(good, {2, 17, 128}),
      "the table ends at num_tokens 16, the pool needs 24 (max_num_batched_tokens or max_num_seqs, rounded up to 8)");
  EXPECT_EQ(error(good, {3, 16, 128}), "the table ends at batch_size 2, the pool needs 3 (max_num_seqs)");
  EXPECT_EQ(error(good, {2, 16, 129}),
            "the table ends at kv_rounded64 128, the pool needs 192 (max_model_len rounded up to 64)");
  VidurFiles f = good;
  f.decode = "batch_size,kv_rounded64,ms\n1,0,1\n1,32,1\n";
  EXPECT_EQ(error(f, {1, 16, 32}), "expected kv_rounded64 to run from 0 in steps of 64");
  f = good;
  f.prefill = "kv_rounded64,chunk,ms\n64,1,1\n";
  EXPECT_EQ(error(f, {2, 16, 128}), "no rows with kv_rounded64 0");
  f = good;
  f.ops += "16,1,1,1,1,1,1,1,1,1,1,1\n";
  EXPECT_EQ(error(f, {2, 16, 128}), "the row of num_tokens 16 is given twice");
  EXPECT_FALSE(read_vidur_tables({"/nowhere/a.csv", "b", "c", 3}, {1, 1, 1}).ok());
}

}  // namespace
}  // namespace jevons
