#include "catch.hpp"
#include "support/small_gguf.hpp"

using namespace fitvram;
using namespace fitvram::test;

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
  CHECK(refused(wrong_count).message == "5 tensors are stated, but the files hold 4");
  CHECK(refused(wrong_count).where.ends_with(", key 'split.tensors.count'"));

  GgufWriter twin;
  twin.u16("split.no", 2).u16("split.count", 3);
  twin.tensor("blk.1.attn_q.weight", {64, 64}, q8_0).tensor("token_embd.weight", {64}, f32);
  const auto doubled = parse_files({files[0], files[1], twin.bytes()}, three_names);
  CHECK(refused(doubled).where.starts_with("d/m-00003-of-00003.gguf: byte "));
  CHECK(refused(doubled).message == "this tensor is also in 'd/m-00001-of-00003.gguf'");

  GgufWriter qwen;
  qwen.u16("split.no", 1).u16("split.count", 3).text("general.architecture", "qwen2");
  const auto foreign = parse_files({files[0], qwen.bytes(), files[2]}, three_names);
  CHECK(refused(foreign).message == "a file of another model: 'qwen2' instead of 'llama'");

  GgufWriter numberless, beyond;
  check_error(parse(numberless.u16("split.count", 3)), ErrorCode::missing_field, "m.gguf",
              "'split.count' is there, but 'split.no' is not");
  CHECK(refused(parse(beyond.u16("split.no", 3).u16("split.count", 3))).message ==
        "file number 3 of 3; numbers begin at 0");
  const auto many = parse_with([](GgufWriter& w) { w.u32("split.count", 70000); });
  CHECK(refused(many).code == ErrorCode::limit);
}
