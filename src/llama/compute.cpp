#include "llama/compute.hpp"

#include <algorithm>
#include <optional>

#include "families/family.hpp"
#include "ggml/schedule.hpp"
#include "llama/graph/builder.hpp"
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

namespace {

/// Whether the device has the kernel of flash attention.
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

Machine machine_of(const Backend& backend) {
  Machine machine;
  machine.device = backend.device;
  machine.keeps = backend.ggml_cuda;
  machine.device_memory.alignment = backend.alignment;
  machine.host_memory.alignment = backend.host_alignment;
  return machine;
}

/// nullptr: the graph is not restated, or not determined by what is known of the model.
const GraphRule* graph_rule(const ModelInfo& model) {
  const bool listed = model.n_layer != 0 && model.n_layer <= model.layers.size();
  if (model.tensors.empty() || !listed) return nullptr;
  const Family* family = find_family(model.architecture);
  return family != nullptr && family->graph.build != nullptr ? &family->graph : nullptr;
}

/// Automatic flash attention is given up where it would run on another device than its layer
/// (src/llama-context.cpp, resolve_fused_ops, v0.5.0).
bool flash_follows_layers(const ComputeFacts& f) {
  const Devices devices(f.model, f.workload);
  const GraphRule* rule = graph_rule(f.model);
  const std::uint64_t all = f.model.layers.size() + 1;
  const bool split = devices.layers_on_device() != all || !f.workload.offload_kqv;
  if (rule == nullptr || !devices.backend().device || !split) return flash_on_device(f);
  try {
    Graph graph;
    Building how;
    how.weights = &f.weights;
    how.probe = true;
    GraphBuilder builder(f.model, f.workload, how, graph);
    rule->build(builder, *rule);
    schedule(graph, machine_of(devices.backend()));
    return std::all_of(
        builder.flash_calls.begin(), builder.flash_calls.end(), [&](const auto& call) {
          return (graph[call.node].place == Place::device) == devices.holds_layer(call.layer);
        });
  } catch (const Unbuilt&) {
    return flash_on_device(f);
  }
}

/// ggml-cuda/lightning-indexer.cu, ggml-vulkan.cpp and ggml-metal-device.m, v0.5.0.
bool indexer_on_device(const ComputeFacts& f) {
  if (f.hp.indexer_head_dim.value_or(0) != 128) return false;
  if (f.workload.backend == "vulkan") return true;
  const std::uint32_t n_head = f.hp.indexer_n_head.value_or(0);
  const bool heads = n_head == 64 || (runs_ggml_cuda(f.workload) && n_head == 32);
  return heads && cache_type_k(f.workload).name != "IQ4_NL";
}

/// Whether flash attention is on.
bool flash(const ComputeFacts& g) {
  const Family* family = find_family(g.model.architecture);
  if (family != nullptr && family->load.no_flash) return false;
  switch (g.workload.flash_attn) {
    case FlashAttention::on:
      return true;
    case FlashAttention::off:
      return false;
    case FlashAttention::automatic:
      return cache_type_v(g.workload).quantized() || flash_follows_layers(g);
  }
  return true;
}

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

/// Of the host where all blocks are on the device.
Moment inputs_moment(const ComputeFacts& g) {
  return {"embeddings of the batch, twice, and masks",
          {g.n_tokens, 2 * std::uint64_t{g.hp.n_embd.value_or(0)}},
          {},
          masks(g, flash(g)),
          {}};
}

/// What `measure` makes of the runtime's own graph, where its architecture's blocks are known.
/// Blocks that only repeat others are left out, fewer of them until it is seen that they do.
template <typename Measure>
auto simulate(const ComputeFacts& f, Graph& graph, std::vector<ReadWeight>* read, Measure measure)
    -> std::optional<decltype(measure(graph, Machine{}))> {
  const GraphRule* rule = graph_rule(f.model);
  const Backend* backend = find_backend(f.workload.backend);
  if (rule == nullptr || backend == nullptr) return std::nullopt;
  try {
    Building how;
    how.weights = &f.weights;
    how.flash = flash(f);
    how.indexer_on_device = indexer_on_device(f);
    how.read = read;
    for (;; ++how.care) {
      GraphBuilder builder(f.model, f.workload, how, graph);
      rule->build(builder, *rule);
      auto measured = measure(graph, machine_of(*backend));
      if (measured.repeats) return measured;
      graph = {};
      if (read != nullptr) read->clear();
    }
  } catch (const Unbuilt&) {
    return std::nullopt;
  }
}

}  // namespace

Bytes Moment::bytes() const {
  return Bytes{f32} * values.rows * values.width + Bytes{f32} * scores.rows * scores.width +
         Bytes{masks.value_bytes} * masks.n_tokens * masks.n_cells + converted;
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

std::optional<std::vector<ChunkPeak>> simulated_peaks(const ComputeFacts& facts, Graph& graph,
                                                      std::vector<ReadWeight>& read) {
  auto peaks = simulate(facts, graph, &read, arena_peaks);
  if (!peaks) return std::nullopt;
  return std::move(peaks->chunks);
}

// Vulkan's optimizer reorders operations, which is not restated and costs most where states are
// copied: there the larger figure is the safer one.
bool is_reordered(const ComputeFacts& facts) {
  return facts.workload.backend == "vulkan" && has_recurrent(facts.model);
}

FormulaMoments formula_moments(const ComputeFacts& facts) {
  const Devices devices(facts.model, facts.workload);
  const std::uint64_t on_device = devices.layers_on_device();
  FormulaMoments moments;
  if (on_device != 0) moments.device = widest_moment(facts, runs_ggml_cuda(facts.workload));
  moments.host = on_device == facts.model.layers.size() + 1 && facts.workload.offload_kqv
                     ? inputs_moment(facts)
                     : widest_moment(facts, false);
  return moments;
}

bool flash_attention_resolved(const ModelInfo& model, const Workload& workload) {
  const Weights own;
  return flash(compute_facts(model, own, workload));
}

Placement llama_cpp_compute(const ModelInfo& model, const Weights& weights,
                            const Workload& workload) {
  const ComputeFacts facts = compute_facts(model, weights, workload);
  Graph graph;
  if (const auto bytes = simulate(facts, graph, nullptr, arena_bytes)) {
    Placement compute{Bytes{bytes->device}, Bytes{bytes->host}, false, graph.moves_weights};
    if (is_reordered(facts))
      compute.device = std::max(compute.device, widest_moment(facts, false).bytes());
    return compute;
  }
  const FormulaMoments moments = formula_moments(facts);
  return {moments.device.bytes(), moments.host.bytes(), true};
}

}  // namespace fitvram
