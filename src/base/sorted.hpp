#pragma once
#include <functional>
#include <iterator>

namespace fitvram {

/// Whether the rows of a table stand in the order of their keys, each once.
template <typename Rows, typename Key = std::identity>
constexpr bool sorted_and_unique(const Rows& rows, Key key = {}) {
  for (std::size_t i = 1; i < std::size(rows); ++i)
    if (!(std::invoke(key, rows[i - 1]) < std::invoke(key, rows[i]))) return false;
  return true;
}

}  // namespace fitvram
