#include <algorithm>
#include <array>

#include "families/family.hpp"
#include "hf/keys.hpp"

namespace fitvram {

// Whatever tells of more than plain attention is recorded, so that nobody takes the model for one
// of plain attention.
void read_unknown(const HfReader& r, Hparams& h) {
  if (r.has("layers_block_type layer_types hybrid_override_pattern")) {
    constexpr std::array<std::string_view, 5> state_words{"mamba", "linear", "recurrent", "conv",
                                                          "hybrid"};
    std::vector<bool> recurrent;
    for (const auto& word : layer_words(r, *h.n_layer)) {
      const bool named = std::any_of(state_words.begin(), state_words.end(), [&](auto state) {
        return word.find(state) != std::string::npos;
      });
      recurrent.push_back(named || word == "M");
    }
    recurrent.resize(*h.n_layer);
    if (std::find(recurrent.begin(), recurrent.end(), true) != recurrent.end()) {
      h.recurrent_layers = recurrent;
    }
  }
  if (r.has("block_types attn_layer_period attn_layer_indices linear_attn_config attn_type_list "
            "lru_width mamba_num_heads mamba_n_heads")) {
    h.recurrent_layers.assign(*h.n_layer, true);
  }
  // A Qwen newer than this table: its classes leave the window off unless use_sliding_window says
  // otherwise.
  if (h.architecture.starts_with("qwen") && r.has("max_window_layers") &&
      !r.has("use_sliding_window")) {
    h.n_swa = 0;
    h.swa_layers.clear();
  }
  h.cross_layers = r.list("cross_attention_layers");
  h.ssm_state_size = r.count("state_size ssm_state_size mamba_d_state");
  h.ssm_conv_kernel = r.count("linear_conv_kernel_dim mamba_d_conv conv_kernel");
  if (!h.n_head.present()) h.wkv_head_size = r.count("head_size");
  if (r.has("kv_lora_rank")) {
    h.kv_lora_rank = r.count("kv_lora_rank");
    h.n_rot = r.need("qk_rope_head_dim");
    h.head_dim_k.reset();
    h.head_dim_v.reset();
  }
}

}  // namespace fitvram
