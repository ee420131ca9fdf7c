#pragma once
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string_view>

namespace fitvram {

/// Where the rows of a table stand, by their names, worked out when the library is compiled. The
/// names must differ.
template <std::size_t n_row>
class NameIndex {
 public:
  template <typename Rows, typename Key>
  constexpr NameIndex(const Rows& rows, Key key) {
    for (std::size_t row = 0; row < n_row; ++row) {
      std::size_t slot = first_slot(std::invoke(key, rows[row]));
      while (slots_[slot] != 0) slot = next_slot(slot);
      slots_[slot] = static_cast<std::uint16_t>(row + 1);
    }
  }

  /// The row of this name in the table that was indexed; nullptr when it has none.
  template <typename Rows, typename Key>
  constexpr auto find(const Rows& rows, Key key, std::string_view name) const {
    std::size_t slot = first_slot(name);
    for (; slots_[slot] != 0; slot = next_slot(slot)) {
      const auto* row = std::data(rows) + (slots_[slot] - 1);
      if (std::invoke(key, *row) == name) return row;
    }
    return static_cast<decltype(std::data(rows))>(nullptr);
  }

 private:
  static_assert(n_row < UINT16_MAX);
  static constexpr std::size_t n_slot = std::bit_ceil(4 * n_row);

  static constexpr std::size_t next_slot(std::size_t slot) { return (slot + 1) % n_slot; }
  static constexpr std::size_t first_slot(std::string_view name) {
    std::uint32_t hash = 2166136261;  // FNV-1a
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619;
    return (hash ^ hash >> 16) % n_slot;
  }

  std::array<std::uint16_t, n_slot> slots_{};
};

}  // namespace fitvram
