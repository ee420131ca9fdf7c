#include "hf/python_json.hpp"

#include <array>

#include "base/malformed.hpp"

namespace fitvram {
namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Length of the Python-only constant at the start of `rest`, 0 when there is none.
std::size_t constant_length(std::string_view rest) {
  constexpr std::array<std::string_view, 3> constants{"-Infinity", "Infinity", "NaN"};
  for (const std::string_view word : constants) {
    if (rest.substr(0, word.size()) == word &&
        (rest.size() == word.size() || !is_word(rest[word.size()]))) {
      return word.size();
    }
  }
  return 0;
}

}  // namespace

std::string strict_json(std::string_view text, std::size_t max_depth) {
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  std::string out;
  out.reserve(text.size());
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < text.size()) {
        out += text[++i];
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    const bool starts_word = i == 0 || !is_word(text[i - 1]);
    if (const std::size_t n = starts_word ? constant_length(text.substr(i)) : 0; n > 0) {
      out += "null";
      i += n - 1;
      continue;
    }
    out += c;
    if (c == '"') in_string = true;
    if ((c == '[' || c == '{') && ++depth > max_depth) {
      throw Malformed(ErrorCode::limit, "byte " + std::to_string(i),
                      "nested deeper than " + std::to_string(max_depth) + " levels");
    }
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return out;
}

}  // namespace fitvram
