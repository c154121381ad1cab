// Every policy of a scenario with every seed.
#include "experiments/compare.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "experiments/run.h"
#include "experiments/spool.h"
#include "experiments/workers.h"
#include "proto/result.pb.h"
#include "report/result_codec.h"

namespace jevons {
namespace {

using Clock = std::chrono::steady_clock;  // Spares the pipe; no result depends on it.

// A worker's note on its way; both ends are this program.
struct Note {
  std::int64_t now, horizon;
  std::uint64_t requests_ended, jobs_ended;
};

std::function<void(const Progress&)> noting(WorkerLink& link) {
  return [&link, last = Clock::time_point{}](const Progress& p) mutable {
    const auto now = Clock::now();
    if (now - last < std::chrono::milliseconds(100)) return;
    last = now;
    const Note note{p.now.ns, p.horizon.ns, p.requests_ended, p.jobs_ended};
    link.note({reinterpret_cast<const char*>(&note), sizeof note});
  };
}

std::string encode(const RunOutcome& outcome) {
  proto::CellRecord record;
  if (outcome.error) {
    record.set_failure(outcome.bad_input ? proto::CellRecord::INPUT : proto::CellRecord::RUN);
    record.set_error(outcome.error->message);
    record.set_error_where(outcome.error->where);
  } else {
    encode_run(*outcome.report, record.mutable_run());
  }
  std::string bytes;
  CHECK(record.SerializeToString(&bytes));
  return bytes;
}

class Gathering {
 public:
  Gathering(const Scenario& scenario, const CompareSetup& setup) : scenario_(scenario), setup_(setup) {
    comparison_.scenario = scenario.name();
    comparison_.scenario_path = scenario.path();
    comparison_.scenario_hash = scenario.hash();
    const Slo slo = scenario.slo();
    comparison_.slo = {slo.ttft, slo.tpot, slo.e2e};
    comparison_.notes = scenario.notes();
    comparison_.seeds = setup.seeds;
    for (const std::size_t policy : setup.policies) {
      comparison_.policies.push_back(scenario.policy_labels()[policy]);
      comparison_.bounds.push_back(scenario.policy_is_bound(policy));
      for (const std::uint64_t seed : setup.seeds) {
        Cell cell;
        cell.policy = comparison_.policies.size() - 1;
        cell.seed = seed;
        comparison_.cells.push_back(std::move(cell));
      }
    }
    notes_.resize(comparison_.cells.size());
    ended_.resize(comparison_.cells.size());
  }

  Result<Comparison> run() {
    if (setup_.requests) {
      if (Status ok = setup_.requests(RequestsCsv::header()); !ok) return ok.error();
    }
    WorkerPlan plan;
    plan.tasks = comparison_.cells.size();
    plan.jobs = std::max<std::size_t>(1, setup_.jobs);
    plan.stop = setup_.stop;
    plan.work = [this](std::size_t task, WorkerLink& link) { return work(task, link); };
    plan.on_start = [this](std::size_t task) { return start(task); };
    plan.on_end = [this](std::size_t task, WorkerOutcome outcome) { return end(task, std::move(outcome)); };
    plan.on_note = [this](std::size_t task, std::string_view bytes) { hear(task, bytes); };
    if (setup_.on_progress) plan.on_tick = [this] { setup_.on_progress(progress()); };
    run_in_workers(plan);
    if (error_) return *error_;
    return std::move(comparison_);
  }

 private:
  // In the worker.
  std::string work(std::size_t task, WorkerLink& link) {
    const Cell& cell = comparison_.cells[task];
    RunSetup setup;
    setup.policy = setup_.policies[cell.policy];
    setup.seed = cell.seed;
    setup.engine = setup_.engine;
    setup.stop = link.stop();
    if (setup_.on_progress) setup.on_progress = noting(link);
    if (setup_.requests) {
      setup.requests = [this, task](std::string_view rows) { return spools_.at(task).write(rows); };
    }
    return encode(run_scenario(scenario_, setup));
  }

  bool start(std::size_t task) {
    if (!setup_.requests) return true;
    auto spool = Spool::create(setup_.requests_path);
    if (!spool) return fail(spool.error());
    spools_.emplace(task, *std::move(spool));
    return true;
  }

  bool end(std::size_t task, WorkerOutcome outcome) {
    if (error_) return false;
    Cell& cell = comparison_.cells[task];
    if (outcome.kind == WorkerOutcome::kNotRun) {
      comparison_.complete = false;
    } else if (outcome.kind == WorkerOutcome::kCrashed) {
      cell.error = std::move(outcome.error);
    } else if (!accept(task, outcome.answer, &cell)) {
      return false;
    }
    ended_[task] = true;
    return pass_on_requests();
  }

  bool accept(std::size_t task, const std::string& answer, Cell* cell) {
    proto::CellRecord record;
    CHECK(record.ParseFromString(answer));  // Our own worker wrote it.
    if (record.failure() == proto::CellRecord::INPUT) return fail(Error{record.error(), record.error_where()});
    if (record.failure() == proto::CellRecord::RUN) {
      cell->error = Error{record.error(), record.error_where()}.text();
      return true;
    }
    auto run = decode_run(record.run());
    CHECK(run.ok());
    // Stopped in the middle: everything else about it is as true as it was.
    comparison_.complete = comparison_.complete && run->result.complete;
    notes_[task].requests_ended = run->result.serving.arrived + run->result.serving.outside;
    notes_[task].jobs_ended = run->result.training.submitted + run->result.training.outside;
    cell->run = *std::move(run);
    return true;
  }

  // Rows leave in the order of the cells, as soon as every cell before them has ended.
  bool pass_on_requests() {
    for (; passed_on_ < ended_.size() && ended_[passed_on_]; ++passed_on_) {
      const auto spool = spools_.find(passed_on_);
      if (spool == spools_.end()) continue;
      // Of a run that failed nobody knows how much is missing.
      if (comparison_.cells[passed_on_].run) {
        if (Status ok = spool->second.read_all(setup_.requests); !ok) return fail(ok.error());
      }
      spools_.erase(spool);
    }
    return true;
  }

  bool fail(Error error) {
    if (!error_) error_ = std::move(error);
    return false;
  }

  void hear(std::size_t task, std::string_view bytes) {
    CHECK(bytes.size() == sizeof(Note));
    std::memcpy(&notes_[task], bytes.data(), sizeof(Note));
  }

  CompareProgress progress() const {
    CompareProgress p;
    p.runs = comparison_.cells.size();
    for (std::size_t i = 0; i < notes_.size(); ++i) {
      p.requests_ended += notes_[i].requests_ended;
      p.jobs_ended += notes_[i].jobs_ended;
      const bool known = notes_[i].horizon > 0 && notes_[i].horizon != Instant::never().ns;
      if (ended_[i]) {
        ++p.runs_ended;
        p.share += 1;
      } else if (known) {
        p.share += static_cast<double>(notes_[i].now) / static_cast<double>(notes_[i].horizon);
      }
    }
    p.share /= static_cast<double>(std::max<std::size_t>(1, p.runs));
    return p;
  }

  const Scenario& scenario_;
  const CompareSetup& setup_;
  Comparison comparison_;
  std::vector<Note> notes_;
  std::vector<bool> ended_;
  std::map<std::size_t, Spool> spools_;  // By cell; of runs whose rows were not passed on yet.
  std::size_t passed_on_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Comparison> compare(const Scenario& scenario, const CompareSetup& setup) {
  return Gathering(scenario, setup).run();
}

}  // namespace jevons
