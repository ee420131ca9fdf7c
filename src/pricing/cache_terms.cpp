#include "pricing/cache_terms.hpp"

#include <algorithm>
#include <utility>

namespace fitvram {

SlotTerms::SlotTerms(std::vector<CacheTerm>& terms, const CacheSlot& slot, std::uint32_t n_layer)
    : width_k(std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_k),
      width_v(std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_v),
      terms_(terms) {
  term.role = slot.role;
  term.n_layer = n_layer;
}

void SlotTerms::add(std::uint64_t width, std::uint64_t cells, const TensorType& type) {
  if (width == 0) return;
  term.width = width, term.cells = cells, term.type = &type;
  terms_.push_back(term);
  term.first_of_slot = false;
}

void SlotTerms::add_both(std::uint64_t cells, const TensorType& type_k, const TensorType& type_v) {
  add(width_k, cells, type_k);
  add(width_v, cells, type_v);
}

std::vector<LayerGroup> equal_layers(const ModelInfo& model) {
  std::vector<LayerGroup> groups;
  for (std::size_t i = 0; i < model.layers.size() && i < model.n_layer; ++i) {
    const Layer& layer = model.layers[i];
    if (layer.caches.empty()) continue;
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const LayerGroup& group) {
      return model.layers[group.layer].caches == layer.caches;
    });
    if (same == groups.end())
      groups.push_back({i, 1});
    else
      ++same->n_layer;
  }
  return groups;
}

void add_cache(std::vector<CacheEstimate>& caches, const CacheEstimate& cache) {
  const auto same = std::find_if(caches.begin(), caches.end(), [&](const CacheEstimate& other) {
    return other.role == cache.role && other.growth == cache.growth && other.span == cache.span;
  });
  if (same == caches.end()) {
    caches.push_back(cache);
    return;
  }
  same->n_layer += cache.n_layer;
  same->bytes += cache.bytes;
}

ContextEstimate context_of(std::span<const CacheTerm> terms) {
  ContextEstimate context;
  for (const CacheTerm& term : terms) {
    const Bytes bytes = term.bytes();
    context.bytes.device += bytes;
    add_cache(context.caches, {term.role, term.growth, term.span,
                               term.first_of_slot ? term.n_layer : 0, term.cells, bytes});
  }
  return context;
}

std::string figure_of(CacheRole role, Growth growth, std::uint32_t span) {
  std::string name = std::string("context / ") + name_of(role) + ' ' + name_of(growth);
  if (span != 0) name += ' ' + std::to_string(span);
  return name;
}

void add_step(std::vector<Step>& steps, Step step) {
  const auto same = std::find_if(steps.begin(), steps.end(),
                                 [&](const Step& other) { return other.figure == step.figure; });
  if (same == steps.end()) {
    steps.push_back(std::move(step));
    return;
  }
  same->formula += " + " + step.formula;
  same->value = sat_add(same->value, step.value);
}

void explain_terms(std::span<const CacheTerm> terms, std::string_view rule,
                   std::vector<Step>& steps) {
  for (const CacheTerm& term : terms) {
    std::string row = std::to_string(term.width) + " * " + std::to_string(term.type->block_bytes);
    if (term.type->quantized()) row += " / " + std::to_string(term.type->block_elems);
    add_step(steps,
             {figure_of(term.role, term.growth, term.span),
              std::to_string(term.n_layer) + " * " + std::to_string(term.n_seq) + " * " +
                  std::to_string(term.cells) + " * (" + row + ")",
              term.bytes().count,
              "layers * sequences * cells * (values per row * bytes); " + std::string(rule)});
  }
}

std::string mib_formula(Bytes bytes) {
  const Bytes whole = bytes / MiB.count;
  std::string text = std::to_string(whole.count) + " * " + std::to_string(MiB.count);
  if (const Bytes rest = bytes - whole * MiB.count; rest != Bytes{})
    text += " + " + std::to_string(rest.count);
  return text;
}

Step overhead_step(const Workload& workload, const MemoryEstimate& memory, std::string formula,
                   std::string rule) {
  const Bytes bytes = memory.overhead.device;
  if (bytes == Bytes{}) return plain_step("overhead", bytes, "nothing beyond the buffers");
  if (workload.overhead) return plain_step("overhead", bytes, "as asked with --overhead");
  return {"overhead", std::move(formula), bytes.count, std::move(rule)};
}

Step overhead_step(const Workload& workload, const MemoryEstimate& memory) {
  const Backend* backend = find_backend(workload.backend);
  return overhead_step(
      workload, memory, mib_formula(memory.overhead.device),
      "MiB, assumed; " + (backend == nullptr ? "" : std::string(backend->overhead_source)));
}

Step plain_step(std::string figure, Bytes value, std::string rule) {
  return {std::move(figure), std::to_string(value.count), value.count, std::move(rule)};
}

}  // namespace fitvram
