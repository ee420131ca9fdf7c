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
     .config = {.read = read_bloom, .ties = true}},
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
     .config = {.read = experts_as_wide_as_ff},
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
     .config = {.read = wide_ff, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "gpt2"}}},
    {.gguf = "gptj",
     .hf = "GPTJForCausalLM gptj",
     .source = "src/llama-arch.cpp",
     .tensors = {.unknown = "llama.cpp has its name and no loader"},
     .graph = {.unknown = "llama.cpp has its name and no loader"},
     .config = {.read = common_keys}},
    {.gguf = "gptneox",
     .hf = "GPTNeoXForCausalLM gpt_neox gpt_neox_reward_model GPTNeoXRewardModel",
     .source = "src/models/gptneox.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(pre),
                 .biases = gpt2_biases},
     .graph = {.build = build_transformer, .layer_norm = true, .beside = Beside::own_norm},
     .config = {.read = read_gptneox},
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
     .config = {.read = common_keys},
     .quantize = {.n_layer_70b = 68}},
    {.gguf = "mpt",
     .hf = "MPTForCausalLM mpt",
     .source = "src/models/mpt.cpp",
     .tensors = {.attention = fused_qkv, .feed_forward = plain, .norms = pre},
     .graph = {.build = build_transformer, .layer_norm = true, .rope = Rope::none, .clamps = true},
     .config = {.read = wide_ff, .ties = true}},
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
     .config = {.read = read_starcoder, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "gpt_bigcode"}}},
    {.gguf = "starcoder2",
     .hf = "Starcoder2ForCausalLM starcoder2",
     .source = "src/models/starcoder2.cpp",
     .tensors =
         {.attention = gqa, .feed_forward = plain, .norms = biased(pre), .biases = gpt2_biases},
     .graph = {.build = build_transformer, .layer_norm = true},
     .config = {.read = common_keys, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "starcoder2"}}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::gpt{rows};

}  // namespace fitvram
