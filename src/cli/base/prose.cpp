#include "cli/base/prose.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"

namespace fitvram::cli {

std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::vector<std::string> wrapped(const std::string& text, std::size_t width) {
  std::vector<std::string> lines(1);
  for (std::size_t from = 0; from < text.size();) {
    const auto space = std::min(text.find(' ', from), text.size());
    const auto word = text.substr(from, space - from);
    if (!lines.back().empty() && columns_of(lines.back()) + 1 + columns_of(word) > width)
      lines.emplace_back();
    lines.back() += (lines.back().empty() ? "" : " ") + word;
    from = space + 1;
  }
  return lines;
}

std::string plural(std::uint64_t n, const char* word) {
  return formatted("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::string plural(std::uint64_t n, const char* word, const char* words) {
  return formatted("{} {}", n, n == 1 ? word : words);
}

std::string joined(std::span<const std::string_view> words) {
  std::string text;
  for (const auto word : words) text += (text.empty() ? "" : ", ") + std::string(word);
  return text;
}

std::string one_of(std::span<const std::string_view> words) {
  if (words.size() < 2) return joined(words);
  return joined(words.first(words.size() - 1)) + " or " + std::string(words.back());
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise) {
  const auto near = closest(word, candidates);
  return near.empty() ? otherwise : formatted("did you mean '{}'?", near);
}

}  // namespace fitvram::cli
