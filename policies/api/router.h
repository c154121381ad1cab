// A router picks the replica of a pool that will serve a request.
//
// Contract
//   - Called once per request at its arrival and, while requests are held, again (oldest first) whenever the pool
//     changed. Calls are never concurrent.
//   - Returning nullopt holds the request in the pool's front queue.
//   - The answer must be one of `fleet.ready` (checked; anything else ends the run with an error that names the
//     policy).
//   - The same inputs give the same answer.  Draw randomness only from the RandomStream given at construction.
//   - Views live only during the call.
#ifndef JEVONS_POLICIES_API_ROUTER_H_
#define JEVONS_POLICIES_API_ROUTER_H_

#include <cstdint>
#include <optional>
#include <span>

#include "base/units.h"

namespace jevons {

// What a real front end knows of a request on arrival: not how many tokens it will produce.
struct RequestView {
  RequestId id;
  Instant arrived;
  Tokens prompt;
  Tokens hash_block{0};                           // Tokens per entry of block_hashes; 0 = no hashes known.
  std::span<const std::uint64_t> block_hashes{};  // Chained hashes of the prompt's blocks, in order.
};

struct ReplicaView {
  ReplicaId id;
  NodeId node;
  std::int32_t waiting = 0;  // Requests in its queue, not yet admitted to the batch.
  std::int32_t running = 0;  // Requests in its batch (prefilling or decoding).
  Tokens waiting_tokens{0};  // Prompt tokens in its queue.
  double speed = 1.0;        // Relative decode throughput of its GPU type in this pool; the fastest is 1.
};

// Answers that cost something to compute: asked for one replica at a time, at the instant of the call.
class ReplicaProbe {
 public:
  virtual ~ReplicaProbe() = default;
  virtual Blocks kv_used(ReplicaId id) const = 0;  // Held by requests (cached but unreferenced blocks are free).
  virtual Blocks kv_total(ReplicaId id) const = 0;
  // Leading prompt tokens of `request` that the replica's prefix cache holds now.
  virtual Tokens cached_prefix(ReplicaId id, const RequestView& request) const = 0;
};

struct FleetView {
  Instant now;
  std::span<const ReplicaView> ready;   // Ascending id: iteration order is part of the contract.
  const ReplicaProbe* probe = nullptr;  // Never null in a call.
};

class Router {
 public:
  virtual ~Router() = default;
  virtual std::optional<ReplicaId> route(const RequestView& request, const FleetView& fleet) = 0;
};

}  // namespace jevons
#endif  // JEVONS_POLICIES_API_ROUTER_H_
