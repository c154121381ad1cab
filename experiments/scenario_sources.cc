// Opens request streams: traces and generators, transforms applied.
#include "experiments/scenario_sources.h"

#include "experiments/scenario_check.h"
#include "experiments/scenario_generators.h"
#include "experiments/scenario_rules.h"
#include "traces/generate/requests.h"
#include "traces/reader.h"
#include "traces/transform.h"

namespace jevons {
namespace {

class StreamOpener {
 public:
  StreamOpener(const ScenarioFile& file, int index, std::uint64_t seed)
      : file_(file),
        stream_(file.message.requests().streams(index)),
        path_(index_path("requests.streams", index)),
        seed_(seed),
        index_(index) {}

  Result<RequestSourcePtr> open() const {
    auto source = up_to(stream_.transforms_size());
    if (!source) return source.error();
    return with_workload(*std::move(source), static_cast<std::uint32_t>(index_));
  }

 private:
  std::string random_name() const { return "requests/" + stream_.name(); }

  // The stream after its first `count` transforms; opens the trace anew.
  Result<RequestSourcePtr> up_to(int count) const {
    if (count == 0) return stream_.has_trace() ? from_trace() : from_generator();
    const proto::Transform& t = stream_.transforms(count - 1);
    const std::string path = index_path(path_ + ".transforms", count - 1);
    auto result = t.has_repeat() ? repeated(t.repeat(), count) : transformed(t, count);
    if (!result) return place_error(file_, path, trace_path_, result.error());
    return result;
  }

  Result<RequestSourcePtr> from_trace() const {
    const proto::RequestTrace& t = stream_.trace();
    const auto path = resolve_path(file_, path_ + ".trace.file", t.file());
    if (!path) return path.error();
    trace_path_ = *path;
    TraceOptions o;
    o.format = t.format();
    o.drop_bad_rows = t.on_bad_row() == "drop";
    o.hash_block = Tokens{t.block_size()};
    o.time_unit = t.time_unit();
    o.spread = duration_of(t.spread());
    o.reorder_window = t.reorder_window();
    o.seed = seed_;
    o.stream = random_name() + ".spread";
    auto source = open_requests(*path, o);
    if (!source) return place_error(file_, path_ + ".trace", *path, source.error());
    return source;
  }

  Result<RequestSourcePtr> from_generator() const {
    const auto options =
        request_generator(file_, path_ + ".generate", stream_.generate(), stream_.transforms_size() > 0);
    if (!options) return options.error();
    auto source = generate_requests(*options, seed_, random_name());
    if (!source) return place_error(file_, path_ + ".generate", "", source.error());
    return source;
  }

  Result<RequestSourcePtr> repeated(const proto::Repeat& r, int count) const {
    // A copy of the scenario: the source opens its trace again when the Scenario may be gone.
    return repeat([file = file_, index = index_, seed = seed_,
                   count] { return StreamOpener(file, index, seed).up_to(count - 1); },
                  duration_of(r.every()), static_cast<std::uint64_t>(r.times()));
  }

  Result<RequestSourcePtr> transformed(const proto::Transform& t, int count) const {
    auto source = up_to(count - 1);
    if (!source) return source.error();
    const RandomName random{seed_, random_name() + "/transform" + std::to_string(count - 1)};
    if (t.has_slice()) return slice(*std::move(source), instant_of(t.slice().from()), instant_of(t.slice().to()));
    if (t.has_rate_scale()) return scale_rate(*std::move(source), t.rate_scale(), random);
    if (t.has_thin()) return thin(*std::move(source), t.thin(), random);
    if (t.has_shift()) return shift(*std::move(source), duration_of(t.shift()));
    if (t.has_limit()) return limit(*std::move(source), static_cast<std::uint64_t>(t.limit()));
    CHECK(t.has_time_scale());
    const auto ratio = ratio_of(t.time_scale());
    if (!ratio) return ratio.error();
    return scale_time(*std::move(source), *ratio);
  }

  const ScenarioFile& file_;
  const proto::Stream& stream_;
  std::string path_;
  std::uint64_t seed_;
  int index_;
  mutable std::string trace_path_;
};

}  // namespace

Error place_error(const ScenarioFile& file, const std::string& path, const std::string& trace, Error error) {
  if (!trace.empty() && error.where.starts_with(trace)) return error;
  return file.places.error(path, error.where.empty() ? error.message : error.where + ": " + error.message);
}

Instant instant_of(const std::string& text) { return Instant{duration_of(text).ns}; }

Result<std::unique_ptr<RequestSource>> open_stream(const ScenarioFile& file, int index, std::uint64_t seed) {
  return StreamOpener(file, index, seed).open();
}

Instant horizon_of(const proto::Scenario& scenario) {
  return scenario.has_horizon() ? instant_of(scenario.horizon()) : Instant::never();
}

}  // namespace jevons
