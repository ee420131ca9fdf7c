// Every file of data/schema against what the program really prints and reads.
#include <fstream>
#include <set>
#include <sstream>

#include "catch.hpp"
#include "cli/ask/fields.hpp"
#include "support/fake_io.hpp"
#include "support/json_schema.hpp"
#include "support/places.hpp"

using namespace fitvram::test;

namespace {

Json file(const std::string& name) {
  std::ifstream in(source_path("data/" + name));
  return Json::parse(in);
}

Json schema(const std::string& name) { return file("schema/" + name + ".schema.json"); }

std::string wrong(const std::string& name, const Json& value) {
  const auto rules = schema(name);
  return violation(rules, rules, value);
}

std::vector<Json> lines_of(const std::vector<std::string>& args) {
  std::vector<Json> lines;
  std::istringstream in(run_words(args).out);
  for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
  return lines;
}

std::set<std::string> keys(const Json& properties) {
  std::set<std::string> names;
  for (const auto& [key, value] : properties.items()) names.insert(key);
  return names;
}

}  // namespace

TEST_CASE("what check prints obeys its schema") {
  for (const auto* const catalog : {"checks.json", "good.ndjson"}) {
    const auto report = Json::parse(run_words({"check", catalog, "--json"}).out);
    CHECK(wrong("check", report) == "");
  }
  auto report = Json::parse(run_words({"check", "good.ndjson", "--json"}).out);
  report["entries"][0]["status"] = "perhaps";
  CHECK(wrong("check", report) != "");
}

TEST_CASE("every answer of a batch obeys its schema") {
  const auto answers = lines_of({"estimate", "--batch", "requests.ndjson"});
  REQUIRE(answers.size() == 4);
  for (auto answer : answers) {
    CHECK(wrong("batch", answer) == "");
    answer.erase("line");
    CHECK(wrong("batch", answer) != "");
  }
}

TEST_CASE("a baseline obeys its schema") {
  auto io = small_world({"check", "good.ndjson", "--baseline", "b.json", "--write-baseline"});
  fitvram::cli::run(io);
  CHECK(wrong("baseline", Json::parse(io.files["b.json"])) == "");
}

TEST_CASE("an NDJSON line is the JSON's own object with two keys before it") {
  const std::vector<std::vector<std::string>> commands = {
      {"estimate", "tiny.gguf", "page.json", "--vram", "24"},
      {"rank", "--vram", "24", "--only-catalog", "catalog.json"},
      {"plan", "gemma", "--only-gpus", "cards.json"},
      {"show", "tiny.gguf"},
      {"check", "good.ndjson"},
      {"list", "gpus", "--only-gpus", "cards.json"}};
  for (auto command : commands) {
    INFO(command[0]);
    auto whole = command;
    whole.emplace_back("--json");
    command.insert(command.end(), {"--format", "ndjson"});
    const auto json = Json::parse(run_words(whole).out);
    Json items = Json::array();
    for (const auto* const key : {"results", "models", "items", "entries"})
      if (json.contains(key)) items = json[key];
    for (const auto& error : json["errors"]) items.push_back({{"error", error}});
    const auto lines = lines_of(command);
    REQUIRE(lines.size() == items.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CHECK(lines[i].items().begin().key() == "schema_version");
      auto rest = lines[i];
      for (const auto* const key : {"schema_version", "command", "subject"}) rest.erase(key);
      CHECK(rest == items[i]);
    }
  }
}

TEST_CASE("requests and catalogues have the keys that their schemas name, and no others") {
  const auto request = schema("request")["properties"];
  const auto entry = schema("catalog")["$defs"]["entry"]["properties"];
  std::set<std::string> fields;
  for (const auto key : fitvram::cli::request_keys()) {
    fields.emplace(key);
    INFO(key);
    REQUIRE(request.contains(std::string(key)));
    CHECK(request[std::string(key)] == entry[std::string(key)]);
  }
  auto names = fields;
  names.insert({"id", "name", "model", "comment", "workload"});
  CHECK(keys(request) == names);
  names.insert("expect");
  CHECK(keys(entry) == names);
}

TEST_CASE("the sample catalogue obeys its schema, and all of it holds") {
  const auto catalog = file("catalog.json");
  CHECK(wrong("catalog", catalog) == "");
  auto io = small_world({"check", "sample.json"});
  io.files["sample.json"] = catalog.dump();
  const auto result = run(io);
  CHECK(result.status == 0);
}

TEST_CASE("the schema of catalogues refuses what check refuses") {
  for (const auto* const entry :
       {R"({"modell": "x"})", R"({"model": 7})", R"({"model": "x", "expect": "fit"})",
        R"({"model": "x", "expect": {"min_contxt": 1}})", R"({"model": "x", "n_ctx": [1]})"}) {
    INFO(entry);
    CHECK(wrong("catalog", Json::array({Json::parse(entry)})) != "");
    auto io = small_world({"check", "c.json", "--vram", "24G"});
    io.files["c.json"] = "[" + std::string(entry) + "]";
    CHECK(run(io).status == 3);
  }
}

TEST_CASE("every schema says its version, and every JSON output has one") {
  for (const auto* const name : {"result", "compare-log", "check", "batch", "request", "catalog",
                                 "baseline", "gpus", "models"}) {
    const auto rules = schema(name);
    INFO(name);
    CHECK(rules["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  }
  for (const auto& args : std::vector<std::vector<std::string>>{
           {"estimate", "tiny.gguf", "--json"},
           {"rank", "--vram", "24", "--only-catalog", "catalog.json", "--json"},
           {"plan", "gemma", "--only-gpus", "cards.json", "--json"},
           {"show", "gemma", "--json"},
           {"list", "quants", "--json"},
           {"compare-log", "server.log", "--json"},
           {"check", "good.ndjson", "--json"}}) {
    INFO(args[0]);
    const auto json = Json::parse(run_words(args).out);
    CHECK(json["schema_version"] == 1);
    CHECK(json.items().begin().key() == "schema_version");
    CHECK(wrong(args[0] == "compare-log" || args[0] == "check" ? args[0] : "result", json) == "");
  }
}
