#include "runtimes/transformers/rules.hpp"

#include <algorithm>

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

constexpr std::uint64_t value_bytes = 2;  // torch_dtype of the checkpoint, 16 bits
constexpr std::uint64_t state_bytes = 4;  // recurrent states are kept in f32

/// Neither in src/transformers/models nor with modeling code in their repositories.
bool cannot_load(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->elsewhere.not_in_transformers;
}

/// One layer's cache as DynamicCache holds it. Latent attention is cached expanded: keys and values
/// of every head (models/deepseek_v3/modeling_deepseek_v3.py).
struct Held {
  CacheEstimate what;
  std::uint64_t values = 0;  ///< keys and values of one token
};

Held held(const ModelInfo& model, std::size_t layer, const CacheSlot& slot,
          const Workload& workload) {
  const Hparams& hp = model.hparams;
  const std::uint64_t n_seq = n_stream_of(workload), length = tokens_each(workload, n_seq);
  Held one{{slot.role, slot.growth, slot.span, 1, length, Bytes{}},
           sat_mul(slot.shape.n_head_kv, std::uint64_t{slot.shape.dim_k} + slot.shape.dim_v)};
  if (slot.role == CacheRole::latent)
    one.values = sat_mul(hp.n_head.at(layer), std::uint64_t{hp.head_dim_k_mla.value_or(0)} +
                                                  hp.head_dim_v_mla.value_or(0));
  if (is_window(slot.growth))
    one.what.cells = std::min<std::uint64_t>(length, std::max(1U, slot.span) - 1);
  if (slot.growth == Growth::constant) one.what.cells = 1;
  const std::uint64_t each = slot.role == CacheRole::recurrent_state ? state_bytes : value_bytes;
  one.what.bytes = Bytes{each} * sat_mul(one.values, sat_mul(one.what.cells, n_seq));
  return one;
}

std::vector<Held> caches_of(const ModelInfo& model, const Workload& workload) {
  std::vector<Held> caches;
  for (std::size_t i = 0; i < model.layers.size() && i < model.n_layer; ++i)
    for (const auto& slot : model.layers[i].caches) {
      const Held one = held(model, i, slot, workload);
      const auto same = std::find_if(caches.begin(), caches.end(), [&](const Held& other) {
        return other.values == one.values && other.what.role == one.what.role &&
               other.what.growth == one.what.growth && other.what.span == one.what.span;
      });
      if (same == caches.end())
        caches.push_back(one);
      else
        ++same->what.n_layer;
    }
  return caches;
}

/// torch.cat holds the old and the new keys (or values) of one layer at once.
Bytes longest_cat(const std::vector<Held>& caches) {
  Bytes most;
  for (const auto& cache : caches)
    if (cache.what.growth != Growth::constant) most = std::max(most, cache.what.bytes / 2);
  return most;
}

struct Moment {
  std::uint64_t n_tokens = 0;  ///< of the prompt, run at once
  std::uint64_t values = 0;    ///< of each: residual, normed input, gate and up, their product
  Bytes cat;
  std::uint64_t logits = 0;
};

Moment moment_of(const ModelInfo& model, const Workload& workload) {
  const Hparams& hp = model.hparams;
  Moment moment;
  moment.n_tokens = workload.n_batch == 0
                        ? workload.n_ctx
                        : std::min<std::uint64_t>(workload.n_ctx, workload.n_batch);
  const std::uint64_t routed = sat_mul(hp.n_expert_used.max(), hp.n_ff_exp.max());
  moment.values =
      2 * std::uint64_t{hp.n_embd.value_or(0)} + 3 * std::max<std::uint64_t>(hp.n_ff.max(), routed);
  moment.cat = longest_cat(caches_of(model, workload));
  moment.logits = sat_mul(hp.n_vocab.value_or(0), std::max(1U, workload.n_seq));
  return moment;
}

bool transformers_honours_window(const ModelInfo&) { return true; }

Placement transformers_weights(const ModelInfo& model, const Weights& weights, const Workload&) {
  return {sharded_weights(model, weights, 1, false), Bytes{}};
}

ContextEstimate transformers_context(const ModelInfo& model, const Workload& workload) {
  ContextEstimate context;
  for (const auto& cache : caches_of(model, workload)) {
    CacheEstimate row = cache.what;
    row.bytes = row.bytes * row.n_layer;
    context.bytes.device += row.bytes;
    add_cache(context.caches, row);
  }
  return context;
}

Placement transformers_compute(const ModelInfo& model, const Weights&, const Workload& workload) {
  const Moment moment = moment_of(model, workload);
  const Bytes activations = Bytes{value_bytes} * sat_mul(moment.n_tokens, moment.values);
  return {std::max(activations, moment.cat) + Bytes{4} * moment.logits, Bytes{}};
}

void transformers_overhead(const ModelInfo& model, const Workload&, MemoryEstimate& memory) {
  memory.overhead_range = outside_allocator;
  memory.overhead.device = outside_allocator.high;
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.growth == Growth::constant) memory.context_provenance = Provenance::assumed;
}

std::optional<Error> transformers_refusal(const ModelInfo& model, const Workload& workload) {
  if (cannot_load(model))
    return refuse("transformers does not load architecture '" + model.architecture + "'",
                  "--runtime llama.cpp");
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.growth == Growth::strided || slot.role == CacheRole::indexer ||
          slot.role == CacheRole::compressor_state)
        return refuse("how transformers sizes the cache of architecture '" + model.architecture +
                          "' is not known",
                      "--runtime llama.cpp");
  for (const TensorType* type : {&cache_type_k(workload), &cache_type_v(workload)})
    if (!has_word("F16 BF16", type->name))
      return refuse(
          "the cache of transformers is in the model's type, not " + lower_case(type->name),
          "--kv-type f16");
  if (workload.n_tp > 1)
    return refuse("tensor parallelism is not counted for transformers", "leave -tp out");
  return std::nullopt;
}

Defaults transformers_defaults(const ModelInfo&, const std::optional<Device>&) {
  Defaults defaults;
  defaults.n_batch = defaults.n_ubatch = 0;
  return defaults;
}

void transformers_explain(const ModelInfo& model, const Weights&, const Workload& workload,
                          const MemoryEstimate& memory, std::vector<Step>& steps) {
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const std::string source = "; transformers, cache_utils.py @004999d9";
  steps.push_back({"model (device)", number(memory.model.device.count), memory.model.device.count,
                   "the checkpoint without next-token-prediction layers, towers included"});
  for (const auto& cache : caches_of(model, workload)) {
    const CacheEstimate& what = cache.what;
    const std::uint64_t each = what.role == CacheRole::recurrent_state ? state_bytes : value_bytes;
    const std::uint64_t n_seq = n_stream_of(workload);
    add_step(steps, {figure_of(what.role, what.growth, what.span),
                     number(what.n_layer) + " * " + number(n_seq) + " * " + number(what.cells) +
                         " * " + number(cache.values) + " * " + number(each),
                     (what.bytes * what.n_layer).count,
                     "layers * sequences * tokens * values * bytes of a value; a window keeps one "
                     "token less than its size" +
                         source});
  }
  const Moment moment = moment_of(model, workload);
  const bool prompt = Bytes{value_bytes} * sat_mul(moment.n_tokens, moment.values) >= moment.cat;
  steps.push_back(
      {"compute (device)",
       (prompt
            ? number(moment.n_tokens) + " * " + number(moment.values) + " * " + number(value_bytes)
            : number(moment.cat.count)) +
           " + 4 * " + number(moment.logits),
       memory.compute.device.count,
       prompt ? "tokens of the prompt * values alive in a feed-forward block * 2 bytes, and the "
                "last logits in f32"
              : "the longer copy while a layer's keys grow by concatenation, and the last logits"});
  steps.push_back(overhead_step(
      workload, memory, mib_formula(outside_allocator.high),
      "MiB that PyTorch takes outside its allocator, the most that vLLM's logs print"));
}

constexpr Rules transformers_rules{
    .honours_window = transformers_honours_window,
    .weights = transformers_weights,
    .context = transformers_context,
    .compute = transformers_compute,
    .overhead = transformers_overhead,
    .budget = whole_device,
    .reserve = no_reserve,
    .refusal = transformers_refusal,
    .defaults = transformers_defaults,
    .explain = transformers_explain,
};

}  // namespace

constinit const Runtime transformers_runtime{
    .name = "transformers",
    .title = "transformers",
    .version = "2026-08",
    .source = "github.com/huggingface/transformers: cache_utils.py @004999d9",
    .cell_step = 1,
    .cache_types = "f16 bf16",
    .about =
        "the exact tokens in 16 bits, windows as window - 1; latent attention expanded to all "
        "heads; the whole prompt at once unless -b; no reserve",
    .loads = SchemeFamily::safetensors,
    .rules = &transformers_rules,
    .backends = "cuda rocm metal cpu",
    .ladder = "BF16 INT8 NF4",
};

}  // namespace fitvram
