#include "cache_terms.hpp"

#include <algorithm>

namespace fitvram {

std::vector<EqualLayers> equal_layers(const ModelInfo& model) {
  std::vector<EqualLayers> groups;
  for (std::size_t i = 0; i < model.layers.size() && i < model.n_layer; ++i) {
    const Layer& layer = model.layers[i];
    if (layer.caches.empty()) continue;
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const EqualLayers& group) {
      return group.layer->caches == layer.caches;
    });
    if (same == groups.end())
      groups.push_back({&layer, 1});
    else
      ++same->n_layer;
  }
  return groups;
}

ContextEstimate context_of(std::span<const CacheTerm> terms) {
  ContextEstimate context;
  for (const CacheTerm& term : terms) {
    const Bytes bytes = term.bytes();
    context.bytes.device += bytes;
    auto it = std::find_if(context.caches.begin(), context.caches.end(), [&](const auto& cache) {
      return cache.role == term.role && cache.growth == term.growth && cache.span == term.span;
    });
    if (it == context.caches.end())
      it = context.caches.insert(it, {term.role, term.growth, term.span, 0, term.cells, Bytes{}});
    if (term.first_of_slot) it->n_layer += term.n_layer;
    it->bytes += bytes;
  }
  return context;
}

std::string figure_of(CacheRole role, Growth growth, std::uint32_t span) {
  std::string name = std::string("context / ") + name_of(role) + ' ' + name_of(growth);
  if (span != 0) name += ' ' + std::to_string(span);
  return name;
}

void explain_terms(std::span<const CacheTerm> terms, std::string_view rule,
                   std::vector<Step>& steps) {
  const std::size_t first = steps.size();
  for (const CacheTerm& term : terms) {
    const std::string figure = figure_of(term.role, term.growth, term.span);
    std::string row = std::to_string(term.width) + " * " + std::to_string(term.type->block_bytes);
    if (term.type->quantized()) row += " / " + std::to_string(term.type->block_elems);
    const std::string formula = std::to_string(term.n_layer) + " * " + std::to_string(term.n_seq) +
                                " * " + std::to_string(term.cells) + " * (" + row + ")";
    const auto from = steps.begin() + static_cast<std::ptrdiff_t>(first);
    const auto same =
        std::find_if(from, steps.end(), [&](const Step& step) { return step.figure == figure; });
    if (same == steps.end()) {
      steps.push_back(
          {figure, formula, term.bytes().count,
           "layers * sequences * cells * (values per row * bytes); " + std::string(rule)});
    } else {
      same->formula += " + " + formula;
      same->value = sat_add(same->value, term.bytes().count);
    }
  }
}

Step plain_step(std::string figure, Bytes value, std::string rule) {
  return {std::move(figure), std::to_string(value.count), value.count, std::move(rule)};
}

}  // namespace fitvram
