// Draws a request's lengths when it is handed out.
#include "traces/generate/on_demand.h"

namespace jevons {

OnDemandRequests::OnDemandRequests(LengthSampler prompt, LengthSampler output, std::uint64_t seed,
                                   const std::string& stream)
    : prompt_(std::move(prompt)),
      output_(std::move(output)),
      prompt_random_(seed, stream + ".prompt"),
      output_random_(seed, stream + ".output") {}

Result<std::unique_ptr<OnDemandRequests>> OnDemandRequests::create(const LengthOptions& prompt,
                                                                   const LengthOptions& output, std::uint64_t seed,
                                                                   const std::string& stream) {
  auto prompts = LengthSampler::create(prompt);
  if (!prompts) return Error{prompts.error().message, "prompt"};
  auto outputs = LengthSampler::create(output);
  if (!outputs) return Error{outputs.error().message, "output"};
  return std::unique_ptr<OnDemandRequests>(
      new OnDemandRequests(*std::move(prompts), *std::move(outputs), seed, stream));
}

void OnDemandRequests::ask(Instant at, std::int64_t count) {
  CHECK(count >= 0 && (asked_.empty() || asked_.back().first <= at));
  if (count > 0) asked_.emplace_back(at, count);
}

Result<bool> OnDemandRequests::next(Request* out) {
  if (asked_.empty()) return false;
  auto& [at, left] = asked_.front();
  out->arrival = at;
  out->prompt = prompt_.draw(&prompt_random_);
  out->output = output_.draw(&output_random_);
  out->hash_block = Tokens{0};
  out->block_hashes.clear();
  ++counts_.rows;
  ++counts_.kept;
  if (--left == 0) asked_.pop_front();
  return true;
}

}  // namespace jevons
