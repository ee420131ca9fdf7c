#include "families/family.hpp"

namespace fitvram {

const char* name_of(MemoryClass memory) {
  switch (memory) {
    case MemoryClass::attention:
      return "attention";
    case MemoryClass::none:
      return "none";
    case MemoryClass::recurrent:
      return "recurrent";
    case MemoryClass::hybrid:
      return "hybrid";
    case MemoryClass::parallel_hybrid:
      return "parallel hybrid";
    case MemoryClass::hybrid_indexer:
      return "hybrid + indexer";
    case MemoryClass::dsa:
      return "dsa";
    case MemoryClass::dsa_window:
      return "dsa + window";
    case MemoryClass::msa:
      return "msa";
    case MemoryClass::dsv4:
      return "dsv4";
  }
  return "";
}

const char* name_of(StateRule state) {
  switch (state) {
    case StateRule::none:
      return "";
    case StateRule::mamba:
      return "mamba";
    case StateRule::mamba2:
      return "mamba2";
    case StateRule::wkv:
      return "wkv";
    case StateRule::shortconv:
      return "shortconv";
    case StateRule::kda:
      return "kda";
    case StateRule::linear_attention:
      return "linear-attention";
  }
  return "";
}

const char* name_of(IndexerRule indexer) {
  switch (indexer) {
    case IndexerRule::none:
      return "";
    case IndexerRule::all:
      return "all";
    case IndexerRule::after_dense_lead:
      return "after-dense-lead";
    case IndexerRule::listed:
      return "listed";
    case IndexerRule::listed_or_glm:
      return "listed-or-glm";
    case IndexerRule::if_top_k:
      return "if-top-k";
  }
  return "";
}

bool says_all(const Family& row) {
  const TensorRule& t = row.tensors;
  const bool tensors = t.attention != AttentionBlock::none || t.recurrent != RecurrentBlock::none ||
                       t.feed_forward != FeedForwardBlock::none || t.layer != nullptr;
  return tensors == t.unknown.empty() &&
         (row.graph.build != nullptr) == row.graph.unknown.empty() &&
         (row.config.read != nullptr) == row.config.unknown.empty() &&
         (!row.gguf.empty() || !row.hf.empty()) && row.gguf.empty() == row.source.empty();
}

std::size_t block_of(const Family* row, const Hparams& hparams, std::size_t layer) {
  if (!repeats_blocks(row)) return layer;
  const bool stacks = row->cache.repeats == Repeats::stacks;
  const std::size_t run = (stacks ? hparams.n_layer_per_stack : hparams.n_layer).value_or(0);
  if (run == 0) return layer;
  const std::size_t n_l_cycle = hparams.n_l_cycle.value_or(0);
  const bool second = stacks && layer / run % (n_l_cycle + 1) == n_l_cycle;
  return (second ? run : 0) + layer % run;
}

const Family* known_family(std::string_view architecture) {
  const Family* family = find_family(architecture);
  return family != nullptr ? family : find_family_of_hf(architecture);
}

const Family& refine(const Family& row, const Hparams& hparams) {
  if (row.refined == nullptr) return row;
  const Family* refined = find_family(row.refined(hparams));
  return refined != nullptr ? *refined : row;
}

}  // namespace fitvram
