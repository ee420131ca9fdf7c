// Architectures are named in the files of their kin and nowhere else.
#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "families/family.hpp"
#include "support/source_tree.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

/// The GGUF names, and the model types and classes of configs.
const std::set<std::string, std::less<>>& names() {
  static const auto all = [] {
    std::set<std::string, std::less<>> found;
    for (const auto rows : {families(), strangers()})
      for (const Family* row : rows) {
        if (!row->gguf.empty()) found.emplace(row->gguf);
        for (std::string_view words = row->hf; !words.empty();) {
          const auto end = std::min(words.find(' '), words.size());
          found.emplace(words.substr(0, end));
          words.remove_prefix(std::min(end + 1, words.size()));
        }
        for (const Tower& tower : row->config.towers) found.emplace(tower.model_type);
      }
    return found;
  }();
  return all;
}

/// The string literals of a line of code, comments and includes left out.
std::vector<std::string> literals_of(std::string_view line) {
  std::vector<std::string> found;
  if (line.starts_with("#include")) return found;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line.substr(i).starts_with("//")) break;
    if (line[i] == '\'') {  // a character, which may be a quote
      i = std::min(line.find('\'', i + (line.substr(i).starts_with("'\\") ? 3 : 2)), line.size());
      continue;
    }
    if (line[i] != '"') continue;
    std::string literal;
    for (++i; i < line.size() && line[i] != '"'; ++i) {
      if (line[i] == '\\') ++i;
      if (i < line.size()) literal += line[i];
    }
    found.push_back(literal);
  }
  return found;
}

/// Literals that name an architecture, or several and nothing else.
std::vector<std::string> named_in(std::string_view line) {
  std::vector<std::string> found;
  for (const std::string& literal : literals_of(line)) {
    std::string_view words = literal;
    bool all = !words.empty();
    while (all && !words.empty()) {
      const auto end = std::min(words.find(' '), words.size());
      all = end == 0 || names().contains(words.substr(0, end));
      words.remove_prefix(std::min(end + 1, words.size()));
    }
    if (all && literal.find_first_not_of(' ') != std::string::npos) found.push_back(literal);
  }
  return found;
}

}  // namespace

TEST_CASE("no architecture is named outside the files of the families") {
  for (const auto& file : product_sources()) {
    if (file.path.starts_with("src/families/")) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      INFO(file.path << ":" << i + 1 << ": " << file.lines[i]);
      CHECK(named_in(file.lines[i]).empty());
    }
  }
}

TEST_CASE("a name that is planted is found") {
  using Found = std::vector<std::string>;
  CHECK(named_in("  if (model.architecture == \"qwen3\") return 1;") == Found{"qwen3"});
  CHECK(named_in("constexpr const char* list[] = {\"llama\", \"q\", \"gemma3_text\"};") ==
        Found{"llama", "gemma3_text"});
  CHECK(named_in("has_word(\"mamba falcon_mamba\", type)") == Found{"mamba falcon_mamba"});
  CHECK(named_in("f('\"', \"Qwen3ForCausalLM\")") == Found{"Qwen3ForCausalLM"});
  CHECK(named_in("case '\\'': return \"gpt2\";") == Found{"gpt2"});
  CHECK(named_in("x(\"say \\\"llama\\\"\"); y(\"llama.cpp\", \"\");").empty());
  CHECK(named_in("return 0;  // as in \"llama\"").empty());
  CHECK(named_in("#include \"llama\"").empty());
}

TEST_CASE("every row of a kin's file is in the table, and every file has its kin") {
  std::size_t n_row = 0;
  for (const auto& file : files_below("src/families", {".cpp"})) {
    std::size_t here = 0;
    for (auto at = file.text.find("{.gguf = \""); at != std::string::npos;
         at = file.text.find("{.gguf = \"", at + 1))
      ++here;
    n_row += here;
    if (here == 0) continue;
    const std::string kin = file.path.substr(file.path.rfind('/') + 1);
    INFO(file.path);
    CHECK(file.text.find("kin::" + kin.substr(0, kin.size() - 4) + "{rows}") != std::string::npos);
  }
  CHECK(n_row == families().size());
}
