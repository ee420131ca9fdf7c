#include "hf/checkpoint.hpp"

#include "catch.hpp"
#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

constexpr const char* small =
    "{'architectures': ['LlamaForCausalLM'], 'hidden_size': 64, 'intermediate_size': 128, "
    "'num_hidden_layers': 2, 'num_attention_heads': 4, 'num_key_value_heads': 4, 'vocab_size': "
    "100, 'tie_word_embeddings': true, 'torch_dtype': 'bfloat16'}";

Checkpoint::Entry matrix(std::string name, std::uint64_t rows, std::uint64_t columns,
                         std::string dtype = "BF16") {
  const std::uint64_t size = dtype == "F32" ? 4 : 2;
  return {std::move(name), {rows, columns}, std::move(dtype), Bytes{rows * columns * size}};
}

// A checkpoint of `small` whose shapes inside the layers do not matter, only their sum.
Checkpoint checkpoint_of(std::uint32_t n_layer, const std::string& dtype = "BF16") {
  Checkpoint out;
  out.from_headers = true;
  out.tensors.push_back(matrix("model.embed_tokens.weight", 100, 64, dtype));
  out.tensors.push_back({"model.norm.weight", {64}, "BF16", Bytes{128}});
  for (std::uint32_t i = 0; i < n_layer; ++i)
    out.tensors.push_back(matrix("model.layers." + std::to_string(i) + ".all.weight", 64,
                                 4 * 64 + 3 * 128 + 2, dtype));
  for (const auto& entry : out.tensors) out.total += entry.bytes;
  return out;
}

std::vector<std::string> notes_of(const Checkpoint& checkpoint) {
  std::vector<std::string> messages;
  for (const auto& note : model_of_text(small, &checkpoint).notes) messages.push_back(note.message);
  return messages;
}

using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("a checkpoint like its config gives no note") {
  CHECK(notes_of(checkpoint_of(2)).empty());
}

TEST_CASE("layers that the config does not have, or that the checkpoint lacks, are told") {
  CHECK(notes_of(checkpoint_of(3)).back() == "the checkpoint holds 3 layers, the config says 2");
  Checkpoint tower = checkpoint_of(2);
  tower.tensors.push_back({"vision_tower.layers.7.weight", {1}, "BF16", Bytes{2}});
  CHECK(notes_of(tower).empty());
}

TEST_CASE("an embedding of another shape is told") {
  Checkpoint other = checkpoint_of(2);
  other.tensors[0] = matrix("model.embed_tokens.weight", 104, 64);
  CHECK(notes_of(other) ==
        Messages{"the checkpoint's model.embed_tokens.weight is 104 x 64, the config gives 100 x "
                 "64"});
}

TEST_CASE("weights of another type than the config states are told") {
  CHECK(notes_of(checkpoint_of(2, "F32")) ==
        Messages{"most of the checkpoint is F32, the config says BF16"});
}

TEST_CASE("what an index and its files do not share is named") {
  const Checkpoint files = checkpoint_of(2);
  Checkpoint index;
  for (const auto& entry : files.tensors) index.indexed.push_back(entry.name);
  index.total = files.total;
  CHECK(disagreements(index, files).empty());

  index.indexed.push_back("lm_head.weight");
  index.indexed.erase(index.indexed.begin());
  index.total = Bytes{7};
  const auto notes = disagreements(index, files);
  REQUIRE(notes.size() == 3);
  CHECK(notes[0].code == "index-disagrees");
  CHECK(notes[0].message == "the index lists 1 tensor that no file holds: lm_head.weight");
  CHECK(notes[1].message ==
        "the files hold 1 tensor that the index does not list: model.embed_tokens.weight");
  CHECK(notes[2].message == "the index states 7 B (7 bytes), the files hold " +
                                std::to_string(files.total.count) + " bytes");
}

TEST_CASE("an index keeps the names of its tensors") {
  const auto index = parse_safetensors_index(
      R"({"weight_map": {"b": "model-1.safetensors", "a": "model-1.safetensors"}})", "x");
  REQUIRE(index);
  CHECK(index->indexed == std::vector<std::string>{"b", "a"});
}
