#pragma once
#include <cstdint>
#include <string_view>

#include "fitvram/model.hpp"

namespace fitvram {

enum class AttentionBlock {
  none,
  gqa,        ///< attn_q, attn_k, attn_v
  fused_qkv,  ///< attn_qkv
  mla,        ///< low-rank q and kv, attn_k_b and attn_v_b split
  compressed  ///< DeepSeek-V4: low-rank q and output, one shared kv, compressors and indexer
};

enum class RecurrentBlock {
  none,
  mamba,
  mamba2,
  delta_net,        ///< Qwen3-Next: beta and alpha in one tensor
  delta_net_split,  ///< Qwen3.5: beta and alpha apart
  kda,              ///< Kimi Linear
  short_conv,       ///< LFM2
  lightning,        ///< MiniMax-01
  rwkv6,            ///< time mix and channel mix
  rwkv7,
  mamba_heads,  ///< PLaMo 2: mamba with one decay per head and inner norms
  rwkv6_gqa,    ///< RWKV6 inside Qwen2: time mix with shared keys and values
  rwkv7_mixer   ///< RWKV7 time mix before a gated feed-forward
};

enum class FeedForwardBlock {
  none,
  gated,  ///< gate, up, down
  plain,  ///< up, down
  fused   ///< gate and up in one ffn_up
};

/// What a family has beyond its blocks; bits of TensorRule::traits.
namespace trait {
inline constexpr std::uint64_t bit(unsigned n) { return std::uint64_t{1} << n; }
inline constexpr std::uint64_t norm_bias = bit(0);     // norms are LayerNorms with bias
inline constexpr std::uint64_t qkv_bias = bit(1);      // unless attention_bias says no
inline constexpr std::uint64_t qkv_bias_key = bit(2);  // if attention_bias says so
inline constexpr std::uint64_t out_bias = bit(3);
inline constexpr std::uint64_t out_bias_key = bit(4);  // attention_out_bias, else attention_bias
inline constexpr std::uint64_t mlp_bias = bit(5);
inline constexpr std::uint64_t mlp_bias_key = bit(6);
inline constexpr std::uint64_t head_bias = bit(7);       // output.bias
inline constexpr std::uint64_t qk_norm = bit(8);         // one per head dimension
inline constexpr std::uint64_t qk_norm_key = bit(9);     // the same, if the config says so
inline constexpr std::uint64_t qk_norm_full = bit(10);   // over the whole width
inline constexpr std::uint64_t qk_norm_heads = bit(11);  // one per head, if the config says so
inline constexpr std::uint64_t sinks = bit(12);
inline constexpr std::uint64_t sinks_swa = bit(13);      // on window layers only
inline constexpr std::uint64_t q_gate = bit(14);         // attn_q is twice as wide
inline constexpr std::uint64_t out_gate = bit(15);       // attn_gate as wide as the output
inline constexpr std::uint64_t head_gate = bit(16);      // attn_gate with one value per head
inline constexpr std::uint64_t indexer = bit(17);        // DeepSeek's, on every layer that owns one
inline constexpr std::uint64_t block_indexer = bit(18);  // MiniMax-M3's, on sparse layers
inline constexpr std::uint64_t router_bias = bit(19);    // exp_probs_b
inline constexpr std::uint64_t router_bias_key = bit(20);  // exp_probs_b with sigmoid gating only
inline constexpr std::uint64_t expert_bias = bit(21);      // biases of experts and router
inline constexpr std::uint64_t shared_gate = bit(22);      // ffn_gate_inp_shexp
inline constexpr std::uint64_t shared_like_expert =
    bit(23);  // one shared expert as wide as a routed one
inline constexpr std::uint64_t shared_like_dense = bit(24);  // as wide as n_ff when not stated
inline constexpr std::uint64_t fused_experts = bit(25);      // ffn_gate_up_exps
inline constexpr std::uint64_t expert_and_dense =
    bit(26);  // both in one layer, with norms of their own
inline constexpr std::uint64_t latent_experts = bit(27);  // experts at moe_latent_size
inline constexpr std::uint64_t routed_norm = bit(28);  // Kimi K3's names for the latent projections
inline constexpr std::uint64_t positions = bit(29);    // position_embd
inline constexpr std::uint64_t embd_norm = bit(30);    // token_embd_norm
inline constexpr std::uint64_t no_output_norm = bit(31);
inline constexpr std::uint64_t output_norm_lfm2 =
    bit(32);  // the final norm is called token_embd_norm
inline constexpr std::uint64_t always_tied = bit(33);
inline constexpr std::uint64_t never_tied = bit(34);
inline constexpr std::uint64_t parallel_mixers =
    bit(35);                                              // attention and recurrence in every layer
inline constexpr std::uint64_t one_mixer = bit(36);       // a layer is one of attention, state, mlp
inline constexpr std::uint64_t inner_norms = bit(37);     // Jamba: norms of dt, B and C
inline constexpr std::uint64_t no_inner_norm = bit(38);   // Falcon-H1: mamba2 without ssm_norm
inline constexpr std::uint64_t per_layer_embd = bit(39);  // Gemma 3n and 4
inline constexpr std::uint64_t altup = bit(40);           // Gemma 3n
inline constexpr std::uint64_t layer_scale = bit(41);     // Gemma 4: one number per layer
inline constexpr std::uint64_t rope_full = bit(42);       // Gemma 4: rope_freqs of the full layers
inline constexpr std::uint64_t hyper = bit(43);           // DeepSeek-V4 hyper-connections
inline constexpr std::uint64_t residual_scores = bit(44);  // Kimi K3
inline constexpr std::uint64_t half_ff = bit(45);          // Qwen 1 states twice its width
inline constexpr std::uint64_t nextn_head = bit(46);  // its nextn blocks own embedding and head
inline constexpr std::uint64_t second_norm_gqa = bit(47);   // Falcon 40B: attn_norm_2
inline constexpr std::uint64_t parallel_key = bit(48);      // no ffn_norm with a parallel residual
inline constexpr std::uint64_t extra_positions = bit(49);   // OPT: two more than the context
inline constexpr std::uint64_t no_first_norm = bit(50);     // ModernBERT: layer 0 has no attn_norm
inline constexpr std::uint64_t every_second_moe = bit(51);  // Jamba, when the config does not say
inline constexpr std::uint64_t nextn_dense = bit(52);       // its nextn blocks have no experts
inline constexpr std::uint64_t whole_kv_b = bit(53);        // MLA with attn_kv_b in one piece
inline constexpr std::uint64_t optional_blocks = bit(54);   // Nemotron-NAS: layers without a mixer
inline constexpr std::uint64_t dense_beside = bit(55);      // Arctic: a dense layer of width n_embd
inline constexpr std::uint64_t dense_if_wide = bit(56);  // Grok 2: beside experts of a stated width
inline constexpr std::uint64_t whole_gates = bit(57);    // KDA without low ranks (BailingMoe 3)
inline constexpr std::uint64_t nextn_layer_norm = bit(58);  // its nextn norm: layer_output_norm
inline constexpr std::uint64_t qk_norm_each = bit(59);      // one per head, always
inline constexpr std::uint64_t enc_output_norm = bit(60);   // the final norm is an encoder's
}  // namespace trait

/// The tensors of one family: its blocks, its norms, and what is special.
struct TensorRule {
  std::string_view architecture;  ///< GGUF spelling
  AttentionBlock attention;
  RecurrentBlock recurrent;
  FeedForwardBlock feed_forward;
  std::string_view norms;  ///< base names of each layer's norms of width n_embd; '!' after a name:
                           ///< it has no ".weight" in the file
  std::uint64_t traits;
};

/// nullptr when the family's tensors are not known. Source: load_arch_tensors in src/models/*.cpp
/// and the names conversion/*.py writes, llama.cpp v0.5.0.
const TensorRule* find_tensor_rule(std::string_view architecture);

}  // namespace fitvram
