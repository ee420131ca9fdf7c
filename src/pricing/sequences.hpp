#pragma once
#include <algorithm>

#include "fitvram/runtime.hpp"

namespace fitvram {

/// Sequences, at least one.
constexpr std::uint64_t n_seq_of(const Workload& workload) {
  return std::max<std::uint64_t>(1, workload.n_seq);
}

/// Caches of their own: one that all sequences share, or one for each.
constexpr std::uint64_t n_stream_of(const Workload& workload) {
  return workload.kv_unified ? 1 : n_seq_of(workload);
}

/// Tokens that each of `n` shares of the context must hold.
constexpr std::uint64_t tokens_each(const Workload& workload, std::uint64_t n) {
  return ceil_div(workload.n_ctx, n);
}

}  // namespace fitvram
