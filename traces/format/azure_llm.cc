// Azure LLM inference traces, 2023 and 2024: TIMESTAMP,ContextTokens,GeneratedTokens.
//
// 2023 has 7 decimals and no zone (UTC), 2024 has 6 and "+00:00", none on whole seconds.  Further columns are ignored.
#include "traces/csv.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

class AzureParser final : public RequestRowParser {
 public:
  explicit AzureParser(CsvRow row) : row_(std::move(row)) {}

  BadRow parse(std::string_view line, Request* out) override {
    if (BadRow bad = row_.split(line)) return bad;
    if (BadRow bad = time_.parse(row_.field(0), &out->arrival.ns)) return row_.at(0, bad);
    if (BadRow bad = parse_count(row_.field(1), kPromptRules, &out->prompt.value)) return row_.at(1, bad);
    if (BadRow bad = parse_count(row_.field(2), kOutputRules, &out->output.value)) return row_.at(2, bad);
    out->workload = 0;
    out->hash_block = Tokens{0};
    out->block_hashes.clear();
    return {};
  }

 private:
  CsvRow row_;
  TimestampParser time_;
};

}  // namespace

const LineFormat kAzureFormat{
    "azure",
    "Azure LLM inference 2023/2024, CSV (TIMESTAMP,ContextTokens,GeneratedTokens)",
    true,
    0,
    true,
    [](std::string_view line) {
      return csv_header_has(line, {"TIMESTAMP", "ContextTokens", "GeneratedTokens"});
    },
    [](std::string_view header, const TraceOptions&) -> Result<std::unique_ptr<RequestRowParser>> {
      auto row = CsvRow::bind(header, {"TIMESTAMP", "ContextTokens", "GeneratedTokens"});
      if (!row) return row.error();
      return std::unique_ptr<RequestRowParser>(std::make_unique<AzureParser>(*std::move(row)));
    },
    nullptr};

}  // namespace jevons
