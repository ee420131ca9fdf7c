#include "cli/answer/inputs.hpp"

#include "catch.hpp"
#include "support/fake_io.hpp"

using namespace fitvram;
using namespace fitvram::cli;
using namespace fitvram::test;

namespace {

std::vector<Result<ModelInfo>> load(FakeIo io, const std::string& word) {
  Options options;
  options.catalogs = {"catalog.json"};
  options.only_catalog = true;
  const auto catalog = load_catalog(io, options);
  REQUIRE(catalog);
  return load_models(io, word, *catalog);
}

Result<ModelInfo> only(const std::string& word) {
  auto models = load(small_world(), word);
  REQUIRE(models.size() == 1);
  return models.front();
}

}  // namespace

TEST_CASE("a split model is read whole from any of its shards") {
  const auto whole = only("tiny.gguf");
  REQUIRE(whole);
  for (const auto* const shard :
       {"split/tiny-00001-of-00002.gguf", "split/tiny-00002-of-00002.gguf"}) {
    const auto model = only(shard);
    REQUIRE(model);
    CHECK(model->n_params == whole->n_params);
    CHECK(model->source == "split/tiny-00001-of-00002.gguf");
  }
}

TEST_CASE("a missing shard is named, whichever shard was given") {
  for (const auto* const shard :
       {"half/tiny-00001-of-00002.gguf", "half/tiny-00002-of-00002.gguf"}) {
    const auto model = only(shard);
    REQUIRE_FALSE(model);
    CHECK(model.error() == Error{ErrorCode::io, "half/tiny-00002-of-00002.gguf",
                                 "shard 2 of 2 is missing",
                                 "put all 2 files of the model in one directory"});
  }
}

TEST_CASE("a directory gives its GGUF files, shards as one model and projectors not at all") {
  auto io = small_world();
  io.files["models/b-00001-of-00002.gguf"] = tiny_gguf(0, 2);
  io.files["models/b-00002-of-00002.gguf"] = tiny_gguf(1, 2);
  const auto models = load(io, "models");
  REQUIRE(models.size() == 2);
  REQUIRE(models[0]);
  CHECK(models[0]->source == "models/a.gguf");
  CHECK(models[0]->notes.back().code == "projector-skipped");
  REQUIRE(models[1]);
  CHECK(models[1]->source == "models/b-00001-of-00002.gguf");
}

TEST_CASE("a directory with a config is the model of that config") {
  const auto model = only("gemma");
  REQUIRE(model);
  CHECK(model->source == "gemma/config.json");
  CHECK(model->architecture == "gemma3");
}

TEST_CASE("safetensors that cannot be read cost exactness, not the answer") {
  auto io = small_world();
  io.files["gemma/model.safetensors"] = "version https://git-lfs.github.com/spec/v1\n";
  const auto models = load(io, "gemma");
  REQUIRE(models[0]);
  CHECK(models[0]->notes.back().code == "checkpoint-unread");
}

TEST_CASE("an index with all its files absent still gives the size") {
  auto io = small_world();
  io.files["gemma/model.safetensors.index.json"] =
      R"({"metadata": {"total_size": 54864865504},
          "weight_map": {"model.norm.weight": "model-00001-of-00001.safetensors"}})";
  const auto models = load(io, "gemma");
  REQUIRE(models[0]);
  CHECK(models[0]->checkpoint_bytes == Bytes{54864865504});
}

TEST_CASE("standard input may be a GGUF or a config") {
  auto io = small_world();
  io.input = io.files["tiny.gguf"];
  CHECK(load(io, "-")[0]->name == "tiny");
  io.input = io.files["gemma/config.json"];
  CHECK(load(io, "-")[0]->architecture == "gemma3");
}

TEST_CASE(
    "a path that exists wins over a name, a name that looks like a path does not become one") {
  auto io = small_world();
  io.files["Qwen3-8B"] = io.files["tiny.gguf"];
  CHECK(load(io, "Qwen3-8B")[0]->name == "tiny");
  CHECK(only("Qwen3-8B")->format == ModelFormat::catalog);
  CHECK(only("./Qwen3-8B").error().message == "no such file or directory");
}

TEST_CASE("a mistyped path suggests its neighbour") {
  CHECK(only("tiyn.gguf").error().hint == "did you mean 'tiny.gguf'?");
  CHECK(only("models/b.gguf").error().hint == "did you mean 'models/a.gguf'?");
  CHECK(only("nowhere/b.gguf").error().hint.empty());
}

TEST_CASE("a file replaces entries of the embedded tables by name") {
  auto io = small_world();
  Options options;
  const auto before = load_gpus(io, options);
  REQUIRE(before);
  io.files["mine.json"] = R"({"gpus": [{"name": "rtx 4090", "vendor": "nvidia", "vram_gib": 99}]})";
  options.gpu_files = {"mine.json"};
  const auto after = load_gpus(io, options);
  REQUIRE(after);
  CHECK(after->size() == before->size());
  options.only_gpus = true;
  CHECK(load_gpus(io, options)->size() == 1);
}

TEST_CASE("a model whose file changes under the reader is refused by name") {
  auto io = fitvram::test::small_world({"estimate", "tiny.gguf"});
  io.changed = "tiny.gguf";
  const auto run = fitvram::test::run(io);
  CHECK(run.status == 3);
  CHECK(run.out.empty());
  CHECK(run.err ==
        "fitvram: error: tiny.gguf: changed while it was being read\n"
        "  hint: wait until it is written, then try again\n");
}

TEST_CASE("a model that does not name itself is known by its file, shards or directory") {
  auto io = small_world();
  auto nameless = [](std::uint16_t shard = 0, std::uint16_t count = 1) {
    auto text = tiny_gguf(shard, count);
    return text.replace(text.find("general.name"), 12, "general.nome");
  };
  io.files["models/some.model.gguf"] = nameless();
  io.files["models/cut-00001-of-00002.gguf"] = nameless(0, 2);
  io.files["models/cut-00002-of-00002.gguf"] = nameless(1, 2);
  CHECK(load(io, "models/some.model.gguf")[0]->name == "some.model");
  CHECK(load(io, "models/cut-00002-of-00002.gguf")[0]->name == "cut");
  io.files["config.json"] = io.files["gemma/config.json"];
  CHECK(load(io, "gemma")[0]->name == "gemma");
  CHECK(load(io, "config.json")[0]->name == "config.json");
}

TEST_CASE("an index that cannot be read costs exactness, not the answer") {
  auto io = small_world();
  io.files["gemma/model.safetensors.index.json"] = "{";
  const auto models = load(io, "gemma");
  REQUIRE(models[0]);
  CHECK(models[0]->notes.back().code == "checkpoint-unread");
  CHECK(models[0]->notes.back().message.find("gemma/model.safetensors.index.json") == 0);
}

TEST_CASE("an index and the files it names that disagree are told") {
  auto io = small_world();
  const std::string header = R"({"model.norm.weight":{"dtype":"BF16","shape":[4],)"
                             R"("data_offsets":[0,8]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  io.files["gemma/model-00001-of-00001.safetensors"] = file + header + std::string(8, '\0');
  io.files["gemma/model.safetensors.index.json"] =
      R"({"metadata": {"total_size": 16},
          "weight_map": {"model.norm.weight": "model-00001-of-00001.safetensors"}})";
  const auto models = load(io, "gemma");
  REQUIRE(models[0]);
  CHECK(models[0]->checkpoint_bytes == Bytes{8});
  for (const auto& note : models[0]->notes) UNSCOPED_INFO(note.code << ": " << note.message);
  CHECK(std::any_of(models[0]->notes.begin(), models[0]->notes.end(),
                    [](const Note& note) { return note.message.find("16") != std::string::npos; }));
}

TEST_CASE(
    "a folder of Hugging Face's cache stands for the snapshot that main is, or the only one") {
  const std::string config =
      R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2,
          "num_attention_heads": 2, "vocab_size": 10})";
  FakeIo io;
  io.files["catalog.json"] = R"({"models": []})";
  io.files["models--a--b/snapshots/one/config.json"] = config;
  const auto alone = load(io, "models--a--b");
  REQUIRE(alone.size() == 1);
  REQUIRE(alone.front());
  CHECK(alone.front()->name == "a/b");

  std::string other = config;
  other.replace(other.find("\"num_hidden_layers\": 2"), 22, "\"num_hidden_layers\": 3");
  io.files["models--a--b/snapshots/two/config.json"] = other;
  CHECK_FALSE(load(io, "models--a--b").front());
  io.files["models--a--b/refs/main"] = "two\n";
  const auto main = load(io, "models--a--b/");
  REQUIRE(main.front());
  CHECK(main.front()->n_layer == 3);
}

TEST_CASE("a directory with a maker's own params.json is read by it") {
  FakeIo io;
  io.files["catalog.json"] = R"({"models": []})";
  io.files["llama/params.json"] =
      R"({"dim": 4096, "n_layers": 32, "n_heads": 32, "multiple_of": 256, "vocab_size": 32000})";
  const auto models = load(io, "llama");
  REQUIRE(models.front());
  CHECK(models.front()->n_params == 6'738'415'616);
}
