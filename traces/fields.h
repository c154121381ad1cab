// Numbers and timestamps of trace files, as exact integers, without locale or allocation; and what is wrong with a row.
#ifndef JEVONS_TRACES_FIELDS_H_
#define JEVONS_TRACES_FIELDS_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"

namespace jevons {

// Why a row cannot be used.  Costs nothing to make; the texts are literals and the views point into the row.
struct BadRow {
  const char* reason = nullptr;  // "prompt tokens negative"; the key it is counted under.  nullptr: the row is good.
  const char* expected = "";     // "a whole number from 1 to 2^40"
  std::string_view got;
  std::size_t column = 0;  // Byte of the row, from 1; 0 = the row as a whole.

  explicit operator bool() const { return reason != nullptr; }
  std::string message() const;  // "prompt tokens negative (expected ..., got '-5')"
};

constexpr std::int64_t kMaxTokens = std::int64_t{1} << 40;      // Beyond any context window; sums stay in 64 bits.
constexpr std::int64_t kMaxTimeNs = 9'000'000'000'000'000'000;  // 285 years, the reach of the clock (base/units.h).
constexpr std::int64_t kMaxGpus = 100'000'000;                  // Of one job; far beyond any cluster.

// The reasons a number of one kind can have.
struct NumberRules {
  const char *malformed, *negative, *zero, *out_of_range;
  const char* expected;
  std::int64_t max;
  bool zero_allowed = false;
};
constexpr NumberRules kPromptRules{"prompt tokens malformed",    "prompt tokens negative",        "prompt tokens zero",
                                   "prompt tokens out of range", "a whole number from 1 to 2^40", kMaxTokens};
constexpr NumberRules kOutputRules{"output tokens malformed",    "output tokens negative",        "output tokens zero",
                                   "output tokens out of range", "a whole number from 1 to 2^40", kMaxTokens};
constexpr NumberRules kGpuRules{
    "GPUs malformed", "GPUs negative", "GPUs zero", "GPUs out of range", "a whole number from 1 to 100000000",
    kMaxGpus};
constexpr NumberRules kTimeRules{"arrival time malformed",
                                 "arrival time negative",
                                 "arrival time zero",
                                 "arrival time out of range",
                                 "a time from 0 to 285 years",
                                 kMaxTimeNs,
                                 true};
constexpr NumberRules kRunTimeRules{"run time malformed",
                                    "run time negative",
                                    "run time zero",
                                    "run time out of range",
                                    "a time above 0, up to 285 years",
                                    kMaxTimeNs};
constexpr NumberRules kEstimateRules{"estimate malformed",
                                     "estimate negative",
                                     "estimate zero",
                                     "estimate out of range",
                                     "a time above 0, up to 285 years",
                                     kMaxTimeNs};

constexpr NumberRules kStartRules{"start time malformed",
                                  "start time negative",
                                  "start time zero",
                                  "start time out of range",
                                  "a time from 0 to 285 years",
                                  kMaxTimeNs,
                                  true};
constexpr NumberRules kEndRules{"end time malformed",
                                "end time negative",
                                "end time zero",
                                "end time out of range",
                                "a time from 0 to 285 years",
                                kMaxTimeNs,
                                true};
constexpr NumberRules kDeadlineRules{"deadline malformed",
                                     "deadline negative",
                                     "deadline zero",
                                     "deadline out of range",
                                     "a time above 0, up to 285 years",
                                     kMaxTimeNs};
constexpr double kMaxCpus = 1e9;                            // Of one job.
constexpr std::int64_t kMaxMemory = std::int64_t{1} << 60;  // Bytes, of one job.
constexpr double kMaxSpeed = 1e6;                           // Over that on the GPUs asked for, or the reference GPU.

// The reasons an amount with a fraction can have.
struct AmountRules {
  const char *malformed, *out_of_range, *expected;
  double max;
};
constexpr AmountRules kCpuRules{"CPUs malformed", "CPUs out of range", "a number from 0 to 1e9", kMaxCpus};
constexpr AmountRules kMemoryRules{"memory malformed", "memory out of range", "a size from 0 to 2^60 bytes",
                                   static_cast<double>(kMaxMemory)};

// A number from 0 to rules.max, times `unit`; an empty field is 0, which means unknown.
BadRow parse_amount(std::string_view text, double unit, const AmountRules& rules, double* out);

// A whole number, which may be written with ".0" behind it (tools re-export integers so).  No sign but "-", no blanks.
BadRow parse_count(std::string_view text, const NumberRules& rules, std::int64_t* out);
// A decimal number of units of `unit_ns` nanoseconds, an exponent allowed; exact, rounded half up to the nanosecond.
BadRow parse_time(std::string_view text, std::int64_t unit_ns, const NumberRules& rules, std::int64_t* ns);

// From a start to an end, both at least 0; `got` is the end's text.  Bad: not above 0.
BadRow run_between(std::int64_t start_ns, std::int64_t end_ns, std::string_view got, Duration* run_time);

// "YYYY-MM-DD HH:MM:SS" with 0 to 9 decimals and an optional Z, +hh:mm or +hhmm; no zone means UTC.  1970 to 2254.
class TimestampParser {
 public:
  // Reasons: "arrival time malformed" and "out of range", or those of `rules`.
  BadRow parse(std::string_view text, std::int64_t* unix_ns, const NumberRules& rules = kTimeRules);

 private:
  std::array<char, 10> date_{};  // The last date seen, and its midnight: traces stay on one day for long.
  std::int64_t midnight_ns_ = 0;
};

// Length of a time unit ("ns", "us", "ms", "s") in nanoseconds; 0 if it is none of them.
std::int64_t time_unit_ns(std::string_view name);

}  // namespace jevons
#endif  // JEVONS_TRACES_FIELDS_H_
