#include <algorithm>
#include <array>

#include "base/sorted.hpp"
#include "hf/families.hpp"
#include "hf/keys.hpp"

namespace fitvram {
namespace {

// Multi-head latent attention, served as one head over the compressed latent
// (conversion/deepseek.py, DeepseekV2Model).
void mla(const HfReader& r, Hparams& h) {
  const std::uint32_t rank = r.need("kv_lora_rank n_lora_kv");
  const std::uint32_t rope = r.need("qk_rope_head_dim");
  h.kv_lora_rank = rank;
  h.head_dim_k = within_reason(std::uint64_t{rank} + rope, "the latent size");
  h.head_dim_v = rank;
  h.head_dim_k_mla =
      within_reason(std::uint64_t{r.need("qk_nope_head_dim")} + rope, "the head size");
  h.head_dim_v_mla = r.need("v_head_dim");
  h.n_head_kv = 1;
  h.n_rot = rope;
}

void deepseek2(const HfReader& r, Hparams& h) {
  mla(r, h);
  if (!h.n_layer_dense_lead && h.n_expert) h.n_layer_dense_lead = 0;
  if (!h.n_layer_dense_lead && h.n_ff.present()) h.n_layer_dense_lead = h.n_layer;
  if (!h.n_ff_exp.present()) h.n_ff_exp = h.n_ff;
  for (const auto& word : r.architecture_words()) {
    if (word == "Glm4MoeLiteForCausalLM" || word == "glm4_moe_lite") {
      nextn(r, h);
      break;
    }
  }
}

void mla_nextn(const HfReader& r, Hparams& h) {
  mla(r, h);
  nextn(r, h);
}

// conversion/hy_v4.py: configs older than indexer_types tell by layer_types which layers own an
// indexer, and without sparse layers there is none.
void hy4(const HfReader& r, Hparams& h) {
  mla(r, h);
  if (!h.indexer_layers.empty()) return;
  for (const auto& word : r.words("layer_types"))
    h.indexer_layers.push_back(word == "sparse_attention" || word == "deepseek_sparse_attention");
  if (std::find(h.indexer_layers.begin(), h.indexer_layers.end(), true) != h.indexer_layers.end())
    return;
  h.indexer_layers.clear();
  h.indexer_top_k.reset();
}

// KDA and MLA layers; full_attn_layers counts from 1 (conversion/kimi_linear.py, kimi_k3.py).
void kimi(const HfReader& r, Hparams& h) {
  mla(r, h);
  const auto full = r.list("linear_attn_config/full_attn_layers");
  if (full.empty()) r.missing("linear_attn_config/full_attn_layers");
  std::vector<std::uint32_t> heads(*h.n_layer, 0);
  for (const auto layer : full) {
    if (layer >= 1 && layer <= *h.n_layer) heads[layer - 1] = 1;
  }
  h.n_head_kv = heads;
  h.ssm_conv_kernel = r.need("linear_attn_config/short_conv_kernel_size");
  h.kda_head_dim = r.need("linear_attn_config/head_dim");
}

// conversion/bailingmoe3.py
void bailing3(const HfReader& r, Hparams& h) {
  h.kda_head_dim = h.head_dim_k;
  mla(r, h);
  h.head_dim_v.reset();
  nextn(r, h);
  const std::uint32_t main_layers = *h.n_layer - h.n_layer_nextn.value_or(0);
  const std::uint32_t group = r.need("layer_group_size");
  std::vector<std::uint32_t> heads(*h.n_layer, 1);
  for (std::uint32_t i = 0; i < main_layers && group > 0; ++i) {
    const bool tail = i >= main_layers / group * group;
    heads[i] = tail || (i + 1) % group == 0 ? 1 : 0;
  }
  h.n_head_kv = heads;
  h.ssm_conv_kernel = r.need("short_conv_kernel_size");
}

// conversion/dots3.py
void dots3(const HfReader& r, Hparams& h) {
  const auto swa = window_layers(r, *h.n_layer);
  if (swa.empty()) r.missing("layer_types");
  mla(r, h);
  const std::uint32_t full_heads = h.n_head.max();
  const std::uint32_t swa_heads = r.need("swa_num_attention_heads");
  std::vector<std::uint32_t> heads;
  h.indexer_layers.clear();
  for (const bool is_swa : swa) {
    heads.push_back(is_swa ? swa_heads : full_heads);
    h.indexer_layers.push_back(!is_swa);
  }
  h.n_head = heads;
  h.swa_layers = swa;
  const std::uint32_t rank = r.need("swa_kv_lora_rank");
  h.head_dim_k_swa =
      within_reason(std::uint64_t{rank} + r.need("swa_qk_rope_head_dim"), "the latent size");
  h.head_dim_v_swa = rank;
  h.kv_lora_rank_swa = rank;
  if (const auto nope = r.count("swa_qk_nope_head_dim"))
    h.head_dim_k_mla_swa =
        within_reason(std::uint64_t{*nope} + r.need("swa_qk_rope_head_dim"), "the head size");
  h.head_dim_v_mla_swa = r.count("swa_v_head_dim");
}

constexpr std::array families{
    HfFamily{"bailingmoe3", bailing3}, HfFamily{"deepseek2", deepseek2},
    HfFamily{"deepseek32", mla_nextn}, HfFamily{"dots3note", dots3},
    HfFamily{"glm-dsa", mla_nextn},    HfFamily{"hy_v4", hy4},
    HfFamily{"kimi-k3", kimi},         HfFamily{"kimi-linear", kimi},
    HfFamily{"mistral4", deepseek2},
};
static_assert(sorted_and_unique(families, &HfFamily::gguf));

}  // namespace

std::span<const HfFamily> latent_families() { return families; }

}  // namespace fitvram
