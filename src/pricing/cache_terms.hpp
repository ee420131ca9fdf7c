#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/estimate.hpp"

namespace fitvram {

/// One tensor of a cache in each of `n_layer` equal layers, of runtimes that keep everything on one
/// device and pad nothing: a row of `width` values for each of `cells` entries of `n_seq`
/// sequences.
struct CacheTerm {
  CacheRole role = CacheRole::kv;
  Growth growth = Growth::full;  ///< the law that the runtime follows
  std::uint32_t span = 0;
  std::uint32_t n_layer = 1;
  std::uint64_t n_seq = 1;
  std::uint64_t cells = 0;
  std::uint64_t width = 0;
  const TensorType* type = nullptr;
  bool first_of_slot = true;  ///< counts its layers

  Bytes bytes() const { return row_bytes(*type, width) * cells * n_seq * n_layer; }
};

/// The tensors of one cache of equal layers. `term` holds what those that are added have in common.
class SlotTerms {
 public:
  SlotTerms(std::vector<CacheTerm>& terms, const CacheSlot& slot, std::uint32_t n_layer);
  /// Nothing where `width` is 0.
  void add(std::uint64_t width, std::uint64_t cells, const TensorType& type);
  /// One tensor for K and one for V, where the slot has them.
  void add_both(std::uint64_t cells, const TensorType& type_k, const TensorType& type_v);

  CacheTerm term;
  std::uint64_t width_k, width_v;  ///< values of all heads

 private:
  std::vector<CacheTerm>& terms_;
};

/// Layers with equal caches: what one of them takes, all of them take.
struct LayerGroup {
  std::size_t layer = 0;  ///< the first of them
  std::uint32_t n_layer = 0;
};

/// Blocks that run and have equal caches, of runtimes that keep all on one device.
std::vector<LayerGroup> equal_layers(const ModelInfo& model);

/// The tensors that `rule(slot, terms)` adds for every cache of a model.
template <typename Rule>
std::vector<CacheTerm> terms_of_slots(const ModelInfo& model, Rule rule) {
  std::vector<CacheTerm> all;
  for (const LayerGroup& layers : equal_layers(model))
    for (const CacheSlot& slot : model.layers[layers.layer].caches) {
      SlotTerms terms(all, slot, layers.n_layer);
      rule(slot, terms);
    }
  return all;
}

/// Adds bytes and layers to the row of the same kind, or a row.
void add_cache(std::vector<CacheEstimate>& caches, const CacheEstimate& cache);

ContextEstimate context_of(std::span<const CacheTerm> terms);

/// One step for each kind of cache; `rule` says the formula in words, with its source.
void explain_terms(std::span<const CacheTerm> terms, std::string_view rule,
                   std::vector<Step>& steps);

/// "context / kv sliding 1024".
std::string figure_of(CacheRole role, Growth growth, std::uint32_t span);

/// Adds the arithmetic to the figure's step, or a step.
void add_step(std::vector<Step>& steps, Step step);

/// The overhead of runtimes that take their backend's, or what was asked for instead.
Step overhead_step(const Workload& workload, const MemoryEstimate& memory);
/// The overhead of others: this arithmetic, or what was asked for instead.
Step overhead_step(const Workload& workload, const MemoryEstimate& memory, std::string formula,
                   std::string rule);

/// "160 * 1048576".
std::string mib_formula(Bytes bytes);

/// The step of a figure that has no parts to show.
Step plain_step(std::string figure, Bytes value, std::string rule);

}  // namespace fitvram
