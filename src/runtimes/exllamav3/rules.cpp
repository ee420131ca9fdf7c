#include "runtimes/exllamav3/rules.hpp"

#include <algorithm>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "pricing/backends.hpp"
#include "pricing/cache_terms.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"
#include "runtimes/shared/single_device.hpp"

namespace fitvram {

namespace {

constexpr std::uint32_t page = 256;           // PAGE_SIZE, constants.py
constexpr std::uint64_t ring_headroom = 512;  // cache/recurrent.py: ring of window + 512 tokens
constexpr std::uint64_t least_slots = 16;     // max_batch_size, cache/cache.py

/// architectures.py lists the class of the model.
bool loads_type(const ModelInfo& model) {
  const auto words = family_words(model);
  return std::any_of(words.begin(), words.end(), [](std::string_view word) {
    const Family* family = find_family_of_hf(word);
    return family != nullptr && has_word(family->elsewhere.exllamav3, word);
  });
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
      return refuse("exllamav3 has no cache type " + lower_case(name),
                    "f16, or 2 to 8 bits: q2 ... q8");
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

constexpr Rules exllamav3_rules{
    .honours_window = exllamav3_honours_window,
    .weights = whole_weights,
    .context = exllamav3_context,
    .compute = exllamav3_compute,
    .overhead = exllamav3_overhead,
    .budget = whole_device,
    .reserve = no_reserve,
    .refusal = exllamav3_refusal,
    .defaults = exllamav3_defaults,
    .explain = exllamav3_explain,
};

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
    .rules = &exllamav3_rules,
    .backends = "cuda",
    .ladder =
        "BF16 EXL3-8.0 EXL3-6.0 EXL3-5.0 EXL3-4.5 EXL3-4.0 EXL3-3.5 EXL3-3.0 EXL3-2.5 EXL3-2.0",
};

}  // namespace fitvram
