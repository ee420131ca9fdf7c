#include <algorithm>

#include "families/family.hpp"
#include "llama/compute.hpp"
#include "llama/memory/cache_tensors.hpp"
#include "llama/memory/placement.hpp"

namespace fitvram {

ComputeFacts compute_facts(const ModelInfo& model, const Weights& weights,
                           const Workload& workload) {
  ComputeFacts g{model, weights, workload, model.hparams, llama_context_size(workload), 0, {}};
  g.n_tokens = std::min(g.size.n_ctx, g.size.n_ubatch);
  const bool honours = llama_cpp_honours_window(model);
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    for (CacheSlot slot : model.layers[i].caches) {
      if (slot.role != CacheRole::kv && slot.role != CacheRole::latent) continue;
      bool window = is_window(slot.growth);
      if (window && !honours) slot.growth = Growth::full, window = false;
      const std::uint64_t n_kv = llama_cells(slot, g.size, workload);
      AttentionWidths w{g.hp.n_head.at(i),
                        slot.shape.dim_k,
                        slot.shape.dim_v,
                        std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_k,
                        std::uint64_t{slot.shape.n_head_kv} * slot.shape.dim_v,
                        n_kv,
                        window};
      if (slot.role == CacheRole::latent) w.d_v = g.hp.head_dim_v_mla.value_or(0);
      (window ? g.kv_window : g.kv_full) = n_kv;
      if (g.attention.empty() || !(g.attention.back() == w)) g.attention.push_back(w);
    }
  }
  return g;
}

bool flash_on_device(const ComputeFacts& g) {
  const Family* family = find_family(g.model.architecture);
  const bool mla = family != nullptr && family->cache.mla && g.hp.kv_lora_rank;
  return std::all_of(g.attention.begin(), g.attention.end(), [&](const AttentionWidths& w) {
    const bool latent = w.v_row == 0;
    const std::uint64_t n_head_kv = latent ? 1 : w.k_row / std::max<std::uint64_t>(1, w.d_k);
    const std::uint64_t rope = mla ? g.hp.n_rot.value_or(0) : 0;
    const std::uint64_t d_v = latent ? w.d_k - std::min(w.d_k, rope) : w.d_v;
    return flash_kernel_takes(g.workload, w.d_k, d_v,
                              w.n_head / std::max<std::uint64_t>(1, n_head_kv));
  });
}

namespace {

constexpr std::uint64_t f32 = 4;

/// Values per token that live at the widest moment of a feed-forward block.
std::uint64_t feed_forward_width(const ComputeFacts& g, std::uint64_t attention_out) {
  const Hparams& hp = g.hp;
  const std::uint64_t n_embd = hp.n_embd.value_or(0);
  const std::uint64_t used = hp.n_expert_used.max();
  const Family* family = find_family(g.model.architecture);
  const bool squared = family != nullptr && family->graph.act == Act::squared;
  const std::uint64_t live = squared ? 2 : 3;  // gate, up and their product
  std::uint64_t dense = live * hp.n_ff.max();
  std::uint64_t experts = 0;
  if (used != 0) {
    const std::uint64_t n_ff_exp = hp.n_ff_exp.present() ? hp.n_ff_exp.max() : hp.n_ff.max();
    const bool shared = hp.n_expert_shared.value_or(0) != 0 || hp.n_ff_shexp.value_or(0) != 0;
    const std::uint64_t inside = sat_mul(live * used, n_ff_exp);
    const std::uint64_t outside = sat_mul(2 * used, n_embd);
    experts = std::max(inside, outside);
    if (!squared && shared) experts = sat_add(inside, outside);
    if (hp.n_layer_dense_lead.value_or(0) == 0) dense = 0;
  }
  const std::uint64_t width = sat_add(std::max(dense, experts), sat_add(2 * n_embd, attention_out));
  const std::uint64_t ple = hp.n_embd_per_layer.value_or(0);
  return sat_add(width, ple * (g.model.layers.size() + 4));
}

std::uint64_t recurrent_width(const ComputeFacts& g) {
  const Hparams& hp = g.hp;
  if (!has_recurrent(g.model)) return 0;
  if (hp.wkv_head_size.value_or(0) != 0) return 18 * std::uint64_t{hp.n_embd.value_or(0)};
  const std::uint64_t d_inner = hp.ssm_inner_size.value_or(0);
  const Family* family = find_family(g.model.architecture);
  if (family != nullptr && family->cache.state == StateRule::mamba) return 6 * d_inner;
  if (d_inner == 0) return 0;
  return sat_add(7 * d_inner, sat_mul(2 * std::uint64_t{hp.ssm_group_count.value_or(0)},
                                      hp.ssm_state_size.value_or(0)));
}

/// Bytes of the f16 copy of one layer's K and V that the CUDA kernels make of another cache type.
Bytes converted_cache(const ComputeFacts& g) {
  const bool k = cache_type_k(g.workload).name != "F16";
  const bool v = cache_type_v(g.workload).name != "F16";
  Bytes most;
  for (const auto& w : g.attention) {
    const std::uint64_t row = (k ? w.k_row : 0) + (v ? w.v_row : 0);
    most = std::max(most, Bytes{2} * row * w.n_kv * g.size.n_stream);
  }
  return most;
}

Moment::Masks masks(const ComputeFacts& g, bool flash_attn) {
  return {flash_attn ? 2U : 4U, g.n_tokens, sat_add(g.kv_full, g.kv_window)};
}

}  // namespace

Bytes Moment::bytes() const {
  return Bytes{f32} * values.rows * values.width + Bytes{f32} * scores.rows * scores.width +
         Bytes{masks.value_bytes} * masks.n_tokens * masks.n_cells + converted;
}

Moment inputs_moment(const ComputeFacts& g) {
  return {"embeddings of the batch, twice, and masks",
          {g.n_tokens, 2 * std::uint64_t{g.hp.n_embd.value_or(0)}},
          {},
          masks(g, flash(g)),
          {}};
}

Moment widest_moment(const ComputeFacts& g, bool cuda) {
  const Hparams& hp = g.hp;
  const std::uint64_t n_embd = hp.n_embd.value_or(0);
  const bool flash_attn = flash(g);
  const bool on_cpu = flash_attn && cuda && !flash_on_device(g);
  const Moment::Masks mask = on_cpu ? Moment::Masks{} : masks(g, flash_attn);
  const std::uint64_t n_batch = std::min<std::uint64_t>(g.workload.n_ctx, g.workload.n_batch);
  const std::uint64_t asked = g.workload.n_outputs == 0 ? n_batch : g.workload.n_outputs;
  const std::uint64_t n_outputs = std::min<std::uint64_t>(g.n_tokens, asked);

  std::uint64_t q_width = 0, out_width = 0;
  for (const auto& w : g.attention) {
    q_width = std::max(q_width, w.n_head * w.d_k);
    out_width = std::max(out_width, w.n_head * w.d_v);
  }
  const Moment::Values logits{n_outputs, sat_add(hp.n_vocab.value_or(0), n_embd)};
  Moment most{"logits and embeddings of the tokens with an output", logits, {}, {}, {}};
  const auto consider = [&](const Moment& moment) {
    if (moment.bytes() > most.bytes()) most = moment;
  };
  consider({"values of a feed-forward block, and masks",
            {g.n_tokens, feed_forward_width(g, out_width)},
            {},
            mask,
            {}});
  consider({"values of a recurrent block", {g.n_tokens, recurrent_width(g)}, {}, {}, {}});
  // With a row of logits for every token the arena is fragmented where they are placed.
  if (n_outputs == g.n_tokens && n_outputs > 1) {
    const std::uint64_t used = hp.n_expert_used.max();
    consider({"logits and embeddings of every token, and the block before",
              logits,
              {g.n_tokens, sat_add(sat_mul(2 * used, n_embd), 3 * n_embd)},
              {},
              {}});
  }
  if (g.attention.empty()) return most;

  Moment attention{
      "embeddings, queries and results of attention, its scores, masks and copies of "
      "the cache in 16 bits",
      {g.n_tokens, sat_add(2 * n_embd, sat_mul(2, q_width))},
      {},
      mask,
      {}};
  if (!flash_attn) {
    attention.scores.rows = g.n_tokens;
    for (const auto& w : g.attention)
      attention.scores.width = std::max(attention.scores.width, sat_mul(w.n_head, w.n_kv));
  } else if (cuda && !on_cpu) {
    attention.converted = converted_cache(g);
  }
  consider(attention);
  return most;
}

}  // namespace fitvram
