// Robust least squares by GSL.
#include "validation/fit.h"

#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_multimin.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/check.h"

namespace jevons {
namespace {

struct Problem {
  const std::function<void(const std::vector<double>&, std::vector<double>*)>& residuals;
  double scale;
  std::vector<double> parameters, values;
};

// Parameters far off give no number; a large residual turns the search round.
constexpr double kLargest = 3;

int evaluate(const gsl_vector* x, void* data, gsl_vector* f) {
  auto* p = static_cast<Problem*>(data);
  for (std::size_t i = 0; i < p->parameters.size(); ++i) p->parameters[i] = gsl_vector_get(x, i);
  p->residuals(p->parameters, &p->values);
  for (std::size_t i = 0; i < p->values.size(); ++i) {
    const double r = std::isfinite(p->values[i]) ? std::clamp(p->values[i], -kLargest, kLargest) : kLargest;
    const double z = r / p->scale;
    const double loss = 2 * (std::sqrt(1 + z * z) - 1);
    gsl_vector_set(f, i, p->scale * std::copysign(std::sqrt(loss), r));
  }
  return GSL_SUCCESS;
}

}  // namespace

std::vector<double> fit(const std::function<void(const std::vector<double>&, std::vector<double>*)>& residuals,
                        std::size_t count, std::vector<double> start, double scale) {
  CHECK(count >= start.size() && !start.empty());
  Problem problem{residuals, scale, start, std::vector<double>(count)};
  gsl_multifit_nlinear_parameters settings = gsl_multifit_nlinear_default_parameters();
  // Replays answer in whole nanoseconds, so a slope needs a step they can see.
  constexpr double kStep = 1e-3;
  settings.h_df = kStep;
  const std::unique_ptr<gsl_multifit_nlinear_workspace, void (*)(gsl_multifit_nlinear_workspace*)> work(
      gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &settings, count, start.size()),
      gsl_multifit_nlinear_free);
  gsl_multifit_nlinear_fdf system{};
  system.f = evaluate;
  system.n = count;
  system.p = start.size();
  system.params = &problem;
  const gsl_vector_view first = gsl_vector_view_array(start.data(), start.size());
  gsl_multifit_nlinear_init(&first.vector, &system, work.get());
  int info = 0;
  constexpr std::size_t kRounds = 200;
  constexpr double kTolerance = 1e-8;
  gsl_multifit_nlinear_driver(kRounds, kTolerance, kTolerance, 0, nullptr, nullptr, &info, work.get());
  const gsl_vector* best = gsl_multifit_nlinear_position(work.get());
  for (std::size_t i = 0; i < start.size(); ++i) start[i] = gsl_vector_get(best, i);
  return start;
}

std::vector<double> minimise(const std::function<double(const std::vector<double>&)>& cost, std::vector<double> start,
                             double step) {
  CHECK(!start.empty());
  const std::size_t n = start.size();
  struct Call {
    const std::function<double(const std::vector<double>&)>& cost;
    std::vector<double> x;
  } call{cost, start};
  gsl_multimin_function function{};
  function.n = n;
  function.params = &call;
  function.f = [](const gsl_vector* x, void* data) {
    auto* c = static_cast<Call*>(data);
    for (std::size_t i = 0; i < c->x.size(); ++i) c->x[i] = gsl_vector_get(x, i);
    return c->cost(c->x);
  };
  const std::unique_ptr<gsl_multimin_fminimizer, void (*)(gsl_multimin_fminimizer*)> search(
      gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, n), gsl_multimin_fminimizer_free);
  constexpr int kStarts = 8, kRounds = 400;
  constexpr double kSmall = 1e-4, kGain = 1e-3;
  double best = INFINITY;
  for (int s = 0; s < kStarts; ++s) {
    std::vector<double> steps(n, step);
    const gsl_vector_view from = gsl_vector_view_array(start.data(), n), by = gsl_vector_view_array(steps.data(), n);
    gsl_multimin_fminimizer_set(search.get(), &function, &from.vector, &by.vector);
    for (int round = 0; round < kRounds; ++round) {
      if (gsl_multimin_fminimizer_iterate(search.get()) != GSL_SUCCESS) break;
      if (gsl_multimin_fminimizer_size(search.get()) < kSmall) break;
    }
    for (std::size_t i = 0; i < n; ++i) start[i] = gsl_vector_get(search->x, i);
    const double found = search->fval;
    if (found > best * (1 - kGain)) break;
    best = found;
  }
  return start;
}

}  // namespace jevons
