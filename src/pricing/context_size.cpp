#include "pricing/context_size.hpp"

#include <algorithm>

#include "pricing/sequences.hpp"

namespace fitvram {

ContextSize context_size(const Workload& workload, std::uint32_t cell_step) {
  ContextSize size;
  const std::uint64_t n_batch = std::min<std::uint64_t>(workload.n_ctx, workload.n_batch);
  size.n_ubatch =
      workload.n_ubatch == 0 ? n_batch : std::min<std::uint64_t>(n_batch, workload.n_ubatch);
  size.n_ctx = round_up(workload.n_ctx, cell_step);
  size.n_ctx_seq = size.n_ctx;
  if (!workload.kv_unified) {
    size.n_stream = n_seq_of(workload);
    size.n_ctx_seq = round_up(size.n_ctx / size.n_stream, cell_step);
    size.n_ctx = sat_mul(size.n_ctx_seq, size.n_stream);
  }
  return size;
}

}  // namespace fitvram
