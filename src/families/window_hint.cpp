#include "base/text.hpp"
#include "families/table.hpp"

namespace fitvram {
namespace {

struct Family {
  std::string_view name;  // folded, compared at word boundaries, longest first
  WindowHint hint;
};

// Windows and periods of the families' published configs.
constexpr Family families[] = {
    {"gemma-3n", {512, 5}},    {"gemma3n", {512, 5}},      {"gemma-3-270m", {512, 6}},
    {"gemma3-270m", {512, 6}}, {"gemma-3-1b", {512, 6}},   {"gemma3-1b", {512, 6}},
    {"gemma-3", {1024, 6}},    {"gemma3", {1024, 6}},      {"gemma-2", {4096, 2}},
    {"gemma2", {4096, 2}},     {"gpt-oss", {128, 2}},      {"gptoss", {128, 2}},
    {"cohere2", {4096, 4}},    {"command-r7b", {4096, 4}}, {"command-a", {4096, 4}},
    {"olmo-3", {4096, 4}},     {"olmo3", {4096, 4}},
};

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
  for (const auto& family : families)
    if (stands_in(folded, family.name)) return family.hint;
  return {};
}

}  // namespace fitvram
