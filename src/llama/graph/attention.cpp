#include "llama/graph/builder.hpp"
#include "llama/memory/cache_tensors.hpp"

namespace fitvram {

namespace {

bool cuda_kernel_takes(std::uint64_t d_k, std::uint64_t d_v, std::uint64_t n_gqa) {
  switch (d_k) {
    case 40:
    case 64:
    case 72:
    case 80:
    case 96:
    case 112:
    case 128:
    case 256:
      return d_v == d_k;
    case 192:
      return d_v == 128 && n_gqa % 8 == 0;
    case 320:
      return d_v == 256 && n_gqa % 32 == 0;
    case 512:
    case 576:
      return d_v == 512 && n_gqa >= 2;
    default:
      return false;
  }
}

}  // namespace

bool flash_kernel_takes(const Workload& workload, std::uint64_t d_k, std::uint64_t d_v,
                        std::uint64_t n_gqa) {
  if (!runs_ggml_cuda(workload)) return true;
  const auto fails = [](const TensorType& type) { return type.name == "IQ4_NL"; };
  return !fails(cache_type_k(workload)) && !fails(cache_type_v(workload)) &&
         cuda_kernel_takes(d_k, d_v, n_gqa);
}

AttentionInput GraphBuilder::attention_input(bool of_window, bool latent) {
  AttentionInput in;
  const bool honours = llama_cpp_honours_window(model);
  std::uint64_t n_kv = size.n_ctx_seq, d_k = 0, d_v = 0;
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    for (const CacheSlot& slot : model.layers[i].caches) {
      if (slot.role != CacheRole::kv && slot.role != CacheRole::latent) continue;
      const bool swa = honours && is_window(slot.growth);
      if (swa != of_window) continue;
      if (swa) n_kv = llama_cells(slot, size, workload);
      // The rotation needs one head size in the whole cache.
      d_k = d_k == 0 || d_k == slot.shape.dim_k ? slot.shape.dim_k : UINT64_MAX;
      d_v = d_v == 0 || d_v == slot.shape.dim_v ? slot.shape.dim_v : UINT64_MAX;
    }
  }
  in.n_kv = n_kv;
  in.k_idxs = g.input({n_tokens, 1, 1, 1}, i64_elem);
  const std::uint64_t per_token = v_is_transposed ? widest_v_row(model) : 1;
  in.v_idxs = g.input({n_tokens * per_token, 1, 1, 1}, i64_elem);
  in.mask =
      g.input({n_kv, n_tokens / size.n_stream, 1, size.n_stream}, flash ? f16_elem : f32_elem);
  // Hybrids with windows forget the rotation (build_inp_mem_hybrid_iswa, v0.5.0).
  const bool hybrid = family != nullptr && family->cache.memory == MemoryClass::hybrid;
  if (latent || (hybrid && windows)) return in;
  const auto rotated = [&](const TensorType& type, std::uint64_t width, std::uint64_t whole) {
    return type.quantized() && width != 0 && width != UINT64_MAX && whole % 64 == 0;
  };
  if (rotated(cache_type_k(workload), d_k, hp.head_dim_k.value_or(0))) {
    const std::uint64_t n = rotation_size(d_k);
    in.k_rot = g.input({n, n, 1, 1}, f32_elem);
  }
  if (rotated(cache_type_v(workload), d_v, hp.head_dim_v.value_or(0)))
    in.v_rot = g.input({64, 64, 1, 1}, f32_elem);
  return in;
}

AttentionInput GraphBuilder::batch_input() {
  AttentionInput in;
  in.n_kv = n_tokens;
  in.mask = g.input({n_tokens, n_tokens, 1, 1}, flash ? f16_elem : f32_elem);
  return in;
}

AttentionInput GraphBuilder::indexer_input(bool rotates) {
  AttentionInput in;
  const std::uint64_t width = hp.indexer_head_dim.value_or(0);
  in.n_kv = size.n_ctx_seq;
  in.k_idxs = g.input({n_tokens, 1, 1, 1}, i64_elem);
  in.mask = g.input({in.n_kv, n_tokens / size.n_stream, 1, size.n_stream}, f16_elem);
  if (!rotates) return in;
  const std::uint64_t n = rotation_size(width);
  in.k_rot = g.input({n, n, 1, 1}, f32_elem);
  return in;
}

/// A mask that hides all cells but the chosen ones (llama-graph.cpp, build_attn for DSA, v0.5.0).
NodeId GraphBuilder::seen_only(NodeId mask, NodeId top_k, Elem zero) {
  const Shape m = ne(mask), k = ne(top_k);
  const Elem elem = g[mask].elem;
  const NodeId hidden = g.op(Op::in_place, m, elem, {mask});
  const NodeId zeros = g.leaf({1, k[0], k[1], k[3]}, zero);
  const NodeId filled = g.op(Op::in_place, ne(zeros), zero, {zeros});
  const NodeId target = strided(hidden, {1, m[0], m[1], m[3]});
  const NodeId shown = g.write(target, {filled, strided(top_k, {k[0], k[1], k[3], 1}), target});
  return g.op(Op::in_place, m, elem, {strided(shown, m), mask});
}

NodeId GraphBuilder::fused_qkv(NodeId x) {
  NodeId y = mat_bias("attn_qkv", x);
  if (has("attn_qkv.bias") || !has("attn_q.bias")) return y;
  NodeId all = weight("attn_q.bias");
  for (const char* name : {"attn_k.bias", "attn_v.bias"}) {
    const NodeId next = weight(name);
    if (next == no_node) return y;
    all = other({ne(all)[0] + ne(next)[0], 1, 1, 1}, {all, next});
  }
  return add(y, all);
}

Qkv GraphBuilder::flat_qkv(NodeId x, std::uint64_t width_q, std::uint64_t width_k,
                           std::uint64_t width_v) {
  if (!has("attn_qkv.weight"))
    return {mat_bias("attn_q", x), mat_bias("attn_k", x), mat_bias("attn_v", x)};
  const NodeId y = fused_qkv(x);
  const auto part = [&](std::uint64_t width) {
    return cont(g.part(y, {width, n_tokens, 1, 1}, f32_elem.block_bytes * ne(y)[0]));
  };
  const NodeId q = part(width_q), k = part(width_k);
  return {q, k, part(width_v)};
}

Qkv GraphBuilder::qkv(NodeId x, std::uint64_t d_k, std::uint64_t d_v, std::uint64_t n_head,
                      std::uint64_t n_head_kv) {
  if (has("attn_qkv.weight")) {
    NodeId y = fused_qkv(x);
    if (clamps) y = unary(y);
    const std::uint64_t row = f32_elem.block_bytes * ne(y)[0];
    return {g.part(y, {d_k, n_head, n_tokens, 1}, row),
            g.part(y, {d_k, n_head_kv, n_tokens, 1}, row),
            g.part(y, {d_v, n_head_kv, n_tokens, 1}, row)};
  }
  const NodeId q = mat_bias("attn_q", x), k = mat_bias("attn_k", x), v = mat_bias("attn_v", x);
  return {reshape(q, {d_k, n_head, n_tokens, 1}), reshape(k, {d_k, n_head_kv, n_tokens, 1}),
          reshape(v, {d_v, n_head_kv, n_tokens, 1})};
}

NodeId GraphBuilder::hadamard(NodeId x, NodeId rot) {
  const Shape shape = ne(x);
  const std::uint64_t n = ne(rot)[0];
  const std::uint64_t m = shape[0] * shape[1] * shape[2] * shape[3] / n;
  const NodeId flat = g[x].contiguous ? reshape(x, {n, m, 1, 1}) : other({n, m, 1, 1}, {x});
  return reshape(mat(rot, flat), shape);
}

NodeId GraphBuilder::cache(std::size_t owner, bool value, const Attention& a, std::uint64_t n_kv) {
  const bool trans = value && v_is_transposed;
  std::uint64_t row = a.n_head_kv * (value ? a.d_v : a.d_k);
  if (trans) row = widest_v_row(model);
  const Elem elem = elem_of(value ? cache_type_v(workload) : cache_type_k(workload));
  const bool device = workload.offload_kqv && devices.holds_layer(owner);
  return g.external({row, n_kv, size.n_stream, 1}, elem, device ? Place::device : Place::host,
                    false);
}

NodeId GraphBuilder::index_cache(NodeId fresh) {
  const std::uint64_t width = hp.indexer_head_dim.value_or(0), ns = size.n_stream;
  const bool device = workload.offload_kqv && devices.holds_layer(layer);
  const NodeId cells = g.external({width, indexer.n_kv, ns, 1}, elem_of(cache_type_k(workload)),
                                  device ? Place::device : Place::host, false);
  const NodeId target = ns > 1 ? g.view(cells, {width, indexer.n_kv * ns, 1, 1}) : cells;
  g.expand(g.write(target, {strided(fresh, {width, n_tokens, 1, 1}), indexer.k_idxs, target}));
  return cells;
}

NodeId GraphBuilder::attend(const AttentionInput& in, const Attention& a) {
  NodeId q = a.qkv.q, k_new = a.qkv.k, v_new = a.qkv.v;
  const bool k_rot = in.k_rot != no_node, v_rot = in.v_rot != no_node;
  if (k_rot) {
    q = hadamard(q, in.k_rot);
    if (k_new != no_node) k_new = hadamard(k_new, in.k_rot);
  }
  if (v_rot && v_new != no_node) v_new = hadamard(v_new, in.v_rot);
  g.expand(q);
  if (v_first)
    g.expand(v_new), g.expand(k_new);
  else
    g.expand(k_new), g.expand(v_new);

  const auto [k, v] = store(in, a, k_new, v_new);
  const NodeId mask = a.top_k == no_node ? in.mask : seen_only(in.mask, a.top_k, f32_elem);
  const NodeId y = heads({q, k, v}, mask, a, !a.latent && v_is_transposed);
  return v_rot ? hadamard(y, in.v_rot) : y;
}

GraphBuilder::Stored GraphBuilder::store(const AttentionInput& in, const Attention& a, NodeId k_new,
                                         NodeId v_new) {
  const std::uint64_t ns = size.n_stream;
  const NodeId k_cache = cache(a.cache_layer, false, a, in.n_kv);
  const NodeId v_cache = a.latent ? no_node : cache(a.cache_layer, true, a, in.n_kv);
  const auto write = [&](NodeId tensor, NodeId fresh, NodeId idxs) {
    NodeId target = tensor;
    if (ns > 1) target = g.view(tensor, {ne(tensor)[0], in.n_kv * ns, 1, 1});
    g.expand(g.write(target, {fresh, idxs, target}));
  };
  if (k_new != no_node)
    write(k_cache, strided(k_new, {a.d_k * a.n_head_kv, n_tokens, 1, 1}), in.k_idxs);
  if (v_new != no_node && !a.latent) {
    const std::uint64_t row = a.d_v * a.n_head_kv;
    if (!v_is_transposed) {
      write(v_cache, strided(v_new, {row, n_tokens, 1, 1}), in.v_idxs);
    } else {
      NodeId flat = g[v_new].contiguous ? reshape(v_new, {row, n_tokens, 1, 1})
                                        : other({row, n_tokens, 1, 1}, {v_new});
      const std::uint64_t widest = ne(v_cache)[0];
      if (row < widest) flat = other({widest, n_tokens, 1, 1}, {flat});
      const NodeId target = g.view(v_cache, {1, widest * in.n_kv * ns, 1, 1});
      g.expand(g.write(target, {reshape(flat, {1, widest * n_tokens, 1, 1}), in.v_idxs, target}));
    }
  }

  const NodeId k = g.view(k_cache, {a.d_k, a.n_head_kv, in.n_kv, ns});
  const NodeId v = a.latent          ? g.part(k, {a.d_v, a.n_head_kv, in.n_kv, ns},
                                              elem_bytes(g[k].elem, {a.d_k, 1, 1, 1}))
                   : v_is_transposed ? g.view(v_cache, {in.n_kv, a.n_head_kv, a.d_v, ns})
                                     : g.view(v_cache, {a.d_v, a.n_head_kv, in.n_kv, ns});
  return {k, v};
}

NodeId GraphBuilder::attend_batch(const AttentionInput& in, const Attention& a) {
  for (const NodeId x : {a.qkv.q, a.qkv.k, a.qkv.v}) g.expand(x);
  return heads(a.qkv, in.mask, a, false);
}

/// llama-graph.cpp, build_attn_mha, v0.5.0.
NodeId GraphBuilder::heads(Qkv of, NodeId mask, const Attention& a, bool transposed) {
  if (a.n_head_kv == 0) throw Unbuilt{};
  auto [q, k, v] = of;
  const std::uint64_t n_kv = ne(k)[2], ns = ne(k)[3], t = n_tokens / ns;
  q = strided(q, {a.d_k, a.n_head, t, ns});
  q = strided(q, {a.d_k, t, a.n_head, ns});
  k = strided(k, {a.d_k, n_kv, a.n_head_kv, ns});
  v = strided(
      v, transposed ? Shape{n_kv, a.d_v, a.n_head_kv, ns} : Shape{a.d_v, n_kv, a.n_head_kv, ns});
  NodeId y;
  if (flash && a.bias == no_node) {
    if (transposed) v = strided(v, {a.d_v, n_kv, a.n_head_kv, ns});
    if (g[k].elem == f32_elem) k = other(ne(k), {k}, f16_elem);
    if (g[v].elem == f32_elem) v = other(ne(v), {v}, f16_elem);
    y = flash_attention(q, k, v, mask, a);
    flash_calls.push_back({y, layer});
    if (a.v_mla != no_node) {
      y = strided(y, {a.d_v, t, a.n_head, ns});
      y = mat(a.v_mla, y);
      const std::uint64_t d = ne(y)[0];
      y = cont(strided(y, {d, a.n_head, t, ns}));
    }
    y = reshape(y, {ne(y)[0] * a.n_head, n_tokens, 1, 1});
  } else {
    NodeId kq = g.op(Op::mul_mat, {n_kv, t, a.n_head, ns}, f32_elem, {k, q});
    if (a.soft_cap) kq = scale(unary(scale(kq)));
    if (a.bias != no_node) kq = add(kq, a.bias);
    kq = in_place(kq, {kq, mask, a.sinks});
    if (!transposed) v = cont(strided(v, {n_kv, a.d_v, a.n_head_kv, ns}));
    y = g.op(Op::mul_mat, {a.d_v, t, a.n_head, ns}, f32_elem, {v, kq});
    if (a.v_mla != no_node) y = mat(a.v_mla, y);
    const std::uint64_t d = ne(y)[0];
    y = other({d * a.n_head, n_tokens, 1, 1}, {strided(y, {d, a.n_head, t, ns})});
  }
  g.expand(y);
  return y;
}

NodeId GraphBuilder::flash_attention(NodeId q, NodeId k, NodeId v, NodeId mask,
                                     const Attention& a) {
  const Shape of_q = ne(q);
  const NodeId y =
      g.op(Op::flash_attn, {a.d_v, of_q[2], of_q[1], of_q[3]}, f32_elem, {q, k, v, mask, a.sinks});
  Node& node = g[y];
  node.host_only = !flash_kernel_takes(workload, a.d_k, a.d_v, a.n_head / a.n_head_kv);
  if (node.host_only || !runs_ggml_cuda(workload)) return y;
  const auto half = [&](NodeId x) {
    node.device_bytes = round_up(node.device_bytes, 128) + elem_bytes(f16_elem, ne(x));
  };
  if (!(g[k].elem == f16_elem)) half(k);
  if (!(g[v].elem == f16_elem) && !a.latent) half(v);
  return y;
}

}  // namespace fitvram
