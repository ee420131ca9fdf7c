#include "catch.hpp"
#include "fitvram/estimate.hpp"
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

TEST_CASE("what llama-server's options do not offer as a cache type is refused") {
  const ModelInfo model = uniform_model(2, 8, 128);
  CHECK(reason(model, "q4_k", "f16") == "unsupported cache type: q4_k");
  CHECK(reason(model, "f16", "mxfp4") == "unsupported cache type: mxfp4");
  for (const char* type : {"f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1"})
    CHECK(reason(model, type, type).empty());
}

TEST_CASE("cache types of other runtimes are priced, but as an assumption with a warning") {
  const ModelInfo model = uniform_model(2, 8, 128);
  CHECK(reason(model, "int8", "fp8").empty());
  Workload w;
  w.type_k = w.type_v = cache_type("int8");
  const auto memory = estimate(model, stored_weights(model), w, *find_runtime("llama.cpp"));
  CHECK(memory.context_provenance == Provenance::assumed);
  REQUIRE(memory.notes.size() == 1);
  CHECK(memory.notes[0].severity == Severity::warning);
  CHECK(memory.notes[0].code == "cache-type-foreign");
  CHECK(memory.notes[0].message ==
        "llama.cpp has no cache type int8: its size is assumed to be 8 bits a value");
  CHECK(memory.context.device == Bytes{2 * 2 * 8 * 128 * 8192});
}

TEST_CASE("settings that no context can have are refused with the reason of its constructor") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  const auto refused = [&](const ModelInfo& model, const Workload& w) {
    const auto error = refusal(model, w, runtime);
    return error ? error->message : "";
  };
  const ModelInfo model = uniform_model(2, 8, 128);
  Workload w;
  w.n_seq = 256;
  CHECK(refused(model, w).empty());
  w.n_seq = 257;
  CHECK(refused(model, w) == "n_seq_max must be <= 256");
  w.n_seq = 0;
  CHECK(refused(model, w) == "zero sequences");
  w = {};
  w.n_batch = w.n_ubatch = 0;
  CHECK(refused(model, w) == "n_batch and n_ubatch cannot both be zero");
  w = {};
  w.n_ctx = 0;
  CHECK(refused(model, w).empty());
  CHECK(refused(uniform_model(2, 8, 128, 0), w) ==
        "n_ctx and model->hparams.n_ctx_train cannot both be zero");
}

TEST_CASE("Grok runs without flash attention, so a quantized V cache is refused") {
  ModelInfo model = uniform_model(2, 8, 128);
  model.architecture = "grok";
  CHECK(reason(model, "q8_0", "f16").empty());
  CHECK(reason(model, "f16", "q8_0", FlashAttention::on) ==
        "a quantized V cache (Q8_0) requires flash attention");
}

TEST_CASE("T5 runs several sequences only in one cache: llama.cpp's bias fits one stream") {
  const Runtime& runtime = *find_runtime("llama.cpp");
  ModelInfo model = uniform_model(2, 8, 128);
  model.architecture = "t5";
  Workload w;
  CHECK_FALSE(refusal(model, w, runtime));
  w.n_seq = 2;
  const auto error = refusal(model, w, runtime);
  REQUIRE(error);
  CHECK(error->message ==
        "llama.cpp v0.5.0 stops at an assertion when several sequences of architecture 't5' have "
        "caches of their own");
  CHECK(error->hint == "share one cache with --kv-unified, or ask for one slot with -np 1");
  w.kv_unified = true;
  CHECK_FALSE(refusal(model, w, runtime));
  model.architecture = "t5encoder";
  w.kv_unified = false;
  CHECK_FALSE(refusal(model, w, runtime));
}

TEST_CASE("a draft model that borrows another's context cannot be run alone") {
  ModelInfo model = uniform_model(2, 8, 128);
  model.architecture = "gemma4-assistant";
  CHECK(reason(model, "f16", "f16") == "gemma4-assistant requires ctx_other to be set");
  model.architecture = "eagle3";
  model.tensors.resize(1);
  model.tensors[0].name = "output.weight";
  CHECK(reason(model, "f16", "f16") == "eagle3 requires ctx_other to be set");
  model.tensors.resize(2);
  model.tensors[1].name = "token_embd.weight";
  CHECK(reason(model, "f16", "f16").empty());
}

TEST_CASE("the overhead of a backend is assumed unless it is given") {
  const ModelInfo model = uniform_model(2, 8, 128);
  const Runtime& runtime = *find_runtime("llama.cpp");
  Workload w;
  auto memory = estimate(model, stored_weights(model), w, runtime);
  CHECK(memory.overhead.device == find_backend("cuda")->overhead);
  CHECK(memory.overhead_provenance == Provenance::assumed);
  w.overhead = 300 * MiB;
  memory = estimate(model, stored_weights(model), w, runtime);
  CHECK(memory.overhead.device == 300 * MiB);
  CHECK(memory.overhead_provenance == Provenance::exact);
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
  const auto refused = [&](const char* scheme) {
    return refusal({}, *find_scheme(scheme), llama_cpp);
  };
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
