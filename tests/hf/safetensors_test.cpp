#include <functional>

#include "catch.hpp"
#include "fitvram/parse.hpp"

using namespace fitvram;

namespace {

// A safetensors file: the header's length, the header, then `data` zero bytes.
std::vector<std::byte> file_of(std::string_view header, std::size_t data) {
  std::vector<std::byte> out;
  for (std::size_t i = 0; i < 8; ++i)
    out.push_back(static_cast<std::byte>(std::uint64_t{header.size()} >> (8 * i)));
  for (const char c : header) out.push_back(static_cast<std::byte>(c));
  out.resize(out.size() + data);
  return out;
}

Result<Checkpoint> parse(std::string_view header, std::size_t data = 0) {
  return parse_safetensors(file_of(header, data), "m.safetensors");
}

void check_error(const Result<Checkpoint>& result, ErrorCode code, const std::string& where,
                 const std::string& message) {
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == code);
  CHECK(result.error().where == where);
  CHECK(result.error().message == message);
}

// The message about the only tensor of a header.
std::string message_of(std::string_view tensor, std::size_t data = 64) {
  const auto result = parse("{\"t\":" + std::string(tensor) + "}", data);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ErrorCode::malformed);
  CHECK(result.error().where == "m.safetensors: tensor 't'");
  return result.error().message;
}

Result<Checkpoint> index(std::string_view text) {
  return parse_safetensors_index(text, "model.safetensors.index.json");
}

}  // namespace

TEST_CASE("a safetensors header gives every tensor with its bytes") {
  const auto checkpoint = parse(
      R"({"__metadata__":{"format":"pt","nested":{"a":[1,{"b":[2]}]}},
          "model.embed_tokens.weight":{"dtype":"BF16","shape":[4,8],"data_offsets":[0,64]},
          "scale":{"dtype":"F32","shape":[],"data_offsets":[64,68]},
          "packed":{"dtype":"F4","shape":[2,2],"data_offsets":[68,70]},
          "odd":{"dtype":"F7_NEW","shape":[9],"data_offsets":[70,75]},
          "none":{"dtype":"I32","shape":[0,5],"data_offsets":[75,75]}}   )",
      75);
  REQUIRE(checkpoint.has_value());
  CHECK(checkpoint->from_headers);
  CHECK(checkpoint->total == Bytes{75});
  CHECK(checkpoint->n_params == 0);
  REQUIRE(checkpoint->tensors.size() == 5);
  CHECK(checkpoint->tensors[0].name == "model.embed_tokens.weight");
  CHECK(checkpoint->tensors[0].dtype == "BF16");
  CHECK(checkpoint->tensors[0].shape == std::vector<std::uint64_t>{4, 8});
  CHECK(checkpoint->tensors[0].bytes == Bytes{64});
  CHECK(checkpoint->tensors[1].shape.empty());
  CHECK(checkpoint->tensors[3].bytes == Bytes{5});
}

TEST_CASE("the length of a safetensors header is checked before it is read") {
  auto bytes = file_of("{}", 0);
  CHECK(parse_safetensors(bytes, "m").has_value());
  bytes[0] = std::byte{200};
  check_error(parse_safetensors(bytes, "m"), ErrorCode::malformed, "m: byte 0",
              "header of 200 bytes, but only 2 remain");
  bytes[7] = std::byte{0xff};
  check_error(parse_safetensors(bytes, "m"), ErrorCode::limit, "m: byte 0",
              "header of 18374686479671623880 bytes; safetensors stops at 100000000");
  bytes.resize(5);
  check_error(parse_safetensors(bytes, "m"), ErrorCode::malformed, "m: byte 0",
              "8 bytes needed, but only 5 remain");
  bytes.clear();
  check_error(parse_safetensors(bytes, "m"), ErrorCode::not_a_model, "m", "this is an empty file");
  for (const char c : std::string("GGUF and more")) bytes.push_back(static_cast<std::byte>(c));
  check_error(parse_safetensors(bytes, "m"), ErrorCode::not_a_model, "m", "this is a GGUF file");
}

TEST_CASE("a safetensors header that is not JSON says where") {
  check_error(parse("{\"t\":"), ErrorCode::malformed, "m.safetensors: byte 14",
              "not valid JSON at '\"t\":'");
  check_error(parse("{\"t\":NaN}"), ErrorCode::malformed, "m.safetensors: byte 14",
              "not valid JSON at '\"t\":N'");
  check_error(parse("[]"), ErrorCode::malformed, "m.safetensors",
              "the header is not a JSON object");
  check_error(parse("12"), ErrorCode::malformed, "m.safetensors",
              "the header is not a JSON object");
  const auto deep = parse("{\"__metadata__\":" + std::string(200'000, '['));
  CHECK(deep.error().code == ErrorCode::malformed);
}

TEST_CASE("a safetensors tensor that cannot be is refused by name") {
  CHECK(message_of("5") == "no description, but a single value");
  CHECK(message_of("[]") == "an array where an object is needed");
  CHECK(message_of("{}") == "'dtype' is missing");
  CHECK(message_of(R"({"dtype":"F32"})") == "'shape' is missing");
  CHECK(message_of(R"({"dtype":16})") == "'dtype' is not a string");
  CHECK(message_of(R"({"dtype":"F32","shape":[1]})") == "'data_offsets' does not hold two numbers");
  CHECK(message_of(R"({"dtype":"F32","shape":4})") == "'shape' is not an array");
  CHECK(message_of(R"({"shape":[-1]})") == "'shape' holds something that is not a count");
  CHECK(message_of(R"({"shape":[1.5]})") == "'shape' holds something that is not a count");
  CHECK(message_of(R"({"shape":[18446744073709551616]})") ==
        "'shape' holds something that is not a count");
  CHECK(message_of(R"({"shape":[[1]]})") == "unexpected nesting");
  CHECK(message_of(R"({"shape":{"a":1}})") == "unexpected nesting");
  CHECK(message_of(R"({"dtype":"F32","shape":[1],"data_offsets":[8,4]})") ==
        "its data begins at 8 and ends at 4");
  CHECK(message_of(R"({"dtype":"F32","shape":[1],"data_offsets":[61,65]})") ==
        "its data ends at byte 65 of the data, which has only 64");
  CHECK(message_of(R"({"dtype":"BF16","shape":[4,2],"data_offsets":[0,17]})") ==
        "the shape needs 16 bytes of BF16, but the data has 17");
  CHECK(message_of(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})") ==
        "the shape needs 2305843009213693951 bytes of F32, but the data has 0");

  const std::string one = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  check_error(parse("{\"a\":" + one + ",\"a\":" + one + "}", 4), ErrorCode::malformed,
              "m.safetensors: tensor 'a'", "this tensor occurs twice");
  check_error(parse("{\"a\":" + one + ",\"b\":" + one + "}", 4), ErrorCode::malformed,
              "m.safetensors: tensor 'b'", "its data overlaps that of 'a'");
}

TEST_CASE("an index gives the size and the files of a checkpoint") {
  const auto plain = index(R"({"metadata":{"total_size":24,"total_parameters":12,"x":{"y":1}},
    "weight_map":{"b":"model-2.safetensors","a":"model-1.safetensors","c":"model-2.safetensors"}})");
  REQUIRE(plain.has_value());
  CHECK(plain->total == Bytes{24});
  CHECK(plain->n_params == 12);
  CHECK(plain->shards == std::vector<std::string>{"model-1.safetensors", "model-2.safetensors"});
  CHECK_FALSE(plain->from_headers);
  CHECK(plain->tensors.empty());
  CHECK(index(R"({"metadata":{"total_size":16060522496.0},"weight_map":{}})")->total ==
        Bytes{16060522496});
  CHECK(index(R"({"metadata":{"total_size":"16060522496"},"weight_map":{}})")->total ==
        Bytes{16060522496});
  CHECK(index(R"({"metadata":null,"weight_map":{}})")->total == Bytes{0});
}

TEST_CASE("an index that is wrong says where") {
  const std::string name = "model.safetensors.index.json";
  check_error(index("{}"), ErrorCode::missing_field, name, "'weight_map' is missing");
  check_error(index("[]"), ErrorCode::malformed, name, "the index is not a JSON object");
  check_error(index(""), ErrorCode::malformed, name + ": byte 1", "not valid JSON at ''");
  check_error(index(R"({"weight_map":[]})"), ErrorCode::malformed, name + ": /weight_map",
              "not an object of file names");
  check_error(index(R"({"weight_map":{"a":1}})"), ErrorCode::malformed, name + ": /weight_map",
              "not an object of file names");
  check_error(index(R"({"weight_map":{"a":{"b":"c"}}})"), ErrorCode::malformed,
              name + ": /weight_map", "not an object of file names");
  check_error(index(R"({"weight_map":{"a":"../b"}})"), ErrorCode::malformed,
              name + ": /weight_map/a", "'../b' is not the name of a file beside it");
  check_error(index(R"({"weight_map":{"a":"b\u0000\nc"}})"), ErrorCode::malformed,
              name + ": /weight_map/a", "'b??c' is not the name of a file beside it");
  for (const char* size : {"-1", "1.5", "\"many\"", "\"12 GB\"", "true", "1e300"})
    check_error(index(R"({"metadata":{"total_size":)" + std::string(size) + "}}"),
                ErrorCode::malformed, name + ": /metadata/total_size", "not a count");
}

TEST_CASE("parts of a checkpoint add up") {
  auto a = parse(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", 4);
  auto b = parse(R"({"b":{"dtype":"U8","shape":[6],"data_offsets":[0,6]}})", 6);
  REQUIRE(a.has_value());
  REQUIRE(b.has_value());
  const auto all = merge({*a, *b});
  CHECK(all.from_headers);
  CHECK(all.total == Bytes{10});
  REQUIRE(all.tensors.size() == 2);
  CHECK(all.tensors[1].name == "b");
  CHECK_FALSE(merge({}).from_headers);
  const auto x = index(R"({"weight_map":{"a":"2","b":"1"}})");
  const auto y = index(R"({"weight_map":{"a":"1"}})");
  CHECK(merge({*x, *y}).shards == std::vector<std::string>{"1", "2"});
}

TEST_CASE("a safetensors file cut or changed at any byte gives an answer or an error") {
  const auto whole = file_of(
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[4,8],"data_offsets":[0,64]}})",
      64);
  for (std::size_t n = 0; n < whole.size(); ++n) {
    CHECK_FALSE(parse_safetensors(std::span(whole).first(n), "m").has_value());
    for (const unsigned flip : {0x01U, 0x20U, 0x80U, 0xffU}) {
      auto bytes = whole;
      bytes[n] ^= static_cast<std::byte>(flip);
      const auto result = parse_safetensors(bytes, "m");
      if (!result.has_value()) CHECK_FALSE(result.error().message.empty());
    }
  }
  CHECK(parse_safetensors(whole, "m").has_value());
}
