// Scenario: loading in steps, each with errors of its own, and what a loaded scenario answers.
#include "experiments/scenario.h"

#include "experiments/scenario_check.h"
#include "experiments/scenario_inputs.h"
#include "experiments/scenario_load.h"
#include "experiments/scenario_notes.h"
#include "experiments/scenario_print.h"
#include "experiments/scenario_resolve.h"
#include "experiments/scenario_rules.h"

namespace jevons {

namespace {

template <class Api>
bool sees_future(const PolicyCatalogue<Api>& catalogue, const proto::Choice& choice) {
  const auto it = catalogue.entries().find(choice.name());
  return it != catalogue.entries().end() && it->second.sees_future;
}

bool sees_future(const Policies& known, const proto::Policy& p) {
  bool any = sees_future(known.allocators, p.allocator()) || sees_future(known.training_queues, p.queue()) ||
             sees_future(known.placements, p.placement()) || sees_future(known.routers, p.router()) ||
             sees_future(known.batchers, p.batcher());
  for (const proto::PoolPolicy& pool : p.pools()) {
    any = any || sees_future(known.routers, pool.router()) || sees_future(known.batchers, pool.batcher());
  }
  return any;
}

}  // namespace

struct Scenario::Impl {
  ScenarioFile file;  // Checked and resolved.
  Catalogue catalogue;
  Policies policies;
  std::vector<std::string> labels;
  std::string yaml;
};

Scenario::Scenario(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scenario::Scenario(Scenario&&) noexcept = default;
Scenario& Scenario::operator=(Scenario&&) noexcept = default;
Scenario::~Scenario() = default;

Result<Scenario> Scenario::load(const std::string& path, const Policies& policies,
                                const std::vector<std::string>& overrides) {
  const auto text = read_scenario_text(path);
  if (!text) return text.error();
  auto file = parse_scenario(path, *text);
  if (!file) return file.error();
  for (const std::string& o : overrides) {
    if (Status s = apply_override(o, &*file); !s) return s.error();
  }
  if (Status s = check_rules(*file); !s) return s.error();
  auto catalogue = build_catalogue(*file);
  if (!catalogue) return catalogue.error();
  resolve_scenario(*catalogue, policies, &file->message);
  if (Status s = check_scenario(*file, *catalogue, policies); !s) return s.error();
  std::vector<std::string> labels;
  for (const proto::Policy& p : file->message.policies()) labels.push_back(p.label());
  std::string yaml = scenario_to_yaml(file->message);
  return Scenario(std::make_unique<Impl>(
      Impl{*std::move(file), *std::move(catalogue), policies, std::move(labels), std::move(yaml)}));
}

const std::string& Scenario::name() const { return impl_->file.message.name(); }
const std::string& Scenario::path() const { return impl_->file.path; }
std::uint64_t Scenario::seed() const { return impl_->file.message.seed(); }
const std::vector<std::string>& Scenario::policy_labels() const { return impl_->labels; }
bool Scenario::policy_is_bound(std::size_t policy) const {
  CHECK(policy < impl_->labels.size());
  return sees_future(impl_->policies, impl_->file.message.policies(static_cast<int>(policy)));
}

std::string Scenario::resolved_yaml() const { return impl_->yaml; }
std::string Scenario::hash() const { return text_hash(impl_->yaml); }

std::vector<std::string> Scenario::notes() const { return scenario_notes(impl_->file, impl_->catalogue); }

Slo Scenario::slo() const {
  const proto::Serving& serving = impl_->file.message.serving();
  return serving.pools_size() == 0 ? Slo{} : slo_of(serving.pools(0).slo());
}

Result<Inputs> Scenario::inputs(std::size_t policy, std::uint64_t seed, const EngineOptions& engine) const {
  CHECK(policy < impl_->labels.size());
  return make_inputs(impl_->file, impl_->catalogue, impl_->policies, static_cast<int>(policy), seed, engine);
}

}  // namespace jevons
