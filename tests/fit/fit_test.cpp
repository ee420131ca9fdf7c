#include "fitvram/fit.hpp"

#include "catch.hpp"
#include "support/configs.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

/// SharpInference's Gemma4ShapedHp: 8 heads, embedding 2048, feed-forward 4096, window layers as
/// given.
ModelInfo gemma4_shaped(std::vector<std::uint32_t> head_dims, std::vector<bool> sliding) {
  ModelInfo model = uniform_model(static_cast<std::uint32_t>(head_dims.size()), 8, head_dims[0]);
  model.architecture = "gemma4";
  model.hparams.n_embd = 2048;
  model.hparams.n_ff = 4096;
  for (std::size_t i = 0; i < head_dims.size(); ++i) {
    auto& slot = model.layers[i].caches[0];
    slot.shape = {8, head_dims[i], head_dims[i]};
    if (sliding[i]) slot.growth = Growth::sliding, slot.span = 1024;
  }
  return model;
}

Weights flat(Bytes bytes) {
  Weights weights;
  weights.flat = bytes;
  return weights;
}

}  // namespace

TEST_CASE("the dense reserve is a third of the card and at least 2 GiB") {
  const ModelInfo dense = uniform_model(32, 8, 128);
  CHECK(automatic_reserve(dense, 12 * GiB) == 4 * GiB);
  CHECK(automatic_reserve(dense, 3 * GiB) == 2 * GiB);
  CHECK(automatic_reserve(dense, 48 * GiB) == 16 * GiB);
}

TEST_CASE("a window model's reserve is bounded by its prefill working set (SharpInference)") {
  const ModelInfo three = gemma4_shaped({256, 256, 256}, {false, true, false});
  const Bytes reserve = automatic_reserve(three, 12 * GiB);
  CHECK(reserve == Bytes{2'516'582'400});
  CHECK(reserve > 2 * GiB);
  CHECK(reserve < automatic_reserve(uniform_model(3, 8, 256), 12 * GiB));
  CHECK(automatic_reserve(three, 48 * GiB) - reserve == 6 * GiB);
}

TEST_CASE("the reserve counts per-layer embeddings and the widest head") {
  ModelInfo model = gemma4_shaped({256, 512}, {false, true});
  const Bytes without = automatic_reserve(model, 12 * GiB);
  model.hparams.n_embd_per_layer = 256;
  CHECK(automatic_reserve(model, 12 * GiB) == Bytes{2'705'326'080});
  CHECK(without < automatic_reserve(model, 12 * GiB));
}

TEST_CASE("the reserve grows with the model's width and never passes the dense one") {
  ModelInfo narrow = gemma4_shaped({256, 256}, {false, true});
  ModelInfo wide = narrow;
  wide.hparams.n_ff = 4 * 4096;
  CHECK(automatic_reserve(wide, 12 * GiB) > automatic_reserve(narrow, 12 * GiB));
  wide.hparams.n_ff = 1u << 30;
  CHECK(automatic_reserve(wide, 12 * GiB) == 4 * GiB);
}

TEST_CASE("an all-false pattern and an ignored window keep the dense reserve") {
  CHECK(automatic_reserve(gemma4_shaped({256, 256}, {false, false}), 12 * GiB) == 4 * GiB);
  CHECK(automatic_reserve(gemma4_shaped({256, 256}, {false, true}), 12 * GiB, false) == 4 * GiB);
}

TEST_CASE("verdicts: fits keeps the reserve, tight eats into it, no exceeds the card") {
  MemoryEstimate memory;
  memory.model.device = 10 * GiB;
  memory.context.device = 5 * GiB;
  memory.compute.device = GiB;
  memory.overhead.device = GiB;
  CHECK(verdict_of(memory, 24 * GiB, 8 * GiB) == Verdict::fits);
  CHECK(verdict_of(memory, 24 * GiB, 9 * GiB) == Verdict::fits);
  CHECK(verdict_of(memory, 24 * GiB, 9 * GiB + Bytes{1}) == Verdict::tight);
  CHECK(verdict_of(memory, 17 * GiB, Bytes{0}) == Verdict::fits);
  CHECK(verdict_of(memory, 17 * GiB - Bytes{1}, Bytes{0}) == Verdict::no);
}

TEST_CASE("safe and max context are the last ones before the verdict changes") {
  const ModelInfo model = uniform_model(32, 8, 128);
  const Weights weights = flat(8 * GiB);
  Workload w;
  const Fit result =
      fit({.model = model, .runtime = llama_cpp(), .workload = w, .device = 16 * GiB}, weights);
  REQUIRE(result.safe_n_ctx > 0);
  REQUIRE(result.safe_n_ctx < result.max_n_ctx);
  REQUIRE(result.max_n_ctx < 131072);
  const auto verdict_at = [&](std::uint64_t n_ctx) {
    w.n_ctx = n_ctx;
    return fit({.model = model, .runtime = llama_cpp(), .workload = w, .device = 16 * GiB}, weights)
        .verdict;
  };
  CHECK(verdict_at(result.safe_n_ctx) == Verdict::fits);
  CHECK(verdict_at(result.safe_n_ctx + 1) == Verdict::tight);
  CHECK(verdict_at(result.max_n_ctx) == Verdict::tight);
  CHECK(verdict_at(result.max_n_ctx + 1) == Verdict::no);
}

TEST_CASE("contexts never pass the trained length, per sequence, unless extended") {
  const ModelInfo model = uniform_model(2, 1, 64, 8192);
  Workload w;
  CHECK(fit({.model = model, .runtime = llama_cpp(), .workload = w, .device = 80 * GiB}, flat(GiB))
            .max_n_ctx == 8192);
  CHECK(fit({.model = model,
             .runtime = llama_cpp(),
             .workload = w,
             .device = 80 * GiB,
             .extend_ctx = true},
            flat(GiB))
            .max_n_ctx > 8192);
  w.n_seq = 4;
  CHECK(fit({.model = model, .runtime = llama_cpp(), .workload = w, .device = 80 * GiB}, flat(GiB))
            .max_n_ctx == 4 * 8192);
  ModelInfo odd = model;
  odd.n_ctx_train = 2047;
  w.n_seq = 1;
  CHECK(fit({.model = odd, .runtime = llama_cpp(), .workload = w, .device = 80 * GiB}, flat(GiB))
            .max_n_ctx == 2047);
}

TEST_CASE("a model that is too big at any context has neither safe nor max context") {
  const Fit result =
      fit({.model = uniform_model(32, 8, 128), .runtime = llama_cpp(), .device = 24 * GiB},
          flat(40 * GiB));
  CHECK(result.verdict == Verdict::no);
  CHECK(result.safe_n_ctx == 0);
  CHECK(result.max_n_ctx == 0);
  CHECK(result.free < 0);
}

TEST_CASE("a fixed reserve replaces the automatic one") {
  const Fit result = fit({.model = uniform_model(4, 1, 64),
                          .runtime = llama_cpp(),
                          .device = 24 * GiB,
                          .reserve = {Bytes{0}}},
                         flat(GiB));
  CHECK(result.reserve == Bytes{0});
  CHECK(result.safe_n_ctx == result.max_n_ctx);
}

TEST_CASE("a memo of compute buffers changes no answer") {
  const ModelInfo models[] = {uniform_model(32, 8, 128), gemma_3_27b()};
  for (const ModelInfo& model : models) {
    ModelMemo memo;
    for (const std::uint64_t vram : {8u, 16u, 24u})
      for (const std::uint32_t n_gpu_layers : {10u, UINT32_MAX})
        for (const std::uint64_t n_ctx : {2048u, 32768u}) {
          Workload w;
          w.n_ctx = n_ctx;
          w.n_gpu_layers = n_gpu_layers;
          const Weights weights = flat(4 * GiB);
          const Fit fresh =
              fit({.model = model, .runtime = llama_cpp(), .workload = w, .device = vram * GiB},
                  weights);
          const Fit known = fit({.model = model,
                                 .runtime = llama_cpp(),
                                 .workload = w,
                                 .device = vram * GiB,
                                 .memo = &memo},
                                weights);
          CHECK(fresh.need == known.need);
          CHECK(fresh.max_n_ctx == known.max_n_ctx);
          CHECK(fresh.safe_n_ctx == known.safe_n_ctx);
          CHECK(fresh.memory.compute.host == known.memory.compute.host);
        }
  }
}

TEST_CASE("compute buffers that hold weights are those of the weights as priced") {
  // No CUDA kernel takes these heads: attention runs on the host, and weights follow it there.
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'mistral4', 'architectures': ['Mistral4ForCausalLM'], 'hidden_size': 4096, "
      "'intermediate_size': 12288, 'kv_lora_rank': 256, 'max_position_embeddings': 131072, "
      "'moe_intermediate_size': 2048, 'n_routed_experts': 128, 'n_shared_experts': 1, "
      "'num_attention_heads': 32, 'num_experts_per_tok': 4, 'num_hidden_layers': 4, "
      "'num_key_value_heads': 32, 'q_lora_rank': 1024, 'qk_nope_head_dim': 64, "
      "'qk_rope_head_dim': 64, 'v_head_dim': 128, 'first_k_dense_replace': 0, 'head_dim': 128, "
      "'vocab_size': 131072}");
  ModelMemo memo;
  Bytes before;
  for (const char* scheme : {"Q8_0", "Q2_K"}) {
    const Weights weights = quantize(model, *find_scheme(scheme));
    const Placement compute = estimate(model, weights, Workload{}, llama_cpp()).compute;
    const Fit found =
        fit({.model = model, .runtime = llama_cpp(), .device = Device{24 * GiB}, .memo = &memo},
            weights);
    CHECK(compute.by_types);
    CHECK(found.memory.compute.device == compute.device);
    CHECK(found.memory.compute.host == compute.host);
    CHECK(compute.host != before);
    before = compute.host;
  }
}
