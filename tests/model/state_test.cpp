#include "catch.hpp"
#include "support/layer_facts.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

std::string complaint(const Hparams& hp) {
  return complaint_of([&] { with_layers(hp); });
}

}  // namespace

TEST_CASE("hybrids keep K and V on attention layers and state on the others") {
  auto jamba = facts("jamba", 32, 4096, 32, 8);
  jamba.n_head_kv = every(32, 8, 4, 8);
  jamba.ssm_conv_kernel = 4;
  jamba.ssm_inner_size = 8192;
  jamba.ssm_state_size = 16;
  jamba.ssm_group_count = 8;
  const auto j = with_layers(jamba);
  CHECK(count(j, kv(8, 128, 128)) == 4);
  CHECK(count(j, conv(3 * 8192)) == 28);
  CHECK(count(j, state(16 * 8192)) == 28);
  CHECK(count(j, LayerKind::recurrent) == 28);

  auto h1 = facts("falcon-h1", 36, 1024, 8, 2);
  h1.head_dim_k = h1.head_dim_v = 64;
  h1.ssm_conv_kernel = 4;
  h1.ssm_inner_size = 1536;
  h1.ssm_state_size = 128;
  h1.ssm_group_count = 1;
  const auto f = with_layers(h1);
  CHECK(count(f, LayerKind::hybrid) == 36);
  CHECK(count(f, kv(2, 64, 64)) == 36);
  CHECK(count(f, conv(3 * (1536 + 2 * 128))) == 36);
  CHECK(count(f, state(128 * 1536)) == 36);
}

TEST_CASE("nemotron-h tells three kinds of layer apart") {
  auto hp = facts("nemotron_h", 4, 4096, 32, 8);
  hp.head_dim_k = hp.head_dim_v = 128;
  hp.n_head_kv = List{0, 8, 0, 0};
  hp.n_ff = List{0, 0, 21504, 0};
  hp.ssm_conv_kernel = 4;
  hp.ssm_inner_size = 8192;
  hp.ssm_state_size = 128;
  hp.ssm_group_count = 8;
  const auto model = with_layers(hp);
  CHECK(model.layers[0].kind == LayerKind::recurrent);
  CHECK(model.layers[1].kind == LayerKind::attention);
  CHECK(model.layers[2].kind == LayerKind::feed_forward);
  CHECK(slots(model) == 2 + 1 + 2);

  hp.n_layer_nextn = 1;
  hp.n_head_kv = List{0, 8, 0, 8};
  CHECK(with_layers(hp).layers[3].caches == std::vector<CacheSlot>{kv(8, 128, 128)});
}

TEST_CASE("kimi linear has latent layers and delta-attention layers") {
  auto hp = facts("kimi-linear", 27, 2304, 32, 1);
  hp.n_head_kv = every(27, 4, 3, 1);
  hp.n_head_kv.values[26] = 1;
  hp.head_dim_k = 576;
  hp.head_dim_k_mla = 192;
  hp.ssm_conv_kernel = 4;
  hp.kda_head_dim = 128;
  const auto model = with_layers(hp);
  CHECK(count(model, latent(576)) == 7);
  CHECK(count(model, conv(3 * 3 * 32 * 128)) == 20);
  CHECK(count(model, state(128 * 128 * 32)) == 20);
  CHECK(model.hparams.head_dim_v == 72);
}

TEST_CASE("qwen 3.5 is recurrent but for every fourth layer, or as listed") {
  auto hp = facts("qwen35", 9, 4096, 16, 4);
  hp.n_layer_nextn = 1;
  hp.head_dim_k = hp.head_dim_v = 256;
  hp.ssm_conv_kernel = 4;
  hp.ssm_inner_size = 4096;
  hp.ssm_state_size = 128;
  hp.ssm_group_count = 16;
  const auto model = with_layers(hp);
  CHECK(count(model, kv(4, 256, 256)) == 2);
  CHECK(count(model, LayerKind::recurrent) == 6);
  CHECK(model.layers[8].caches.empty());
  hp.recurrent_layers = {true, false, true, false, true, false, true, false, false};
  CHECK(count(with_layers(hp), LayerKind::attention) == 4);
  hp.recurrent_layers.clear();
  hp.full_attention_interval = 0;
  CHECK(complaint(hp) == "key 'qwen35.full_attention_interval': is 0");
}

TEST_CASE("qwen 4 adds an indexer without V and one row of n-gram history") {
  auto hp = facts("qwen4exp", 8, 2048, 16, 2);
  hp.head_dim_k = hp.head_dim_v = 256;
  hp.ssm_conv_kernel = 4;
  hp.ssm_inner_size = 4096;
  hp.ssm_state_size = 128;
  hp.ssm_group_count = 16;
  hp.indexer_head_dim = 128;
  hp.hyper_connections = 4;
  hp.ple_layers = {1};
  hp.ple_ngram_size = 3;
  hp.ple_conv_kernel = 4;
  const auto model = with_layers(hp);
  CHECK(count(model, indexer(128)) == 2);
  CHECK(model.layers[3].caches.size() == 2);
  CHECK(model.layers[0].caches.size() == 2);
  REQUIRE(model.layers[1].caches.size() == 3);
  CHECK(model.layers[1].caches[2] == conv(3 * 3 * 4 * 2048));
}

TEST_CASE("minimax-01 has one full layer in eight and a square state") {
  auto hp = facts("minimax-01", 80, 6144, 64, 8);
  hp.head_dim_k = hp.head_dim_v = 128;
  const auto model = with_layers(hp);
  CHECK(count(model, kv(8, 128, 128)) == 10);
  CHECK(count(model, state(128 * 128 * 64)) == 70);
  CHECK(slots(model) == 80);
}

TEST_CASE("recurrent models keep states alone") {
  Hparams mamba;
  mamba.architecture = "mamba";
  mamba.n_layer = 64;
  mamba.n_embd = 4096;
  mamba.n_head = 0;
  mamba.ssm_conv_kernel = 4;
  mamba.ssm_inner_size = 8192;
  mamba.ssm_state_size = 16;
  const auto m = with_layers(mamba);
  CHECK(count(m, conv(3 * 8192)) == 64);
  CHECK(count(m, state(16 * 8192)) == 64);
  mamba.ssm_state_size = {};
  CHECK(complaint(mamba) ==
        "key 'mamba.ssm.state_size': missing, and the cache cannot be computed without it");

  Hparams rwkv;
  rwkv.architecture = "rwkv7";
  rwkv.n_layer = 24;
  rwkv.n_embd = 2048;
  rwkv.wkv_head_size = 64;
  const auto r = with_layers(rwkv);
  CHECK(count(r, conv(2 * 2048)) == 24);
  CHECK(count(r, state(2048 * 64)) == 24);
}

TEST_CASE("lfm2 has convolutions without a recurrent state, and windows on all attention layers") {
  auto hp = facts("lfm2", 16, 2048, 32, 8);
  hp.n_head_kv = every(16, 3, 2, 8);
  hp.shortconv_l_cache = 3;
  const auto model = with_layers(hp);
  CHECK(count(model, conv(2 * 2048)) == 11);
  CHECK(count(model, kv(8, 64, 64)) == 5);
  CHECK(slots(model) == 16);
  hp.n_swa = 1024;
  CHECK(count(with_layers(hp), window(1024, 8, 64, 64)) == 5);
}
