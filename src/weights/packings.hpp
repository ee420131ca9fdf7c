#pragma once
#include <span>

#include "fitvram/tensor.hpp"

namespace fitvram {

/// The usual packings of each method. Sources: AutoGPTQ and GPTQModel (qlinear), AutoAWQ
/// (WQLinear), compressed-tensors 0.9, bitsandbytes 0.45, transformers' finegrained_fp8 and mxfp4,
/// modelopt, mlx.nn.quantize, exllamav2 and v3. They keep embeddings, head, norms, biases and
/// routers in 16 bits; MLX packs embeddings, head and routers too.
namespace packing {

constexpr Roles linear = role_bit(TensorRole::attention) | role_bit(TensorRole::feed_forward) |
                         role_bit(TensorRole::expert) | role_bit(TensorRole::recurrent) |
                         role_bit(TensorRole::indexer);
constexpr Roles experts = role_bit(TensorRole::expert);
constexpr Roles head = role_bit(TensorRole::output);
constexpr Roles everything = linear | head | role_bit(TensorRole::token_embd) |
                             role_bit(TensorRole::per_layer_embd) | role_bit(TensorRole::router);

/// Scales of 16 bits and packed zero points per group, an int32 group index per column.
constexpr Packing gptq(std::uint32_t bits, std::uint32_t group) {
  return {linear, bits * 1000, group, 1, group == 0 ? 0 : 16 + bits, group == 0 ? 16 + bits : 0, 32,
          0};
}
/// The same without indices.
constexpr Packing awq(std::uint32_t bits, std::uint32_t group) {
  return {linear, bits * 1000, group, 1, 16 + bits, 0, 0, 0};
}
/// compressed-tensors' pack-quantized: symmetric, and the shape as two int64.
constexpr Packing packed_int(std::uint32_t bits, std::uint32_t group) {
  return {linear, bits * 1000, group, 1, group == 0 ? 0U : 16U, group == 0 ? 16U : 0U, 0, 16};
}
/// One byte a value and a 16-bit scale per row (compressed-tensors, INT8 and FP8).
constexpr Packing per_row() { return {linear, 8000, 0, 1, 0, 16, 0, 0}; }
/// One byte a value and two f32 scales, of weights and activations.
constexpr Packing per_tensor() { return {linear, 8000, 0, 1, 0, 0, 0, 8}; }
/// One byte a value and an f32 scale per block.
constexpr Packing per_block(std::uint32_t group, std::uint32_t rows) {
  return {linear, 8000, group, rows, 32, 0, 0, 0};
}
/// bitsandbytes LLM.int8(): an f32 scale per row and a byte that names the layout.
constexpr Packing bnb_int8() { return {linear, 8000, 0, 1, 0, 32, 0, 1}; }
/// bitsandbytes 4-bit: f32 absmax per 64 values and 16 f32 of code book; with double quantization
/// the absmax are bytes, with an f32 per 256 of them and a code book of 256 f32. Its quant_state is
/// JSON with the type, the shape, `dtype` characters of the source type and, twice quantized, an
/// offset whose digits (19 on average) depend on the weights.
constexpr Packing bnb_4bit(bool twice, std::uint32_t dtype = 8) {
  return twice ? Packing{linear, 4002, 64, 1, 8, 0, 0, 1088, 66 + 71 + 19 + dtype}
               : Packing{linear, 4000, 64, 1, 32, 0, 0, 64, 66 + dtype};
}
/// OCP microscaling: a scale byte per 32 values.
constexpr Packing mx(std::uint32_t bits, Roles roles) {
  return {roles, bits * 1000, 32, 1, 8, 0, 0, 0};
}
/// An FP8 scale per 16 values and two f32 per matrix.
constexpr Packing nvfp4(Roles roles) { return {roles, 4000, 16, 1, 8, 0, 0, 8}; }
/// MLX affine: scale and bias of 16 bits per group.
constexpr Packing mlx(std::uint32_t bits, std::uint32_t group, Roles roles = everything) {
  return {roles, bits * 1000, group, 1, 32, 0, 0, 0};
}
/// exllama: bits as named on average, all side data included.
constexpr Packing exl(std::uint32_t millibits, Roles roles = linear) {
  return {roles, millibits, 0, 1, 0, 0, 0, 0};
}

}  // namespace packing
}  // namespace fitvram
