#include "llama/graph/builder.hpp"

#include <algorithm>
#include <utility>

#include "llama/memory/cache_tensors.hpp"
#include "llama/memory/limits.hpp"

namespace fitvram {

namespace {

constexpr std::size_t no_plan = SIZE_MAX;

constexpr std::uint32_t most_slots = 64;  // snapshots of states; llama.cpp's users ask for few

}  // namespace

GraphBuilder::GraphBuilder(const ModelInfo& m, const Workload& w, const Building& how, Graph& graph)
    : g(graph),
      model(m),
      workload(w),
      hp(m.hparams),
      family(find_family(m.architecture)),
      devices(m, w),
      size(llama_context_size(w)),
      flash(how.flash),
      v_is_transposed(v_transposed(m, w)),
      indexer_on_device(how.indexer_on_device) {
  n_seqs = std::max<std::uint32_t>(1, w.n_seq);
  n_tokens = round_up(std::min(size.n_ctx, size.n_ubatch), n_seqs);
  const std::uint64_t n_batch = std::min<std::uint64_t>(w.n_ctx, w.n_batch);
  const bool all_outputs = w.n_outputs == 0 || (family != nullptr && family->load.encodes);
  const std::uint64_t asked = all_outputs ? n_batch : w.n_outputs;
  n_outputs = std::min(std::min(size.n_ctx, size.n_ubatch), asked);
  if (how.probe) n_tokens = n_outputs = n_seqs;
  n_embd = hp.n_embd.value_or(0);
  if (n_tokens == 0 || n_outputs == 0 || n_embd == 0) throw Unbuilt{};
  if (model.layers.size() > llama_max_layers || n_seqs > llama_max_seq) throw Unbuilt{};
  pins_ = how.probe && devices.backend().device;
  read_ = how.read;
  if (how.weights != nullptr && how.weights->types.size() == m.tensors.size())
    types_ = how.weights->types;
  BlockPlan blocks_to_build = plan_blocks(m, w, devices, how.care);
  plan = std::move(blocks_to_build.blocks);
  omissions_ = std::move(blocks_to_build.omissions);
  g.repeats.resize(omissions_.size());
  index_tensors();
  g.reserve(plan.size());
}

void GraphBuilder::enter(std::size_t block) {
  layer = block;
  last = block + 1 == model.n_layer;
  const std::size_t at = planned_[block];
  for (std::size_t i = 0; i < omissions_.size(); ++i) {
    if (omissions_[i].at == at) g.repeats[i].from = g.next();
    if (omissions_[i].again == at) g.repeats[i].to = g.next();
  }
}

void GraphBuilder::index_tensors() {
  planned_.assign(model.layers.size(), no_plan);
  tensors_.resize(plan.size());
  std::vector<std::size_t> first_run(model.layers.size(), no_plan);  // block -> position in plan
  for (std::size_t p = 0; p < plan.size(); ++p) {
    planned_[plan[p]] = p;
    const std::size_t block = block_of(family, hp, plan[p]);
    if (block >= first_run.size()) throw Unbuilt{};
    first_run[block] = std::min(first_run[block], p);
  }
  for (const auto& tensor : model.tensors) {
    if (tensor.layer < 0) {
      globals_.push_back(named(tensor));
      continue;
    }
    const auto i = static_cast<std::size_t>(tensor.layer);
    if (i >= first_run.size() || first_run[i] == no_plan) continue;
    auto& block = tensors_[first_run[i]];
    if (block.empty()) block.reserve(32);
    block.push_back(named(tensor));
  }
  for (std::size_t p = 0; p < plan.size(); ++p) {
    const std::size_t first = first_run[block_of(family, hp, plan[p])];
    if (first != p) tensors_[p] = tensors_[first];
  }
}

GraphBuilder::Named GraphBuilder::named(const Tensor& tensor) {
  const std::string_view name = tensor.name;
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  return {name.substr(0, dot), name.substr(dot), &tensor};
}

const Tensor* GraphBuilder::find(std::string_view name) const {
  const std::size_t dot = std::min(name.rfind('.'), name.size());
  return find(name.substr(0, dot), name.substr(dot));
}

const Tensor* GraphBuilder::find(std::string_view stem, std::string_view suffix) const {
  const Tensor* without = nullptr;
  for (const Named& each : tensors_[planned_[layer]]) {
    // Most names of one length differ in their last letter.
    if (each.stem.size() != stem.size() || each.stem.back() != stem.back() || each.stem != stem)
      continue;
    if (each.suffix == suffix) return each.tensor;
    if (each.suffix.empty()) without = each.tensor;
  }
  // PLaMo-2 names some weights without the suffix.
  return suffix == ".weight" ? without : nullptr;
}

const TensorType* GraphBuilder::type_of(const Tensor& tensor) const {
  return types_.empty() ? tensor.type
                        : types_[static_cast<std::size_t>(&tensor - model.tensors.data())];
}

NodeId GraphBuilder::leaf_of(const Tensor& tensor, Place place) {
  if (tensor.layer >= 0 && tensor.layer != block_of_made_ && !repeats_blocks(family)) {
    made_in_block_.clear();
    block_of_made_ = tensor.layer;
  }
  auto& all = tensor.layer < 0 ? made_globals_ : made_in_block_;
  for (const auto& made : all)
    if (made.tensor == &tensor && g[made.node].place == place) return made.node;
  const TensorType* type = type_of(tensor);
  const Elem elem = type == nullptr ? f32_elem : elem_of(*type);
  const NodeId id = g.external(tensor.ne, elem, place, true);
  all.push_back({&tensor, id});
  if (read_ != nullptr) read_->push_back({id, &tensor});
  return id;
}

NodeId GraphBuilder::leaf_in_block(const Tensor* tensor) {
  if (tensor == nullptr) return no_node;
  return leaf_of(*tensor, devices.holds(model, *tensor) ? Place::device : Place::host);
}

NodeId GraphBuilder::weight(std::string_view name) { return leaf_in_block(find(name)); }

NodeId GraphBuilder::weight(std::string_view stem, std::string_view suffix) {
  return leaf_in_block(find(stem, suffix));
}

NodeId GraphBuilder::global(std::string_view name) {
  const auto find_global = [&](std::string_view wanted) -> const Tensor* {
    for (const Named& each : globals_)
      if (each.tensor->name == wanted) return each.tensor;
    return nullptr;
  };
  const Tensor* tensor = find_global(name);
  if (tensor == nullptr && name == "output.weight") tensor = find_global("token_embd.weight");
  if (tensor == nullptr && name == "token_embd.weight" && makes_input_of_output(model))
    tensor = find_global("output.weight");
  if (tensor == nullptr) return no_node;
  const std::size_t reader = name.starts_with("output") ? model.layers.size() : layer;
  const bool device = devices.holds_for(model, *tensor, reader);
  return leaf_of(*tensor, device ? Place::device : Place::host);
}

bool GraphBuilder::is_swa(std::size_t i) const { return hp.is_swa(i); }

bool GraphBuilder::is_swa() const { return is_swa(layer); }

NodeId GraphBuilder::in_place(NodeId like, std::initializer_list<NodeId> sources) {
  return g.op(Op::in_place, ne(like), f32_elem, sources);
}

NodeId GraphBuilder::other(Shape shape, std::initializer_list<NodeId> sources, Elem elem) {
  return g.op(Op::other, shape, elem, sources);
}

NodeId GraphBuilder::mat(NodeId w, NodeId x) {
  const Shape a = ne(w), b = ne(x);
  return g.op(Op::mul_mat, {a[1], b[1], b[2], b[3]}, f32_elem, {w, x});
}

NodeId GraphBuilder::mat_bias(std::string_view name, NodeId x) {
  NodeId y = mat(weight(name, ".weight"), x);
  if (const NodeId s = weight(name, ".scale"); s != no_node) y = mul(y, s);
  if (const NodeId b = weight(name, ".bias"); b != no_node) y = add(y, b);
  return y;
}

NodeId GraphBuilder::mat_id(NodeId w, NodeId x, NodeId ids) {
  const Shape i = ne(ids);
  return g.op(Op::mul_mat_id, {ne(w)[1], i[0], ne(x)[2], 1}, f32_elem, {w, x, ids});
}

NodeId GraphBuilder::rows(NodeId table, NodeId ids) {
  const Shape a = ne(table), i = ne(ids);
  const Elem elem = g[table].elem == i32_elem ? i32_elem : f32_elem;
  return g.op(Op::get_rows, {a[0], i[0], i[1], i[2]}, elem, {table, ids});
}

NodeId GraphBuilder::strided(NodeId x, Shape shape) {
  const NodeId id = g.view(x, shape);
  g[id].contiguous = false;
  return id;
}

NodeId GraphBuilder::rope(NodeId x) {
  const bool factors = !plain_rope && layer_uses_rope_factors(model, layer);
  NodeId f = factors ? global("rope_freqs.weight") : no_node;
  if (f == no_node && factors) f = global("rope_factors_long.weight");
  return g.op(Op::rope, ne(x), f32_elem, {x, positions(), f});
}

// src/llama-context.cpp, graph_get_cb, v0.5.0; the planner of whole batches forgets these places
// (ggml_backend_sched_reserve_size).
void GraphBuilder::pin(NodeId x) {
  if (pins_) g[x].place = devices.holds_layer(layer) ? Place::device : Place::host;
}

NodeId GraphBuilder::norm(NodeId x, std::string_view name) {
  const bool whole = layer == SIZE_MAX;
  const auto part = [&](std::string_view suffix) {
    return whole ? global(std::string(name) + std::string(suffix)) : weight(name, suffix);
  };
  const NodeId w = part(".weight"), b = part(".bias");
  x = layer_norm ? other(ne(x), {x}) : unary(x);
  if (!whole && (w != no_node || b != no_node)) pin(x);
  if (w != no_node) x = mul(x, w);
  if (b != no_node) x = add(x, b);
  return x;
}

NodeId GraphBuilder::norm_of_output(NodeId x) {
  x = unary(x);
  return mul(x, global("output_norm.weight"));
}

NodeId GraphBuilder::embed(bool scaled) {
  token_ids = g.input({n_tokens, 1, 1, 1}, i32_elem);
  NodeId x = rows(global("token_embd.weight"), token_ids);
  const std::uint64_t wide = n_embd * (1 + std::uint64_t{hp.n_deepstack_layers.value_or(0)});
  if (wide != n_embd) x = other({wide, n_tokens, 1, 1}, {x});
  g.expand(x);
  g.expand(g.input({wide, n_tokens, 1, 1}, f32_elem));
  deep_embd = x;
  if (wide != n_embd) x = g.part(x, {n_embd, n_tokens, 1, 1}, f32_elem.block_bytes * wide);
  if (scaled) x = scale(x);
  g.expand(x);
  return x;
}

NodeId GraphBuilder::positions(std::uint64_t per_token) {
  if (positions_ == no_node) positions_ = g.input({n_tokens * per_token, 1, 1, 1}, i32_elem);
  return positions_;
}

NodeId GraphBuilder::out_ids() {
  if (out_ids_ == no_node) out_ids_ = g.input({n_outputs, 1, 1, 1}, i32_elem);
  return out_ids_;
}

NodeId GraphBuilder::feed_forward(NodeId x, std::string_view up, std::string_view gate,
                                  std::string_view down, Act act) {
  NodeId y = mat_bias(up, x);
  if (!gate.empty() && find(gate, ".weight") != nullptr) {
    y = gated(mat_bias(gate, x), y, act);
  } else {
    const bool halves = ne(weight(down, ".weight"))[0] * 2 == ne(y)[0];
    switch (halves ? Act::fused : act) {
      case Act::split:
      case Act::single:
      case Act::situ:
        y = unary(y);
        break;
      case Act::squared:
        y = unary(unary(y));
        break;
      case Act::fused:
        y = other({ne(y)[0] / 2, ne(y)[1], ne(y)[2], ne(y)[3]}, {y});
        break;
    }
  }
  if (has("ffn_sub_norm.weight")) y = norm(y, "ffn_sub_norm");
  return mat_bias(down, y);
}

NodeId GraphBuilder::gated(NodeId gate, NodeId up, Act act) {
  if (act != Act::situ) return other(ne(gate), {gate, up});
  const auto bounded = [&](NodeId x) { return scale(unary(scale(x))); };
  const NodeId tanh = bounded(gate), sigmoid = unary(gate);
  const NodeId active = mul(tanh, sigmoid);
  return mul(active, bounded(up));
}

NodeId GraphBuilder::state_cache(CacheRole role) {
  for (const CacheSlot& slot : model.layers[layer].caches) {
    if (slot.role != role) continue;
    const std::uint64_t rows = n_seqs * state_slots();
    const bool device = workload.offload_kqv && devices.holds_layer(layer);
    return g.external({slot.shape.dim_k, rows, 1, 1}, f32_elem,
                      device ? Place::device : Place::host, false);
  }
  return no_node;
}

std::uint64_t GraphBuilder::state_slots() const {
  if (workload.n_rs_seq > most_slots) throw Unbuilt{};
  return family != nullptr && family->cache.rollback ? 1 + std::uint64_t{workload.n_rs_seq} : 1;
}

void GraphBuilder::keep_state(NodeId cache, NodeId fresh, std::uint64_t width,
                              std::uint64_t n_slot) {
  const NodeId target = strided(cache, {width, n_seqs, n_slot, 1});
  g.expand(g.write(target, {fresh, target}));
}

void GraphBuilder::finish(NodeId x, std::string_view norm_name) {
  layer = SIZE_MAX;
  if (global(std::string(norm_name) + ".weight") != no_node) x = norm(x, norm_name);
  result(x);
}

void GraphBuilder::result(NodeId x) {
  g[x].output = true;
  g.expand(x);
}

void GraphBuilder::head(NodeId x, int caps, bool pick_normed) {
  layer = SIZE_MAX;
  x = norm(x, global("output_norm.weight") == no_node ? "token_embd_norm" : "output_norm");
  x = logits(x, pick_normed);
  for (int i = 0; i < caps; ++i) x = scale(x);
  result(x);
}

NodeId GraphBuilder::logits(NodeId x, bool pick_normed) {
  g[x].output = true;
  if (pick_normed) g[x = pick(x)].output = true;
  if (head_scaled) x = scale(x);
  x = mat(global("output.weight"), x);
  if (const NodeId b = global("output.bias"); b != no_node) x = add(x, b);
  return x;
}

}  // namespace fitvram
