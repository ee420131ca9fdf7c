#pragma once
#include <cstdint>

namespace fitvram {

// What bounds memory and time, well beyond any model; llama.cpp's own limits are in
// llama/memory/limits.hpp.

/// Layers that a file may state.
inline constexpr std::uint32_t most_layers = 1024;

/// Blocks as they run, where a model goes through its layers more than once.
inline constexpr std::uint32_t most_blocks = 4096;

}  // namespace fitvram
