#include "runtimes/mlx_lm/rules.hpp"

#include <algorithm>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "pricing/backends.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"
#include "pricing/sequences.hpp"
#include "runtimes/mlx_lm/models.hpp"
#include "runtimes/shared/single_device.hpp"

namespace fitvram {

namespace {

constexpr std::uint32_t step = 256;                 // KVCache.step, cache.py
constexpr std::uint64_t quantized_kv_start = 5000;  // generate.py, the command line's default
constexpr std::uint64_t group = 64;                 // kv_group_size, generate.py

std::uint64_t tokens_per_sequence(const Workload& workload) {
  return tokens_each(workload, n_seq_of(workload));
}

std::uint64_t prefill_step(const Workload& workload) {
  return std::max<std::uint64_t>(
      1, std::min<std::uint64_t>(tokens_per_sequence(workload), workload.n_batch));
}

/// What a window or chunk layer holds after the last chunk of a prompt: cache.py,
/// RotatingKVCache._update_concat and ChunkedKVCache.
std::uint64_t bounded_cells(const CacheSlot& slot, const Workload& workload, std::uint64_t full) {
  const std::uint64_t chunk = prefill_step(workload);
  return slot.growth == Growth::chunked ? std::min(full, round_up(sat_add(slot.span, chunk), step))
                                        : std::min(full, sat_add(slot.span, chunk - 1));
}

/// The cache of a prompt is quantized after the first chunk that passes quantized_kv_start; what it
/// took in 16 bits until then can be more than the quantized whole.
struct Full {
  std::uint64_t cells = 0;
  const TensorType* type = nullptr;
};
Full full_cache(const TensorType& type, const Workload& workload, std::uint64_t width) {
  const TensorType& plain = *find_tensor_type("F16");
  const std::uint64_t n_ctx = tokens_per_sequence(workload);
  const Full whole{round_up(n_ctx, step), &type};
  if (!type.quantized()) return whole;
  const std::uint64_t switched = round_up(quantized_kv_start, prefill_step(workload));
  const Full before{round_up(std::min(n_ctx, switched), step), &plain};
  if (n_ctx <= quantized_kv_start) return before;
  return row_bytes(type, width) * whole.cells > row_bytes(plain, width) * before.cells ? whole
                                                                                       : before;
}

std::vector<CacheTerm> cache_terms(const ModelInfo& model, const Workload& workload) {
  const MlxCache kind = mlx_model(model).value_or(MlxModel{}).cache;
  const TensorType& plain = *find_tensor_type("F16");
  const Hparams& hp = model.hparams;
  const std::uint64_t full = round_up(tokens_per_sequence(workload), step);
  return terms_of_slots(model, [&](const CacheSlot& slot, SlotTerms& terms) {
    CacheTerm& term = terms.term;
    term.n_seq = n_seq_of(workload);
    const auto add_full = [&](std::uint64_t width, const TensorType& type) {
      const Full cache = full_cache(type, workload, width);
      terms.add(width, cache.cells, *cache.type);
    };
    const bool bounded = (slot.growth == Growth::sliding && kind == MlxCache::rotating) ||
                         (slot.growth == Growth::chunked && kind == MlxCache::chunked);
    if (slot.growth == Growth::constant) {
      // ArraysCache: convolution windows in the model's type, recurrent states in 32 bits.
      term.growth = Growth::constant;
      const TensorType& type = slot.role == CacheRole::conv_state ? plain : state_type();
      terms.add_both(1, type, type);
    } else if (slot.role == CacheRole::latent && kind == MlxCache::expanded) {
      const std::uint64_t n_head = hp.n_head.max();
      term.role = CacheRole::kv;
      add_full(n_head * hp.head_dim_k_mla.value_or(0), cache_type_k(workload));
      add_full(n_head * hp.head_dim_v_mla.value_or(0), cache_type_v(workload));
    } else if (bounded) {
      term.growth = slot.growth, term.span = slot.span;
      terms.add_both(bounded_cells(slot, workload, full), plain, plain);
    } else if (slot.role == CacheRole::kv) {
      add_full(terms.width_k, cache_type_k(workload));
      add_full(terms.width_v, cache_type_v(workload));
    } else {
      terms.add_both(full, plain, plain);
    }
  });
}

bool quantized(const Workload& workload) {
  return cache_type_k(workload).quantized() || cache_type_v(workload).quantized();
}

std::optional<Error> refuse_cache_type(const ModelInfo& model, const Workload& workload,
                                       const MlxModel& loaded) {
  const TensorType& k = cache_type_k(workload);
  const TensorType& v = cache_type_v(workload);
  for (const TensorType* type : {&k, &v}) {
    const std::string_view name = type->name;
    const bool known = name == "F16" || name == "BF16" || name == "Q2" || name == "Q3" ||
                       name == "Q4" || name == "Q6" || name == "Q8";
    if (!known)
      return refuse("mlx-lm has no cache type " + lower_case(name),
                    "f16, bf16 or --kv-bits: q8, q6, q4, q3, q2");
  }
  if (&k != &v)
    return refuse("mlx-lm keeps K and V in one type",
                  "give both the same, e.g. --kv-type " + lower_case(k.name));
  if (!quantized(workload)) return std::nullopt;
  // cache.py: RotatingKVCache.to_quantized raises, other caches without the method stay as they
  // are.
  if (has_window(model) && loaded.cache == MlxCache::rotating)
    return refuse(
        "mlx-lm cannot quantize the rotating caches of " + std::string(loaded.type) + " models",
        "leave the cache in f16");
  if (loaded.cache == MlxCache::latent)
    return refuse(
        "mlx-lm cannot quantize the latent cache of " + std::string(loaded.type) + " models",
        "leave the cache in f16");
  for (const Layer& layer : model.layers)
    for (const CacheSlot& slot : layer.caches)
      if (slot.role == CacheRole::kv &&
          (slot.shape.dim_k % group != 0 || slot.shape.dim_v % group != 0))
        return refuse("mlx-lm quantizes caches in groups of 64, which do not divide heads of " +
                          std::to_string(slot.shape.dim_k) + " values",
                      "leave the cache in f16");
  return std::nullopt;
}

bool mlx_lm_honours_window(const ModelInfo& model) {
  const MlxCache cache = mlx_model(model).value_or(MlxModel{}).cache;
  return cache == MlxCache::rotating || cache == MlxCache::chunked;
}

ContextEstimate mlx_lm_context(const ModelInfo& model, const Workload& workload) {
  return context_of(cache_terms(model, workload));
}

Placement mlx_lm_compute(const ModelInfo& model, const Weights&, const Workload& workload) {
  Placement compute;
  const std::uint64_t n_seq = n_seq_of(workload);
  compute.device = chunk_workspace(model, sat_mul(prefill_step(workload), n_seq), n_seq);
  return compute;
}

void mlx_lm_overhead(const ModelInfo&, const Workload& workload, MemoryEstimate& memory) {
  memory.overhead.device = backend_of(workload).overhead;
}

std::optional<Error> mlx_lm_refusal(const ModelInfo& model, const Workload& workload) {
  if (model.layers.empty()) return std::nullopt;
  const auto loaded = mlx_model(model);
  if (!loaded)
    return refuse("mlx-lm has no model of type " +
                      (model.model_type.empty() ? model.architecture : model.model_type),
                  "--runtime llama.cpp knows most others");
  return refuse_cache_type(model, workload, *loaded);
}

Defaults mlx_lm_defaults(const ModelInfo&, const std::optional<Device>&) { return {}; }

void mlx_lm_explain(const ModelInfo& model, const Weights&, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps) {
  steps.push_back(plain_step("model (device)", memory.model.device, "all tensors as stored"));
  explain_terms(cache_terms(model, workload),
                "cells in steps of 256; window caches up to window + prefill step - 1; mlx-lm "
                "cache.py d78bf58e",
                steps);
  steps.push_back(explain_chunk_workspace(
      model, sat_mul(prefill_step(workload), n_seq_of(workload)), n_seq_of(workload)));
  steps.push_back(overhead_step(workload, memory));
}

constexpr Rules mlx_lm_rules{
    .honours_window = mlx_lm_honours_window,
    .weights = whole_weights,
    .context = mlx_lm_context,
    .compute = mlx_lm_compute,
    .overhead = mlx_lm_overhead,
    .budget = whole_device,
    .reserve = no_reserve,
    .refusal = mlx_lm_refusal,
    .defaults = mlx_lm_defaults,
    .explain = mlx_lm_explain,
};

}  // namespace

constinit const Runtime mlx_lm_runtime{
    .name = "mlx-lm",
    .title = "mlx-lm",
    .version = "d78bf58e",
    .source =
        "github.com/ml-explore/mlx-lm (2026-08-22): mlx_lm/models/cache.py, generate.py; Metal's "
        "recommended working set by RAM from reports (macOS 26 gives more)",
    .cell_step = step,
    .cache_types = "f16 bf16 q8 q6 q4 q3 q2",
    .about =
        "contexts in 256-token steps; windows of the models with rotating caches, as window + "
        "prefill step - 1; two thirds of the RAM, three quarters from 64 GB on (--vram "
        "overrides); Apple silicon only",
    .loads = SchemeFamily::mlx,
    .rules = &mlx_lm_rules,
    .backends = "metal",
    .ladder = "BF16 MLX-8 MLX-6 MLX-5 MLX-4 MLX-3 MLX-2",
};

}  // namespace fitvram
