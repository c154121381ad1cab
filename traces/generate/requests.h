// Requests made up: arrivals, lengths and shared prefixes, each from a random stream of its own.
//
// Changing the law of one leaves the draws of the others as they were.  The streams are named "<stream>.arrivals",
// ".prompt",
// ".output" and ".prefix".
#ifndef JEVONS_TRACES_GENERATE_REQUESTS_H_
#define JEVONS_TRACES_GENERATE_REQUESTS_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "base/result.h"
#include "traces/generate/arrivals.h"
#include "traces/generate/lengths.h"
#include "traces/trace.h"

namespace jevons {

// A share of the requests begins with one of `count` fixed texts (system prompts, documents).  A request's prompt is
// the text followed by its own tokens, so it is at least one token longer than the text.
struct PrefixOptions {
  double share = 0;         // Of the requests that have one; 0 = no hashes at all.
  std::uint32_t count = 1;  // Different texts.
  double zipf = 0;          // Text k is chosen in proportion to 1 / k^zipf; 0 = evenly.
  LengthOptions length;     // Of a text; drawn once for each.
  Tokens hash_block{64};
};

struct RequestGeneratorOptions {
  ArrivalOptions arrivals;
  LengthOptions prompt, output;  // `prompt` is the whole prompt, its prefix included, where it is long enough.
  PrefixOptions prefix;
  std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  // Most requests.
  std::uint32_t workload = 0;
};

// A stream that never fails once created.  Its memory is that of `prefix.count` lengths.
Result<std::unique_ptr<RequestSource>> generate_requests(const RequestGeneratorOptions& options, std::uint64_t seed,
                                                         const std::string& stream);

}  // namespace jevons
#endif  // JEVONS_TRACES_GENERATE_REQUESTS_H_
