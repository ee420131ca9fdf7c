#include "cli/answer/compare_log.hpp"

#include "catch.hpp"
#include "support/fake_io.hpp"
#include "support/inflated_file.hpp"
#include "support/json_schema.hpp"
#include "support/places.hpp"

using namespace fitvram::test;

namespace {

std::string log_text(const std::string& name) {
  const auto bytes = read_bytes(test_data("logs/") + name);
  return {bytes.begin(), bytes.end()};
}

/// The tiny models that real programs loaded: their headers, and zeros up to their true sizes.
std::string tiny_model(const std::string& name, std::size_t size) {
  auto text = log_text(name + ".head");
  text.resize(size, '\0');
  return text;
}

FakeIo world(std::vector<std::string> args) {
  FakeIo io = small_world();
  args.insert(args.begin(), "compare-log");
  io.words = std::move(args);
  return io;
}

Json lines_of(const Run& result) { return Json::parse(result.out)["lines"]; }

Json line_of(const Run& result, const std::string& figure) {
  for (const auto& line : lines_of(result))
    if (line["figure"] == figure) return line;
  return nullptr;
}

}  // namespace

TEST_CASE("logs that real programs printed agree with the estimate of the file they name") {
  struct Case {
    const char* log;
    const char* model;
    std::size_t size;
  };
  for (const auto& [log, model, size] :
       {Case{"tiny-llama-v0.5.0.log", "tiny-llama-Q8_0.gguf", 2595136},
        Case{"tiny-llama-q8_0-v0.5.0.log", "tiny-llama-Q8_0.gguf", 2595136},
        Case{"tiny-gemma3-v0.5.0.log", "tiny-gemma3-Q8_0.gguf", 7245088}}) {
    INFO(log);
    auto io = world({"a.log", "--json"});
    io.files["a.log"] = log_text(log);
    io.files[model] = tiny_model(model, size);
    const auto result = run(io);
    CHECK(result.err.empty());
    CHECK(result.status == 0);
    CHECK(line_of(result, "cache / full")["equal"] == true);
    CHECK(line_of(result, "context / host")["difference_mib"] == 0.0);
    CHECK(line_of(result, "model / host")["decides"] == false);
    CHECK(line_of(result, "model / host")["remark"] == "mapped file, repacked copies");
  }
}

TEST_CASE("the model comes from --model, the log's path, or the catalogue by the log's name") {
  auto named = world({"server.log", "--model", "tiny.gguf"});
  const auto other = run(named);
  CHECK(other.status == 1);
  CHECK(other.err.find("the log's model has n_layer = 62, this one 2") != std::string::npos);

  CHECK(run(world({"server.log"})).status == 0);

  auto unknown = world({"server.log", "--only-catalog", "empty.json"});
  unknown.files["empty.json"] = R"({"models": []})";
  const auto nothing = run(unknown);
  CHECK(nothing.status == 3);
  CHECK(nothing.err ==
        "fitvram: error: server.log: the model it is about is not at hand: "
        "/models/gemma-3-27b-it-Q4_K_M.gguf\n"
        "  hint: name it with --model: the GGUF file, or a name from 'fitvram list models'\n");
}

TEST_CASE("options override what the log says, and the difference shows") {
  const auto result = run(world({"server.log", "-c", "32k", "-ctk", "q8_0", "--json"}));
  CHECK(result.status == 1);
  const auto report = Json::parse(result.out);
  CHECK(report["agrees"] == false);
  CHECK(report["workload"]["n_ctx"] == 32768);
  CHECK(report["workload"]["cache_type_k"] == "q8_0");
  CHECK(report["workload"]["n_seq"] == 4);
  CHECK(line_of(result, "cache / full cells")["difference_cells"] == 16384);
  CHECK(run(world({"server.log", "-q", "Q8_0"})).status == 1);
}

TEST_CASE("what is no log is refused, with what would be one") {
  auto io = world({"a.log"});
  io.files["a.log"] = "Hello.\n";
  const auto result = run(io);
  CHECK(result.status == 3);
  CHECK(result.err ==
        "fitvram: error: a.log: says nothing of what llama.cpp allocated\n"
        "  hint: it needs lines such as 'load_tensors: CUDA0 model buffer size = ...', which "
        "llama-server and llama-cli print while they start\n");
  CHECK(run(world({"nosuch.log"})).status == 3);
  CHECK(run(world({})).err.find("compare-log takes one FILE") != std::string::npos);
  CHECK(run(world({})).status == 2);
  auto piped = world({"-"});
  piped.input = log_text("gemma-3-27b-cuda.log");
  CHECK(run(piped).status == 0);
}

TEST_CASE("the JSON of a comparison obeys its schema") {
  const auto bytes = read_bytes(source_path("data/schema/compare-log.schema.json"));
  const auto rules = Json::parse(bytes);
  const auto result = run(world({"server.log", "--json"}));
  auto report = Json::parse(result.out);
  CHECK(violation(rules, rules, report) == "");
  report["lines"][0]["unit"] = "GiB";
  CHECK(violation(rules, rules, report) != "");
}

TEST_CASE("a log that names no model, or no quantization, says which option does") {
  const std::string caches =
      "llama_context: n_ctx = 4096\nllama_kv_cache: CUDA0 KV buffer size = 32.00 MiB\n";
  auto nameless = world({"a.log"});
  nameless.files["a.log"] = caches;
  CHECK(run(nameless).err ==
        "fitvram: error: a.log: does not say which model was loaded\n"
        "  hint: name it with --model: the GGUF file, or a name from 'fitvram list models'\n");
  nameless.words.insert(nameless.words.end(), {"--model", "qwen3-8b", "--json"});
  const auto notes = Json::parse(run(nameless).out)["notes"];
  CHECK(notes.dump().find("the log does not tell the quantization; -q does") != std::string::npos);
}
