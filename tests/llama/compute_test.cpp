#include "llama/compute.hpp"

#include "catch.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

ModelInfo llama_3_8b() {
  ModelInfo model = uniform_model(32, 8, 128);
  model.hparams.n_head = 32;
  model.hparams.n_embd = 4096;
  model.hparams.n_ff = 14336;
  model.hparams.n_vocab = 128256;
  return model;
}

ModelInfo qwen2_5_3b() {
  ModelInfo model = uniform_model(36, 2, 128);
  model.architecture = "qwen2";
  model.hparams.n_head = 16;
  model.hparams.n_embd = 2048;
  model.hparams.n_ff = 11008;
  model.hparams.n_vocab = 151936;
  return model;
}

}  // namespace

TEST_CASE("logits of a whole batch dominate where every token has an output, as public logs show") {
  Workload w;
  w.n_ctx = 512;
  w.n_outputs = 0;
  CHECK(llama_cpp_compute(llama_3_8b(), {}, w).device.count >= 258 * MiB.count + MiB.count / 2);
  CHECK(llama_cpp_compute(qwen2_5_3b(), {}, w).device.count >=
        std::uint64_t{4} * 512 * (151936 + 2048));
}

TEST_CASE("a server's few outputs make the buffer small") {
  Workload w;
  CHECK(llama_cpp_compute(llama_3_8b(), {}, w).device < 150 * MiB);
}

TEST_CASE("without flash attention the buffer holds the scores of a layer") {
  Workload w;
  w.flash_attn = FlashAttention::off;
  CHECK(llama_cpp_compute(llama_3_8b(), {}, w).device.count > std::uint64_t{4} * 512 * 32 * 8192);
}

TEST_CASE("automatic flash attention is off where CUDA has no kernel for the head size") {
  Workload w;
  CHECK(flash_attention_resolved(llama_3_8b(), w));
  ModelInfo odd = uniform_model(2, 8, 160);
  CHECK_FALSE(flash_attention_resolved(odd, w));
  w.type_v = cache_type("Q8_0");
  CHECK(flash_attention_resolved(odd, w));
  w.type_v = nullptr;
  w.backend = "vulkan";
  CHECK(flash_attention_resolved(odd, w));
}

TEST_CASE("nothing on the device costs no device compute") {
  Workload w;
  w.n_gpu_layers = 0;
  CHECK(llama_cpp_compute(llama_3_8b(), {}, w).device == Bytes{0});
  CHECK(llama_cpp_compute(llama_3_8b(), {}, w).host > Bytes{0});
}
