#include "hf/families.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/malformed.hpp"
#include "families/table.hpp"
#include "hf/keys.hpp"

namespace fitvram {

std::uint32_t within_reason(std::uint64_t n, std::string_view what) {
  if (n > std::uint64_t{1} << 31) {
    throw Malformed(ErrorCode::limit, "",
                    std::string(what) + " is " + std::to_string(n) + ", more than any model has");
  }
  return static_cast<std::uint32_t>(n);
}

void append_nextn(Hparams& h, std::uint32_t n) {
  if (n == 0) return;
  if (n > 64) {
    throw Malformed(ErrorCode::limit, "",
                    std::to_string(n) + " next-token-prediction layers, more than any model has");
  }
  h.n_layer = *h.n_layer + n;
  h.n_layer_nextn = n;
  if (!h.swa_layers.empty()) h.swa_layers.resize(*h.n_layer, false);
}

void nextn(const HfReader& r, Hparams& h) {
  append_nextn(h, r.count_or("num_nextn_predict_layers", 0));
}

namespace {

// No family of llama.cpp: whatever tells that there is more to the cache than plain attention is
// recorded, so that nobody takes the model for one of plain attention.
void derive_unknown(const HfReader& r, Hparams& h) {
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
  h.cross_layers = r.list("cross_attention_layers");
  // Rows for tokens that only occur in the input: a class constant, and a default of 128.
  if (h.architecture == "mllama") h.n_vocab_extra = 8;
  if (h.architecture == "molmo") h.n_vocab_extra = r.count_or("additional_vocab_size", 128);
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

}  // namespace

void derive_family(const HfReader& r, Hparams& h) {
  if (find_architecture(h.architecture) == nullptr) return derive_unknown(r, h);
  for (const auto families :
       {attention_families(), window_families(), latent_families(), state_families()}) {
    for (const auto& family : families) {
      if (family.gguf == h.architecture) return family.derive(r, h);
    }
  }
}

}  // namespace fitvram
