// Notes on the model: collected from the plans of pools and jobs, each text once.
#include "experiments/scenario_notes.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "experiments/scenario_resolve.h"
#include "sim/model/cost.h"
#include "sim/model/training_step.h"

namespace jevons {
namespace {

// Texts in the order they came, each with everybody it is about.
class NoteList {
 public:
  void add(const std::string& subject, const std::string& text) {
    const auto known = std::find_if(notes_.begin(), notes_.end(), [&](const auto& n) { return n.first == text; });
    std::vector<std::string>& about =
        known == notes_.end() ? notes_.emplace_back(text, Subjects{}).second : known->second;
    if (std::find(about.begin(), about.end(), subject) == about.end()) about.push_back(subject);
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const auto& [text, about] : notes_) {
      std::string line;
      for (const std::string& subject : about) line += (line.empty() ? "" : ", ") + subject;
      out.push_back(line + ": " + text);
    }
    return out;
  }

 private:
  using Subjects = std::vector<std::string>;
  std::vector<std::pair<std::string, Subjects>> notes_;
};

// The nodes of an expert group are taken to be there; an allocator may leave fewer.
void note_expert_group(const proto::Pool& pool, const InstanceLayout& layout, const std::string& subject,
                       NoteList* notes) {
  const std::int32_t nodes = (layout.expert + layout.gpus_per_node - 1) / layout.gpus_per_node;
  if (nodes < 2 || pool.min_nodes() >= nodes) return;
  notes->add(subject, "times hold with the " + std::to_string(nodes) + " nodes of an expert group of " +
                          std::to_string(layout.expert) + " GPUs; min_nodes allows " +
                          std::to_string(pool.min_nodes()));
}

void note_pool(const proto::Scenario& s, const Catalogue& catalogue, const proto::Pool& pool, NoteList* notes) {
  const auto model = catalogue.model(pool.model());
  const auto stack = catalogue.stack(pool.engine());
  CHECK(model.ok() && stack.ok());
  if (bundle_of(pool) > 1) {
    notes->add(pool.name(),
               "requests arrive, and batches grow, " + std::to_string(bundle_of(pool)) + " at a time (bundle)");
  }
  if (pool.has_iteration_table()) {
    notes->add(pool.name(), "iteration times come from iteration_table, not from the model");
    return;
  }
  if (stack->source.find("not fitted") != std::string::npos) {
    notes->add(pool.name(), "engine " + stack->name + " is " + stack->source);
  }
  for (int i = 0; i < pool.groups_size(); ++i) {
    const proto::NodeGroup* group = find_group(s, pool.groups(i).group());
    CHECK(group != nullptr);
    const auto gpu = catalogue.gpu(group->gpu());
    CHECK(gpu.ok());
    const InstanceOptions options = instance_options(pool, i, *group);
    const auto plan = plan_instance(*model, *gpu, *stack, options);
    CHECK(plan.ok());  // As checked.
    const std::string subject = pool.name() + " on " + group->name();
    for (const std::string& text : plan->notes) notes->add(subject, text);
    note_expert_group(pool, options.layout, subject, notes);
  }
}

// Jobs whose run time the step model computes.
void note_jobs(const proto::Training& training, const Catalogue& catalogue, NoteList* notes) {
  const auto gpu = catalogue.gpu(training.reference_gpu());
  for (const proto::JobSource& source : training.jobs()) {
    for (const proto::Job& job : source.list()) {
      const auto constants = catalogue.training_stack(job.model().stack());
      if (!job.has_model() || !gpu || !constants) continue;
      // The families of training_step.cc: dense products, the head in BF16, attention unless the stack gives its own.
      std::set<std::string> used{"gemm_bf16"};
      const bool fp8 = job.model().precision() == "fp8";
      if (fp8) used.insert("gemm_fp8");
      if (job.model().parallel().tensor() > 1) used.insert({"all_gather", "reduce_scatter"});
      if (constants->attention_efficiency == 0) used.insert("prefill");
      for (const std::string& text : derived_notes(*gpu, kernels_of(*gpu, fp8 ? "trtllm" : "vllm", "nccl"), used)) {
        notes->add("training", text);
      }
    }
  }
}

// Groups that training's speed is scaled to by a constant MFU.
void note_speeds(const proto::Scenario& s, const Catalogue& catalogue, NoteList* notes) {
  const proto::Training& t = s.training();
  if (t.jobs_size() == 0 || !t.has_reference_gpu()) return;
  for (const proto::NodeGroup& group : s.cluster().groups()) {
    const auto own = std::find_if(t.groups().begin(), t.groups().end(),
                                  [&](const proto::TrainingGroup& g) { return g.group() == group.name(); });
    const bool may_train = t.groups_size() == 0 || own != t.groups().end();
    const bool given = own != t.groups().end() && own->has_speed();
    const auto gpu = catalogue.gpu(group.gpu());
    if (!may_train || given || !gpu || gpu->name == t.reference_gpu() || gpu->silicon.measured_on == gpu->name)
      continue;
    notes->add("training on " + group.name(),
               gpu->name + ": run times scaled by peak FLOP/s and a constant MFU, not measured on this GPU");
  }
}

}  // namespace

std::vector<std::string> scenario_notes(const ScenarioFile& file, const Catalogue& catalogue) {
  NoteList notes;
  for (const proto::Pool& pool : file.message.serving().pools()) note_pool(file.message, catalogue, pool, &notes);
  note_jobs(file.message.training(), catalogue, &notes);
  note_speeds(file.message, catalogue, &notes);
  return notes.lines();
}

}  // namespace jevons
