#include "runtimes/sharpinference/rules.hpp"

#include <algorithm>
#include <bit>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "pricing/backends.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"
#include "pricing/sequences.hpp"

namespace fitvram {

namespace sharp {

namespace {

constexpr std::uint64_t ring_headroom = 4096;  // SwaRingHeadroom = max(PrefillBatchChunk, 4096)
constexpr std::uint64_t least_n_ctx = 512;
constexpr Bytes least_budget = 64 * MiB;
constexpr Bytes budget_of_unknown_card = 8 * GiB;

const TensorType& f32() { return *find_tensor_type("F32"); }

/// Values of K, and of V, per token: of the layer itself or of the model's one shape.
std::uint64_t row_width(const ModelInfo& model, const CacheSlot& slot) {
  if (honours_window(model)) return std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_k;
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

// LayerHeadDim is set by the reader of Gemma 4 alone; without it every layer counts alike.
bool honours_window(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->elsewhere.sharpinference_windows;
}

Placement uploaded_weights(const ModelInfo& model, const Weights& weights,
                           const Workload& workload) {
  Placement sum;
  if (weights.types.size() != model.tensors.size() || model.tensors.empty()) {
    sum.device = weights.flat;
    return sum;
  }
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const Tensor& tensor = model.tensors[i];
    const bool in_layer = tensor.layer >= 0;
    const auto layer = in_layer ? static_cast<std::uint32_t>(tensor.layer) : 0;
    if (in_layer && layer >= model.n_layer) continue;
    const bool host = tensor.role == TensorRole::per_layer_embd ||
                      (in_layer && layer >= workload.n_gpu_layers) || workload.n_gpu_layers == 0;
    if (host)
      sum.host += tensor_bytes(tensor, *weights.types[i]);
    else
      sum.device += uploaded(tensor, *weights.types[i]);
  }
  sum.device = part_of(weights, sum.device);
  sum.host = part_of(weights, sum.host);
  return sum;
}

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
  const bool ring = slot.growth == Growth::sliding && honours_window(model);
  one.growth = ring ? Growth::sliding : Growth::full;
  one.cells = ring ? std::min(n_ctx, slot.span + ring_headroom) : n_ctx;
  one.width = row_width(model, slot);
  one.bytes = pool_bucket(values(sat_mul(one.cells, one.width), type));
  return one;
}

Bytes reserve(const ModelInfo& model, Bytes vram, Reserve rule) {
  const bool windows = honours_window(model);
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
  const Bytes taken = uploaded_weights(model, weights, Workload{}).device + scratch(model) +
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
  if (honours_window(model)) return max_ctx_of_layers(model, type, budget, most);
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

}  // namespace sharp

namespace {

const TensorType& type_of(const Workload& workload) {
  return workload.type_k != nullptr ? *workload.type_k : *find_tensor_type("F32");
}

/// Tokens of one sequence: never more than the model was trained on (SharpInference #228).
std::uint64_t tokens(const ModelInfo& model, const Workload& workload) {
  const std::uint64_t n_ctx = tokens_each(workload, n_seq_of(workload));
  return model.n_ctx_train == 0 ? n_ctx : std::min<std::uint64_t>(n_ctx, model.n_ctx_train);
}

ContextEstimate sharpinference_context(const ModelInfo& model, const Workload& workload) {
  ContextEstimate context;
  const std::uint64_t n_ctx = tokens(model, workload), n_seq = n_seq_of(workload);
  const TensorType& type = type_of(workload);
  const std::size_t n = std::min<std::size_t>(model.n_layer, model.layers.size());
  for (std::size_t i = 0; i < n; ++i) {
    const CacheSlot* slot = sharp::kv_slot(model.layers[i]);
    if (slot == nullptr || n_ctx == 0) continue;
    const sharp::Buffer one = sharp::buffer(model, *slot, n_ctx, type);
    const Bytes bytes = 2 * n_seq * one.bytes;
    (i < workload.n_gpu_layers ? context.bytes.device : context.bytes.host) += bytes;
    const std::uint32_t span = one.growth == Growth::sliding ? slot->span : 0;
    add_cache(context.caches, {CacheRole::kv, one.growth, span, 1, one.cells, bytes});
  }
  return context;
}

Placement sharpinference_compute(const ModelInfo& model, const Weights&, const Workload&) {
  Placement compute;
  compute.device = sharp::scratch(model);
  return compute;
}

// The buffers of a prefill chunk live in what the reserve keeps free.
void sharpinference_overhead(const ModelInfo& model, const Workload& workload,
                             MemoryEstimate& memory) {
  const Bytes driver = backend_of(workload).overhead;
  const std::uint64_t chunk = std::min(tokens(model, workload), prefill_tokens);
  memory.overhead.device = driver + Bytes{4} * chunk * prefill_width(model);
  memory.overhead_range = Range{driver, memory.overhead.device};
}

Bytes sharpinference_reserve(const ModelInfo& model, const Device& device, const Workload&) {
  return sharp::reserve(model, device.vram);
}

std::optional<Error> sharpinference_refusal(const ModelInfo& model, const Workload& workload) {
  for (const Layer& layer : model.layers) {
    for (const auto& slot : layer.caches) {
      if (slot.role == CacheRole::kv && slot.growth != Growth::strided) continue;
      return refuse("SharpInference's rules for a " + std::string(name_of(slot.role)) + " cache (" +
                        model.architecture + ") are not known",
                    "its forward pass for dense models and Gemma 4 is what was read");
    }
  }
  const TensorType& type = type_of(workload);
  if (workload.type_v != workload.type_k && workload.type_v != nullptr && workload.type_v != &type)
    return refuse("SharpInference keeps K and V in one type",
                  "give both the same, e.g. --kv-type " + lower_case(type.name));
  const bool known = type.name == "F32" || type.name == "BF16" || type.name == "Q8_0";
  if (!known)
    return refuse("SharpInference has no cache type " + lower_case(type.name), "f32, bf16 or q8_0");
  if (type.quantized() && !sharp::q8_0_possible(model))
    return refuse("a q8_0 cache needs rows of whole blocks of 32 values", "use --kv-type bf16");
  return std::nullopt;
}

Defaults sharpinference_defaults(const ModelInfo&, const std::optional<Device>&) { return {}; }

Workload sharpinference_resolve(const ModelInfo& model, const Weights& weights,
                                const Workload& workload, const Device& device) {
  Workload run = workload;
  const std::uint64_t n_ctx = tokens(model, workload), n_seq = n_seq_of(workload);
  run.n_ctx = sat_mul(n_ctx, n_seq);
  if (workload.type_k != nullptr || model.layers.empty()) return run;
  const Bytes budget = sharp::available(model, weights, device.vram) / n_seq;
  const auto cache = [&](const char* type) {
    return sharp::kv_cache(model, n_ctx, *find_tensor_type(type));
  };
  run.type_k = run.type_v = &sharp::cache_type(budget, cache("F32"), cache("BF16"),
                                               sharp::q8_0_possible(model), workload.type_v);
  return run;
}

std::uint64_t sharpinference_own_n_ctx(const ModelInfo& model, const Weights& weights,
                                       const Workload& workload, const Device& device) {
  const std::uint64_t n_seq = n_seq_of(workload);
  const Bytes budget = sharp::available(model, weights, device.vram) / n_seq;
  return sat_mul(sharp::max_ctx(model, type_of(workload), budget), n_seq);
}

bool sharpinference_loads_all_blocks(const ModelInfo& model, const Workload& workload) {
  return workload.n_gpu_layers >= model.n_layer;
}

std::vector<Answer> sharpinference_answers(const ModelInfo& model, const Weights& weights,
                                           const Workload& workload, const Device& device) {
  return {
      {"auto_n_ctx", "context chosen automatically",
       sharpinference_own_n_ctx(model, weights, workload, device), Answer::Unit::tokens},
      {"available_kv", "estimated VRAM for the cache",
       sharp::available(model, weights, device.vram).count, Answer::Unit::bytes},
  };
}

void sharpinference_explain(const ModelInfo& model, const Weights&, const Workload& workload,
                            const MemoryEstimate& memory, std::vector<Step>& steps) {
  steps.push_back(plain_step("model (device)", memory.model.device,
                             "tensors as stored, rounded up to 4 bytes, where its kernels read "
                             "their type (F32, Q4_0, Q4_K, Q6_K, Q8_0); others as 32-bit floats"));
  steps.push_back(plain_step("model (host)", memory.model.host, "per-layer embeddings"));
  const TensorType& type = type_of(workload);
  const std::uint64_t n_ctx = tokens(model, workload), n_seq = n_seq_of(workload);
  for (const CacheEstimate& cache : memory.caches) {
    Step step{figure_of(cache.role, cache.growth, cache.span), "", cache.bytes.count, ""};
    const Layer* before = nullptr;
    std::uint64_t n_layer = 0;
    const auto add = [&] {
      if (n_layer == 0) return;
      const auto one = sharp::buffer(model, *sharp::kv_slot(*before), n_ctx, type);
      step.formula += (step.formula.empty() ? "" : " + ") + std::to_string(n_layer) + " * 2 * " +
                      std::to_string(n_seq) + " * " + std::to_string(one.bytes.count);
      step.rule += (step.rule.empty() ? "" : ", ") + std::to_string(one.cells) + " * " +
                   std::to_string(one.width) + " values of " + lower_case(type.name);
      n_layer = 0;
    };
    for (std::size_t i = 0; i < std::min<std::size_t>(model.n_layer, model.layers.size()); ++i) {
      const CacheSlot* slot = sharp::kv_slot(model.layers[i]);
      if (slot == nullptr) continue;
      const bool ring = sharp::buffer(model, *slot, n_ctx, type).growth == Growth::sliding;
      if ((ring ? slot->span : 0) != cache.span) continue;
      if (before != nullptr && before->caches != model.layers[i].caches) add();
      before = &model.layers[i];
      ++n_layer;
    }
    add();
    step.rule =
        "layers * K and V * sequences * buffer; a buffer is a power of two of bytes that "
        "holds " +
        step.rule + "; SharpInference @429b9df5";
    steps.push_back(std::move(step));
  }
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const Hparams& hp = model.hparams;
  const std::string dim = number(hp.head_dim_k.value_or(0));
  steps.push_back({"compute (device)",
                   "4 * (3 * " + number(hp.n_embd.value_or(0)) + " + 2 * " +
                       number(hp.n_head.max()) + " * " + dim + " + 2 * " +
                       number(hp.n_head_kv.max()) + " * " + dim + " + 2 * " +
                       number(hp.n_ff.max()) + " + " + number(hp.n_vocab.value_or(0)) + ")",
                   memory.compute.device.count,
                   "4 bytes * (3 embeddings + 2 queries + 2 K + 2 feed-forward + vocabulary), one "
                   "token; SharpInference @429b9df5"});
  const Bytes driver = backend_of(workload).overhead;
  steps.push_back(overhead_step(
      workload, memory,
      mib_formula(driver) + " + 4 * " + number(std::min(n_ctx, prefill_tokens)) + " * " +
          number(prefill_width(model)),
      "driver, and 4 bytes * tokens of a prefill chunk * values of a token: the upper end of a "
      "range; SharpInference CudaForwardPass.cs @429b9df5"));
}

constexpr Rules sharpinference_rules{
    .honours_window = sharp::honours_window,
    .weights = sharp::uploaded_weights,
    .context = sharpinference_context,
    .compute = sharpinference_compute,
    .overhead = sharpinference_overhead,
    .budget = whole_device,
    .reserve = sharpinference_reserve,
    .refusal = sharpinference_refusal,
    .defaults = sharpinference_defaults,
    .answers = sharpinference_answers,
    .explain = sharpinference_explain,
    .resolve = sharpinference_resolve,
    .own_n_ctx = sharpinference_own_n_ctx,
    .own_n_ctx_rule =
        "the most tokens whose cache takes no more than what the model, a token's buffers "
        "and the reserve leave, 512 at least and the trained length at most; "
        "SharpInference SolveMaxCtxForKv @429b9df5",
    .loads_all_blocks = sharpinference_loads_all_blocks,
};

}  // namespace

constinit const Runtime sharpinference_runtime{
    .name = "sharpinference",
    .title = "SharpInference",
    .version = "429b9df5",
    .source = "github.com/pekkah/SharpInference: CudaForwardPass.cs, CudaBackend.cs",
    .cell_step = 1,
    .cache_types = "f32 bf16 q8_0",
    .about =
        "every K and V buffer a power of two of bytes; Gemma 4's windows as rings of window + "
        "4096; f32 cache, narrowed to fit unless given; its own automatic context",
    .loads = SchemeFamily::gguf,
    .rules = &sharpinference_rules,
    .backends = "cuda",
};

}  // namespace fitvram
