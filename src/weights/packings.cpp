#include "weights/packings.hpp"

#include <algorithm>

#include "fitvram/quantize.hpp"

namespace fitvram {

namespace {

// A matrix as a checkpoint holds it: x of them, n_in values to each of n_out rows.
struct Matrices {
  std::uint64_t count, n_in, n_out;
};

Matrices matrices_of(const Tensor& tensor) {
  // Halves of one kv_b_proj, the first of them transposed (conversion/deepseek.py).
  if (tensor.name == "attn_k_b.weight")
    return {1, tensor.ne[1], sat_mul(tensor.ne[0], tensor.ne[2])};
  if (tensor.name == "attn_v_b.weight")
    return {1, tensor.ne[0], sat_mul(tensor.ne[1], tensor.ne[2])};
  return {sat_mul(tensor.ne[2], tensor.ne[3]), tensor.ne[0], tensor.ne[1]};
}

bool is_linear(const Tensor& tensor) {
  const std::string_view name = tensor.name;
  if (tensor.ne[1] <= 1 || !name.ends_with(".weight") || name.ends_with("_norm.weight"))
    return false;
  return name.find("conv") == std::string_view::npos && !name.starts_with("ssm_a.") &&
         !name.ends_with("_scale.weight") && !name.ends_with("_ape.weight");
}

const Packing* packing_of(const Tensor& tensor, std::span<const Packing> packings) {
  if (!is_linear(tensor)) return nullptr;
  const auto covers = [&](const Packing& packing) {
    if ((packing.roles & role_bit(tensor.role)) == 0) return false;
    // MLX leaves alone what its groups do not divide.
    const bool whole = packing.group == 0 || matrices_of(tensor).n_in % packing.group == 0;
    return whole || (packing.roles & role_bit(TensorRole::token_embd)) == 0;
  };
  const auto it = std::find_if(packings.begin(), packings.end(), covers);
  return it == packings.end() ? nullptr : &*it;
}

constexpr std::uint64_t up(std::uint64_t n, std::uint64_t unit) {
  return n / unit + (n % unit != 0 ? 1 : 0);
}

// n * bits / 8000 without leaving 64 bits.
Bytes scaled(std::uint64_t n, std::uint64_t millibits) {
  return Bytes{sat_mul(n / 8000, millibits)} + Bytes{up(n % 8000 * millibits, 8000)};
}

std::uint64_t n_digits(std::uint64_t n) { return n < 10 ? 1 : 1 + n_digits(n / 10); }

Bytes matrix_bytes(const Matrices& m, const Packing& packing) {
  Bytes bytes = scaled(sat_mul(m.n_in, m.n_out), packing.millibits);
  if (packing.group != 0) {
    const std::uint64_t rows = up(m.n_out, std::max(1U, packing.group_rows));
    bytes +=
        scaled(sat_mul(up(m.n_in, packing.group), rows), std::uint64_t{1000} * packing.group_bits);
  }
  bytes += scaled(m.n_out, std::uint64_t{1000} * packing.row_bits);
  bytes += scaled(m.n_in, std::uint64_t{1000} * packing.column_bits);
  if (packing.text_bytes > 0)
    bytes += Bytes{packing.text_bytes + n_digits(m.n_in) + n_digits(m.n_out)};
  return bytes + Bytes{packing.matrix_bytes};
}

}  // namespace

Bytes packed_size(const ModelInfo& model, std::span<const Packing> packings, std::uint32_t bits) {
  Bytes sum;
  for (const Tensor& tensor : model.tensors) {
    if (tensor.role == TensorRole::rope) continue;  // computed when the model is loaded
    const Matrices matrices = matrices_of(tensor);
    if (const Packing* packing = packing_of(tensor, packings))
      sum += matrix_bytes(matrices, *packing) * matrices.count;
    else
      sum += Bytes{bits / 8} * n_elements(tensor);
  }
  return sum;
}

Bytes checkpoint_size(const ModelInfo& model) {
  if (model.checkpoint_bytes > Bytes{}) return model.checkpoint_bytes;
  const std::uint32_t bits = model.quant == "F32" ? 32 : 16;
  return packed_size(model, model.packings, bits) + Bytes{bits / 8} * model.n_params_mmproj;
}

}  // namespace fitvram
