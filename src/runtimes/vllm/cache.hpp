#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "fitvram/runtime.hpp"

namespace fitvram {

/// Layers that keep the same cache, as vLLM's KVCacheSpec has it: pages of `block` tokens, handed
/// out of one pool. On one card of a tensor-parallel group.
/// Source: vllm/v1/kv_cache_interface.py @001cabc1.
struct PagedCache {
  CacheRole role = CacheRole::kv;
  Growth growth = Growth::full;
  std::uint32_t span = 0;
  std::uint32_t n_layer = 0;
  std::uint64_t block = 16;  ///< tokens; 0 = one page a sequence (recurrent state)
  Bytes token;               ///< of one token and layer; of the whole state where block is 0
  Bytes page;                ///< block * token, padded where pages must match

  friend bool operator==(const PagedCache&, const PagedCache&) = default;
};

/// How the pool is laid out. Layers that keep equally many tokens form one group, whatever their
/// width. Otherwise all pages are made equal (narrow layers get longer blocks) and the layers are
/// dealt to groups of `group_size`; a page of every layer of a group is one block of the pool.
/// Source: vllm/v1/core/kv_cache_utils.py @001cabc1.
struct PagedPool {
  std::vector<PagedCache> caches;
  bool grouped = false;          ///< several groups with equal pages
  bool unified = true;           ///< false: the widest page is no multiple of another: refused
  std::uint64_t group_size = 0;  ///< layers, padding included
  std::uint64_t n_group = 1;
  Bytes block_bytes;  ///< of one block in all layers of a group
};
PagedPool paged_pool(const ModelInfo& model, const Workload& workload);

/// Groups that the layers of `cache` are dealt to.
std::uint64_t groups_of(const PagedPool& pool, const PagedCache& cache);

/// Pages that one layer needs for a request of `n_tokens`.
std::uint64_t pages_of(const PagedCache& cache, std::uint64_t n_tokens, std::uint32_t n_batch);

/// Bytes that all layers of `cache` take for one request, padding layers included.
Bytes request_bytes(const PagedPool& pool, const PagedCache& cache, std::uint64_t n_tokens,
                    std::uint32_t n_batch);
Bytes request_bytes(const PagedPool& pool, std::uint64_t n_tokens, std::uint32_t n_batch);

/// "GPU KV cache size" of the start-up log: as many tokens as requests of `n_tokens` hold at once
/// (get_kv_cache_capacity; releases before it divided the blocks by the groups).
std::uint64_t kv_cache_tokens(const PagedPool& pool, Bytes available, std::uint64_t n_tokens,
                              std::uint32_t n_batch);
/// "Maximum concurrency for N tokens per request", in hundredths.
std::uint64_t max_concurrency(const PagedPool& pool, Bytes available, std::uint64_t n_tokens,
                              std::uint32_t n_batch);
/// "the estimated maximum model length": the longest request that fits, up to `limit`; 0 = none.
std::uint64_t max_model_len(const PagedPool& pool, Bytes available, std::uint64_t limit,
                            std::uint32_t n_batch);

}  // namespace fitvram
