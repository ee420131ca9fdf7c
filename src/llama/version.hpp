#pragma once
#include <string_view>

namespace fitvram {

/// What the rules of this folder were read from, and how steps of the arithmetic name it.
inline constexpr std::string_view llama_cpp_version = "v0.5.0";
inline constexpr const char* llama_cpp_source = "llama.cpp v0.5.0";

}  // namespace fitvram
