#include <algorithm>
#include <unordered_map>
#include <vector>

#include "families/family.hpp"
#include "families/kins.hpp"

namespace fitvram {
namespace {

constexpr const std::span<const Family>* kins[] = {
    &kin::arcee,    &kin::baichuan, &kin::bailing,   &kin::bert, &kin::chameleon, &kin::cohere,
    &kin::deepseek, &kin::dense,    &kin::diffusion, &kin::dots, &kin::drafts,    &kin::ernie,
    &kin::exaone,   &kin::falcon,   &kin::gemma,     &kin::glm,  &kin::gpt,       &kin::granite,
    &kin::hrm_text, &kin::hunyuan,  &kin::kimi,      &kin::lfm2, &kin::llama,     &kin::mamba,
    &kin::minicpm,  &kin::minimax,  &kin::mistral,   &kin::moe,  &kin::nemotron,  &kin::olmo,
    &kin::phi,      &kin::plamo,    &kin::qwen,      &kin::rwkv, &kin::speech,    &kin::t5};

/// The rows of all kins. Their order and that names differ is a test; what a kin can see of this by
/// itself is checked when it is compiled.
struct Table {
  std::vector<const Family*> families, strangers;
  std::unordered_map<std::string_view, const Family*> by_gguf;

  Table() {
    families.reserve(256);
    by_gguf.reserve(256);
    for (const auto* kin : kins)
      for (const Family& row : *kin) (row.gguf.empty() ? strangers : families).push_back(&row);
    std::ranges::sort(families, {}, &Family::gguf);
    for (const Family* row : families) by_gguf.emplace(row->gguf, row);
  }
};

const Table& table() {
  static const Table joined;
  return joined;
}

template <typename Row>
using Words = std::unordered_map<std::string_view, const Row*>;

template <typename Row>
void add_words(Words<Row>& by_word, std::string_view words, const Row& row) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    by_word.emplace(words.substr(0, end), &row);
    words.remove_prefix(std::min(end + 1, words.size()));
  }
}

/// The rows by the words of configs, which only those who read one ask for.
Words<Family> words_of_rows() {
  Words<Family> by_word;
  by_word.reserve(1024);
  for (const auto rows : {families(), strangers()})
    for (const Family* row : rows) add_words(by_word, row->hf, *row);
  return by_word;
}

Words<ConfigClass> words_of_classes() {
  Words<ConfigClass> by_word;
  by_word.reserve(256);
  for (const auto rows : {families(), strangers()})
    for (const Family* row : rows)
      for (const ConfigClass& own : row->config.classes) add_words(by_word, own.names, own);
  return by_word;
}

template <typename Row>
const Row* find(const Words<Row>& rows, std::string_view name) {
  const auto found = rows.find(name);
  return found == rows.end() ? nullptr : found->second;
}

}  // namespace

std::span<const Family* const> families() { return table().families; }

std::span<const Family* const> strangers() { return table().strangers; }

const Family* find_family(std::string_view gguf) { return find(table().by_gguf, gguf); }

const Family* find_family_of_hf(std::string_view word) {
  static const auto by_word = words_of_rows();
  return find(by_word, word);
}

const ConfigClass* find_config_class(std::string_view name) {
  static const auto by_word = words_of_classes();
  return find(by_word, name);
}

}  // namespace fitvram
