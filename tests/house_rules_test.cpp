// The rules of CONTRIBUTING that a machine can check by reading the sources.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "support/source_tree.hpp"

using namespace fitvram::test;

namespace {

constexpr std::size_t most_lines = 400;

// Tables are as long as the world they describe.
const std::set<std::string> long_tables = {"src/architectures.cpp"};

// Sources that only exist to keep another one short, and the test of that other one.
const std::map<std::string, std::string> tested_with = {
    {"cache_tensors", "estimate"},
    {"cache_terms", "one_device"},
    {"checkpoint_runtime", "vllm"},
    {"compute_formula", "compute"},
    {"explain_fit", "explain"},
    {"explain_weights", "explain"},
    {"file_kind", "gguf"},
    {"gguf_reader", "gguf"},
    {"graph_attention", "graph"},
    {"graph_builder", "graph"},
    {"graph_chameleon", "graph"},
    {"graph_deepseek4", "graph"},
    {"graph_dsa", "graph"},
    {"graph_encoder", "graph"},
    {"graph_experts", "graph"},
    {"graph_families", "graph"},
    {"graph_gemma", "graph"},
    {"graph_hyper", "graph"},
    {"graph_hrm_text", "graph"},
    {"graph_kimi_k3", "graph"},
    {"graph_lightning", "graph"},
    {"graph_minimax_m3", "graph"},
    {"graph_mla", "graph"},
    {"graph_recurrent", "graph"},
    {"graph_rwkv", "graph"},
    {"graph_rwkv6", "graph"},
    {"graph_t5", "graph"},
    {"graph_transformer", "graph"},
    {"hf_attention", "hf_config"},
    {"hf_defaults", "hf_config"},
    {"hf_families", "hf_config"},
    {"hf_keys", "hf_config"},
    {"hf_quant", "hf_config"},
    {"hf_reader", "hf_config"},
    {"llama_cpp", "runtimes"},
    {"llama_cpp_explain", "explain"},
    {"llama_quant", "quantize"},
    {"llama_quant_recipes", "quantize"},
    {"log_words", "server_log"},
    {"lower_attention", "lower_tensors"},
    {"lower_feed_forward", "lower_tensors"},
    {"lower_recurrent", "lower_tensors"},
    {"lowered_writer", "lowered"},
    {"mlx_families", "mlx_lm"},
    {"mlxcel_cache", "mlxcel"},
    {"model_of_params", "estimate"},
    {"reserve", "fit"},
    {"schedule", "arena"},
    {"tensor_builder", "lower_tensors"},
    {"tensor_parallel", "vllm"},
    {"tensor_rules", "lower_tensors"},
    {"vllm_cache", "vllm"},
};

std::vector<SourceFile> all_text() {
  auto files = product_sources();
  for (auto& file : files_below("tests", {".hpp", ".cpp", ".cmake", ".txt", ".sh", ".awk"})) {
    if (file.path.starts_with("tests/data/")) continue;
    files.push_back(std::move(file));
  }
  for (auto& file : files_below("scripts", {"", ".sh", ".cmake"})) files.push_back(std::move(file));
  for (auto& file : files_below(".ci", {""})) files.push_back(std::move(file));
  return files;
}

}  // namespace

TEST_CASE("sources are plain ASCII without tabs or trailing blanks") {
  for (const auto& file : all_text()) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      INFO(file.path << ":" << i + 1 << ": " << line);
      CHECK(std::ranges::all_of(line, [](char c) { return c >= ' ' && c <= '~'; }));
      CHECK_FALSE(line.ends_with(' '));
    }
    INFO(file.path << " ends with a newline");
    CHECK(file.text.ends_with('\n'));
  }
}

TEST_CASE("no file grows beyond what one reads in a sitting") {
  for (const auto& file : product_sources()) {
    INFO(file.path << " has " << file.lines.size() << " lines");
    CHECK((file.lines.size() <= most_lines || long_tables.contains(file.path)));
  }
}

TEST_CASE("every source of the library has a test file of its name") {
  std::set<std::string> tests;
  for (const auto& file : files_below("tests", {".cpp"})) tests.insert(stem_of(file.path));
  for (const auto& file : files_below("src", {".cpp"})) {
    const std::string stem = stem_of(file.path);
    if (stem.find('/') != std::string::npos) continue;  // the program is tested through cli/app
    const auto other = tested_with.find(stem);
    const std::string test = (other == tested_with.end() ? stem : other->second) + "_test";
    INFO(file.path << " has no tests/" << test << ".cpp");
    CHECK(tests.contains(test));
  }
}

TEST_CASE("headers are guarded by pragma once on the first line") {
  for (const auto& file : all_text()) {
    if (!file.path.ends_with(".hpp")) continue;
    INFO(file.path);
    CHECK(file.lines.front() == "#pragma once");
  }
}

TEST_CASE("no file names a place on somebody's machine") {
  // Split, or this file would break its own rule.
  const std::vector<std::string> places = {
      "/ho"
      "me/",
      "/wo"
      "rk/",
      "/tm"
      "p/",
      "/Us"
      "ers/",
      "/ro"
      "ot/"};
  for (const auto& file : all_text()) {
    for (const auto& place : places) {
      INFO(file.path << " contains " << place);
      CHECK(file.text.find(place) == std::string::npos);
    }
  }
}

TEST_CASE("nothing is left to do in the sources") {
  const std::vector<std::string> words = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "X"
      "XX",
      "HA"
      "CK"};
  for (const auto& file : all_text()) {
    for (const auto& word : words) {
      INFO(file.path << " contains " << word);
      CHECK(file.text.find(word) == std::string::npos);
    }
  }
}

TEST_CASE("CMakeLists.txt lists every source and public header") {
  const std::string lists = source_file("CMakeLists.txt").text;
  for (const auto& file : product_sources()) {
    if (file.path.starts_with("src/") && file.path.ends_with(".hpp")) continue;
    INFO(file.path << " is not in CMakeLists.txt");
    CHECK(lists.find(file.path) != std::string::npos);
  }
}
