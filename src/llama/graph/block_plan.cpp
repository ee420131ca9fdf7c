#include "llama/graph/block_plan.hpp"

#include <algorithm>
#include <cstdint>

#include "families/family.hpp"
#include "llama/graph/rope.hpp"

namespace fitvram {

namespace {

/// What makes two blocks build the same operations.
struct Signature {
  std::size_t n_tensor = 0;
  std::uint32_t n_head = 0, n_head_kv = 0, n_ff = 0, n_ff_exp = 0, n_used = 0;
  bool swa = false, no_rope = false, last = false;
  bool banks = false;  // what later blocks mix in (Kimi K3)
  LayerKind kind = LayerKind::attention;
  std::size_t n_cache = 0;
  CacheSlot first;

  friend bool operator==(const Signature&, const Signature&) = default;
};

constexpr std::size_t longest_period = 16;

/// The arena settles into a cycle after some periods; a turn of the cycle takes one or a few more.
/// Results that outlive their block lie in two places in turn, so odd periods need two.
struct Settling {
  std::size_t lead, turn;  ///< periods
};
enum Parity { brief, odd, even };
constexpr Settling settling[3][most_care] = {
    {{2, 2}, {3, 3}, {3, 4}, {6, 4}},
    {{1, 2}, {3, 2}, {3, 3}, {6, 4}},
    {{1, 1}, {1, 2}, {2, 2}, {2, 3}},
};

const Settling& settling_of(std::size_t period, unsigned care) {
  if (period <= 2) return settling[brief][care];
  return settling[period % 2 == 0 ? even : odd][care];
}

std::vector<Signature> signatures_of(const ModelInfo& model) {
  std::vector<std::uint32_t> counts(model.layers.size(), 0);
  for (const auto& t : model.tensors)
    if (t.layer >= 0 && static_cast<std::size_t>(t.layer) < counts.size())
      ++counts[static_cast<std::size_t>(t.layer)];
  const Family* family = find_family(model.architecture);
  const Hparams& hp = model.hparams;
  const std::uint32_t bank_each = hp.attn_res_block_size.value_or(0);
  std::vector<Signature> signatures(model.n_layer);
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    Signature& s = signatures[i];
    s = {counts[i],
         hp.n_head.at(i),
         hp.n_head_kv.at(i),
         hp.n_ff.at(i),
         hp.n_ff_exp.at(i),
         hp.n_expert_used.at(i),
         hp.is_swa(i),
         family != nullptr && !rotates(family->graph, model, i),
         i + 1 == signatures.size(),
         bank_each != 0 && i % bank_each == 0,
         model.layers[i].kind,
         model.layers[i].caches.size(),
         {}};
    if (!model.layers[i].caches.empty()) s.first = model.layers[i].caches.front();
  }
  return signatures;
}

/// A number for each block, the same for blocks that build the same.
std::vector<std::size_t> kinds_of(const ModelInfo& model) {
  const std::vector<Signature> signatures = signatures_of(model);
  std::vector<std::size_t> kinds(signatures.size()), firsts;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto same = std::find_if(firsts.begin(), firsts.end(), [&](std::size_t first) {
      return signatures[first] == signatures[i];
    });
    kinds[i] = static_cast<std::size_t>(same - firsts.begin());
    if (same == firsts.end()) firsts.push_back(i);
  }
  return kinds;
}

}  // namespace

BlockPlan plan_blocks(const ModelInfo& model, const Workload& workload, const Devices& devices,
                      unsigned care) {
  BlockPlan plan;
  const std::size_t n = model.n_layer;
  // Weights that are moved to the device differ in type from block to block.
  const bool all_device = devices.layers_on_device() == model.layers.size() + 1;
  // Every block with an indexer brings leafs of its own, all allocated before the first operation;
  // blocks that run again share theirs.
  const bool unlike = repeats_blocks(find_family(model.architecture)) ||
                      model.hparams.indexer_head_dim.value_or(0) != 0;
  if (care >= most_care || unlike ||
      (devices.backend().device && (!all_device || !workload.offload_kqv))) {
    for (std::size_t i = 0; i < n; ++i) plan.blocks.push_back(i);
    return plan;
  }
  const std::vector<std::size_t> kinds = kinds_of(model);
  for (std::size_t i = 0; i < n;) {
    std::size_t period = 1, reach = i + 1, skipped = 0;
    Settling kept{};
    for (std::size_t p = 1; p <= longest_period && i + p < n; ++p) {
      std::size_t end = i + p;
      while (end < n && kinds[end] == kinds[end - p]) ++end;
      const Settling& s = settling_of(p, care);
      const std::size_t run = (end - i) / p;
      if (run < s.lead + 2 * s.turn || end <= reach) continue;
      period = p, reach = end, kept = s;
      skipped = (run - s.lead - s.turn) / s.turn * s.turn * p;
    }
    const std::size_t from = i + kept.lead * period;
    for (; i < from || (skipped == 0 && i < reach); ++i) plan.blocks.push_back(i);
    if (skipped != 0) {
      const std::size_t at = plan.blocks.size();
      plan.omissions.push_back({at, at + kept.turn * period});
    }
    for (i += skipped; i < reach; ++i) plan.blocks.push_back(i);
  }
  return plan;
}

}  // namespace fitvram
