// Jobs that trained as guests on serving GPUs.
#include "report/guests.h"

namespace jevons {
namespace {

double hours(const RunResult& r, Purpose p) { return r.guests.by_purpose[static_cast<std::size_t>(p)].hours(); }

constexpr SideFigure kFigures[] = {
    {"guest_work_gpu_hours", "work, in GPU-h of its own", "GPU-h",
     [](const RunResult& r) { return r.guests.work.hours(); }},
    {"guest_useful_gpu_hours", "useful GPU-h", "GPU-h",
     [](const RunResult& r) { return hours(r, Purpose::kTraining); }},
    {"guest_lost_gpu_hours", "lost GPU-h", "GPU-h", [](const RunResult& r) { return hours(r, Purpose::kLostWork); }},
    {"guest_open_gpu_hours", "open GPU-h", "GPU-h", [](const RunResult& r) { return r.guests.open.hours(); }},
    {"guest_starts", "starts", "starts", [](const RunResult& r) { return static_cast<double>(r.guests.starts); }},
    {"guests_sent_away", "sent away", "jobs",
     [](const RunResult& r) { return static_cast<double>(r.guests.sent_away); }},
};

}  // namespace

std::span<const SideFigure> guest_figures() { return kFigures; }

bool had_guests(const RunResult& run) { return run.guests.open > GpuTime{}; }

std::string guest_table(const Comparison& c, bool color) {
  return side_table(c, "Guests on serving GPUs (not in the table of GPU-hours by purpose)", kFigures, had_guests,
                    color);
}

}  // namespace jevons
