// Mooncake request traces (Kimi, 2024), JSON Lines:
//   {"timestamp": 27000, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47, ...]}
//
// Other traces have the same form with another block size and time unit (Qwen-Bailian: 16 tokens, seconds with
// decimals): both are options.  Hash k stands for the k-th block of the prompt, the last one partial, so their number
// is ceil(input_length / block).  A row without hash_ids is a request without hashes.  Unknown fields are ignored.
#include <simdjson.h>

#include "base/file.h"
#include "traces/format/format.h"

namespace jevons {
namespace {

static_assert(LineReader::kSlack >= simdjson::SIMDJSON_PADDING);
constexpr std::size_t kMaxLine = std::size_t{16} << 20;  // Two million hashes; the parser needs about ten times a line.

constexpr BadRow kJson{"JSON malformed", "one JSON object", {}, 0};

class MooncakeParser final : public RequestRowParser {
 public:
  MooncakeParser(std::int64_t block, std::int64_t unit_ns) : parser_(kMaxLine), block_(block), unit_ns_(unit_ns) {}

  BadRow parse(std::string_view line, Request* out) override {
    line_ = line;
    if (line.size() >= kMaxLine) return {"line too long", "at most 16 MiB", line.substr(0, 40), 0};
    simdjson::ondemand::document document;
    if (parser_.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING).get(document))
      return json();
    simdjson::ondemand::object object;
    if (document.get_object().get(object)) return json();
    out->workload = 0;
    out->hash_block = Tokens{0};
    out->block_hashes.clear();
    unsigned seen = 0;
    for (auto result : object) {
      simdjson::ondemand::field field;
      std::string_view key;
      if (std::move(result).get(field) || field.unescaped_key().get(key)) return json();
      if (BadRow bad = parse_field(key, field.value(), &seen, out)) return bad;
    }
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return json();  // Something behind the object.
    return check(seen, out);
  }

 private:
  static constexpr unsigned kTime = 1, kInput = 2, kOutput = 4, kIds = 8;

  BadRow json() const {
    BadRow bad = kJson;
    bad.got = line_;
    return bad;
  }

  BadRow parse_field(std::string_view key, simdjson::ondemand::value value, unsigned* seen, Request* out) {
    const unsigned bit = key == "timestamp"       ? kTime
                         : key == "input_length"  ? kInput
                         : key == "output_length" ? kOutput
                         : key == "hash_ids"      ? kIds
                                                  : 0;
    if (bit == 0) return {};
    if ((*seen & bit) != 0) return {"field twice", "each field once", key, 0};
    *seen |= bit;
    if (bit == kIds) return parse_hashes(value, out);
    const std::string_view text = trimmed(value.raw_json_token());
    BadRow bad;
    if (bit == kTime) bad = parse_time(text, unit_ns_, kTimeRules, &out->arrival.ns);
    if (bit == kInput) bad = parse_count(text, kPromptRules, &out->prompt.value);
    if (bit == kOutput) bad = parse_count(text, kOutputRules, &out->output.value);
    if (bad) bad.column = column_of(text);
    return bad;
  }

  BadRow parse_hashes(simdjson::ondemand::value value, Request* out) {
    simdjson::ondemand::array array;
    if (value.get_array().get(array)) return hash_error(value);
    for (auto result : array) {
      simdjson::ondemand::value element;
      std::uint64_t hash = 0;
      if (std::move(result).get(element)) return json();
      if (element.get_uint64().get(hash)) return hash_error(element);
      out->block_hashes.push_back(hash);
    }
    return {};
  }

  BadRow hash_error(simdjson::ondemand::value value) {
    const std::string_view text = trimmed(value.raw_json_token());
    return {"block hashes malformed", "an array of whole numbers from 0 to 2^64-1", text, column_of(text)};
  }

  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
  }
  std::size_t column_of(std::string_view text) const {
    return static_cast<std::size_t>(text.data() - line_.data()) + 1;
  }

  BadRow check(unsigned seen, Request* out) const {
    constexpr unsigned kNeeded = kTime | kInput | kOutput;
    if ((seen & kNeeded) != kNeeded) {
      return {"field missing", "timestamp, input_length and output_length", line_, 0};
    }
    if ((seen & kIds) == 0) return {};
    if (out->block_hashes.size() != static_cast<std::size_t>((out->prompt.value - 1) / block_ + 1)) {
      return {"block hashes of wrong number", "ceil(input_length / block size) hash_ids", line_, 0};
    }
    out->hash_block = Tokens{block_};
    return {};
  }

  simdjson::ondemand::parser parser_;
  std::int64_t block_, unit_ns_;
  std::string_view line_;
};

}  // namespace

const LineFormat kMooncakeFormat{
    "mooncake",
    "Mooncake and alike, JSON Lines (timestamp, input_length, output_length, hash_ids)",
    false,
    0,
    true,
    [](std::string_view line) {
      return line.starts_with('{') && line.find("\"timestamp\"") != std::string_view::npos &&
             line.find("\"input_length\"") != std::string_view::npos;
    },
    [](std::string_view, const TraceOptions& options) -> Result<std::unique_ptr<RequestRowParser>> {
      return std::unique_ptr<RequestRowParser>(
          std::make_unique<MooncakeParser>(options.hash_block.value, time_unit_ns(options.time_unit)));
    },
    nullptr};

}  // namespace jevons
