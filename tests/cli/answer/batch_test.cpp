#include "cli/answer/batch.hpp"

#include <sstream>

#include "catch.hpp"
#include "cli/ask/plain.hpp"
#include "support/fake_io.hpp"
#include "support/json_schema.hpp"
#include "support/places.hpp"
#include "support/shell.hpp"

using namespace fitvram::test;
using fitvram::cli::parse_request;
using fitvram::cli::plain_request;
using fitvram::cli::RequestText;

namespace {

Run batch(const std::string& input, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"estimate", "--batch", "-"});
  auto io = small_world(more);
  io.input = input;
  return run(io);
}

std::vector<Json> lines_of(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

Json only(const std::string& input, std::vector<std::string> more = {}) {
  const auto lines = lines_of(batch(input, std::move(more)).out);
  REQUIRE(lines.size() == 1);
  return lines.front();
}

}  // namespace

TEST_CASE("a batch answers what estimate answers, field by field") {
  const auto answer =
      only(R"({"model":"gemma-3-27b","quant":"Q4_K_M","n_ctx":"32k","n_seq":2,"kv_unified":true,)"
           R"("n_batch":1024,"n_ubatch":256,"cache_type_k":"q8_0","cache_type_v":"q8_0",)"
           R"("flash_attn":true,"swa_full":true,"n_gpu_layers":40,"offload_kqv":false,)"
           R"("n_outputs":7,"backend":"vulkan","gpu":"RTX 3090","gpu_count":2,"reserve":"1G",)"
           R"("overhead":"100M"})");
  const auto whole = run_words(
      {"estimate",  "gemma-3-27b", "-q",        "Q4_K_M",     "-c",    "32k",     "-np",
       "2",         "-kvu",        "-b",        "1024",       "-ub",   "256",     "--kv-type",
       "q8_0",      "-fa",         "on",        "--swa-full", "-ngl",  "40",      "-nkvo",
       "--outputs", "7",           "--backend", "vulkan",     "--gpu", "2x 3090", "--reserve",
       "1G",        "--overhead",  "100M",      "--json"});
  auto expected = Json::parse(whole.out)["results"][0];
  auto found = answer;
  for (const auto* const key : {"schema_version", "command", "line"}) found.erase(key);
  CHECK(found == expected);
}

TEST_CASE("a result's own workload asks the same again") {
  const auto first =
      only(R"({"model":"gemma-3-4b","quant":"Q4_K_M","n_ctx":4096,"n_seq":2,"vram":"8G"})");
  Json again = {{"model", "gemma-3-4b"},
                {"quant", "Q4_K_M"},
                {"vram", "8G"},
                {"workload", first["workload"]}};
  CHECK(only(again.dump()) == first);
}

TEST_CASE("answers come in order, with the line and the id of their request") {
  const auto result = batch(
      "{\"model\":\"tiny.gguf\",\"id\":\"x y\"}\n\n{\"id\":12,\"model\":\"nosuch\"}\nnonsense\n"
      "{\"model\":\"tiny.gguf\"}");
  CHECK(result.status == 0);
  const auto lines = lines_of(result.out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0]["line"] == 1);
  CHECK(lines[0]["id"] == "x y");
  CHECK(lines[1]["line"] == 3);
  CHECK(lines[1]["id"] == 12);
  CHECK(lines[1]["error"]["code"] == "unknown-name");
  CHECK(lines[2]["error"]["where"] == "standard input:4:2");
  CHECK(lines[3]["line"] == 5);
  CHECK_FALSE(lines[3].contains("id"));
  CHECK(
      result.err.starts_with("fitvram: note: 2 of 4 requests could not be answered, the first: "));
}

TEST_CASE("what the command line says is what requests leave out") {
  const std::vector<std::string> options = {"--vram", "8G", "-c", "2k"};
  const auto silent = only(R"({"model":"tiny.gguf"})", options);
  CHECK(silent["fit"]["vram_bytes"] == 8589934592U);
  CHECK(silent["workload"]["n_ctx"] == 2048);
  const auto own = only(R"({"model":"tiny.gguf","gpu":"RTX 3090","n_ctx":1024})", options);
  CHECK(own["fit"]["vram_bytes"] == 25769803776U);
  CHECK(own["workload"]["n_ctx"] == 1024);
}

TEST_CASE("a GPU is a card, several or an amount of memory") {
  const auto vram = [](const std::string& fields) {
    return only(R"({"model":"tiny.gguf",)" + fields + "}")["fit"]["vram_bytes"]
        .get<std::uint64_t>();
  };
  CHECK(vram(R"("gpu":"2x RTX 3090")") == 2 * vram(R"("gpu":"3090")"));
  CHECK(vram(R"("gpu":"3090","gpu_count":4)") == 4 * vram(R"("gpu":"3090")"));
  CHECK(vram(R"("gpu":"24G")") == 25769803776U);
  CHECK(vram(R"("vram":"24G")") == 25769803776U);
  CHECK(vram(R"("vram":25769803776)") == 25769803776U);
}

TEST_CASE("a request that is wrong says where, what and what to do") {
  const auto error = [](const std::string& fields) {
    const auto e = only("{" + fields + "}")["error"];
    return e["where"].get<std::string>() + ": " + e["message"].get<std::string>() + " (" +
           e["hint"].get<std::string>() + ")";
  };
  CHECK(error(R"("model":"tiny.gguf","n_ctx":"many")") ==
        "standard input:1: /n_ctx: 'many' is not a number of tokens (8192, 8k or 128k)");
  CHECK(error(R"("model":"tiny.gguf","cache_typ_k":"q8_0")") ==
        "standard input:1: /cache_typ_k: a request has no key 'cache_typ_k' "
        "(did you mean 'cache_type_k'?)");
  CHECK(error(R"("model":"tiny.gguf","n_ctx":1.5)") ==
        "standard input:1: /n_ctx: 1.5 is not a whole number ()");
  CHECK(error(R"("model":"tiny.gguf","swa_full":1)") ==
        "standard input:1: /swa_full: must be true or false, not '1' ()");
  CHECK(error(R"("model":"tiny.gguf","n_ctx":true)") ==
        "standard input:1: /n_ctx: must be a number or text, not true ()");
  CHECK(error(R"("model":7)") == "standard input:1: /model: must be text, not 7 ()");
  CHECK(error(R"("model":"tiny.gguf","gpu":24)") ==
        "standard input:1: /gpu: '24' is no card "
        "(its name in quotes; memory is given as \"vram\": \"24G\")");
  CHECK(error(R"("model":"tiny.gguf","gpu_count":2)") ==
        "standard input:1: /gpu_count: says how many cards, but not which "
        "(\"gpu\": \"RTX 3090\", \"gpu_count\": 2)");
  CHECK(error(R"("model":"tiny.gguf","model":"tiny.gguf")") ==
        "standard input:1: the key 'model' is there twice ()");
  CHECK(error(R"("model":"-")") ==
        "standard input:1: standard input cannot be a model here "
        "(name a file, or put the config in place of its name)");
  CHECK(error(R"("quant":"Q4_K_M")") ==
        "standard input:1: names no model "
        "({\"model\": \"gemma-3-27b\"}: a file, a directory or a catalogue name)");
  CHECK(error(R"("model":"tiny.gguf","expect":"fits")") ==
        "standard input:1: /expect: a request to estimate expects nothing "
        "('fitvram check' judges a catalogue of entries)");
}

TEST_CASE("a model may be a config in place of a name, or a count of parameters") {
  Json request = {{"model", Json::parse(config_text("Qwen__Qwen3-8B"))}, {"quant", "Q4_K_M"}};
  const auto inline_config = only(request.dump());
  const auto by_name = only(R"({"model":"qwen3-8b","quant":"Q4_K_M"})");
  CHECK(inline_config["memory"] == by_name["memory"]);
  const auto counted = only(R"({"params":"27B","name":"some model","quant":"Q4_K_M"})");
  CHECK(counted["model"]["n_params"] == 27000000000U);
  CHECK(counted["model"]["name"] == "some model");
}

TEST_CASE("what a request says of its own config's name is no other request's") {
  // A line break in a name does not make it another's model and name.
  const auto asks = [](const char* model, const char* name) {
    return Json{{"model", model}, {"name", name}, {"quant", "Q4_K_M"}}.dump() + "\n";
  };
  const auto split = lines_of(batch(asks("qwen3-8b", "x\ny") + asks("qwen3-8b\nx", "y")).out);
  REQUIRE(split.size() == 2);
  CHECK(split[0].contains("memory"));
  CHECK(split[1].contains("error"));
}

TEST_CASE("nesting that no request has is refused, not followed") {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  const auto answer = only("{\"model\":" + deep + "}");
  CHECK(answer["error"]["message"] == "is nested deeper than any request");
}

TEST_CASE("an object with more keys than can be searched quickly is refused") {
  const auto with_keys = [](std::size_t n) {
    std::string config = "{\"model_type\":\"llama\"";
    for (std::size_t i = 1; i < n; ++i) config += ",\"k" + std::to_string(i) + "\":1";
    return only("{\"id\":7,\"model\":" + config + "}}");
  };
  const auto answer = with_keys(8193);
  CHECK(answer["error"]["message"] == "has an object of more than 8192 keys");
  CHECK(answer["id"] == 7);
  CHECK(with_keys(8192).contains("memory"));
}

TEST_CASE("the files of a request are let go before the next") {
  auto io = small_world({"estimate", "--batch", "-"});
  io.input =
      "{\"model\":\"tiny.gguf\"}\n{\"model\":\"models/a.gguf\"}\n{\"model\":\"tiny.gguf\"}\n";
  CHECK(fitvram::cli::run(io) == fitvram::cli::ExitCode::ok);
  CHECK(io.n_forgotten == 2);  // the third is known
}

TEST_CASE("an answer is written before the next request comes") {
  const auto result =
      shell("mkfifo requests answers\n" + program() +
            " estimate --batch - < requests > answers &\nexec 3> requests 4< answers\n"
            "for i in 1 2 3; do echo '{\"model\":\"gemma-3-4b\",\"id\":'$i'}' >&3\n"
            "read -r line <&4; echo \"$line\" | cut -c1-50; done; exec 3>&-; wait");
  CHECK(result.status == 0);
  CHECK(result.out ==
        "{\"schema_version\":1,\"command\":\"estimate\",\"line\":1,\n"
        "{\"schema_version\":1,\"command\":\"estimate\",\"line\":2,\n"
        "{\"schema_version\":1,\"command\":\"estimate\",\"line\":3,\n");
}

TEST_CASE("a batch takes the same memory however long it is, and a line too long is refused") {
  const std::string limit = FITVRAM_ANY_MEMORY ? "" : "ulimit -v 100000; ";
  const auto peak = [&](const std::string& requests) {
    return shell(requests + " | /usr/bin/env bash -c '" + limit + "exec " + program() +
                 " estimate --batch - ' > out; wc -l < out; grep -c 16.MiB out");
  };
  const auto many = peak("yes '{\"model\":\"gemma-3-4b\",\"n_ctx\":1024}' | head -n 300");
  CHECK(many.out == "300\n0\n");
  const auto wide =
      peak("{ head -c 40000000 /dev/zero; echo; echo '{\"model\":\"gemma-3-4b\"}'; }");
  CHECK(wide.out == "2\n1\n");
}

TEST_CASE("a plain request is read as any other") {
  for (const char* line : {
           R"({"model":"gemma-3-27b"})",
           R"( { "id" : 12 , "model" : "a b" , "quant" : "Q4_K_M" , "n_ctx" : 4096 } )",
           R"({"id":"x","name":"n","model":"","gpu":"2x 3090","n_seq":0,"kv_unified":true})",
           R"({"flash_attn":false,"n_ctx":"32k","id":0,"vram":"24G","params":"8B"})",
       }) {
    INFO(line);
    const RequestText text{line, 7};
    const auto plain = plain_request(text);
    const auto whole = parse_request(text, "file", false);
    REQUIRE(plain);
    REQUIRE(whole);
    CHECK(plain->line == 7);
    CHECK(plain->id == whole->id);
    CHECK(plain->name == whole->name);
    CHECK(plain->model == whole->model);
    CHECK(plain->config.empty());
    CHECK_FALSE(plain->expect);
    REQUIRE(plain->fields.size() == whole->fields.size());
    for (std::size_t i = 0; i < plain->fields.size(); ++i) {
      CHECK(plain->fields[i].key == whole->fields[i].key);
      CHECK(plain->fields[i].text == whole->fields[i].text);
      CHECK(plain->fields[i].kind == whole->fields[i].kind);
    }
  }
}

TEST_CASE("what is not plain is left to the parser that says why") {
  for (const char* line : {
           "",
           "{",
           "{}",
           "[]",
           R"({"model":"a")",
           R"({"model":"a"} x)",
           R"({"model":"a",})",
           R"({"model":"a""quant":"b"})",
           R"({"model":"a","model":"b"})",
           R"({"model":"a\u0062"})",
           "{\"model\":\"\xc3\xa9\"}",
           "{\"model\":\"a\tb\"}",
           R"({"model":{"hidden_size":8}})",
           R"({"model":null})",
           R"({"model":5})",
           R"({"n_ctx":-1})",
           R"({"n_ctx":1.5})",
           R"({"n_ctx":1e3})",
           R"({"n_ctx":007})",
           R"({"n_ctx":1000000000000000000000})",
           R"({"id":true})",
           R"({"workload":{"n_ctx":8}})",
           R"({"expect":"fits"})",
           R"({"nosuch":1})",
           R"({"kv_unified":truely})",
       }) {
    INFO(line);
    CHECK_FALSE(plain_request({line, 1}));
  }
}

TEST_CASE("who asks the same gets the same, with an id and a line of their own") {
  const std::string question = R"("model":"gemma-3-4b","quant":"Q4_K_M","n_ctx":4096)";
  const auto lines = lines_of(batch("{\"id\":1," + question + "}\n{\"id\":2," + question +
                                    ",\"gpu\":\"RTX 4090\"}\n{" + question + ",\"id\":3}\n{" +
                                    question + ",\"n_seq\":\"4\"}\n")
                                  .out);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0]["id"] == 1);
  CHECK(lines[2]["id"] == 3);
  CHECK(lines[2]["line"] == 3);
  CHECK(lines[0]["memory"] == lines[2]["memory"]);
  CHECK(lines[0]["fit"].is_null());
  CHECK(lines[1]["fit"]["gpu"] == "NVIDIA GeForce RTX 4090");
  CHECK(lines[3]["workload"]["n_seq"] == 4);
}

TEST_CASE("a value that cannot be is refused by the key that holds it") {
  const auto error = [](const std::string& rest) {
    const auto line = only("{\"model\":\"tiny.gguf\"," + rest + "}")["error"];
    return line["where"].get<std::string>() + ": " + line["message"].get<std::string>();
  };
  const std::string at = "standard input:1: ";
  CHECK(error(R"("gpu":"RTX 4090","gpu_count":"two")") ==
        at + "/gpu_count: 'two' is not a number of cards");
  CHECK(error(R"("gpu":"RTX 4090","gpu_count":0)") ==
        at + "/gpu_count: '0' is not a number of cards");
  CHECK(error(R"("gpu_count":2)") == at + "/gpu_count: says how many cards, but not which");
  CHECK(error(R"("gpu":24)") == at + "/gpu: '24' is no card");
  CHECK(error(R"("n_ctx_seq":"lots")") == at + "/n_ctx_seq: 'lots' is not a number of tokens");
  CHECK(error(R"("vram":"1Q")").find(at + "/vram: ") == 0);
}

TEST_CASE("a context for each sequence counts for as many as there are") {
  const auto n_ctx = [](const std::string& rest) {
    const auto line = only("{\"model\":\"gemma-3-4b\",\"n_ctx_seq\":\"2k\"" + rest + "}");
    return line["workload"]["n_ctx"].get<int>();
  };
  CHECK(n_ctx("") == 2048);
  CHECK(n_ctx(R"(,"n_seq":3)") == 6144);
  CHECK(n_ctx(R"(,"n_seq":3,"kv_unified":true)") == 2048);
  CHECK(n_ctx(R"(,"n_ctx":4096,"n_seq":2)") == 4096);
}

TEST_CASE("a request may be strict, and may extend the context") {
  const auto long_one = only(R"({"model":"tiny.gguf","n_ctx":"16k","extend_ctx":true})");
  CHECK(long_one["workload"]["n_ctx"] == 16384);
  const auto strict = only(R"({"params":"8B","strict":true})");
  CHECK(strict["error"]["message"] == "architecture 'unknown' is not known");
}

TEST_CASE("a directory of several models is none for a request") {
  auto io = small_world({"estimate", "--batch", "-"});
  io.files["models/b.gguf"] = tiny_gguf();
  io.input = R"({"model":"models"})";
  const auto error = lines_of(run(io).out).front()["error"];
  CHECK(error["code"] == "ambiguous");
  CHECK(error["where"] == "standard input:1: models");
  CHECK(error["message"] == "holds 2 models");
  CHECK(error["hint"] == "name one of its files");
}

TEST_CASE("an id comes back as the text it is") {
  const auto answer = only(R"({"model":"tiny.gguf","id":"\u00fc \u2028 \""})");
  CHECK(answer["id"] == Json::parse("\"\\u00fc \\u2028 \\\"\""));
  CHECK(only("{\"model\":\"tiny.gguf\",\"id\":\"\xC3\xBC\"}")["id"] == "\xC3\xBC");
}
