#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// conversion/falcon.py; the first generation shares one head whatever num_kv_heads says.
void read_falcon(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_ctx_train = 2048;
  const bool grouped = r.flag("new_decoder_architecture").value_or(false);
  if (grouped) {
    h.n_head_kv = r.per_layer("num_kv_heads n_head_kv num_key_value_heads");
  } else {
    h.n_head_kv = r.flag("multi_query").value_or(true) ? PerLayer(1) : h.n_head;
  }
}

// conversion/falcon_h1.py
void read_falcon_h1(const HfReader& r, Hparams& h) {
  const std::uint32_t head = r.need("mamba_d_head");
  const auto stated = r.count("mamba_d_ssm");
  const std::uint32_t inner =
      stated ? *stated : inner_size(r.count_or("mamba_expand", 2), *h.n_embd);
  h.ssm_conv_kernel = r.count_or("mamba_d_conv", 4);
  h.ssm_state_size = r.count_or("mamba_d_state", 128);
  h.ssm_group_count = r.count_or("mamba_n_groups", 1);
  h.ssm_inner_size = inner;
  h.ssm_time_step_rank = head > 0 ? inner / head : 0;
}

constexpr ConfigClass falcon_classes[] = {
    {"falcon", "num_hidden_layers=32 hidden_size=4544 num_attention_heads=71 vocab_size=65024"},
};
static_assert(well_formed(falcon_classes));

constexpr ConfigClass falcon_h1_classes[] = {
    {"falcon_h1",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=128000 max_position_embeddings=8192 mamba_d_state=256 "
     "mamba_d_conv=4 mamba_expand=2 mamba_n_heads=128 mamba_n_groups=1 mamba_d_ssm=1024"},
};
static_assert(well_formed(falcon_h1_classes));

constexpr Family rows[] = {
    {.gguf = "falcon",
     .hf = "FalconForCausalLM RWForCausalLM falcon RefinedWeb RefinedWebModel",
     .source = "src/models/falcon.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = {.names = parallel.names, .biases = true, .second_if_grouped = true},
                 .biases = {.qkv = Bias::stated, .out = Bias::stated}},
     .graph = {.build = build_transformer, .layer_norm = true, .beside = Beside::attention_first},
     .config = {.read = read_falcon, .classes = falcon_classes, .ties = true},
     .quantize = {.falcon = true}},
    {.gguf = "falcon-h1",
     .hf = "FalconH1ForCausalLM falcon_h1",
     .source = "src/models/falcon-h1.cpp",
     .cache = {.memory = MemoryClass::parallel_hybrid,
               .recurrent = RecurrentRule::all,
               .state = StateRule::mamba2},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::mamba2_bare,
                 .feed_forward = gated,
                 .mixers = Mixers::both,
                 .norms = {.names = "attn_norm ffn_norm!"},
                 .biases = stated_biases},
     .graph = {.build = build_transformer, .recurrent = mix_mamba2, .plain_rope = true},
     .config = {.read = read_falcon_h1, .classes = falcon_h1_classes},
     .elsewhere = {.mlx_lm = {.plain = "falcon_h1"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::falcon{rows};

}  // namespace fitvram
