// Checks of request streams and training: references, one source each, files and generators that open.
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "experiments/scenario_check.h"
#include "experiments/scenario_resolve.h"
#include "experiments/scenario_rules.h"
#include "experiments/scenario_sources.h"
#include "traces/reader.h"

namespace jevons {
namespace {

Status check_transforms(const ScenarioFile& file, const std::string& path,
                        const google::protobuf::RepeatedPtrField<proto::Transform>& transforms, bool jobs) {
  for (int k = 0; k < transforms.size(); ++k) {
    const proto::Transform& t = transforms[k];
    const std::string at = index_path(path + ".transforms", k);
    if (t.has_gpu_scale() && !jobs) return file.places.error(at + ".gpu_scale", "only jobs have GPUs to scale");
    const char* of_jobs = t.has_estimate_error() ? "estimate_error"
                          : t.has_flexibility()  ? "flexibility"
                          : t.has_deadlines()    ? "deadlines"
                          : t.has_priorities()   ? "priorities"
                                                 : nullptr;
    if (of_jobs != nullptr && !jobs) return file.places.error(at + "." + of_jobs, "expected a transform of requests");
    if (t.has_deadlines() && t.deadlines().min_slack() > t.deadlines().max_slack()) {
      return file.places.error(at + ".deadlines.min_slack", "expected at most max_slack");
    }
    if (t.has_slice() && duration_of(t.slice().from()) >= duration_of(t.slice().to())) {
      return file.places.error(at + ".slice",
                               "expected `from` before `to`, got " + t.slice().from() + " and " + t.slice().to());
    }
  }
  return Ok{};
}

std::string known_formats(const std::string& format, TraceKind kind) {
  std::vector<std::string> known;
  for (const FormatInfo& f : formats()) {
    if (f.name == format && (kind == TraceKind::kJobs ? f.jobs : f.requests)) return "";
    if (kind == TraceKind::kJobs ? f.jobs : f.requests) known.push_back(f.name);
  }
  return "unknown format '" + shortened(format) + "' for " + (kind == TraceKind::kJobs ? "jobs" : "requests") +
         nearest_hint(format, known);
}

Status check_format(const ScenarioFile& file, const std::string& path, const std::string& format, TraceKind kind) {
  if (format == "auto") return Ok{};
  const std::string message = known_formats(format, kind);
  if (message.empty()) return Ok{};
  return file.places.error(path, message);
}

Status check_stream(const ScenarioFile& file, int index) {
  const proto::Stream& stream = file.message.requests().streams(index);
  const std::string path = index_path("requests.streams", index);
  if (pool_index(file.message, stream.pool()) < 0) {
    std::vector<std::string> known;
    for (const proto::Pool& p : file.message.serving().pools()) known.push_back(p.name());
    return file.places.error(path + ".pool",
                             "unknown pool '" + stream.pool() + "'" + nearest_hint(stream.pool(), known));
  }
  if (stream.has_trace() == stream.has_generate()) {
    return file.places.error(path, stream.has_trace() ? "expected either trace or generate, got both"
                                                      : "expected trace or generate, got neither");
  }
  if (stream.has_trace()) {
    if (Status s = check_format(file, path + ".trace.format", stream.trace().format(), TraceKind::kRequests); !s)
      return s;
  }
  if (Status s = check_transforms(file, path, stream.transforms(), false); !s) return s;
  const auto source = open_stream(file, index, file.message.seed());
  return source ? Status(Ok{}) : Status(source.error());
}

Status check_job_source(const ScenarioFile& file, const Catalogue& catalogue, int index) {
  const proto::JobSource& source = file.message.training().jobs(index);
  const std::string path = index_path("training.jobs", index);
  const int sources = int{source.has_trace()} + int{source.has_generate()} + (source.list_size() > 0 ? 1 : 0);
  if (sources != 1) {
    return file.places.error(path, "expected exactly one of trace, generate and list, got " + std::to_string(sources));
  }
  if (Status s = check_transforms(file, path, source.transforms(), true); !s) return s;
  if (!source.has_trace()) {
    const auto jobs = make_jobs(file, catalogue, index, file.message.seed());
    return jobs ? Status(Ok{}) : Status(jobs.error());
  }
  const std::string& format = source.trace().format();
  if (Status s = check_format(file, path + ".trace.format", format, TraceKind::kJobs); !s) return s;
  const auto name = resolve_path(file, path + ".trace.file", source.trace().file());
  if (!name) return name.error();
  if (const auto options = job_trace_options(file, catalogue, index); !options) return options.error();
  if (format != "auto") return Ok{};
  const auto found = recognise(*name);  // The rest of the file is read when the run starts.
  if (!found) return found.error();
  if (found->kind == TraceKind::kJobs) return Ok{};
  return file.places.error(path + ".trace.file",
                           "expected a trace of jobs, got requests (format " + found->format + ")");
}

Status check_training(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies) {
  const proto::Training& training = file.message.training();
  std::vector<std::string> known;
  for (const proto::NodeGroup& g : file.message.cluster().groups()) known.push_back(g.name());
  for (int i = 0; i < training.groups_size(); ++i) {
    const std::string& name = training.groups(i).group();
    if (group_index(file.message, name) >= 0) continue;
    return file.places.error(index_path("training.groups", i) + ".group",
                             "unknown node group '" + name + "'" + nearest_hint(name, known));
  }
  if (training.has_reference_gpu()) {
    const auto gpu = catalogue.gpu(training.reference_gpu());
    if (!gpu) return file.places.error("training.reference_gpu", gpu.error().message);
  }
  if (Status s = check_choice(file, "training.queue", policies.training_queues, training.queue()); !s) return s;
  if (Status s = check_choice(file, "training.placement", policies.placements, training.placement()); !s) return s;
  for (int i = 0; i < training.jobs_size(); ++i) {
    if (Status s = check_job_source(file, catalogue, i); !s) return s;
  }
  return Ok{};
}

}  // namespace

Status check_load(const ScenarioFile& file, const Catalogue& catalogue, const Policies& policies) {
  const proto::Scenario& s = file.message;
  if (s.requests().streams_size() == 0 && s.training().jobs_size() == 0) {
    return file.places.error("", "nothing to do (expected requests.streams or training.jobs)");
  }
  for (int i = 0; i < s.requests().streams_size(); ++i) {
    if (Status status = check_stream(file, i); !status) return status;
  }
  return check_training(file, catalogue, policies);
}

}  // namespace jevons
