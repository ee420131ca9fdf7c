#include "base/text.hpp"
#include "families/family.hpp"

namespace fitvram {
namespace {

constexpr std::string_view other_bases[] = {"llama",    "qwen",   "mistral", "mixtral", "phi",
                                            "deepseek", "falcon", "yi",      "glm",     "mamba"};

bool letter(char c) { return c >= 'a' && c <= 'z'; }
bool word_char(char c) { return letter(c) || (c >= '0' && c <= '9'); }

// "gemma-3" stands in "gemma-3-27b" and "my-gemma-3", not in "gemma-30b" or "biogemma-3".
bool stands_in(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    const bool starts = at == 0 || !word_char(text[at - 1]);
    if (starts && (end == text.size() || !word_char(text[end]))) return true;
  }
  return false;
}

// Base names are often followed by a version: "llama3", "qwen2", "phi4".
bool names_base(std::string_view text, std::string_view base) {
  for (auto at = text.find(base); at != std::string_view::npos; at = text.find(base, at + 1)) {
    const auto end = at + base.size();
    const bool starts = at == 0 || !word_char(text[at - 1]);
    if (starts && (end == text.size() || !letter(text[end]))) return true;
  }
  return false;
}

}  // namespace

WindowHint window_hint(std::string_view name) {
  const auto folded = fold_name(name);
  for (const auto base : other_bases)
    if (names_base(folded, base)) return {};
  const NamedHint* longest = nullptr;
  for (const Family* family : families())
    for (const NamedHint& hint : family->hints)
      if (stands_in(folded, hint.name) &&
          (longest == nullptr || hint.name.size() > longest->name.size()))
        longest = &hint;
  return longest != nullptr ? longest->hint : WindowHint{};
}

}  // namespace fitvram
