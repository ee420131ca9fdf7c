// Who may include whom. A new file needs a row in `layers` only if no row's word covers its name.
#include <cctype>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "support/source_tree.hpp"

using namespace fitvram::test;

namespace {

// A file belongs to the longest `word` that is its stem or begins it up to a '_' or '/'. It may
// include files of lower ranks and of its own part.
struct Layer {
  std::string_view word;
  std::string_view part;
  int rank;
};
constexpr Layer layers[] = {
    {"units", "units", 0},
    {"error", "error", 0},
    {"sorted", "units", 0},
    {"name_index", "units", 0},
    {"cache", "cache", 1},
    {"fitvram/hparams", "facts", 1},
    {"text", "text", 1},
    {"malformed", "text", 1},
    {"refuse", "text", 1},
    {"file_kind", "text", 1},
    {"python_json", "text", 1},
    {"tensor", "tensor", 2},
    {"ggml_types", "tensor", 2},
    {"gpu", "gpu", 2},
    {"gpus", "gpu", 2},
    {"model", "model", 3},
    {"architectures", "lowering", 4},
    {"lower", "lowering", 4},
    {"tensor_builder", "lowering", 4},
    {"tensor_rules", "lowering", 4},
    {"window_hint", "lowering", 4},
    {"parse", "parse", 5},
    {"gguf", "parse", 5},
    {"hf", "parse", 5},
    {"hparams", "parse", 5},
    {"model_of_params", "parse", 5},
    {"safetensors", "parse", 5},
    {"quantize", "quantize", 4},
    {"packings", "quantize", 4},
    {"params", "quantize", 4},
    {"schemes", "quantize", 4},
    {"llama_quant", "quantize", 4},
    {"catalog", "catalog", 6},
    {"lowered", "catalog", 6},
    {"memory", "runtime", 6},
    {"runtime", "runtime", 6},
    {"reserve", "runtime", 6},
    {"sequences", "runtime", 6},
    {"checkpoint_runtime", "estimate", 7},
    {"runtimes", "estimate", 7},  // a runtime's row points at the functions that price it
    {"estimate", "estimate", 7},
    {"cache_tensors", "estimate", 7},
    {"cache_terms", "estimate", 7},
    {"exllamav3", "estimate", 7},
    {"mlx_families", "estimate", 7},
    {"mlx_lm", "estimate", 7},
    {"mlxcel", "estimate", 7},
    {"one_device", "estimate", 7},
    {"sharp", "estimate", 7},
    {"sharpinference", "estimate", 7},
    {"arena", "estimate", 7},
    {"block_plan", "estimate", 7},
    {"compute", "estimate", 7},
    {"graph", "estimate", 7},
    {"schedule", "estimate", 7},
    {"explain", "estimate", 7},
    {"explain_fit", "fit", 8},
    {"llama_cpp", "estimate", 7},
    {"vllm", "estimate", 7},
    {"sglang", "estimate", 7},
    {"ollama", "estimate", 7},
    {"transformers", "estimate", 7},
    {"tensor_parallel", "estimate", 7},
    {"placement", "estimate", 7},
    {"fit", "fit", 8},
    {"choose_quant", "fit", 8},
    {"server_log", "log", 8},
    {"log_compare", "log", 8},
    {"log_words", "log", 8},
    {"names", "everything", 9},  // the spelling of every enum; a source without a header
    {"fitvram/fitvram", "everything", 9},
    {"cli", "cli", 10},
};

bool covers(std::string_view word, std::string_view stem) {
  return stem.starts_with(word) &&
         (stem.size() == word.size() || stem[word.size()] == '_' || stem[word.size()] == '/');
}

const Layer* layer_of(std::string_view stem) {
  const std::string_view bare = stem.starts_with("fitvram/") ? stem.substr(8) : stem;
  const Layer* best = nullptr;
  for (const Layer& layer : layers) {
    if (!covers(layer.word, stem) && !covers(layer.word, bare)) continue;
    if (best == nullptr || layer.word.size() > best->word.size()) best = &layer;
  }
  return best;
}

// `token` may stand only in the files whose stem is one of `allowed` or begins with one that ends
// in '*'.
struct Confined {
  std::string_view token;
  std::vector<std::string_view> allowed;
};
const std::vector<Confined>& confined() {
  static const std::vector<std::string_view> outside = {"cli/io", "cli/main"};
  static const std::vector<Confined> rules = {
      {"<nlohmann/", {"hf_*", "safetensors", "gpus", "catalog", "cli/render*", "cli/requests"}},
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

TEST_CASE("every file includes only what lies below it") {
  for (const auto& file : product_sources()) {
    const std::string stem = stem_of(file.path);
    const Layer* const from = layer_of(stem);
    INFO(file.path << " is in no layer: give it a row in tests/layering_test.cpp");
    REQUIRE(from != nullptr);
    for (const auto& line : file.lines) {
      std::string target = included_by(line);
      if (!target.starts_with('"')) continue;
      target = target.substr(1, target.size() - 2);
      const Layer* const to = layer_of(stem_of(target));
      INFO(file.path << " (" << from->part << ") includes " << target);
      REQUIRE(to != nullptr);
      CHECK((to->rank < from->rank || to->part == from->part));
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
