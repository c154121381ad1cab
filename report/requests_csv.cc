// One CSV row for every request of a run.
#include "report/requests_csv.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "report/csv.h"

namespace jevons {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 18;  // Enough that a write costs nothing beside the formatting.

std::string_view reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::kCompleted:
      return "completed";
    case FinishReason::kRejected:
      return "rejected";
    case FinishReason::kUnfinished:
      return "unfinished";
  }
  CHECK(false && "a finish reason without a name");
  return "";
}

void append_ns(std::string* out, std::int64_t ns) {
  const bool negative = ns < 0;
  const std::uint64_t size = negative ? ~static_cast<std::uint64_t>(ns) + 1 : static_cast<std::uint64_t>(ns);
  fmt::format_to(std::back_inserter(*out), "{}{}.{:09},", negative ? "-" : "", size / 1'000'000'000,
                 size % 1'000'000'000);
}
void append_time(std::string* out, Instant t) {
  if (t == Instant::never()) {
    out->push_back(',');
  } else {
    append_ns(out, t.ns);
  }
}

void append_name(std::string* out, const std::vector<std::string>& names, std::size_t i) {
  if (i < names.size()) *out += names[i];
  out->push_back(',');
}

}  // namespace

RequestsCsv::RequestsCsv(std::string_view policy, std::uint64_t seed, std::vector<std::string> pools,
                         std::vector<std::string> workloads, Sink sink)
    : prefix_(csv_field(policy) + "," + std::to_string(seed) + ","),
      pools_(std::move(pools)),
      workloads_(std::move(workloads)),
      sink_(std::move(sink)) {
  for (std::string& name : pools_) name = csv_field(name);
  for (std::string& name : workloads_) name = csv_field(name);
  buffer_.reserve(kBufferBytes + 4096);
}

std::string_view RequestsCsv::header() {
  return "policy,seed,request,workload,pool,replica,status,prompt_tokens,output_tokens,produced_tokens,reused_tokens,"
         "prefilled_tokens,recomputed_tokens,kv_preemptions,arrival_s,scheduled_s,first_token_s,finish_s,ttft_s,tpot_s,"
         "e2e_s,cut_tokens\n";
}

void RequestsCsv::on_request_end(Instant, const RequestRecord& r) {
  if (!status_) return;
  std::string& b = buffer_;
  b += prefix_;
  fmt::format_to(std::back_inserter(b), "{},", r.id.index);
  append_name(&b, workloads_, r.workload);
  append_name(&b, pools_, r.pool.index);
  if (r.replica.valid()) fmt::format_to(std::back_inserter(b), "{}", r.replica.index);
  fmt::format_to(std::back_inserter(b), ",{},{},{},{},{},{},{},{},", reason_name(r.reason), r.prompt.value,
                 r.output.value, r.produced.value, r.reused.value, r.prefilled.value, r.recomputed.value,
                 r.preemptions);
  append_time(&b, r.arrival);
  append_time(&b, r.scheduled);
  append_time(&b, r.first_token);
  append_time(&b, r.finish);
  const bool started = r.first_token != Instant::never(), completed = r.reason == FinishReason::kCompleted;
  if (started)
    append_ns(&b, (r.first_token - r.arrival).ns);
  else
    b.push_back(',');
  // TPOT as vLLM's benchmark counts it: the time after the first token over the tokens after it.
  if (completed && r.output.value >= 2)
    append_ns(&b, (r.finish - r.first_token).ns / (r.output.value - 1));
  else
    b.push_back(',');
  if (completed)
    append_ns(&b, (r.finish - r.arrival).ns);
  else
    b.push_back(',');
  fmt::format_to(std::back_inserter(b), "{}\n", r.cut.value);
  if (b.size() >= kBufferBytes) flush();
}

Status RequestsCsv::finish() {
  flush();
  return status_;
}

void RequestsCsv::flush() {
  if (status_ && !buffer_.empty()) status_ = sink_(buffer_);
  buffer_.clear();
}

}  // namespace jevons
