#include <algorithm>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/dsa.hpp"
#include "llama/graph/hyper.hpp"
#include "llama/graph/mla.hpp"
#include "llama/graph/transformer.hpp"
#include "model/attention.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// src/models/hy-v4.cpp, v0.5.0.
void build_hy_v4(GraphBuilder& b, const GraphRule& family) {
  const NodeId embd = b.embed(false);
  b.positions();
  const bool sparse = b.hp.indexer_top_k.value_or(0) != 0;
  b.full = b.attention_input(false, true);
  if (sparse) b.indexer = b.indexer_input(false);
  Hyper hyper(b, false);
  NodeId x = hyper.start(embd);
  for (const std::size_t il : b.plan) {
    b.enter(il);
    NodeId cur = b.norm(hyper.into(x, "attn"), "attn_norm");
    cur = sparse ? mix_indexed_latent(b, family, cur) : mix_latent(b, family, cur);
    x = hyper.out_of(cur, x);
    x = hyper.out_of(ffn_block(b, family, b.norm(hyper.into(x, "ffn"), "ffn_norm")), x);
  }
  b.head(hyper.end(x), 0);
}

void hy4_globals(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  b.weight("output_hc_fn", sat_mul(streams, b.n_embd()), streams);
  b.weight("output_hc_base", streams);
  b.weight("output_hc_scale", 1);
}

void hy4_layer(TensorBuilder& b) {
  const std::uint64_t streams = b.h.hyper_connections.value_or(0);
  b.weight("attn_sinks", b.n_head());
  if (b.h.indexer_top_k.value_or(0) > 0) add_indexer(b);
  for (const std::string part : {"hc_attn", "hc_ffn"}) {
    b.weight(part + "_fn", sat_mul(streams, b.n_embd()), 2 * streams);
    b.weight(part + "_base", 2 * streams);
    b.weight(part + "_scale", 2);
  }
}

void read_hunyuan(const HfReader& r, Hparams& h) {
  if (r.word("rope_scaling/rope_type rope_scaling/type rope_parameters/rope_type "
             "rope_parameters/type") == "dynamic") {
    h.n_ctx_train = 256 * 1024;
  }
  if (h.n_expert && *h.n_expert <= 1) no_experts(h);
}

void read_hunyuan_moe(const HfReader& r, Hparams& h) {
  read_hunyuan(r, h);
  h.n_ff_shexp = r.need("intermediate_size");
}

// conversion/hy_v4.py: configs older than indexer_types tell by layer_types which layers own an
// indexer, and without sparse layers there is none.
void read_hy4(const HfReader& r, Hparams& h) {
  latent(r, h);
  if (!h.indexer_layers.empty()) return;
  for (const auto& word : r.words("layer_types"))
    h.indexer_layers.push_back(word == "sparse_attention" || word == "deepseek_sparse_attention");
  if (std::find(h.indexer_layers.begin(), h.indexer_layers.end(), true) != h.indexer_layers.end())
    return;
  h.indexer_layers.clear();
  h.indexer_top_k.reset();
}

constexpr ConfigClass hunyuan_dense_classes[] = {
    {"hunyuan_v1_dense",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=290943 max_position_embeddings=2048"},
};
static_assert(well_formed(hunyuan_dense_classes));

constexpr ConfigClass hunyuan_moe_classes[] = {
    {"hunyuan_v1_moe",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=290943 max_position_embeddings=2048"},
};
static_assert(well_formed(hunyuan_moe_classes));

constexpr ConfigClass hunyuan_vl_classes[] = {
    {"hunyuan_vl_text hunyuan_vl",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=290943 max_position_embeddings=2048 tie_word_embeddings=true"},
};
static_assert(well_formed(hunyuan_vl_classes));

constexpr ConfigClass hy_v3_classes[] = {
    {"hy_v3",
     "num_hidden_layers=80 hidden_size=4096 intermediate_size=13312 num_attention_heads=64 "
     "num_key_value_heads=8 head_dim=128 vocab_size=120832 max_position_embeddings=131072 "
     "num_experts=192 num_shared_experts=1 num_experts_per_tok=8 moe_intermediate_size=1536"},
};
static_assert(well_formed(hy_v3_classes));

constexpr ConfigClass hy_v4_classes[] = {
    {"hy_v4",
     "num_hidden_layers=34 hidden_size=2816 intermediate_size=6912 num_attention_heads=32 "
     "vocab_size=120832 max_position_embeddings=262144 n_routed_experts=256 n_shared_experts=1 "
     "num_experts_per_tok=8 moe_intermediate_size=768 norm_topk_prob=true kv_lora_rank=512 "
     "q_lora_rank=1536 qk_rope_head_dim=64 qk_nope_head_dim=192 v_head_dim=256 index_topk=2048 "
     "index_head_dim=128 index_n_heads=16 hc_mult=4"},
};
static_assert(well_formed(hy_v4_classes));

constexpr Family rows[] = {
    stranger("hunyuan", {.mlx_lm = {.plain = "hunyuan"}}),
    {.gguf = "hunyuan-dense",
     .hf = "HunYuanDenseV1ForCausalLM hunyuan_v1_dense",
     .source = "src/models/hunyuan-dense.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .norm_after_rope = true},
     .config = {.read = read_hunyuan, .classes = hunyuan_dense_classes},
     .elsewhere = {.mlx_lm = {.plain = "hunyuan_v1_dense"}}},
    {.gguf = "hunyuan-moe",
     .hf = "HunYuanMoEV1ForCausalLM hunyuan_v1_moe",
     .source = "src/models/hunyuan-moe.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .experts = {.shared = SharedWidth::like_dense}},
     .graph = {.build = build_transformer, .norm_after_rope = true, .norm_weights = 1},
     .config = {.read = read_hunyuan_moe, .classes = hunyuan_moe_classes}},
    {.gguf = "hunyuan_vl",
     .hf = "HunYuanVLForConditionalGeneration hunyuan_vl hunyuan_vl_text",
     .source = "src/models/hunyuan-vl.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .qk_norm = QkNorm::shared},
     .graph =
         {.build = build_transformer, .norm_after_rope = true, .pos = 4, .axes_if_listed = true},
     .config = {.read = common_keys, .classes = hunyuan_vl_classes}},
    {.gguf = "hy_v3",
     .hf = "HYV3ForCausalLM hy_v3",
     .source = "src/models/hy-v3.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer, .pick = PickRows::after_norm},
     .config = {.read = shared_as_wide, .classes = hy_v3_classes},
     .elsewhere = {.exllamav3 = "hy_v3"}},
    {.gguf = "hy_v4",
     .hf = "HYV4ForCausalLM hy_v4",
     .source = "src/models/hy-v4.cpp",
     .cache = {.memory = MemoryClass::dsa, .mla = true, .indexer = IndexerRule::if_top_k},
     .tensors = {.attention = mla,
                 .feed_forward = gated,
                 .norms = pre,
                 .gate = AttentionGate::per_value,
                 .experts = {.router_bias = RouterBias::always},
                 .tying = Tying::never,
                 .globals = hy4_globals,
                 .layer = hy4_layer},
     .graph = {.build = build_hy_v4},
     .config = {.read = read_hy4, .classes = hy_v4_classes}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::hunyuan{rows};

}  // namespace fitvram
