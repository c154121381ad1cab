// Training jobs whose run time is computed.
#include "experiments/scenario_training.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "sim/model/training_step.h"

namespace jevons {
namespace {

constexpr double kMostSeconds = 3'660 * 86'400.0;  // As for a run_time that is given.

ParallelLayout layout_of(const proto::ParallelDegrees& p) {
  ParallelLayout l;
  l.tensor = p.tensor();
  l.pipeline = p.pipeline();
  l.virtual_stages = p.virtual_stages();
  l.context = p.context();
  l.expert = p.expert();
  l.zero_stage = p.zero_stage();
  return l;
}

TrainingRecipe recipe_of(const proto::JobModel& m) {
  TrainingRecipe r;
  r.sequence_length = Tokens{m.sequence_length()};
  r.micro_batch = m.micro_batch();
  r.global_batch = m.global_batch();
  if (m.recomputation() == "selective") r.recomputation = Recomputation::kSelective;
  if (m.recomputation() == "full") r.recomputation = Recomputation::kFull;
  if (m.precision() == "fp8") r.precision = TrainingPrecision::kFp8;
  if (m.schedule() == "dualpipe") r.schedule = PipelineSchedule::kDualPipe;
  return r;
}

// The field of the scenario that a field of the layout or recipe came from.
std::string field_path(const std::string& path, const std::string& field) {
  if (field.empty()) return path;
  if (field == "data") return path + ".parallel";
  for (const char* name : {"sequence_length", "micro_batch", "global_batch", "precision"}) {
    if (field == name) return path + "." + field;
  }
  return path + ".parallel." + field;
}

Gpus gpus_per_node(const ScenarioFile& file, const std::string& gpu) {
  for (const proto::NodeGroup& g : file.message.cluster().groups()) {
    if (g.gpu() == gpu) return Gpus{g.gpus_per_node()};
  }
  return ParallelLayout{}.gpus_per_node;
}

// The divisors of n between low and high, ascending.
std::vector<std::int64_t> divisors(std::int64_t n, std::int64_t low, std::int64_t high) {
  std::vector<std::int64_t> all;
  for (std::int64_t d = 1; d * d <= n; ++d) {
    if (n % d != 0) continue;
    all.push_back(d);
    if (d * d != n) all.push_back(n / d);
  }
  std::erase_if(all, [&](std::int64_t d) { return d < low || d > high; });
  std::sort(all.begin(), all.end());
  return all;
}

// Speed over that of a step of `base`.  A layout that cannot be trained (memory, experts) is left out.
std::vector<ScalingPoint> scaling_of(const proto::Job& job, const ModelSpec& model, const GpuSpec& gpu,
                                     ParallelLayout layout, const TrainingRecipe& recipe,
                                     const TrainingConstants& constants, Duration base) {
  const std::int64_t group = std::int64_t{layout.tensor} * layout.pipeline * layout.context;
  const std::int64_t least = job.has_min_gpus() ? job.min_gpus() : job.gpus();
  const std::int64_t most = job.has_max_gpus() ? job.max_gpus() : job.gpus();
  std::vector<ScalingPoint> curve;
  for (const std::int64_t data :
       divisors(recipe.global_batch / recipe.micro_batch, (least + group - 1) / group, most / group)) {
    layout.data = static_cast<std::int32_t>(data);
    const auto step = training_step(model, gpu, layout, recipe, constants);
    if (step) curve.push_back({Gpus{static_cast<std::int32_t>(group * data)}, base.seconds() / step->time.seconds()});
  }
  return curve;
}

}  // namespace

Result<TrainingJobPlan> plan_training_job(const ScenarioFile& file, const Catalogue& catalogue, const std::string& path,
                                          const proto::Job& job) {
  const proto::JobModel& m = job.model();
  const std::string at = path + ".model";
  const auto model = catalogue.model(m.name());
  if (!model) return file.places.error(at + ".name", model.error().message);
  const auto constants = catalogue.training_stack(m.stack());
  if (!constants) return file.places.error(at + ".stack", constants.error().message);
  if (!file.message.training().has_reference_gpu()) {
    return file.places.error(at, "training.reference_gpu is missing, expected the GPU to compute the run time on");
  }
  const auto gpu = catalogue.gpu(file.message.training().reference_gpu());
  if (!gpu) return file.places.error("training.reference_gpu", gpu.error().message);
  ParallelLayout layout = layout_of(m.parallel());
  layout.gpus_per_node = gpus_per_node(file, gpu->name);
  const std::int64_t group = std::int64_t{layout.tensor} * layout.pipeline * layout.context;
  if (job.gpus() % group != 0) {
    return file.places.error(at + ".parallel", "tensor x pipeline x context is " + std::to_string(group) +
                                                   ", expected a divisor of gpus " + std::to_string(job.gpus()));
  }
  layout.data = static_cast<std::int32_t>(job.gpus() / group);
  const TrainingRecipe recipe = recipe_of(m);
  const auto step = training_step(*model, *gpu, layout, recipe, *constants);
  if (!step) return file.places.error(field_path(at, step.error().where), step.error().message);
  const double tokens_per_step = static_cast<double>(m.global_batch()) * static_cast<double>(m.sequence_length());
  const double seconds = std::ceil(m.tokens() / tokens_per_step) * step->time.seconds();
  if (seconds > kMostSeconds) {
    return file.places.error(at + ".tokens", "would train for " +
                                                 std::to_string(std::llround(std::min(seconds / 86'400, 1e12))) +
                                                 " days, expected at most 3660");
  }
  TrainingJobPlan plan{duration_from_seconds(seconds), model->parameters(), {}};
  if (job.flexibility() != "rigid" && job.scaling_size() == 0) {
    plan.scaling = scaling_of(job, *model, *gpu, layout, recipe, *constants, step->time);
  }
  return plan;
}

}  // namespace jevons
