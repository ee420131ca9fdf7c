#include <algorithm>
#include <bit>

#include "pricing/reserve.hpp"
#include "runtimes/sharpinference/rules.hpp"

namespace fitvram::sharp {

namespace {

constexpr std::uint64_t ring_headroom = 4096;  // SwaRingHeadroom = max(PrefillBatchChunk, 4096)
constexpr std::uint64_t least_n_ctx = 512;
constexpr Bytes least_budget = 64 * MiB;
constexpr Bytes budget_of_unknown_card = 8 * GiB;

const TensorType& f32() { return *find_tensor_type("F32"); }

/// Values of K, and of V, per token: of the layer itself or of the model's one shape.
std::uint64_t row_width(const ModelInfo& model, const CacheSlot& slot) {
  if (sharpinference_honours_window(model))
    return std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_k;
  return model.hparams.n_head_kv.max() * std::uint64_t{model.hparams.head_dim_k.value_or(0)};
}

/// Whole blocks of all values, unlike the rows of llama.cpp.
Bytes values(std::uint64_t n, const TensorType& type) {
  return Bytes{type.block_bytes} * (n / type.block_elems + (n % type.block_elems != 0));
}

std::uint64_t largest(std::uint64_t most, Bytes budget, auto bytes_at) {
  if (most <= least_n_ctx) return most;
  std::uint64_t good = least_n_ctx, bad = most + 1;
  while (good + 1 < bad) {
    const std::uint64_t middle = good + (bad - good) / 2;
    (bytes_at(middle) <= budget ? good : bad) = middle;
  }
  return good;
}

}  // namespace

Bytes pool_bucket(Bytes bytes) {
  constexpr std::uint64_t smallest = 64, top = std::uint64_t{1} << 63;
  if (bytes.count > top) return Bytes{UINT64_MAX};
  return Bytes{std::bit_ceil(std::max(bytes.count, smallest))};
}

const CacheSlot* kv_slot(const Layer& layer) {
  for (const auto& slot : layer.caches)
    if (slot.role == CacheRole::kv) return &slot;
  return nullptr;
}

Bytes kv_cache(const ModelInfo& model, std::uint64_t n_ctx, const TensorType& type,
               std::uint64_t gpu_layers) {
  Bytes sum;
  const std::uint64_t n = std::min<std::uint64_t>(gpu_layers, model.n_layer);
  for (std::size_t i = 0; i < std::min<std::uint64_t>(n, model.layers.size()); ++i) {
    const CacheSlot* slot = kv_slot(model.layers[i]);
    if (slot != nullptr) sum += 2 * buffer(model, *slot, n_ctx, type).bytes;
  }
  return sum;
}

Buffer buffer(const ModelInfo& model, const CacheSlot& slot, std::uint64_t n_ctx,
              const TensorType& type) {
  Buffer one;
  const bool ring = slot.growth == Growth::sliding && sharpinference_honours_window(model);
  one.growth = ring ? Growth::sliding : Growth::full;
  one.cells = ring ? std::min(n_ctx, slot.span + ring_headroom) : n_ctx;
  one.width = row_width(model, slot);
  one.bytes = pool_bucket(values(sat_mul(one.cells, one.width), type));
  return one;
}

Bytes reserve(const ModelInfo& model, Bytes vram, Reserve rule) {
  const bool windows = sharpinference_honours_window(model);
  switch (rule) {
    case Reserve::fifth:
      return std::max(vram / 5, GiB);
    case Reserve::third:
      return automatic_reserve(model, vram, false);
    case Reserve::first_window: {
      if (!windows || !has_window(model)) return automatic_reserve(model, vram, false);
      const Hparams& hp = model.hparams;
      const std::uint64_t dim = hp.head_dim_k.value_or(0);
      const std::uint64_t width = 4 * std::uint64_t{hp.n_embd.value_or(0)} + 2 * hp.n_ff.max() +
                                  hp.n_head.max() * dim + 2 * hp.n_head_kv.max() * dim;
      return std::max(2 * GiB, vram / 6) + Bytes{4} * prefill_tokens * width;
    }
    case Reserve::scoped:
      return automatic_reserve(model, vram, windows);
  }
  return Bytes{};
}

Bytes uploaded(const Tensor& tensor, const TensorType& type) {
  for (const auto* native : {"F32", "Q4_0", "Q4_K", "Q6_K", "Q8_0"})
    if (type.name == native) return round_up(tensor_bytes(tensor, type), 4);
  return Bytes{4} * n_elements(tensor);
}

Bytes scratch(const ModelInfo& model) {
  const Hparams& hp = model.hparams;
  const std::uint64_t dim = hp.head_dim_k.value_or(0);
  const std::uint64_t values_per_token = 3 * std::uint64_t{hp.n_embd.value_or(0)} +
                                         2 * hp.n_head.max() * dim + 2 * hp.n_head_kv.max() * dim +
                                         2 * hp.n_ff.max() + hp.n_vocab.value_or(0);
  return Bytes{4} * values_per_token;
}

Bytes available(const ModelInfo& model, const Weights& weights, Bytes vram, Reserve rule) {
  if (vram == Bytes{}) return budget_of_unknown_card;
  const Bytes taken = sharpinference_weights(model, weights, Workload{}).device + scratch(model) +
                      reserve(model, vram, rule);
  return taken < vram ? vram - taken : least_budget;
}

std::uint64_t max_ctx_of_layers(const ModelInfo& model, const TensorType& type, Bytes budget,
                                std::uint64_t most, std::uint64_t gpu_layers) {
  return largest(most, budget,
                 [&](std::uint64_t n_ctx) { return kv_cache(model, n_ctx, type, gpu_layers); });
}

std::uint64_t max_ctx(const ModelInfo& model, const TensorType& type, Bytes budget) {
  const std::uint64_t most = model.n_ctx_train;
  if (sharpinference_honours_window(model)) return max_ctx_of_layers(model, type, budget, most);
  if (most <= least_n_ctx) return most;
  const std::uint64_t row =
      model.hparams.n_head_kv.max() * std::uint64_t{model.hparams.head_dim_k.value_or(0)};
  const Bytes per_token = 2 * model.n_layer * row_bytes(f32(), row);
  const std::uint64_t fit = budget.count / std::max<std::uint64_t>(1, per_token.count);
  return std::clamp(fit, least_n_ctx, most);
}

const TensorType& cache_type(Bytes budget, Bytes f32_bytes, Bytes bf16_bytes, bool q8_0,
                             const TensorType* asked) {
  if (asked != nullptr) return *asked;
  if (f32_bytes <= budget) return f32();
  return bf16_bytes <= budget || !q8_0 ? *find_tensor_type("BF16") : *find_tensor_type("Q8_0");
}

bool q8_0_possible(const ModelInfo& model) {
  return std::all_of(model.layers.begin(), model.layers.end(), [&](const Layer& layer) {
    const CacheSlot* slot = kv_slot(layer);
    return slot == nullptr || row_width(model, *slot) % 32 == 0;
  });
}

}  // namespace fitvram::sharp
