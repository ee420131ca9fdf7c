#include "weights/ggml_types.hpp"

#include <algorithm>

#include "base/name_index.hpp"
#include "base/sorted.hpp"

namespace fitvram {

namespace {

// ggml/src/ggml.c (type_traits) and ggml/src/ggml-common.h (block structs), llama.cpp v0.5.0; cache
// types: common/arg.cpp kv_cache_types. Rows without a number are safetensors dtypes (format/README
// of huggingface/safetensors) and the cache types of other runtimes: of one byte, and of n bits
// with 16 bits of scale per 32 values (exllamav3) or scale and bias per 64 (MLX).
constexpr TensorType types[] = {
    {"BF16", 1, 2, 30, true},        {"BOOL", 1, 1, -1, false},
    {"C64", 1, 8, -1, false},        {"F16", 1, 2, 1, true},
    {"F32", 1, 4, 0, true},          {"F4", 2, 1, -1, false},
    {"F64", 1, 8, 28, false},        {"F8_E4M3", 1, 1, -1, false},
    {"F8_E5M2", 1, 1, -1, false},    {"F8_E8M0", 1, 1, -1, false},
    {"FP8", 1, 1, -1, true},         {"I16", 1, 2, 25, false},
    {"I32", 1, 4, 26, false},        {"I64", 1, 8, 27, false},
    {"I8", 1, 1, 24, false},         {"INT8", 1, 1, -1, true},
    {"IQ1_M", 256, 56, 29, false},   {"IQ1_S", 256, 50, 19, false},
    {"IQ2_S", 256, 82, 22, false},   {"IQ2_XS", 256, 74, 17, false},
    {"IQ2_XXS", 256, 66, 16, false}, {"IQ3_S", 256, 110, 21, false},
    {"IQ3_XXS", 256, 98, 18, false}, {"IQ4_NL", 32, 18, 20, true},
    {"IQ4_XS", 256, 136, 23, false}, {"MXFP4", 32, 17, 39, false},
    {"NVFP4", 64, 36, 40, false},    {"Q1_0", 128, 18, 41, false},
    {"Q2", 32, 10, -1, true},        {"Q2_0", 64, 18, 42, false},
    {"Q2_K", 256, 84, 10, false},    {"Q3", 32, 14, -1, true},
    {"Q3_K", 256, 110, 11, false},   {"Q4", 32, 18, -1, true},
    {"Q4_0", 32, 18, 2, true},       {"Q4_1", 32, 20, 3, true},
    {"Q4_K", 256, 144, 12, false},   {"Q5", 32, 22, -1, true},
    {"Q5_0", 32, 22, 6, true},       {"Q5_1", 32, 24, 7, true},
    {"Q5_K", 256, 176, 13, false},   {"Q6", 32, 26, -1, true},
    {"Q6_K", 256, 210, 14, false},   {"Q7", 32, 30, -1, true},
    {"Q8", 32, 34, -1, true},        {"Q8_0", 32, 34, 8, true},
    {"Q8_1", 32, 36, 9, false},      {"Q8_K", 256, 292, 15, false},
    {"TQ1_0", 256, 54, 34, false},   {"TQ2_0", 256, 66, 35, false},
    {"U16", 1, 2, -1, false},        {"U32", 1, 4, -1, false},
    {"U64", 1, 8, -1, false},        {"U8", 1, 1, -1, false},
};

static_assert(sorted_and_unique(types, &TensorType::name));
constexpr NameIndex<std::size(types)> by_name(types, &TensorType::name);

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return result;
}

}  // namespace

std::span<const TensorType> tensor_types() { return types; }

namespace {

constexpr const TensorType* row_of(std::string_view name) {
  for (const TensorType& type : types)
    if (type.name == name) return &type;
  return nullptr;
}

}  // namespace

const TensorType& f16_type() {
  constexpr const TensorType* row = row_of("F16");
  return *row;
}

const TensorType& f32_type() {
  constexpr const TensorType* row = row_of("F32");
  return *row;
}

const TensorType& known_type(const TensorType* type) {
  return type != nullptr ? *type : f16_type();
}

const TensorType* find_tensor_type(std::string_view name) {
  const auto* type = by_name.find(types, &TensorType::name, name);
  return type != nullptr ? type : by_name.find(types, &TensorType::name, upper(name));
}

const TensorType* find_tensor_type(std::uint32_t ggml_id) {
  const auto* it = std::find_if(std::begin(types), std::end(types), [ggml_id](const auto& type) {
    return type.ggml_id >= 0 && static_cast<std::uint32_t>(type.ggml_id) == ggml_id;
  });
  return it != std::end(types) ? it : nullptr;
}

}  // namespace fitvram
