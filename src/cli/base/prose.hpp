#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fitvram::cli {

/// Characters of UTF-8 text.
std::size_t columns_of(std::string_view text);
/// `text` broken at spaces into lines of at most `width`; at least one line.
std::vector<std::string> wrapped(const std::string& text, std::size_t width);

/// "1 layer", "62 layers"; "1 entry", "2 entries".
std::string plural(std::uint64_t n, const char* word);
std::string plural(std::uint64_t n, const char* word, const char* words);

/// "a, b, c".
std::string joined(std::span<const std::string_view> words);
/// "a, b or c".
std::string one_of(std::span<const std::string_view> words);
/// "did you mean 'rank'?", or `otherwise` when nothing is near.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise);

template <typename Rows>
std::vector<std::string_view> names_of(const Rows& rows) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

}  // namespace fitvram::cli
