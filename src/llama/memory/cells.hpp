#pragma once
#include <cstdint>

#include "fitvram/cache.hpp"
#include "pricing/context_size.hpp"

namespace fitvram {

/// Contexts and caches are whole steps of this many cells (src/llama-context.cpp and
/// src/llama-kv-cache-iswa.cpp, GGML_PAD, v0.5.0).
inline constexpr std::uint32_t llama_cell_step = 256;

ContextSize llama_context_size(const Workload& workload);

/// Whether the architecture's window layers keep a window; elsewhere they keep every token.
bool llama_cpp_honours_window(const ModelInfo& model);

/// Entries per stream of a cache (src/llama-kv-cache*.cpp, src/llama-memory-*.cpp, v0.5.0).
std::uint64_t llama_cells(const CacheSlot& slot, const ContextSize& size, const Workload& workload);

}  // namespace fitvram
