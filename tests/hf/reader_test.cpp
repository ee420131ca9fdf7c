#include "hf/reader.hpp"

#include <nlohmann/json.hpp>

#include "base/malformed.hpp"
#include "catch.hpp"

using namespace fitvram;
using nlohmann::json;

namespace {

template <typename Read>
std::string refusal(Read read) {
  try {
    read();
  } catch (const Malformed& error) {
    return error.where + " | " + error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a fact is looked up by every spelling, nested section first") {
  const auto root = json::parse(
      R"({"n_layer": 7, "vocab_size": 5, "text_config": {"vocab_size": 9, "n_ctx": null},
          "n_ctx": 64, "attn_config": {"kv_n_heads": 3}})");
  const HfReader reader(root);
  CHECK(reader.count("num_hidden_layers n_layer") == 7U);
  CHECK(reader.count("vocab_size") == 9U);
  CHECK(reader.count("n_ctx") == 64U);
  CHECK(reader.count("kv_heads attn_config/kv_n_heads") == 3U);
  CHECK_FALSE(reader.count("hidden_size"));
  CHECK(reader.nested());
  CHECK(reader.is_null("n_ctx"));
  CHECK(reader.where("vocab_size") == "/text_config/vocab_size");
  CHECK(reader.where("missing other") == "/text_config/missing");
}

TEST_CASE("every place where composites keep the language model is known") {
  for (const char* text :
       {R"({"llm_config": {"x": 1}})", R"({"language_config": {"x": 1}})",
        R"({"thinker_config": {"text_config": {"x": 1}}})", R"({"lfm": {"x": 1}})",
        R"({"transformer_layer_config": {"x": 1}})", R"({"lm_config": {"x": 1}})"}) {
    const auto root = json::parse(text);
    INFO(text);
    CHECK(HfReader(root).count("x") == 1U);
  }
  const auto broken = json::parse(R"({"text_config": "x"})");
  CHECK(refusal([&] { HfReader reader(broken); }) ==
        "/text_config | text_config is a string, not an object");
}

TEST_CASE("numbers of the wrong kind are refused with their place") {
  const auto root = json::parse(
      R"({"t": true, "s": "8", "l": [8], "n": -8, "f": 8.5, "h": 1e300, "u": 9000000000,
          "i": 8.0, "z": 0, "e": {}})");
  const HfReader reader(root);
  const auto count = [&](const char* key) {
    return refusal([&] { static_cast<void>(reader.count(key)); });
  };
  CHECK(count("t") == "/t | t is true, not a whole number");
  CHECK(count("s") == "/s | s is a string, not a whole number");
  CHECK(count("l") == "/l | l is a list, not a whole number");
  CHECK(count("e") == "/e | e is an object, not a whole number");
  CHECK(count("n") == "/n | n is negative (-8)");
  CHECK(count("f") == "/f | f is 8.5, not a whole number");
  CHECK(count("h") == "/h | h is 1e+300, more than any model has");
  CHECK(count("u") == "/u | u is 9000000000, more than any model has");
  CHECK(reader.count("i") == 8U);
  CHECK(reader.count("z") == 0U);
  CHECK(refusal([&] { static_cast<void>(reader.positive("z")); }) == "/z | z is 0");
}

TEST_CASE("a missing fact names all its spellings") {
  const auto root = json::parse(R"({"a": 1})");
  const HfReader reader(root);
  CHECK(refusal([&] { static_cast<void>(reader.need("x")); }) == " | x is missing");
  CHECK(refusal([&] { static_cast<void>(reader.need("x y z")); }) ==
        " | x is missing (also tried y, z)");
}

TEST_CASE("lists, words and flags are checked element by element") {
  const auto root = json::parse(
      R"({"n": [1, null, 3], "bad": [1, -2], "w": ["a", "b"], "mixed": ["a", 1], "one": 4,
          "yes": true, "one_zero": 0, "text": "x", "scale": 1.5})");
  const HfReader reader(root);
  CHECK(reader.list("n") == std::vector<std::uint32_t>{1, 0, 3});
  CHECK(reader.list("absent").empty());
  CHECK(refusal([&] { static_cast<void>(reader.list("bad")); }) == "/bad/1 | bad is negative (-2)");
  CHECK(refusal([&] { static_cast<void>(reader.list("one")); }) == "/one | one is 4, not a list");
  CHECK(reader.words("w") == std::vector<std::string>{"a", "b"});
  CHECK(refusal([&] { static_cast<void>(reader.words("mixed")); }) ==
        "/mixed | mixed holds 1, not only strings");
  CHECK(reader.per_layer("one") == PerLayer(4));
  CHECK(reader.per_layer("n").values.size() == 3);
  CHECK_FALSE(reader.per_layer("absent").present());
  CHECK(reader.flag("yes") == true);
  CHECK(reader.flag("one_zero") == false);
  CHECK(refusal([&] { static_cast<void>(reader.flag("text")); }) ==
        "/text | text is a string, not true or false");
  CHECK(reader.number("scale") == 1.5);
  CHECK(refusal([&] { static_cast<void>(reader.number("text")); }) ==
        "/text | text is a string, not a number");
  CHECK(reader.word("text") == "x");
  CHECK(reader.word("one").empty());
}

TEST_CASE("architecture words stand in the order the converter trusts them") {
  const auto nested = json::parse(
      R"({"architectures": ["KimiK25ForConditionalGeneration"], "model_type": "kimi_k25",
          "text_config": {"architectures": ["DeepseekV3ForCausalLM"], "model_type": "kimi_k2"}})");
  CHECK(HfReader(nested).architecture_words() ==
        std::vector<std::string>{"DeepseekV3ForCausalLM", "kimi_k2",
                                 "KimiK25ForConditionalGeneration", "kimi_k25"});
  const auto outer = json::parse(
      R"({"architectures": ["KimiK3ForConditionalGeneration"],
          "text_config": {"architectures": ["KimiLinearForCausalLM"]}})");
  CHECK(HfReader(outer).architecture_words().front() == "KimiK3ForConditionalGeneration");
  CHECK(HfReader(nested).outer_model_type() == "kimi_k25");
  CHECK(HfReader(outer).outer_model_type().empty());
}

TEST_CASE("a word where a list of words is needed is refused by its place") {
  const auto root = json::parse(R"({"text_config": {"layer_types": "full_attention"}})");
  const HfReader reader(root);
  CHECK(refusal([&] { return reader.words("layer_types"); }) ==
        "/text_config/layer_types | layer_types is a string, not a list");
  CHECK(reader.words("attn_type_list").empty());
}

TEST_CASE("defaults of a class hold where its configs leave keys out, and are remembered") {
  const auto nested = json::parse(
      R"({"hidden_size": 7, "text_config": {"model_type": "gemma3_text", "vocab_size": null}})");
  HfReader inner(nested);
  CHECK_FALSE(inner.count("num_attention_heads"));
  inner.use_defaults(find_family("gemma3"));
  CHECK(inner.count("num_attention_heads") == 8U);
  CHECK(inner.count("n_head num_attention_heads") == 8U);
  CHECK(inner.defaults_used() ==
        std::vector<HfReader::Default>{{"num_attention_heads", "8", false}});
  CHECK(inner.count("hidden_size") == 2304U);  // not the outer one
  CHECK_FALSE(inner.count("vocab_size"));      // a null is no absence
  CHECK_FALSE(inner.has("num_attention_heads"));

  const auto top = json::parse(R"({"model_type": "gemma3_text"})");
  HfReader outer(top);
  outer.use_defaults(find_family("gemma3"));
  CHECK(outer.count("num_attention_heads") == 8U);

  // Without a model type a file is a part of one.
  const auto part = json::parse(R"({"architectures": ["Gemma3ForCausalLM"]})");
  HfReader untyped(part);
  untyped.use_defaults(find_family("gemma3"));
  CHECK_FALSE(untyped.count("num_attention_heads"));
  CHECK(untyped.count("head_dim") == 256U);
}
