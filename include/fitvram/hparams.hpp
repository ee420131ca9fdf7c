#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fitvram {

/// A number that a model may give once or per layer: empty = absent, one value = all layers.
struct PerLayer {
  std::vector<std::uint32_t> values;

  PerLayer() = default;
  PerLayer(std::uint32_t all) : values{all} {}
  PerLayer(std::vector<std::uint32_t> each) : values(std::move(each)) {}

  bool present() const { return !values.empty(); }
  /// Value of layer `i`; a per-layer list that is too short reads as 0 past its end.
  std::uint32_t at(std::size_t i) const {
    if (values.size() == 1) return values[0];
    return i < values.size() ? values[i] : 0;
  }
  /// Largest value, 0 when absent.
  std::uint32_t max() const {
    std::uint32_t most = 0;
    for (const auto v : values) most = v > most ? v : most;
    return most;
  }
  friend bool operator==(const PerLayer&, const PerLayer&) = default;
};

/// The facts a file states about its model, under the names GGUF gives them (comments: the key
/// below
/// "<arch>."). Everything is optional: a front end records what it read and nothing else; defaults
/// are the architecture rule's business. A Hugging Face config is translated to the same facts as
/// llama.cpp's converter would (conversion/*.py, v0.5.0).
struct Hparams {
  using U32 = std::optional<std::uint32_t>;

  std::string architecture;  ///< GGUF spelling ("gemma3"); the file's own word when unknown
  std::string name;          ///< general.name, _name_or_path or empty

  U32 n_layer;        ///< block_count: all blocks in the file, next-token-prediction ones included
  U32 n_layer_nextn;  ///< nextn_predict_layers: of those, the last ones that only predict ahead
  U32 n_layer_dense_lead;  ///< leading_dense_block_count
  U32 n_ctx_train;         ///< context_length, tokens
  U32 n_embd;              ///< embedding_length
  U32 n_vocab;             ///< vocab_size, or the length of tokenizer.ggml.tokens

  PerLayer n_head;     ///< attention.head_count
  PerLayer n_head_kv;  ///< attention.head_count_kv; 0 in a layer = no attention there
  PerLayer n_ff;       ///< feed_forward_length; 0 in a layer = no dense feed-forward there
  U32 head_dim_k;      ///< attention.key_length
  U32 head_dim_v;      ///< attention.value_length
  U32 head_dim_k_swa;  ///< attention.key_length_swa
  U32 head_dim_v_swa;  ///< attention.value_length_swa
  U32 n_rot;           ///< rope.dimension_count
  std::vector<std::uint32_t> rope_sections;  ///< rope.dimension_sections: positions in several axes
  std::optional<bool> rope_finetuned;        ///< rope.scaling.finetuned: false = no rope (Granite)
  std::optional<double> clamp_kqv;           ///< attention.clamp_kqv: bound of Q, K and V

  U32 n_swa;       ///< attention.sliding_window, tokens; 0 = stated to be off
  U32 swa_period;  ///< attention.sliding_window_pattern as a number: every n-th layer is full
  std::vector<bool> swa_layers;  ///< the same key as a list, or layer_types: true = window layer
  U32 n_chunk;                   ///< attention.chunk_size (Llama 4), tokens
  U32 shared_kv_layers;  ///< attention.shared_kv_layers: the last n layers reuse an earlier cache

  U32 q_lora_rank;         ///< attention.q_lora_rank
  U32 kv_lora_rank;        ///< attention.kv_lora_rank
  U32 head_dim_k_mla;      ///< attention.key_length_mla (present only in MLA files)
  U32 head_dim_v_mla;      ///< attention.value_length_mla
  U32 kv_lora_rank_swa;    ///< attention.kv_lora_rank_swa (dots3note): of the window layers
  U32 head_dim_k_mla_swa;  ///< attention.key_length_mla_swa
  U32 head_dim_v_mla_swa;  ///< attention.value_length_mla_swa

  U32 indexer_n_head;                ///< attention.indexer.head_count
  U32 indexer_head_dim;              ///< attention.indexer.key_length
  U32 indexer_top_k;                 ///< attention.indexer.top_k
  U32 indexer_block_size;            ///< attention.indexer.block_size (MiniMax-M3), tokens
  std::vector<bool> indexer_layers;  ///< attention.indexer.types: true = layer owns an indexer
  std::vector<std::uint32_t> compress_ratios;  ///< attention.compress_ratios (DeepSeek-V4)

  U32 n_expert;              ///< expert_count
  PerLayer n_expert_used;    ///< expert_used_count
  PerLayer n_ff_exp;         ///< expert_feed_forward_length
  U32 n_expert_shared;       ///< expert_shared_count
  U32 n_ff_shexp;            ///< expert_shared_feed_forward_length
  U32 expert_gating_func;    ///< expert_gating_func
  U32 n_expert_groups;       ///< expert_group_count: experts are picked by groups first
  U32 n_expert_groups_used;  ///< expert_group_used_count
  U32 expert_weights_norm;   ///< expert_weights_norm: weights of the picked experts add up to 1
  std::optional<double> expert_weights_scale;  ///< expert_weights_scale
  U32 moe_every_n_layers;                      ///< moe_every_n_layers / interleave_moe_layer_step
  std::vector<std::uint32_t> mlp_only_layers;  ///< mlp_only_layers: these have no experts (config)
  U32 n_deepstack_layers;                      ///< n_deepstack_layers: wider embeddings (Qwen3-VL)

  U32 ssm_conv_kernel;                 ///< ssm.conv_kernel
  U32 ssm_inner_size;                  ///< ssm.inner_size
  U32 ssm_state_size;                  ///< ssm.state_size
  U32 ssm_group_count;                 ///< ssm.group_count
  U32 ssm_time_step_rank;              ///< ssm.time_step_rank
  U32 kda_head_dim;                    ///< kda.head_dim
  U32 la_head_dim;                     ///< head size of MiniMax-01's linear attention
  U32 wkv_head_size;                   ///< wkv.head_size
  U32 token_shift_count;               ///< token_shift_count
  U32 decay_lora_rank;                 ///< attention.decay_lora_rank (RWKV 7)
  U32 iclr_lora_rank;                  ///< attention.iclr_lora_rank
  U32 value_lora_rank;                 ///< attention.value_residual_mix_lora_rank
  U32 gate_lora_rank;                  ///< attention.gate_lora_rank; 0 = no gate
  U32 time_mix_extra_dim;              ///< time_mix_extra_dim (RWKV 6)
  U32 time_decay_extra_dim;            ///< time_decay_extra_dim (RWKV 6)
  U32 shortconv_l_cache;               ///< shortconv.l_cache
  U32 full_attention_interval;         ///< full_attention_interval
  std::vector<bool> recurrent_layers;  ///< attention.recurrent_layers: true = recurrent

  std::optional<double> embedding_scale;  ///< embedding_scale: factor of the embedding (Granite)
  U32 n_embd_per_layer;                   ///< embedding_length_per_layer_input (Gemma 3n/4)
  U32 num_loops;  ///< num_loops (Nanbeige): times the blocks are run, each with its cache
  std::optional<bool> skip_loop_final_norm;  ///< skip_loop_final_norm (Nanbeige)
  std::vector<std::uint32_t>
      ple_layers;         ///< ple.layers (Qwen 4): indices of layers with a PLE module
  U32 ple_ngram_size;     ///< ple.ngram_size
  U32 ple_conv_kernel;    ///< ple.conv_kernel
  U32 hyper_connections;  ///< hyper_connection.count (DeepSeek-V4, Qwen 4)
  U32 hyper_low_rank;     ///< hyper_connection.low_rank (Qwen 4)
  U32 n_layer_per_stack;  ///< hrm.layers_per_stack: the file holds two stacks of them
  U32 n_l_cycle;          ///< hrm.l_cycles: times the first runs for each time the second does
  U32 dec_n_layer;        ///< decoder_block_count (T5), n_layer when absent
  U32 n_rel_attn_bkts;    ///< attention.relative_buckets_count (T5)
  U32 n_cls_out;          ///< scores of a reward model, which stand in the place of the head
  U32 n_token_types;      ///< tokenizer.ggml.token_type_count: rows of token_types (BERT)

  U32 moe_latent_size;  ///< moe_latent_size / expert_latent_length: width the routed experts work
                        ///< at
  U32 output_group_count;   ///< attention.output_group_count (DeepSeek-V4)
  U32 output_lora_rank;     ///< attention.output_lora_rank (DeepSeek-V4)
  U32 hash_layer_count;     ///< hash_layer_count: first layers that route by token id (DeepSeek-V4)
  U32 attn_res_block_size;  ///< attn_res.block_size (Kimi K3)
  std::optional<bool> parallel_residual;  ///< use_parallel_residual
  std::optional<bool> swin_norm;          ///< swin_norm: results are normed, not inputs (Chameleon)

  // What only a config states (a GGUF shows it by its tensors). Absent = what the family always
  // does.
  std::optional<bool> tied_embeddings;     ///< tie_word_embeddings
  std::optional<bool> attention_bias;      ///< attention_bias, use_bias, bias, qkv_bias: q, k and v
  std::optional<bool> attention_out_bias;  ///< attention_out_bias: the output projection
  std::optional<bool> mlp_bias;            ///< mlp_bias, use_bias
  std::optional<bool> qk_norm;             ///< use_qk_norm, qk_layernorm
  std::optional<bool> k_eq_v;              ///< attention_k_eq_v: full layers have no v (Gemma 4)
  std::optional<bool> gate_per_value;      ///< gating: attn_gate as wide as the output (Laguna)
  std::optional<bool> gated_ff;            ///< feed_forward_proj: "gated-..." (T5)
  std::optional<bool> rel_bias_each;       ///< every layer has its own relative bias (UMT5)
  std::optional<bool> group_norm;          ///< wkv_has_group_norm (ARWKV 7)
  std::vector<std::uint32_t> cross_layers;  ///< cross_attention_layers (Llama 3.2 Vision)
  U32 n_vocab_extra;      ///< rows of the input embedding beyond n_vocab (Molmo, Llama 3.2 Vision)
  std::string rope_type;  ///< rope_scaling.rope_type: "llama3", "longrope", "yarn" ...
  std::optional<double> rope_scale;  ///< declared RoPE scaling factor, display only

  /// Whether a layer has the window.
  bool is_swa(std::size_t layer) const { return layer < swa_layers.size() && swa_layers[layer]; }

  friend bool operator==(const Hparams&, const Hparams&) = default;
};

}  // namespace fitvram
