// What each cause of failures did: a table by cause and policy.
#include "report/failures.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "report/number_text.h"
#include "report/table.h"

namespace jevons {
namespace {

constexpr std::size_t kNumbers = 3;  // Failures, interruptions, lost GPU-hours.
using Texts = std::array<std::string, kNumbers>;

// As the first run that has them lists them: all runs of a scenario list the same.
std::vector<std::string> causes_of(const Comparison& c) {
  std::vector<std::string> causes;
  for (const Cell& cell : c.cells) {
    if (!cell.run) continue;
    for (const FaultResult& f : cell.run->result.faults) {
      if (std::find(causes.begin(), causes.end(), f.cause) == causes.end()) causes.push_back(f.cause);
    }
  }
  return causes;
}

// Means over the seeds of one policy; an empty cause is all of them together.
std::optional<Texts> numbers_of(const Comparison& c, std::size_t policy, const std::string& cause) {
  double failures = 0, interruptions = 0, lost = 0, runs = 0;
  for (std::size_t s = 0; s < c.seeds.size(); ++s) {
    const Cell& cell = c.cell(policy, s);
    if (!cell.run) continue;
    ++runs;
    for (const FaultResult& f : cell.run->result.faults) {
      if (!cause.empty() && f.cause != cause) continue;
      failures += static_cast<double>(f.count);
      interruptions += static_cast<double>(f.jobs_stopped);
      lost += f.lost.hours();
    }
  }
  if (runs == 0) return std::nullopt;
  return Texts{whole_number(failures / runs), whole_number(interruptions / runs), three_digits(lost / runs)};
}

}  // namespace

std::string failure_table(const Comparison& c, bool color) {
  std::vector<std::string> causes = causes_of(c);
  if (causes.empty()) return "";
  causes.emplace_back();
  std::vector<std::vector<std::optional<Texts>>> numbers;
  std::array<std::size_t, kNumbers> widths{};
  for (const std::string& cause : causes) {
    auto& row = numbers.emplace_back();
    for (std::size_t p = 0; p < c.policies.size(); ++p) {
      row.push_back(numbers_of(c, p, cause));
      if (!row.back()) continue;
      for (std::size_t i = 0; i < kNumbers; ++i) widths[i] = std::max(widths[i], text_columns((*row.back())[i]));
    }
  }
  std::vector<std::string> names;
  std::vector<TableRow> rows;
  for (std::size_t p = 0; p < c.policies.size(); ++p) names.push_back(c.label(p));
  for (std::size_t k = 0; k < causes.size(); ++k) {
    TableRow& row = rows.emplace_back(TableRow{causes[k].empty() ? "total" : causes[k], {}});
    for (const std::optional<Texts>& texts : numbers[k]) {
      TableCell& cell = row.cells.emplace_back(TableCell{texts ? "" : "-", false});
      for (std::size_t i = 0; texts && i < kNumbers; ++i) {
        cell.text += std::string(widths[i] - text_columns((*texts)[i]) + (i > 0 ? 1 : 0), ' ') + (*texts)[i];
      }
    }
  }
  return "\n" + emphasize("Failures: how many, interruptions of jobs, GPU-hours lost", color) + "\n" +
         render_table(names, rows, color);
}

}  // namespace jevons
