#include "runtimes/vllm/rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"
#include "pricing/sequences.hpp"
#include "runtimes/shared/tensor_parallel.hpp"
#include "runtimes/shared/torch.hpp"
#include "runtimes/vllm/cache.hpp"

namespace fitvram {

namespace {

// config/cache.py @002f10e0: gpu_memory_utilization 0.92 of the card's total memory.
constexpr std::uint32_t default_utilization = 920'000;

// engine/arg_utils.py get_batch_defaults, API server: a card from 70 GiB up that is no A100.
constexpr std::uint32_t large_batch = 8192, small_batch = 2048;
constexpr Bytes large_card = 70 * GiB;

// What start-up logs print and no rule gives, per card: peak activation of the profile run 0.22
// (Llama-3.1-8B, L4) to 2.32 GiB; CUDA graphs 0.19 to 1.51 GiB. Logs of 2024-12 to 2026-06.
constexpr Range activation{Bytes{225 * MiB.count}, Bytes{2376 * MiB.count}};
constexpr Range cuda_graphs{Bytes{194 * MiB.count}, Bytes{1547 * MiB.count}};

constexpr const char* kv_types = "F16 BF16 FP8 INT8 NVFP4";

std::uint64_t request_tokens(const Workload& workload) {
  return tokens_each(workload, n_stream_of(workload));
}

/// What must be alive at once in a feed-forward block of the profile run: the residual, the normed
/// input, gate and up, and their product, in 16 bits.
struct ProfileRun {
  std::uint64_t n_tokens, n_embd, n_ff;
  Bytes bytes() const {
    return Bytes{2} * sat_mul(sat_add(2 * n_embd, sat_mul(3, n_ff)), n_tokens);
  }
};

ProfileRun profile_run(const ModelInfo& model, const Workload& workload) {
  const Hparams& hp = model.hparams;
  const std::uint64_t routed = sat_mul(hp.n_expert_used.max(), hp.n_ff_exp.max());
  const std::uint64_t n_ff = std::max<std::uint64_t>(hp.n_ff.max(), routed) / cards(workload);
  return {workload.n_batch, hp.n_embd.value_or(0), n_ff};
}

Range compute_range(const ModelInfo& model, const Workload& workload) {
  const Bytes least = profile_run(model, workload).bytes();
  return {std::max(activation.low, least) * cards(workload),
          std::max(activation.high, least) * cards(workload)};
}

Range overhead_range(const Workload& workload) {
  return {(outside_allocator.low + cuda_graphs.low) * cards(workload),
          (outside_allocator.high + cuda_graphs.high) * cards(workload)};
}

bool vllm_honours_window(const ModelInfo&) { return true; }

ContextEstimate vllm_context(const ModelInfo& model, const Workload& workload) {
  const PagedPool pool = paged_pool(model, workload);
  const std::uint64_t n_seq = n_stream_of(workload), length = request_tokens(workload);
  ContextEstimate context;
  for (const auto& cache : pool.caches) {
    const std::uint64_t pages = pages_of(cache, length, workload.n_batch);
    const Bytes bytes =
        request_bytes(pool, cache, length, workload.n_batch) * sat_mul(n_seq, cards(workload));
    context.bytes.device += bytes;
    add_cache(context.caches, {cache.role, cache.growth, cache.span, cache.n_layer,
                               cache.block == 0 ? n_seq : sat_mul(pages, cache.block), bytes});
  }
  return context;
}

Placement vllm_compute(const ModelInfo& model, const Weights&, const Workload& workload) {
  return {compute_range(model, workload).high, Bytes{}};
}

void vllm_overhead(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory) {
  memory.compute_provenance = Provenance::assumed;
  memory.compute_range = compute_range(model, workload);
  memory.overhead_range = overhead_range(workload);
  memory.overhead.device = memory.overhead_range->high;
}

Bytes vllm_budget(const Device& device, const Workload& workload) {
  __extension__ using Wide = unsigned __int128;
  const std::uint32_t share = workload.memory_utilization.value_or(default_utilization);
  const std::uint64_t count = std::max(1U, device.count);
  const Wide used =
      Wide{device.total.count / count} * std::min<std::uint64_t>(cards(workload), count);
  return Bytes{static_cast<std::uint64_t>(used * share / 1'000'000)};
}

// The KV types of config/cache.py CacheDType that the type table knows; get_kv_cache_groups and
// unify_kv_cache_spec_page_size of kv_cache_utils.py for what cannot be laid out.
std::optional<Error> vllm_refusal(const ModelInfo& model, const Workload& workload) {
  if (auto refused = server_refusal(model, workload, "vLLM")) return refused;
  const TensorType& k = cache_type_k(workload);
  if (&k != &cache_type_v(workload) || !has_word(kv_types, k.name))
    return refuse("vLLM has no KV cache of " + lower_case(k.name) +
                      (&k == &cache_type_v(workload)
                           ? ""
                           : " keys and " + lower_case(cache_type_v(workload).name) + " values"),
                  "--kv-type f16, bf16, fp8, int8 or nvfp4, for both");
  if (!paged_pool(model, workload).unified)
    return refuse("vLLM cannot give the caches of architecture '" + model.architecture +
                      "' pages of one size",
                  "the widest is no multiple of the others");
  return std::nullopt;
}

Defaults vllm_defaults(const ModelInfo& model, const std::optional<Device>& device) {
  Defaults defaults;
  defaults.n_ctx = model.n_ctx_train;
  defaults.n_batch = defaults.n_ubatch = small_batch;
  // Sparse latent attention is cached in fp8 (fp8_ds_mla), config/cache.py cache_dtype.
  for (const auto& layer : model.layers)
    for (const auto& slot : layer.caches)
      if (slot.role == CacheRole::indexer) defaults.type_kv = find_tensor_type("FP8");
  if (!device) return defaults;
  defaults.n_tp = std::max(1U, device->count);
  const bool large = device->total / defaults.n_tp >= large_card &&
                     lower_case(device->name).find("a100") == std::string::npos;
  if (large) defaults.n_batch = defaults.n_ubatch = large_batch;
  return defaults;
}

std::vector<Answer> vllm_answers(const ModelInfo& model, const Weights& weights,
                                 const Workload& workload, const Device& device) {
  const PagedPool pool = paged_pool(model, workload);
  if (pool.caches.empty()) return {};
  const Bytes budget = vllm_budget(device, workload);
  const Bytes loaded = weights_on_cards(model, weights, workload).device;
  const Range compute = compute_range(model, workload), overhead = overhead_range(workload);
  const auto left = [&](Bytes a, Bytes b) {
    return (budget - loaded - a - (workload.overhead ? *workload.overhead : b)) / cards(workload);
  };
  const Bytes least = left(compute.high, overhead.high), most = left(compute.low, overhead.low);
  const std::uint64_t length = request_tokens(workload);
  const std::uint64_t limit = std::max<std::uint64_t>(model.n_ctx_train, length);
  const auto tokens = [&](Bytes bytes) {
    return kv_cache_tokens(pool, bytes, length, workload.n_batch);
  };
  const auto requests = [&](Bytes bytes) {
    return max_concurrency(pool, bytes, length, workload.n_batch);
  };
  const auto longest = [&](Bytes bytes) {
    return max_model_len(pool, bytes, limit, workload.n_batch);
  };
  using Unit = Answer::Unit;
  const std::string per_request =
      "Maximum concurrency for " + std::to_string(length) + " tokens per request";
  return {
      {"available_kv_cache", "Available KV cache memory, at least", least.count, Unit::bytes},
      {"available_kv_cache_most", "at most", most.count, Unit::bytes},
      {"kv_cache_tokens", "GPU KV cache size, at least", tokens(least), Unit::tokens},
      {"kv_cache_tokens_most", "at most", tokens(most), Unit::tokens},
      {"max_concurrency", per_request + ", at least", requests(least), Unit::hundredths},
      {"max_concurrency_most", "at most", requests(most), Unit::hundredths},
      {"max_model_len", "Estimated maximum model length, at least", longest(least), Unit::tokens},
      {"max_model_len_most", "at most", longest(most), Unit::tokens}};
}

// --quantization fp8 and bitsandbytes pack 16-bit weights while they are loaded; every other form
// is a checkpoint of its own.
std::string vllm_launch(const ModelInfo& model, const std::string& quant,
                        const Workload& workload) {
  const std::string word = checkpoint_word(model);
  if (word.empty()) return {};
  std::string line = "vllm serve " + shell_quoted(word);
  const auto flag = [&](const char* name, const std::string& value) {
    line += std::string(" --") + name + " " + value;
  };
  if (!loaded_as_stored(model, quant)) {
    if (quant == "FP8")
      flag("quantization", "fp8");
    else if (quant == "NF4")
      flag("quantization", "bitsandbytes");
    else
      return {};
  }
  flag("max-model-len", std::to_string(request_tokens(workload)));
  flag("gpu-memory-utilization",
       decimal(workload.memory_utilization.value_or(default_utilization)));
  flag("max-num-batched-tokens", std::to_string(workload.n_batch));
  if (cards(workload) > 1) flag("tensor-parallel-size", std::to_string(cards(workload)));
  const TensorType& type = cache_type_k(workload);
  if (type.name == "FP8" || type.name == "NVFP4") flag("kv-cache-dtype", lower_case(type.name));
  if (type.name == "INT8") flag("kv-cache-dtype", "int8_per_token_head");
  return line;
}

void vllm_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                  const MemoryEstimate& memory, std::vector<Step>& steps) {
  const PagedPool pool = paged_pool(model, workload);
  const std::uint64_t n_seq = n_stream_of(workload), length = request_tokens(workload);
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  const Bytes tables = rope_tables(model, workload.n_tp);
  steps.push_back(
      {"model (device)",
       number(sharded_weights(model, weights, workload.n_tp).count) + " + " + number(tables.count),
       memory.model.device.count,
       "weights on all cards, embeddings padded to 64 rows, towers included, and the "
       "table of rotations"});
  for (const auto& cache : pool.caches) {
    const std::uint64_t pages = pages_of(cache, length, workload.n_batch);
    const std::uint64_t groups = groups_of(pool, cache);
    const std::uint64_t layers = pool.grouped ? pool.group_size : cache.n_layer;
    std::string rule = "cards * requests * groups * layers of a group * pages * bytes of a page; ";
    rule += cache.block == 0 ? "a state takes 2 pages, as wide as those of attention"
                             : "pages of " + number(cache.block) + " tokens";
    if (cache.growth == Growth::sliding)
      rule += ", window - 1 + max_num_batched_tokens of them and one page more";
    if (cache.growth == Growth::chunked) rule += ", chunk + max_num_batched_tokens of them";
    rule += "; vLLM, kv_cache_utils.py @001cabc1";
    add_step(
        steps,
        {figure_of(cache.role, cache.growth, cache.span),
         number(cards(workload)) + " * " + number(n_seq) + " * " + number(groups) + " * " +
             number(layers) + " * " + number(pages) + " * " + number(cache.page.count),
         (cache.page * sat_mul(sat_mul(layers, groups), pages) * sat_mul(n_seq, cards(workload)))
             .count,
         std::move(rule)});
  }
  const std::string cards_of = number(cards(workload)) + " * ";
  const ProfileRun run = profile_run(model, workload);
  const bool logged = activation.high >= run.bytes();
  steps.push_back(
      {"compute (device)",
       cards_of + (logged ? mib_formula(activation.high)
                          : "2 * " + number(workload.n_batch) + " * (2 * " + number(run.n_embd) +
                                " + 3 * " + number(run.n_ff) + ")"),
       memory.compute.device.count,
       logged ? "cards * MiB; peak activation of the profile run, the upper end of what "
                "start-up logs print"
              : "cards * 2 bytes * max_num_batched_tokens * values alive in a "
                "feed-forward block, which is more than start-up logs print"});
  steps.push_back(overhead_step(
      workload, memory,
      cards_of + "(" + mib_formula(outside_allocator.high) + " + " + mib_formula(cuda_graphs.high) +
          ")",
      "cards * MiB outside the allocator and of CUDA graphs, the upper ends of what start-up logs "
      "print"));
}

constexpr Rules vllm_rules{
    .honours_window = vllm_honours_window,
    .weights = weights_on_cards,
    .context = vllm_context,
    .compute = vllm_compute,
    .overhead = vllm_overhead,
    .budget = vllm_budget,
    .reserve = no_reserve,
    .refusal = vllm_refusal,
    .defaults = vllm_defaults,
    .answers = vllm_answers,
    .launch = vllm_launch,
    .explain = vllm_explain,
};

}  // namespace

constinit const Runtime vllm_runtime{
    .name = "vllm",
    .title = "vLLM",
    .version = "2026-08",
    .source =
        "github.com/vllm-project/vllm: v1/core/kv_cache_utils.py, v1/kv_cache_interface.py "
        "@001cabc1, config/cache.py @002f10e0; start-up logs for activation and graphs",
    .cell_step = 16,
    .cache_types = "f16 bf16 fp8 int8 nvfp4",
    .about =
        "0.92 of all memory; pages of 16 tokens, unified and grouped in hybrid models; windows "
        "as window - 1 + batch and a page; MLA whole on every card; as trained unless -c; "
        "activation and CUDA graphs as ranges; safetensors only, as its GGUF support is "
        "experimental",
    .loads = SchemeFamily::safetensors,
    .rules = &vllm_rules,
    .backends = "cuda rocm cpu",
    .ladder = "BF16 FP8 AWQ-4",
};

}  // namespace fitvram
