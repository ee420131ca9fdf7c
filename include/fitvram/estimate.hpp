#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fitvram/memory.hpp"
#include "fitvram/model.hpp"
#include "fitvram/quantize.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Prices the model under the workload. Pure and total: every input gives a value; byte arithmetic
/// saturates. `weights` comes from stored_weights() or quantize() of the same model.
MemoryEstimate estimate(const ModelInfo& model, const Weights& weights, const Workload& workload,
                        const Runtime& runtime);

/// The parts of estimate(), for solvers that vary only the context.
Placement model_bytes(const ModelInfo& model, const Weights& weights, const Workload& workload,
                      const Runtime& runtime);
ContextEstimate context_estimate(const ModelInfo& model, const Workload& workload,
                                 const Runtime& runtime);

/// Sets the overhead of an estimate whose other parts are known, or were changed by a solver.
void add_overhead(const ModelInfo& model, const Workload& workload, const Runtime& runtime,
                  MemoryEstimate& memory);

/// Tokens as llama.cpp sizes them: n_ctx padded to the runtime's step, per sequence unless unified;
/// n_ubatch never above n_ctx. Source: src/llama-context.cpp, v0.5.0.
struct ContextSize {
  std::uint64_t n_ctx = 0;
  std::uint64_t n_ctx_seq = 0;
  std::uint64_t n_ubatch = 0;
  std::uint64_t n_stream = 1;  ///< separate caches: 1 when unified, else n_seq
};
ContextSize context_size(const Workload& workload, const Runtime& runtime);

/// Entries per stream of a slot under this workload.
std::uint64_t cells(const CacheSlot& slot, const ContextSize& size, const Workload& workload,
                    const Runtime& runtime);

/// One line of arithmetic: `formula` holds only integers and + - * / ( ), and evaluates to `value`
/// (truncating division).
struct Step {
  std::string figure;   ///< "context / kv sliding"
  std::string formula;  ///< "52 * 2 * 1536 * (16*128*2)"
  std::uint64_t value = 0;
  std::string rule;  ///< the formula in words, with its source
  enum class Unit { bytes, tokens } unit = Unit::bytes;
};
std::vector<Step> explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                          const Runtime& runtime);

/// The published parameters-only rule: 3.5 MiB per 10^9 parameters and 1024 tokens, and with a
/// window only ratio*n_ctx + (1-ratio)*min(n_ctx, window) of the tokens. Off by factors for real
/// models; the last resort for a model of which nothing but a parameter count is known. `period` =
/// 1/ratio, 0 = no window. Source: whichllm PR #124 (66bef26).
Bytes context_of_params(std::uint64_t n_params, std::uint64_t n_ctx, std::uint32_t window,
                        std::uint32_t period);

}  // namespace fitvram
