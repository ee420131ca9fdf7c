#include "llama/graph/rope.hpp"

namespace fitvram {

bool rotates(const GraphRule& rule, const ModelInfo& model, std::size_t layer) {
  const Hparams& hp = model.hparams;
  const bool swa = hp.is_swa(layer);
  switch (rule.rope) {
    case Rope::all:
      return true;
    case Rope::windows:
      return swa;
    case Rope::windows_or_lead:
      return swa || layer < hp.n_layer_dense_lead.value_or(0);
    case Rope::windows_if:
      return swa || hp.n_swa.value_or(0) == 0;
    case Rope::three_of_four:
      return (layer + 1) % 4 != 0;
    case Rope::if_finetuned:
      return hp.rope_finetuned.value_or(true);
    case Rope::if_32_layers:
      return model.n_layer == 32;
    case Rope::none:
      return false;
  }
  return true;
}

}  // namespace fitvram
