#pragma once
#include <cstdint>
#include <string>

namespace fitvram {

/// One line of arithmetic: `formula` holds only integers and + - * / ( ), and evaluates to `value`
/// (truncating division).
struct Step {
  std::string figure;   ///< "context / kv sliding"
  std::string formula;  ///< "52 * 2 * 1536 * (16*128*2)"
  std::uint64_t value = 0;
  std::string rule;  ///< the formula in words, with its source
  enum class Unit { bytes, tokens } unit = Unit::bytes;
};

}  // namespace fitvram
