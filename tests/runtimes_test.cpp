#include "catch.hpp"
#include "fitvram/runtime.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

std::string reason(const ModelInfo& model, const char* k, const char* v,
                   FlashAttention flash = FlashAttention::automatic) {
  Workload w;
  w.type_k = cache_type(k);
  w.type_v = cache_type(v);
  w.flash_attn = flash;
  const auto error = refusal(model, w, *find_runtime("llama.cpp"));
  return error ? error->message : "";
}

}  // namespace

TEST_CASE("every runtime and backend is found by its name") {
  for (const auto& runtime : runtimes()) CHECK(find_runtime(runtime.name) == &runtime);
  for (const auto& backend : backends()) CHECK(find_backend(backend.name) == &backend);
  CHECK(find_runtime("nothing") == nullptr);
}

TEST_CASE("a quantized V cache needs flash attention") {
  const ModelInfo model = uniform_model(2, 8, 128);
  CHECK(reason(model, "q8_0", "q8_0").empty());
  CHECK(reason(model, "q8_0", "f16", FlashAttention::off).empty());
  CHECK(reason(model, "f16", "q8_0", FlashAttention::off) ==
        "a quantized V cache (Q8_0) requires flash attention");
}

TEST_CASE("a cache type whose block does not divide the head is refused with llama.cpp's reason") {
  const ModelInfo model = uniform_model(2, 8, 72);
  CHECK(reason(model, "q8_0", "f16") ==
        "K cache type Q8_0 with block size 32 does not divide n_embd_head_k=72");
  CHECK(reason(model, "f16", "q4_0") ==
        "V cache type Q4_0 with block size 32 does not divide n_embd_head_v=72");
  CHECK(reason(model, "f16", "bf16").empty());
}

TEST_CASE("MLA models take only one cache type for K and V") {
  ModelInfo model = uniform_model(2, 1, 576);
  model.architecture = "deepseek2";
  model.hparams.head_dim_k_mla = 192;
  model.hparams.head_dim_v_mla = 128;
  model.hparams.head_dim_v = 512;
  CHECK(reason(model, "f16", "q8_0") ==
        "llama.cpp does not support different K (F16) and V (Q8_0) cache types for architecture "
        "'deepseek2'");
  CHECK(reason(model, "q8_0", "q8_0").empty());
}

TEST_CASE("weights of another format are refused, with the nearest scheme that is loaded") {
  const Runtime& llama_cpp = *find_runtime("llama.cpp");
  const auto refused = [&](const char* scheme) { return refusal(*find_scheme(scheme), llama_cpp); };
  CHECK_FALSE(refused("Q4_K_M"));
  CHECK_FALSE(refused("MXFP4_MOE"));
  REQUIRE(refused("MLX-4"));
  CHECK(refused("MLX-4")->code == ErrorCode::unsupported);
  CHECK(refused("MLX-4")->message == "llama.cpp does not load MLX checkpoints (MLX-4)");
  CHECK(refused("MLX-4")->hint == "the nearest that it loads is -q Q4_K_M");
  CHECK(refused("FP8")->message == "llama.cpp does not load safetensors checkpoints (FP8)");
  CHECK(refused("FP8")->hint == "the nearest that it loads is -q Q8_0");
  CHECK(refused("EXL2-4.0")->message == "llama.cpp does not load exllama checkpoints (EXL2-4.0)");
}
