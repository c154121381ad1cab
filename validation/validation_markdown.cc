// docs/validation.md.
#include <fmt/format.h>

#include "validation/validate.h"
#include "validation/validation_cells.h"

namespace jevons {
namespace {

constexpr const char* kIntroduction = R"(# Validation: published and measured figures beside ours

Written by `jevons validate --markdown`; the same table for a terminal is `jevons validate`, one part of it
`jevons validate --only serving`. The measured files lie outside the project (`JEVONS_DATA`); a row whose file is absent says so.

- **Error** is ours / published - 1; of a row that sums up many measurements, the mean of its absolute value, with the 95th
  percentile beside it.
- **Split.** *never fitted*: no constant was fitted to such rows. *held out*: rows of a file that constants were fitted to, kept
  out of the fit by a rule over the problem's shape (validation/split.h: one shape in four by hash; of collectives every third
  size; of served runs all replicas of a trace but the first; of training tables every second row). *fitted*: seen by the fit,
  printed for completeness, counted by nobody.
- **Verdict.** pass or MISS against what is allowed; *info*: nothing is allowed or forbidden.

## Where the model is known good

| domain | expect |
|---|---|
| dense models, BF16, H100, a calibrated stack (`vllm_0.6`) | TPOT 1 %, TTFT 4 % on other requests of the same kinds; 2 % and 5 % on another trace |
| the same with FP8 weights and KV | TPOT 2-4 %, TTFT 5 % |
| dense models on A100, H100, H200, B200, a derived stack | 5-10 %: kernels are within 4-11 %, the host is a guess |
| DeepSeek-V3 with expert parallelism on Hopper | decode within 2 %, prefill within 20 %, of DeepSeek's own figures |
| training of large dense models, Megatron or FSDP | 2-4 % on the stacks measured, 5-10 % on others |
| parts with derived constants (H800, H20, PCIe cards) | 10-25 %; the order against H100 is right |

## Where it is not

- Single kernels: the mean is good, single shapes are not (95th percentiles of 15-40 %). Errors of different kernels cancel in a
  layer; a ranking of policies does not depend on one shape.
- FP8 GEMM of vLLM and block-scaled FP8: tile cliffs, 10-16 % mean. Decode is bound by bandwidth, where they are good; prefill of
  odd lengths carries the error.
- MoE on A100 (untuned kernels, measured with skewed routing only): 34 %.
- NCCL's all-to-all inside a node: 15-20 %. Expert parallelism does not use it.
- SGLang's first large expert-parallel decode (May 2025) reached 20 % less than its kernels allow; a tuned engine is nearer to
  ours. Policies are compared on the same engine, so a common factor moves all of them alike.
- Ant's H20 prefill: 43 % too slow if experts are split over 8 GPUs, as "TP8" says. The order against H100, prefill and decode, is
  right either way.
- Llama 3 405B trains 12 to 20 % faster here than Meta reported, while Megatron-Core on the same GPUs and MegaScale are met within
  2 %: what their stack loses is not published, and no constant that meets it leaves the others standing. It scales the run
  times of such jobs by one factor; queues and allocators rank alike.
- Eager PyTorch of 2023 (Splitwise), decode: 10 %, since a step there takes the longer of launching and computing and the model
  adds the two. It concerns replays of that era only.
- TRT-LLM's BF16 decode attention (14 %) and MLA on B200 (12.6 %) switch kernels by batch and heads; in a layer the error is diluted.
- Stacks that are derived and not fitted (`vllm_0.15`, `trtllm_1`, `sglang_0.4`): calibrate before quoting absolute latencies.
- What no row covers: pipeline parallelism in serving, INT8, sliding windows (the whole context is charged), speculative decoding
  with draft models other than multi-token prediction.
)";

// Pipes would end a cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

}  // namespace

std::string validation_markdown(const ValidationRows& rows) {
  std::string text = kIntroduction;
  const ValidationCounts c = count(rows);
  text += fmt::format(
      "\n## All rows\n\n{} within what is allowed, {} not, {} seen by a fit, {} for information, {} without data.\n",
      c.passed, c.failed, c.fitted, c.information, c.no_data);
  std::string section;
  for (const ValidationRow& r : rows) {
    if (r.section != section) {
      section = r.section;
      text += fmt::format(
          "\n### {}\n\n| setup | quantity | published | ours | error | allowed | verdict | split | source, note |\n"
          "|---|---|---|---|---|---|---|---|---|\n",
          section);
    }
    const ValidationCells cells = cells_of(r);
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {}{} |\n", cell(r.setup), cell(cells.quantity),
                        cells.published, cells.simulated, cells.error, cells.allowed, cells.verdict,
                        split_name(r.split), cell(r.source), r.note.empty() ? "" : "; " + cell(r.note));
  }
  return text;
}

}  // namespace jevons
