// Look-up of GPUs and models by name or short name.
#include "topologies/catalogue.h"

#include <algorithm>

#include "base/text.h"
#include "topologies/builtin_text.h"

namespace jevons {
namespace {

constexpr std::string_view kFullyMeasured = "h100";  // The part with measurements of every kernel.

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

template <class Spec>
std::vector<std::string> names_of(const std::map<std::string, Spec, std::less<>>& specs) {
  std::vector<std::string> names;
  for (const auto& [name, spec] : specs) names.push_back(name);
  return names;
}

}  // namespace

bool Catalogue::AnyCase::operator()(std::string_view a, std::string_view b) const {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](char x, char y) { return lower(x) < lower(y); });
}

template <class Spec>
Result<Spec> Catalogue::find(const std::map<std::string, Spec, std::less<>>& specs, const Aliases& aliases,
                             std::string_view name, std::string_view kind) {
  if (const auto exact = specs.find(name); exact != specs.end()) return exact->second;
  if (const auto alias = aliases.find(name); alias != aliases.end()) {
    if (const auto it = specs.find(alias->second); it != specs.end()) return it->second;
  }
  std::vector<std::string> spellings;
  for (const auto& [alias, target] : aliases) {
    if (specs.contains(target)) spellings.push_back(alias);
  }
  std::string hint = nearest_hint(name, spellings);
  if (!hint.starts_with(" (did")) hint = nearest_hint(name, names_of(specs));  // The list of full names is the shorter.
  return Error{"unknown " + std::string(kind) + " '" + std::string(name.substr(0, 60)) + "'" + hint, ""};
}

Catalogue Catalogue::builtin() {
  Catalogue c;
  CHECK(c.add_yaml(kBuiltinKernels, "topologies/catalogue/kernels.yaml").ok());
  CHECK(c.add_yaml(kBuiltinGpus, "topologies/catalogue/gpus.yaml").ok());
  CHECK(c.add_yaml(kBuiltinModels, "topologies/catalogue/models.yaml").ok());
  CHECK(c.add_yaml(kBuiltinFittedStacks, "topologies/catalogue/stacks_fitted.yaml").ok());
  CHECK(c.add_yaml(kBuiltinStacks, "topologies/catalogue/stacks.yaml").ok());
  CHECK(c.add_yaml(kBuiltinTraining, "topologies/catalogue/training.yaml").ok());
  CHECK(c.add_yaml(kBuiltinFittedTraining, "topologies/catalogue/training_fitted.yaml").ok());
  return c;
}

namespace {

bool borrowed(const ResolvedKernels& k, const GpuSpec& gpu, std::string_view family) {
  const auto from = k.derived.find(family);
  return from != k.derived.end() && from->second.starts_with(gpu.fallback.name + "/");
}

// The rules of kernels_of's contract for families that were measured on another part.
void derive(const GpuSpec& gpu, ResolvedKernels* k) {
  // `half`: the depth or width at which half of the share is lost; that loss too lies outside the tensor cores.
  const auto share = [&](const char* family, double* s, double* half) {
    if (!k->derived.contains(family)) return;
    const SiliconKernels& measured = borrowed(*k, gpu, family) ? gpu.fallback : gpu.silicon;
    if (measured.sm_count == 0 || gpu.sm_count == 0) return;
    const double pace = gpu.bf16_flops / measured.bf16_flops * (measured.sm_count / gpu.sm_count);
    const double derived = 1 / (1 + (1 / *s - 1) * pace);
    if (half != nullptr) *half *= derived * pace / *s;
    *s = derived;
  };
  share("gemm_bf16", &k->gemm_bf16.compute, &k->gemm_bf16.shallow);
  share("gemm_fp8", &k->gemm_fp8.compute, &k->gemm_fp8.shallow);
  share("gemm_fp8_block", &k->gemm_fp8_block.compute, &k->gemm_fp8_block.shallow);
  share("decode_bf16", &k->decode_bf16.compute, nullptr);
  share("decode_fp8", &k->decode_fp8.compute, nullptr);
  share("prefill", &k->prefill.compute, nullptr);
  share("latent_decode", &k->latent_decode.compute, nullptr);
  share("experts_bf16", &k->experts_bf16.compute, &k->experts_bf16.narrow_compute);
  share("experts_fp8", &k->experts_fp8.compute, &k->experts_fp8.narrow_compute);
  for (auto& [op, by_gpus] : k->collectives) {
    const double measured = (borrowed(*k, gpu, op) ? gpu.fallback : gpu.silicon).link_bytes_per_s;
    const double stretch = measured / gpu.link_bytes_per_s;
    if (stretch == 1) continue;
    for (auto& [gpus, curve] : by_gpus) {
      const double latency = curve.seconds.front();
      for (double& s : curve.seconds) s = latency + (s - latency) * stretch;
    }
  }
}

}  // namespace

ResolvedKernels kernels_of(const GpuSpec& gpu, std::string_view library, std::string_view collective_library) {
  ResolvedKernels k = resolve_kernels(gpu.silicon, gpu.fallback, library, collective_library);
  if (gpu.silicon.measured_on != gpu.name) {
    for (const auto& [family, info] : k.info) k.derived.emplace(family, gpu.silicon.name);
    k.expert_tables.clear();  // Times of another part's silicon say nothing here; the formula scales.
  }
  derive(gpu, &k);
  const auto override_with = [&](double value, std::initializer_list<double*> targets, const char* name) {
    if (value <= 0) return;
    for (double* target : targets) *target = value;
    k.derived[name] = "given by the catalogue entry";
  };
  override_with(gpu.gemm_compute_efficiency, {&k.gemm_bf16.compute, &k.gemm_fp8.compute, &k.gemm_fp8_block.compute},
                "gemm_compute_efficiency");
  override_with(gpu.gemm_memory_efficiency, {&k.gemm_bf16.memory, &k.gemm_fp8.memory, &k.gemm_fp8_block.memory},
                "gemm_memory_efficiency");
  override_with(gpu.attention_memory_efficiency, {&k.decode_bf16.memory, &k.decode_fp8.memory, &k.latent_decode.memory},
                "attention_memory_efficiency");
  override_with(gpu.attention_compute_efficiency, {&k.prefill.compute, &k.latent_decode.compute},
                "attention_compute_efficiency");
  return k;
}

Status Catalogue::add_alias(std::string_view alias, const std::string& name) {
  const auto [it, added] = aliases_.emplace(std::string(alias), name);
  if (!added && it->second != name) {
    return Error{"'" + std::string(alias) + "' already names " + it->second, ""};
  }
  return Ok{};
}

Result<GpuSpec> Catalogue::gpu(std::string_view name) const {
  auto gpu = find(gpus_, aliases_, name, "GPU");
  if (!gpu) return gpu;
  if (const auto own = kernels_.find(gpu->kernels); own != kernels_.end()) gpu->silicon = own->second;
  if (const auto full = kernels_.find(kFullyMeasured); full != kernels_.end()) gpu->fallback = full->second;
  return gpu;
}
Result<ModelSpec> Catalogue::model(std::string_view name) const { return find(models_, aliases_, name, "model"); }
Result<StackSpec> Catalogue::stack(std::string_view name) const {
  return find(stacks_, aliases_, name, "serving stack");
}
Result<TrainingConstants> Catalogue::training_stack(std::string_view name) const {
  return find(training_stacks_, aliases_, name, "training stack");
}
std::vector<std::string> Catalogue::stack_names() const { return names_of(stacks_); }
std::vector<std::string> Catalogue::training_stack_names() const { return names_of(training_stacks_); }
std::vector<std::string> Catalogue::gpu_names() const { return names_of(gpus_); }
std::vector<std::string> Catalogue::model_names() const { return names_of(models_); }

}  // namespace jevons
