#pragma once
#include <cstdint>
#include <string_view>

#include "fitvram/gpu.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// An enum and its last word.
template <typename E>
struct UpTo {
  E& value;
  E last;
};
template <typename E>
UpTo<E> up_to(E& value, E last) {
  return {value, last};
}

/// A row of the catalogue: its config stands in the JSON text.
struct SnapshotEntry {
  std::string_view name;
  std::uint64_t config_at = 0;
  std::uint64_t config_size = 0;
  std::string_view model;
  std::uint64_t n_params = 0;
};

// fields(v, x) is what is stored of x, in order: v writes it or reads it back. A new field is one
// more word here.

template <typename V>
void fields(V& v, SnapshotEntry& entry) {
  v(entry.name, entry.config_at, entry.config_size, entry.model, entry.n_params);
}

template <typename V>
void fields(V& v, GpuCard& card) {
  v(card.name, card.display, card.vendor, card.marketed, card.visible, card.bandwidth_gbps,
    card.unified, card.laptop, card.aliases, card.shared_aliases);
}

template <typename V>
void fields(V& v, Note& note) {
  v(up_to(note.severity, Severity::warning), note.code, note.message);
}

template <typename V>
void fields(V& v, Packing& p) {
  v(p.roles, p.millibits, p.group, p.group_rows, p.group_bits, p.row_bits, p.column_bits,
    p.matrix_bytes, p.text_bytes);
}

template <typename V>
void fields(V& v, CacheSlot& slot) {
  v(up_to(slot.role, CacheRole::compressor_state), up_to(slot.growth, Growth::constant), slot.span,
    slot.shape.n_head_kv, slot.shape.dim_k, slot.shape.dim_v);
}

template <typename V>
void fields(V& v, Layer& layer) {
  v(up_to(layer.kind, LayerKind::nextn), layer.caches);
}

/// Without the layer: that is a matter of the block the tensor stands in.
template <typename V>
void fields(V& v, Tensor& tensor) {
  v(tensor.name, tensor.ne[0], tensor.ne[1], tensor.ne[2], tensor.ne[3], tensor.type,
    up_to(tensor.role, TensorRole::other));
}

template <typename V>
void fields(V& v, Hparams& hp) {
  v(hp.architecture, hp.name, hp.n_layer, hp.n_layer_nextn, hp.n_layer_dense_lead, hp.n_ctx_train,
    hp.n_embd, hp.n_vocab, hp.n_head, hp.n_head_kv, hp.n_ff, hp.head_dim_k, hp.head_dim_v,
    hp.head_dim_k_swa, hp.head_dim_v_swa, hp.n_rot, hp.rope_sections, hp.rope_finetuned,
    hp.clamp_kqv, hp.n_swa, hp.swa_period, hp.swa_layers, hp.n_chunk, hp.shared_kv_layers,
    hp.q_lora_rank, hp.kv_lora_rank, hp.head_dim_k_mla, hp.head_dim_v_mla, hp.kv_lora_rank_swa,
    hp.head_dim_k_mla_swa, hp.head_dim_v_mla_swa, hp.indexer_n_head, hp.indexer_head_dim,
    hp.indexer_top_k, hp.indexer_block_size, hp.indexer_layers, hp.compress_ratios, hp.n_expert,
    hp.n_expert_used, hp.n_ff_exp, hp.n_expert_shared, hp.n_ff_shexp, hp.expert_gating_func,
    hp.n_expert_groups, hp.n_expert_groups_used, hp.expert_weights_norm, hp.expert_weights_scale,
    hp.moe_every_n_layers, hp.mlp_only_layers, hp.n_deepstack_layers, hp.ssm_conv_kernel,
    hp.ssm_inner_size, hp.ssm_state_size, hp.ssm_group_count, hp.ssm_time_step_rank,
    hp.kda_head_dim, hp.la_head_dim, hp.wkv_head_size, hp.token_shift_count, hp.decay_lora_rank,
    hp.iclr_lora_rank, hp.value_lora_rank, hp.gate_lora_rank, hp.time_mix_extra_dim,
    hp.time_decay_extra_dim, hp.shortconv_l_cache, hp.full_attention_interval, hp.recurrent_layers,
    hp.embedding_scale, hp.n_embd_per_layer, hp.num_loops, hp.skip_loop_final_norm, hp.ple_layers,
    hp.ple_ngram_size, hp.ple_conv_kernel, hp.hyper_connections, hp.hyper_low_rank,
    hp.n_layer_per_stack, hp.n_l_cycle, hp.dec_n_layer, hp.n_rel_attn_bkts, hp.n_cls_out,
    hp.n_token_types, hp.moe_latent_size, hp.output_group_count, hp.output_lora_rank,
    hp.hash_layer_count, hp.attn_res_block_size, hp.parallel_residual, hp.swin_norm,
    hp.tied_embeddings, hp.attention_bias, hp.attention_out_bias, hp.mlp_bias, hp.qk_norm,
    hp.k_eq_v, hp.gate_per_value, hp.gated_ff, hp.rel_bias_each, hp.group_norm, hp.cross_layers,
    hp.n_vocab_extra, hp.rope_type, hp.rope_scale);
}

template <typename V>
void fields(V& v, ModelInfo& model) {
  v(model.name, model.source, up_to(model.format, ModelFormat::parameters), model.architecture,
    model.model_type, model.known_architecture, up_to(model.layout, Provenance::assumed),
    model.n_params, up_to(model.params, Provenance::assumed), model.n_params_mmproj, model.n_layer,
    model.n_ctx_train, model.hparams, model.layers, model.tensors, model.packings, model.quant,
    model.checkpoint_bytes, model.notes);
}

/// That is: there are fields() of a T.
template <typename T, typename V>
concept Stored = requires(V& v, T& value) {
  fields(v, value);
};

}  // namespace fitvram
