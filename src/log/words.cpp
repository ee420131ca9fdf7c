#include "log/words.hpp"

#include <algorithm>
#include <charconv>

namespace fitvram {

namespace {

constexpr std::size_t most_words = 1024;
constexpr std::uint64_t most_mib = std::uint64_t{1} << 40;

}  // namespace

std::string plain(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (c == 0x1b && i + 1 < line.size() && line[i + 1] == '[') {
      for (i += 2; i < line.size() && (line[i] < '@' || line[i] > '~'); ++i) {
      }
    } else if (c >= 0x20 && c != 0x7f) {
      out += line[i];
    } else if (c == '\t') {
      out += ' ';
    }
  }
  return out;
}

Words words_of(std::string_view line) {
  Words words;
  while (words.size() < most_words) {
    const auto start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) break;
    line.remove_prefix(start);
    const auto end = line.find(' ');
    words.push_back(line.substr(0, end));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end);
  }
  return words;
}

std::optional<std::uint64_t> number(std::string_view word) {
  std::uint64_t n = 0;
  const auto* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, n);
  if (error != std::errc{} || stop == word.data()) return std::nullopt;
  const std::string_view rest(stop, static_cast<std::size_t>(end - stop));
  if (rest.find_first_not_of(",):") != std::string_view::npos) return std::nullopt;
  return n;
}

std::optional<LoggedSize> mebibytes(std::string_view word) {
  std::uint64_t whole = 0;
  const auto* end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, whole);
  if (error != std::errc{} || whole > most_mib) return std::nullopt;
  std::string_view rest(stop, static_cast<std::size_t>(end - stop));
  std::uint64_t centi = whole * 100;
  if (!rest.empty()) {
    if (rest[0] != '.' && rest[0] != ',') return std::nullopt;
    rest.remove_prefix(1);
    std::uint64_t unit = 10;
    for (const char c : rest) {
      if (c < '0' || c > '9') return std::nullopt;
      centi += static_cast<std::uint64_t>(c - '0') * unit;
      unit /= 10;
    }
  }
  return LoggedSize{centi, 1};
}

std::optional<std::size_t> find_words(const Words& words,
                                      std::initializer_list<std::string_view> phrase,
                                      std::size_t from) {
  for (std::size_t i = from; i + phrase.size() <= words.size(); ++i)
    if (std::equal(phrase.begin(), phrase.end(), words.begin() + static_cast<std::ptrdiff_t>(i)))
      return i + phrase.size();
  return std::nullopt;
}

}  // namespace fitvram
