#pragma once
#include <cstdint>

#include "fitvram/runtime.hpp"

namespace fitvram {

/// Tokens as they are sized where contexts are whole steps of cells: n_ctx padded to the step, per
/// sequence unless unified; n_ubatch never above n_ctx. Source: src/llama-context.cpp, v0.5.0.
struct ContextSize {
  std::uint64_t n_ctx = 0;
  std::uint64_t n_ctx_seq = 0;
  std::uint64_t n_ubatch = 0;
  std::uint64_t n_stream = 1;  ///< separate caches: 1 when unified, else n_seq
};
ContextSize context_size(const Workload& workload, std::uint32_t cell_step);

}  // namespace fitvram
