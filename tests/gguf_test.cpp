#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "fitvram/parse.hpp"
#include "support/gguf_writer.hpp"
#include "support/inflated_file.hpp"
#include "support/places.hpp"

using namespace fitvram;
using fitvram::test::Endian;
using fitvram::test::GgufWriter;
using fitvram::test::InflatedFile;

namespace {

constexpr std::uint32_t f32 = 0;
constexpr std::uint32_t q8_0 = 8;

// The first half of the metadata of a small Llama; `llama_tensors` completes it.
GgufWriter llama_keys(Endian endian = Endian::little, std::uint32_t version = 3) {
  GgufWriter w(endian, version);
  w.text("general.architecture", "llama")
      .text("general.name", "tiny")
      .u32("general.file_type", 7)
      .u32("llama.block_count", 2)
      .u32("llama.context_length", 4096)
      .u32("llama.embedding_length", 64)
      .u32("llama.feed_forward_length", 128)
      .u32("llama.attention.head_count", 4)
      .u32("llama.attention.head_count_kv", 2)
      .f32("llama.attention.layer_norm_rms_epsilon", 1e-5F)
      .text("tokenizer.ggml.model", "llama")
      .texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a"});
  return w;
}

GgufWriter& llama_tensors(GgufWriter& w) {
  w.tensor("token_embd.weight", {64, 4}, q8_0).tensor("output_norm.weight", {64}, f32);
  for (const std::string block : {"blk.0.", "blk.1."})
    w.tensor(block + "attn_norm.weight", {64}, f32)
        .tensor(block + "attn_q.weight", {64, 64}, q8_0)
        .tensor(block + "attn_k.weight", {64, 32}, q8_0)
        .tensor(block + "attn_v.weight", {64, 32}, q8_0)
        .tensor(block + "attn_output.weight", {64, 64}, q8_0)
        .tensor(block + "ffn_norm.weight", {64}, f32)
        .tensor(block + "ffn_gate.weight", {64, 128}, q8_0)
        .tensor(block + "ffn_up.weight", {64, 128}, q8_0)
        .tensor(block + "ffn_down.weight", {128, 64}, q8_0);
  return w;
}

std::vector<std::byte> tiny(Endian endian = Endian::little, std::uint32_t version = 3) {
  auto w = llama_keys(endian, version);
  return llama_tensors(w).bytes();
}

std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> out;
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
  return out;
}

Result<ModelInfo> parse(const std::vector<std::byte>& bytes) {
  const GgufShard shard{"m.gguf", bytes};
  return parse_gguf({&shard, 1});
}

Result<ModelInfo> parse(const GgufWriter& w) { return parse(w.bytes()); }

// A Llama with something done to its keys before the tensors are added.
Result<ModelInfo> parse_with(const std::function<void(GgufWriter&)>& change) {
  auto w = llama_keys();
  change(w);
  return parse(llama_tensors(w));
}

Error error_of(const Result<ModelInfo>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error();
}

void check_error(const Result<ModelInfo>& result, ErrorCode code, const std::string& where,
                 const std::string& message) {
  const Error error = error_of(result);
  CHECK(error.code == code);
  CHECK(error.where == where);
  CHECK(error.message == message);
}

void check_malformed(const Result<ModelInfo>& result, const std::string& where,
                     const std::string& message) {
  check_error(result, ErrorCode::malformed, where, message);
}

Bytes stored_bytes(const ModelInfo& model) {
  Bytes sum;
  for (const auto& t : model.tensors) sum += tensor_bytes(t, *t.type);
  return sum;
}

void check_same(const ModelInfo& a, const ModelInfo& b) {
  CHECK(a.name == b.name);
  CHECK(a.quant == b.quant);
  CHECK(a.n_params == b.n_params);
  CHECK(a.hparams.n_head == b.hparams.n_head);
  CHECK(a.hparams.n_head_kv == b.hparams.n_head_kv);
  CHECK(a.hparams.n_vocab == b.hparams.n_vocab);
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    CHECK(full_name(a.tensors[i]) == full_name(b.tensors[i]));
    CHECK(a.tensors[i].ne == b.tensors[i].ne);
    CHECK(a.tensors[i].type == b.tensors[i].type);
  }
}

}  // namespace

TEST_CASE("a small GGUF file is read in full") {
  const auto model = parse(tiny());
  REQUIRE(model.has_value());
  CHECK(model->name == "tiny");
  CHECK(model->source == "m.gguf");
  CHECK(model->format == ModelFormat::gguf);
  CHECK(model->architecture == "llama");
  CHECK(model->quant == "Q8_0");
  CHECK(model->n_ctx_train == 4096);
  CHECK(model->params == Provenance::exact);
  CHECK(model->n_params == 256 + 64 + 2 * (64 + 4096 + 2048 + 2048 + 4096 + 64 + 3 * 8192));
  CHECK(model->hparams.n_layer == 2U);
  CHECK(model->hparams.n_embd == 64U);
  CHECK(model->hparams.n_vocab == 4U);
  CHECK(model->hparams.n_head == PerLayer(4));
  CHECK(model->hparams.n_head_kv == PerLayer(2));
  REQUIRE(model->tensors.size() == 20);
  CHECK(model->tensors[0].name == "token_embd.weight");
  CHECK(model->tensors[0].layer == -1);
  CHECK(model->tensors[0].role == TensorRole::token_embd);
  CHECK(model->tensors[12].name == "attn_q.weight");
  CHECK(model->tensors[12].layer == 1);
  CHECK(model->tensors[12].role == TensorRole::attention);
  CHECK(model->tensors[12].type->name == "Q8_0");
  CHECK(model->tensors[12].ne == std::array<std::uint64_t, 4>{64, 64, 1, 1});
}

TEST_CASE("a big-endian GGUF file reads like its little-endian twin") {
  const auto little = parse(tiny());
  const auto big = parse(tiny(Endian::big));
  REQUIRE(little.has_value());
  REQUIRE(big.has_value());
  check_same(*little, *big);
}

TEST_CASE("GGUF version 2 reads like version 3") {
  const auto v2 = parse(tiny(Endian::little, 2));
  const auto v3 = parse(tiny());
  REQUIRE(v2.has_value());
  check_same(*v2, *v3);
}

TEST_CASE("GGUF versions that nothing reads are refused with the way out") {
  const auto v1 = parse(tiny(Endian::little, 1));
  check_error(v1, ErrorCode::unsupported, "m.gguf: byte 4",
              "GGUF version 1 is no longer read by any runtime");
  CHECK(v1.error().hint == "convert the model again with a current llama.cpp");
  check_error(parse(tiny(Endian::little, 99)), ErrorCode::unsupported, "m.gguf: byte 4",
              "GGUF version 99 is unknown; 2 and 3 are read");
  check_malformed(parse(tiny(Endian::little, 0)), "m.gguf: byte 4",
                  "GGUF version 0 does not exist");
  check_malformed(parse(tiny(Endian::little, 0x12345678)), "m.gguf: byte 4",
                  "GGUF version 305419896 does not exist");
}

TEST_CASE("what is not a GGUF file is named") {
  struct Case {
    std::string_view bytes;
    const char* message;
    const char* hint;
  };
  using namespace std::string_view_literals;
  const Case cases[] = {
      {"", "this is an empty file", "the download may have failed"},
      {"<!DOCTYPE html><html>404 not found</html>", "this is a web page",
       "fetch the file itself: on Hugging Face, /resolve/ instead of /blob/"},
      {"\n  <HTML>", "this is a web page",
       "fetch the file itself: on Hugging Face, /resolve/ instead of /blob/"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4920739232\n",
       "this is a git-lfs pointer, not the file it stands for",
       "run 'git lfs pull' in the repository"},
      {"\2\0\0\0\0\0\0\0{}"sv, "this is a safetensors file",
       "give the directory or its config.json"},
      {"tjgg\1\0\0\0"sv, "this is a model in the GGML format that GGUF replaced",
       "convert it to GGUF, or get a GGUF of the same model"},
      {"PK\3\4rest", "this is a zip archive, perhaps a PyTorch checkpoint",
       "give the model's config.json, or convert it to GGUF"},
      {"\x80\2}q", "this is a PyTorch checkpoint (pickle)",
       "give the model's config.json, or convert it to GGUF"},
      {"{\"model_type\": \"llama\"}", "this is a JSON text",
       "give it as config.json or with the extension .json"},
  };
  for (const auto& c : cases) {
    const auto result = parse(bytes_of(c.bytes));
    check_error(result, ErrorCode::not_a_model, "m.gguf", c.message);
    CHECK(result.error().hint == c.hint);
  }
  check_error(parse(bytes_of("FUGG\3\0\0\0"sv)), ErrorCode::not_a_model, "m.gguf: byte 0",
              "not a GGUF file: it begins with 'FUGG' instead of 'GGUF'");
  check_error(parse(bytes_of("G\x01")), ErrorCode::not_a_model, "m.gguf: byte 0",
              "not a GGUF file: it begins with 'G?' instead of 'GGUF'");
}

TEST_CASE("counts and lengths are checked against the bytes that remain") {
  auto w = llama_keys();
  const auto with_pairs = [&](std::uint64_t n) {
    auto copy = w;
    return parse(copy.claim_pairs(n).header());
  };
  const std::size_t rest = w.header().size() - 24;
  const std::string left = "but only " + std::to_string(rest) + " bytes remain";
  check_malformed(with_pairs(std::uint64_t{1} << 60), "m.gguf: byte 16",
                  "1152921504606846976 metadata pairs, " + left);
  check_malformed(with_pairs(UINT64_MAX), "m.gguf: byte 16",
                  "18446744073709551615 metadata pairs, " + left);
  check_malformed(parse(w.claim_tensors(std::uint64_t{1} << 63).header()), "m.gguf: byte 8",
                  "9223372036854775808 tensors, " + left);

  const auto string_of = [](std::uint64_t length) {
    GgufWriter g;
    g.text("general.name", std::string(64, 'x'));
    auto bytes = g.bytes();
    constexpr std::size_t at = 24 + 8 + 12 + 4;
    for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<std::byte>(length >> (8 * i));
    return parse(bytes);
  };
  const auto huge = string_of(std::uint64_t{1} << 63);
  check_malformed(huge, "m.gguf: byte 48, key 'general.name'",
                  "string of 9223372036854775808 bytes, but only 64 bytes remain");
  CHECK(huge.error().hint == "the download may be incomplete");
  check_malformed(string_of(UINT64_MAX - 7), "m.gguf: byte 48, key 'general.name'",
                  "string of 18446744073709551608 bytes, but only 64 bytes remain");
  check_malformed(string_of(65), "m.gguf: byte 48, key 'general.name'",
                  "string of 65 bytes, but only 64 bytes remain");

  const auto list_of = [](std::uint32_t type, std::uint64_t n) {
    return parse(GgufWriter().false_list("a", type, n, 64));
  };
  const std::string where = "m.gguf: byte 49, key 'a'";
  check_malformed(list_of(0, std::uint64_t{1} << 60), where,
                  "array of 1152921504606846976 values, but only 64 bytes remain");
  check_malformed(list_of(10, std::uint64_t{1} << 61), where,
                  "array of 2305843009213693952 values, but only 64 bytes remain");
  check_malformed(list_of(8, 1'000'000'000), where,
                  "array of 1000000000 strings, but only 64 bytes remain");
  check_malformed(list_of(6, 17), where, "array of 17 values, but only 64 bytes remain");
}

TEST_CASE("broken metadata names its key") {
  check_malformed(parse(GgufWriter().false_list("a", 99, 4, 64)), "m.gguf: byte 37, key 'a'",
                  "value type 99 does not exist");
  check_malformed(parse(GgufWriter().false_list("a", 9, 1, 64)), "m.gguf: byte 37, key 'a'",
                  "GGUF has no arrays of arrays");
  check_malformed(parse(GgufWriter().false_type("a", 13)), "m.gguf: byte 16",
                  "1 metadata pair, but only 13 bytes remain");
  check_malformed(parse(GgufWriter().false_type("ab", 13)), "m.gguf: byte 34, key 'ab'",
                  "value type 13 does not exist");
  check_malformed(parse(GgufWriter().u32("", 1)), "m.gguf: byte 24", "a metadata key is empty");
  const auto twice = parse_with([](GgufWriter& w) { w.u32("llama.block_count", 99); });
  CHECK(error_of(twice).message == "this key occurs twice");
  CHECK(error_of(twice).where.ends_with(", key 'llama.block_count'"));
  const std::string longest(1000, 'k');
  CHECK(error_of(parse(GgufWriter().false_type(longest, 13))).where ==
        "m.gguf: byte 1032, key '" + std::string(80, 'k') + "...'");
}

TEST_CASE("alignment is a power of two and rules where the data lies") {
  const auto aligned = [](std::uint32_t n) {
    return parse_with([&](GgufWriter& w) { w.u32("general.alignment", n).align(n == 0 ? 32 : n); });
  };
  CHECK(aligned(64).has_value());
  CHECK(aligned(8).has_value());
  CHECK(error_of(aligned(0)).message == "0 is not a power of two, which alignments are");
  CHECK(error_of(aligned(3)).message == "3 is not a power of two, which alignments are");
  const auto far = parse_with([](GgufWriter& w) { w.u32("general.alignment", 1U << 31); });
  CHECK(far.error().message ==
        "data at offset 288 instead of 2147483648, where the tensor before it ends");
}

TEST_CASE("tensors that cannot be are refused by name") {
  const auto first = [](const std::vector<std::uint64_t>& ne, std::uint32_t type) {
    auto w = llama_keys();
    return error_of(parse(w.tensor("x", ne, type)));
  };
  const std::uint64_t at = llama_keys().header().size();
  const auto where = [&](std::uint64_t offset) {
    return "m.gguf: byte " + std::to_string(at + offset) + ", tensor 'x'";
  };
  constexpr std::uint64_t big = std::uint64_t{1} << 32;

  auto e = first({big, big}, q8_0);
  CHECK(e.where == where(13));
  CHECK(e.message == "the dimensions 4294967296 x 4294967296 x 1 x 1 are out of range");
  CHECK(first({std::uint64_t{1} << 63}, q8_0).message ==
        "the dimensions 9223372036854775808 x 1 x 1 x 1 are out of range");
  CHECK(first({0, UINT64_MAX - 255}, q8_0).message ==
        "the dimensions 0 x 18446744073709551360 x 1 x 1 are out of range");
  e = first({64, 4, 1, 1, 1}, q8_0);
  CHECK(e.where == where(9));
  CHECK(e.message == "5 dimensions; tensors have at most 4");
  e = first({64}, 999);
  CHECK(e.code == ErrorCode::unsupported);
  CHECK(e.where == where(21));
  CHECK(e.message == "tensor type 999 is unknown");
  e = first({64}, 4);
  CHECK(e.message == "tensor type 4 was removed from GGUF");
  CHECK(e.hint == "convert or quantize the model again");
  CHECK(first({33, 4}, q8_0).message == "rows of 33 elements do not divide into Q8_0 blocks of 32");

  auto w = llama_keys();
  check_malformed(parse(w.tensor(std::string(64, 'n'), {64}, f32)),
                  "m.gguf: byte " + std::to_string(at) + ", tensor '" + std::string(64, 'n') + "'",
                  "a tensor name of 64 bytes; at most 63 are allowed");
  w = llama_keys();
  CHECK(parse(w.tensor(std::string(63, 'n'), {64}, f32)).has_value());
  w = llama_keys();
  check_malformed(parse(w.tensor("", {64}, f32)), "m.gguf: byte " + std::to_string(at),
                  "a tensor has no name");
  w = llama_keys();
  check_malformed(parse(w.tensor("y", {64}, f32).tensor("x", {64}, f32).tensor("x", {64}, f32)),
                  "m.gguf: byte " + std::to_string(at + 2 * 33) + ", tensor 'x'",
                  "this tensor occurs twice");
  w = llama_keys();
  check_malformed(parse(w.tensor("y", {64}, f32).tensor_at("x", {64}, f32, 7)), where(33 + 25),
                  "data at offset 7 instead of 256, where the tensor before it ends");
}

TEST_CASE("a tensor without elements or dimensions is read as ggml reads it") {
  auto w = llama_keys();
  const auto model = parse(w.tensor("none", {0, 4}, f32).tensor("one", {}, f32));
  REQUIRE(model.has_value());
  CHECK(model->n_params == 1);
  CHECK(stored_bytes(*model) == Bytes{4});
}

TEST_CASE("data that is not all there is an error that says how much is missing") {
  auto bytes = tiny();
  const std::size_t size = bytes.size();
  bytes.resize(size - 1);
  const auto cut = parse(bytes);
  const Error e = error_of(cut);
  CHECK(e.where.ends_with(", tensor 'blk.1.ffn_down.weight'"));
  CHECK(e.message == "its data ends at byte " + std::to_string(size) + ", but the file has only " +
                         std::to_string(size - 1) + " bytes");
  CHECK(e.hint == "the download may be incomplete");
}

TEST_CASE("keys that are about other tensors are an error") {
  auto w = llama_keys();
  check_malformed(parse(w.tensor("token_embd.weight", {128, 4}, q8_0)),
                  "m.gguf: tensor 'token_embd.weight'",
                  "rows of 128 elements, but the key 'llama.embedding_length' says 64");
}

TEST_CASE("layers of tensors stay below block_count") {
  auto w = llama_keys();
  const auto beyond = parse(w.tensor("blk.2.attn_q.weight", {64, 64}, q8_0));
  CHECK(error_of(beyond).message == "a tensor of layer 2 in a model of 2 layers, counted from 0");
  w = llama_keys();
  CHECK_FALSE(parse(w.tensor("blk.99999999999999999999.x", {64}, f32)).has_value());
  w = llama_keys();
  const auto odd =
      parse(w.tensor("blk.x.y", {64}, f32).tensor("blk.1", {64}, f32).tensor("blk.1.", {64}, f32));
  REQUIRE(odd.has_value());
  for (const auto& t : odd->tensors) CHECK(t.layer == -1);
}

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
    const Error e = error_of(read(add));
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
    const Error e = error_of(result);
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
  CHECK(error_of(many).code == ErrorCode::limit);
  CHECK(error_of(many).message == "4000000000 layers; no model has so many");
  const auto list = parse_with([](GgufWriter& g) {
    g.bools("llama.attention.sliding_window_pattern", std::vector<bool>(65537));
  });
  CHECK(error_of(list).code == ErrorCode::limit);
  CHECK(error_of(list).message == "array of 65537 values; no model has so many layers");
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
  const auto refused = [](GgufWriter& w) {
    const auto result = parse(w);
    const Error e = error_of(result);
    CHECK(e.code == ErrorCode::unsupported);
    CHECK(e.where == "m.gguf");
    CHECK(e.hint == "give the model that it belongs to");
    return e.message;
  };
  GgufWriter adapter, old_adapter, projector, clip, matrix, vector;
  CHECK(refused(adapter.text("general.type", "adapter").text("general.architecture", "llama")) ==
        "this is an adapter, not a model");
  CHECK(refused(old_adapter.text("adapter.type", "lora").text("general.architecture", "llama")) ==
        "this is an adapter, not a model");
  CHECK(refused(projector.text("general.type", "mmproj")) ==
        "this is a multimodal projector, not a model");
  CHECK(refused(clip.text("general.architecture", "clip")) ==
        "this is a multimodal projector, not a model");
  CHECK(refused(matrix.text("general.type", "imatrix")) ==
        "this is an importance matrix, not a model");
  CHECK(refused(vector.text("general.architecture", "controlvector")) ==
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
  GgufWriter no_layers;
  no_layers.text("general.architecture", "llama").tensor("token_embd.weight", {64}, f32);
  check_error(parse(no_layers), ErrorCode::missing_field, "m.gguf",
              "the key 'llama.block_count' is missing");
  const auto vocabulary = parse(llama_keys());
  check_error(vocabulary, ErrorCode::missing_field, "m.gguf", "there are no tensors in this file");
  CHECK(vocabulary.error().hint == "it may hold only a vocabulary");
}

namespace {

// The small Llama in three files, as llama-gguf-split writes them: all keys in the first.
std::vector<std::vector<std::byte>> three_files(std::uint16_t count = 3, std::int32_t tensors = 4) {
  const auto mark = [&](GgufWriter& w, std::uint16_t no) -> GgufWriter& {
    return w.u16("split.no", no).u16("split.count", count).i32("split.tensors.count", tensors);
  };
  auto a = llama_keys();
  GgufWriter b, c;
  return {mark(a, 0).tensor("token_embd.weight", {64, 4}, q8_0).bytes(),
          mark(b, 1).tensor("blk.0.attn_q.weight", {64, 64}, q8_0).bytes(),
          mark(c, 2)
              .tensor("blk.1.attn_q.weight", {64, 64}, q8_0)
              .tensor("output_norm.weight", {64}, f32)
              .bytes()};
}

Result<ModelInfo> parse_files(const std::vector<std::vector<std::byte>>& files,
                              const std::vector<std::string>& names) {
  std::vector<GgufShard> shards;
  for (std::size_t i = 0; i < files.size(); ++i) shards.push_back({names[i], files[i]});
  return parse_gguf(shards);
}

const std::vector<std::string> three_names = {"d/m-00001-of-00003.gguf", "d/m-00002-of-00003.gguf",
                                              "d/m-00003-of-00003.gguf"};

}  // namespace

TEST_CASE("a split model is the sum of its files, in whatever order they come") {
  auto files = three_files();
  auto names = three_names;
  const auto model = parse_files(files, names);
  REQUIRE(model.has_value());
  CHECK(model->source == "d/m-00001-of-00003.gguf");
  CHECK(model->tensors.size() == 4);
  CHECK(model->n_params == 256 + 2 * 4096 + 64);
  std::swap(files[0], files[2]);
  std::swap(names[0], names[2]);
  const auto swapped = parse_files(files, names);
  REQUIRE(swapped.has_value());
  check_same(*model, *swapped);
  CHECK(swapped->source == model->source);
}

TEST_CASE("the place of a file in a split model can be asked alone") {
  const auto files = three_files();
  const auto split = gguf_split({"m", files[1]});
  REQUIRE(split.has_value());
  CHECK(split->index == 1);
  CHECK(split->count == 3);
  const auto whole = tiny();
  const auto unsplit = gguf_split({"m", whole});
  REQUIRE(unsplit.has_value());
  CHECK(unsplit->index == 0);
  CHECK(unsplit->count == 1);
  const auto page = bytes_of("<html>");
  CHECK(gguf_split({"m", page}).error().code == ErrorCode::not_a_model);
}

TEST_CASE("a file of a split model that is missing, doubled or foreign is named") {
  const auto files = three_files();
  auto result = parse_files({files[0], files[2]}, {three_names[0], three_names[2]});
  check_error(result, ErrorCode::io, "d/m-00001-of-00003.gguf", "file 2 of 3 is missing");
  CHECK(result.error().hint == "expected 'd/m-00002-of-00003.gguf'");
  result = parse_files({files[1]}, {"other.gguf"});
  check_error(result, ErrorCode::io, "other.gguf", "file 1 of 3 is missing");
  CHECK(result.error().hint == "give all files");

  check_malformed(parse_files({files[0], files[1], files[1]}, three_names),
                  "d/m-00003-of-00003.gguf",
                  "this is file 2 of 3, and so is 'd/m-00002-of-00003.gguf'");
  check_malformed(parse_files({files[0], three_files(7)[1], files[2]}, three_names),
                  "d/m-00002-of-00003.gguf",
                  "this is file 2 of 7, but 'd/m-00001-of-00003.gguf' belongs to a model of 3");
  const auto stray = tiny();
  check_malformed(parse_files({files[0], stray, files[2]}, three_names), "d/m-00002-of-00003.gguf",
                  "this is file 1 of 1, but 'd/m-00001-of-00003.gguf' belongs to a model of 3");

  const auto wrong_count = parse_files(three_files(3, 5), three_names);
  CHECK(error_of(wrong_count).message == "5 tensors are stated, but the files hold 4");
  CHECK(error_of(wrong_count).where.ends_with(", key 'split.tensors.count'"));

  GgufWriter twin;
  twin.u16("split.no", 2).u16("split.count", 3);
  twin.tensor("blk.1.attn_q.weight", {64, 64}, q8_0).tensor("token_embd.weight", {64}, f32);
  const auto doubled = parse_files({files[0], files[1], twin.bytes()}, three_names);
  CHECK(error_of(doubled).where.starts_with("d/m-00003-of-00003.gguf: byte "));
  CHECK(error_of(doubled).message == "this tensor is also in 'd/m-00001-of-00003.gguf'");

  GgufWriter qwen;
  qwen.u16("split.no", 1).u16("split.count", 3).text("general.architecture", "qwen2");
  const auto foreign = parse_files({files[0], qwen.bytes(), files[2]}, three_names);
  CHECK(error_of(foreign).message == "a file of another model: 'qwen2' instead of 'llama'");

  GgufWriter numberless, beyond;
  check_error(parse(numberless.u16("split.count", 3)), ErrorCode::missing_field, "m.gguf",
              "'split.count' is there, but 'split.no' is not");
  CHECK(error_of(parse(beyond.u16("split.no", 3).u16("split.count", 3))).message ==
        "file number 3 of 3; numbers begin at 0");
  const auto many = parse_with([](GgufWriter& w) { w.u32("split.count", 70000); });
  CHECK(error_of(many).code == ErrorCode::limit);
}

TEST_CASE("no files at all is an error, not a crash") { CHECK_FALSE(parse_gguf({}).has_value()); }

TEST_CASE("a GGUF file cut at any byte is an error") {
  const auto whole = tiny();
  const std::size_t keys = llama_keys().header().size();
  auto w = llama_keys();
  const std::size_t header = llama_tensors(w).header().size();
  for (std::size_t n = 0; n < whole.size(); n += n < header + 64 ? 1 : 509) {
    const std::vector<std::byte> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
    const auto result = parse(cut);
    INFO("cut at " << n);
    CHECK_FALSE(result.has_value());
    if (n < keys) CHECK_FALSE(gguf_split({"m", cut}).has_value());
  }
  CHECK(parse(whole).has_value());
}

TEST_CASE("a GGUF file with any byte changed gives an answer or an error") {
  const auto endian = GENERATE(Endian::little, Endian::big);
  const auto whole = tiny(endian);
  const std::size_t header = 2048;
  std::size_t errors = 0;
  for (std::size_t i = 0; i < header; ++i)
    for (const unsigned flip : {0x01U, 0x80U, 0xffU}) {
      auto bytes = whole;
      bytes[i] ^= static_cast<std::byte>(flip);
      const auto result = parse(bytes);
      if (result.has_value()) {
        CHECK(stored_bytes(*result).count <= bytes.size());
      } else {
        CHECK_FALSE(result.error().message.empty());
        ++errors;
      }
    }
  CHECK(errors > 1000);
}

TEST_CASE("the recorded headers of real models are read, and their tensors fill their files") {
  const std::string directory = test::test_data("headers/");
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
  const std::string directory = test::test_data("headers/");
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
