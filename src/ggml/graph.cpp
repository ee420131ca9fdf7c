#include "ggml/graph.hpp"

#include "weights/ggml_types.hpp"

namespace fitvram {

namespace {

constexpr std::uint64_t most_bytes = std::uint64_t{1} << 46;  // of a tensor, so that sums stay sums

}  // namespace

Elem elem_of(const TensorType& type) {
  if (&type == &f32_type()) return f32_elem;
  if (&type == &f16_type()) return f16_elem;
  if (type.name == "I32") return i32_elem;
  return Elem{type.block_elems, type.block_bytes, 16 + static_cast<std::uint32_t>(type.ggml_id)};
}

std::uint64_t elem_bytes(const Elem& elem, const Shape& ne) {
  std::uint64_t row = sat_mul(ne[0], elem.block_bytes);
  if (elem.block_elems > 1)
    row = sat_mul(ne[0] / elem.block_elems, elem.block_bytes) +
          ne[0] % elem.block_elems * elem.block_bytes / elem.block_elems;
  return sat_mul(row, sat_mul(ne[1], sat_mul(ne[2], ne[3])));
}

Node& Graph::add(Op op, const Shape& ne, Elem elem) {
  Node& added = nodes.emplace_back();
  added.op = op, added.ne = ne, added.elem = elem;
  added.bytes = added.device_bytes = elem_bytes(elem, ne);
  if (added.bytes > most_bytes) throw Unbuilt{};
  // CUDA completes the last quantized row to 512 values (ggml-cuda.cu get_alloc_size, v0.5.0).
  if (elem.quantized() && ne[0] % 512 != 0)
    added.device_bytes += elem_bytes(elem, {512 - ne[0] % 512, 1, 1, 1});
  return added;
}

NodeId Graph::leaf(Shape ne, Elem elem) {
  add(Op::leaf, ne, elem);
  return last();
}

NodeId Graph::input(Shape ne, Elem elem) {
  add(Op::leaf, ne, elem).input = true;
  return last();
}

NodeId Graph::external(Shape ne, Elem elem, Place place, bool weight) {
  Node& node = add(Op::leaf, ne, elem);
  node.external = true, node.place = place, node.weight = weight;
  return last();
}

NodeId Graph::op(Op op, Shape ne, Elem elem, std::initializer_list<NodeId> sources) {
  Node& node = add(op, ne, elem);
  std::size_t n = 0;
  for (const NodeId source : sources)
    if (source != no_node) node.src[n++] = source;
  return last();
}

NodeId Graph::view(NodeId source, Shape ne) {
  Node& node = add(Op::view, ne, (*this)[source].elem);
  const Node& of = (*this)[source];
  node.src[0] = source;
  node.view_src = of.view_src == no_node ? source : of.view_src;
  // A view of a view with gaps spans the same memory.
  const auto count = [](const Shape& s) { return s[0] * s[1] * s[2] * s[3]; };
  if (!of.contiguous && count(of.ne) == count(ne)) {
    node.bytes = of.bytes, node.device_bytes = of.device_bytes;
    node.contiguous = false;
  }
  return last();
}

NodeId Graph::part(NodeId source, Shape ne, std::uint64_t row) {
  const NodeId id = view(source, ne);
  Node& node = (*this)[id];
  // [values, tokens, sequences] or [values, heads, tokens, sequences].
  std::uint64_t n_row = node.ne[1] * node.ne[2] * node.ne[3], width = node.ne[0];
  const bool by_head = (*this)[source].ne[1] != node.ne[1];
  if (by_head) n_row = node.ne[2] * node.ne[3], width *= node.ne[1];
  if (n_row == 0) throw Unbuilt{};
  node.bytes = (n_row - 1) * row + elem_bytes(node.elem, {width, 1, 1, 1});
  node.device_bytes = node.bytes;
  node.contiguous = false;
  return id;
}

NodeId Graph::write(NodeId target, std::initializer_list<NodeId> sources) {
  const NodeId id = op(Op::other, (*this)[target].ne, (*this)[target].elem, sources);
  const NodeId root = (*this)[target].view_src;
  (*this)[id].view_src = root == no_node ? target : root;
  return id;
}

void Graph::expand(NodeId id) {
  if (id == no_node || (*this)[id].visited) return;
  (*this)[id].visited = true;
  for (const NodeId source : (*this)[id].src) {
    if (source == no_node) break;
    expand(source);
  }
  ((*this)[id].op == Op::leaf ? leafs : order).push_back(id);
}

}  // namespace fitvram
