#include "runtimes/mlxcel/rules.hpp"

#include <algorithm>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"
#include "pricing/sequences.hpp"
#include "runtimes/shared/single_device.hpp"

namespace fitvram {

namespace mlxcel {

namespace {

constexpr std::uint64_t activation_tokens = 512;
constexpr std::uint32_t step = 256;  // KV_CACHE_ALLOC_STEP, hardware.rs

bool has_role(const Layer& layer, CacheRole role) {
  return std::any_of(layer.caches.begin(), layer.caches.end(),
                     [role](const CacheSlot& slot) { return slot.role == role; });
}

bool is_state(const Layer& layer) {
  return has_role(layer, CacheRole::conv_state) || has_role(layer, CacheRole::recurrent_state);
}

bool keeps_no_cache(const std::string& type) {
  const Family* family = find_family_of_hf(type);
  return family != nullptr && family->elsewhere.mlxcel_no_cache;
}

/// The model type that the config of a GGUF file would state.
std::string_view type_of_gguf(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  if (family == nullptr) return {};
  const Elsewhere& elsewhere = family->elsewhere;
  const bool sigmoid = model.hparams.expert_gating_func.value_or(0) == 2;
  return sigmoid && !elsewhere.mlxcel_sigmoid.empty() ? elsewhere.mlxcel_sigmoid : elsewhere.mlxcel;
}

std::uint64_t count(const std::vector<bool>& layers) {
  return static_cast<std::uint64_t>(std::count(layers.begin(), layers.end(), true));
}

}  // namespace

// Its estimator reads the window keys of a config. Families whose configs state a window for all
// layers without a pattern or a list (Mistral v0.1, Phi-3) count as full.
bool honours_window(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family == nullptr || (family->cache.window.kind != WindowRule::Kind::none &&
                               !family->cache.window.all_attention);
}

MlxcelConfig config_of(const ModelInfo& model) {
  const Hparams& hp = model.hparams;
  MlxcelConfig config;
  config.model_type = model.model_type;
  if (config.model_type.empty()) config.model_type = type_of_gguf(model);
  config.n_layer = model.n_layer;
  config.n_head = hp.n_head.max();
  config.n_head_kv = hp.n_head_kv.max();
  // A config's head_dim is that of Gemma 4's window layers; the wider one has a key of its own.
  config.head_dim = hp.head_dim_k_swa.value_or(hp.head_dim_k.value_or(0));
  if (hp.kv_lora_rank && hp.head_dim_k_mla) {
    config.kv_lora_rank = hp.kv_lora_rank;
    config.qk_rope = hp.n_rot.value_or(64);
    config.qk_nope =
        *hp.head_dim_k_mla - std::min<std::uint64_t>(*hp.head_dim_k_mla, config.qk_rope);
    config.v_head = hp.head_dim_v_mla.value_or(128);
  }
  const std::size_t n = std::min<std::size_t>(model.n_layer, model.layers.size());
  const bool hybrid = std::any_of(model.layers.begin(), model.layers.end(), is_state);
  for (std::size_t i = 0; i < n && hybrid; ++i)
    config.attention.push_back(has_role(model.layers[i], CacheRole::kv) ||
                               has_role(model.layers[i], CacheRole::latent));
  if (hp.full_attention_interval)
    for (const std::uint32_t i : hp.mlp_only_layers)
      if (i < config.attention.size()) config.attention[i] = false;
  for (std::size_t i = 0; i < n && has_window(model) && honours_window(model); ++i) {
    const auto& caches = model.layers[i].caches;
    const auto window = std::find_if(caches.begin(), caches.end(),
                                     [](const CacheSlot& slot) { return is_window(slot.growth); });
    config.sliding.push_back(window != caches.end());
    if (window != caches.end()) config.n_swa = window->span;
  }
  return config;
}

std::vector<CacheTerm> cache_terms(const MlxcelConfig& config, std::uint64_t n_ctx,
                                   const TensorType& type, std::uint64_t n_seq) {
  const std::uint64_t full = round_up(n_ctx, step);
  const std::uint64_t windowed = std::min(full, round_up(config.n_swa, step));
  const std::uint64_t row = sat_mul(2, sat_mul(config.n_head_kv, config.head_dim));
  std::vector<CacheTerm> terms;
  const auto add = [&](std::uint64_t n_layer, CacheRole role, bool window, std::uint64_t width) {
    if (n_layer == 0 || width == 0) return;
    CacheTerm term;
    term.role = role;
    term.growth = window ? Growth::sliding : Growth::full;
    term.span = window ? config.n_swa : 0;
    term.n_layer = static_cast<std::uint32_t>(std::min<std::uint64_t>(n_layer, UINT32_MAX));
    term.n_seq = n_seq;
    term.cells = window ? windowed : full;
    term.width = width;
    term.type = &type;
    terms.push_back(term);
  };
  if (keeps_no_cache(config.model_type)) return terms;
  if (config.kv_lora_rank) {
    const std::string& name = config.model_type;
    const bool latent = name.find("v3") != std::string::npos;  // v32 too
    const std::uint64_t heads =
        sat_mul(config.n_head, config.qk_nope + config.qk_rope + config.v_head);
    add(config.n_layer, latent ? CacheRole::latent : CacheRole::kv, false,
        latent ? *config.kv_lora_rank + config.qk_rope : heads);
  } else if (!config.attention.empty()) {
    add(count(config.attention), CacheRole::kv, config.n_swa != 0, row);
  } else if (config.n_swa != 0) {
    const std::uint64_t n_sliding = count(config.sliding);
    add(config.n_layer - std::min(config.n_layer, n_sliding), CacheRole::kv, false, row);
    add(n_sliding, CacheRole::kv, true, row);
  } else {
    add(config.n_layer, CacheRole::kv, false, row);
  }
  return terms;
}

Bytes activation(std::uint64_t n_embd, std::uint64_t n_ff, std::uint64_t n_vocab,
                 std::uint64_t n_ctx, std::uint64_t batch) {
  const std::uint64_t tokens = sat_mul(batch, std::min(n_ctx, activation_tokens));
  return Bytes{2} * sat_mul(2, sat_mul(tokens, sat_add(n_embd, n_ff))) +
         Bytes{2} * sat_mul(batch, n_vocab);
}

Bytes auto_kv_budget(Bytes available, Bytes active, Bytes weights, Bytes reserve) {
  const Bytes rest = available - active - reserve;
  return rest / 6 * 5 + Bytes{rest.count % 6 * 5 / 6} - weights;
}

std::uint64_t counted_params(const ModelInfo& model) {
  const Hparams& hp = model.hparams;
  const std::uint64_t h = hp.n_embd.value_or(0);
  const std::uint64_t dim = config_of(model).head_dim;
  const std::uint64_t q = sat_mul(hp.n_head.max(), dim), kv = sat_mul(hp.n_head_kv.max(), dim);
  const std::uint64_t experts = std::max(1U, hp.n_expert.value_or(1));
  const std::uint64_t feed_forward = sat_mul(3, sat_mul(hp.n_ff.max(), experts));
  const std::uint64_t row =
      sat_add(sat_add(sat_mul(2, q), sat_mul(2, kv)), sat_add(feed_forward, 2));
  return sat_add(sat_mul(hp.n_vocab.value_or(0), h), sat_mul(model.n_layer, sat_mul(h, row)));
}

}  // namespace mlxcel

namespace {

constexpr Bytes in_flight_reserve = GiB;  // ROCm builds: MLX_ROCM_MAX_INFLIGHT_MB, 1024
constexpr std::uint64_t page_tokens = 32;

Bytes in_flight(const Workload& workload) {
  return workload.backend == "rocm" ? in_flight_reserve : Bytes{};
}

std::uint64_t tokens_per_sequence(const Workload& workload) {
  return tokens_each(workload, n_seq_of(workload));
}

std::vector<CacheTerm> cache_terms(const ModelInfo& model, const Workload& workload) {
  return mlxcel::cache_terms(mlxcel::config_of(model), tokens_per_sequence(workload),
                             cache_type_k(workload), n_seq_of(workload));
}

ContextEstimate mlxcel_context(const ModelInfo& model, const Workload& workload) {
  return context_of(cache_terms(model, workload));
}

Placement mlxcel_compute(const ModelInfo& model, const Weights&, const Workload& workload) {
  const Hparams& hp = model.hparams;
  Placement compute;
  compute.device = mlxcel::activation(hp.n_embd.value_or(0), hp.n_ff.max(), hp.n_vocab.value_or(0),
                                      tokens_per_sequence(workload), n_seq_of(workload));
  return compute;
}

// DEFAULT_HEADROOM_FACTOR = 1.20 of weights and cache.
void mlxcel_overhead(const ModelInfo&, const Workload& workload, MemoryEstimate& memory) {
  memory.overhead.device = (memory.model.device + memory.context.device) / 5 + in_flight(workload);
}

Bytes mlxcel_budget(const Device& device, const Workload&) {
  return device.unified ? device.total : device.vram;
}

std::optional<Error> mlxcel_refusal(const ModelInfo&, const Workload& workload) {
  const TensorType& k = cache_type_k(workload);
  const TensorType& v = cache_type_v(workload);
  for (const TensorType* type : {&k, &v})
    if (type->name != "F16" && type->name != "BF16" && type->name != "INT8")
      return refuse("mlxcel has no cache type " + lower_case(type->name),
                    "f16, bf16 or int8; its turbo types are not priced");
  if (&k != &v)
    return refuse("mlxcel keeps K and V in one type",
                  "give both the same, e.g. --kv-type " + lower_case(k.name));
  return std::nullopt;
}

Defaults mlxcel_defaults(const ModelInfo&, const std::optional<Device>&) { return {}; }

std::vector<Answer> mlxcel_answers(const ModelInfo& model, const Weights& weights,
                                   const Workload& workload, const Device& device) {
  const Bytes loaded = whole_weights(model, weights, workload).device;
  const Bytes budget = mlxcel::auto_kv_budget(mlxcel_budget(device, workload),
                                              mlxcel_compute(model, weights, workload).device,
                                              loaded, in_flight(workload));
  constexpr std::uint64_t hundredth_billion = 10'000'000;
  const auto page = mlxcel::cache_terms(mlxcel::config_of(model), 1, cache_type_k(workload));
  const Bytes page_bytes = context_of(page).bytes.device / 256 * page_tokens;
  return {
      {"auto_kv_budget", "automatic KV budget", budget.count, Answer::Unit::bytes},
      {"paged_kv_block", "paged KV block of 32 tokens", page_bytes.count, Answer::Unit::bytes},
      {"counted_params", "parameters that it counts, 10^9",
       mlxcel::counted_params(model) / hundredth_billion, Answer::Unit::hundredths},
  };
}

void mlxcel_explain(const ModelInfo& model, const Weights&, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps) {
  steps.push_back(plain_step("model (device)", memory.model.device, "all tensors as stored"));
  explain_terms(cache_terms(model, workload),
                "K and V in one row, cells in steps of 256; mlxcel kv_arch.rs @0c21aed2", steps);
  const Hparams& hp = model.hparams;
  const std::string n_seq = std::to_string(n_seq_of(workload));
  const std::uint64_t n_ctx = std::min(tokens_per_sequence(workload), mlxcel::activation_tokens);
  steps.push_back({"compute (device)",
                   "2 * " + n_seq + " * " + std::to_string(n_ctx) + " * (" +
                       std::to_string(hp.n_embd.value_or(0)) + " + " +
                       std::to_string(hp.n_ff.max()) + ") * 2 + " + n_seq + " * " +
                       std::to_string(hp.n_vocab.value_or(0)) + " * 2",
                   memory.compute.device.count,
                   "2 * sequences * min(tokens, 512) * (hidden + intermediate) * 2 bytes, and "
                   "logits; mlxcel memory_estimate.rs @0c21aed2"});
  std::string overhead = "(" + std::to_string(memory.model.device.count) + " + " +
                         std::to_string(memory.context.device.count) + ") / 5";
  if (in_flight(workload) != Bytes{}) overhead += " + " + std::to_string(in_flight(workload).count);
  steps.push_back(
      overhead_step(workload, memory, overhead,
                    "headroom factor 1.20 of weights and cache, and what a ROCm build keeps in "
                    "flight; mlxcel memory_estimate.rs @0c21aed2"));
}

constexpr Rules mlxcel_rules{
    .honours_window = mlxcel::honours_window,
    .weights = whole_weights,
    .context = mlxcel_context,
    .compute = mlxcel_compute,
    .overhead = mlxcel_overhead,
    .budget = mlxcel_budget,
    .reserve = no_reserve,
    .refusal = mlxcel_refusal,
    .defaults = mlxcel_defaults,
    .answers = mlxcel_answers,
    .explain = mlxcel_explain,
};

}  // namespace

constinit const Runtime mlxcel_runtime{
    .name = "mlxcel",
    .title = "mlxcel",
    .version = "0c21aed2",
    .source = "github.com/lablup/mlxcel: memory_estimate.rs, kv_arch.rs, hardware.rs",
    .cell_step = mlxcel::step,
    .cache_types = "f16 bf16 int8",
    .about =
        "its own estimate: weights and cache times 1.20, activations of 512 tokens; one shape "
        "for all layers, windows without prefill, MLA as a latent only in V3; all of the RAM",
    .loads = SchemeFamily::mlx,
    .rules = &mlxcel_rules,
    .backends = "metal rocm",
    .ladder = "BF16 MLX-8 MLX-6 MLX-5 MLX-4 MLX-3 MLX-2",
};

}  // namespace fitvram
