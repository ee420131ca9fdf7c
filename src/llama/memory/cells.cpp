#include "llama/memory/cells.hpp"

#include <algorithm>

#include "families/family.hpp"
#include "pricing/sequences.hpp"

namespace fitvram {

ContextSize llama_context_size(const Workload& workload) {
  return context_size(workload, llama_cell_step);
}

bool llama_cpp_honours_window(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  if (family == nullptr) return true;
  return family->cache.window.kind != WindowRule::Kind::none ||
         family->cache.memory == MemoryClass::dsv4 ||
         family->cache.memory == MemoryClass::dsa_window;
}

std::uint64_t llama_cells(const CacheSlot& slot, const ContextSize& size,
                          const Workload& workload) {
  const std::uint64_t n_seq = n_seq_of(workload);
  switch (slot.growth) {
    case Growth::full:
      return size.n_ctx_seq;
    case Growth::sliding:
    case Growth::chunked: {
      if (workload.swa_full) return size.n_ctx_seq;
      const std::uint64_t window = sat_mul(slot.span, n_seq / size.n_stream);
      const std::uint64_t kept = sat_add(window, size.n_ubatch);
      return round_up(std::min(size.n_ctx_seq, kept), llama_cell_step);
    }
    case Growth::strided:
      if (size.n_ctx_seq == 0 || slot.span == 0) return size.n_ctx_seq;
      return round_up(ceil_div(size.n_ctx_seq, slot.span), llama_cell_step);
    case Growth::constant:
      return sat_mul(n_seq, 1 + std::uint64_t{workload.n_rs_seq});
  }
  return 0;
}

}  // namespace fitvram
