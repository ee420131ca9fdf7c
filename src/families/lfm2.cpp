#include <algorithm>
#include <cmath>

#include "base/malformed.hpp"
#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// src/models/lfm2.cpp, v0.5.0.
NodeId mix_short_conv(GraphBuilder& b, NodeId x) {
  const BatchShape t(b);
  const std::uint64_t n = b.n_embd;
  const NodeId all = b.mat("shortconv.in_proj.weight", b.reshape(x, {n, t.each, t.seqs, 1}));
  const Shape third{n, t.each, t.seqs, 1};
  const std::uint64_t row = f32_elem.block_bytes * b.ne(all)[0];
  const NodeId in_b = b.g.part(all, third, row), in_c = b.g.part(all, third, row);
  const NodeId in_x = b.g.part(all, third, row);
  const NodeId bx = b.mul(in_b, in_x);
  const NodeId in = convolution_input(b, bx, b.hp.shortconv_l_cache.value_or(1), n);
  const NodeId conv = convolve(b, in, "shortconv.conv.weight", n);
  NodeId y = b.mat("shortconv.out_proj.weight", b.in_place(conv, {in_c, conv}));
  return b.reshape(y, {n, b.n_tokens, 1, 1});
}

// conversion/lfm2.py
void read_lfm2(const HfReader& r, Hparams& h) {
  const std::uint32_t n_layer = *h.n_layer;
  const std::uint32_t heads = kv_heads(r, h);
  if (const auto words = layer_words(r, n_layer); !words.empty()) {
    h.n_head_kv = where_word(words, n_layer, heads, {"full_attention"});
  } else {
    const auto full = r.list("full_attn_idxs");
    const bool all = full.empty() && h.architecture == "lfm2";
    if (full.empty() && !all) r.missing("layer_types full_attn_idxs");
    if (all) r.use_rule("layer_types", "every layer full");
    std::vector<std::uint32_t> values(n_layer, all ? heads : 0);
    for (const auto i : full) {
      if (i < n_layer) values[i] = heads;
    }
    h.n_head_kv = values;
  }
  h.shortconv_l_cache = r.need("conv_L_cache");
  if (h.architecture != "lfm2" || !r.flag("block_auto_adjust_ff_dim").value_or(true)) return;
  const std::uint32_t wide = r.need("block_ff_dim intermediate_size");
  double n_ff = std::floor(2.0 * wide / 3.0);
  n_ff = std::floor(n_ff * r.number("block_ffn_dim_multiplier").value_or(1.0));
  const std::uint32_t step = std::max(1U, r.count_or("block_multiple_of", 256));
  if (n_ff < 1 || n_ff > 1e9) {
    throw Malformed(ErrorCode::malformed, r.where("block_ffn_dim_multiplier"),
                    "block_ffn_dim_multiplier gives no possible feed-forward size");
  }
  h.n_ff = within_reason(ceil_div(static_cast<std::uint64_t>(n_ff), step) * step,
                         "the feed-forward size");
}

std::uint64_t lfm2_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t in = merged(v.at("hidden_size"), v.top("downsample_factor"));
  const std::uint64_t hidden = v.top("projector_hidden_size");
  return siglip(v) + 2 * in + linear(in, hidden) + linear(hidden, n_embd);
}

constexpr Tower lfm2_towers[] = {
    {"siglip2_vision_model", lfm2_vision,
     "hidden_size=768 intermediate_size=3072 num_hidden_layers=12 patch_size=16 num_patches=256 "
     "downsample_factor=2 projector_hidden_size=2560"}};

constexpr ConfigClass lfm2_classes[] = {
    {"lfm2 lfm2_vl lfm2-vl",
     "num_hidden_layers=32 hidden_size=2560 intermediate_size=12288 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=65536 max_position_embeddings=128000 conv_L_cache=3 "
     "block_multiple_of=256"},
};
static_assert(well_formed(lfm2_classes));

constexpr ConfigClass lfm2moe_classes[] = {
    {"lfm2_moe",
     "num_hidden_layers=32 hidden_size=2048 intermediate_size=7168 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=65536 max_position_embeddings=128000 num_experts=32 "
     "num_experts_per_tok=4 moe_intermediate_size=1792 num_dense_layers=2 norm_topk_prob=true "
     "conv_L_cache=3"},
};
static_assert(well_formed(lfm2moe_classes));

constexpr Family rows[] = {
    {.gguf = "lfm2",
     .hf = "Lfm2ForCausalLM LFM2ForCausalLM Lfm2Model Lfm2BidirectionalModel Lfm25AudioTokenizer "
           "lfm2 lfm2_vl lfm2-vl Lfm2VlForConditionalGeneration Lfm2AudioForConditionalGeneration "
           "lfm2_audio",
     .source = "src/models/lfm2.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .window = all_layers(),
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::shortconv,
               .rollback = true},
     .load = {.embd_norm_is_output = true},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::short_conv,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .output_norm = "token_embd_norm"},
     .graph = {.build = build_transformer,
               .recurrent = mix_short_conv,
               .residual_first = ResidualFirst::both,
               .norm_weights = 1},
     .config = {.read = read_lfm2, .classes = lfm2_classes, .ties = true, .towers = lfm2_towers},
     .elsewhere = {.exllamav3 = "lfm2 lfm2_vl",
                   .mlx_lm = {.plain = "lfm2"},
                   .ollama_one_sequence = true}},
    {.gguf = "lfm2moe",
     .hf = "Lfm2MoeForCausalLM lfm2_moe",
     .source = "src/models/lfm2moe.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::no_kv_heads,
               .state = StateRule::shortconv,
               .rollback = true},
     .load = {.embd_norm_is_output = true},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::short_conv,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .experts = {.router_bias = RouterBias::always},
                 .output_norm = "token_embd_norm"},
     .graph = {.build = build_transformer,
               .recurrent = mix_short_conv,
               .residual_first = ResidualFirst::both,
               .norm_weights = 1},
     .config = {.read = read_lfm2, .classes = lfm2moe_classes, .ties = true},
     .elsewhere = {.exllamav3 = "lfm2_moe",
                   .mlx_lm = {.plain = "lfm2_moe"},
                   .ollama_one_sequence = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::lfm2{rows};

}  // namespace fitvram
