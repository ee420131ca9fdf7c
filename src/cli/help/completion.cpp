#include "cli/help/completion.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "cli/answer/inputs.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {
namespace {

using Words = std::vector<std::string>;

template <typename Rows>
Words names_of(const Rows& rows) {
  Words words;
  for (const auto& row : rows) words.emplace_back(row.name);
  return words;
}

std::string tail(const std::string& name) {
  const auto slash = name.rfind('/');
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

/// Names without their organisation, where that is enough.
Words model_names(const std::vector<CatalogEntry>& catalog) {
  std::map<std::string, int> tails;
  for (const auto& entry : catalog) ++tails[lower(tail(entry.name))];
  Words words;
  for (const auto& entry : catalog)
    words.push_back(tails[lower(tail(entry.name))] == 1 ? tail(entry.name) : entry.name);
  return words;
}

Words cache_types() {
  Words words;
  for (const auto& type : tensor_types())
    if (type.cache) words.push_back(cache_type_name(&type));
  return words;
}

Options with_files(const Io& io) {
  Options options;
  if (const auto file = io.env("FITVRAM_CATALOG")) options.catalogs.push_back(*file);
  if (const auto file = io.env("FITVRAM_GPUS")) options.gpu_files.push_back(*file);
  return options;
}

std::optional<Words> table_words(Io& io, std::string_view table) {
  if (table == "gpus") {
    const auto cards = load_gpus(io, with_files(io));
    Words words;
    if (cards)
      for (const auto& card : *cards) words.push_back(card.display);
    return words;
  }
  if (table == "models") {
    const auto catalog = load_catalog(io, with_files(io));
    return catalog ? model_names(*catalog) : Words{};
  }
  if (table == "quants") return names_of(schemes());
  if (table == "runtimes") return names_of(runtimes());
  if (table == "backends") return names_of(backends());
  if (table == "cache-types") return cache_types();
  return std::nullopt;
}

bool begins_word(const std::string& text, const std::string& begin) {
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + 1))
    if (at == 0 || text[at - 1] == ' ' || text[at - 1] == '-') return true;
  return false;
}

}  // namespace

std::optional<Words> completion_words(Io& io, std::string_view table, const std::string& begin) {
  auto words = table_words(io, table);
  if (!words) return words;
  std::erase_if(*words, [&](const auto& word) { return !begins_word(lower(word), lower(begin)); });
  std::sort(words->begin(), words->end());
  return words;
}

}  // namespace fitvram::cli
