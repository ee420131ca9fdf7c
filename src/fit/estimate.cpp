#include "fitvram/estimate.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "families/family.hpp"
#include "fit/estimate.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/context_size.hpp"
#include "pricing/rules.hpp"

namespace fitvram {

Placement model_bytes(const ModelInfo& model, const Weights& weights, const Workload& workload,
                      const Runtime& runtime) {
  return runtime.rules->weights(model, weights, workload);
}

ContextEstimate context_estimate(const ModelInfo& model, const Workload& workload,
                                 const Runtime& runtime) {
  return runtime.rules->context(model, workload);
}

void add_overhead(const ModelInfo& model, const Workload& workload, const Runtime& runtime,
                  MemoryEstimate& memory) {
  runtime.rules->overhead(model, workload, memory);
  if (!workload.overhead || memory.overhead.device.count == 0) return;
  memory.overhead.device = *workload.overhead;
  memory.overhead_range.reset();
}

MemoryEstimate estimate(const ModelInfo& model, const Weights& weights, const Workload& workload,
                        const Runtime& runtime) {
  return estimate_with(model, weights, workload, runtime, {});
}

MemoryEstimate estimate_with(const ModelInfo& model, const Weights& weights,
                             const Workload& workload, const Runtime& runtime, const Given& given) {
  const ContextSize size = context_size(workload, runtime.cell_step);
  MemoryEstimate memory;
  memory.n_ctx = size.n_ctx;
  memory.n_ctx_seq = size.n_ctx_seq;
  memory.model = given.model ? *given.model : model_bytes(model, weights, workload, runtime);
  memory.model_provenance = weights.provenance;
  memory.notes = weights.notes;

  if (model.format == ModelFormat::parameters) {
    const WindowHint hint = window_hint(model.name);
    const Bytes bytes = context_of_params(model.n_params, size.n_ctx, hint.window, hint.period);
    memory.context.device = bytes;
    memory.context_provenance = Provenance::assumed;
    memory.caches.push_back({CacheRole::kv, hint.window ? Growth::sliding : Growth::full,
                             hint.window, 0, size.n_ctx, bytes});
  } else {
    ContextEstimate context = runtime.rules->context(model, workload);
    memory.context_provenance = model.layout;
    memory.context = context.bytes;
    memory.caches = std::move(context.caches);
  }

  for (const TensorType* type : {&cache_type_k(workload), &cache_type_v(workload)}) {
    if (type->ggml_id >= 0 || has_word(runtime.cache_types, lower_case(type->name))) continue;
    memory.context_provenance = Provenance::assumed;
    Note note{Severity::warning, "cache-type-foreign",
              std::string(runtime.title) + " has no cache type " + lower_case(type->name) +
                  ": its size is assumed to be " + std::to_string(type->block_bytes * 8) +
                  " bits a value"};
    if (memory.notes.empty() || memory.notes.back() != note)
      memory.notes.push_back(std::move(note));
  }

  memory.compute =
      given.compute ? *given.compute : runtime.rules->compute(model, weights, workload);
  const bool formula = memory.compute.by_formula;
  memory.compute_provenance =
      formula ? Provenance::assumed : weakest(Provenance::derived, model.layout);
  add_overhead(model, workload, runtime, memory);
  memory.overhead_provenance = workload.overhead ? Provenance::exact : Provenance::assumed;

  if (formula && !model.tensors.empty())
    memory.notes.push_back({Severity::warning, "compute-assumed",
                            "the compute graph of '" + model.architecture +
                                "' is not modelled: its buffers follow a formula and may be far "
                                "off"});

  if (has_window(model) && !runtime.rules->honours_window(model)) {
    memory.notes.push_back({Severity::info, "window-ignored",
                            "the model advertises a sliding window; " + std::string(runtime.title) +
                                " ignores it for architecture '" + model.architecture +
                                "': every layer keeps the full context"});
  }
  return memory;
}

Bytes context_of_params(std::uint64_t n_params, std::uint64_t n_ctx, std::uint32_t window,
                        std::uint32_t period) {
  // The source holds the ratio of full layers as a binary fraction, a hair below 1/6 for Gemma 3,
  // and cuts the product down to whole bytes; 40 fractional bits give its published figures.
  __extension__ using Wide = unsigned __int128;
  constexpr unsigned fraction_bits = 40;
  constexpr std::uint64_t bytes_per_billion_per_token = 3584;  // 3.5 MiB per 1024 tokens
  constexpr std::uint64_t billion = 1'000'000'000;
  if (n_params >> 48 != 0 || n_ctx >> 28 != 0) return Bytes{UINT64_MAX};
  const std::uint64_t windowed = period == 0 ? n_ctx : std::min<std::uint64_t>(n_ctx, window);
  const std::uint64_t ratio = period == 0 ? 0 : (std::uint64_t{1} << fraction_bits) / period;
  const Wide tokens = (Wide{windowed} << fraction_bits) + Wide{ratio} * (n_ctx - windowed);
  const Wide bytes = tokens * n_params * bytes_per_billion_per_token / billion >> fraction_bits;
  return Bytes{bytes > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(bytes)};
}

}  // namespace fitvram
