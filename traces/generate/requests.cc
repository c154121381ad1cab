// One draw from each stream a request, whatever the others do.
#include "traces/generate/requests.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "traces/fields.h"

namespace jevons {
namespace {

// SplitMix64's finaliser, a bijection: hashes of different blocks differ.
std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

class Generator final : public RequestSource {
 public:
  Generator(const RequestGeneratorOptions& o, ArrivalProcess arrivals, LengthSampler prompt, LengthSampler output,
            std::uint64_t seed, const std::string& stream)
      : arrivals_(std::move(arrivals)),
        prompt_(std::move(prompt)),
        output_(std::move(output)),
        limit_(o.limit),
        workload_(o.workload),
        share_(o.prefix.share),
        hash_block_(o.prefix.hash_block),
        prompt_random_(seed, stream + ".prompt"),
        output_random_(seed, stream + ".output"),
        prefix_random_(seed, stream + ".prefix") {}

  // Draws the texts; the salt keeps the hashes of different streams apart.
  Status make_texts(const PrefixOptions& o, std::uint64_t salt) {
    if (!(o.share >= 0 && o.share <= 1)) return Error{"share of prefixes is out of range (expected 0 to 1)", ""};
    if (o.share == 0) return Ok{};
    if (o.count < 1 || o.count > 10'000'000)
      return Error{"count of prefixes is out of range (expected 1 to 10 million)", ""};
    if (!(o.zipf >= 0 && o.zipf <= 10)) return Error{"zipf of prefixes is out of range (expected 0 to 10)", ""};
    if (o.hash_block.value < 1 || o.hash_block.value > kMaxTokens) {
      return Error{"hash block of prefixes is out of range (expected 1 to 2^40)", ""};
    }
    auto lengths = LengthSampler::create(o.length);
    if (!lengths) return Error{"prefixes: " + lengths.error().message, ""};
    if (o.length.max.value / o.hash_block.value > 1'000'000 && o.length.law != LengthLaw::kConstant) {
      return Error{"prefixes may have more than a million hash blocks (expected a smaller max or larger blocks)", ""};
    }
    std::vector<double> weights;
    for (std::uint32_t k = 0; k < o.count; ++k) {
      weights.push_back(std::pow(static_cast<double>(k) + 1, -o.zipf));
      const Tokens length = lengths->draw(&prefix_random_);
      if (length.value / o.hash_block.value > 1'000'000)
        return Error{"a prefix has more than a million hash blocks", ""};
      texts_.push_back({length, mix(salt + k)});
    }
    auto table = AliasTable::create(weights);
    if (!table) return table.error();
    popularity_ = *std::move(table);
    return Ok{};
  }

  Result<bool> next(Request* out) override {
    if (counts_.rows >= limit_) return false;
    const std::optional<Instant> arrival = arrivals_.next();
    if (!arrival) return false;
    ++counts_.rows;
    ++counts_.kept;
    out->arrival = *arrival;
    out->prompt = prompt_.draw(&prompt_random_);
    out->output = output_.draw(&output_random_);
    out->workload = workload_;
    out->hash_block = Tokens{0};
    out->block_hashes.clear();
    if (!texts_.empty()) add_prefix(out);
    return true;
  }
  const ReadCounts& counts() const override { return counts_; }

 private:
  struct Text {
    Tokens length;
    std::uint64_t first_hash;
  };

  void add_prefix(Request* out) {
    const bool has_one = prefix_random_.uniform() < share_;
    const Text& text = texts_[popularity_.draw(&prefix_random_)];
    if (!has_one) return;
    out->prompt = std::max(out->prompt, Tokens{text.length.value + 1});
    const std::int64_t blocks =
        text.length.value / hash_block_.value;  // A block that also holds own tokens is not shared.
    for (std::int64_t k = 0; k < blocks; ++k) {
      out->block_hashes.push_back(mix(text.first_hash + static_cast<std::uint64_t>(k)));
    }
    if (blocks > 0) out->hash_block = hash_block_;
  }

  ArrivalProcess arrivals_;
  LengthSampler prompt_, output_;
  std::uint64_t limit_;
  std::uint32_t workload_;
  double share_;
  Tokens hash_block_;
  RandomStream prompt_random_, output_random_, prefix_random_;
  std::vector<Text> texts_;
  AliasTable popularity_;
  ReadCounts counts_;
};

}  // namespace

Result<std::unique_ptr<RequestSource>> generate_requests(const RequestGeneratorOptions& options, std::uint64_t seed,
                                                         const std::string& stream) {
  auto arrivals = ArrivalProcess::create(options.arrivals, seed, stream + ".arrivals");
  if (!arrivals) return Error{"arrivals: " + arrivals.error().message, ""};
  auto prompt = LengthSampler::create(options.prompt);
  if (!prompt) return Error{"prompt: " + prompt.error().message, ""};
  auto output = LengthSampler::create(options.output);
  if (!output) return Error{"output: " + output.error().message, ""};
  auto generator =
      std::make_unique<Generator>(options, *std::move(arrivals), *std::move(prompt), *std::move(output), seed, stream);
  if (Status s = generator->make_texts(options.prefix, RandomStream(seed, stream + ".texts").bits()); !s)
    return s.error();
  return std::unique_ptr<RequestSource>(std::move(generator));
}

}  // namespace jevons
