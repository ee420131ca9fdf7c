#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/inflated_file.hpp"
#include "support/places.hpp"
#include "support/small_gguf.hpp"

using namespace fitvram;
using namespace fitvram::test;

TEST_CASE("every integer type is a count, and nothing negative or fractional is") {
  const auto read = [](const std::function<void(GgufWriter&)>& add) { return parse_with(add); };
  const std::string key = "llama.rope.dimension_count";
  const auto value = [&](const Result<ModelInfo>& r) {
    REQUIRE(r.has_value());
    return r->hparams.n_rot.value_or(0);
  };
  CHECK(value(read([&](GgufWriter& w) { w.u8(key, 64); })) == 64);
  CHECK(value(read([&](GgufWriter& w) { w.u16(key, 64); })) == 64);
  CHECK(value(read([&](GgufWriter& w) { w.i32(key, 64); })) == 64);
  CHECK(value(read([&](GgufWriter& w) { w.u64(key, 64); })) == 64);
  CHECK(value(read([&](GgufWriter& w) { w.i64(key, 64); })) == 64);
  CHECK(value(read([&](GgufWriter& w) { w.f32(key, 64.0F); })) == 64);
  CHECK(value(read([&](GgufWriter& w) { w.f64(key, 64.0); })) == 64);
  CHECK(value(read([&](GgufWriter& w) { w.boolean(key, true); })) == 1);

  const auto message = [&](const std::function<void(GgufWriter&)>& add) {
    const Error e = refused(read(add));
    CHECK(e.code == ErrorCode::malformed);
    CHECK(e.where.ends_with(", key '" + key + "'"));
    return e.message;
  };
  CHECK(message([&](GgufWriter& w) { w.i32(key, -1); }) == "-1 is negative, a count is needed");
  CHECK(message([&](GgufWriter& w) { w.i64(key, INT64_MIN); }) ==
        "-9223372036854775808 is negative, a count is needed");
  CHECK(message([&](GgufWriter& w) { w.f32(key, 2.5F); }) ==
        "2.5 is not a whole number of zero or more");
  CHECK(message([&](GgufWriter& w) { w.f32(key, NAN); }) ==
        "nan is not a whole number of zero or more");
  CHECK(message([&](GgufWriter& w) { w.f64(key, INFINITY); }) ==
        "inf is not a whole number of zero or more");
  CHECK(message([&](GgufWriter& w) { w.u64(key, std::uint64_t{1} << 32); }) ==
        "4294967296 is too large; at most 4294967295 is possible");
  CHECK(message([&](GgufWriter& w) { w.text(key, "two"); }) == "a string where a number is needed");
  CHECK(message([&](GgufWriter& w) {
          w.u32s(key, {1, 2});
        }) == "an array where one number is needed");
}

TEST_CASE("a list for the layers has a count for each of them") {
  const auto message = [](const std::function<void(GgufWriter&)>& add) {
    const auto result = parse_with(add);
    const Error e = refused(result);
    CHECK(e.where.ends_with(", key 'llama.expert_used_count'"));
    return e.message;
  };
  const std::string key = "llama.expert_used_count";
  CHECK(message([&](GgufWriter& w) { w.i32s(key, {2}); }) == "array of 1 values for 2 layers");
  CHECK(message([&](GgufWriter& w) { w.i32s(key, {}); }) == "array of 0 values for 2 layers");
  CHECK(message([&](GgufWriter& w) {
          w.i32s(key, {2, -2});
        }) == "-2 is negative, a count is needed");
  CHECK(message([&](GgufWriter& w) {
          w.texts(key, {"a", "b"});
        }) == "a string where a number is needed");
}

TEST_CASE("more layers than any model has are refused before memory is spent on them") {
  auto w = GgufWriter();
  w.text("general.architecture", "llama").u32("llama.block_count", 4'000'000'000);
  const auto many = parse(w.boolean("llama.attention.recurrent_layers", true));
  CHECK(refused(many).code == ErrorCode::limit);
  CHECK(refused(many).message == "4000000000 layers; no model has so many");
  const auto list = parse_with([](GgufWriter& g) {
    g.bools("llama.attention.sliding_window_pattern", std::vector<bool>(65537));
  });
  CHECK(refused(list).code == ErrorCode::limit);
  CHECK(refused(list).message == "array of 65537 values; no model has so many layers");
}

TEST_CASE("parameters leave out rope factors and layers that only predict ahead") {
  auto w = llama_keys();
  w.u32("llama.nextn_predict_layers", 1)
      .tensor("token_embd.weight", {64, 4}, q8_0)
      .tensor("rope_freqs.weight", {32}, f32)
      .tensor("blk.0.attn_q.weight", {64, 64}, q8_0)
      .tensor("blk.1.attn_q.weight", {64, 64}, q8_0);
  const auto model = parse(w);
  REQUIRE(model.has_value());
  CHECK(model->n_params == 256 + 4096);
  CHECK(model->tensors.size() == 4);
}

TEST_CASE("a model without a name is called by its base name or its file") {
  const auto named = [](const std::string& file, const std::function<void(GgufWriter&)>& add) {
    GgufWriter w;
    w.text("general.architecture", "llama")
        .u32("llama.block_count", 1)
        .u32("llama.context_length", 4096)
        .u32("llama.embedding_length", 64)
        .u32("llama.attention.head_count", 4);
    add(w);
    const auto bytes = w.tensor("token_embd.weight", {64, 4}, f32).bytes();
    const GgufShard shard{file, bytes};
    const auto model = parse_gguf({&shard, 1});
    REQUIRE(model.has_value());
    return model->name;
  };
  CHECK(named("a/b/Tiny-7B.gguf", [](GgufWriter&) {}) == "Tiny-7B");
  CHECK(named("Tiny", [](GgufWriter&) {}) == "Tiny");
  CHECK(named("x.gguf", [](GgufWriter& w) { w.text("general.basename", "Base"); }) == "Base");
  CHECK(named("x.gguf", [](GgufWriter& w) {
          w.text("general.basename", "Base").text("general.size_label", "7B");
        }) == "Base-7B");
}

TEST_CASE("without a stated file type the quantization is what most bytes are") {
  const auto quant = [](const std::function<void(GgufWriter&)>& add) {
    GgufWriter w;
    w.text("general.architecture", "llama")
        .u32("llama.block_count", 1)
        .u32("llama.context_length", 4096)
        .u32("llama.embedding_length", 64)
        .u32("llama.attention.head_count", 4);
    add(w);
    const auto model = parse(
        w.tensor("token_embd.weight", {64, 64}, q8_0).tensor("output_norm.weight", {64}, f32));
    REQUIRE(model.has_value());
    return model->quant;
  };
  CHECK(quant([](GgufWriter&) {}) == "Q8_0");
  CHECK(quant([](GgufWriter& w) { w.u32("general.file_type", 15); }) == "Q4_K_M");
  CHECK(quant([](GgufWriter& w) { w.u32("general.file_type", 1024 + 15); }) == "Q8_0");
  CHECK(quant([](GgufWriter& w) { w.u32("general.file_type", 33); }) == "Q8_0");
}

TEST_CASE("GGUF files that are not models are refused by what they are") {
  const auto check_refusal = [](GgufWriter& w) {
    const auto result = parse(w);
    const Error e = refused(result);
    CHECK(e.code == ErrorCode::unsupported);
    CHECK(e.where == "m.gguf");
    CHECK(e.hint == "give the model that it belongs to");
    return e.message;
  };
  GgufWriter adapter, old_adapter, projector, clip, matrix, vector;
  CHECK(check_refusal(
            adapter.text("general.type", "adapter").text("general.architecture", "llama")) ==
        "this is an adapter, not a model");
  CHECK(check_refusal(
            old_adapter.text("adapter.type", "lora").text("general.architecture", "llama")) ==
        "this is an adapter, not a model");
  CHECK(check_refusal(projector.text("general.type", "mmproj")) ==
        "this is a multimodal projector, not a model");
  CHECK(check_refusal(clip.text("general.architecture", "clip")) ==
        "this is a multimodal projector, not a model");
  CHECK(check_refusal(matrix.text("general.type", "imatrix")) ==
        "this is an importance matrix, not a model");
  CHECK(check_refusal(vector.text("general.architecture", "controlvector")) ==
        "this is a control vector, not a model");
}

TEST_CASE("facts without which there is no answer are named when missing") {
  check_error(parse(GgufWriter().text("general.name", "x")), ErrorCode::missing_field, "m.gguf",
              "the key 'general.architecture' is missing");
  check_malformed(parse(GgufWriter().u32("general.architecture", 7)),
                  "m.gguf: byte 56, key 'general.architecture'", "a string is needed here");
  check_malformed(parse(GgufWriter().text("general.architecture", std::string(1000000, 'a'))),
                  "m.gguf: byte 56, key 'general.architecture'",
                  "an architecture name of 1000000 bytes");
  check_malformed(parse(GgufWriter().text("general.architecture", "l\nama")),
                  "m.gguf: byte 56, key 'general.architecture'",
                  "'l?ama' cannot be the name of an architecture");
  GgufWriter no_layers;
  no_layers.text("general.architecture", "llama").tensor("token_embd.weight", {64}, f32);
  check_error(parse(no_layers), ErrorCode::missing_field, "m.gguf",
              "the key 'llama.block_count' is missing");
  const auto vocabulary = parse(llama_keys());
  check_error(vocabulary, ErrorCode::missing_field, "m.gguf", "there are no tensors in this file");
  CHECK(vocabulary.error().hint == "it may hold only a vocabulary");
}

TEST_CASE("the recorded headers of real models are read, and their tensors fill their files") {
  const std::string directory = test_data("headers/");
  const auto text = test::read_bytes(directory + "file_sizes.json");
  const auto sizes = nlohmann::json::parse(text);
  REQUIRE(sizes.size() == 41);
  for (const auto& [name, size] : sizes.items()) {
    INFO(name);
    const InflatedFile file(directory + name, size.get<std::size_t>());
    const GgufShard shard{name, file.bytes()};
    const auto model = parse_gguf({&shard, 1});
    REQUIRE(model.has_value());
    std::uint64_t end = round_up(std::uint64_t{file.stored_size()}, 32);
    for (const auto& t : model->tensors) end += round_up(tensor_bytes(t, *t.type).count, 32);
    CHECK(end == size.get<std::uint64_t>());
    const std::string stem = name.substr(0, name.size() - 5);
    CHECK(model->quant == stem.substr(stem.rfind('.') + 1));
    CHECK(model->hparams.n_ctx_train.has_value());
    CHECK(model->hparams.n_vocab.has_value());
  }
}

TEST_CASE("parameters of recorded models are their makers' counts") {
  const std::string directory = test_data("headers/");
  const auto sizes = nlohmann::json::parse(test::read_bytes(directory + "file_sizes.json"));
  const std::map<std::string, std::uint64_t> counts = {
      {"llama-3.1-8b.Q4_K_M.gguf", 8'030'261'248},  // safetensors metadata of the repository
      {"qwen2.5-7b.Q4_K_M.gguf", 7'615'616'512},      {"qwen3-8b.Q4_K_M.gguf", 8'190'735'360},
      {"gemma-2-9b.Q4_K_M.gguf", 9'241'705'984},      {"mixtral-8x7b.Q4_K_M.gguf", 46'702'792'704},
      {"mistral-7b-v0.1.Q4_K_M.gguf", 7'241'732'096}, {"llama-2-7b.Q4_K_M.gguf", 6'738'415'616},
  };
  for (const auto& [name, count] : counts) {
    INFO(name);
    const InflatedFile file(directory + name, sizes.at(name).get<std::size_t>());
    const GgufShard shard{name, file.bytes()};
    const auto model = parse_gguf({&shard, 1});
    REQUIRE(model.has_value());
    CHECK(model->n_params == count);
  }
}

TEST_CASE("numbers are read in every width and sign in which a file gives them") {
  const auto retyped = [](GgufWriter w, const std::string& key, char type) {
    auto bytes = llama_tensors(w).bytes();
    const auto at = std::search(bytes.begin(), bytes.end(), key.begin(), key.end(),
                                [](std::byte b, char c) { return b == static_cast<std::byte>(c); });
    *(at + static_cast<std::ptrdiff_t>(key.size())) = static_cast<std::byte>(type);
    return parse(bytes);
  };
  const std::string key = "llama.rope.dimension_count";
  constexpr char i8 = 1;
  constexpr char i16 = 3;
  const auto with = [&](auto add) {
    auto w = llama_keys();
    add(w);
    return w;
  };
  const auto byte = retyped(with([&](auto& w) { w.u8(key, 16); }), key, i8);
  REQUIRE(byte);
  CHECK(byte->hparams.n_rot == 16U);
  const auto word = retyped(with([&](auto& w) { w.u16(key, 16); }), key, i16);
  REQUIRE(word);
  CHECK(word->hparams.n_rot == 16U);
  CHECK(refused(retyped(with([&](auto& w) { w.u8(key, 0xFF); }), key, i8)).message ==
        "-1 is negative, a count is needed");
  const auto scale = [&](auto add) {
    const auto model = parse_with(add);
    REQUIRE(model);
    return model->hparams.expert_weights_scale;
  };
  const std::string real = "llama.expert_weights_scale";
  CHECK(scale([&](GgufWriter& w) { w.f64(real, 2.5); }) == 2.5);
  CHECK(scale([&](GgufWriter& w) { w.u32(real, 3); }) == 3.0);
}
