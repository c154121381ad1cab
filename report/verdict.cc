// The answer in one sentence.
#include "report/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "report/figures.h"
#include "report/number_text.h"
#include "report/standings.h"

namespace jevons {
namespace {

struct Objective {
  std::string_view figure, name, suffix;
};
constexpr Objective kObjectives[] = {{"request_goodput", "goodput", " req/s"},
                                     {"useful_gpu_hours", "training", " useful GPU-hours"},
                                     {"usd_per_million_output_tokens", "serving cost", " per M output tokens"}};

using Standing = Standings::Place;

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  return out;
}

// "12.1 req/s, 8 % more than schedule".
std::string margin(const Comparison& c, const Objective& o, const Figure& f, const Standing& best,
                   const Standing& next) {
  std::string text = fmt::format("{}{}", figure_text(f, best.mean), o.suffix);
  if (next.mean == 0) return text + fmt::format(", {} has {}", c.policies[next.policy], figure_text(f, next.mean));
  const double percent = std::fabs(best.mean / next.mean - 1) * 100;
  // Below a tenth of a percent the figure would read 0.
  const std::string size = percent < 0.1 ? "under 0.1 %" : three_digits(percent) + " %";
  return text +
         fmt::format(", {} {} than {}", size, f.better == Better::kMore ? "more" : "less", c.policies[next.policy]);
}

// What is to be said of one objective; `winner` is the policy that stands alone at the top, if one does.
struct Clause {
  std::string text;
  std::optional<std::size_t> winner;
};

Clause clause(const Comparison& c, const Objective& o) {
  const Figure& f = figure(o.figure);
  const Standings standings(c, f);
  const std::vector<Standing>& all = standings.places();
  // A cluster that trains nothing, or serves nothing, has no winner there.
  if (all.empty() || (f.better == Better::kMore && all.front().mean == 0)) return {};
  if (all.size() == 1) return {fmt::format("{} ({}{})", o.name, figure_text(f, all[0].mean), o.suffix), all[0].policy};
  std::vector<std::string> top{c.policies[all[0].policy]};
  std::vector<std::string> values{figure_text(f, all[0].mean)};
  std::size_t next = 1;
  while (next < all.size() && !standings.distinguishable(0, next)) {
    top.push_back(c.policies[all[next].policy]);
    values.push_back(figure_text(f, all[next].mean));
    ++next;
  }
  if (top.size() == 1) return {fmt::format("{} ({})", o.name, margin(c, o, f, all[0], all[1])), all[0].policy};
  const bool same = std::all_of(values.begin(), values.end(), [&](const std::string& v) { return v == values[0]; });
  const std::string of = same ? values[0] : join(values);
  if (top.size() == all.size()) {
    return {fmt::format("the policies are not distinguishable on {} ({}{})", o.name, of, o.suffix), std::nullopt};
  }
  return {fmt::format("{} lead on {} and are not distinguishable ({}{})", join(top), o.name, of, o.suffix),
          std::nullopt};
}

// One policy alone: there is nobody to win against.
std::string single(const Comparison& c) {
  std::string out;
  for (const Objective& o : kObjectives) {
    const Figure& f = figure(o.figure);
    const auto e = policy_estimate(c, 0, f);
    if (!e || (f.better == Better::kMore && e->mean == 0)) continue;
    out += fmt::format("{}{}{} ({})", out.empty() ? "" : ", ", figure_text(f, e->mean), o.suffix, o.name);
  }
  return out.empty() ? out : c.policies[0] + ": " + out + ".";
}

std::string several(const Comparison& c) {
  std::string out;
  std::optional<std::size_t> last;
  for (const Objective& o : kObjectives) {
    const Clause part = clause(c, o);
    if (part.text.empty()) continue;
    if (part.winner && part.winner == last) {
      out += ", and on " + part.text;
    } else {
      out += (out.empty() ? "" : "; ") + (part.winner ? c.policies[*part.winner] + " wins on " : "") + part.text;
    }
    last = part.winner;
  }
  return out.empty() ? out : out + ".";
}

bool any_complete(const Comparison& c) {
  return std::any_of(c.cells.begin(), c.cells.end(), [](const Cell& x) { return x.run && x.run->result.complete; });
}

}  // namespace

std::string verdict(const Comparison& c) {
  const bool any_run = std::any_of(c.cells.begin(), c.cells.end(), [](const Cell& x) { return x.run.has_value(); });
  if (!any_run) return c.complete ? "No run ended well, so there is no verdict." : "Interrupted before any result.";
  if (!c.complete &&
      !std::all_of(c.cells.begin(), c.cells.end(), [](const Cell& x) { return x.run && x.run->result.complete; })) {
    return any_complete(c) ? "Interrupted: no verdict; some runs below are missing or cover only part of their time."
                           : "Interrupted: no verdict; the figures below cover only part of the simulated time.";
  }
  const std::string out = c.policies.size() == 1 ? single(c) : several(c);
  return out.empty() ? "Nothing was served and nothing was trained." : out;
}

std::string ranking(const Comparison& c) {
  if (c.policies.size() < 2 || !c.complete) return "";
  std::string out;
  for (const Objective& o : kObjectives) {
    const Figure& f = figure(o.figure);
    const Standings standings(c, f);
    const std::vector<Standing>& all = standings.places();
    if (all.size() < 2 || all.front().mean == 0) continue;  // Nobody did any of it.
    out += fmt::format("{}: {}", o.name, c.policies[all.front().policy]);
    for (std::size_t i = 1; i < all.size(); ++i) {
      out += standings.distinguishable(i - 1, i) ? " > " : " ~ ";
      out += c.policies[all[i].policy];
    }
    std::string ties;
    for (const std::vector<std::size_t>& tie : standings.ties()) {
      std::vector<std::string> names;
      for (const std::size_t p : tie) names.push_back(c.policies[p]);
      ties += (ties.empty() ? "" : "; ") + join(names);
    }
    if (!ties.empty()) out += " (not distinguishable: " + ties + ")";
    out += "\n";
  }
  return out;
}

}  // namespace jevons
