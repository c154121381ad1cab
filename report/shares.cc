// Jobs with a share of a GPU.
#include "report/shares.h"

namespace jevons {
namespace {

double hours(const RunResult& r, Purpose p) { return r.shares.by_purpose[static_cast<std::size_t>(p)].hours(); }

constexpr SideFigure kFigures[] = {
    {"shared_gpu_hours", "shared GPUs, GPU-h", "GPU-h", [](const RunResult& r) { return r.shares.held.hours(); }},
    {"shared_used_gpu_hours", "of these used by shares", "GPU-h",
     [](const RunResult& r) { return r.shares.used.hours(); }},
    {"shared_used_percent", "used, %", "%",
     [](const RunResult& r) {
       const double held = r.shares.held.hours();
       return held > 0 ? 100 * r.shares.used.hours() / held : 0;
     }},
    {"beside_useful_gpu_hours", "trained beside a holder, h", "GPU-h",
     [](const RunResult& r) { return hours(r, Purpose::kTraining); }},
    {"beside_lost_gpu_hours", "lost beside a holder, h", "GPU-h",
     [](const RunResult& r) { return hours(r, Purpose::kLostWork); }},
    {"shared_opened", "opened", "starts", [](const RunResult& r) { return static_cast<double>(r.shares.opened); }},
    {"shared_joined", "joined", "starts", [](const RunResult& r) { return static_cast<double>(r.shares.joined); }},
};

}  // namespace

std::span<const SideFigure> share_figures() { return kFigures; }

bool had_shares(const RunResult& run) { return run.shares.opened > 0; }

std::string share_table(const Comparison& c, bool color) {
  return side_table(c, "Jobs with shares of a GPU", kFigures, had_shares, color);
}

}  // namespace jevons
