// Our CPU seconds beside a public peer's on the same trace with the same operation times: Vidur, 14.2 CPU seconds, 0.78
// GB (shared/data/peers/vidur_llama2_70b_a100_tp4x4/README.md).  tests/sim/vidur_peer_test.cc checks that the answers
// agree.
#include "tests/support/vidur_peer.h"

#include <fmt/format.h>

#include <ctime>

int main() {
  using namespace jevons;
  using namespace jevons::testing;
  constexpr double kPeerCpuSeconds = 14.2;
  if (!have_peer()) {
    fmt::print("skipped: no data (set JEVONS_DATA)\n");
    return 0;
  }
  std::vector<Request> requests;
  std::vector<PeerAnswer> answers;
  read_peer(&requests, &answers);
  Inputs inputs = vidur_inputs(requests, true);
  inputs.engine.audit = false;
  const auto cpu = [] {
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
  };
  const double before = cpu();
  const Result<RunResult> result = simulate(std::move(inputs));
  const double run = cpu() - before;
  if (!result) {
    fmt::print(stderr, "vidur_peer: {}\n", result.error().text());
    return 1;
  }
  fmt::print("requests                {}\n", result->serving.completed);
  fmt::print("cpu seconds, Vidur      {:.1f}\n", kPeerCpuSeconds);
  fmt::print("cpu seconds, jevons     {:.4f} simulating, {:.3f} with reading the tables\n", run, cpu());
  fmt::print("ratio                   {:.0f} times faster\n", kPeerCpuSeconds / run);
  return 0;
}
