#pragma once
#include <cstdint>
#include <vector>

#include "fitvram/export.hpp"
#include "fitvram/memory.hpp"
#include "fitvram/model.hpp"
#include "fitvram/quantize.hpp"
#include "fitvram/runtime.hpp"
#include "fitvram/step.hpp"

namespace fitvram {

/// Prices the model under the workload, in bytes. Pure and total: every model gives a value, also
/// one that check() refuses, whose figures mean nothing; byte arithmetic saturates. `weights` comes
/// from stored_weights() or quantize() of the same model; a list of types of another length counts
/// as its flat total. What the runtime would refuse is priced all the same: ask refusal() first.
/// Sources stand with each runtime's rules and in Runtime::source.
FITVRAM_EXPORT MemoryEstimate estimate(const ModelInfo& model, const Weights& weights,
                                       const Workload& workload, const Runtime& runtime);

/// The parts of estimate(), for solvers that vary only the context: bytes of the weights, and bytes
/// of the caches with what they consist of.
FITVRAM_EXPORT Placement model_bytes(const ModelInfo& model, const Weights& weights,
                                     const Workload& workload, const Runtime& runtime);
FITVRAM_EXPORT ContextEstimate context_estimate(const ModelInfo& model, const Workload& workload,
                                                const Runtime& runtime);

/// Sets the overhead of an estimate whose other parts are known, or were changed by a solver.
FITVRAM_EXPORT void add_overhead(const ModelInfo& model, const Workload& workload,
                                 const Runtime& runtime, MemoryEstimate& memory);

/// The arithmetic of every figure of estimate(), and of their totals. A formula does not evaluate
/// to its value where that has saturated.
FITVRAM_EXPORT std::vector<Step> explain(const ModelInfo& model, const Weights& weights,
                                         const Workload& workload, const Runtime& runtime);

/// The published parameters-only rule: 3.5 MiB per 10^9 parameters and 1024 tokens, and with a
/// window only ratio*n_ctx + (1-ratio)*min(n_ctx, window) of the tokens. Off by factors for real
/// models; the last resort for a model of which nothing but a parameter count is known. `period` =
/// 1/ratio, 0 = no window. Source: whichllm PR #124 (66bef26).
FITVRAM_EXPORT Bytes context_of_params(std::uint64_t n_params, std::uint64_t n_ctx,
                                       std::uint32_t window, std::uint32_t period);

}  // namespace fitvram
