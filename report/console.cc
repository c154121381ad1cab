// A comparison for people.
#include "report/console.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "report/differences.h"
#include "report/failures.h"
#include "report/figures.h"
#include "report/guests.h"
#include "report/number_text.h"
#include "report/pareto.h"
#include "report/shares.h"
#include "report/table.h"
#include "report/tenants.h"
#include "report/verdict.h"

namespace jevons {
namespace {

const RunReport* first_run(const Comparison& c) {
  for (const Cell& cell : c.cells) {
    if (cell.run) return &*cell.run;
  }
  return nullptr;
}

std::string plural(std::size_t n, std::string_view thing) {
  return fmt::format("{} {}{}", whole_number(static_cast<double>(n)), thing, n == 1 ? "" : "s");
}

std::string limits_text(const SloLimits& slo) {
  std::string out;
  const auto add = [&](std::string_view name, Duration limit) {
    if (limit.ns <= 0) return;
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, human_seconds(limit.seconds()));
  };
  add("TTFT", slo.ttft);
  add("TPOT", slo.tpot);
  add("E2E", slo.e2e);
  return out;
}

// "first_run: 192 h100 GPUs, 64 a100 GPUs; 24.0 h simulated; 123,456 requests, 87 jobs; 4 policies, 3 seeds".
std::string heading(const Comparison& c) {
  std::string out = c.scenario + ": ";
  if (const RunReport* r = first_run(c)) {
    for (std::size_t g = 0; g < r->result.groups.size(); ++g) {
      out +=
          fmt::format("{}{} {} GPUs", g == 0 ? "" : ", ", whole_number(r->prices[g].gpus.value), r->result.groups[g]);
    }
    std::uint64_t arrived = 0, submitted = 0;  // The most of any run: one that was cut short has seen fewer.
    for (const Cell& cell : c.cells) {
      if (!cell.run) continue;
      const RunResult& result = cell.run->result;
      arrived = std::max(arrived, result.serving.arrived + result.serving.outside);
      submitted = std::max(submitted, result.training.submitted + result.training.outside);
    }
    const Instant end = r->horizon == Instant::never() ? r->result.end : r->horizon;
    out += fmt::format("; {} simulated; {}, {}; ", human_seconds(end.seconds()), plural(arrived, "request"),
                       plural(submitted, "job"));
  }
  out += c.policies.size() == 1 ? c.policies[0] + ", " + plural(c.seeds.size(), "seed")
                                : fmt::format("{} policies, {}", c.policies.size(), plural(c.seeds.size(), "seed"));
  return out;
}

// What the figures leave out at both ends of the run, if they do.
std::string window_text(const Comparison& c) {
  const RunReport* r = first_run(c);
  if (r == nullptr || !r->result.windowed()) return "";
  const Instant to = std::min(r->result.measure_to, r->horizon);
  return fmt::format("measured: what arrives from {} to {}; GPU-hours, cost and energy cover the whole run",
                     human_seconds(r->result.measure_from.seconds()),
                     to == Instant::never() ? "the end" : human_seconds(to.seconds()));
}

std::vector<std::string> labels(const Comparison& c) {
  std::vector<std::string> all;
  for (std::size_t p = 0; p < c.policies.size(); ++p) all.push_back(c.label(p));
  return all;
}

// Best as printed: figures that read the same share the mark, and nothing is marked when all do.
void mark_best(const Figure& f, const std::vector<std::optional<double>>& values, TableRow* row) {
  if (f.better == Better::kNeither) return;
  std::optional<double> best;
  for (const auto& v : values) {
    if (v && (!best || (f.better == Better::kMore ? *v > *best : *v < *best))) best = v;
  }
  if (!best) return;
  const std::string text = figure_text(f, *best);
  std::size_t same = 0;
  for (const TableCell& cell : row->cells) same += cell.text == text ? 1 : 0;
  if (same == row->cells.size()) return;
  for (std::size_t p = 0; p < values.size(); ++p) row->cells[p].best = values[p] && row->cells[p].text == text;
}

bool failed(const Comparison& c, std::size_t policy) {
  for (std::size_t s = 0; s < c.seeds.size(); ++s) {
    if (c.cell(policy, s).run) return false;
  }
  return true;
}

TableRow figure_row(const Comparison& c, const Figure& f) {
  TableRow row{std::string(f.label), {}};
  std::vector<std::optional<double>> values;  // Of those that may be best.
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    const auto e = policy_estimate(c, p, f);
    values.push_back(e && !c.is_bound(p) ? std::optional(e->mean) : std::nullopt);
    row.cells.push_back({e ? figure_text(f, e->mean) : "-", false});
  }
  // Runs that were cut short cover different times: nobody is best.
  if (c.complete && !of_survivors(c, f)) mark_best(f, values, &row);
  return row;
}

bool any_run(const Comparison& c, bool (*holds)(const RunReport&)) {
  return std::any_of(c.cells.begin(), c.cells.end(), [&](const Cell& x) { return x.run && holds(*x.run); });
}

bool uses_energy(const RunReport& r) { return r.result.energy_joules > 0; }

std::vector<TableRow> figure_rows(const Comparison& c) {
  std::vector<TableRow> rows;
  const auto add = [&](Section section, std::string_view title) {
    rows.push_back({std::string(title), {}});
    for (const Figure& f : figures()) {
      if (f.section == section && worth_showing(c, f)) rows.push_back(figure_row(c, f));
    }
  };
  if (any_run(c, [](const RunReport& r) { return r.result.serving.arrived + r.result.serving.outside > 0; })) {
    add(Section::kServing, "Serving");
  }
  if (any_run(c, [](const RunReport& r) { return r.result.training.submitted + r.result.training.outside > 0; })) {
    add(Section::kTraining, "Training");
  }
  add(Section::kMoney, "Money");
  if (any_run(c, uses_energy)) add(Section::kEnergy, "Energy");
  return rows;
}

// What a run that was cut short covers, beside what it was meant to.
std::optional<TableRow> covered_row(const Comparison& c) {
  TableRow row{"simulated", {}};
  bool cut = false;
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    Duration least = Duration::max();
    for (std::size_t s = 0; s < c.seeds.size(); ++s) {
      const Cell& cell = c.cell(p, s);
      if (!cell.run) continue;
      least = std::min(least, cell.run->result.end - Instant{0});
      cut = cut || !cell.run->result.complete;
    }
    row.cells.push_back({failed(c, p) ? (c.complete ? "failed" : "none") : human_seconds(least.seconds()), false});
    cut = cut || failed(c, p);
  }
  return cut ? std::optional(row) : std::nullopt;
}

// One row for each part of a whole and one for the whole, means over the seeds with their shares; parts nobody has are
// left out.  `part(run, i)` is the i-th of `names`, and the whole for i = names.size().
template <class Part>
std::vector<TableRow> part_rows(const Comparison& c, const std::vector<std::string>& names, Part part) {
  std::vector<TableRow> rows;
  for (std::size_t i = 0; i <= names.size(); ++i) {
    TableRow row{i < names.size() ? names[i] : "total", {}};
    std::replace(row.label.begin(), row.label.end(), '_', ' ');
    bool used = false;
    for (std::size_t p = 0; p < c.policies.size(); ++p) {
      double sum = 0, total = 0, runs = 0;
      for (std::size_t s = 0; s < c.seeds.size(); ++s) {
        if (!c.cell(p, s).run) continue;
        total += part(*c.cell(p, s).run, names.size());
        sum += part(*c.cell(p, s).run, i);
        ++runs;
      }
      used = used || sum > 0;
      const std::string share = total > 0 ? fmt::format(" {:3.0f} %", sum / total * 100) : "";
      row.cells.push_back({runs > 0 ? three_digits(sum / runs) + share : "-", false});
    }
    if (used) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<TableRow> ledger_rows(const Comparison& c) {
  std::vector<std::string> names;
  for (int p = 0; p < kPurposes; ++p) names.emplace_back(purpose_name(static_cast<Purpose>(p)));
  return part_rows(c, names, [](const RunReport& r, std::size_t i) {
    return i < kPurposes ? r.result.ledger.by_purpose[i].hours() : r.result.ledger.total().hours();
  });
}

std::vector<TableRow> energy_rows(const Comparison& c) {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < kPowerKinds; ++k) names.emplace_back(power_kind_name(static_cast<PowerPhase>(k)));
  return part_rows(c, names, [](const RunReport& r, std::size_t i) {
    if (i == kPowerKinds) return kwh_of(r.result.energy_joules);
    double joules = 0;
    for (std::size_t p = 0; p < kPowerPhases; ++p) {
      if (index_of(kind_of(p)) == i) joules += r.result.joules_by_phase[p];
    }
    return kwh_of(joules);
  });
}

std::string footnotes(const Comparison& c) {
  std::string out;
  const auto note = [&](const std::string& text) { out += wrap_text(text, "  "); };
  if (c.policies.size() > 1 && c.complete)
    note("* best of the row" + std::string(c.seeds.size() > 1 ? " by its mean over the seeds" : ""));
  note(
      "$/M output tokens: serving's GPU-time (serving, idle serving, loading, draining) at its price, over the tokens "
      "produced; total cost: all GPU-time, used or not" +
      std::string(any_run(c, [](const RunReport& r) { return r.result.energy_cost.value > 0; }) ? "; both with energy"
                                                                                                : "") +
      ".");
  note("GPU utilisation: share of GPU-time in serving and kept training steps.");
  if (any_run(c, [](const RunReport& r) { return figure("ettr").value(r).has_value(); })) {
    note("ETTR: useful GPU-hours over those that started jobs held, or waited for after a stop.");
  }
  if (any_run(c, [](const RunReport& r) { return r.result.training.unfinished > 0; })) {
    note(
        "JCT is of the jobs done, queueing delay of the jobs started. \"At least\": the others count with their age at "
        "the end, so that starving jobs does not look good.");
  }
  const auto bounds = std::count(c.bounds.begin(), c.bounds.end(), true);
  if (bounds > 0) note("(bound): sees the future, so it is no policy, and no winner; how far the others could go.");
  const auto ranked = static_cast<std::ptrdiff_t>(c.policies.size()) - bounds;
  if (c.seeds.size() > 1 && ranked > 1 && c.complete) {
    note(
        fmt::format("Winners and rankings: paired t-tests, {} of a figure together at 5 % (Holm). The intervals of "
                    "differences are 95 % each, not corrected.",
                    plural(static_cast<std::size_t>(ranked * (ranked - 1) / 2), "pair")));
  }
  if (c.seeds.size() == 1 && c.policies.size() > 1 && c.complete) {
    note("One seed: close figures may be luck; --seeds 5 gives paired 95 % intervals.");
  }
  return out;
}

std::string warnings(const Comparison& c) {
  std::vector<std::string> seen;
  std::string out;
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    std::string_view text = cell.run->result.warnings;
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string line(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (line.empty() || std::find(seen.begin(), seen.end(), line) != seen.end()) continue;  // One trace, many runs.
      seen.push_back(line);
      out += wrap_text("warning: " + line, "  ");
    }
  }
  return out;
}

std::string wrapped_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += wrap_text(std::string(text.substr(0, end)), "  ");
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

// What the auditors found equal, with the sum everybody can check: GPU-time by purpose against GPUs x time.
std::string audit_line(const Comparison& c) {
  if (!c.audited) return "";
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    const RunReport& r = *cell.run;
    GpuTime whole{};
    for (const GroupPrice& g : r.prices) whole += g.gpus * (r.result.end - Instant{0});
    if (whole != r.result.ledger.total()) return "audit      FAILED: GPU-time by purpose is not GPUs x time\n";
  }
  return "audit      passed: tokens, bytes, dollars and GPU-time recomputed from events;\n"
         "           GPU-hours by purpose = GPUs x time, to the nanosecond\n";
}

}  // namespace

std::string model_section(const std::vector<std::string>& notes, bool color) {
  if (notes.empty()) return "";
  std::string out = emphasize("Model: derived, not fitted, or outside what was measured", color) + "\n";
  for (const std::string& note : notes) out += wrap_text(note, "  ");
  return out;
}

std::string console_report(const Comparison& c, const ConsoleOptions& options) {
  std::string out = emphasize(wrap_text(verdict(c)), options.color) + "\n";
  if (const std::string ranks = ranking(c); !ranks.empty()) out += wrapped_lines(ranks) + "\n";
  out += wrap_text(heading(c), "  ");
  const std::string limits = limits_text(c.slo);
  if (!limits.empty())
    out += wrap_text("SLO of a request: " + limits + "; goodput counts the requests that meet it", "  ");
  if (const std::string window = window_text(c); !window.empty()) out += wrap_text(window, "  ");
  out += "\n";
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    for (std::size_t s = 0; s < c.seeds.size(); ++s) {
      const Cell& cell = c.cell(p, s);
      if (!cell.error.empty()) {
        out += wrap_text(fmt::format("FAILED {} (seed {}): {}", c.policies[p], cell.seed, cell.error), "  ");
      }
    }
  }
  if (first_run(c) != nullptr) {
    std::vector<TableRow> rows = figure_rows(c);
    if (auto covered = covered_row(c)) rows.insert(rows.begin(), *std::move(covered));
    out += render_table(labels(c), rows, options.color);
    out += failure_table(c, options.color);
    out += tenant_table(c, options.color);
    out += guest_table(c, options.color);
    out += share_table(c, options.color);
    out += difference_table(c, options.color);
    out += pareto_plot(c, options.color);
    out += "\n" + emphasize("GPU-hours by purpose", options.color) + "\n";
    out += render_table(labels(c), ledger_rows(c), options.color);
    if (any_run(c, uses_energy)) {
      out += "\n" + emphasize("Energy by what the GPUs did, kWh, without PUE", options.color) + "\n";
      out += render_table(labels(c), energy_rows(c), options.color);
    }
    out += "\n" + footnotes(c) + warnings(c);
    if (!c.notes.empty()) out += "\n" + model_section(c.notes, options.color);
  }
  out += "\n" + audit_line(c);
  for (const std::string& file : options.files) out += "wrote      " + file + "\n";
  out += "reproduce  " + c.command + "\n";
  return out;
}

}  // namespace jevons
