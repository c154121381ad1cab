// Our own CSV of requests: arrival_s,prompt_tokens,output_tokens and, where they matter,
// workload,hash_block,block_hashes.  Times are decimal seconds, exact to the nanosecond.
#include <charconv>

#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

constexpr NumberRules kWorkloadRules{"workload malformed",
                                     "workload negative",
                                     "workload zero",
                                     "workload out of range",
                                     "a whole number from 0 to 1000000",
                                     1'000'000,
                                     true};
constexpr NumberRules kHashBlockRules{"hash block malformed",
                                      "hash block negative",
                                      "hash block zero",
                                      "hash block out of range",
                                      "a whole number up to 2^40",
                                      kMaxTokens,
                                      true};

class RequestsParser final : public RequestRowParser {
 public:
  explicit RequestsParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, Request* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    if (BadRow bad = parse_time(row_.field(0), kSecond, kTimeRules, &out->arrival.ns)) return row_.at(0, bad);
    if (BadRow bad = parse_count(row_.field(1), kPromptRules, &out->prompt.value)) return row_.at(1, bad);
    if (BadRow bad = parse_count(row_.field(2), kOutputRules, &out->output.value)) return row_.at(2, bad);
    out->workload = 0;
    out->hash_block = Tokens{0};
    out->block_hashes.clear();
    if (!row_.field(3).empty()) {
      std::int64_t workload = 0;
      if (BadRow bad = parse_count(row_.field(3), kWorkloadRules, &workload)) return row_.at(3, bad);
      out->workload = static_cast<std::uint32_t>(workload);
    }
    return parse_hashes(out);
  }

 private:
  BadRow parse_hashes(Request* out) {
    std::int64_t block = 0;
    if (!row_.field(4).empty()) {
      if (BadRow bad = parse_count(row_.field(4), kHashBlockRules, &block)) return row_.at(4, bad);
    }
    const std::string_view text = row_.field(5);
    if (text.empty()) return {};
    if (block == 0) return row_.at(5, {"hash block zero", "hash_block above 0 where there are block_hashes", text, 0});
    const char* p = text.data();
    const char* const end = p + text.size();
    for (;; ++p) {
      std::uint64_t hash = 0;
      const auto [stop, code] = std::from_chars(p, end, hash);
      if (code != std::errc{}) break;
      out->block_hashes.push_back(hash);
      p = stop;
      if (p == end || *p != ' ') break;
    }
    if (p != end) return row_.at(5, {"block hashes malformed", "whole numbers with one blank between", text, 0});
    const auto most = static_cast<std::size_t>((out->prompt.value + block - 1) / block);
    if (out->block_hashes.size() > most) {
      return row_.at(5,
                     {"block hashes of wrong number", "at most one for each hash_block tokens of the prompt", text, 0});
    }
    out->hash_block = Tokens{block};
    return {};
  }

  CsvRow row_;
};

}  // namespace

const LineFormat kRequestsFormat{
    "csv",
    "our CSV: requests (arrival_s,prompt_tokens,output_tokens) or jobs (submit,num_gpus,dur)",
    true,
    0,
    false,
    [](std::string_view line) {
      return csv_header_has(line, {"arrival_s", "prompt_tokens", "output_tokens"});
    },
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<RequestRowParser>> {
      auto row = CsvRow::bind(header, {"arrival_s", "prompt_tokens", "output_tokens"},
                              {"workload", "hash_block", "block_hashes"});
      if (!row) return row.error();
      return std::unique_ptr<RequestRowParser>(std::make_unique<RequestsParser>(*std::move(row)));
    },
    nullptr};

}  // namespace jevons
