// A public peer's run as Inputs: Vidur on Llama-2-70B, A100 TP4, 4 replicas, with Vidur's own operation times
// (shared/data/peers/vidur_llama2_70b_a100_tp4x4; rules in shared/design/peers.md).
#ifndef JEVONS_TESTS_SUPPORT_VIDUR_PEER_H_
#define JEVONS_TESTS_SUPPORT_VIDUR_PEER_H_

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "sim/model/iteration_csv.h"
#include "tests/support/sim_builder.h"

namespace jevons::testing {

inline constexpr std::int64_t kVidurMaxModelLen = 4096;

inline std::string peer_folder() {
  const char* data = std::getenv("JEVONS_DATA");
  return (data != nullptr ? std::string(data) : std::string(JEVONS_SOURCE_DIR) + "/../shared/data") +
         "/peers/vidur_llama2_70b_a100_tp4x4/";
}

struct PeerAnswer {
  double ttft_s, e2e_s;
};

inline bool have_peer() { return std::filesystem::exists(peer_folder() + "requests.csv.gz"); }

// request,arrival_s,prompt_tokens,output_tokens,ttft_s,e2e_s.
inline void read_peer(std::vector<Request>* requests, std::vector<PeerAnswer>* expected) {
  LineReader lines(std::move(FileReader::open(peer_folder() + "requests.csv.gz").value()));
  std::string_view line;
  for (bool header = true; lines.next(&line).value(); header = false) {
    if (header) continue;
    std::array<std::string_view, 6> field;
    for (std::string_view& f : field) {
      f = line.substr(0, line.find(','));
      line.remove_prefix(std::min(line.size(), f.size() + 1));
    }
    const std::int64_t output = parse_int64(field[3]).value();
    // Vidur clips the prompt so that the whole request fits its model length.
    const std::int64_t prompt = std::min(parse_int64(field[2]).value(), kVidurMaxModelLen - output);
    requests->push_back(request(Instant{parse_decimal_ns(field[1]).value()}, prompt, output));
    expected->push_back({parse_double(field[4]).value(), parse_double(field[5]).value()});
  }
}

inline PoolSetup vidur_pool() {
  const Policies policies = builtin_policies();
  PoolSetup pool = fixed_pool({instance(0, 4, 32'768, {.base = 1_ms})}, 4);
  pool.limits.max_num_seqs = 128;
  pool.limits.max_num_batched_tokens = pool.limits.max_model_len = Tokens{kVidurMaxModelLen};
  pool.limits.enable_chunked_prefill = false;
  pool.batcher_name = "vllm_v0";
  pool.batcher = make_policy(policies.batchers, "vllm_v0", {{"watermark", "0.01"}, {"padded_budget", "true"}});
  const VidurTables files{peer_folder() + "per_token_ops_ms.csv.gz", peer_folder() + "attn_prefill_ms.csv.gz",
                          peer_folder() + "attn_decode_ms.csv.gz", 80};
  auto table = read_vidur_tables(files, {128, kVidurMaxModelLen, kVidurMaxModelLen});
  pool.table = std::move(table.value());
  return pool;
}

inline Inputs vidur_inputs(std::vector<Request> requests, bool fast_forward) {
  Inputs in = empty_inputs({node_group("a100", 4, 4)});
  in.engine.fast_forward = fast_forward;
  in.pools.push_back(vidur_pool());
  add_requests(&in, 0, std::move(requests));
  return in;
}

}  // namespace jevons::testing
#endif  // JEVONS_TESTS_SUPPORT_VIDUR_PEER_H_
