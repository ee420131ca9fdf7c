#include "model/layout.hpp"

#include <string>

#include "catch.hpp"
#include "support/layer_facts.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

Layout layout(Hparams hp) {
  ModelInfo model;
  model.format = ModelFormat::gguf;
  model.hparams = std::move(hp);
  return layout_of(model);
}

std::string complaint(const Hparams& hp) {
  return complaint_of([&] { layout(hp); });
}

}  // namespace

TEST_CASE("a missing or impossible fact is named") {
  const auto base = facts("llama", 2, 256, 4, 2);
  auto hp = base;
  hp.n_layer = {};
  CHECK(complaint(hp) ==
        "key 'llama.block_count': missing, and the cache cannot be computed without it");
  hp.n_layer = 0;
  CHECK(complaint(hp) == "key 'llama.block_count': is 0");
  hp.n_layer = 4000000000;
  CHECK(complaint(hp) == "key 'llama.block_count': 4000000000 blocks; no model has more than 4096");
  hp = base;
  hp.n_head = hp.n_head_kv = {};
  CHECK(complaint(hp) ==
        "key 'llama.attention.head_count': missing, and the cache cannot be computed without it");
  hp.n_head = 0;
  CHECK(complaint(hp) == "key 'llama.attention.head_count': is 0");
  hp = base;
  hp.n_embd = {};
  CHECK(complaint(hp) ==
        "key 'llama.embedding_length': missing, and the cache cannot be computed without it");
  hp.head_dim_k = hp.head_dim_v = 64;
  CHECK(complaint(hp) == "");
  hp.n_head_kv = 8;
  CHECK(complaint(hp) ==
        "key 'llama.attention.head_count_kv': more key-value heads (8) than heads (4)");
  hp = base;
  hp.n_layer = 3;
  hp.n_head_kv = List{2, 2};
  CHECK(complaint(hp) == "key 'llama.attention.head_count_kv': has 2 values for 3 blocks");
}

TEST_CASE("prediction blocks, windows and shared caches are flagged block by block") {
  auto hp = facts("gemma4", 6, 2048, 8, 2);
  hp.n_swa = 512;
  hp.swa_layers = {true, true, false, true, true, false};
  hp.shared_kv_layers = 2;
  const auto at = layout(hp);
  CHECK(at.n_kv == 4);
  CHECK(at.n_swa == 512);
  CHECK(at.swa == hp.swa_layers);
  CHECK(has_attention(at, hp, 3));
  CHECK_FALSE(has_attention(at, hp, 4));

  auto draft = facts("glm4moe", 3, 2048, 8, 2);
  draft.n_layer_nextn = 1;
  const auto tail = layout(draft);
  CHECK(tail.n_trunk == 2);
  CHECK_FALSE(has_attention(tail, draft, 2));
}
