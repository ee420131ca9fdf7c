#include "tables/snapshot.hpp"

#include "base/malformed.hpp"
#include "catch.hpp"
#include "fitvram/parse.hpp"

using namespace fitvram;

namespace {

const std::vector<CatalogEntry>& written() {
  static const auto entries = embedded_catalog().value();
  return entries;
}

const std::vector<CatalogEntry>& parsed() {
  static const auto entries = parse_catalog(embedded_models(), "models.json").value();
  return entries;
}

std::string refusal(std::string_view bytes) {
  const auto model = model_of({"me/mine", "{}", bytes});
  return model ? "" : model.error().where + ": " + model.error().message;
}

// No model has all of this.
ModelInfo full_model() {
  ModelInfo model;
  model.name = std::string(300, 'n');
  model.source = "s";
  model.format = ModelFormat::parameters;
  model.known_architecture = true;
  model.layout = Provenance::assumed;
  model.n_params = UINT64_MAX;
  model.n_params_mmproj = 128;
  model.n_layer = UINT32_MAX;
  model.hparams.n_layer = UINT32_MAX;
  model.hparams.n_vocab = 0;
  model.hparams.n_head = PerLayer{std::vector<std::uint32_t>{1, 0, 127, 128, 16384}};
  model.hparams.rope_finetuned = false;
  model.hparams.tied_embeddings = true;
  model.hparams.clamp_kqv = -0.1;
  model.hparams.swa_layers = {true, false, true};
  model.hparams.rope_scale = 1e300;
  model.layers = {{LayerKind::nextn, {}},
                  {LayerKind::attention, {{CacheRole::compressor_state, Growth::constant, 7, {}}}},
                  {LayerKind::nextn, {}}};
  model.tensors = {{"token_embd.weight",
                    {5, 6, 7, UINT64_MAX},
                    find_tensor_type("U8"),
                    -1,
                    TensorRole::token_embd},
                   {"a", {1, 1, 1, 1}, nullptr, 0, TensorRole::other},
                   {"a", {1, 1, 1, 1}, nullptr, 1, TensorRole::other},
                   {"a", {1, 2, 1, 1}, nullptr, 1, TensorRole::other},
                   {"a", {1, 1, 1, 1}, nullptr, 3, TensorRole::other},
                   {"a", {1, 1, 1, 1}, nullptr, 0, TensorRole::other}};
  model.packings = {{1, 2, 3, 4, 5, 6, 7, 8, 9}};
  model.quant = "Q4_K_M";
  model.checkpoint_bytes = Bytes{12345678901};
  model.notes = {{Severity::warning, "code", "message"}};
  return model;
}

}  // namespace

TEST_CASE("every embedded entry comes with the model that its config is read as") {
  REQUIRE(written().size() == parsed().size());
  for (std::size_t i = 0; i < parsed().size(); ++i) {
    CAPTURE(parsed()[i].name);
    CHECK(written()[i].name == parsed()[i].name);
    CHECK(written()[i].config == parsed()[i].config);
    CHECK(parsed()[i].snapshot.empty());
    const auto fresh = model_of(parsed()[i]);
    const auto stored = model_of(written()[i]);
    REQUIRE(fresh);
    REQUIRE(stored);
    CHECK((*stored == *fresh));
    CHECK((read_model_snapshot(write_snapshot(*fresh)) == *fresh));
    CHECK((models_snapshot().empty() || !written()[i].snapshot.empty()));
  }
}

TEST_CASE("the embedded cards are those of the table") {
  const auto cards = parse_gpus(embedded_gpus(), "gpus.json");
  REQUIRE(cards);
  CHECK((embedded_cards().value() == *cards));
  CHECK((read_card_snapshot(write_snapshot(*cards)) == *cards));
}

TEST_CASE("a model is read as it was written, whatever it holds") {
  const ModelInfo model = full_model();
  const auto bytes = write_snapshot(model);
  CHECK((read_model_snapshot(bytes) == model));
  CHECK((read_model_snapshot(write_snapshot(ModelInfo{})) == ModelInfo{}));
  ModelInfo deep = model;
  deep.tensors.back().layer = 2;
  CHECK_FALSE((read_model_snapshot(write_snapshot(deep)) == model));
}

TEST_CASE("a snapshot that is cut off is an error wherever that is") {
  const auto whole = write_snapshot(*model_of(parsed().front()));
  CHECK(refusal(whole).empty());
  CHECK(refusal(whole + '\0') == "catalog: me/mine: a snapshot goes on after its end");
  for (std::size_t length = 1; length < whole.size(); ++length) {
    CHECK(refusal(whole.substr(0, length)) == "catalog: me/mine: a snapshot is cut off");
  }
}

TEST_CASE("bytes that say what cannot be are an error") {
  const auto whole = write_snapshot(full_model());
  const auto sound = [](std::string_view bytes) {
    const auto model = model_of({"me/mine", "{}", bytes});
    return !model || model->tensors.size() <= 65536;
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int value : {0, 1, 127, 128, 255}) {
      auto broken = whole;
      broken[i] = static_cast<char>(value);
      CHECK(sound(broken));
    }
  }
  CHECK(refusal(std::string(11, '\xff')) ==
        "catalog: me/mine: a number of a snapshot is too large");
  CHECK_THROWS_AS(read_card_snapshot("\x01"), Malformed);
  CHECK_THROWS_AS(read_catalog_snapshot(std::string_view("\x01\x01"
                                                         "a\x05\x01\0",
                                                         6),
                                        "{}"),
                  Malformed);
}

TEST_CASE("a catalogue is written with the places of its configs") {
  const std::string json =
      R"({"models": [{"name": "a\/b", "config": {"model_type": "llama"}}, {"config": {}, "name": "c"}]})";
  const auto entries = parse_catalog(json, "mine.json").value();
  const auto bytes = write_snapshot(entries, json);
  const auto back = read_catalog_snapshot(bytes, json);
  REQUIRE(back.size() == 2);
  CHECK(back[0].name == "a/b");
  CHECK(back[0].config == R"({"model_type": "llama"})");
  CHECK(back[1].config == "{}");
  CHECK(back[1].snapshot.empty());
  CHECK(model_of(back[1]).error() == model_of(entries[1]).error());
}
