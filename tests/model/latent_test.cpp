#include "catch.hpp"
#include "support/layer_facts.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

std::string complaint(const Hparams& hp) {
  return complaint_of([&] { with_layers(hp); });
}

}  // namespace

TEST_CASE("latent caches need the MLA keys; an old file keeps K and V of every head") {
  auto v3 = facts("deepseek2", 61, 7168, 128, 1);
  v3.head_dim_k = 576;
  v3.head_dim_v = 512;
  v3.head_dim_k_mla = 192;
  v3.head_dim_v_mla = 128;
  CHECK(count(with_layers(v3), latent(576)) == 61);
  CHECK(count(with_layers(v3), LayerKind::latent) == 61);

  auto lite = facts("deepseek2", 27, 2048, 16, 16);
  lite.kv_lora_rank = 512;
  lite.head_dim_k = 192;
  lite.head_dim_v = 128;
  CHECK(count(with_layers(lite), kv(16, 192, 128)) == 27);

  auto config = facts("deepseek2", 61, 7168, 128, 128);
  config.kv_lora_rank = 512;
  config.n_rot = 64;
  config.head_dim_k_mla = 192;
  CHECK(count(with_layers(config, ModelFormat::hf_config), latent(576)) == 61);

  auto small = facts("minicpm3", 62, 2560, 40, 40);
  small.head_dim_k_mla = 96;
  CHECK(count(with_layers(small), kv(40, 64, 64)) == 62);
}

TEST_CASE("sparse attention adds an indexer beside the latent cache") {
  auto hp = facts("deepseek32", 62, 7168, 128, 1);
  hp.n_layer_nextn = 1;
  hp.head_dim_k = 576;
  hp.head_dim_k_mla = 192;
  hp.indexer_head_dim = 128;
  const auto v32 = with_layers(hp);
  CHECK(v32.n_layer == 61);
  CHECK(count(v32, latent(576)) == 61);
  CHECK(count(v32, indexer(128)) == 61);
  CHECK(v32.layers[61].kind == LayerKind::nextn);
  CHECK(v32.layers[61].caches.empty());

  hp.architecture = "glm-dsa";
  hp.n_layer = 79;
  CHECK(count(with_layers(hp), indexer(128)) == 78);
  hp.n_ctx_train = 1048576;
  CHECK(count(with_layers(hp), indexer(128)) == 2 + 19);
  hp.indexer_layers.assign(78, false);
  hp.indexer_layers[0] = true;
  CHECK(count(with_layers(hp), indexer(128)) == 1);

  hp.architecture = "hy_v4";
  hp.n_layer_nextn = 0;
  hp.n_layer = 78;
  CHECK(count(with_layers(hp), indexer(128)) == 0);
  hp.indexer_top_k = 512;
  CHECK(count(with_layers(hp), indexer(128)) == 1);
}

TEST_CASE("dots3note keeps a latent window on some layers and an indexer on the others") {
  auto hp = facts("dots3note", 8, 4096, 32, 1);
  hp.head_dim_k = 576;
  hp.head_dim_k_swa = 320;
  hp.head_dim_k_mla = 192;
  hp.n_swa = 512;
  hp.indexer_head_dim = 128;
  hp.swa_layers = pattern(8, 4);
  hp.indexer_layers = {false, false, false, true, false, false, false, true};
  const auto model = with_layers(hp);
  CHECK(count(model, CacheSlot{CacheRole::latent, Growth::sliding, 512, {1, 320, 0}}) == 6);
  CHECK(count(model, latent(576)) == 2);
  CHECK(count(model, indexer(128)) == 2);
}

TEST_CASE("minimax-m3's indexer has a V and leaves out the leading dense layers") {
  auto hp = facts("minimax-m3", 62, 6144, 64, 4);
  hp.head_dim_k = hp.head_dim_v = 128;
  hp.indexer_head_dim = 64;
  hp.n_layer_dense_lead = 3;
  const auto model = with_layers(hp);
  CHECK(count(model, kv(4, 128, 128)) == 62);
  CHECK(count(model, CacheSlot{CacheRole::indexer, Growth::full, 0, {1, 64, 128}}) == 59);
}

TEST_CASE("deepseek 4 keeps a window everywhere and compressed entries by ratio") {
  auto hp = facts("deepseek4", 4, 4096, 64, 1);
  hp.head_dim_k = hp.head_dim_v = 512;
  hp.n_swa = 128;
  hp.indexer_head_dim = 128;
  hp.n_layer_nextn = 1;
  hp.compress_ratios = {0, 4, 128, 0};
  const auto model = with_layers(hp);
  CHECK(count(model, window(128, 1, 512, 0)) == 4);
  REQUIRE(model.layers[1].caches.size() == 5);
  CHECK(model.layers[1].caches[1] == CacheSlot{CacheRole::kv, Growth::strided, 4, {1, 512, 0}});
  CHECK(model.layers[1].caches[2] ==
        CacheSlot{CacheRole::indexer, Growth::strided, 4, {1, 128, 0}});
  CHECK(model.layers[1].caches[3] ==
        CacheSlot{CacheRole::compressor_state, Growth::constant, 0, {8, 1024, 1024}});
  CHECK(model.layers[1].caches[4] ==
        CacheSlot{CacheRole::compressor_state, Growth::constant, 0, {8, 256, 256}});
  REQUIRE(model.layers[2].caches.size() == 3);
  CHECK(model.layers[2].caches[1] == CacheSlot{CacheRole::kv, Growth::strided, 128, {1, 512, 0}});
  CHECK(model.layers[2].caches[2] ==
        CacheSlot{CacheRole::compressor_state, Growth::constant, 0, {128, 512, 512}});
  CHECK(model.layers[3].kind == LayerKind::nextn);

  hp.compress_ratios = {0, 4, 128};
  CHECK(complaint(hp) == "key 'deepseek4.attention.compress_ratios': has 3 values for 4 blocks");
}

TEST_CASE("ling 3's prediction block keeps a latent cache in the main context") {
  // create_memory filters bailingmoe3's attention by is_recr alone, which is false past the trunk.
  auto hp = facts("bailingmoe3", 9, 2048, 16, 1);
  hp.n_layer_nextn = 1;
  hp.n_head_kv = List{0, 0, 0, 1, 0, 0, 0, 1, 1};
  hp.head_dim_k = 576;
  hp.head_dim_k_mla = 192;
  hp.ssm_conv_kernel = 4;
  hp.kda_head_dim = 128;
  const auto model = with_layers(hp);
  CHECK(count(model, latent(576)) == 3);
  CHECK(count(model, LayerKind::recurrent) == 6);
  CHECK(model.layers[8].kind == LayerKind::nextn);
  CHECK(model.layers[8].caches.size() == 1);
}
