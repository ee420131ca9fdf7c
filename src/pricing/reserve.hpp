#pragma once
#include <cstdint>

#include "fitvram/runtime.hpp"
#include "fitvram/step.hpp"

namespace fitvram {

/// Values per token that a chunk of SharpInference's prefill keeps in 32-bit floats, and the tokens
/// of a chunk: three embeddings, queries, K and V at the widest head, feed-forward and Gemma's
/// per-layer embeddings. Source: CudaForwardPass.cs KvVramReserveBytes, PrefillBatchChunk
/// @429b9df5.
constexpr std::uint64_t prefill_tokens = 4096;
std::uint64_t prefill_width(const ModelInfo& model);

/// The rule of runtimes that may use everything the device has.
Bytes whole_device(const Device& device, const Workload& workload);

/// The rule of runtimes that keep no reserve.
Bytes no_reserve(const ModelInfo& model, const Device& device, const Workload& workload);

/// The arithmetic of automatic_reserve(), whose result is `reserve`.
Step explain_automatic_reserve(const ModelInfo& model, Bytes vram, Bytes reserve,
                               bool windows_honoured);

}  // namespace fitvram
