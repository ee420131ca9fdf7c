#include "runtimes/exllamav3/rules.hpp"

#include <algorithm>
#include <array>

#include "base/refuse.hpp"
#include "base/sorted.hpp"
#include "base/text.hpp"
#include "pricing/backends.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "runtimes/shared/single_device.hpp"

namespace fitvram {

namespace {

constexpr std::uint32_t page = 256;           // PAGE_SIZE, constants.py
constexpr std::uint64_t ring_headroom = 512;  // cache/recurrent.py: ring of window + 512 tokens
constexpr std::uint64_t least_slots = 16;     // max_batch_size, cache/cache.py

// The model types of the classes that architectures.py lists, sorted.
constexpr std::string_view types[] = {
    "afmoe",         "apertus",     "arcee",        "cohere",         "cohere2",     "deepseek_v3",
    "dots1",         "ernie4_5",    "ernie4_5_moe", "exaone4",        "gemma2",      "gemma3",
    "gemma3_text",   "gemma4",      "gemma4_text",  "gemma4_unified", "glm4",        "glm4_moe",
    "glm4_moe_lite", "glm4v",       "glm4v_moe",    "glm_moe_dsa",    "gpt_oss",     "hy_v3",
    "hyperclovax",   "iquestcoder", "kimi_k2",      "laguna",         "lfm2",        "lfm2_moe",
    "lfm2_vl",       "llama",       "mimo",         "minimax_m2",     "ministral3",  "mistral",
    "mistral3",      "mixtral",     "nemotron-nas", "nemotron_h",     "olmo3",       "phi3",
    "qwen2",         "qwen2_5_vl",  "qwen3",        "qwen3_5",        "qwen3_5_moe", "qwen3_moe",
    "qwen3_next",    "qwen3_vl",    "qwen3_vl_moe", "seed_oss",       "smollm3",     "solar_open",
    "step3p5",
};

static_assert(sorted_and_unique(types));

bool loads_type(const ModelInfo& model) {
  const std::string words = family_words(model);
  std::string_view rest = words;
  while (!rest.empty()) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (std::binary_search(std::begin(types), std::end(types), rest.substr(0, space))) return true;
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return false;
}

std::uint64_t slots(const Workload& workload) {
  return std::max<std::uint64_t>(least_slots, workload.n_seq);
}

std::vector<CacheTerm> cache_terms(const ModelInfo& model, const Workload& workload) {
  const TensorType& plain = *find_tensor_type("F16");
  const std::uint64_t full = round_up(workload.n_ctx, page);
  const std::uint64_t n_rot = model.hparams.n_rot.value_or(0);
  return terms_of_slots(model, [&](const CacheSlot& slot, SlotTerms& terms) {
    CacheTerm& term = terms.term;
    if (slot.growth == Growth::constant) {
      term.growth = Growth::constant;
      term.n_seq = slots(workload);
      const TensorType& type = slot.role == CacheRole::conv_state ? plain : state_type();
      terms.add_both(1, type, type);
    } else if (is_window(slot.growth)) {
      term.growth = slot.growth, term.span = slot.span;
      term.n_seq = slots(workload);
      terms.add_both(round_up(sat_add(slot.span, ring_headroom), page), plain, plain);
    } else if (slot.role == CacheRole::latent) {
      const std::uint64_t rope = std::min(terms.width_k, n_rot);
      terms.add(terms.width_k - rope, full, cache_type_k(workload));
      terms.add(rope, full, plain);
    } else if (slot.role == CacheRole::kv) {
      terms.add_both(full, cache_type_k(workload), cache_type_v(workload));
    } else {
      terms.add_both(full, plain, plain);
    }
  });
}

bool exllamav3_honours_window(const ModelInfo&) { return true; }

ContextEstimate exllamav3_context(const ModelInfo& model, const Workload& workload) {
  return context_of(cache_terms(model, workload));
}

Placement exllamav3_compute(const ModelInfo& model, const Weights&, const Workload& workload) {
  Placement compute;
  const std::uint64_t chunk = std::min<std::uint64_t>(workload.n_ctx, workload.n_batch);
  compute.device = chunk_workspace(model, chunk, std::max(1U, workload.n_seq));
  return compute;
}

void exllamav3_overhead(const ModelInfo&, const Workload& workload, MemoryEstimate& memory) {
  memory.overhead.device = backend_of(workload).overhead;
}

std::optional<Error> exllamav3_refusal(const ModelInfo& model, const Workload& workload) {
  if (model.layers.empty()) return std::nullopt;
  if (!loads_type(model))
    return refuse("exllamav3 has no model of type " +
                      (model.model_type.empty() ? model.architecture : model.model_type),
                  "--runtime llama.cpp knows most others");
  for (const TensorType* type : {&cache_type_k(workload), &cache_type_v(workload)}) {
    const std::string_view name = type->name;
    const bool bits = name.size() == 2 && name[0] == 'Q' && name[1] >= '2' && name[1] <= '8';
    if (!bits && name != "F16")
      return refuse("exllamav3 has no cache type " + lower(name), "f16, or 2 to 8 bits: q2 ... q8");
  }
  return std::nullopt;
}

Defaults exllamav3_defaults(const ModelInfo&, const std::optional<Device>&) { return {}; }

void exllamav3_explain(const ModelInfo& model, const Weights&, const Workload& workload,
                       const MemoryEstimate& memory, std::vector<Step>& steps) {
  steps.push_back(plain_step("model (device)", memory.model.device, "all tensors as stored"));
  explain_terms(cache_terms(model, workload),
                "pages of 256 tokens shared by all sequences; windows and states once for each of "
                "16 slots; exllamav3 cache/*.py 4f8ad012",
                steps);
  steps.push_back(explain_chunk_workspace(model,
                                          std::min<std::uint64_t>(workload.n_ctx, workload.n_batch),
                                          std::max(1U, workload.n_seq)));
  steps.push_back(overhead_step(workload, memory));
}

}  // namespace

constinit const Runtime exllamav3_runtime{
    .name = "exllamav3",
    .title = "exllamav3",
    .version = "4f8ad012",
    .source =
        "github.com/turboderp-org/exllamav3 (2026-08-08): exllamav3/cache, constants.py, "
        "architecture/architectures.py @000ad6a2",
    .cell_step = page,
    .cache_types = "f16 q8 q7 q6 q5 q4 q3 q2",
    .about =
        "pages of 256 tokens shared by all sequences; K and V in 2 to 8 bits each; windows as "
        "f16 rings of window + 512 for 16 slots; MLA as a latent; EXL3 only",
    .loads = SchemeFamily::exl,
    .rules = {.honours_window = exllamav3_honours_window,
              .weights = whole_weights,
              .context = exllamav3_context,
              .compute = exllamav3_compute,
              .overhead = exllamav3_overhead,
              .budget = whole_device,
              .reserve = no_reserve,
              .refusal = exllamav3_refusal,
              .defaults = exllamav3_defaults,
              .explain = exllamav3_explain},
    .backends = "cuda",
    .ladder =
        "BF16 EXL3-8.0 EXL3-6.0 EXL3-5.0 EXL3-4.5 EXL3-4.0 EXL3-3.5 EXL3-3.0 EXL3-2.5 EXL3-2.0",
};

}  // namespace fitvram
