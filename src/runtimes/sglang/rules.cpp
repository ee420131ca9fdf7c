#include "runtimes/sglang/rules.hpp"

#include <algorithm>
#include <iterator>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"
#include "pricing/sequences.hpp"
#include "runtimes/shared/tensor_parallel.hpp"
#include "runtimes/shared/torch.hpp"

namespace fitvram {

namespace {

// server_args.py _handle_gpu_memory_settings (blob 8356329): by the card's MiB.
struct CardClass {
  std::uint64_t below_gib;
  std::uint32_t chunked_prefill_size, graph_bs, graph_bs_tp4;
};
constexpr CardClass card_classes[] = {{20, 2048, 8, 8},      {35, 2048, 24, 80},
                                      {60, 4096, 32, 160},   {90, 8192, 256, 512},
                                      {160, 8192, 256, 512}, {UINT64_MAX, 16384, 512, 512}};
constexpr std::uint64_t fixed_reserve_mib = 512;
constexpr std::uint64_t floor_mib = 10 * 1024, large_mib = 60 * 1024;
constexpr std::uint32_t unknown_fraction = 880;

// swa_full_tokens_ratio 0.8 and mamba_full_memory_ratio 0.9, same file.
constexpr std::uint64_t window_tenths = 8, state_tenths = 9;
// mamba_ssm_dtype float32; convolutions in the model's 16 bits. A request takes three slots with
// the radix cache on, and one more is spare.
constexpr std::uint64_t state_value = 4, conv_value = 2, slots_per_request = 3;
constexpr std::uint64_t indexer_scale = 4;

const CardClass& class_of(Bytes card) {
  for (const auto& row : card_classes)
    if (card < row.below_gib * GiB) return row;
  return *std::rbegin(card_classes);
}

/// Layers whose tokens live in the same pool, on one card.
struct Pool {
  CacheEstimate what;
  Bytes token;                ///< of one layer
  std::uint64_t tenths = 10;  ///< of the tokens of the full pool
};

struct Pools {
  std::vector<Pool> pools;
  Bytes slot;  ///< state of one sequence in all layers
  std::uint32_t n_state_layer = 0;

  /// Bytes that the token pools take for each ten tokens.
  Bytes ten_tokens() const {
    Bytes sum;
    for (const auto& pool : pools) sum += pool.token * (pool.tenths * pool.what.n_layer);
    return sum;
  }
};

/// Only the models of hybrid_swa_archs (configs/model_config.py is_hybrid_swa_model) have a smaller
/// pool for their window layers; others keep every token in every layer.
/// configs/model_config.py is_hybrid_swa_model.
bool sglang_honours_window(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->elsewhere.sglang_windows;
}

Pools pools_of(const ModelInfo& model, const Workload& workload) {
  const TensorType& type = cache_type_k(workload);
  const bool honours = sglang_honours_window(model);
  Pools all;
  for (std::size_t i = 0; i < model.layers.size() && i < model.n_layer; ++i) {
    bool state = false;
    for (CacheSlot slot : model.layers[i].caches) {
      const HeadShape& s = slot.shape;
      const std::uint64_t heads = s.n_head_kv;
      if (slot.growth == Growth::constant) {
        const bool conv = slot.role == CacheRole::conv_state;
        all.slot += split_state(heads * (std::uint64_t{s.dim_k} + s.dim_v),
                                conv ? conv_value : state_value, cards(workload));
        state = true;
        continue;
      }
      Pool pool;
      const bool window = is_window(slot.growth);
      if (window && honours) pool.tenths = window_tenths;
      if (window && !honours) slot.growth = Growth::full, slot.span = 0;
      pool.what = {slot.role, slot.growth, slot.span, 1, 0, Bytes{}};
      if (slot.role == CacheRole::indexer)
        pool.token = Bytes{heads * (s.dim_k + indexer_scale)};
      else if (slot.role == CacheRole::latent)
        pool.token = row_bytes(type, s.dim_k) * heads;
      else
        pool.token = (row_bytes(type, s.dim_k) + row_bytes(type, s.dim_v)) *
                     std::max<std::uint64_t>(1, heads / cards(workload));
      const auto same = std::find_if(all.pools.begin(), all.pools.end(), [&](const Pool& other) {
        return other.token == pool.token && other.what.role == pool.what.role &&
               other.what.growth == pool.what.growth && other.what.span == pool.what.span;
      });
      if (same == all.pools.end())
        all.pools.push_back(pool);
      else
        ++same->what.n_layer;
    }
    if (state) ++all.n_state_layer;
  }
  return all;
}

std::uint64_t slots(const Workload& workload) {
  return slots_per_request * n_stream_of(workload) + 1;
}

/// Token pools and state slots share the memory 10 to 9, so whichever needs more decides.
struct Shares {
  std::uint64_t n_tokens;  ///< of the full pool
  std::uint64_t n_slots;
};
Shares shares_of(const Pools& pools, const Workload& workload) {
  Shares shares{workload.n_ctx, pools.n_state_layer == 0 ? 0 : slots(workload)};
  const Bytes ten = pools.ten_tokens();
  if (pools.n_state_layer == 0 || ten == Bytes{} || pools.slot == Bytes{}) return shares;
  const Bytes tokens = ten * ceil_div(workload.n_ctx, 10);
  const Bytes states = pools.slot * shares.n_slots;
  if (tokens * state_tenths > states * 10)
    shares.n_slots = ceil_div((tokens * state_tenths / 10).count, pools.slot.count);
  else
    shares.n_tokens = sat_mul(ceil_div((states * 10 / state_tenths).count, ten.count), 10);
  return shares;
}

std::uint64_t tokens_in(const Pool& pool, std::uint64_t n_tokens) {
  return ceil_div(sat_mul(n_tokens, pool.tenths), 10);
}

ContextEstimate sglang_context(const ModelInfo& model, const Workload& workload) {
  const Pools pools = pools_of(model, workload);
  const Shares shares = shares_of(pools, workload);
  ContextEstimate context;
  for (const auto& pool : pools.pools) {
    CacheEstimate cache = pool.what;
    cache.cells = tokens_in(pool, shares.n_tokens);
    cache.bytes = pool.token * sat_mul(cache.cells, std::uint64_t{cache.n_layer} * cards(workload));
    context.bytes.device += cache.bytes;
    add_cache(context.caches, cache);
  }
  if (pools.n_state_layer == 0) return context;
  const Bytes states = pools.slot * sat_mul(shares.n_slots, cards(workload));
  context.bytes.device += states;
  add_cache(context.caches, {CacheRole::recurrent_state, Growth::constant, 0, pools.n_state_layer,
                             shares.n_slots, states});
  return context;
}

Placement sglang_compute(const ModelInfo&, const Weights&, const Workload&) { return {}; }

void sglang_overhead(const ModelInfo&, const Workload&, MemoryEstimate&) {}

Bytes sglang_budget(const Device& device, const Workload& workload) {
  const std::uint64_t count = std::max(1U, device.count);
  const Bytes card = device.total / count;
  const std::uint64_t share =
      workload.memory_utilization
          ? *workload.memory_utilization
          : std::uint64_t{1000} * mem_fraction_static(card, cards(workload), workload.n_batch);
  const Bytes used = card * std::min<std::uint64_t>(cards(workload), count);
  return used / 1'000'000 * share + Bytes{used.count % 1'000'000 * share / 1'000'000};
}

std::optional<Error> sglang_refusal(const ModelInfo& model, const Workload& workload) {
  if (auto refused = server_refusal(model, workload, "SGLang")) return refused;
  const TensorType& k = cache_type_k(workload);
  if (&k != &cache_type_v(workload) || !has_word("F16 BF16 FP8", k.name))
    return refuse("SGLang has no KV cache of " + lower_case(k.name),
                  "--kv-type f16, bf16 or fp8, for both keys and values");
  return std::nullopt;
}

Defaults sglang_defaults(const ModelInfo& model, const std::optional<Device>& device) {
  Defaults defaults;
  defaults.n_ctx = model.n_ctx_train;
  defaults.n_batch = defaults.n_ubatch = 4096;
  if (!device) return defaults;
  defaults.n_tp = std::max(1U, device->count);
  defaults.n_batch = class_of(device->total / defaults.n_tp).chunked_prefill_size;
  defaults.n_ubatch = defaults.n_batch;
  return defaults;
}

std::vector<Answer> sglang_answers(const ModelInfo& model, const Weights& weights,
                                   const Workload& workload, const Device& device) {
  const Pools pools = pools_of(model, workload);
  const Bytes budget = sglang_budget(device, workload);
  const Bytes left = (budget - weights_on_cards(model, weights, workload).device) / cards(workload);
  const Bytes card = device.total / std::max(1U, device.count);
  const std::uint64_t fraction = workload.memory_utilization
                                     ? *workload.memory_utilization / 1000
                                     : mem_fraction_static(card, cards(workload), workload.n_batch);
  using Unit = Answer::Unit;
  std::vector<Answer> answers{
      {"mem_fraction_static", "mem_fraction_static", fraction, Unit::thousandths},
      {"reserved", "Left for activations and CUDA graphs, on each card",
       (card - budget / cards(workload)).count, Unit::bytes}};
  const Bytes ten = pools.ten_tokens();
  if (ten == Bytes{}) return answers;
  const bool states = pools.n_state_layer != 0;
  const Bytes tokens = states ? left / (10 + state_tenths) * 10 : left;
  answers.push_back(
      {"max_total_num_tokens", "max_total_num_tokens",
       sat_mul(tokens.count / ten.count, 10) + tokens.count % ten.count * 10 / ten.count,
       Unit::tokens});
  return answers;
}

std::string sglang_launch(const ModelInfo& model, const std::string& quant,
                          const Workload& workload) {
  const std::string word = checkpoint_word(model);
  if (word.empty()) return {};
  std::string line = "python -m sglang.launch_server --model-path " + shell_quoted(word);
  if (!loaded_as_stored(model, quant)) {
    if (quant != "FP8") return {};
    line += " --quantization fp8";
  }
  line += " --context-length " + std::to_string(tokens_each(workload, n_stream_of(workload)));
  if (workload.memory_utilization)
    line += " --mem-fraction-static " + decimal(*workload.memory_utilization);
  line += " --chunked-prefill-size " + std::to_string(workload.n_batch);
  if (cards(workload) > 1) line += " --tp-size " + std::to_string(cards(workload));
  if (cache_type_k(workload).name == "FP8") line += " --kv-cache-dtype fp8_e4m3";
  return line;
}

void sglang_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps) {
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const Pools pools = pools_of(model, workload);
  const Shares shares = shares_of(pools, workload);
  const std::string source = "; SGLang, model_runner_kv_cache_mixin.py @001ccef0";
  steps.push_back({"model (device)",
                   number(sharded_weights(model, weights, workload.n_tp).count) + " + " +
                       number(rope_tables(model, workload.n_tp).count),
                   memory.model.device.count,
                   "weights on all cards, embeddings padded to 64 rows, towers included, and the "
                   "table of rotations"});
  for (const auto& pool : pools.pools) {
    const std::uint64_t tokens = tokens_in(pool, shares.n_tokens);
    add_step(
        steps,
        {figure_of(pool.what.role, pool.what.growth, pool.what.span),
         number(cards(workload)) + " * " + number(pool.what.n_layer) + " * " + number(tokens) +
             " * " + number(pool.token.count),
         (pool.token * sat_mul(tokens, std::uint64_t{pool.what.n_layer} * cards(workload))).count,
         std::string("cards * layers * tokens * bytes of a token") +
             (pool.tenths == 10 ? "" : ", 0.8 of the tokens of a full layer") + source});
  }
  if (pools.n_state_layer != 0)
    steps.push_back({"context / recurrent-state constant",
                     number(cards(workload)) + " * " + number(shares.n_slots) + " * " +
                         number(pools.slot.count),
                     (pools.slot * sat_mul(shares.n_slots, cards(workload))).count,
                     "cards * slots * bytes of the states of all layers; states and tokens share "
                     "the memory 9 to 10" +
                         source});
}

}  // namespace

std::uint32_t mem_fraction_static(Bytes vram, std::uint32_t n_tp, std::uint32_t n_batch) {
  const std::uint64_t mib = vram.count / MiB.count;
  if (mib == 0) return unknown_fraction;
  const CardClass& row = class_of(vram);
  const std::uint64_t chunk = std::max<std::uint64_t>(n_batch, 2048);
  std::uint64_t reserved = fixed_reserve_mib + chunk * 3 / 2 +
                           std::uint64_t{2} * (n_tp >= 4 ? row.graph_bs_tp4 : row.graph_bs) +
                           n_tp * 1024 / 8;
  if (mib > large_mib) reserved = std::max(reserved, floor_mib);
  if (reserved >= mib) return 0;
  return static_cast<std::uint32_t>((2000 * (mib - reserved) + mib) / (2 * mib));
}

namespace {

constexpr Rules sglang_rules{
    .honours_window = sglang_honours_window,
    .weights = weights_on_cards,
    .context = sglang_context,
    .compute = sglang_compute,
    .overhead = sglang_overhead,
    .budget = sglang_budget,
    .reserve = no_reserve,
    .refusal = sglang_refusal,
    .defaults = sglang_defaults,
    .answers = sglang_answers,
    .launch = sglang_launch,
    .explain = sglang_explain,
};

}  // namespace

constinit const Runtime sglang_runtime{
    .name = "sglang",
    .title = "SGLang",
    .version = "2026-08",
    .source =
        "github.com/sgl-project/sglang: srt/server_args.py (blob 8356329), "
        "model_runner_kv_cache_mixin.py @001ccef0, configs/model_config.py",
    .cell_step = 1,
    .cache_types = "f16 bf16 fp8",
    .about =
        "mem_fraction_static of all memory for weights and tokens; window layers of Gemma 4, "
        "gpt-oss, Llama 4, MiMo-V2 and Step-3.5 as 0.8 of the tokens, others ignored; states as "
        "0.9 of the token pool; MLA whole on every card; as trained unless -c",
    .loads = SchemeFamily::safetensors,
    .rules = &sglang_rules,
    .backends = "cuda rocm",
    .ladder = "BF16 FP8 AWQ-4",
};

}  // namespace fitvram
