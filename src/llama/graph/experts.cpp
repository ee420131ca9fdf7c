#include <algorithm>
#include <string>

#include "llama/graph/builder.hpp"

namespace fitvram {

namespace {

/// Sizes the CUDA kernel that picks experts was compiled for (ggml-cuda/topk-moe.cu, v0.5.0).
bool top_k_kernel_takes(std::uint64_t n_expert) {
  const bool power = (n_expert & (n_expert - 1)) == 0 && n_expert <= 512;
  return power || n_expert == 288 || n_expert == 576;
}

constexpr std::uint64_t most_used = 1024;
constexpr std::uint64_t most_reduced_experts = 15;  // ggml-cuda.cu, v0.5.0

/// Keeps nodes and their sources until `until`, each once.
class Keeper {
 public:
  Keeper(Graph& graph, NodeId since, NodeId until)
      : g_(graph), since_(since), until_(until), first_(graph.kept.size()) {}

  void node(NodeId id) {
    one(id);
    for (const NodeId source : g_[id].src)
      if (source != no_node) one(source);
  }
  void one(NodeId id) {
    const auto begin = g_.kept.begin() + static_cast<std::ptrdiff_t>(first_);
    if (std::none_of(begin, g_.kept.end(), [&](const auto& k) { return k.tensor == id; }))
      g_.keep(id, since_, until_);
  }

 private:
  Graph& g_;
  NodeId since_, until_;
  std::size_t first_;
};

}  // namespace

NodeId GraphBuilder::experts(NodeId x, const Moe& moe) {
  const std::string exps = "_" + std::string(moe.suffix);
  const std::uint64_t tokens = ne(x)[1], width = ne(x)[0];
  NodeId logits = moe.probs != no_node ? moe.probs : mat(weight("ffn_gate_inp.weight"), x);
  if (const NodeId b = weight("ffn_gate_inp.bias"); b != no_node) logits = add(logits, b);
  const std::uint64_t n_expert = ne(logits)[0];
  const std::uint64_t n_matrix = ne(weight("ffn_down" + exps + ".weight"))[2];
  const std::uint64_t n_used = std::min<std::uint64_t>(hp.n_expert_used.at(layer), n_matrix);
  if (n_used == 0 || n_used > n_expert || n_used > most_used) throw Unbuilt{};

  std::vector<NodeId> chain;
  NodeId probs = logits;
  if (!moe.softmax_weight) {
    probs = unary(logits);
    chain.push_back(probs);
    if (moe.sqrt_softplus) chain.push_back(probs = unary(probs));
  }
  NodeId selection = probs;
  if (const NodeId b = weight("exp_probs_b.bias"); b != no_node) selection = add(probs, b);
  const bool biased = selection != probs;
  if (moe.weight_before) selection = logits;
  if (moe.sigmoid_selects) selection = unary(logits);
  const bool grouped = hp.n_expert_groups.value_or(0) > 1;
  if (grouped) {
    const std::uint64_t groups = *hp.n_expert_groups, used = hp.n_expert_groups_used.value_or(1);
    const std::uint64_t each = n_expert / groups;
    const NodeId by_group = reshape(selection, {each, groups, tokens, 1});
    const NodeId sorted = other(ne(by_group), {by_group}, i32_elem);
    const NodeId best = strided(sorted, {2, groups, tokens, 1});
    NodeId scores = rows(reshape(by_group, {1, each, groups, tokens}), best);
    scores = other({1, groups, tokens, 1}, {reshape(scores, {2, groups, tokens, 1})});
    scores = reshape(scores, {groups, tokens, 1, 1});
    const NodeId order = other(ne(scores), {scores}, i32_elem);
    const NodeId chosen = strided(order, {used, tokens, 1, 1});
    const NodeId taken = rows(by_group, chosen);
    const NodeId filled = in_place(by_group, {by_group});
    selection = reshape(g.write(filled, {taken, chosen, filled}), {n_expert, tokens, 1, 1});
  }
  NodeId ids = moe.selected, sorted = no_node;
  if (ids == no_node) {
    sorted = other(ne(selection), {selection}, i32_elem);
    ids = strided(sorted, {n_used, tokens, 1, 1});
  }
  if (n_matrix < n_expert && moe.sigmoid_selects) {  // the group of each chosen expert
    const NodeId f = other(ne(ids), {ids});
    ids = other(ne(ids), {scale(f)}, i32_elem);
  }
  probs = reshape(probs, {1, n_expert, tokens, 1});
  chain.push_back(probs);
  if (biased) chain.push_back(selection);
  chain.push_back(sorted), chain.push_back(ids);
  NodeId w = rows(probs, ids);
  chain.push_back(w);
  const auto step = [&](NodeId id) { return chain.push_back(id), id; };
  if (moe.softmax_weight) {
    w = reshape(w, {n_used, tokens, 1, 1});
    w = reshape(unary(w), {1, n_used, tokens, 1});
  }
  if (moe.norm_weights) {
    w = step(reshape(w, {n_used, tokens, 1, 1}));
    const NodeId sum = step(other({1, tokens, 1, 1}, {w}));
    w = step(in_place(w, {w, step(unary(sum))}));
    w = step(reshape(w, {1, n_used, tokens, 1}));
  }
  if (moe.scale) w = step(scale(w));
  g.expand(w);
  NodeId y = reshape(x, {width, 1, tokens, 1});
  g.expand(y);
  if (moe.selected == no_node && !moe.sigmoid_selects && !moe.softmax_weight && !grouped &&
      !moe.weight_before && top_k_kernel_takes(n_expert)) {
    Keeper keeper(g, chain.front(), y);
    for (const NodeId id : chain) keeper.node(id);
  }

  if (moe.weight_before) y = mul(other({width, n_used, tokens, 1}, {y}), w);
  const auto biased_id = [&](NodeId out, const std::string& name) {
    if (const NodeId b = weight(name + ".bias"); b != no_node) return in_place(out, {out, b, ids});
    return out;
  };
  const auto matrix = [&](const std::string& name, NodeId in) {
    return biased_id(mat_id(weight(name + ".weight"), in, ids), name);
  };
  if (has("ffn_gate_up" + exps + ".weight")) {
    const NodeId both = matrix("ffn_gate_up" + exps, y);
    const std::uint64_t n_ff = ne(both)[0] / 2;
    const NodeId gate = strided(both, {n_ff, n_used, tokens, 1});
    y = other({n_ff, n_used, tokens, 1}, {gate, strided(both, {n_ff, n_used, tokens, 1})});
  } else {
    const NodeId up = matrix("ffn_up" + exps, y);
    if (has("ffn_gate" + exps + ".weight")) {
      y = gated(matrix("ffn_gate" + exps, y), up, moe.act);
    } else {
      y = moe.act == Act::squared ? unary(unary(up)) : unary(up);
    }
  }
  const NodeId raw = matrix("ffn_down" + exps, y);
  g[raw].host_only = moe.precise_down && runs_ggml_cuda(workload);
  const NodeId out = moe.weight_before ? raw : mul(raw, w);
  g.expand(out);
  std::vector<NodeId> views(n_used);
  for (NodeId& view : views) g.expand(view = strided(out, {ne(out)[0], tokens, 1, 1}));
  NodeId sum = views[0];
  for (std::size_t i = 1; i < views.size(); ++i) g.expand(sum = add(sum, views[i]));
  if (n_used == 1) return cont(sum);
  if (!moe.weight_before && n_used <= most_reduced_experts) {
    Keeper keeper(g, out, sum);
    keeper.one(raw);
    keeper.one(w);
  }
  return sum;
}

}  // namespace fitvram
