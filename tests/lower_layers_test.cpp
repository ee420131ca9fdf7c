#include <random>
#include <string>

#include "architectures.hpp"
#include "catch.hpp"
#include "malformed.hpp"
#include "support/generic_facts.hpp"

using namespace fitvram;

namespace {

using List = std::vector<std::uint32_t>;

Hparams facts(std::string arch, std::uint32_t n_layer, std::uint32_t n_embd, std::uint32_t n_head,
              std::uint32_t n_head_kv) {
  Hparams hp;
  hp.architecture = std::move(arch);
  hp.n_layer = n_layer;
  hp.n_embd = n_embd;
  hp.n_head = n_head;
  hp.n_head_kv = n_head_kv;
  hp.n_ctx_train = 131072;
  return hp;
}

ModelInfo lowered(Hparams hp, ModelFormat format = ModelFormat::gguf) {
  ModelInfo model;
  model.format = format;
  model.hparams = std::move(hp);
  lower_layers(model);
  return model;
}

// "key ...: message", or "" when nothing is wrong.
std::string complaint(const Hparams& hp) {
  try {
    lowered(hp);
  } catch (const Malformed& e) {
    return e.where + ": " + e.what();
  }
  return "";
}

std::size_t count(const ModelInfo& model, LayerKind kind) {
  std::size_t n = 0;
  for (const auto& layer : model.layers) n += layer.kind == kind;
  return n;
}

std::size_t count(const ModelInfo& model, const CacheSlot& slot) {
  std::size_t n = 0;
  for (const auto& layer : model.layers)
    for (const auto& own : layer.caches) n += own == slot;
  return n;
}

std::size_t slots(const ModelInfo& model) {
  std::size_t n = 0;
  for (const auto& layer : model.layers) n += layer.caches.size();
  return n;
}

bool has_note(const ModelInfo& model, std::string_view code) {
  for (const auto& note : model.notes)
    if (note.code == code) return true;
  return false;
}

CacheSlot kv(std::uint32_t heads, std::uint32_t k, std::uint32_t v) {
  return {CacheRole::kv, Growth::full, 0, {heads, k, v}};
}
CacheSlot window(std::uint32_t span, std::uint32_t heads, std::uint32_t k, std::uint32_t v) {
  return {CacheRole::kv, Growth::sliding, span, {heads, k, v}};
}
CacheSlot latent(std::uint32_t width) {
  return {CacheRole::latent, Growth::full, 0, {1, width, 0}};
}
CacheSlot indexer(std::uint32_t width) {
  return {CacheRole::indexer, Growth::full, 0, {1, width, 0}};
}
CacheSlot conv(std::uint32_t n) { return {CacheRole::conv_state, Growth::constant, 0, {1, n, 0}}; }
CacheSlot state(std::uint32_t n) {
  return {CacheRole::recurrent_state, Growth::constant, 0, {1, n, 0}};
}

std::vector<bool> pattern(std::size_t n, std::size_t period) {
  std::vector<bool> swa(n);
  for (std::size_t i = 0; i < n; ++i) swa[i] = i % period != period - 1;
  return swa;
}

List every(std::size_t n, std::size_t period, std::size_t offset, std::uint32_t value) {
  List list(n, 0);
  for (std::size_t i = offset; i < n; i += period) list[i] = value;
  return list;
}

}  // namespace

TEST_CASE("plain attention gives every layer K and V, with the loader's defaults") {
  const auto model = lowered(facts("llama", 32, 4096, 32, 8));
  CHECK(model.known_architecture);
  CHECK(model.architecture == "llama");
  CHECK(model.n_layer == 32);
  CHECK(model.n_ctx_train == 131072);
  CHECK(model.layout == Provenance::exact);
  CHECK(model.hparams.head_dim_k == 128);
  CHECK(count(model, kv(8, 128, 128)) == 32);
  CHECK(count(model, LayerKind::attention) == 32);

  auto mha = facts("llama", 4, 4096, 32, 8);
  mha.n_head_kv = {};
  CHECK(count(lowered(mha), kv(32, 128, 128)) == 4);
}

TEST_CASE("gemma 3 27B has 52 window layers and 10 full ones") {
  auto hp = facts("gemma3", 62, 5376, 32, 16);
  hp.head_dim_k = hp.head_dim_v = 128;
  hp.n_swa = 1024;
  const auto model = lowered(hp);
  CHECK(count(model, window(1024, 16, 128, 128)) == 52);
  CHECK(count(model, kv(16, 128, 128)) == 10);
  CHECK(model.layers[5].kind == LayerKind::attention);
  CHECK(model.layers[0].kind == LayerKind::sliding);
  CHECK(model.hparams.swa_layers.size() == 62);
  CHECK_FALSE(has_note(model, "window-missing"));

  hp.swa_period = 2;
  CHECK(count(lowered(hp), LayerKind::sliding) == 31);
}

TEST_CASE("gemma 3 without the window key is full everywhere and says so; a stated 0 is quiet") {
  auto hp = facts("gemma3", 12, 1152, 4, 1);
  const auto absent = lowered(hp);
  CHECK(count(absent, LayerKind::attention) == 12);
  CHECK(has_note(absent, "window-missing"));
  hp.n_swa = 0;
  const auto off = lowered(hp);
  CHECK(count(off, LayerKind::attention) == 12);
  CHECK(off.notes.empty());
}

TEST_CASE("window patterns follow each loader") {
  const auto sliding = [](std::string arch, std::uint32_t n_layer, Hparams::U32 n_swa) {
    auto hp = facts(std::move(arch), n_layer, 1024, 8, 8);
    hp.n_swa = n_swa;
    return lowered(hp);
  };
  CHECK(count(sliding("gpt-oss", 24, 128), LayerKind::sliding) == 12);
  CHECK(sliding("gpt-oss", 24, 128).layers[0].kind == LayerKind::sliding);
  CHECK(count(sliding("gemma2", 42, std::nullopt), window(4096, 8, 128, 128)) == 21);
  CHECK(count(sliding("cohere2", 32, 4096), LayerKind::sliding) == 24);
  CHECK(sliding("cohere2moe", 8, 4096).layers[0].kind == LayerKind::attention);
  CHECK(sliding("cohere2moe", 8, 4096).layers[3].kind == LayerKind::sliding);
  CHECK(count(sliding("exaone4", 64, 4096), LayerKind::sliding) == 48);
  CHECK(count(sliding("exaone4", 64, std::nullopt), window(4096, 8, 128, 128)) == 48);
  CHECK(count(sliding("exaone4", 30, 4096), LayerKind::sliding) == 0);
  CHECK(count(sliding("smallthinker", 32, 1), window(4096, 8, 128, 128)) == 24);
  CHECK(count(sliding("smallthinker", 32, std::nullopt), LayerKind::sliding) == 0);
  CHECK(count(sliding("olmo2", 32, std::nullopt), LayerKind::sliding) == 0);
  CHECK(count(sliding("olmo2", 32, 4096), LayerKind::sliding) == 24);
  CHECK(count(sliding("gemma2", 42, 0), LayerKind::sliding) == 0);
}

TEST_CASE("llama 4 has chunks of 8192 whatever the file says, unless it says 0") {
  auto hp = facts("llama4", 48, 5120, 40, 8);
  const CacheSlot chunk{CacheRole::kv, Growth::chunked, 8192, {8, 128, 128}};
  CHECK(count(lowered(hp), chunk) == 36);
  CHECK(count(lowered(hp), LayerKind::chunked) == 36);
  hp.n_swa = 4096;
  CHECK(count(lowered(hp), chunk) == 36);
  hp.n_swa = 0;
  CHECK(count(lowered(hp), kv(8, 128, 128)) == 48);
}

TEST_CASE("a window that llama.cpp ignores still stands in the slots") {
  auto hp = facts("llama", 32, 4096, 32, 8);
  hp.n_swa = 4096;
  CHECK(count(lowered(hp), window(4096, 8, 128, 128)) == 32);
  hp.architecture = "phi3";
  hp.n_swa = 2047;
  CHECK(count(lowered(hp), LayerKind::sliding) == 32);
  hp.architecture = "qwen2";
  hp.swa_layers.assign(32, false);
  for (std::size_t i = 28; i < 32; ++i) hp.swa_layers[i] = true;
  CHECK(count(lowered(hp), LayerKind::sliding) == 4);
  hp.n_swa = 0;
  CHECK(count(lowered(hp), LayerKind::sliding) == 0);
  CHECK(find_architecture("phi3")->window.kind == WindowRule::Kind::none);
}

TEST_CASE("latent caches need the MLA keys; an old file keeps K and V of every head") {
  auto v3 = facts("deepseek2", 61, 7168, 128, 1);
  v3.head_dim_k = 576;
  v3.head_dim_v = 512;
  v3.head_dim_k_mla = 192;
  v3.head_dim_v_mla = 128;
  CHECK(count(lowered(v3), latent(576)) == 61);
  CHECK(count(lowered(v3), LayerKind::latent) == 61);

  auto lite = facts("deepseek2", 27, 2048, 16, 16);
  lite.kv_lora_rank = 512;
  lite.head_dim_k = 192;
  lite.head_dim_v = 128;
  CHECK(count(lowered(lite), kv(16, 192, 128)) == 27);

  auto config = facts("deepseek2", 61, 7168, 128, 128);
  config.kv_lora_rank = 512;
  config.n_rot = 64;
  config.head_dim_k_mla = 192;
  CHECK(count(lowered(config, ModelFormat::hf_config), latent(576)) == 61);

  auto small = facts("minicpm3", 62, 2560, 40, 40);
  small.head_dim_k_mla = 96;
  CHECK(count(lowered(small), kv(40, 64, 64)) == 62);
}

TEST_CASE("sparse attention adds an indexer beside the latent cache") {
  auto hp = facts("deepseek32", 62, 7168, 128, 1);
  hp.n_layer_nextn = 1;
  hp.head_dim_k = 576;
  hp.head_dim_k_mla = 192;
  hp.indexer_head_dim = 128;
  const auto v32 = lowered(hp);
  CHECK(v32.n_layer == 61);
  CHECK(count(v32, latent(576)) == 61);
  CHECK(count(v32, indexer(128)) == 61);
  CHECK(v32.layers[61].kind == LayerKind::nextn);
  CHECK(v32.layers[61].caches.empty());

  hp.architecture = "glm-dsa";
  hp.n_layer = 79;
  CHECK(count(lowered(hp), indexer(128)) == 78);
  hp.n_ctx_train = 1048576;
  CHECK(count(lowered(hp), indexer(128)) == 2 + 19);
  hp.indexer_layers.assign(78, false);
  hp.indexer_layers[0] = true;
  CHECK(count(lowered(hp), indexer(128)) == 1);

  hp.architecture = "hy_v4";
  hp.n_layer_nextn = 0;
  hp.n_layer = 78;
  CHECK(count(lowered(hp), indexer(128)) == 0);
  hp.indexer_top_k = 512;
  CHECK(count(lowered(hp), indexer(128)) == 1);
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
  const auto model = lowered(hp);
  CHECK(count(model, CacheSlot{CacheRole::latent, Growth::sliding, 512, {1, 320, 0}}) == 6);
  CHECK(count(model, latent(576)) == 2);
  CHECK(count(model, indexer(128)) == 2);
}

TEST_CASE("minimax-m3's indexer has a V and leaves out the leading dense layers") {
  auto hp = facts("minimax-m3", 62, 6144, 64, 4);
  hp.head_dim_k = hp.head_dim_v = 128;
  hp.indexer_head_dim = 64;
  hp.n_layer_dense_lead = 3;
  const auto model = lowered(hp);
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
  const auto model = lowered(hp);
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

TEST_CASE("shared layers own no cache") {
  auto n = facts("gemma3n", 35, 2048, 8, 2);
  n.head_dim_k = n.head_dim_v = 256;
  n.n_swa = 512;
  const auto g3n = lowered(n);
  CHECK(slots(g3n) == 20);
  CHECK(count(g3n, LayerKind::shared_kv) == 15);
  CHECK(count(g3n, window(512, 2, 256, 256)) == 16);

  auto hp = facts("gemma4", 42, 2560, 8, 2);
  hp.head_dim_k = hp.head_dim_v = 512;
  hp.head_dim_k_swa = hp.head_dim_v_swa = 256;
  hp.n_swa = 512;
  hp.swa_layers = pattern(42, 6);
  hp.shared_kv_layers = 18;
  const auto g4 = lowered(hp);
  CHECK(count(g4, window(512, 2, 256, 256)) == 20);
  CHECK(count(g4, kv(2, 512, 512)) == 4);
  CHECK(count(g4, LayerKind::shared_kv) == 18);

  hp.shared_kv_layers = 42;
  CHECK(
      complaint(hp) ==
      "key 'gemma4.attention.shared_kv_layers': is 42 of 42 blocks; at least two must own a cache");
  hp.shared_kv_layers = 18;
  hp.swa_layers.clear();
  CHECK(complaint(hp) ==
        "key 'gemma4.attention.sliding_window_pattern': missing, and the cache cannot be computed "
        "without it");
}

TEST_CASE("gemma 4's key-value heads may differ by layer") {
  auto hp = facts("gemma4", 6, 3840, 16, 8);
  hp.head_dim_k = hp.head_dim_v = 512;
  hp.head_dim_k_swa = hp.head_dim_v_swa = 256;
  hp.n_swa = 1024;
  hp.swa_layers = pattern(6, 6);
  hp.n_head_kv = List{8, 8, 8, 8, 8, 1};
  const auto model = lowered(hp);
  CHECK(count(model, window(1024, 8, 256, 256)) == 5);
  CHECK(count(model, kv(1, 512, 512)) == 1);
}

TEST_CASE("hybrids keep K and V on attention layers and state on the others") {
  auto jamba = facts("jamba", 32, 4096, 32, 8);
  jamba.n_head_kv = every(32, 8, 4, 8);
  jamba.ssm_conv_kernel = 4;
  jamba.ssm_inner_size = 8192;
  jamba.ssm_state_size = 16;
  jamba.ssm_group_count = 8;
  const auto j = lowered(jamba);
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
  const auto f = lowered(h1);
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
  const auto model = lowered(hp);
  CHECK(model.layers[0].kind == LayerKind::recurrent);
  CHECK(model.layers[1].kind == LayerKind::attention);
  CHECK(model.layers[2].kind == LayerKind::feed_forward);
  CHECK(slots(model) == 2 + 1 + 2);

  hp.n_layer_nextn = 1;
  hp.n_head_kv = List{0, 8, 0, 8};
  CHECK(lowered(hp).layers[3].caches == std::vector<CacheSlot>{kv(8, 128, 128)});
}

TEST_CASE("kimi linear has latent layers and delta-attention layers") {
  auto hp = facts("kimi-linear", 27, 2304, 32, 1);
  hp.n_head_kv = every(27, 4, 3, 1);
  hp.n_head_kv.values[26] = 1;
  hp.head_dim_k = 576;
  hp.head_dim_k_mla = 192;
  hp.ssm_conv_kernel = 4;
  hp.kda_head_dim = 128;
  const auto model = lowered(hp);
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
  const auto model = lowered(hp);
  CHECK(count(model, kv(4, 256, 256)) == 2);
  CHECK(count(model, LayerKind::recurrent) == 6);
  CHECK(model.layers[8].caches.empty());
  hp.recurrent_layers = {true, false, true, false, true, false, true, false, false};
  CHECK(count(lowered(hp), LayerKind::attention) == 4);
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
  const auto model = lowered(hp);
  CHECK(count(model, indexer(128)) == 2);
  CHECK(model.layers[3].caches.size() == 2);
  CHECK(model.layers[0].caches.size() == 2);
  REQUIRE(model.layers[1].caches.size() == 3);
  CHECK(model.layers[1].caches[2] == conv(3 * 3 * 4 * 2048));
}

TEST_CASE("minimax-01 has one full layer in eight and a square state") {
  auto hp = facts("minimax-01", 80, 6144, 64, 8);
  hp.head_dim_k = hp.head_dim_v = 128;
  const auto model = lowered(hp);
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
  const auto m = lowered(mamba);
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
  const auto r = lowered(rwkv);
  CHECK(count(r, conv(2 * 2048)) == 24);
  CHECK(count(r, state(2048 * 64)) == 24);
}

TEST_CASE("lfm2 has convolutions without a recurrent state, and windows on all attention layers") {
  auto hp = facts("lfm2", 16, 2048, 32, 8);
  hp.n_head_kv = every(16, 3, 2, 8);
  hp.shortconv_l_cache = 3;
  const auto model = lowered(hp);
  CHECK(count(model, conv(2 * 2048)) == 11);
  CHECK(count(model, kv(8, 64, 64)) == 5);
  CHECK(slots(model) == 16);
  hp.n_swa = 1024;
  CHECK(count(lowered(hp), window(1024, 8, 64, 64)) == 5);
}

TEST_CASE("layers without heads, loops and routers are counted as the loader does") {
  auto deci = facts("deci", 3, 8192, 64, 8);
  deci.n_head = List{64, 0, 64};
  deci.n_head_kv = List{8, 0, 16};
  const auto d = lowered(deci);
  CHECK(count(d, kv(8, 128, 128)) == 1);
  CHECK(count(d, kv(16, 128, 128)) == 1);
  CHECK(d.layers[1].kind == LayerKind::feed_forward);

  auto nanbeige = facts("nanbeige", 16, 2048, 16, 4);
  nanbeige.num_loops = 2;
  CHECK(count(lowered(nanbeige), kv(4, 128, 128)) == 32);

  auto sw = facts("graniteswitch", 40, 2560, 40, 8);
  const auto s = lowered(sw);
  CHECK(count(s, kv(8, 64, 64)) == 40);
  CHECK(count(s, kv(1, 64, 64)) == 1);
}

TEST_CASE("draft files of nothing but prediction blocks run them; in others they own nothing") {
  auto hp = facts("glm4moe", 47, 4096, 96, 8);
  hp.head_dim_k = hp.head_dim_v = 128;
  hp.n_layer_nextn = 1;
  const auto model = lowered(hp);
  CHECK(model.n_layer == 46);
  CHECK(model.layers.size() == 47);
  CHECK(slots(model) == 46);
  hp.n_layer = 1;
  CHECK(slots(lowered(hp)) == 1);
  hp.n_layer_nextn = 2;
  CHECK(complaint(hp) == "key 'glm4moe.nextn_predict_layers': is 2 of 1 blocks");
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
  const auto model = lowered(hp);
  CHECK(count(model, latent(576)) == 3);
  CHECK(count(model, LayerKind::recurrent) == 6);
  CHECK(model.layers[8].kind == LayerKind::nextn);
  CHECK(model.layers[8].caches.size() == 1);
}

TEST_CASE("heads and widths may differ between window layers and full ones") {
  auto mimo = facts("mimo2", 4, 4096, 64, 4);
  mimo.n_head_kv = List{4, 8, 8, 4};
  mimo.head_dim_k = 192;
  mimo.head_dim_v = 128;
  mimo.n_swa = 128;
  mimo.swa_layers = {false, true, true, false};
  const auto model = lowered(mimo);
  CHECK(count(model, kv(4, 192, 128)) == 2);
  CHECK(count(model, window(128, 8, 192, 128)) == 2);

  auto elm = facts("openelm", 3, 1280, 12, 3);
  elm.n_head = List{12, 16, 20};
  elm.n_head_kv = List{3, 4, 5};
  elm.head_dim_k = elm.head_dim_v = 64;
  const auto open = lowered(elm);
  CHECK(open.layers[2].caches == std::vector<CacheSlot>{kv(5, 64, 64)});
}

TEST_CASE("a dflash draft has the windows its file lists, or all of them with hyper connections") {
  auto hp = facts("dflash", 4, 2048, 16, 4);
  CHECK(count(lowered(hp), LayerKind::attention) == 4);
  hp.n_swa = 256;
  CHECK(complaint(hp) ==
        "key 'dflash.attention.sliding_window_pattern': missing, and the cache cannot be computed "
        "without it");
  hp.hyper_connections = 4;
  CHECK(count(lowered(hp), window(256, 4, 128, 128)) == 4);
  hp.hyper_connections = {};
  hp.swa_layers = {true, false, true, false};
  CHECK(count(lowered(hp), LayerKind::sliding) == 2);
}

TEST_CASE("encoders and assistants have no cache and say so") {
  const auto bert = lowered(facts("bert", 12, 768, 12, 12));
  CHECK(slots(bert) == 0);
  CHECK(has_note(bert, "no-cache"));
  const auto draft = lowered(facts("gemma4-assistant", 4, 1024, 4, 1));
  CHECK(slots(draft) == 0);
  CHECK(count(draft, LayerKind::shared_kv) == 4);
  CHECK(has_note(draft, "shared-cache"));
  CHECK(complaint(facts("clip", 12, 768, 12, 12)) ==
        "key 'general.architecture': a multimodal projector, not a language model");
}

TEST_CASE("an unknown architecture is computed only from what determines it") {
  auto hp = facts("zeta", 4, 1024, 8, 2);
  const auto plain = lowered(hp);
  CHECK_FALSE(plain.known_architecture);
  CHECK(plain.layout == Provenance::assumed);
  CHECK(has_note(plain, "unknown-architecture"));
  CHECK(count(plain, kv(2, 128, 128)) == 4);

  auto windowed = hp;
  windowed.n_swa = 512;
  CHECK(complaint(windowed) ==
        "key 'general.architecture': unknown architecture 'zeta' with a sliding window on unstated "
        "layers: its cache cannot be derived from the file");
  windowed.swa_layers = {true, true, true, false};
  CHECK(count(lowered(windowed), window(512, 2, 128, 128)) == 3);

  auto mla = hp;
  mla.kv_lora_rank = 512;
  mla.n_rot = 64;
  CHECK(count(lowered(mla), latent(576)) == 4);

  hp.ssm_state_size = 16;
  CHECK(complaint(hp) ==
        "key 'general.architecture': unknown architecture 'zeta' with recurrent layers: its cache "
        "cannot be derived from the file");
}

TEST_CASE("a row wider than any real one is refused") {
  auto hp = facts("llama", 2, 256, 65536, 65536);
  hp.head_dim_k = hp.head_dim_v = 65535;
  CHECK(complaint(hp) == "");
  hp.head_dim_k = hp.head_dim_v = 65536;
  CHECK(complaint(hp) == "key 'llama.attention': a cache row of more than 2^32 values");
}

TEST_CASE("every row lowers a model that states everything") {
  for (const auto& row : architectures()) {
    if (row.gguf == "clip") continue;
    CAPTURE(row.gguf);
    const auto model = test::generic_model(row);
    CHECK(model.known_architecture);
    CHECK(model.layers.size() == 12);
    CHECK((slots(model) == 0) == (row.memory == MemoryClass::none));
    for (const auto& layer : model.layers)
      for (const auto& own : layer.caches) {
        CHECK(own.shape.n_head_kv * own.shape.dim_k > 0);
        const bool spans = own.growth != Growth::full && own.growth != Growth::constant;
        CHECK((own.span != 0) == spans);
      }
  }
}

TEST_CASE("hostile facts give a model or a Malformed, nothing else") {
  std::mt19937 random(1);
  const std::uint32_t values[] = {0, 1, 2, 3, 4, 8, 64, 128, 4096, 65536, 0x7fffffff, 0xffffffff};
  const auto pick = [&] { return values[random() % std::size(values)]; };
  const auto maybe = [&](Hparams::U32& field) {
    if (random() % 3 != 0) field = pick();
  };
  const auto length = [&](const Hparams& hp) {
    return random() % 8 == 0 ? random() % 7 : hp.n_layer.value_or(0) % 7;
  };
  const auto layered = [&](PerLayer& field, std::size_t n) {
    field.values.clear();
    for (; n > 0; --n) field.values.push_back(random() % 8 == 0 ? pick() : random() % 2 * 4);
  };
  const auto flags = [&](std::vector<bool>& field, std::size_t n) {
    for (; n > 0; --n) field.push_back(random() % 2 == 0);
  };
  std::size_t good = 0;
  for (int round = 0; round < 20000; ++round) {
    Hparams hp;
    const auto rows = architectures();
    hp.architecture =
        random() % 20 == 0 ? "unheard" : std::string(rows[random() % rows.size()].gguf);
    hp.n_layer = random() % 8 == 0 ? pick() : random() % 7;
    if (random() % 4 == 0) hp.n_layer_nextn = random() % 4;
    for (auto* field :
         {&hp.n_ctx_train, &hp.n_embd, &hp.head_dim_k, &hp.head_dim_v, &hp.indexer_head_dim,
          &hp.ssm_conv_kernel, &hp.ssm_inner_size, &hp.ssm_state_size, &hp.ssm_group_count,
          &hp.kda_head_dim, &hp.wkv_head_size, &hp.shortconv_l_cache, &hp.n_swa, &hp.kv_lora_rank})
      if (hp.architecture != "unheard" || random() % 8 == 0) maybe(*field);
    if (random() % 4 == 0)
      for (auto* field :
           {&hp.head_dim_k_swa, &hp.head_dim_v_swa, &hp.head_dim_k_mla, &hp.n_rot, &hp.swa_period,
            &hp.shared_kv_layers, &hp.full_attention_interval, &hp.num_loops, &hp.ple_conv_kernel,
            &hp.ple_ngram_size, &hp.hyper_connections, &hp.n_layer_dense_lead, &hp.indexer_top_k})
        maybe(*field);
    for (auto* field : {&hp.n_head, &hp.n_head_kv, &hp.n_ff})
      if (random() % 2 == 0)
        layered(*field, length(hp));
      else
        *field = 8;
    for (auto* field : {&hp.swa_layers, &hp.indexer_layers, &hp.recurrent_layers})
      if (random() % 2 == 0) flags(*field, length(hp));
    if (random() % 2 == 0) hp.compress_ratios = List(length(hp), random() % 2 ? 4 : 128);
    if (random() % 4 == 0) hp.ple_layers = List{static_cast<std::uint32_t>(random() % 7)};
    try {
      const auto model = lowered(hp, random() % 2 ? ModelFormat::gguf : ModelFormat::hf_config);
      CHECK(model.layers.size() == *hp.n_layer);
      ++good;
    } catch (const Malformed& e) {
      CHECK_FALSE(e.where.empty());
    }
  }
  CHECK(good > 1000);
}
