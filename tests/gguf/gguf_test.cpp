#include "catch.hpp"
#include "support/small_gguf.hpp"

using namespace fitvram;
using namespace fitvram::test;

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
  CHECK(refused(twice).message == "this key occurs twice");
  CHECK(refused(twice).where.ends_with(", key 'llama.block_count'"));
  const std::string longest(1000, 'k');
  CHECK(refused(parse(GgufWriter().false_type(longest, 13))).where ==
        "m.gguf: byte 1032, key '" + std::string(80, 'k') + "...'");
}

TEST_CASE("alignment is a power of two and rules where the data lies") {
  const auto aligned = [](std::uint32_t n) {
    return parse_with([&](GgufWriter& w) { w.u32("general.alignment", n).align(n == 0 ? 32 : n); });
  };
  CHECK(aligned(64).has_value());
  CHECK(aligned(8).has_value());
  CHECK(refused(aligned(0)).message == "0 is not a power of two, which alignments are");
  CHECK(refused(aligned(3)).message == "3 is not a power of two, which alignments are");
  const auto far = parse_with([](GgufWriter& w) { w.u32("general.alignment", 1U << 31); });
  CHECK(far.error().message ==
        "data at offset 288 instead of 2147483648, where the tensor before it ends");
}

TEST_CASE("tensors that cannot be are refused by name") {
  const auto first = [](const std::vector<std::uint64_t>& ne, std::uint32_t type) {
    auto w = llama_keys();
    return refused(parse(w.tensor("x", ne, type)));
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
  const Error e = refused(cut);
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
  CHECK(refused(beyond).message == "a tensor of layer 2 in a model of 2 layers, counted from 0");
  w = llama_keys();
  CHECK_FALSE(parse(w.tensor("blk.99999999999999999999.x", {64}, f32)).has_value());
  w = llama_keys();
  const auto odd =
      parse(w.tensor("blk.x.y", {64}, f32).tensor("blk.1", {64}, f32).tensor("blk.1.", {64}, f32));
  REQUIRE(odd.has_value());
  for (const auto& t : odd->tensors) CHECK(t.layer == -1);
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
