#include "families/tensors.hpp"

#include <iterator>

#include "base/name_index.hpp"
#include "base/sorted.hpp"

namespace fitvram {

namespace {

using namespace trait;  // NOLINT(google-build-using-namespace): the words of the table

constexpr auto no_attention = AttentionBlock::none;
constexpr auto gqa = AttentionBlock::gqa;
constexpr auto fused_qkv = AttentionBlock::fused_qkv;
constexpr auto mla = AttentionBlock::mla;
constexpr auto compressed = AttentionBlock::compressed;

constexpr auto no_state = RecurrentBlock::none;
constexpr auto mamba = RecurrentBlock::mamba;
constexpr auto mamba2 = RecurrentBlock::mamba2;

constexpr auto no_mlp = FeedForwardBlock::none;
constexpr auto gated = FeedForwardBlock::gated;
constexpr auto plain = FeedForwardBlock::plain;
constexpr auto fused = FeedForwardBlock::fused;

constexpr std::string_view pre = "attn_norm ffn_norm";
constexpr std::string_view pre_post = "attn_norm post_attention_norm";
constexpr std::string_view sandwich = "attn_norm post_attention_norm ffn_norm post_ffw_norm";
constexpr std::string_view post = "post_attention_norm post_ffw_norm";
constexpr std::string_view parallel = "attn_norm";
constexpr std::string_view rwkv = "attn_norm attn_norm_2";
constexpr std::string_view after = "attn_output_norm layer_output_norm";

constexpr std::uint64_t bias_keys = qkv_bias_key | out_bias_key | mlp_bias_key;
constexpr std::uint64_t gpt2_like = norm_bias | qkv_bias | out_bias | mlp_bias;
constexpr std::uint64_t encoder = always_tied | no_output_norm | embd_norm | norm_bias;

constexpr TensorRule rules[] = {
    {"afmoe", gqa, no_state, gated, sandwich, qk_norm | out_gate | router_bias},
    {"apertus", gqa, no_state, plain, pre, qk_norm | qkv_bias_key | out_bias_key},
    {"arcee", gqa, no_state, plain, pre, bias_keys},
    {"arctic", gqa, no_state, gated, "attn_norm ffn_norm ffn_norm_exps", dense_beside},
    {"arwkv7", no_attention, RecurrentBlock::rwkv7_mixer, gated, pre, never_tied},
    {"baichuan", gqa, no_state, gated, pre, 0},
    {"bailingmoe", gqa, no_state, gated, pre, qkv_bias_key},
    {"bailingmoe2", fused_qkv, no_state, gated, pre,
     qk_norm | router_bias | qkv_bias_key | nextn_head},
    {"bailingmoe3", mla, RecurrentBlock::kda, gated, pre,
     router_bias | head_gate | whole_gates | nextn_layer_norm},
    {"bert", gqa, no_state, plain, after, encoder | gpt2_like | positions},
    {"bitnet", gqa, no_state, gated, pre, always_tied},
    {"bloom", fused_qkv, no_state, plain, pre, gpt2_like | embd_norm},
    {"chameleon", gqa, no_state, gated, pre, qk_norm_each},
    {"chatglm", fused_qkv, no_state, fused, pre, qkv_bias},
    {"codeshell", fused_qkv, no_state, plain, pre, gpt2_like | never_tied},
    {"cogvlm", fused_qkv, no_state, gated, pre, 0},
    {"cohere2", gqa, no_state, gated, parallel, always_tied | qkv_bias_key | out_bias_key},
    {"cohere2moe", gqa, no_state, gated, parallel, 0},
    {"command-r", gqa, no_state, gated, parallel,
     always_tied | qkv_bias_key | out_bias_key | qk_norm_heads},
    {"dbrx", fused_qkv, no_state, gated, "attn_norm attn_output_norm", 0},
    {"deci", gqa, no_state, gated, pre, bias_keys | optional_blocks},
    {"deepseek", gqa, no_state, gated, pre, qkv_bias_key | out_bias_key},
    {"deepseek2", mla, no_state, gated, pre, router_bias_key | nextn_head},
    {"deepseek2-ocr", gqa, no_state, gated, pre, router_bias_key},
    {"deepseek32", mla, no_state, gated, pre, indexer | router_bias | nextn_head},
    {"deepseek4", compressed, no_state, gated, pre, hyper | nextn_head},
    {"dots1", gqa, no_state, gated, pre, qk_norm | router_bias},
    {"dots3note", mla, no_state, gated, pre, indexer | router_bias | head_gate},
    {"dream", gqa, no_state, gated, pre, qkv_bias},
    {"ernie4_5", gqa, no_state, gated, pre, bias_keys},
    {"ernie4_5-moe", gqa, no_state, gated, pre, bias_keys | router_bias},
    {"eurobert", gqa, no_state, gated, pre, always_tied},
    {"exaone", gqa, no_state, gated, pre, 0},
    {"exaone-moe", gqa, no_state, gated, pre, qk_norm | router_bias | nextn_dense},
    {"exaone4", gqa, no_state, gated, post, qk_norm},
    {"falcon", fused_qkv, no_state, plain, parallel,
     norm_bias | qkv_bias_key | out_bias_key | second_norm_gqa},
    {"falcon-h1", gqa, mamba2, gated, "attn_norm ffn_norm!",
     bias_keys | parallel_mixers | no_inner_norm},
    {"gemma", gqa, no_state, gated, pre, always_tied},
    {"gemma-embedding", gqa, no_state, gated, sandwich, qk_norm | always_tied},
    {"gemma2", gqa, no_state, gated, sandwich, always_tied},
    {"gemma3", gqa, no_state, gated, sandwich, qk_norm},
    {"gemma3n", gqa, no_state, gated, sandwich, qk_norm | per_layer_embd | altup},
    {"gemma4", gqa, no_state, gated, sandwich,
     qk_norm | per_layer_embd | layer_scale | rope_full | expert_and_dense | fused_experts},
    {"glm-dsa", mla, no_state, gated, pre, indexer | router_bias},
    {"glm4", gqa, no_state, fused, sandwich, qkv_bias_key | nextn_head},
    {"glm4moe", gqa, no_state, gated, pre_post, qkv_bias | qk_norm_key | router_bias | nextn_head},
    {"gpt-oss", gqa, no_state, gated, pre_post, qkv_bias | out_bias | sinks | expert_bias},
    {"gpt2", fused_qkv, no_state, plain, pre, gpt2_like | positions},
    {"gptneox", fused_qkv, no_state, plain, pre, gpt2_like},
    {"granite", gqa, no_state, gated, pre, bias_keys},
    {"granite_swa", gqa, no_state, gated, pre, bias_keys | sinks},
    {"granitehybrid", gqa, mamba2, gated, pre, bias_keys},
    {"granitemoe", gqa, no_state, gated, pre, bias_keys},
    {"grok", gqa, no_state, gated, "attn_norm attn_output_norm ffn_norm", dense_if_wide},
    {"grovemoe", gqa, no_state, gated, pre, qk_norm},
    {"hrm_text", gqa, no_state, gated, "", out_gate | no_output_norm},
    {"hunyuan-dense", gqa, no_state, gated, pre, qk_norm},
    {"hunyuan-moe", gqa, no_state, gated, pre, qk_norm | shared_like_dense},
    {"hunyuan_vl", gqa, no_state, gated, pre, qk_norm},
    {"hy_v3", gqa, no_state, gated, pre, qk_norm | router_bias},
    {"hy_v4", mla, no_state, gated, pre, out_gate | router_bias | never_tied},
    {"internlm2", gqa, no_state, gated, pre, qkv_bias_key | out_bias_key},
    {"jais", fused_qkv, no_state, gated, pre, gpt2_like | never_tied},
    {"jais2", gqa, no_state, plain, pre, gpt2_like},
    {"jamba", gqa, mamba, gated, pre, inner_norms | every_second_moe},
    {"jina-bert-v2", gqa, no_state, fused, after, encoder | qkv_bias | out_bias},
    {"jina-bert-v3", fused_qkv, no_state, plain, after, encoder | gpt2_like},
    {"kimi-k3", mla, RecurrentBlock::kda, gated, pre,
     router_bias | latent_experts | routed_norm | residual_scores | out_gate},
    {"kimi-linear", mla, RecurrentBlock::kda, gated, pre, router_bias},
    {"laguna", gqa, no_state, gated, pre, qk_norm | router_bias},
    {"lfm2", gqa, RecurrentBlock::short_conv, gated, pre, qk_norm | output_norm_lfm2},
    {"lfm2moe", gqa, RecurrentBlock::short_conv, gated, pre,
     qk_norm | output_norm_lfm2 | router_bias},
    {"llada", gqa, no_state, gated, pre, bias_keys},
    {"llada-moe", gqa, no_state, gated, pre, qk_norm},
    {"llama", gqa, no_state, gated, pre, bias_keys},
    {"llama-embed", gqa, no_state, gated, pre, bias_keys | always_tied},
    {"llama4", gqa, no_state, gated, pre, shared_like_expert},
    {"maincoder", gqa, no_state, gated, pre, qk_norm},
    {"mamba", no_attention, mamba, no_mlp, parallel, 0},
    {"mamba2", no_attention, mamba2, no_mlp, parallel, 0},
    {"maple", gqa, no_state, gated, pre, qk_norm | never_tied},
    {"mellum", gqa, no_state, gated, pre, qk_norm | never_tied},
    {"mimo2", gqa, no_state, gated, pre, router_bias | sinks_swa | qkv_bias_key | nextn_dense},
    {"minicpm", gqa, no_state, gated, pre, bias_keys},
    {"minicpm3", mla, no_state, gated, pre, whole_kv_b},
    {"minimax-01", gqa, RecurrentBlock::lightning, gated, pre, 0},
    {"minimax-m2", gqa, no_state, gated, pre, qk_norm_full | router_bias},
    {"minimax-m3", gqa, no_state, gated, pre, qk_norm | router_bias | block_indexer},
    {"mistral3", gqa, no_state, gated, pre, bias_keys},
    {"mistral4", mla, no_state, gated, pre, router_bias_key},
    {"mllama", gqa, no_state, gated, pre, 0},
    {"modern-bert", fused_qkv, no_state, fused, pre, always_tied | embd_norm | no_first_norm},
    {"molmo", fused_qkv, no_state, fused, pre, qkv_bias | half_ff},
    {"mpt", fused_qkv, no_state, plain, pre, 0},
    {"muse-glimmer", gqa, no_state, gated, sandwich, qk_norm | out_gate | never_tied},
    {"nanbeige", gqa, no_state, gated, pre, bias_keys},
    {"nemotron", gqa, no_state, plain, pre, norm_bias | bias_keys},
    {"nemotron_h", gqa, mamba2, plain, parallel, one_mixer | bias_keys},
    {"nemotron_h_moe", gqa, mamba2, plain, parallel,
     one_mixer | bias_keys | router_bias | latent_experts},
    {"neo-bert", fused_qkv, no_state, fused, pre, always_tied | enc_output_norm},
    {"nomic-bert", fused_qkv, no_state, gated, after, encoder},
    {"nomic-bert-moe", fused_qkv, no_state, plain, after, encoder | gpt2_like},
    {"olmo", gqa, no_state, gated, "", no_output_norm},
    {"olmo2", gqa, no_state, gated, post, qk_norm_full},
    {"olmoe", gqa, no_state, gated, pre, qk_norm_full},
    {"openelm", fused_qkv, no_state, gated, pre, qk_norm | always_tied},
    {"opt", gqa, no_state, plain, pre, gpt2_like | positions | extra_positions},
    {"orion", gqa, no_state, gated, pre, norm_bias | qkv_bias_key},
    {"paddleocr", gqa, no_state, gated, pre, bias_keys},
    {"pangu-embedded", gqa, no_state, gated, pre, qkv_bias | out_bias},
    {"phi2", gqa, no_state, plain, parallel, gpt2_like | head_bias | never_tied},
    {"phi3", fused_qkv, no_state, fused, pre, 0},
    {"phimoe", gqa, no_state, gated, pre, norm_bias | qkv_bias | out_bias | head_bias},
    {"plamo", gqa, no_state, gated, parallel, never_tied},
    {"plamo2", fused_qkv, RecurrentBlock::mamba_heads, fused,
     "attn_norm post_attention_norm! ffn_norm post_ffw_norm!", qk_norm_each},
    {"plamo3", fused_qkv, no_state, fused, sandwich, qk_norm},
    {"plm", mla, no_state, plain, pre, whole_kv_b},
    {"qwen", fused_qkv, no_state, gated, pre, qkv_bias | half_ff},
    {"qwen2", gqa, no_state, gated, pre, qkv_bias},
    {"qwen2moe", gqa, no_state, gated, pre, qkv_bias | shared_gate},
    {"qwen2vl", gqa, no_state, gated, pre, qkv_bias},
    {"qwen3", gqa, no_state, gated, pre, qk_norm | qkv_bias_key},
    {"qwen35", gqa, RecurrentBlock::delta_net_split, gated, pre_post, qk_norm | q_gate},
    {"qwen35moe", gqa, RecurrentBlock::delta_net_split, gated, pre_post,
     qk_norm | q_gate | shared_gate},
    {"qwen3moe", gqa, no_state, gated, pre, qk_norm | qkv_bias_key},
    {"qwen3next", gqa, RecurrentBlock::delta_net, gated, pre_post, qk_norm | q_gate | shared_gate},
    {"qwen3tts", gqa, no_state, gated, pre, qk_norm | qkv_bias_key},
    {"qwen3vl", gqa, no_state, gated, pre, qk_norm | qkv_bias_key},
    {"qwen3vlmoe", gqa, no_state, gated, pre, qk_norm | qkv_bias_key},
    {"qwen4exp", gqa, RecurrentBlock::delta_net_split, gated, "",
     qk_norm | q_gate | shared_gate | no_output_norm},
    {"refact", gqa, no_state, gated, pre, never_tied},
    {"rnd1", gqa, no_state, gated, pre, qk_norm},
    {"rwkv6", no_attention, RecurrentBlock::rwkv6, no_mlp, rwkv,
     norm_bias | embd_norm | never_tied},
    {"rwkv6qwen2", no_attention, RecurrentBlock::rwkv6_gqa, gated, pre, never_tied},
    {"rwkv7", no_attention, RecurrentBlock::rwkv7, no_mlp, rwkv,
     norm_bias | embd_norm | never_tied},
    {"seed_oss", gqa, no_state, gated, pre_post, qkv_bias},
    {"smallthinker", gqa, no_state, gated, pre, 0},
    {"smollm3", gqa, no_state, gated, pre, bias_keys},
    {"spark2_5", fused_qkv, no_state, gated, pre, head_gate},
    {"stablelm", gqa, no_state, gated, pre,
     norm_bias | qkv_bias_key | qk_norm_heads | parallel_key},
    {"starcoder", fused_qkv, no_state, plain, pre, gpt2_like | positions},
    {"starcoder2", gqa, no_state, plain, pre, gpt2_like},
    {"step35", gqa, no_state, gated, pre, qk_norm | head_gate | router_bias | nextn_dense},
    {"t5", no_attention, no_state, no_mlp, "", no_output_norm},
    {"t5encoder", no_attention, no_state, no_mlp, "", enc_output_norm | always_tied},
    {"talkie", gqa, no_state, gated, "", never_tied | no_output_norm | layer_scale},
    {"xverse", gqa, no_state, gated, pre, 0},
};

static_assert(sorted_and_unique(rules, &TensorRule::architecture));
constexpr NameIndex<std::size(rules)> by_name(rules, &TensorRule::architecture);

}  // namespace

const TensorRule* find_tensor_rule(std::string_view architecture) {
  return by_name.find(rules, &TensorRule::architecture, architecture);
}

}  // namespace fitvram
