#include "llama/compute.hpp"

#include <algorithm>
#include <optional>

#include "families/family.hpp"
#include "ggml/schedule.hpp"
#include "llama/graph/builder.hpp"
#include "llama/memory/cache_tensors.hpp"
#include "llama/memory/placement.hpp"

namespace fitvram {

namespace {

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

}  // namespace

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

namespace {

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
