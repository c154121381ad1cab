// The figures every report shows: what each is called, what it counts, which way is better, and how it follows from a
// run.
//
// Console, CSV and JSON summaries read this one list, so a figure has one name and one definition everywhere.
#ifndef JEVONS_REPORT_FIGURES_H_
#define JEVONS_REPORT_FIGURES_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "report/comparison.h"
#include "report/statistics.h"

namespace jevons {

enum class Section { kServing, kTraining, kMoney, kEnergy };
enum class Unit { kCount, kSeconds, kPerSecond, kShare, kGpuHours, kDollars, kEnergy };
enum class Better { kMore, kLess, kNeither };

struct Figure {
  std::string_view key;    // In CSV and JSON; the unit is in the name where vLLM's benchmark has it there.
  std::string_view label;  // On the console.
  std::string_view unit_name;
  Section section;
  Unit unit;
  Better better;
  bool always;  // False: the console shows it only where some run has a value other than 0.
  // nullopt where the run has nothing to say (no completed request: no TTFT).
  std::optional<double> (*value)(const RunReport&);
};

std::span<const Figure> figures();
const Figure& figure(std::string_view key);  // A key that is in the list (CHECKed).

// False where the console leaves the row out: figures nobody has, and bounds on what is known.
bool worth_showing(const Comparison& c, const Figure& f);
// JCT and queueing delay where some run has jobs that did not end (or start): the figure is of the others, so a policy
// that starves jobs looks good, and none is best.  The figures `..._at_least` count those jobs with their age.
bool of_survivors(const Comparison& c, const Figure& f);

// ETTR of some of a run's jobs, as the figure `ettr` of all: useful GPU-time over elapsed (TrainingResult), so never
// more than 1.  nullopt where none had GPUs of its own.
std::optional<double> effective_training_time(const JobsResult& jobs);

// "1.24 s", "97.3 %", "$1,234": a value of this figure for people.
std::string figure_text(const Figure& f, double value);

// GPU-time of serving (serving, idle_serving, loading, draining) at its groups' prices, energy included where it is
// paid for.  Loading counts as serving, also where a training job restores its checkpoint.
double serving_cost_usd(const RunReport& run);
double total_cost_usd(const RunReport& run);

// Joules of the GPU-time that serving pays for, without PUE.
double serving_joules(const RunReport& run);
double kwh_of(double joules);

// Over seeds.  Complete runs only, or, when a policy has none, what there is.
std::optional<Estimate> policy_estimate(const Comparison& c, std::size_t policy, const Figure& f);
// a - b over the seeds for which both are complete and have a value.
std::optional<Estimate> paired_difference(const Comparison& c, std::size_t a, std::size_t b, const Figure& f);

}  // namespace jevons
#endif  // JEVONS_REPORT_FIGURES_H_
