#include <algorithm>
#include <cmath>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/mla.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

void bitnet_layer(TensorBuilder& b) {
  b.weight("attn_sub_norm", b.n_embd());
  b.weight("ffn_sub_norm", b.n_ff());
}

void talkie_layer(TensorBuilder& b) {
  b.weight("attn_q_norm", 1, b.n_head());
  b.add("attn_output.scale", 1);
  b.add("ffn_down.scale", 1);
}

// conversion/openelm.py
void read_openelm(const HfReader& r, Hparams& h) {
  const auto factors = ff_multipliers(r, "ffn_multipliers");
  const std::uint32_t step = std::max(1U, r.count_or("ffn_dim_divisor", 256));
  std::vector<std::uint32_t> ff;
  for (const double factor : factors) {
    const double wide = factor * *h.n_embd;
    const double nearest = std::floor((wide + step / 2.0) / step) * step;
    ff.push_back(within_reason(
        static_cast<std::uint64_t>(nearest < 0.9 * wide ? nearest + step
                                                        : std::max<double>(nearest, step)),
        "the feed-forward size"));
  }
  h.n_ff = ff;
}

void read_plm(const HfReader& r, Hparams& h) {
  expanded_latent(r, h);
  h.head_dim_v = r.need("v_head_dim");
}

std::uint64_t internvl(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t f = v.at("intermediate_size");
  const std::uint64_t patch = v.side("patch_size");
  const std::uint64_t positions = square(v.side("image_size") / patch) + 1;
  const bool bias = v.flag("qkv_bias") || v.flag("attention_bias");
  const bool qk_norm = v.flag("qk_normalization") || v.flag("use_qk_norm");
  const std::uint64_t norm = v.word("norm_type") == "rms_norm" ? d : 2 * d;
  const std::uint64_t layer = linear(d, 3 * d, bias) + linear(d, d) + linear(d, f) + linear(f, d) +
                              2 * norm + 2 * d + (qk_norm ? 2 * d : 0);
  const std::uint64_t in = merged(d, 2);
  return d + positions * d + linear(3 * square(patch), d) + v.at("num_hidden_layers") * layer +
         2 * in + linear(in, n_embd) + linear(n_embd, n_embd);
}

constexpr Tower internlm2_towers[] = {
    {"intern_vit_6b", internvl},
    {"internvl_vision", internvl,
     "hidden_size=1024 intermediate_size=4096 num_hidden_layers=24 image_size=448 patch_size=14"}};

constexpr ConfigClass stablelm_classes[] = {
    {"stablelm",
     "num_hidden_layers=32 hidden_size=2560 intermediate_size=6912 num_attention_heads=32 "
     "num_key_value_heads=32 vocab_size=50304 max_position_embeddings=4096"},
};
static_assert(well_formed(stablelm_classes));

constexpr ConfigClass smollm3_classes[] = {
    {"smollm3",
     "num_hidden_layers=36 hidden_size=2048 intermediate_size=11008 num_attention_heads=16 "
     "num_key_value_heads=4 vocab_size=128256 max_position_embeddings=32768"},
};
static_assert(well_formed(smollm3_classes));

constexpr ConfigClass seed_oss_classes[] = {
    {"seed_oss",
     "num_hidden_layers=64 hidden_size=4096 intermediate_size=27648 num_attention_heads=80 "
     "num_key_value_heads=8 head_dim=128 vocab_size=155136 max_position_embeddings=524288"},
};
static_assert(well_formed(seed_oss_classes));

constexpr ConfigClass apertus_classes[] = {
    {"apertus",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "vocab_size=131072 max_position_embeddings=65536"},
};
static_assert(well_formed(apertus_classes));

constexpr ConfigClass bitnet_classes[] = {
    {"bitnet",
     "num_hidden_layers=30 hidden_size=2560 intermediate_size=6912 num_attention_heads=20 "
     "num_key_value_heads=5 vocab_size=128256 max_position_embeddings=2048"},
};
static_assert(well_formed(bitnet_classes));

constexpr Family rows[] = {
    stranger("afm7", {.mlx_lm = {.plain = "afm7"}}),
    stranger("helium", {.mlx_lm = {.plain = "helium"}}),
    stranger("hyperclovax", {.exllamav3 = "hyperclovax"}),
    {.hf = "opt",
     .tensors = {.attention = gqa,
                 .feed_forward = plain,
                 .norms = biased(pre),
                 .biases = gpt2_biases,
                 .positions = true,
                 .extra_positions = 2},
     .graph = {.unknown = not_llama_cpps},
     .config = {.read = common_keys, .ties = true}},
    {.gguf = "apertus",
     .hf = "ApertusForCausalLM apertus",
     .source = "src/models/apertus.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = plain,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated, .out = Bias::stated},
                 .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .classes = apertus_classes},
     .elsewhere = {.exllamav3 = "apertus", .mlx_lm = {.plain = "apertus"}}},
    {.gguf = "bitnet",
     .hf = "BitnetForCausalLM BitNetForCausalLM bitnet",
     .source = "src/models/bitnet.cpp",
     .load = {.no_head = true},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .tying = Tying::always,
                 .layer = bitnet_layer},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .classes = bitnet_classes},
     .elsewhere = {.mlx_lm = {.plain = "bitnet"}, .not_in_servers = true}},
    {.gguf = "internlm2",
     .hf = "InternLM2ForCausalLM internlm2",
     .source = "src/models/internlm2.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::stated, .out = Bias::stated}},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .towers = internlm2_towers},
     .elsewhere = {.mlx_lm = {.plain = "internlm2"}}},
    {.gguf = "maincoder",
     .hf = "MaincoderForCausalLM maincoder",
     .source = "src/models/maincoder.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .qk_norm = QkNorm::shared},
     .graph = {.build = build_transformer, .norm_after_rope = true},
     .config = {.read = common_keys}},
    {.gguf = "nanbeige",
     .hf = "NanbeigeForCausalLM nanbeige",
     .source = "src/models/nanbeige.cpp",
     .cache = {.repeats = Repeats::all},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys}},
    {.gguf = "openelm",
     .hf = "OpenELMForCausalLM openelm",
     .source = "src/models/openelm.cpp",
     .tensors = {.attention = fused_qkv,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .tying = Tying::always},
     .graph = {.build = build_transformer, .residual_first = ResidualFirst::before_ffn},
     .config = {.read = read_openelm, .ties = true},
     .elsewhere = {.mlx_lm = {.plain = "openelm"}, .not_in_servers = true}},
    {.gguf = "orion",
     .hf = "OrionForCausalLM orion",
     .source = "src/models/orion.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = biased(pre),
                 .biases = {.qkv = Bias::stated}},
     .graph = {.build = build_transformer, .layer_norm = true},
     .config = {.read = common_keys}},
    {.gguf = "pangu-embedded",
     .hf = "PanguEmbeddedForCausalLM PanguEmbedded pangu_embedded",
     .source = "src/models/pangu-embed.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = {.qkv = Bias::unless_denied, .out = Bias::always}},
     .graph = {.build = build_transformer, .plain_rope = true},
     .config = {.read = common_keys}},
    {.gguf = "plm",
     .hf = "PLMForCausalLM plm",
     .source = "src/models/plm.cpp",
     .tensors = {.attention = mla, .feed_forward = plain, .norms = pre, .whole_kv_b = true},
     .graph = {.build = build_transformer, .attention = mix_latent, .act = Act::squared},
     .config = {.read = read_plm},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "seed_oss",
     .hf = "SeedOssForCausalLM seed_oss",
     .source = "src/models/seed-oss.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre_post,
                 .biases = {.qkv = Bias::unless_denied}},
     .graph = {.build = build_transformer, .post_is_ffn_norm = true},
     .config = {.read = common_keys, .classes = seed_oss_classes},
     .elsewhere = {.exllamav3 = "seed_oss", .mlx_lm = {.plain = "seed_oss"}}},
    {.gguf = "smollm3",
     .hf = "SmolLM3ForCausalLM smollm3",
     .source = "src/models/smollm3.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .rope = Rope::three_of_four},
     .config = {.read = common_keys, .classes = smollm3_classes, .ties = true},
     .elsewhere = {.exllamav3 = "smollm3", .mlx_lm = {.plain = "smollm3"}}},
    {.gguf = "spark2_5",
     .hf = "Spark2_5ForCausalLM spark2_5",
     .source = "src/models/spark2-5.cpp",
     .cache = {.window = required(listed())},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = gated,
                 .norms = pre,
                 .gate = AttentionGate::per_head},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys}},
    {.gguf = "stablelm",
     .hf = "StableLmForCausalLM StableLMEpochForCausalLM LlavaStableLMEpochForCausalLM stablelm "
           "stablelm_epoch",
     .source = "src/models/stablelm.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = {.names = pre.names, .biases = true, .no_ffn_if_parallel = true},
                 .biases = {.qkv = Bias::stated},
                 .qk_norm = QkNorm::each_stated},
     .graph = {.build = build_transformer, .layer_norm = true, .beside = Beside::unless_normed},
     .config = {.read = common_keys, .classes = stablelm_classes},
     .elsewhere = {.mlx_lm = {.plain = "stablelm"}}},
    {.gguf = "talkie",
     .hf = "TalkieForCausalLM talkie",
     .source = "src/models/talkie.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .output_norm = "",
                 .tying = Tying::never,
                 .layer = talkie_layer},
     .graph = {.build = build_transformer,
               .bare_norms = true,
               .norm_after_rope = true,
               .embd_skips = true,
               .caps = 1},
     .config = {.read = common_keys}},
    {.gguf = "xverse",
     .hf = "XverseForCausalLM xverse",
     .source = "src/models/xverse.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::dense{rows};

}  // namespace fitvram
