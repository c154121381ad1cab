// Philly jobs as Microsoft published them, 2017: cluster_job_log, one JSON array of
//   {"status": "Pass", "vc": "ee9e8c", "jobid": "application_1_2", "user": "ce2f4c",
//    "submitted_time": "2017-10-07 01:11:39",
//    "attempts": [{"start_time": "2017-10-07 01:12:09", "end_time": "2017-10-07 01:13:23",
//                  "detail": [{"ip": "m47", "gpus": ["gpu0", "gpu1"]}]}]}
//
// GPUs: those of the attempt that had most (retries have as many; one that was never placed has none).  Run time: the
// sum over all attempts of end - start, failed ones too, for each held its GPUs; the waits between are the simulator's
// to find.  An attempt without a start did not run; a job none of whose attempts did is "never started"; a start
// without an end is "never ended" (it ran when the log was taken).  No time is written "None", null or "".  Times as in
// the CSV (philly.cc); the tenant is the virtual cluster, as there.  `status` and `user` are not read.
#include <simdjson.h>

#include "base/file.h"
#include "traces/format/format.h"
#include "traces/json_array.h"

namespace jevons {
namespace {

namespace od = simdjson::ondemand;

static_assert(LineReader::kSlack >= simdjson::SIMDJSON_PADDING);

constexpr const char* kTimeOrNone = "'YYYY-MM-DD HH:MM:SS' or 'None'";
constexpr BadRow kNeverStarted{"never started", "an attempt with a start_time", {}, 0};
constexpr BadRow kNeverEnded{"never ended", "an end_time for every attempt that started", {}, 0};
constexpr BadRow kMissing{"field missing", "jobid, submitted_time and attempts", {}, 0};

bool is_none(std::string_view text) { return text.empty() || text == "None"; }

struct Attempt {
  std::int64_t start_ns = 0, end_ns = 0, gpus = 0;
  bool started = false, ended = false;
  std::string_view end_text;
};

class PhillyJsonParser final : public JobRowParser {
 public:
  PhillyJsonParser() : parser_(JsonArrayReader::kMaxObject + 1) {}

  BadRow parse(std::string_view object, TrainingJob* out) override {
    text_ = object;
    run_ns_ = gpus_ = 0;
    started_ = false;
    od::document document;
    od::object job;
    if (parser_.iterate(object.data(), object.size(), object.size() + simdjson::SIMDJSON_PADDING).get(document) ||
        document.get_object().get(job)) {
      return json();
    }
    unsigned seen = 0;
    if (BadRow bad = each_field(job, &seen, [&](std::string_view key, od::value value, unsigned* bit) {
          return job_field(key, value, bit, out);
        })) {
      return bad;
    }
    if ((seen & kNeeded) != kNeeded) return whole(kMissing);
    if (!started_) return whole(kNeverStarted);
    if (gpus_ == 0) return whole({kGpuRules.zero, "an attempt with GPUs in its detail", {}, 0});
    if (run_ns_ == 0) return whole({kRunTimeRules.zero, kRunTimeRules.expected, {}, 0});
    out->gpus = Gpus{static_cast<std::int32_t>(gpus_)};
    out->run_time = out->estimate = Duration{run_ns_};
    return {};
  }

 private:
  static constexpr unsigned kId = 1, kTenant = 2, kSubmit = 4, kAttempts = 8, kNeeded = kId | kSubmit | kAttempts;
  static constexpr unsigned kStart = 1, kEnd = 2, kDetail = 4;

  BadRow json() const { return {"JSON malformed", "one JSON object", text_.substr(0, 40), 0}; }
  BadRow whole(BadRow bad) const {
    bad.got = text_.substr(0, 40);
    return bad;
  }
  BadRow at(od::value value, BadRow bad) const {
    std::string_view text = value.raw_json_token();
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
    bad.got = text;
    bad.column = static_cast<std::size_t>(text.data() - text_.data()) + 1;
    return bad;
  }

  // Calls `field(key, value, &bit)` for each field; it sets the bit of those it knows, which may come once.
  template <typename Field>
  BadRow each_field(od::object object, unsigned* seen, Field field) {
    for (auto result : object) {
      od::field f;
      std::string_view key;
      if (std::move(result).get(f) || f.unescaped_key().get(key)) return json();
      unsigned bit = 0;
      if (BadRow bad = field(key, f.value(), &bit)) return bad;
      if ((*seen & bit) != 0) return whole({"field twice", "each field once", {}, 0});
      *seen |= bit;
    }
    return {};
  }

  // Calls `element(value)` for each object of an array.
  template <typename Element>
  BadRow each_object(od::value value, const char* expected, Element element) {
    od::array array;
    if (value.get_array().get(array)) return at(value, {"attempts malformed", expected, {}, 0});
    for (auto result : array) {
      od::value item;
      od::object object;
      if (std::move(result).get(item)) return json();
      if (item.get_object().get(object)) return at(item, {"attempts malformed", expected, {}, 0});
      if (BadRow bad = element(object)) return bad;
    }
    return {};
  }

  BadRow job_field(std::string_view key, od::value value, unsigned* bit, TrainingJob* out) {
    if (key == "jobid") {
      *bit = kId;
      std::string_view id;
      if (value.get_string().get(id) || id.empty()) return at(value, {"name malformed", "a text, not empty", {}, 0});
      out->name = id;
    } else if (key == "vc") {
      *bit = kTenant;
      std::string_view vc;
      if (value.get_string().get(vc)) return at(value, {"tenant malformed", "a text", {}, 0});
      out->tenant = vc;
    } else if (key == "submitted_time") {
      *bit = kSubmit;
      bool known = false;
      if (BadRow bad = parse_time_of(value, kTimeRules, &out->submit.ns, &known, nullptr)) return bad;
      if (!known) return at(value, {kTimeRules.malformed, "'YYYY-MM-DD HH:MM:SS'", {}, 0});
    } else if (key == "attempts") {
      *bit = kAttempts;
      return each_object(value, "an array of attempts, { ... }", [&](od::object a) { return parse_attempt(a); });
    }
    return {};
  }

  BadRow parse_time_of(od::value value, const NumberRules& rules, std::int64_t* ns, bool* known,
                       std::string_view* text) {
    bool null = false;
    std::string_view written;
    if (value.is_null().get(null)) return json();
    if (null) return {};
    if (value.get_string().get(written)) return at(value, {rules.malformed, kTimeOrNone, {}, 0});
    if (is_none(written)) return {};
    *known = true;
    if (text != nullptr) *text = written;
    if (BadRow bad = time_.parse(written, ns, rules)) return at(value, bad);
    return {};
  }

  BadRow parse_attempt(od::object object) {
    Attempt a;
    unsigned seen = 0;
    const auto field = [&](std::string_view key, od::value value, unsigned* bit) -> BadRow {
      if (key == "start_time") {
        *bit = kStart;
        return parse_time_of(value, kStartRules, &a.start_ns, &a.started, nullptr);
      }
      if (key == "end_time") {
        *bit = kEnd;
        return parse_time_of(value, kEndRules, &a.end_ns, &a.ended, &a.end_text);
      }
      if (key != "detail") return {};
      *bit = kDetail;
      return each_object(value, "an array of servers, { ... }", [&](od::object o) { return parse_server(o, &a.gpus); });
    };
    if (BadRow bad = each_field(object, &seen, field)) return bad;
    if (!a.started) return {};
    started_ = true;
    if (!a.ended) return whole(kNeverEnded);
    gpus_ = std::max(gpus_, a.gpus);
    if (a.end_ns < a.start_ns) return {kRunTimeRules.negative, kRunTimeRules.expected, a.end_text, 0};
    if (a.end_ns - a.start_ns > kMaxTimeNs - run_ns_)
      return whole({kRunTimeRules.out_of_range, kRunTimeRules.expected, {}, 0});
    run_ns_ += a.end_ns - a.start_ns;
    return {};
  }

  BadRow parse_server(od::object object, std::int64_t* gpus) {
    unsigned seen = 0;
    return each_field(object, &seen, [&](std::string_view key, od::value value, unsigned* bit) -> BadRow {
      if (key != "gpus") return {};
      *bit = 1;
      od::array names;
      if (value.get_array().get(names)) return at(value, {kGpuRules.malformed, "an array of names", {}, 0});
      for (auto result : names) {
        od::value name;
        std::string_view text;
        if (std::move(result).get(name)) return json();
        if (name.get_string().get(text)) return at(name, {kGpuRules.malformed, "the name of a GPU", {}, 0});
        ++*gpus;
      }
      return {};
    });
  }

  od::parser parser_;
  TimestampParser time_;
  std::string_view text_;  // The object.
  std::int64_t run_ns_ = 0, gpus_ = 0;
  bool started_ = false;
};

}  // namespace

const LineFormat kPhillyJsonFormat{
    "philly_json",
    "Philly jobs 2017 as published, cluster_job_log: a JSON array of jobs with their attempts",
    false,
    0,
    true,
    [](std::string_view head) {
      return begins_json_array(head) && (head.find("\"attempts\"") != std::string_view::npos ||
                                         head.find("\"submitted_time\"") != std::string_view::npos);
    },
    nullptr,
    [](std::string_view, const TraceOptions&) -> Result<std::unique_ptr<JobRowParser>> {
      return std::unique_ptr<JobRowParser>(std::make_unique<PhillyJsonParser>());
    },
    true};

}  // namespace jevons
