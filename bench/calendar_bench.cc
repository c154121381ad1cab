// The calendar against std::priority_queue, by the hold model: take the first event, put it back an exponential time
// later.
#include <benchmark/benchmark.h>

#include <queue>

#include "base/rng.h"
#include "sim/engine/calendar.h"

namespace jevons {
namespace {

std::int64_t gap(RandomStream* random) { return static_cast<std::int64_t>(random->exponential(1e6)) + 1; }

void calendar_hold(benchmark::State& state) {
  Calendar calendar;
  RandomStream random(1, "hold");
  for (std::uint32_t i = 0; i < state.range(0); ++i) {
    calendar.schedule(calendar.add_slot(EventKind::kIteration, i), Instant{gap(&random)});
  }
  for (auto _ : state) {
    const Event e = calendar.pop();
    calendar.schedule(Slot{e.payload}, e.time + Duration{gap(&random)});  // Slots were numbered like their payloads.
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(calendar_hold)->Arg(64)->Arg(1'000)->Arg(10'000)->Arg(100'000);

void priority_queue_hold(benchmark::State& state) {
  using Entry = std::pair<std::int64_t, std::uint64_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  RandomStream random(1, "hold");
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(state.range(0)); ++i) queue.emplace(gap(&random), i);
  for (auto _ : state) {
    const Entry e = queue.top();
    queue.pop();
    queue.emplace(e.first + gap(&random), e.second);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(priority_queue_hold)->Arg(64)->Arg(1'000)->Arg(10'000)->Arg(100'000);

// What a replica does when an arrival cuts its span: move a pending event.
void calendar_move(benchmark::State& state) {
  Calendar calendar;
  RandomStream random(1, "move");
  for (std::uint32_t i = 0; i < state.range(0); ++i) {
    calendar.schedule(calendar.add_slot(EventKind::kIteration, i), Instant{gap(&random)});
  }
  for (auto _ : state) {
    calendar.schedule(Slot{static_cast<std::uint32_t>(random.below(static_cast<std::uint64_t>(state.range(0))))},
                      Instant{gap(&random)});
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(calendar_move)->Arg(64)->Arg(10'000);

}  // namespace
}  // namespace jevons
