#include <cmath>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

void read_bloom(const HfReader& r, Hparams& h) {
  as_many_kv_heads(r, h);
  h.n_ctx_train = r.count_or("seq_length", *h.n_embd);
}

// A reward model scores with one value where a language model has its head.
void read_gptneox(const HfReader& r, Hparams& h) {
  if (class_contains(r, "RewardModel")) h.n_cls_out = 1;
}

void read_refact(const HfReader&, Hparams& h) {
  h.n_ff = rounded_up(std::floor(8.0 * *h.n_embd / 3), 256);
  h.n_head_kv = 1;
}

void read_starcoder(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_head_kv = r.flag("multi_query").value_or(true) ? PerLayer(1) : h.n_head;
}

constexpr NamedHint gpt_oss_hints[] = {{"gpt-oss", {128, 2}}, {"gptoss", {128, 2}}};

constexpr ConfigClass gptneox_classes[] = {
    {"gpt_neox",
     "num_hidden_layers=44 hidden_size=6144 intermediate_size=24576 num_attention_heads=64 "
     "vocab_size=50432 max_position_embeddings=2048"},
};
static_assert(well_formed(gptneox_classes));

constexpr ConfigClass starcoder2_classes[] = {
    {"starcoder2",
     "num_hidden_layers=30 hidden_size=3072 intermediate_size=12288 num_attention_heads=24 "
     "num_key_value_heads=2 vocab_size=49152 max_position_embeddings=4096"},
};
static_assert(well_formed(starcoder2_classes));

constexpr ConfigClass gpt2_classes[] = {
    {"gpt2", "n_layer=12 n_embd=768 n_head=12 vocab_size=50257 n_positions=1024"},
};
static_assert(well_formed(gpt2_classes));

constexpr ConfigClass gptj_classes[] = {
    {"gptj", "n_layer=28 n_embd=4096 n_head=16 vocab_size=50400 n_positions=2048 rotary_dim=64"},
};
static_assert(well_formed(gptj_classes));

constexpr ConfigClass bloom_classes[] = {
    {"bloom", "n_layer=2 hidden_size=64 n_head=8 vocab_size=250880"},
};
static_assert(well_formed(bloom_classes));

constexpr ConfigClass mpt_classes[] = {
    {"mpt", "n_layers=24 d_model=2048 n_heads=16 vocab_size=50368 max_seq_len=2048"},
};
static_assert(well_formed(mpt_classes));

constexpr ConfigClass gpt_oss_classes[] = {
    {"gpt_oss",
     "num_hidden_layers=36 hidden_size=2880 intermediate_size=2880 num_attention_heads=64 "
     "num_key_value_heads=8 head_dim=64 vocab_size=201088 max_position_embeddings=131072 "
     "sliding_window=128 num_local_experts=128 num_experts_per_tok=4"},
};
static_assert(well_formed(gpt_oss_classes));

constexpr ConfigClass jais2_classes[] = {
    {"jais2",
     "num_hidden_layers=32 hidden_size=3328 intermediate_size=26624 num_attention_heads=26 "
     "vocab_size=150272 max_position_embeddings=8192 attention_bias=true"},
};
static_assert(well_formed(jais2_classes));

constexpr ConfigClass starcoder_classes[] = {
    {"gpt_bigcode", "n_layer=12 n_embd=768 n_head=12 vocab_size=50257 n_positions=1024"},
};
static_assert(well_formed(starcoder_classes));

constexpr Family rows[] = {
    {.gguf = "bloom",
     .hf = "BloomForCausalLM BloomModel bloom",
     .source = "src/models/bloom.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(pre),
                 .biases = gpt2_biases,
                 .embd_norm = true},
     .graph =
         {.build = build_transformer, .layer_norm = true, .embd_norm = true, .rope = Rope::none},
     .config = {.read = read_bloom, .classes = bloom_classes, .ties = true}},
    {.gguf = "codeshell",
     .hf = "CodeShellForCausalLM codeshell",
     .source = "src/models/codeshell.cpp",
     .load = {.input_of_output = true},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(pre),
                 .biases = gpt2_biases,
                 .tying = Tying::never},
     .graph = {.build = build_transformer, .layer_norm = true},
     .config = {.read = wide_ff},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "gpt-oss",
     .hf = "GptOssForCausalLM gpt_oss",
     .source = "src/models/openai-moe.cpp",
     .cache = {.window = required(every(2))},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre_post,
                 .biases = {.qkv = Bias::unless_denied, .out = Bias::always},
                 .sinks = Sinks::all,
                 .experts = {.biases = true}},
     .graph = {.build = build_transformer,
               .post_is_ffn_norm = true,
               .pick = PickRows::before_norm,
               .gating = Gating::softmax_weight,
               .norm_weights = 0},
     .config = {.read = experts_as_wide_as_ff, .classes = gpt_oss_classes},
     .quantize = {.mxfp4_experts = true},
     .hints = gpt_oss_hints,
     .elsewhere = {.exllamav3 = "gpt_oss",
                   .mlx_lm = {.rotating = "gpt_oss"},
                   .sglang_windows = true}},
    {.gguf = "gpt2",
     .hf = "GPT2LMHeadModel RuGPT3XLForCausalLM gpt2 GPT2Model",
     .source = "src/models/gpt2.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(pre),
                 .biases = gpt2_biases,
                 .positions = true},
     .graph = {.build = build_transformer,
               .layer_norm = true,
               .learned_positions = true,
               .rope = Rope::none},
     .config = {.read = wide_ff, .classes = gpt2_classes, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "gpt2"}}},
    {.gguf = "gptj",
     .hf = "GPTJForCausalLM gptj",
     .source = "src/llama-arch.cpp",
     .tensors = {.unknown = "llama.cpp has its name and no loader"},
     .graph = {.unknown = "llama.cpp has its name and no loader"},
     .config = {.read = common_keys, .classes = gptj_classes}},
    {.gguf = "gptneox",
     .hf = "GPTNeoXForCausalLM gpt_neox gpt_neox_reward_model GPTNeoXRewardModel",
     .source = "src/models/gptneox.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(pre),
                 .biases = gpt2_biases},
     .graph = {.build = build_transformer, .layer_norm = true, .beside = Beside::own_norm},
     .config = {.read = read_gptneox, .classes = gptneox_classes},
     .elsewhere = {.mlx_lm = {.plain = "gpt_neox"}}},
    {.gguf = "jais",
     .hf = "JAISLMHeadModel jais",
     .source = "src/models/jais.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = gated,
                 .norms = biased(pre),
                 .biases = gpt2_biases,
                 .tying = Tying::never},
     .graph = {.build = build_transformer, .layer_norm = true, .rope = Rope::none},
     .config = {.read = common_keys}},
    {.gguf = "jais2",
     .hf = "Jais2ForCausalLM jais2",
     .source = "src/models/jais2.cpp",
     .tensors =
         {.attention = gqa, .feed_forward = plain, .norms = biased(pre), .biases = gpt2_biases},
     .graph = {.build = build_transformer, .layer_norm = true, .act = Act::squared},
     .config = {.read = common_keys, .classes = jais2_classes},
     .quantize = {.n_layer_70b = 68}},
    {.gguf = "mpt",
     .hf = "MPTForCausalLM mpt",
     .source = "src/models/mpt.cpp",
     .tensors = {.attention = fused_qkv, .feed_forward = plain, .norms = pre},
     .graph = {.build = build_transformer, .layer_norm = true, .rope = Rope::none, .clamps = true},
     .config = {.read = wide_ff, .classes = mpt_classes, .ties = true}},
    {.gguf = "refact",
     .hf = "GPTRefactForCausalLM gpt_refact",
     .source = "src/models/refact.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .tying = Tying::never},
     .graph = {.build = build_transformer, .rope = Rope::none},
     .config = {.read = read_refact},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "starcoder",
     .hf = "GPTBigCodeForCausalLM gpt_bigcode",
     .source = "src/models/starcoder.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(pre),
                 .biases = gpt2_biases,
                 .positions = true},
     .graph = {.build = build_transformer,
               .layer_norm = true,
               .learned_positions = true,
               .rope = Rope::none},
     .config = {.read = read_starcoder, .classes = starcoder_classes, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "gpt_bigcode"}}},
    {.gguf = "starcoder2",
     .hf = "Starcoder2ForCausalLM starcoder2",
     .source = "src/models/starcoder2.cpp",
     .tensors =
         {.attention = gqa, .feed_forward = plain, .norms = biased(pre), .biases = gpt2_biases},
     .graph = {.build = build_transformer, .layer_norm = true},
     .config = {.read = common_keys, .classes = starcoder2_classes, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "starcoder2"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::gpt{rows};

}  // namespace fitvram
