// A model from a Hugging Face config.json (ecosystem.md 4.2; field names as transformers spells them).
#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/text.h"
#include "topologies/catalogue.h"
#include "topologies/catalogue_fields.h"

namespace jevons {
namespace {

using Json = nlohmann::json;

std::string shown(const Json& v) {
  if (v.is_string()) return "'" + v.get_ref<const std::string&>().substr(0, 60) + "'";
  if (v.is_primitive()) return v.dump();
  return v.is_object() ? "an object" : "a list";
}

// One config, or the text part of a multimodal one.  The first error sticks.
class Config {
 public:
  Config(const Json& json, std::string prefix) : json_(json), prefix_(std::move(prefix)) {}

  // The first of `names` that is present and not null, in [low, high].
  std::optional<std::int64_t> whole(std::initializer_list<const char*> names, std::int64_t low, std::int64_t high) {
    for (const char* name : names) {
      const auto it = json_.find(name);
      if (it == json_.end() || it->is_null()) continue;
      const bool fits = it->is_number_integer() && (!it->is_number_unsigned() || it->get<std::uint64_t>() <= INT64_MAX);
      if (fits && it->get<std::int64_t>() >= low && it->get<std::int64_t>() <= high) return it->get<std::int64_t>();
      fail(name, "expected a whole number from " + std::to_string(low) + " to " + std::to_string(high) + ", got " +
                     shown(*it));
      return std::nullopt;
    }
    return std::nullopt;
  }
  std::int64_t required(std::initializer_list<const char*> names, std::int64_t low, std::int64_t high) {
    const auto v = whole(names, low, high);
    if (!v) fail(*names.begin(), "is missing, expected a whole number");
    return v.value_or(low);
  }
  bool flag(const char* name, bool fallback) {
    const auto it = json_.find(name);
    if (it == json_.end() || it->is_null()) return fallback;
    if (!it->is_boolean()) fail(name, "expected true or false, got " + shown(*it));
    return it->is_boolean() ? it->get<bool>() : fallback;
  }
  std::string text(const char* name) const {
    const auto it = json_.find(name);
    return it != json_.end() && it->is_string() ? it->get<std::string>() : "";
  }
  const Json* object(const char* name) const {
    const auto it = json_.find(name);
    return it != json_.end() && it->is_object() ? &*it : nullptr;
  }
  void fail(const std::string& field, std::string message) {
    if (!error_) error_ = Error{std::move(message), prefix_ + field};
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Json& json_;
  std::string prefix_;
  std::optional<Error> error_;
};

constexpr std::int64_t kWide = 1 << 20;

std::int32_t narrow(std::optional<std::int64_t> v, std::int64_t fallback = 0) {
  return static_cast<std::int32_t>(v.value_or(fallback));
}

void read_attention(Config* c, ModelSpec* m) {
  m->layers = narrow(c->required({"num_hidden_layers", "n_layer"}, 1, 10'000));
  m->hidden = narrow(c->required({"hidden_size", "n_embd"}, 1, kWide));
  m->heads = narrow(c->required({"num_attention_heads", "n_head"}, 1, 65'536));
  m->kv_heads = narrow(c->whole({"num_key_value_heads"}, 1, 65'536), m->heads);
  m->head_dim = narrow(c->whole({"head_dim"}, 1, 65'536), std::max(1, m->hidden / m->heads));
  m->kv_lora_rank = narrow(c->whole({"kv_lora_rank"}, 0, kWide));
  if (m->kv_lora_rank == 0) return;
  m->q_lora_rank = narrow(c->whole({"q_lora_rank"}, 0, kWide));
  m->qk_rope_head_dim = narrow(c->required({"qk_rope_head_dim"}, 1, 65'536));
  m->qk_nope_head_dim = narrow(c->required({"qk_nope_head_dim"}, 1, 65'536));
  m->v_head_dim = narrow(c->required({"v_head_dim"}, 1, 65'536));
}

// Layers that stay dense: the first ones (DeepSeek), or all but every n-th (Qwen-MoE, Llama 4).  Only their number
// matters.
std::int32_t dense_layers(Config* c, const ModelSpec& m) {
  const auto first = c->whole({"first_k_dense_replace"}, 0, m.layers);
  const auto every = c->whole({"decoder_sparse_step", "interleave_moe_layer_step", "moe_layer_freq"}, 1, 10'000);
  const std::int64_t rest = m.layers - first.value_or(0);
  return static_cast<std::int32_t>(first.value_or(0) + rest - rest / every.value_or(1));
}

void read_mlp(Config* c, ModelSpec* m) {
  m->experts = narrow(c->whole({"num_local_experts", "n_routed_experts", "num_experts"}, 0, 65'536));
  if (m->experts <= 1) {  // One expert is a dense layer.
    m->experts = 0;
    m->intermediate = narrow(c->required({"intermediate_size"}, 1, 4 * kWide));
    return;
  }
  const auto width = c->whole({"intermediate_size"}, 0, 4 * kWide);
  const auto dense_width =
      c->whole({"intermediate_size_mlp"}, 1, 4 * kWide);  // Llama 4: intermediate_size is an expert's.
  m->intermediate = narrow(dense_width ? dense_width : width);
  m->experts_per_token = narrow(c->required({"num_experts_per_tok", "moe_topk"}, 1, m->experts));
  const auto expert_width = c->whole({"moe_intermediate_size"}, 1, kWide);
  m->moe_intermediate = narrow(expert_width ? expert_width : width);
  if (m->moe_intermediate < 1) c->fail("moe_intermediate_size", "is missing, expected a whole number");
  m->shared_experts = narrow(c->whole({"n_shared_experts"}, 0, 1'024));
  if (const auto shared = c->whole({"shared_expert_intermediate_size"}, 0, kWide); shared && m->moe_intermediate > 0) {
    m->shared_experts = static_cast<std::int32_t>((*shared + m->moe_intermediate - 1) / m->moe_intermediate);
  }
  m->dense_layers = dense_layers(c, *m);
}

double weight_bytes(Config* c, const Json* quantization) {
  if (quantization == nullptr) return 2;  // vLLM serves float32 checkpoints in 16 bits too.
  Config q(*quantization, "quantization_config.");
  const std::string method = q.text("quant_method");
  if (method == "fp8" || method == "fbgemm_fp8" || method == "modelopt") return 1;
  const auto bits = q.whole({"bits", "w_bit"}, 1, 16);
  if (q.error()) c->fail("quantization_config", q.error()->message);
  if (!bits) {
    c->fail("quantization_config.quant_method",
            "'" + method.substr(0, 60) +
                "' is not understood (expected fp8, or an integer 'bits'); give the model in a catalogue file");
  }
  return static_cast<double>(bits.value_or(16)) / 8;
}

Result<ModelSpec> read_config(const Json& root, const std::string& name) {
  const Config outer(root, "");
  const Json* inner = root.contains("hidden_size") ? nullptr : outer.object("text_config");
  if (inner == nullptr && !root.contains("hidden_size")) inner = outer.object("llm_config");
  Config c(inner == nullptr ? root : *inner, inner == nullptr ? "" : "text_config.");

  // Their MLP has no gate: two matrices instead of three, so every figure would be wrong by a third.
  static constexpr std::array<std::string_view, 10> kUngated{"opt",         "gpt2", "bloom", "falcon", "gpt_neox",
                                                             "gpt_bigcode", "gptj", "mpt",   "phi",    "starcoder2"};
  const std::string type = c.text("model_type");
  for (const std::string_view bad : kUngated) {
    if (type == bad)
      c.fail("model_type",
             "'" + type + "' has an MLP without a gate, expected a gated one (Llama, Mistral, Qwen, DeepSeek, ...)");
  }
  if (root.contains("encoder_layers") || c.flag("is_encoder_decoder", false)) {
    c.fail("is_encoder_decoder", "expected a decoder-only model");
  }

  ModelSpec m;
  m.name = name;
  read_attention(&c, &m);
  read_mlp(&c, &m);
  m.vocab = c.required({"vocab_size"}, 1, 100'000'000);
  m.max_model_len = c.whole({"max_position_embeddings", "n_positions", "max_seq_len"}, 1, 1'000'000'000).value_or(2048);
  m.tied_embeddings = c.flag("tie_word_embeddings", false);
  const Json* quantization = c.object("quantization_config");
  m.weight_bytes_per_parameter =
      weight_bytes(&c, quantization != nullptr ? quantization : outer.object("quantization_config"));
  if (c.error()) return *c.error();
  if (Status s = check_model(m); !s) return s.error();
  return m;
}

}  // namespace

Status Catalogue::add_hugging_face(std::string_view json_text, const std::string& file_name,
                                   const std::string& model_name) {
  Json root;
  try {
    root = Json::parse(json_text);
  } catch (const Json::parse_error& e) {  // The library's only way to say where.
    const std::size_t at = std::min<std::size_t>(e.byte, json_text.size());
    const auto line = 1 + std::count(json_text.begin(), json_text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    return Error{"not valid JSON", file_name + ":" + std::to_string(line)};
  }
  if (!root.is_object()) return Error{"expected a JSON object, got " + shown(root), file_name};
  auto model = read_config(root, model_name);
  if (!model) {
    const std::string& where = model.error().where;
    return Error{model.error().message, file_name + (where.empty() ? "" : ": " + where)};
  }
  model->source = file_name;
  Catalogue copy = *this;
  copy.models_[model_name] = *model;
  if (Status s = copy.add_alias(model_name, model_name); !s) return Error{s.error().message, file_name};
  *this = std::move(copy);
  return Ok{};
}

}  // namespace jevons
