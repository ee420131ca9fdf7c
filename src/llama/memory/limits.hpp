#pragma once
#include <cstdint>

namespace fitvram {

inline constexpr std::uint32_t llama_max_seq = 256;     ///< LLAMA_MAX_SEQ, src/llama-cparams.h
inline constexpr std::uint32_t llama_max_layers = 512;  ///< LLAMA_MAX_LAYERS, src/llama-hparams.h

}  // namespace fitvram
