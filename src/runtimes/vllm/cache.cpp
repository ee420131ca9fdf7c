#include "runtimes/vllm/cache.hpp"

#include <algorithm>

#include "families/family.hpp"
#include "llama/memory/cache_tensors.hpp"

namespace fitvram {

namespace {

constexpr std::uint64_t block_size = 16;         // config/cache.py DEFAULT_BLOCK_SIZE @002f10e0
constexpr std::uint64_t sparse_mla_entry = 656;  // fp8_ds_mla, kv_cache_interface.py @001cabc1
constexpr std::uint64_t indexer_scale = 4;       // an f32 beside each fp8 key of the indexer
constexpr std::uint64_t head_scale = 4;          // int8_per_token_head: an f32 per token and head
constexpr std::uint64_t state_value = 2;         // mamba_cache_dtype auto: the model's own 16 bits
constexpr std::uint64_t state_pages = 2;  // mamba_cache_mode align: prefix caching, on by default

/// The recurrent state is f32 by the config's own mamba_ssm_dtype or mamba_ssm_cache_dtype, or by
/// kda_state_dtype (mamba_utils.py @02d71083). Others keep the model's 16 bits.
bool has_f32_states(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->elsewhere.vllm_f32_states;
}

/// 16 bits unless the user asked otherwise: "auto" is the model's own type.
Bytes head_bytes(const TensorType& type, std::uint32_t dim) {
  if (dim == 0) return Bytes{};
  const Bytes values = row_bytes(type, dim);
  return type.name == "INT8" ? values + Bytes{head_scale} : values;
}

Bytes token_bytes(const CacheSlot& slot, const Workload& workload, bool sparse) {
  const HeadShape& s = slot.shape;
  const TensorType& type = cache_type_k(workload);
  if (slot.role == CacheRole::indexer)
    return Bytes{std::uint64_t{s.dim_k} + indexer_scale} * s.n_head_kv;
  if (slot.role == CacheRole::latent) {
    if (sparse && type.block_elems == 1 && type.block_bytes == 1) return Bytes{sparse_mla_entry};
    return row_bytes(type, s.dim_k) * s.n_head_kv;
  }
  const std::uint64_t heads = std::max<std::uint64_t>(1, s.n_head_kv / std::max(1U, workload.n_tp));
  return (head_bytes(type, s.dim_k) + head_bytes(cache_type_v(workload), s.dim_v)) * heads;
}

Bytes state_bytes(const CacheSlot& slot, bool f32, std::uint64_t n_tp) {
  const HeadShape& s = slot.shape;
  const std::uint64_t values =
      sat_mul(s.n_head_kv, std::uint64_t{s.dim_k}) + sat_mul(s.n_head_kv, std::uint64_t{s.dim_v});
  const bool wide = f32 && slot.role == CacheRole::recurrent_state;
  return Bytes{wide ? 4 : state_value} * ceil_div(values, n_tp);
}

void add_layer(std::vector<PagedCache>& caches, PagedCache one) {
  one.n_layer = 0;
  const auto same = [&](PagedCache other) {
    other.n_layer = 0;
    return other == one;
  };
  auto it = std::find_if(caches.begin(), caches.end(), same);
  if (it == caches.end()) it = caches.insert(caches.end(), one);
  ++it->n_layer;
}

std::vector<PagedCache> layer_caches(const ModelInfo& model, const Workload& workload) {
  const std::uint64_t n_tp = std::max(1U, workload.n_tp);
  const bool f32 = has_f32_states(model);
  std::vector<PagedCache> caches;
  for (std::size_t i = 0; i < model.layers.size() && i < model.n_layer; ++i) {
    const auto& slots = model.layers[i].caches;
    const bool sparse = std::any_of(slots.begin(), slots.end(), [](const CacheSlot& slot) {
      return slot.role == CacheRole::indexer;
    });
    PagedCache state;
    for (const CacheSlot& slot : slots) {
      PagedCache cache{slot.role, slot.growth, slot.span, 0, block_size, Bytes{}, Bytes{}};
      if (slot.growth == Growth::constant) {
        const bool first = state.token == Bytes{};
        state.role = first ? slot.role : CacheRole::recurrent_state;
        state.token += state_bytes(slot, f32, n_tp);
        continue;
      }
      cache.token = token_bytes(slot, workload, sparse);
      cache.page = cache.token * block_size;
      add_layer(caches, cache);
    }
    if (state.token == Bytes{}) continue;
    state.growth = Growth::constant;
    state.block = 0;
    state.page = state.token;
    add_layer(caches, state);
  }
  return caches;
}

bool same_tokens(const PagedCache& a, const PagedCache& b) {
  return a.growth == b.growth && a.span == b.span;
}

/// The attention block that holds a state's page, and the state padded to it: models/config.py
/// HybridAttentionMambaModelConfig @0144dd5b.
void match_states(std::vector<PagedCache>& caches) {
  Bytes state, token;
  for (const auto& cache : caches)
    cache.block == 0 ? state = std::max(state, cache.page) : token = std::max(token, cache.token);
  if (state == Bytes{} || token == Bytes{}) return;
  const std::uint64_t block = block_size * ceil_div(state.count, (token * block_size).count);
  for (auto& cache : caches) {
    if (cache.block == 0) {
      cache.page = token * block;
    } else {
      cache.block = block;
      cache.page = cache.token * block;
    }
  }
}

}  // namespace

std::uint64_t groups_of(const PagedPool& pool, const PagedCache& cache) {
  return pool.grouped ? ceil_div(cache.n_layer, pool.group_size) : 1;
}

PagedPool paged_pool(const ModelInfo& model, const Workload& workload) {
  PagedPool pool;
  pool.caches = layer_caches(model, workload);
  auto& caches = pool.caches;
  if (caches.empty()) return pool;
  pool.grouped = !std::all_of(caches.begin(), caches.end(), [&](const PagedCache& cache) {
    return same_tokens(cache, caches.front());
  });
  if (!pool.grouped) {
    for (const auto& cache : caches) {
      pool.group_size += cache.n_layer;
      pool.block_bytes += cache.page * cache.n_layer;
    }
    return pool;
  }
  match_states(caches);
  Bytes widest;
  std::uint64_t fewest = UINT64_MAX, most = 0;
  for (const auto& cache : caches) {
    widest = std::max(widest, cache.page);
    fewest = std::min<std::uint64_t>(fewest, cache.n_layer);
    most = std::max<std::uint64_t>(most, cache.n_layer);
  }
  for (auto& cache : caches) {
    if (cache.page.count == 0 || widest.count % cache.page.count != 0) {
      pool.unified = false;
      continue;
    }
    cache.block *= widest.count / cache.page.count;
    cache.page = widest;
  }
  pool.group_size = 2 * most < 3 * fewest ? most : fewest;
  pool.n_group = 0;
  for (const auto& cache : caches) pool.n_group += groups_of(pool, cache);
  pool.block_bytes = widest * pool.group_size;
  return pool;
}

std::uint64_t pages_of(const PagedCache& cache, std::uint64_t n_tokens, std::uint32_t n_batch) {
  switch (cache.growth) {
    case Growth::full:
      return ceil_div(n_tokens, cache.block);
    case Growth::sliding: {
      const std::uint64_t kept = std::uint64_t{std::max(1U, cache.span)} - 1 + n_batch;
      return ceil_div(std::min(kept, n_tokens), cache.block) + 1;
    }
    case Growth::chunked:
      return ceil_div(std::min(std::uint64_t{cache.span} + n_batch, n_tokens), cache.block);
    case Growth::strided:
      return ceil_div(ceil_div(n_tokens, std::max(1U, cache.span)), cache.block);
    case Growth::constant:
      return state_pages;
  }
  return 0;
}

Bytes request_bytes(const PagedPool& pool, const PagedCache& cache, std::uint64_t n_tokens,
                    std::uint32_t n_batch) {
  const std::uint64_t layers =
      pool.grouped ? sat_mul(pool.group_size, groups_of(pool, cache)) : cache.n_layer;
  return cache.page * sat_mul(layers, pages_of(cache, n_tokens, n_batch));
}

Bytes request_bytes(const PagedPool& pool, std::uint64_t n_tokens, std::uint32_t n_batch) {
  Bytes sum;
  for (const auto& cache : pool.caches) sum += request_bytes(pool, cache, n_tokens, n_batch);
  return sum;
}

namespace {

/// times * the requests that fit at once.
std::uint64_t requests(const PagedPool& pool, Bytes available, std::uint64_t n_tokens,
                       std::uint32_t n_batch, std::uint64_t times) {
  if (pool.block_bytes == Bytes{}) return 0;
  const std::uint64_t blocks = available.count / pool.block_bytes.count;
  const std::uint64_t needed =
      ceil_div(request_bytes(pool, n_tokens, n_batch).count, pool.block_bytes.count);
  return needed == 0 ? 0 : sat_mul(blocks, times) / needed;
}

}  // namespace

std::uint64_t kv_cache_tokens(const PagedPool& pool, Bytes available, std::uint64_t n_tokens,
                              std::uint32_t n_batch) {
  return requests(pool, available, n_tokens, n_batch, n_tokens);
}

std::uint64_t max_concurrency(const PagedPool& pool, Bytes available, std::uint64_t n_tokens,
                              std::uint32_t n_batch) {
  return requests(pool, available, n_tokens, n_batch, 100);
}

std::uint64_t max_model_len(const PagedPool& pool, Bytes available, std::uint64_t limit,
                            std::uint32_t n_batch) {
  std::uint64_t good = 0, bad = sat_add(limit, 1);
  while (good + 1 < bad) {
    const std::uint64_t middle = good + (bad - good) / 2;
    (request_bytes(pool, middle, n_batch) <= available ? good : bad) = middle;
  }
  return good;
}

}  // namespace fitvram
