// Scenario fields -> generator options; says which field is missing or one too many.
#include "experiments/scenario_generators.h"

#include "experiments/scenario_rules.h"
#include "experiments/scenario_sources.h"

namespace jevons {
namespace {

Result<ArrivalOptions> arrivals(const ScenarioFile& file, const std::string& path, const proto::Arrivals& a) {
  ArrivalOptions o;
  o.law = a.process() == "gamma"     ? ArrivalLaw::kGamma
          : a.process() == "weibull" ? ArrivalLaw::kWeibull
                                     : ArrivalLaw::kPoisson;
  if (o.law == ArrivalLaw::kPoisson && a.cv() != 1) {
    return file.places.error(path + ".cv",
                             "expected 1 for a poisson process (use process gamma or weibull for another)");
  }
  o.rate = a.rate();
  o.cv = a.cv();
  if (a.has_curve()) {
    o.curve.points.assign(a.curve().points().begin(), a.curve().points().end());
    o.curve.period = duration_of(a.curve().period());
    bool any = false;
    for (const double p : o.curve.points) any = any || p > 0;
    if (!any) return file.places.error(path + ".curve.points", "expected at least one relative rate above 0");
  }
  for (const proto::Shock& s : a.shocks()) {
    RateShock shock{Instant{duration_of(s.at()).ns}, s.factor(), duration_of(s.ramp()), Duration::max()};
    if (s.has_duration()) shock.duration = duration_of(s.duration());
    o.shocks.push_back(shock);
  }
  return o;
}

// Where a generator ends by itself; never() leaves it to `limit` or to whoever reads it.
Instant end_of(const proto::Scenario& scenario, bool has_duration, const std::string& duration, bool transformed) {
  if (has_duration) return Instant{duration_of(duration).ns};
  return transformed ? Instant::never() : horizon_of(scenario);
}

}  // namespace

Result<LengthOptions> length_options(const ScenarioFile& file, const std::string& path, const proto::Lengths& l) {
  const int laws =
      int{l.has_constant()} + int{l.has_lognormal()} + int{l.has_geometric()} + (l.empirical_size() > 0 ? 1 : 0);
  if (laws != 1) {
    return file.places.error(
        path, "expected exactly one of constant, lognormal, geometric, empirical, got " + std::to_string(laws));
  }
  if (l.min() > l.max()) {
    return file.places.error(path + ".min",
                             "expected at most max (" + std::to_string(l.max()) + "), got " + std::to_string(l.min()));
  }
  LengthOptions o;
  o.min = Tokens{l.min()};
  o.max = Tokens{l.max()};
  if (l.has_constant()) {
    o.law = LengthLaw::kConstant;
    o.constant = Tokens{l.constant()};
    o.min = o.max = o.constant;
  } else if (l.has_lognormal()) {
    if (l.lognormal().has_median() == l.lognormal().has_mean()) {
      return file.places.error(path + ".lognormal", "expected exactly one of median and mean");
    }
    o.law = LengthLaw::kLognormal;
    o.median = l.lognormal().median();
    o.mean = l.lognormal().mean();
    o.sigma = l.lognormal().sigma();
  } else if (l.has_geometric()) {
    o.law = LengthLaw::kGeometric;
    o.mean = l.geometric().mean();
  } else {
    o.law = LengthLaw::kEmpirical;
    for (const proto::Weighted& w : l.empirical()) o.empirical.push_back({Tokens{w.value()}, w.weight()});
  }
  return o;
}

Result<RequestGeneratorOptions> request_generator(const ScenarioFile& file, const std::string& path,
                                                  const proto::RequestGenerator& g, bool transformed,
                                                  std::int64_t bundle) {
  if (!g.has_duration() && !g.has_limit() && !file.message.has_horizon()) {
    return file.places.error(path, "never ends (expected a duration or limit here, or a horizon of the scenario)");
  }
  RequestGeneratorOptions o;
  auto a = arrivals(file, path + ".arrivals", g.arrivals());
  if (!a) return a.error();
  o.arrivals = *std::move(a);
  o.arrivals.rate /= static_cast<double>(bundle);
  o.arrivals.end = end_of(file.message, g.has_duration(), g.duration(), transformed);
  auto prompt = length_options(file, path + ".prompt", g.prompt());
  if (!prompt) return prompt.error();
  o.prompt = *std::move(prompt);
  auto output = length_options(file, path + ".output", g.output());
  if (!output) return output.error();
  o.output = *std::move(output);
  if (g.has_limit() && g.limit() > 0 && g.limit() < bundle) {
    return file.places.error(path + ".limit", "expected at least the pool's bundle (" + std::to_string(bundle) +
                                                  "), got " + std::to_string(g.limit()));
  }
  if (g.has_limit()) o.limit = static_cast<std::uint64_t>(g.limit() / bundle);
  if (!g.has_prefixes()) return o;
  auto length = length_options(file, path + ".prefixes.length", g.prefixes().length());
  if (!length) return length.error();
  o.prefix.length = *std::move(length);
  o.prefix.share = g.prefixes().share();
  o.prefix.count = static_cast<std::uint32_t>(g.prefixes().count());
  o.prefix.zipf = g.prefixes().zipf();
  o.prefix.hash_block = Tokens{g.prefixes().block_size()};
  return o;
}

Result<JobGeneratorOptions> job_generator(const ScenarioFile& file, const std::string& path,
                                          const proto::JobGenerator& g, const std::string& name) {
  if (!g.has_duration() && !g.has_limit() && !file.message.has_horizon()) {
    return file.places.error(path, "never ends (expected a duration or limit here, or a horizon of the scenario)");
  }
  JobGeneratorOptions o;
  auto a = arrivals(file, path + ".arrivals", g.arrivals());
  if (!a) return a.error();
  o.arrivals = *std::move(a);
  o.arrivals.end = end_of(file.message, g.has_duration(), g.duration(), false);
  for (int i = 0; i < g.sizes_size(); ++i) {
    const proto::SizeShare& s = g.sizes(i);
    if (s.has_gpu_milli() && s.gpus() != 1) {
      return file.places.error(index_path(path + ".sizes", i) + ".gpu_milli",
                               "a share is of one GPU (expected gpus 1, got " + std::to_string(s.gpus()) + ")");
    }
    o.sizes.push_back({Gpus{s.gpus()}, s.weight(), s.parameters(), MilliGpus{s.gpu_milli()}});
  }
  o.median_run_time = duration_of(g.median_run_time());
  o.sigma = g.sigma();
  o.min_run_time = duration_of(g.min_run_time());
  o.max_run_time = duration_of(g.max_run_time());
  if (o.min_run_time > o.max_run_time)
    return file.places.error(path + ".min_run_time", "expected at most max_run_time");
  o.estimate_factor = g.estimate_factor();
  o.limit = g.has_limit() ? static_cast<std::uint64_t>(g.limit()) : kMostJobs;
  o.name = name;
  return o;
}

}  // namespace jevons
