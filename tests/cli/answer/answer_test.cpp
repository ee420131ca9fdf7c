#include "cli/answer/answer.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "catch.hpp"
#include "support/fake_io.hpp"

using namespace fitvram::test;

namespace {

using Json = nlohmann::ordered_json;

Json rank(std::vector<std::string> more) {
  std::vector<std::string> args = {"rank", "--only-catalog", "catalog.json", "--json"};
  args.insert(args.end(), more.begin(), more.end());
  return Json::parse(run_words(args).out);
}

std::vector<std::string> names(const Json& report) {
  std::vector<std::string> list;
  for (const auto& result : report["results"]) list.push_back(result["model"]["name"]);
  return list;
}

using Names = std::vector<std::string>;
const Names both = {"google/gemma-3-27b-it", "Qwen/Qwen3-8B"};

}  // namespace

TEST_CASE("rank sorts by parameters and leaves out what does not fit") {
  CHECK(names(rank({"--vram", "48"})) == both);
  CHECK(names(rank({"--vram", "24", "-q", "Q8_0"})) == Names{"Qwen/Qwen3-8B"});
  CHECK(names(rank({"--vram", "24", "-q", "Q8_0", "--all"})) ==
        Names{"Qwen/Qwen3-8B", "google/gemma-3-27b-it"});
}

TEST_CASE("a model of the catalogue that the runtime refuses as asked is skipped, not an error") {
  const auto report = rank({"--vram", "48", "-ctv", "q8_0", "-fa", "off"});
  CHECK(report["errors"].empty());
  CHECK(report["skipped"].size() == 2);
  CHECK(report["skipped"][0]["message"] == "a quantized V cache (Q8_0) requires flash attention");
}

TEST_CASE("rank sorts by what is asked") {
  const auto free = rank({"--vram", "48", "--sort", "free", "-q", "Q4_K_M"});
  CHECK(names(free) == Names{"Qwen/Qwen3-8B", "google/gemma-3-27b-it"});
  CHECK(free["results"][0]["fit"]["free_bytes"] > free["results"][1]["fit"]["free_bytes"]);
  CHECK(names(rank({"--vram", "48", "--sort", "total", "-q", "Q4_K_M"})) == both);
  CHECK(names(rank({"--vram", "48", "--sort", "name"})) == both);
}

TEST_CASE("rank filters by name, context and comfort") {
  CHECK(names(rank({"--vram", "48", "--filter", "QWEN3 8b"})) == Names{"Qwen/Qwen3-8B"});
  CHECK(names(rank({"--vram", "48", "--min-ctx", "64k"})) == Names{"google/gemma-3-27b-it"});
  CHECK(names(rank({"--vram", "20", "-q", "Q4_K_M", "-c", "32k", "--fits-only"})) ==
        Names{"Qwen/Qwen3-8B"});
}

TEST_CASE("the machine formats carry all rows whatever --top says") {
  CHECK(names(rank({"--vram", "48", "--top", "1"})) == both);
}

TEST_CASE("rank names the GPU and prices all quantizations") {
  const auto report = rank({"--vram", "24", "--all-quants", "--all", "--filter", "qwen"});
  CHECK(report["gpu"]["vram_bytes"] == 24ULL << 30);
  CHECK(report["gpu"]["count"] == 1);
  CHECK(report["results"].size() > 5);
}

TEST_CASE("a pool of cards is said to be one") {
  const auto report = rank({"--gpu", "2x Middle", "--only-gpus", "cards.json", "--filter", "qwen"});
  CHECK(report["gpu"]["count"] == 2);
  CHECK(report["results"][0]["notes"].dump().find("multi-gpu-pooled") != std::string::npos);
}

TEST_CASE("plan goes to several cards only when no single one holds the model") {
  const auto one =
      run_words({"plan", "gemma", "-q", "Q4_K_M", "--only-gpus", "cards.json", "--json"});
  const auto cards = Json::parse(one.out)["results"];
  REQUIRE(cards.size() == 2);
  CHECK(cards[0]["gpu"]["name"].get<std::string>().find("Middle") != std::string::npos);
  CHECK(cards[0]["gpu"]["count"] == 1);
  const auto many = run_words({"plan", "gemma", "-q", "Q4_K_M", "--only-gpus", "cards.json",
                               "--json", "--filter", "small"});
  CHECK(Json::parse(many.out)["results"][0]["gpu"]["count"] == 4);
}

TEST_CASE("plan says of a card what estimate says of it, whatever cards stand beside it") {
  for (const auto* const runtime : {"vllm", "sglang", "llama.cpp", "exllamav3"}) {
    auto io = small_world(
        {"plan", "qwen3-8b", "--runtime", runtime, "--json", "--filter", "100", "--all"});
    const auto planned = Json::parse(run(io).out)["results"];
    REQUIRE(planned.size() > 2);
    for (const auto& row : planned) {
      auto alone = small_world({"estimate", "qwen3-8b", "--runtime", runtime, "--json", "--gpu",
                                row["gpu"]["name"], "-q", row["quant"]});
      const auto found = Json::parse(run(alone).out)["results"][0];
      INFO(runtime << " on " << row["gpu"]["name"]);
      CHECK(row["memory"] == found["memory"]);
      CHECK(row["workload"] == found["workload"]);
      CHECK(row["fit"] == found["fit"]);
    }
  }
}

TEST_CASE("the option --gpu with --vram keeps the card and takes the memory") {
  const auto report = rank({"--gpu", "Middle", "--only-gpus", "cards.json", "--vram", "20G"});
  CHECK(report["gpu"]["vram_bytes"] == 20ULL << 30);
  CHECK(report["gpu"]["name"].get<std::string>().find("Middle") != std::string::npos);
}

TEST_CASE("a table that stops early shows what the full answer holds") {
  for (const auto* const card : {"RTX 4090", "RTX 3060 12GB", "RTX 3070", "2x A100 80GB"}) {
    const std::vector<std::string> words = {"rank", "--gpu", card, "-c", "4096"};
    auto io = small_world(words);
    io.columns = 160;
    std::istringstream table(run(io).out);
    io.words.insert(io.words.end(), {"--json"});
    const auto rows = nlohmann::json::parse(run(io).out).at("results");
    REQUIRE(rows.size() > 25);
    std::string line;
    while (std::getline(table, line) && line.rfind("MODEL", 0) != 0) continue;
    for (std::size_t i = 0; i < 25; ++i) {
      REQUIRE(std::getline(table, line));
      const auto& fit = rows[i].at("fit");
      const auto name = rows[i].at("model").at("name").get<std::string>();
      const auto safe = fit.at("safe_n_ctx").get<std::uint64_t>();
      INFO(card << ": " << line << " / " << name);
      CHECK(line.find(" " + rows[i].at("quant").get<std::string>()) != std::string::npos);
      CHECK(line.find(" " + fit.at("verdict").get<std::string>()) != std::string::npos);
      CHECK(line.ends_with(" " + std::to_string(fit.at("max_n_ctx").get<std::uint64_t>())));
      CHECK((safe == 0 || line.find(" " + std::to_string(safe) + " ") != std::string::npos));
      CHECK(line.starts_with(name.substr(name.find('/') + 1).substr(0, 5)));
    }
    std::getline(table, line);
  }
}

TEST_CASE("rank by context or verdict, and among equals by size and name") {
  const auto by = [](const std::string& key) {
    return rank({"--vram", "40", "--sort", key, "-q", "Q8_0", "-c", "8k"})["results"];
  };
  const auto ctx = by("ctx");
  REQUIRE(ctx.size() == 2);
  CHECK(ctx[0]["fit"]["safe_n_ctx"] >= ctx[1]["fit"]["safe_n_ctx"]);
  const auto verdict = rank({"--vram", "33", "--sort", "verdict", "-q", "Q8_0", "-c", "8k"});
  CHECK(names(verdict) == Names{"Qwen/Qwen3-8B", "google/gemma-3-27b-it"});
  CHECK(verdict["results"][0]["fit"]["verdict"] == "fits");
  CHECK(verdict["results"][1]["fit"]["verdict"] == "tight");
  auto io = small_world({"rank", "tiny.gguf", "my model.gguf", "--vram", "8", "--json"});
  io.words.insert(io.words.end(), {"--sort", ""});
  for (const auto* const key : {"params", "total", "free", "ctx", "verdict", "name"}) {
    io.words.back() = key;
    const auto twins = Json::parse(run(io).out)["results"];
    INFO(key);
    REQUIRE(twins.size() == 2);
    CHECK(twins[0]["model"]["source"] == "tiny.gguf");
  }
}

TEST_CASE("show prices another quantization, and plan says why a model cannot run") {
  const auto shown = Json::parse(run_words({"show", "gemma", "-q", "Q4_K_M", "--json"}).out);
  CHECK(shown["models"][0]["quant"] == "Q4_K_M");
  const auto plan =
      run_words({"plan", "tiny.gguf", "--only-gpus", "cards.json", "-ctv", "q8_0", "-fa", "off"});
  CHECK(plan.status == 3);
  CHECK(plan.err.starts_with("fitvram: error: tiny: a quantized V cache (Q8_0) requires"));
}

TEST_CASE("cards of a file stand beside the table's") {
  const auto report = rank({"--gpus", "cards.json", "--gpu", "Middle", "--filter", "qwen"});
  CHECK(report["gpu"]["vram_bytes"] == 24564ULL << 20);
  CHECK(rank({"--gpus", "cards.json", "--gpu", "RTX 4090"})["errors"].empty());
}
