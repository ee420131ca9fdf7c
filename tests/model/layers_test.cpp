#include "model/layers.hpp"

#include <random>
#include <string>

#include "catch.hpp"
#include "support/generic_facts.hpp"
#include "support/layer_facts.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

std::string complaint(const Hparams& hp) {
  return complaint_of([&] { with_layers(hp); });
}

Layout layout(Hparams hp) {
  ModelInfo model;
  model.format = ModelFormat::gguf;
  model.hparams = std::move(hp);
  return layout_of(model);
}

std::string layout_complaint(const Hparams& hp) {
  return complaint_of([&] { layout(hp); });
}

}  // namespace

TEST_CASE("plain attention gives every layer K and V, with the loader's defaults") {
  const auto model = with_layers(facts("llama", 32, 4096, 32, 8));
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
  CHECK(count(with_layers(mha), kv(32, 128, 128)) == 4);
}

TEST_CASE("gemma 3 27B has 52 window layers and 10 full ones") {
  auto hp = facts("gemma3", 62, 5376, 32, 16);
  hp.head_dim_k = hp.head_dim_v = 128;
  hp.n_swa = 1024;
  const auto model = with_layers(hp);
  CHECK(count(model, window(1024, 16, 128, 128)) == 52);
  CHECK(count(model, kv(16, 128, 128)) == 10);
  CHECK(model.layers[5].kind == LayerKind::attention);
  CHECK(model.layers[0].kind == LayerKind::sliding);
  CHECK(model.hparams.swa_layers.size() == 62);
  CHECK_FALSE(has_note(model, "window-missing"));

  hp.swa_period = 2;
  CHECK(count(with_layers(hp), LayerKind::sliding) == 31);
}

TEST_CASE("gemma 3 without the window key is full everywhere and says so; a stated 0 is quiet") {
  auto hp = facts("gemma3", 12, 1152, 4, 1);
  const auto absent = with_layers(hp);
  CHECK(count(absent, LayerKind::attention) == 12);
  CHECK(has_note(absent, "window-missing"));
  hp.n_swa = 0;
  const auto off = with_layers(hp);
  CHECK(count(off, LayerKind::attention) == 12);
  CHECK(off.notes.empty());
}

TEST_CASE("window patterns follow each loader") {
  const auto sliding = [](std::string arch, std::uint32_t n_layer, Hparams::U32 n_swa) {
    auto hp = facts(std::move(arch), n_layer, 1024, 8, 8);
    hp.n_swa = n_swa;
    return with_layers(hp);
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
  CHECK(count(with_layers(hp), chunk) == 36);
  CHECK(count(with_layers(hp), LayerKind::chunked) == 36);
  hp.n_swa = 4096;
  CHECK(count(with_layers(hp), chunk) == 36);
  hp.n_swa = 0;
  CHECK(count(with_layers(hp), kv(8, 128, 128)) == 48);
}

TEST_CASE("a window that llama.cpp ignores still stands in the slots") {
  auto hp = facts("llama", 32, 4096, 32, 8);
  hp.n_swa = 4096;
  CHECK(count(with_layers(hp), window(4096, 8, 128, 128)) == 32);
  hp.architecture = "phi3";
  hp.n_swa = 2047;
  CHECK(count(with_layers(hp), LayerKind::sliding) == 32);
  hp.architecture = "qwen2";
  hp.swa_layers.assign(32, false);
  for (std::size_t i = 28; i < 32; ++i) hp.swa_layers[i] = true;
  CHECK(count(with_layers(hp), LayerKind::sliding) == 4);
  hp.n_swa = 0;
  CHECK(count(with_layers(hp), LayerKind::sliding) == 0);
  CHECK(find_family("phi3")->cache.window.kind == WindowRule::Kind::none);
}

TEST_CASE("shared layers own no cache") {
  auto n = facts("gemma3n", 35, 2048, 8, 2);
  n.head_dim_k = n.head_dim_v = 256;
  n.n_swa = 512;
  const auto g3n = with_layers(n);
  CHECK(slots(g3n) == 20);
  CHECK(count(g3n, LayerKind::shared_kv) == 15);
  CHECK(count(g3n, window(512, 2, 256, 256)) == 16);

  auto hp = facts("gemma4", 42, 2560, 8, 2);
  hp.head_dim_k = hp.head_dim_v = 512;
  hp.head_dim_k_swa = hp.head_dim_v_swa = 256;
  hp.n_swa = 512;
  hp.swa_layers = pattern(42, 6);
  hp.shared_kv_layers = 18;
  const auto g4 = with_layers(hp);
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
  const auto model = with_layers(hp);
  CHECK(count(model, window(1024, 8, 256, 256)) == 5);
  CHECK(count(model, kv(1, 512, 512)) == 1);
}

TEST_CASE("layers without heads, loops and routers are counted as the loader does") {
  auto deci = facts("deci", 3, 8192, 64, 8);
  deci.n_head = List{64, 0, 64};
  deci.n_head_kv = List{8, 0, 16};
  const auto d = with_layers(deci);
  CHECK(count(d, kv(8, 128, 128)) == 1);
  CHECK(count(d, kv(16, 128, 128)) == 1);
  CHECK(d.layers[1].kind == LayerKind::feed_forward);

  auto nanbeige = facts("nanbeige", 16, 2048, 16, 4);
  nanbeige.num_loops = 2;
  const auto n = with_layers(nanbeige);
  CHECK(count(n, kv(4, 128, 128)) == 32);
  CHECK(n.n_layer == 32);
  CHECK(n.layers.size() == 32);

  auto hrm = facts("hrm_text", 12, 1024, 16, 16);
  CHECK(complaint(hrm) ==
        "key 'hrm_text.hrm.layers_per_stack': missing, and the cache cannot be "
        "computed without it");
  hrm.n_layer_per_stack = 2;
  hrm.n_l_cycle = 2;
  CHECK(count(with_layers(hrm), kv(16, 64, 64)) == 12);
  hrm.n_l_cycle = 3;
  CHECK(complaint(hrm) ==
        "key 'hrm_text.block_count': is 12, which is no multiple of the 8 blocks "
        "of a cycle");

  auto sw = facts("graniteswitch", 40, 2560, 40, 8);
  const auto s = with_layers(sw);
  CHECK(count(s, kv(8, 64, 64)) == 40);
  CHECK(count(s, kv(1, 64, 64)) == 1);
}

TEST_CASE("draft files of nothing but prediction blocks run them; in others they own nothing") {
  auto hp = facts("glm4moe", 47, 4096, 96, 8);
  hp.head_dim_k = hp.head_dim_v = 128;
  hp.n_layer_nextn = 1;
  const auto model = with_layers(hp);
  CHECK(model.n_layer == 46);
  CHECK(model.layers.size() == 47);
  CHECK(slots(model) == 46);
  hp.n_layer = 1;
  CHECK(slots(with_layers(hp)) == 1);
  hp.n_layer_nextn = 2;
  CHECK(complaint(hp) == "key 'glm4moe.nextn_predict_layers': is 2 of 1 blocks");
}

TEST_CASE("heads and widths may differ between window layers and full ones") {
  auto mimo = facts("mimo2", 4, 4096, 64, 4);
  mimo.n_head_kv = List{4, 8, 8, 4};
  mimo.head_dim_k = 192;
  mimo.head_dim_v = 128;
  mimo.n_swa = 128;
  mimo.swa_layers = {false, true, true, false};
  const auto model = with_layers(mimo);
  CHECK(count(model, kv(4, 192, 128)) == 2);
  CHECK(count(model, window(128, 8, 192, 128)) == 2);

  auto elm = facts("openelm", 3, 1280, 12, 3);
  elm.n_head = List{12, 16, 20};
  elm.n_head_kv = List{3, 4, 5};
  elm.head_dim_k = elm.head_dim_v = 64;
  const auto open = with_layers(elm);
  CHECK(open.layers[2].caches == std::vector<CacheSlot>{kv(5, 64, 64)});
}

TEST_CASE("a dflash draft has the windows its file lists, or all of them with hyper connections") {
  auto hp = facts("dflash", 4, 2048, 16, 4);
  CHECK(count(with_layers(hp), LayerKind::attention) == 4);
  hp.n_swa = 256;
  CHECK(complaint(hp) ==
        "key 'dflash.attention.sliding_window_pattern': missing, and the cache cannot be computed "
        "without it");
  hp.hyper_connections = 4;
  CHECK(count(with_layers(hp), window(256, 4, 128, 128)) == 4);
  hp.hyper_connections = {};
  hp.swa_layers = {true, false, true, false};
  CHECK(count(with_layers(hp), LayerKind::sliding) == 2);
}

TEST_CASE("encoders and assistants have no cache and say so") {
  const auto bert = with_layers(facts("bert", 12, 768, 12, 12));
  CHECK(slots(bert) == 0);
  CHECK(has_note(bert, "no-cache"));
  const auto draft = with_layers(facts("gemma4-assistant", 4, 1024, 4, 1));
  CHECK(slots(draft) == 0);
  CHECK(count(draft, LayerKind::shared_kv) == 4);
  CHECK(has_note(draft, "shared-cache"));
  CHECK(complaint(facts("clip", 12, 768, 12, 12)) ==
        "key 'general.architecture': a multimodal projector, not a language model");
}

TEST_CASE("an unknown architecture is computed only from what determines it") {
  auto hp = facts("zeta", 4, 1024, 8, 2);
  const auto plain = with_layers(hp);
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
  CHECK(count(with_layers(windowed), window(512, 2, 128, 128)) == 3);

  auto mla = hp;
  mla.kv_lora_rank = 512;
  mla.n_rot = 64;
  CHECK(count(with_layers(mla), latent(576)) == 4);

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
  for (const Family* family : families()) {
    const Family& row = *family;
    if (row.load.projector) continue;
    CAPTURE(row.gguf);
    const auto model = generic_model(row);
    CHECK(model.known_architecture);
    CHECK(model.layers.size() == 12);
    CHECK((slots(model) == 0) == (row.cache.memory == MemoryClass::none));
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
    const auto rows = families();
    hp.architecture =
        random() % 20 == 0 ? "unheard" : std::string(rows[random() % rows.size()]->gguf);
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
      const auto model = with_layers(hp, random() % 2 ? ModelFormat::gguf : ModelFormat::hf_config);
      const std::size_t times = hp.architecture == "nanbeige" ? hp.num_loops.value_or(1) : 1;
      CHECK(model.layers.size() == *hp.n_layer * times);
      ++good;
    } catch (const Malformed& e) {
      CHECK_FALSE(e.where.empty());
    }
  }
  CHECK(good > 1000);
}

TEST_CASE("a missing or impossible fact is named") {
  const auto base = facts("llama", 2, 256, 4, 2);
  auto hp = base;
  hp.n_layer = {};
  CHECK(layout_complaint(hp) ==
        "key 'llama.block_count': missing, and the cache cannot be computed without it");
  hp.n_layer = 0;
  CHECK(layout_complaint(hp) == "key 'llama.block_count': is 0");
  hp.n_layer = 4000000000;
  CHECK(layout_complaint(hp) ==
        "key 'llama.block_count': 4000000000 blocks; no model has more than 4096");
  hp = base;
  hp.n_head = hp.n_head_kv = {};
  CHECK(layout_complaint(hp) ==
        "key 'llama.attention.head_count': missing, and the cache cannot be computed without it");
  hp.n_head = 0;
  CHECK(layout_complaint(hp) == "key 'llama.attention.head_count': is 0");
  hp = base;
  hp.n_embd = {};
  CHECK(layout_complaint(hp) ==
        "key 'llama.embedding_length': missing, and the cache cannot be computed without it");
  hp.head_dim_k = hp.head_dim_v = 64;
  CHECK(layout_complaint(hp) == "");
  hp.n_head_kv = 8;
  CHECK(layout_complaint(hp) ==
        "key 'llama.attention.head_count_kv': more key-value heads (8) than heads (4)");
  hp = base;
  hp.n_layer = 3;
  hp.n_head_kv = List{2, 2};
  CHECK(layout_complaint(hp) == "key 'llama.attention.head_count_kv': has 2 values for 3 blocks");
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
