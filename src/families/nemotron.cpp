#include <cmath>

#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/recurrent.hpp"
#include "llama/graph/transformer.hpp"

namespace fitvram {

namespace {

// Blocks found by architecture search (conversion/deci.py).
void read_deci(const HfReader& r, Hparams& h) {
  if (!r.has("block_configs")) return;
  const std::uint32_t n_head = h.n_head.max();
  std::vector<std::uint32_t> heads, kv, ff;
  for (const HfReader& layer : blocks_of(r, h.n_layer)) {
    const auto place = r.where("block_configs") + "/" + std::to_string(ff.size());
    const std::uint32_t group = layer.count_or("attention/n_heads_in_group", 0);
    const bool linear = layer.flag("attention/replace_with_linear").value_or(false);
    heads.push_back(group > 0 || linear ? n_head : 0);
    kv.push_back(group > 0 ? n_head / group : 0);
    const double factor = ff_multiplier(layer, place, "ffn/ffn_mult");
    const double wide = std::floor(2 * factor * *h.n_embd / 3);
    ff.push_back(rounded_up(wide, 256));
  }
  h.n_head = heads;
  h.n_head_kv = kv;
  h.n_ff = ff;
  h.head_dim_k = h.head_dim_v = n_head > 0 ? *h.n_embd / n_head : 0;
}

// NemotronHPuzzle: the shape of every block is stated by itself (conversion/nemotron.py).
void nemotron_puzzle(const HfReader& r, Hparams& h) {
  const std::uint32_t heads = kv_heads(r, h);
  std::vector<std::uint32_t> kv, ff, used;
  for (const HfReader& layer : blocks_of(r)) {
    const std::string kind = layer.word("block_type");
    kv.push_back(kind == "attention" || kind == "*" || kind == "full_attention" ? heads : 0);
    ff.push_back(layer.count_or("moe_intermediate_size", 0));
    used.push_back(layer.count_or("num_experts_per_tok", 0));
  }
  h.architecture = "nemotron_h_moe";
  h.n_layer = static_cast<std::uint32_t>(kv.size());
  h.n_head_kv = kv;
  h.n_ff = ff;
  h.n_ff_exp = ff;
  h.n_expert_used = used;
  mamba2_mixer(r, h, inner_size(r.need("mamba_num_heads"), r.need("mamba_head_dim")));
  h.n_ctx_train = unlimited;
}

// conversion/nemotron.py; a block is one of Mamba, attention, feed-forward or experts.
void read_nemotron_h(const HfReader& r, Hparams& h) {
  if (r.has("block_configs")) return nemotron_puzzle(r, h);
  if (r.has("layers_block_type") && !r.has("hybrid_override_pattern")) {
    h.n_layer = static_cast<std::uint32_t>(r.words("layers_block_type").size());
  }
  auto words = layer_words(r, *h.n_layer);
  if (words.empty()) r.missing("layer_types hybrid_override_pattern layers_block_type");
  words.resize(*h.n_layer);
  const bool experts = r.has("num_experts_per_tok");
  if (experts) {
    h.architecture = "nemotron_h_moe";
    if (r.count_or("num_nextn_predict_layers", 0) > 0) {
      append_nextn(h, 1);
      words.emplace_back("attention and moe");
    }
  }
  const std::uint32_t n_layer = *h.n_layer;
  h.n_head_kv = where_word(words, n_layer, kv_heads(r, h),
                           {"*", "attention", "full_attention", "attention and moe"});
  const std::uint32_t n_ff = experts ? r.need("moe_intermediate_size") : h.n_ff.max();
  h.n_ff = where_word(words, n_layer, n_ff, {"-", "E", "mlp", "moe", "attention and moe"});
  mamba2_mixer(r, h, inner_size(r.need("mamba_num_heads"), r.need("mamba_head_dim")));
  h.n_ctx_train = unlimited;
}

std::string_view nemotron_h_refined(const Hparams& h) {
  return h.n_expert_used.max() > 0 ? "nemotron_h_moe" : "nemotron_h";
}

constexpr ConfigClass nemotron_classes[] = {
    {"nemotron",
     "num_hidden_layers=32 hidden_size=6144 intermediate_size=24576 num_attention_heads=48 "
     "vocab_size=256000 max_position_embeddings=4096"},
};
static_assert(well_formed(nemotron_classes));

constexpr ConfigClass nemotron_h_classes[] = {
    {"nemotron_h nemotron_h_nano_vl_v2",
     "hidden_size=4096 intermediate_size=21504 num_attention_heads=32 num_key_value_heads=8 "
     "head_dim=128 vocab_size=131072 mamba_num_heads=128 mamba_head_dim=64 ssm_state_size=128 "
     "n_groups=8 conv_kernel=4 expand=2"},
};
static_assert(well_formed(nemotron_h_classes));

constexpr Family rows[] = {
    {.gguf = "deci",
     .hf = "DeciLMForCausalLM nemotron-nas deci",
     .source = "src/models/deci.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .optional_blocks = true,
                 .norms = pre,
                 .biases = stated_biases},
     .graph = {.build = build_transformer},
     .config = {.read = read_deci},
     .quantize = {.n_layer_70b = 80},
     .elsewhere = {.exllamav3 = "nemotron-nas", .mlx_lm = {.plain = "nemotron-nas"}}},
    {.gguf = "nemotron",
     .hf = "NemotronForCausalLM nemotron",
     .source = "src/models/nemotron.cpp",
     .tensors =
         {.attention = gqa, .feed_forward = plain, .norms = biased(pre), .biases = stated_biases},
     .graph = {.build = build_transformer, .layer_norm = true, .act = Act::squared},
     .config = {.read = common_keys, .classes = nemotron_classes},
     .elsewhere = {.mlx_lm = {.plain = "nemotron"}}},
    {.gguf = "nemotron_h",
     .hf = "NemotronHForCausalLM nemotron_h NemotronH_Nano_VL_V2 nemotron_h_nano_vl_v2",
     .source = "src/models/nemotron-h.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::no_kv_heads_no_ff,
               .state = StateRule::mamba2,
               .rollback = true},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::mamba2,
                 .feed_forward = plain,
                 .mixers = Mixers::alone,
                 .norms = parallel,
                 .biases = stated_biases},
     .graph = {.build = build_transformer,
               .recurrent = mix_mamba2,
               .pick = PickRows::after_norm,
               .single = true,
               .rope = Rope::none,
               .act = Act::squared},
     .config = {.read = read_nemotron_h, .classes = nemotron_h_classes},
     .refined = nemotron_h_refined,
     .elsewhere = {.exllamav3 = "nemotron_h",
                   .mlx_lm = {.plain = "nemotron_h"},
                   .vllm_f32_states = true,
                   .ollama_one_sequence = true}},
    {.gguf = "nemotron_h_moe",
     .hf = "NemotronHPuzzleForCausalLM nemotron_h_moe nemotron_h_puzzle",
     .source = "src/models/nemotron-h-moe.cpp",
     .cache = {.memory = MemoryClass::hybrid,
               .recurrent = RecurrentRule::no_kv_heads_no_ff,
               .state = StateRule::mamba2,
               .rollback = true},
     .tensors = {.attention = gqa,
                 .recurrent = RecurrentBlock::mamba2,
                 .feed_forward = plain,
                 .mixers = Mixers::alone,
                 .norms = parallel,
                 .biases = stated_biases,
                 .experts = {.router_bias = RouterBias::always, .latent = LatentExperts::latent}},
     .graph = {.build = build_transformer,
               .recurrent = mix_mamba2,
               .pick = PickRows::after_norm,
               .single = true,
               .rope = Rope::none,
               .act = Act::squared},
     .config = {.read = read_nemotron_h},
     .elsewhere = {.vllm_f32_states = true, .ollama_one_sequence = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::nemotron{rows};

}  // namespace fitvram
