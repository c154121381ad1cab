// One line on stderr that says how far the runs are.
#include "apps/progress_line.h"

#include <fmt/format.h>

#include <cstdio>

#include "report/number_text.h"

namespace jevons {

std::string progress_text(const CompareProgress& p, double elapsed) {
  std::string text = fmt::format("{}/{} runs", p.runs_ended, p.runs);
  if (p.share > 0) text += fmt::format("   {:.0f} %", p.share * 100);
  if (p.requests_ended > 0) {
    const double n = static_cast<double>(p.requests_ended);
    text += fmt::format("   {} requests", whole_number(n));
    if (elapsed > 0) text += fmt::format("   {}/s", three_digits(n / elapsed));
  } else if (p.jobs_ended > 0) {
    text += fmt::format("   {} jobs", whole_number(static_cast<double>(p.jobs_ended)));
  }
  // A guess from the first percent would only jump about.
  if (p.share >= 0.01 && p.share < 1)
    text += fmt::format("   {} left", human_seconds(elapsed * (1 - p.share) / p.share));
  return text;
}

ProgressLine::ProgressLine(bool terminal)
    : terminal_(terminal), start_(std::chrono::steady_clock::now()), last_(start_) {}

ProgressLine::~ProgressLine() {
  if (shown_ && terminal_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(const CompareProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  const auto pause = terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(1000);
  if (now - last_ < pause) return;
  last_ = now;
  shown_ = true;
  const std::string text = progress_text(progress, std::chrono::duration<double>(now - start_).count());
  std::fputs((terminal_ ? "\r" + text.substr(0, 79) + "\033[K" : text + "\n").c_str(), stderr);
  std::fflush(stderr);
}

}  // namespace jevons
