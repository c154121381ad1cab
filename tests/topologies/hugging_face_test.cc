// config.json files as Hugging Face has them, and broken ones.
#include <gtest/gtest.h>

#include "topologies/catalogue.h"

namespace jevons {
namespace {

const char* const kLlama = R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 8192, "intermediate_size": 28672,
  "max_position_embeddings": 131072, "model_type": "llama", "num_attention_heads": 64, "num_hidden_layers": 80,
  "num_key_value_heads": 8, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "vocab_size": 128256})";

const char* const kDeepSeek = R"({"model_type": "deepseek_v3", "first_k_dense_replace": 3, "hidden_size": 7168,
  "intermediate_size": 18432, "kv_lora_rank": 512, "max_position_embeddings": 163840, "moe_intermediate_size": 2048,
  "moe_layer_freq": 1, "n_routed_experts": 256, "n_shared_experts": 1, "num_attention_heads": 128,
  "num_experts_per_tok": 8,
  "num_hidden_layers": 61, "num_key_value_heads": 128, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
  "qk_rope_head_dim": 64,
  "quantization_config": {"quant_method": "fp8", "fmt": "e4m3"}, "tie_word_embeddings": false, "v_head_dim": 128,
  "vocab_size": 129280})";

const char* const kMixtral = R"({"hidden_size": 4096, "intermediate_size": 14336, "max_position_embeddings": 32768,
  "model_type": "mixtral", "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32,
  "num_key_value_heads": 8, "num_local_experts": 8, "vocab_size": 32000})";

ModelSpec import(const char* json) {
  Catalogue c;
  const Status s = c.add_hugging_face(json, "config.json", "M");
  EXPECT_TRUE(s.ok()) << (s.ok() ? "" : s.error().text());
  return s.ok() ? *c.model("M") : ModelSpec{};
}

std::string error_of(const std::string& json) {
  Catalogue c;
  const Status s = c.add_hugging_face(json, "config.json", "M");
  EXPECT_EQ(c.model_names().size(), s.ok() ? 1U : 0U);
  return s.ok() ? "ok" : s.error().text();
}

TEST(HuggingFace, AgreesWithTheBuiltInEntries) {
  const Catalogue c = Catalogue::builtin();
  const std::vector<std::pair<const char*, const char*>> pairs{
      {kLlama, "Llama-3.1-70B"}, {kDeepSeek, "DeepSeek-V3"}, {kMixtral, "Mixtral-8x7B"}};
  for (const auto& [json, name] : pairs) {
    const ModelSpec m = import(json), known = *c.model(name);
    EXPECT_EQ(m.parameters(), known.parameters()) << name;
    EXPECT_EQ(m.active_parameters(), known.active_parameters()) << name;
    EXPECT_EQ(m.weight_bytes(), known.weight_bytes()) << name;
    EXPECT_EQ(m.kv_bytes_per_token(), known.kv_bytes_per_token()) << name;
    EXPECT_EQ(m.max_model_len, known.max_model_len) << name;
  }
}

TEST(HuggingFace, NestedTextConfigAndDefaults) {
  const ModelSpec m =
      import(R"({"model_type": "gemma3", "text_config": {"hidden_size": 2560, "intermediate_size": 10240,
      "num_hidden_layers": 34, "num_attention_heads": 8, "head_dim": 256, "vocab_size": 262208,
      "tie_word_embeddings": true}})");
  EXPECT_EQ(m.kv_heads, 8);  // As many as heads.
  EXPECT_EQ(m.head_dim, 256);
  EXPECT_TRUE(m.tied_embeddings);
}

TEST(HuggingFace, Errors) {
  EXPECT_EQ(error_of("{\n\"a\": }"), "config.json:2: not valid JSON");
  EXPECT_EQ(error_of("[]"), "config.json: expected a JSON object, got a list");
  EXPECT_EQ(error_of("{}"), "config.json: num_hidden_layers: is missing, expected a whole number");
  EXPECT_EQ(error_of(R"({"hidden_size": "big", "num_hidden_layers": 2})"),
            "config.json: hidden_size: expected a whole number from 1 to 1048576, got 'big'");
  EXPECT_EQ(error_of(R"({"hidden_size": 8, "num_hidden_layers": 1e99})"),
            "config.json: num_hidden_layers: expected a whole number from 1 to 10000, got 1e+99");
  EXPECT_EQ(error_of(R"({"hidden_size": 8, "num_hidden_layers": 18446744073709551615})"),
            "config.json: num_hidden_layers: expected a whole number from 1 to 10000, got 18446744073709551615");
  EXPECT_EQ(error_of(R"({"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 3,
                        "intermediate_size": 16, "vocab_size": 10})"),
            "config.json: heads 4 do not divide by kv_heads 3");
  EXPECT_NE(error_of(R"({"model_type": "gpt2", "hidden_size": 8})").find("MLP without a gate"), std::string::npos);
  EXPECT_EQ(error_of(R"({"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 16,
                        "vocab_size": 10, "quantization_config": {"quant_method": "magic"}})"),
            "config.json: quantization_config.quant_method: 'magic' is not understood (expected fp8, or an integer "
            "'bits'); give "
            "the model in a catalogue file");
}

TEST(HuggingFace, TruncatedAnywhereNeverCrashes) {
  const std::string text = kDeepSeek;
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_NE(error_of(text.substr(0, n)), "ok") << n;
  EXPECT_NE(error_of(std::string(100'000, '[')), "ok");
  EXPECT_NE(error_of("{\"a\":\"\xff\"}"), "ok");
}

}  // namespace
}  // namespace jevons
