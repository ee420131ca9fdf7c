#pragma once
#include <cstddef>
#include <span>
#include <string_view>

namespace fitvram::fuzz {

/// One entry into fitvram that takes bytes from outside. `run` aborts when an invariant breaks.
struct Target {
  std::string_view name;  ///< also the folder of its seeds under tests/fuzz/corpus
  void (*run)(std::span<const std::byte> bytes);
};

std::span<const Target> targets();
const Target* find_target(std::string_view name);

}  // namespace fitvram::fuzz
