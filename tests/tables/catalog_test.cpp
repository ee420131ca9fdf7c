#include "fitvram/catalog.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "base/text.hpp"
#include "catch.hpp"
#include "fitvram/parse.hpp"

using namespace fitvram;

namespace {

const std::vector<CatalogEntry>& catalogue() {
  static const auto entries = parse_catalog(embedded_models(), "models.json").value();
  return entries;
}

std::vector<CatalogEntry> named(std::initializer_list<const char*> names) {
  std::vector<CatalogEntry> entries;
  for (const char* name : names) entries.push_back({name, "{}"});
  return entries;
}

std::string found(const std::vector<CatalogEntry>& entries, std::string_view name) {
  const auto entry = find_model(entries, name);
  return entry ? (*entry)->name : entry.error().message + "; " + entry.error().hint;
}

std::string refusal(const std::string& json) {
  const auto entries = parse_catalog(json, "mine.json");
  REQUIRE_FALSE(entries);
  return entries.error().where + ": " + entries.error().message;
}

}  // namespace

TEST_CASE("an entry keeps its config as it is written") {
  const auto entries = parse_catalog(
      R"( { "note" : [1, {"models": 2}], "models" : [ {"config" : {"a" : "}\"]", "b":[{},[]]} , "name":"x\/y"},
          {"name": "z", "more": null, "config": {}} ] } )",
      "mine.json");
  REQUIRE(entries);
  REQUIRE(entries->size() == 2);
  CHECK(entries->at(0).name == "x/y");
  CHECK(entries->at(0).config == R"({"a" : "}\"]", "b":[{},[]]})");
  CHECK(entries->at(1).name == "z");
  CHECK(entries->at(1).config == "{}");
  CHECK(parse_catalog(R"({"models": []})", "mine.json")->empty());
}

TEST_CASE("a broken catalogue is refused with the place") {
  CHECK(refusal("") == "mine.json: byte 1: is not JSON");
  CHECK(refusal(R"({"models": [})") == "mine.json: byte 13: is not JSON");
  CHECK(refusal(R"({"models": 1e3007})") == "mine.json: a number is too large to be read");
  CHECK(refusal("[]") == "mine.json: a list, not a catalogue");
  CHECK(refusal(R"([{"name": "a", "provider": "b", "parameter_count": "7B"}])") ==
        "mine.json: a list, not a catalogue");
  for (const auto* const text : {"[]", "7", "{}", R"({"models": {}})"})
    CHECK(
        parse_catalog(text, "mine.json").error().hint ==
        R"(a catalogue is {"models": [{"name": ..., "config": what its config.json says}, ...]})");
  CHECK(refusal("7") == "mine.json: has no list 'models'");
  CHECK(refusal("{}") == "mine.json: has no list 'models'");
  CHECK(refusal(R"({"models": {}})") == "mine.json: has no list 'models'");
  CHECK(refusal(R"({"models": [1]})") == "mine.json: /models/0: is not an object");
  CHECK(refusal(R"({"models": [{"config": {}}]})") == "mine.json: /models/0/name: is not a name");
  CHECK(refusal(R"({"models": [{"name": "", "config": {}}]})") ==
        "mine.json: /models/0/name: is not a name");
  CHECK(refusal(R"({"models": [{"name": "a", "config": {}}, {"name": "b"}]})") ==
        "mine.json: /models/1/config: is not an object");
  CHECK(refusal(R"({"models": [{"name": "a", "config": {}}, {"name": "A", "config": {}}]})") ==
        "mine.json: /models/1/name: 'A' is there twice");
}

TEST_CASE("every cut-off catalogue is refused") {
  const std::string whole = R"({"models": [{"name": "a\\\"", "config": {"k": [1, "]"]}}]})";
  REQUIRE(parse_catalog(whole, "mine.json"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_FALSE(parse_catalog(whole.substr(0, length), "mine.json"));
  }
}

TEST_CASE("deep nesting is not a way to crash") {
  const std::string deep(100'000, '[');
  CHECK_FALSE(parse_catalog(R"({"models": )" + deep, "mine.json"));
  const std::string closed = deep + std::string(100'000, ']');
  CHECK_FALSE(parse_catalog(R"({"models": )" + closed + "}", "mine.json"));
}

TEST_CASE("a model is found by any reading of its name, the strictest first") {
  const auto entries =
      named({"Qwen/Qwen3-8B", "Qwen/Qwen3-8B-AWQ", "Qwen/Qwen3.8-27B", "google/gemma-3-27b-it",
             "google/gemma-3-4b-it", "meta-llama/Llama-3.1-8B-Instruct", "openai/gpt-oss-20b",
             "openai/gpt-oss-120b"});
  CHECK(found(entries, "Qwen/Qwen3-8B") == "Qwen/Qwen3-8B");
  CHECK(found(entries, "qwen3-8b") == "Qwen/Qwen3-8B");
  CHECK(found(entries, "QWEN3 8B") == "Qwen/Qwen3-8B");
  CHECK(found(entries, "qwen3_8b_awq") == "Qwen/Qwen3-8B-AWQ");
  CHECK(found(entries, "qwen3.8") == "Qwen/Qwen3.8-27B");
  CHECK(found(entries, "gemma-3-27b") == "google/gemma-3-27b-it");
  CHECK(found(entries, "gemma 3 27b") == "google/gemma-3-27b-it");
  CHECK(found(entries, "gemma3:27b") == "google/gemma-3-27b-it");
  CHECK(found(entries, "llama3.1:8b") == "meta-llama/Llama-3.1-8B-Instruct");
  CHECK(found(entries, "llama-3.1") == "meta-llama/Llama-3.1-8B-Instruct");
  CHECK(found(entries, "20b") == "openai/gpt-oss-20b");
  CHECK(found(entries, "ss-120") == "openai/gpt-oss-120b");
  CHECK(found(entries, "  gpt-oss 20b ") == "openai/gpt-oss-20b");
}

TEST_CASE("a name of several models is ambiguous and eight of them are listed") {
  const auto few = named({"openai/gpt-oss-20b", "openai/gpt-oss-120b", "a/b"});
  const auto two = find_model(few, "gpt-oss");
  REQUIRE_FALSE(two);
  CHECK(two.error() == Error{ErrorCode::ambiguous, "model", "'gpt-oss' stands for 2 models",
                             "say which: openai/gpt-oss-20b, openai/gpt-oss-120b"});
  std::vector<CatalogEntry> many;
  for (int i = 0; i < 11; ++i) many.push_back({"m/x-" + std::to_string(i), "{}"});
  CHECK(found(many, "x") ==
        "'x' stands for 11 models; say which: m/x-0, m/x-1, m/x-2, m/x-3, m/x-4, m/x-5, m/x-6, "
        "m/x-7 and 3 more");
  CHECK(find_model(named({"a/same", "b/same"}), "same").error().code == ErrorCode::ambiguous);
}

TEST_CASE("an unknown model comes with the nearest") {
  const auto entries = named({"Qwen/Qwen3-8B", "openai/gpt-oss-20b"});
  const auto typo = find_model(entries, "gpt-osss-20b");
  REQUIRE_FALSE(typo);
  CHECK(typo.error() ==
        Error{ErrorCode::unknown_name, "model",
              "no model of the catalogue is called 'gpt-osss-20b'",
              "did you mean 'openai/gpt-oss-20b'? fitvram list models prints the catalogue; a file "
              "or a directory will do as well"});
  CHECK(find_model(entries, "stable-diffusion").error().hint ==
        "fitvram list models prints the catalogue; a file or a directory will do as well");
  CHECK(find_model(entries, "").error().code == ErrorCode::unknown_name);
  CHECK(find_model(entries, " - ").error().code == ErrorCode::unknown_name);
  CHECK(find_model(entries, "\x1b[2J").error().message ==
        "no model of the catalogue is called '?[2J'");
  CHECK(find_model(entries, std::string(5000, 'a')).error().message ==
        "no model of the catalogue has a name that long");
  CHECK_FALSE(find_model({}, "anything"));
}

TEST_CASE("the catalogue's names are those of the hub, unique, and find their entry") {
  std::set<std::string> names;
  CHECK(catalogue().size() >= 150);
  for (const CatalogEntry& entry : catalogue()) {
    CAPTURE(entry.name);
    const std::size_t slash = entry.name.find('/');
    CHECK(slash != std::string::npos);
    CHECK(entry.name.find('/', slash + 1) == std::string::npos);
    CHECK(printable(entry.name) == entry.name);
    CHECK(names.insert(fold_name(entry.name)).second);
    CHECK(found(catalogue(), entry.name) == entry.name);
    CHECK(found(catalogue(), entry.name.substr(slash + 1)) == entry.name);
  }
}

TEST_CASE("people's names for the best known models find them") {
  const std::pair<const char*, const char*> names[] = {
      {"qwen3-8b", "Qwen/Qwen3-8B"},
      {"gemma-3-27b", "google/gemma-3-27b-it"},
      {"gpt-oss:20b", "openai/gpt-oss-20b"},
      {"llama3.1:8b", "meta-llama/Llama-3.1-8B-Instruct"},
      {"llama-3.3", "meta-llama/Llama-3.3-70B-Instruct"},
      {"deepseek-r1", "deepseek-ai/DeepSeek-R1"},
      {"qwen3.6-27b", "Qwen/Qwen3.6-27B"},
      {"glm-4.5-air", "zai-org/GLM-4.5-Air"},
      {"mistral nemo", "mistralai/Mistral-Nemo-Instruct-2407"},
      {"phi-4", "microsoft/phi-4"},
      {"scout", "meta-llama/Llama-4-Scout-17B-16E-Instruct"}};
  for (const auto& [asked, name] : names) CHECK(found(catalogue(), asked) == name);
}

TEST_CASE("every config of the catalogue is plain JSON without what memory does not depend on") {
  for (const CatalogEntry& entry : catalogue()) {
    CAPTURE(entry.name);
    const auto config = nlohmann::json::parse(entry.config);
    CHECK((config.contains("architectures") || config.contains("model_type")));
    for (const char* key : {"vision_config", "audio_config", "eos_token_id", "transformers_version",
                            "initializer_range", "auto_map", "hidden_act"}) {
      CHECK_FALSE(config.contains(key));
    }
    CHECK(entry.config.size() < 4096);
  }
}

TEST_CASE("every model of the catalogue is understood") {
  for (const CatalogEntry& entry : catalogue()) {
    CAPTURE(entry.name);
    const auto model = model_of(entry);
    INFO((model ? "" : model.error().where + ": " + model.error().message));
    REQUIRE(model);
    CHECK(model->name == entry.name);
    CHECK(model->source == "catalog: " + entry.name);
    CHECK(model->format == ModelFormat::catalog);
    CHECK(model->n_params > 10'000'000);
    CHECK(model->n_layer > 0);
    CHECK_FALSE(model->layers.empty());
    CHECK(model->known_architecture);
  }
}

TEST_CASE("a config that cannot be read names its entry") {
  const auto model = model_of({"me/mine", R"({"model_type": 7})"});
  REQUIRE_FALSE(model);
  CHECK(model.error().where.starts_with("catalog: me/mine"));
}

TEST_CASE("a name in its own letters wins over one that only reads the same") {
  const auto entries = named({"a/b-7B", "A/B-7b"});
  CHECK(found(entries, "A/B-7b") == "A/B-7b");
  CHECK(found(entries, "a/b-7B") == "a/b-7B");
  CHECK(find_model(entries, "a/b-7b").error().code == ErrorCode::ambiguous);
}
