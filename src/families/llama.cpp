#include <algorithm>
#include <cmath>
#include <string>

#include "base/malformed.hpp"
#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "hf/towers.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// Layers that read the image: norms of queries and keys, and two gates.
void mllama_layer(TensorBuilder& b) {
  if (!b.is_cross()) return;
  b.weight("attn_q_norm", b.head_dim_k());
  b.weight("attn_k_norm", b.head_dim_k());
  b.add("cross_attn_attn_gate", 1);
  b.add("cross_attn_mlp_gate", 1);
}

// Rows for tokens that only occur in the input: a constant of the class.
void read_mllama(const HfReader&, Hparams& h) { h.n_vocab_extra = 8; }

// The class calls the experts' width intermediate_size (conversion/llama.py, Llama4Model).
void read_llama4(const HfReader& r, Hparams& h) {
  h.n_ff_exp = h.n_ff;
  if (const auto dense = r.count("intermediate_size_mlp")) h.n_ff = *dense;
}

std::string_view llama_instead(const HfReader& r) {
  return r.has("draft_vocab_size") ? "eagle3" : "";
}

// conversion/mistral.py: older models of Mistral's own format are llamas.
bool claims_params(const HfReader& r) {
  return is_meta_params(r) || (is_mistral_params(r) && !r.has("kv_lora_rank llama_4_scaling"));
}

// Meta's params.json (llama/model.py): two thirds of four times the width, scaled and rounded up;
// the trained length is not stated. Llama 1 and 2 leave the vocabulary to the tokenizer, and Llama
// 3.2's small models, which are these widths, have no head of their own.
void read_meta(const HfReader& r, Hparams& h) {
  constexpr std::uint32_t sentence_piece = 32000, tiktoken = 128256, widest_tied = 3072;
  double wide = std::floor(8.0 * *h.n_embd / 3);
  if (const auto factor = r.number("ffn_dim_multiplier")) {
    if (*factor < 0 || *factor > 1000)
      throw Malformed(ErrorCode::malformed, r.where("ffn_dim_multiplier"),
                      "ffn_dim_multiplier gives no possible feed-forward size");
    wide = std::floor(wide * *factor);
  }
  h.n_ff = rounded_up(wide, std::max(1U, r.need("multiple_of")));
  h.n_ctx_train.reset();
  if (!h.n_vocab) {
    r.assume("vocab_size", std::to_string(sentence_piece));
    h.n_vocab = sentence_piece;
  }
  if (h.n_vocab == tiktoken && *h.n_embd <= widest_tied) {
    r.assume("tied_embeddings", "true");
    h.tied_embeddings = true;
  }
}

// vLLM's reading of the file (transformers_utils/configs/mistral.py).
void read_llama(const HfReader& r, Hparams& h) {
  if (is_meta_params(r)) return read_meta(r, h);
  if (is_mistral_params(r)) mistral_params(r, h);
}

std::uint64_t llama4_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t patch = v.at("patch_size");
  const std::uint64_t positions = square(v.at("image_size") / patch) + 1;
  const std::uint64_t in = v.at("projector_input_dim");
  const std::uint64_t out = v.at("projector_output_dim");
  return 3 * square(patch) * d + d + positions * d + 4 * d +
         v.at("num_hidden_layers") * plain_layer(d, v.at("intermediate_size")) +
         linear(4 * d, in, false) + linear(in, out, false) +
         linear(v.at("vision_output_dim"), n_embd, false);
}

// Positions in a tile, tiles in an image and shapes of images all have embeddings.
std::uint64_t mllama_vision(const TowerSection& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t tiles = v.at("max_num_tiles");
  const std::uint64_t shapes = v.at("max_aspect_ratio_id", 8) + 1;
  const std::uint64_t positions = square(v.at("image_size") / v.at("patch_size")) + 1;
  const std::uint64_t layer = plain_layer(d, v.at("intermediate_size")) - 4 * d;
  const std::uint64_t global = v.at("num_global_layers");
  return d + 3 * square(v.at("patch_size")) * d + 1 +
         sat_mul(positions * d, sat_mul(shapes, tiles) + 1) + 2 * (shapes * tiles * d + 1) + 4 * d +
         (v.at("num_hidden_layers") + global) * layer + 2 * global +
         linear(v.at("vision_output_dim"), n_embd);
}

std::uint64_t whisper(const TowerSection& a, std::uint64_t n_embd) {
  const std::uint64_t d = a.at("hidden_size d_model");
  const std::uint64_t f = a.at("intermediate_size encoder_ffn_dim");
  return linear(3 * a.at("num_mel_bins"), d) + linear(3 * d, d) + a.at("max_source_positions") * d +
         a.at("num_hidden_layers encoder_layers") * (plain_layer(d, f) - d) + 2 * d +
         linear(f, n_embd, false) + linear(n_embd, n_embd, false);
}

constexpr Tower mllama_towers[] = {{"mllama_vision_model", mllama_vision}};

constexpr Tower llama_towers[] = {{"voxtral_encoder", whisper,
                                   "num_mel_bins=128 num_hidden_layers=32 intermediate_size=5120 "
                                   "hidden_size=1280 max_source_positions=1500"}};

constexpr Tower llama4_towers[] = {
    {"llama4_vision_model", llama4_vision,
     "hidden_size=768 num_hidden_layers=34 intermediate_size=5632 vision_output_dim=7680 "
     "image_size=448 patch_size=14 projector_input_dim=4096 projector_output_dim=4096"}};

constexpr ConfigClass llama_classes[] = {
    {"llama LlamaForCausalLM LLaMAForCausalLM llava llava_next vipllava ultravox",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=11008 num_attention_heads=32 "
     "vocab_size=32000 max_position_embeddings=2048"},
    {"mistral MistralForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=32000 max_position_embeddings=131072 sliding_window=4096 "
     "tie_word_embeddings=false"},
    {"mixtral MixtralForCausalLM",
     "num_hidden_layers=32 hidden_size=4096 intermediate_size=14336 num_attention_heads=32 "
     "num_key_value_heads=8 vocab_size=32000 max_position_embeddings=131072 num_local_experts=8 "
     "num_experts_per_tok=2"},
    {"voxtral voxtral/llama",
     "num_hidden_layers=30 hidden_size=3072 intermediate_size=8192 num_attention_heads=32 "
     "vocab_size=131072 max_position_embeddings=131072 num_key_value_heads=8 head_dim=128"},
};
static_assert(well_formed(llama_classes));

constexpr ConfigClass llama4_classes[] = {
    {"llama4_text llama4",
     "num_hidden_layers=48 hidden_size=5120 intermediate_size=8192 num_attention_heads=40 "
     "num_key_value_heads=8 head_dim=128 vocab_size=202048 max_position_embeddings=131072 "
     "num_local_experts=16 num_experts_per_tok=1 intermediate_size_mlp=16384 "
     "interleave_moe_layer_step=1 attention_chunk_size=8192"},
};
static_assert(well_formed(llama4_classes));

constexpr Family rows[] = {
    stranger("iquestloopcoder", {.mlx_lm = {.rotating = "iquestloopcoder"}}),
    {.hf = "mllama",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .layer = mllama_layer},
     .graph = {.unknown = not_llama_cpps},
     .config = {.read = read_mllama, .towers = mllama_towers},
     .elsewhere = {.ollama_one_sequence = true}},
    {.gguf = "llama",
     .hf = "InternLM3ForCausalLM JanusForConditionalGeneration LLaMAForCausalLM LlamaForCausalLM "
           "MistralForCausalLM MixtralForCausalLM VLlama3ForCausalLM LlavaForConditionalGeneration "
           "VoxtralForConditionalGeneration IQuestCoderForCausalLM LlamaModel "
           "Sarashina2VisionForCausalLM UltravoxModel llama mistral mixtral internlm3 voxtral "
           "iquestcoder",
     .source = "src/models/llama.cpp",
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .biases = stated_biases},
     .graph = {.build = build_transformer, .norm_weights = 1},
     .config = {.read = read_llama,
                .classes = llama_classes,
                .outer_classes = "Sarashina2VisionForCausalLM",
                .any_text = "LlavaForConditionalGeneration VoxtralForConditionalGeneration "
                            "UltravoxModel JanusForConditionalGeneration voxtral",
                .instead = llama_instead,
                .claims = claims_params,
                .towers = llama_towers},
     .quantize = {.n_layer_70b = 80, .grouped_70b = true},
     .elsewhere = {.exllamav3 = "iquestcoder llama mistral mixtral",
                   .mlx_lm = {.plain = "internlm3 llama mistral mixtral"}}},
    {.gguf = "llama-embed",
     .hf = "LlamaBidirectionalModel llama_bidirec",
     .source = "src/models/llama-embed.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .biases = stated_biases,
                 .tying = Tying::always},
     .graph = {.build = build_transformer, .uncached = true, .headless = true, .norm_weights = 1},
     .config = {.read = common_keys}},
    {.gguf = "llama4",
     .hf = "Llama4ForConditionalGeneration Llama4ForCausalLM llama4 llama4_text",
     .source = "src/models/llama4.cpp",
     .cache = {.window = chunks(8192, 4)},
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .experts = {.shared = SharedWidth::like_expert}},
     .graph = {.build = build_transformer,
               .attn_scaled = true,
               .rope = Rope::three_of_four,
               .gating = Gating::sigmoid,
               .norm_weights = 0},
     .config = {.read = read_llama4, .classes = llama4_classes, .towers = llama4_towers},
     .elsewhere = {.mlx_lm = {.chunked = "llama4"}, .sglang_windows = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::llama{rows};

}  // namespace fitvram
