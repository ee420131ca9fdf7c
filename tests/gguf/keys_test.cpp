#include "gguf/keys.hpp"

#include <functional>

#include "catch.hpp"
#include "support/gguf_writer.hpp"

using namespace fitvram;
using fitvram::test::GgufWriter;

namespace {

// The facts of a model of two layers with some more keys.
Hparams facts(const std::function<void(GgufWriter&)>& add) {
  GgufWriter w;
  w.u32("llama.block_count", 2);
  add(w);
  const auto bytes = w.bytes();
  Hparams out;
  out.architecture = "llama";
  read_hparams(GgufFile(bytes), out);
  return out;
}

}  // namespace

TEST_CASE("numbers given per layer have one value for every layer") {
  const auto h = facts([](GgufWriter& w) {
    w.i32s("llama.expert_used_count", {2, 4})
        .u32s("llama.expert_feed_forward_length", {8, 0})
        .bools("llama.attention.sliding_window_pattern", {true, false})
        .u32s("llama.attention.indexer.types", {1, 0})
        .bools("llama.attention.recurrent_layers", {false, true})
        .u32s("llama.attention.compress_ratios", {0, 128});
  });
  CHECK(h.n_expert_used == PerLayer(std::vector<std::uint32_t>{2, 4}));
  CHECK(h.n_ff_exp == PerLayer(std::vector<std::uint32_t>{8, 0}));
  CHECK(h.swa_layers == std::vector<bool>{true, false});
  CHECK_FALSE(h.swa_period.has_value());
  CHECK(h.indexer_layers == std::vector<bool>{true, false});
  CHECK(h.recurrent_layers == std::vector<bool>{false, true});
  CHECK(h.compress_ratios == std::vector<std::uint32_t>{0, 128});
}

TEST_CASE("a list may be given as one number, and a window pattern as a period") {
  const auto h = facts([](GgufWriter& w) {
    w.u32("llama.attention.sliding_window_pattern", 6)
        .boolean("llama.attention.indexer.types", true)
        .u32("llama.attention.compress_ratios", 4);
  });
  CHECK(h.swa_period == 6U);
  CHECK(h.swa_layers.empty());
  CHECK(h.indexer_layers == std::vector<bool>{true, true});
  CHECK(h.compress_ratios == std::vector<std::uint32_t>{4, 4});
}

TEST_CASE("what the keys of other families say is kept") {
  const auto h = facts([](GgufWriter& w) {
    w.u32("llama.vocab_size", 32000)
        .u32("llama.attention.sliding_window", 4096)
        .u32("llama.attention.kv_lora_rank", 512)
        .u32("llama.attention.key_length_mla", 192)
        .u32("llama.ssm.conv_kernel", 4)
        .u32("llama.nextn_predict_layers", 1)
        .u32("llama.interleave_moe_layer_step", 2)
        .f32("llama.rope.scaling.factor", 8.0F)
        .u32("qwen2.attention.key_length", 7);
  });
  CHECK(h.n_vocab == 32000U);
  CHECK(h.n_swa == 4096U);
  CHECK(h.kv_lora_rank == 512U);
  CHECK(h.head_dim_k_mla == 192U);
  CHECK(h.ssm_conv_kernel == 4U);
  CHECK(h.n_layer_nextn == 1U);
  CHECK(h.moe_every_n_layers == 2U);
  CHECK(h.rope_scale == 8.0);
  CHECK_FALSE(h.head_dim_k.has_value());
}

TEST_CASE("the vocabulary is as large as its list of tokens unless a size is stated") {
  const auto list = [](GgufWriter& w) { w.texts("tokenizer.ggml.tokens", {"a", "b", "c"}); };
  CHECK(facts(list).n_vocab == 3U);
  CHECK(facts([&](GgufWriter& w) {
          list(w);
          w.u32("llama.vocab_size", 4);
        }).n_vocab == 4U);
  CHECK_FALSE(facts([](GgufWriter&) {}).n_vocab.has_value());
}

TEST_CASE("what a file does not say stays unsaid") {
  const auto read = facts([](GgufWriter&) {});
  CHECK(read.n_layer == 2U);
  CHECK_FALSE(read.n_head.present());
  CHECK_FALSE(read.n_head_kv.present());
  CHECK_FALSE(read.n_swa.has_value());
  CHECK_FALSE(read.rope_scale.has_value());
}
