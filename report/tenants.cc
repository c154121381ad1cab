// Effective training time of each tenant: a table by tenant and policy.
#include "report/tenants.h"

#include <algorithm>
#include <vector>

#include "report/figures.h"
#include "report/number_text.h"
#include "report/table.h"

namespace jevons {
namespace {

// The tenants of the first run that has any: all runs of a scenario have the same.
const std::vector<TenantResult>* tenants_of(const Comparison& c) {
  for (const Cell& cell : c.cells) {
    if (cell.run && !cell.run->result.training.tenants.empty()) return &cell.run->result.training.tenants;
  }
  return nullptr;
}

bool any_stop(const Comparison& c) {
  return std::any_of(c.cells.begin(), c.cells.end(),
                     [](const Cell& cell) { return cell.run && cell.run->result.training.preemptions > 0; });
}

// Names of those that asked for most, by name.
std::vector<std::string> largest(std::vector<TenantResult> all) {
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.jobs.in_system > b.jobs.in_system; });
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min<std::size_t>(all.size(), kMostTenants); ++i) names.push_back(all[i].tenant);
  std::sort(names.begin(), names.end());
  return names;
}

std::string mean_ettr(const Comparison& c, std::size_t policy, const std::string& name) {
  double sum = 0, n = 0;
  for (std::size_t s = 0; s < c.seeds.size(); ++s) {
    const Cell& cell = c.cell(policy, s);
    if (!cell.run) continue;
    for (const TenantResult& t : cell.run->result.training.tenants) {
      const auto ettr = t.tenant == name ? effective_training_time(t.jobs) : std::nullopt;
      if (!ettr) continue;
      sum += *ettr;
      ++n;
    }
  }
  return n > 0 ? human_share(sum / n) : "-";
}

}  // namespace

std::string tenant_table(const Comparison& c, bool color) {
  const std::vector<TenantResult>* all = tenants_of(c);
  if (all == nullptr || all->size() < 2 || !any_stop(c)) return "";
  std::vector<std::string> labels;
  for (std::size_t p = 0; p < c.policies.size(); ++p) labels.push_back(c.label(p));
  std::vector<TableRow> rows;
  for (const std::string& name : largest(*all)) {
    TableRow& row = rows.emplace_back(TableRow{name.empty() ? "(no tenant)" : name, {}});
    for (std::size_t p = 0; p < c.policies.size(); ++p) row.cells.push_back({mean_ettr(c, p, name), false});
  }
  std::string out = "\n" + emphasize("ETTR by tenant", color) + "\n" + render_table(labels, rows, color);
  if (all->size() > rows.size()) {
    out += "and " + std::to_string(all->size() - rows.size()) + " more in tenants.csv (--csv)\n";
  }
  return out;
}

}  // namespace jevons
