#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "fitvram/quantize.hpp"
#include "weights/packings.hpp"

namespace fitvram {

namespace {

using enum SchemeFamily;

constexpr Packing awq_4_128[] = {packing::awq(4, 128)};
constexpr Packing awq_4_64[] = {packing::awq(4, 64)};
constexpr Packing bnb_4bit_false[] = {packing::bnb_4bit(false)};
constexpr Packing bnb_4bit_true[] = {packing::bnb_4bit(true)};
constexpr Packing bnb_int8[] = {packing::bnb_int8()};
constexpr Packing exl_2000[] = {packing::exl(2000), packing::exl(6000, packing::head)};
constexpr Packing exl_2500[] = {packing::exl(2500), packing::exl(6000, packing::head)};
constexpr Packing exl_3000[] = {packing::exl(3000), packing::exl(6000, packing::head)};
constexpr Packing exl_3500[] = {packing::exl(3500), packing::exl(6000, packing::head)};
constexpr Packing exl_4000[] = {packing::exl(4000), packing::exl(6000, packing::head)};
constexpr Packing exl_4500[] = {packing::exl(4500), packing::exl(6000, packing::head)};
constexpr Packing exl_5000[] = {packing::exl(5000), packing::exl(6000, packing::head)};
constexpr Packing exl_6000[] = {packing::exl(6000), packing::exl(6000, packing::head)};
constexpr Packing exl_8000[] = {packing::exl(8000), packing::exl(6000, packing::head)};
constexpr Packing gptq_2_128[] = {packing::gptq(2, 128)};
constexpr Packing gptq_3_128[] = {packing::gptq(3, 128)};
constexpr Packing gptq_4_128[] = {packing::gptq(4, 128)};
constexpr Packing gptq_4_32[] = {packing::gptq(4, 32)};
constexpr Packing gptq_8_128[] = {packing::gptq(8, 128)};
constexpr Packing mlx_2_128[] = {packing::mlx(2, 128)};
constexpr Packing mlx_2_32[] = {packing::mlx(2, 32)};
constexpr Packing mlx_2_64[] = {packing::mlx(2, 64)};
constexpr Packing mlx_3_128[] = {packing::mlx(3, 128)};
constexpr Packing mlx_3_32[] = {packing::mlx(3, 32)};
constexpr Packing mlx_3_64[] = {packing::mlx(3, 64)};
constexpr Packing mlx_4_128[] = {packing::mlx(4, 128)};
constexpr Packing mlx_4_32[] = {packing::mlx(4, 32)};
constexpr Packing mlx_4_64[] = {packing::mlx(4, 64)};
constexpr Packing mlx_5_128[] = {packing::mlx(5, 128)};
constexpr Packing mlx_5_32[] = {packing::mlx(5, 32)};
constexpr Packing mlx_5_64[] = {packing::mlx(5, 64)};
constexpr Packing mlx_6_128[] = {packing::mlx(6, 128)};
constexpr Packing mlx_6_32[] = {packing::mlx(6, 32)};
constexpr Packing mlx_6_64[] = {packing::mlx(6, 64)};
constexpr Packing mlx_8_128[] = {packing::mlx(8, 128)};
constexpr Packing mlx_8_32[] = {packing::mlx(8, 32)};
constexpr Packing mlx_8_64[] = {packing::mlx(8, 64)};
constexpr Packing mx_4_linear[] = {packing::mx(4, packing::linear)};
constexpr Packing mx_8_linear[] = {packing::mx(8, packing::linear)};
constexpr Packing nvfp4_linear[] = {packing::nvfp4(packing::linear)};
constexpr Packing packed_int_4_128[] = {packing::packed_int(4, 128)};
constexpr Packing packed_int_8_128[] = {packing::packed_int(8, 128)};
constexpr Packing per_block_128_128[] = {packing::per_block(128, 128)};
constexpr Packing per_row[] = {packing::per_row()};
constexpr Packing per_tensor[] = {packing::per_tensor()};

// Nominal bits are those of Llama-3.1-8B, all tensors counted; for GGUF they equal the sizes
// published in llama.cpp's tools/quantize/README.md. MXFP4_MOE's are gpt-oss-20b's.
constexpr Scheme table[] = {
    {"F32", gguf, 32000, false, "32-bit floats, unquantized"},
    {"F16", gguf, 16001, true, "16-bit floats, unquantized"},
    {"BF16", gguf, 16001, false, "16-bit brain floats, unquantized"},
    {"MXFP8", safetensors, 9264, false, "8-bit floats, a scale byte per 32", mx_8_linear},
    {"GPTQ-8", safetensors, 9215, false,
     "GPTQ, 8 bits, groups of 128; embeddings, head, norms and routers stay in 16", gptq_8_128},
    {"W8A16", safetensors, 9156, false,
     "compressed-tensors, symmetric 8-bit integers, groups of 128", packed_int_8_128},
    {"INT8", safetensors, 9052, false, "bitsandbytes LLM.int8(): 8 bits, a scale per row",
     bnb_int8},
    {"W8A8", safetensors, 9050, false, "compressed-tensors, 8-bit integers, a scale per row",
     per_row},
    {"FP8-CHANNEL", safetensors, 9050, false, "8-bit floats, a scale per row (FP8-dynamic)",
     per_row},
    {"FP8-BLOCK", safetensors, 9049, false,
     "8-bit floats, a scale per 128x128 block (DeepSeek, Qwen)", per_block_128_128},
    {"FP8", safetensors, 9047, false, "8-bit floats, a scale per tensor", per_tensor},
    {"MLX-8-G32", mlx, 9000, false, "MLX, 8 bits, groups of 32; embeddings and head too", mlx_8_32},
    {"Q8_0", gguf, 8501, true, "8 bits, practically lossless"},
    {"MLX-8", mlx, 8500, false, "MLX, 8 bits, groups of 64; embeddings and head too", mlx_8_64},
    {"EXL2-8.0", exl, 8393, false, "exllamav2, 8.0 bits on average, head in 6, embeddings in 16",
     exl_8000},
    {"EXL3-8.0", exl, 8393, false, "exllamav3, 8.0 bits on average, head in 6, embeddings in 16",
     exl_8000},
    {"MLX-8-G128", mlx, 8250, false, "MLX, 8 bits, groups of 128; embeddings and head too",
     mlx_8_128},
    {"MLX-6-G32", mlx, 7000, false, "MLX, 6 bits, groups of 32; embeddings and head too", mlx_6_32},
    {"Q6_K_L", gguf, 6817, false, "as Q6_K, with embeddings and output in 8 bits"},
    {"EXL2-6.0", exl, 6655, false, "exllamav2, 6.0 bits on average, head in 6, embeddings in 16",
     exl_6000},
    {"EXL3-6.0", exl, 6655, false, "exllamav3, 6.0 bits on average, head in 6, embeddings in 16",
     exl_6000},
    {"Q6_K", gguf, 6563, true, "6 bits, very near lossless"},
    {"Q6_K-PURE", gguf, 6563, false, "6 bits in every matrix (--pure)"},
    {"MLX-6", mlx, 6500, false, "MLX, 6 bits, groups of 64; embeddings and head too", mlx_6_64},
    {"MLX-6-G128", mlx, 6250, false, "MLX, 6 bits, groups of 128; embeddings and head too",
     mlx_6_128},
    {"GPTQ-4-G32", safetensors, 6119, false,
     "GPTQ, 4 bits, groups of 32; embeddings, head, norms and routers stay in 16", gptq_4_32},
    {"Q5_1", gguf, 6038, false, "5 bits, old format with offsets"},
    {"Q5_K_L", gguf, 6027, false, "as Q5_K_M, with embeddings and output in 8 bits"},
    {"NF4", safetensors, 6005, false,
     "bitsandbytes NF4: 4 bits, blocks of 64; head and embeddings stay in 16", bnb_4bit_false},
    {"NVFP4", safetensors, 6005, false, "4-bit floats, an FP8 scale per 16", nvfp4_linear},
    {"Q5_1-PURE", gguf, 6001, false, "5 bits with offsets in every matrix (--pure)"},
    {"MLX-5-G32", mlx, 6000, false, "MLX, 5 bits, groups of 32; embeddings and head too", mlx_5_32},
    {"AWQ-4-G64", safetensors, 5842, false,
     "AWQ, 4 bits, groups of 64; embeddings, head, norms and routers stay in 16", awq_4_64},
    {"MXFP4", safetensors, 5788, false,
     "4-bit floats, a scale byte per 32; as gpt-oss if only experts are packed", mx_4_linear},
    {"EXL2-5.0", exl, 5785, false, "exllamav2, 5.0 bits on average, head in 6, embeddings in 16",
     exl_5000},
    {"EXL3-5.0", exl, 5785, false, "exllamav3, 5.0 bits on average, head in 6, embeddings in 16",
     exl_5000},
    {"GPTQ-4", safetensors, 5711, false,
     "GPTQ, 4 bits, groups of 128; embeddings, head, norms and routers stay in 16", gptq_4_128},
    {"AWQ-4", safetensors, 5706, false,
     "AWQ, 4 bits, groups of 128; embeddings, head, norms and routers stay in 16", awq_4_128},
    {"Q5_K_M", gguf, 5704, true, "5 bits, 6 for half of the value and down projections"},
    {"NF4-DQ", safetensors, 5681, false, "bitsandbytes NF4 with double quantization of its scales",
     bnb_4bit_true},
    {"W4A16", safetensors, 5679, false,
     "compressed-tensors, symmetric 4-bit integers, groups of 128", packed_int_4_128},
    {"Q5_0", gguf, 5570, false, "5 bits, old format"},
    {"Q5_K_S", gguf, 5570, false, "5 bits throughout"},
    {"Q5_0-PURE", gguf, 5501, false, "5 bits, old format, in every matrix (--pure)"},
    {"Q5_K-PURE", gguf, 5501, false, "5 bits in every matrix (--pure)"},
    {"MLX-5", mlx, 5500, false, "MLX, 5 bits, groups of 64; embeddings and head too", mlx_5_64},
    {"EXL2-4.5", exl, 5351, false, "exllamav2, 4.5 bits on average, head in 6, embeddings in 16",
     exl_4500},
    {"EXL3-4.5", exl, 5351, false, "exllamav3, 4.5 bits on average, head in 6, embeddings in 16",
     exl_4500},
    {"Q4_K_L", gguf, 5283, false, "as Q4_K_M, with embeddings and output in 8 bits"},
    {"MLX-5-G128", mlx, 5250, false, "MLX, 5 bits, groups of 128; embeddings and head too",
     mlx_5_128},
    {"Q4_1", gguf, 5103, false, "4 bits, old format with offsets"},
    {"Q4_1-PURE", gguf, 5001, false, "4 bits with offsets in every matrix (--pure)"},
    {"MLX-4-G32", mlx, 5000, false, "MLX, 4 bits, groups of 32; embeddings and head too", mlx_4_32},
    {"EXL2-4.0", exl, 4916, false, "exllamav2, 4.0 bits on average, head in 6, embeddings in 16",
     exl_4000},
    {"EXL3-4.0", exl, 4916, false, "exllamav3, 4.0 bits on average, head in 6, embeddings in 16",
     exl_4000},
    {"Q4_K_M", gguf, 4894, true, "4 bits, 6 for half of the value and down projections"},
    {"GPTQ-3", safetensors, 4835, false,
     "GPTQ, 3 bits, groups of 128; embeddings, head, norms and routers stay in 16", gptq_3_128},
    {"Q3_K_XL", gguf, 4756, false, "as Q3_K_L, with embeddings and output in 8 bits"},
    {"IQ4_NL", gguf, 4682, false, "4 bits, non-linear, blocks of 32"},
    {"Q4_K_S", gguf, 4667, false, "4 bits, 5 for the first layers"},
    {"Q4_0", gguf, 4636, false, "4 bits, old format"},
    {"QAT-Q4_0", gguf, 4636, false,
     "4 bits by quantization-aware training; Gemma 3 with embeddings in 16"},
    {"MXFP4_MOE", gguf, 4627, false, "experts in MXFP4, everything else in 8 bits"},
    {"Q4_0-PURE", gguf, 4501, false, "4 bits, old format, in every matrix (--pure)"},
    {"Q4_K-PURE", gguf, 4501, false, "4 bits in every matrix (--pure)"},
    {"IQ4_NL-PURE", gguf, 4501, false, "4 bits, non-linear, in every matrix (--pure)"},
    {"MLX-4", mlx, 4500, false, "MLX, 4 bits, groups of 64; embeddings and head too", mlx_4_64},
    {"EXL2-3.5", exl, 4482, false, "exllamav2, 3.5 bits on average, head in 6, embeddings in 16",
     exl_3500},
    {"EXL3-3.5", exl, 4482, false, "exllamav3, 3.5 bits on average, head in 6, embeddings in 16",
     exl_3500},
    {"IQ4_XS", gguf, 4460, true, "4 bits, non-linear, smallest of its class"},
    {"Q3_K_L", gguf, 4298, false, "3 bits, 5 for the value and down projections"},
    {"IQ4_XS-PURE", gguf, 4251, false, "4 bits, non-linear, in every matrix (--pure)"},
    {"MLX-4-G128", mlx, 4250, false, "MLX, 4 bits, groups of 128; embeddings and head too",
     mlx_4_128},
    {"EXL2-3.0", exl, 4047, false, "exllamav2, 3.0 bits on average, head in 6, embeddings in 16",
     exl_3000},
    {"EXL3-3.0", exl, 4047, false, "exllamav3, 3.0 bits on average, head in 6, embeddings in 16",
     exl_3000},
    {"MLX-3-G32", mlx, 4000, false, "MLX, 3 bits, groups of 32; embeddings and head too", mlx_3_32},
    {"Q3_K_M", gguf, 3996, true, "3 bits, 4 for the value and down projections"},
    {"GPTQ-2", safetensors, 3959, false,
     "GPTQ, 2 bits, groups of 128; embeddings, head, norms and routers stay in 16", gptq_2_128},
    {"IQ3_M", gguf, 3763, false, "3 bits, non-linear, 4 for the sensitive projections"},
    {"Q2_K_L", gguf, 3670, false, "as Q2_K, with embeddings and output in 8 bits"},
    {"IQ3_S", gguf, 3661, false, "3 bits, non-linear"},
    {"Q3_K_S", gguf, 3643, false, "3 bits throughout"},
    {"EXL2-2.5", exl, 3613, false, "exllamav2, 2.5 bits on average, head in 6, embeddings in 16",
     exl_2500},
    {"EXL3-2.5", exl, 3613, false, "exllamav3, 2.5 bits on average, head in 6, embeddings in 16",
     exl_2500},
    {"MLX-3", mlx, 3500, false, "MLX, 3 bits, groups of 64; embeddings and head too", mlx_3_64},
    {"IQ3_XS", gguf, 3498, false, "3 bits, non-linear; needs an importance matrix"},
    {"Q3_K-PURE", gguf, 3438, false, "3 bits in every matrix (--pure)"},
    {"IQ3_XXS", gguf, 3255, true, "3 bits, non-linear; needs an importance matrix"},
    {"MLX-3-G128", mlx, 3250, false, "MLX, 3 bits, groups of 128; embeddings and head too",
     mlx_3_128},
    {"EXL2-2.0", exl, 3178, false, "exllamav2, 2.0 bits on average, head in 6, embeddings in 16",
     exl_2000},
    {"EXL3-2.0", exl, 3178, false, "exllamav3, 2.0 bits on average, head in 6, embeddings in 16",
     exl_2000},
    {"Q2_K", gguf, 3159, true, "2 bits, 3 for the sensitive projections"},
    {"MLX-2-G32", mlx, 3000, false, "MLX, 2 bits, groups of 32; embeddings and head too", mlx_2_32},
    {"Q2_K_S", gguf, 2970, false, "2 bits; needs an importance matrix"},
    {"IQ2_M", gguf, 2929, false, "2 bits, non-linear; needs an importance matrix"},
    {"IQ2_S", gguf, 2740, false, "2 bits, non-linear; needs an importance matrix"},
    {"Q2_K-PURE", gguf, 2626, false, "2 bits in every matrix (--pure)"},
    {"IQ2_XS", gguf, 2588, false, "2 bits, non-linear; needs an importance matrix"},
    {"TQ2_0", gguf, 2517, false, "ternary, for models trained so"},
    {"MLX-2", mlx, 2500, false, "MLX, 2 bits, groups of 64; embeddings and head too", mlx_2_64},
    {"IQ2_XXS", gguf, 2382, false, "2 bits, non-linear; needs an importance matrix"},
    {"MLX-2-G128", mlx, 2250, false, "MLX, 2 bits, groups of 128; embeddings and head too",
     mlx_2_128},
    {"TQ1_0", gguf, 2191, false, "ternary, packed, for models trained so"},
    {"IQ1_M", gguf, 2146, false, "under 2 bits; needs an importance matrix"},
    {"IQ1_S", gguf, 2004, false, "under 2 bits; needs an importance matrix"},
};

// llama-quantize accepts the bare name for the medium mix; --pure makes all mixes of a type one.
struct Alias {
  std::string_view name, scheme;
};
constexpr Alias aliases[] = {
    {"q3_k", "q3_k_m"},
    {"q4_k", "q4_k_m"},
    {"q5_k", "q5_k_m"},
    {"fp16", "f16"},
    {"fp32", "f32"},
    {"gptq", "gptq-4"},
    {"awq", "awq-4"},
    {"int4", "w4a16"},
    {"bnb-int8", "int8"},
    {"bnb-nf4", "nf4"},
    {"nvfp", "nvfp4"},
    {"fp8-dynamic", "fp8-channel"},
    {"mlx-4bit", "mlx-4"},
    {"mlx-8bit", "mlx-8"},
    {"exl2", "exl2-4.0"},
    {"exl3", "exl3-4.0"},
    {"qat", "qat-q4_0"},
    {"q4_0-qat", "qat-q4_0"},
    {"q4_0-it", "qat-q4_0"},
    {"qat-q4_0-it", "qat-q4_0"},
    {"q8_0-pure", "q8_0"},
    {"q2_k_s-pure", "q2_k-pure"},
    {"q3_k_s-pure", "q3_k-pure"},
    {"q3_k_m-pure", "q3_k-pure"},
    {"q3_k_l-pure", "q3_k-pure"},
    {"q4_k_s-pure", "q4_k-pure"},
    {"q4_k_m-pure", "q4_k-pure"},
    {"q5_k_s-pure", "q5_k-pure"},
    {"q5_k_m-pure", "q5_k-pure"},
};

}  // namespace

std::span<const Scheme> schemes() { return table; }

const Scheme* find_scheme(std::string_view name) {
  std::string wanted = lower_case(name);
  for (const Alias& alias : aliases)
    if (alias.name == wanted) wanted = alias.scheme;
  const auto* it =
      std::find_if(std::begin(table), std::end(table),
                   [&wanted](const Scheme& scheme) { return lower_case(scheme.name) == wanted; });
  return it != std::end(table) ? it : nullptr;
}

}  // namespace fitvram
