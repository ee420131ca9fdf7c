#include "cli/answer/list.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/fake_io.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

nlohmann::json items(std::vector<std::string> args) {
  args.insert(args.begin(), "list");
  args.emplace_back("--json");
  return nlohmann::json::parse(run_words(args).out)["items"];
}

}  // namespace

TEST_CASE("every list has rows, and the filter keeps those that contain its text") {
  for (const auto* const subject :
       {"gpus", "models", "runtimes", "architectures", "cache-types", "quants"})
    CHECK_FALSE(items({subject}).empty());
  CHECK(items({"gpus", "rtx", "4090", "d"}).size() < items({"gpus", "rtx"}).size());
  CHECK(items({"quants", "nosuch"}).empty());
}

TEST_CASE("cache types go from most to fewest bits and are exact") {
  const auto types = items({"cache-types"});
  CHECK(types.front()["name"] == "f32");
  for (const auto& type : types)
    if (type["name"] == "q8_0") {
      CHECK(type["bits_per_value"] == "8.50");
      CHECK(type["block_elems"] == 32);
      CHECK(type["block_bytes"] == 34);
    }
}

TEST_CASE("the architecture table tells every rule and where it was read") {
  const auto all = items({"architectures"});
  const auto rule = [&](const std::string& name, const char* key) -> std::string {
    for (const auto& row : all)
      if (row["name"] == name) return row[key];
    return "no such row";
  };
  CHECK(rule("gemma3n", "cache") == "attention");
  CHECK(rule("gemma3n", "window") == "sliding_window, required");
  CHECK(rule("gemma3n", "window_layers") == "last of 5 full");
  CHECK(rule("gemma3n", "shared_kv") == "only the first 20 layers");
  CHECK(rule("gemma3n", "source") == "src/models/gemma3n.cpp");
  CHECK(rule("gemma3n", "version") == "v0.5.0");
  CHECK(rule("jamba", "recurrent") == "layers without kv heads");
  CHECK(rule("jamba", "state") == "mamba");
  CHECK(rule("jamba", "window").empty());
  CHECK(rule("llama4", "window") == "8192, always, chunked");
  CHECK(rule("smallthinker", "window") == "4096 if sliding_window > 0");
  CHECK(rule("smallthinker", "window_layers") == "first of 4 full");
  CHECK(rule("exaone4", "window").ends_with("only with 64 layers"));
  CHECK(rule("lfm2", "window_layers") == "all");
  CHECK(rule("gemma4", "shared_kv") == "the last shared_kv_layers");
  CHECK(rule("qwen3next", "recurrent") == "all but each 4th layer");
  CHECK(rule("deepseek32", "indexer") == "all");
}

TEST_CASE("a driver's figure is absent where none was seen") {
  const auto cards = items({"gpus", "--only-gpus", "cards.json"});
  REQUIRE(cards.size() == 3);
  for (const auto& card : cards)
    CHECK(card["driver_bytes"].is_null() == (card["name"] != "Middle"));
}

TEST_CASE(
    "a config that cannot be read is an error of its model, wherever the model is asked for") {
  auto io = small_world();
  io.files["mine.json"] =
      R"({"models": [{"name": "some/bad", "config": {"architectures": ["LlamaForCausalLM"]}},
                     {"name": "some/good", "config": )" +
      io.files["gemma/config.json"] + "}]}";
  const std::vector<std::vector<std::string>> commands = {
      {"list", "models"}, {"rank", "--vram", "24"}, {"rank", "--vram", "24", "--sort", "free"}};
  for (auto words : commands) {
    words.insert(words.end(), {"--only-catalog", "mine.json"});
    io.words = words;
    const auto result = run(io);
    CHECK(result.status == 3);
    CHECK(result.err.find("fitvram: error: catalog: some/bad: num_hidden_layers is missing") == 0);
    CHECK(result.out.find("good") != std::string::npos);
  }
  io.words = {"list", "models", "good", "--only-catalog", "mine.json"};
  CHECK(run(io).status == 0);
}
