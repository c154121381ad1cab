// Jobs that trained as guests on serving GPUs.
#include "report/guests.h"

#include <algorithm>
#include <vector>

#include "report/number_text.h"
#include "report/table.h"

namespace jevons {
namespace {

double hours(const GuestResult& g, Purpose p) { return g.by_purpose[static_cast<std::size_t>(p)].hours(); }

constexpr GuestFigure kFigures[] = {
    {"guest_work_gpu_hours", "work, in GPU-h of its own", "GPU-h", [](const GuestResult& g) { return g.work.hours(); }},
    {"guest_useful_gpu_hours", "useful GPU-h", "GPU-h",
     [](const GuestResult& g) { return hours(g, Purpose::kTraining); }},
    {"guest_lost_gpu_hours", "lost GPU-h", "GPU-h", [](const GuestResult& g) { return hours(g, Purpose::kLostWork); }},
    {"guest_open_gpu_hours", "open GPU-h", "GPU-h", [](const GuestResult& g) { return g.open.hours(); }},
    {"guest_starts", "starts", "starts", [](const GuestResult& g) { return static_cast<double>(g.starts); }},
    {"guests_sent_away", "sent away", "jobs", [](const GuestResult& g) { return static_cast<double>(g.sent_away); }},
};

}  // namespace

std::span<const GuestFigure> guest_figures() { return kFigures; }

bool had_guests(const RunResult& run) { return run.guests.open > GpuTime{}; }

std::string guest_table(const Comparison& c, bool color) {
  if (std::none_of(c.cells.begin(), c.cells.end(), [](const Cell& x) { return x.run && had_guests(x.run->result); })) {
    return "";
  }
  std::vector<std::string> names;
  std::vector<TableRow> rows;
  for (const GuestFigure& f : kFigures) rows.push_back({std::string(f.label), {}});
  for (std::size_t p = 0; p < c.policies.size(); ++p) {
    names.push_back(c.label(p));
    for (std::size_t i = 0; i < rows.size(); ++i) {
      double sum = 0, runs = 0;
      for (std::size_t s = 0; s < c.seeds.size(); ++s) {
        const Cell& cell = c.cell(p, s);
        if (!cell.run) continue;
        sum += kFigures[i].value(cell.run->result.guests);
        ++runs;
      }
      const bool counts = kFigures[i].unit != "GPU-h";
      rows[i].cells.push_back({runs == 0 ? "-" : counts ? whole_number(sum / runs) : three_digits(sum / runs), false});
    }
  }
  return "\n" + emphasize("Guests on serving GPUs (not in the table of GPU-hours by purpose)", color) + "\n" +
         render_table(names, rows, color);
}

}  // namespace jevons
