#include <fstream>

#include "catch.hpp"
#include "support/fake_io.hpp"
#include "support/json_schema.hpp"
#include "support/places.hpp"

using namespace fitvram::test;

namespace {

Json schema() {
  std::ifstream in(source_path("data/schema/result.schema.json"));
  return Json::parse(in);
}

Json output(std::vector<std::string> args) {
  args.emplace_back("--json");
  return Json::parse(run_words(args).out);
}

std::string keys(const Json& object) {
  std::string text;
  for (const auto& [key, value] : object.items()) text += (text.empty() ? "" : " ") + key;
  return text;
}

}  // namespace

TEST_CASE("every command's JSON obeys the schema") {
  const auto rules = schema();
  const std::vector<std::vector<std::string>> commands = {
      {"estimate", "tiny.gguf"},
      {"estimate", "tiny.gguf", "page.json", "--vram", "24", "--explain"},
      {"rank", "--vram", "24", "--only-catalog", "catalog.json", "--all"},
      {"plan", "gemma", "--only-gpus", "cards.json"},
      {"show", "gemma", "tiny.gguf"},
      {"show", "gemma", "tiny.gguf", "--params", "--tensors"},
      {"list", "gpus"},
      {"list", "models", "--only-catalog", "catalog.json"},
      {"list", "quants"},
      {"compare", "gemma", "--vram", "24"},
      {"compare", "tiny.gguf"},
      {"estimate", "gemma", "--vram", "24", "--runtime", "vllm", "--explain"}};
  for (const auto& command : commands) {
    INFO(command[0] << " " << command[1]);
    CHECK(violation(rules, rules, output(command)) == "");
  }
}

TEST_CASE("the schema refuses what is not a report") {
  const auto rules = schema();
  auto report = output({"estimate", "tiny.gguf", "--vram", "24"});
  report["results"][0]["fit"]["verdict"] = "maybe";
  CHECK(violation(rules, rules, report) != "");
  report = output({"estimate", "tiny.gguf"});
  report["results"][0]["memory"]["device"].erase("total_bytes");
  CHECK(violation(rules, rules, report) != "");
}

TEST_CASE("the keys of version 1 stand in their order") {
  const auto report = output({"estimate", "tiny.gguf", "--vram", "24"});
  CHECK(keys(report) == "schema_version command results errors");
  const auto& result = report["results"][0];
  CHECK(keys(result) ==
        "model quant runtime backend workload memory fit recommended_quantization server_command "
        "notes");
  CHECK(keys(result["model"]) ==
        "name source format architecture n_params n_params_text n_params_mmproj n_layer n_embd "
        "n_vocab n_ctx_train");
  CHECK(keys(result["workload"]) ==
        "n_ctx n_ctx_seq n_seq kv_unified n_batch n_ubatch cache_type_k cache_type_v flash_attn "
        "swa_full n_gpu_layers offload_kqv n_rs_seq n_outputs n_tp");
  CHECK(keys(result["memory"]) == "device host caches provenance ranges");
  CHECK(keys(result["fit"]) ==
        "gpu vram_bytes budget_bytes reserve_bytes verdict free_bytes safe_n_ctx max_n_ctx");
}

TEST_CASE("the parts add up to the totals") {
  const auto result = output({"estimate", "gemma", "--vram", "24", "-ngl", "30"})["results"][0];
  for (const auto* const side : {"device", "host"}) {
    std::uint64_t sum = 0;
    for (const auto& [key, bytes] : result["memory"][side].items())
      if (key != "total_bytes") sum += bytes.get<std::uint64_t>();
    CHECK(result["memory"][side]["total_bytes"] == sum);
  }
  CHECK(result["fit"]["free_bytes"].get<std::int64_t>() ==
        result["fit"]["vram_bytes"].get<std::int64_t>() -
            result["memory"]["device"]["total_bytes"].get<std::int64_t>());
}

TEST_CASE("the parameters of a model are listed by role and add up") {
  const auto params = output({"show", "gemma", "--params"})["models"][0]["params"];
  REQUIRE(params.is_object());
  std::uint64_t sum = 0;
  for (const auto& role : params["roles"]) {
    sum += role["n_params"].get<std::uint64_t>();
    std::uint64_t terms = 0;
    for (const auto& term : role["terms"]) terms += term["n_params"].get<std::uint64_t>();
    CHECK(terms == role["n_params"]);
  }
  CHECK(sum == params["n_params"]);
}
