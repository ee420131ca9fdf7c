// Who may include whom: src/ is a house, and each of its folders has a row here.
#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <string_view>
#include <utility>

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

// What runs up and is cut next.
const std::set<std::pair<std::string, std::string>> to_be_cut = {
    {"cli/answer/batch.hpp", "cli/app.hpp"},
    {"cli/show/sheet.hpp", "cli/ask/request.hpp"},
};

// `token` may stand only in the files whose stem is one of `allowed` or begins with one that ends
// in '*'.
struct Confined {
  std::string_view token;
  std::vector<std::string_view> allowed;
};
const std::vector<Confined>& confined() {
  static const std::vector<std::string_view> outside = {"cli/io", "cli/base/io", "cli/main"};
  static const std::vector<Confined> rules = {
      {"<nlohmann/", {"hf*", "safetensors", "gpus", "catalog", "tables/*", "cli/*"}},
      {"<CLI/", {"cli/app"}},
      {"<fmt/", {"cli/*"}},
      {"<fstream>", outside},
      {"<iostream>", outside},
      {"<cstdio>", outside},
      {"<unistd.h>", outside},
      {"<fcntl.h>", outside},
      {"<sys/", outside},
      {"getenv", outside},
      {"isatty", outside},
      {"<filesystem>", {"cli/*"}},
      {"<chrono>", {}},
      {"<ctime>", {}},
      {"<random>", {}},
      {"<thread>", {}},
  };
  return rules;
}

bool allows(const Confined& rule, std::string_view stem) {
  return std::ranges::any_of(rule.allowed, [&](std::string_view allowed) {
    return allowed.ends_with('*') ? stem.starts_with(allowed.substr(0, allowed.size() - 1))
                                  : stem == allowed;
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
      if (to_be_cut.contains({file.path.substr(file.path.find('/') + 1), target})) continue;
      const Folder* const to = room_of(stem_of(target));
      INFO(file.path << " includes " << target);
      REQUIRE(to != nullptr);
      CHECK(may_include(*from, *to));
    }
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
    const std::string stem = stem_of(file.path);
    for (const auto& rule : confined()) {
      if (allows(rule, stem)) continue;
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
