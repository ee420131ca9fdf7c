// Who may include whom: src/ is a house, and each of its folders has a row here.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "support/source_tree.hpp"

using namespace fitvram::test;

namespace {

// A folder includes itself, folders on lower floors, and those of its own wing on lower steps. The
// type of a row of families has a row of its own: it lies below all that ask it, while the rows
// themselves, with the functions that are their own, lie above the graph builder and the config
// reader.
struct Folder {
  std::string_view path;
  int floor;
  std::string_view wing = {};
  int step = 0;
};
constexpr Folder folders[] = {
    {"fitvram", 1},
    {"base", 2},
    {"families/family", 3, "facts", 0},
    {"weights", 3, "facts", 1},
    {"ggml", 4},
    {"pricing", 4},
    {"model", 4},
    {"gguf", 5},
    {"hf", 5},
    {"llama/memory", 5, "llama", 0},
    {"llama/graph", 5, "llama", 1},
    {"llama", 5, "llama", 2},
    {"runtimes/shared", 6, "runtimes", 0},
    {"runtimes/exllamav3", 6, "runtimes", 1},
    {"runtimes/mlx_lm", 6, "runtimes", 1},
    {"runtimes/mlxcel", 6, "runtimes", 1},
    {"runtimes/ollama", 6, "runtimes", 1},
    {"runtimes/sglang", 6, "runtimes", 1},
    {"runtimes/sharpinference", 6, "runtimes", 1},
    {"runtimes/transformers", 6, "runtimes", 1},
    {"runtimes/vllm", 6, "runtimes", 1},
    {"runtimes", 6, "runtimes", 2},
    {"families", 6},
    {"tables", 6},
    {"fit", 7},
    {"log", 8},
    {"cli/base", 9, "cli", 0},
    {"cli/show", 9, "cli", 1},
    {"cli/flags", 9, "cli", 2},
    {"cli/ask", 9, "cli", 3},
    {"cli/answer", 9, "cli", 4},
    {"cli/help", 9, "cli", 5},
    {"cli", 9, "cli", 6},
};

std::string_view folder_of(std::string_view stem) {
  return stem.substr(0, std::min(stem.rfind('/'), stem.size()));
}

const Folder* find_folder(std::string_view path) {
  const auto* it = std::ranges::find(folders, path, &Folder::path);
  return it == std::end(folders) ? nullptr : it;
}

const Folder* room_of(std::string_view stem) {
  const Folder* const of_file = find_folder(stem);
  return of_file != nullptr ? of_file : find_folder(folder_of(stem));
}

bool may_include(const Folder& from, const Folder& to) {
  if (from.path == to.path || to.floor < from.floor) return true;
  return to.floor == from.floor && !to.wing.empty() && to.wing == from.wing && to.step < from.step;
}

// Files that still include each other in a circle.
const std::set<std::string_view> to_be_opened = {
    "llama/compute", "llama/compute_facts", "log/reader",
    "log/words",     "weights/llama_quant", "weights/llama_quant_recipes",
};

// By files, each with its header, those they include.
std::map<std::string, std::set<std::string>> includes() {
  std::map<std::string, std::set<std::string>> all;
  for (const auto& file : product_sources())
    for (const auto& line : file.lines) {
      const std::string target = included_by(line);
      if (!target.starts_with('"')) continue;
      const auto stem = stem_of(target.substr(1, target.size() - 2));
      if (stem != stem_of(file.path)) all[stem_of(file.path)].insert(stem);
    }
  return all;
}

// `token` may stand only in the files that `allowed` names: a file ("cli/app.cpp"), a file and its
// header ("cli/app"), or all below a folder ("hf/*").
struct Confined {
  std::string_view token;
  std::vector<std::string_view> allowed;
};
const std::vector<Confined>& confined() {
  static const std::vector<std::string_view> outside = {"cli/base/io.cpp"};
  static const std::vector<Confined> rules = {
      {"<nlohmann/json.hpp>",
       {"hf/*", "tables/*", "cli/answer/baseline.cpp", "cli/ask/request.cpp", "cli/show/json.cpp",
        "cli/show/ndjson.cpp"}},
      {"<nlohmann/json_fwd.hpp>", {"hf/*", "tables/*", "cli/show/json.hpp"}},
      {"<CLI/", {"cli/app.cpp"}},
      {"<fmt/", {"cli/base/formatted"}},
      {"<fstream>", outside},
      {"<iostream>", outside},
      {"<cstdio>", outside},
      {"<unistd.h>", outside},
      {"<fcntl.h>", outside},
      {"<sys/", outside},
      {"getenv", outside},
      {"isatty", outside},
      {"<filesystem>", {}},
      {"<chrono>", {}},
      {"<ctime>", {}},
      {"<random>", {}},
      {"<thread>", {}},
  };
  return rules;
}

bool allows(const Confined& rule, std::string_view path) {
  return std::ranges::any_of(rule.allowed, [&](std::string_view allowed) {
    return allowed.ends_with('*') ? path.starts_with(allowed.substr(0, allowed.size() - 1))
                                  : path == allowed || path.substr(0, path.rfind('.')) == allowed;
  });
}

}  // namespace

TEST_CASE("a folder includes only what lies below it") {
  for (const auto& file : product_sources()) {
    const std::string stem = stem_of(file.path);
    const Folder* const from = room_of(stem);
    INFO(file.path << " is in no folder that has a row in tests/house/layering_test.cpp");
    REQUIRE(from != nullptr);
    for (const auto& line : file.lines) {
      std::string target = included_by(line);
      if (!target.starts_with('"')) continue;
      target = target.substr(1, target.size() - 2);
      const Folder* const to = room_of(stem_of(target));
      INFO(file.path << " includes " << target);
      REQUIRE(to != nullptr);
      CHECK(may_include(*from, *to));
    }
  }
}

TEST_CASE("files do not include each other in a circle") {
  const auto all = includes();
  for (const auto& [stem, direct] : all) {
    if (to_be_opened.contains(stem)) continue;
    std::set<std::string> seen;
    std::vector<std::string> next(direct.begin(), direct.end());
    while (!next.empty()) {
      const std::string at = next.back();
      next.pop_back();
      if (!seen.insert(at).second || !all.contains(at)) continue;
      next.insert(next.end(), all.at(at).begin(), all.at(at).end());
    }
    INFO(stem << " includes itself by way of others");
    CHECK_FALSE(seen.contains(stem));
  }
}

TEST_CASE("public headers need the standard library and each other, nothing else") {
  for (const auto& file : files_below("include", {".hpp"})) {
    for (const auto& line : file.lines) {
      const std::string target = included_by(line);
      INFO(file.path << " includes " << target);
      if (target.starts_with('<')) {
        CHECK(std::ranges::all_of(target.substr(1, target.size() - 2), [](unsigned char c) {
          return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_';
        }));
      } else if (!target.empty()) {
        CHECK(target.starts_with("\"fitvram/"));
      }
    }
  }
}

TEST_CASE("libraries, files and the environment stay where they belong") {
  for (const auto& file : product_sources()) {
    for (const auto& rule : confined()) {
      if (allows(rule, file.path.substr(file.path.find('/') + 1))) continue;
      INFO(file.path << " contains " << rule.token);
      CHECK(file.text.find(rule.token) == std::string::npos);
    }
  }
}

TEST_CASE("the umbrella header includes every public header") {
  std::string umbrella = "#pragma once\n";
  for (const auto& file : files_below("include", {".hpp"})) {
    if (stem_of(file.path) == "fitvram/fitvram") continue;
    umbrella += "#include \"" + file.path.substr(file.path.find('/') + 1) + "\"\n";
  }
  CHECK(source_file("include/fitvram/fitvram.hpp").text == umbrella);
}
