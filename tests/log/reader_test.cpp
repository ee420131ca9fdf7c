#include "log/reader.hpp"

#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "support/places.hpp"

using namespace fitvram;

namespace {

ServerLog log_of(const std::string& name) {
  std::ifstream in(fitvram::test::test_data("logs/") + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  REQUIRE_FALSE(text.empty());
  return parse_server_log(text);
}

std::uint64_t centi(const std::vector<LoggedBuffer>& buffers, std::string_view device) {
  for (const auto& buffer : buffers)
    if (buffer.device == device) return buffer.size.centi_mib;
  return 0;
}

}  // namespace

TEST_CASE("a log of v0.5.0 with a window cache and a prefix on every line is read") {
  const auto log = log_of("gemma-3-27b-cuda.log");
  CHECK(log.model.path == "/models/gemma-3-27b-it-Q4_K_M.gguf");
  CHECK(log.model.architecture == "gemma3");
  CHECK(log.model.name == "Gemma 3 27b It");
  CHECK(log.model.file_type == "Q4_K - Medium");
  CHECK(log.model.n_layer == 62);
  CHECK(log.model.n_swa == 1024);
  CHECK(log.model.n_offloaded == 63);
  CHECK(log.model.n_offloadable == 63);
  CHECK(centi(log.model.weights, "CUDA0") == 1577397);
  CHECK(centi(log.model.weights, "CPU_Mapped") == 110277);
  CHECK(log.context.n_ctx == 16384);
  CHECK(log.context.n_seq_max == 4);
  CHECK(log.context.n_outputs_max == 4);
  CHECK(log.context.kv_unified == true);
  CHECK(log.context.flash_attn == FlashAttention::automatic);
  REQUIRE(log.context.caches.size() == 2);
  CHECK(log.context.caches[0].kind == LoggedKind::full);
  CHECK(log.context.caches[0].cells == 16384);
  CHECK(log.context.caches[0].n_layer == 10);
  CHECK(log.context.caches[1].kind == LoggedKind::sliding);
  CHECK(log.context.caches[1].cells == 4608);
  CHECK(log.context.caches[1].size.centi_mib == 187200);
  CHECK(centi(log.context.memory, "CUDA0") == 315200);
  CHECK(centi(log.context.compute, "CUDA0") == 17552);
  CHECK(centi(log.context.output, "CUDA_Host") == 400);
  CHECK(log.left_out == std::vector<std::string>{"a multimodal projector"});

  const auto w = workload_of(log);
  CHECK(w.n_ctx == 16384);
  CHECK(w.n_seq == 4);
  CHECK(w.kv_unified);
  CHECK(w.n_outputs == 4);
  CHECK(w.n_gpu_layers == UINT32_MAX);
  CHECK(w.backend == "cuda");
  CHECK(w.offload_kqv);
  CHECK(w.type_k == find_tensor_type("f16"));
}

TEST_CASE("a log that a program printed on a CPU is read") {
  const auto log = log_of("tiny-llama-q8_0-v0.5.0.log");
  CHECK(log.model.file_type == "Q8_0");
  CHECK(log.model.n_layer == 4);
  CHECK(centi(log.model.weights, "AMX") == 267);
  CHECK(log.context.type_k == "q8_0");
  CHECK(log.context.flash_attn == FlashAttention::on);
  CHECK(log.context.kv_unified == false);
  REQUIRE(log.context.caches.size() == 1);
  CHECK(log.context.caches[0].size.centi_mib == 850);
  CHECK(workload_of(log).backend == "cpu");
  CHECK(workload_of(log).n_outputs == 512);
  CHECK(workload_of(log_of("tiny-gemma3-v0.5.0.log")).n_seq == 4);
}

TEST_CASE("the wordings of 2024 and 2025 are read") {
  const auto log = parse_server_log(
      "llama_model_loader: loaded meta data with 26 key-value pairs and 291 tensors from "
      "models/Meta-Llama-3-8B.Q4_K_M.gguf (version GGUF V3 (latest))\n"
      "llm_load_print_meta: arch             = llama\n"
      "llm_load_print_meta: n_layer          = 32\n"
      "llm_load_print_meta: model ftype      = Q4_K - Medium\n"
      "llm_load_print_meta: general.name     = Meta Llama 3 8B\n"
      "llm_load_tensors: offloaded 33/33 layers to GPU\n"
      "llm_load_tensors:        CPU buffer size =   281.81 MiB\n"
      "llm_load_tensors:      CUDA0 buffer size =  4403.49 MiB\n"
      "llama_new_context_with_model: n_ctx      = 512\n"
      "llama_new_context_with_model: n_batch    = 512\n"
      "llama_new_context_with_model: n_ubatch   = 512\n"
      "llama_new_context_with_model: flash_attn = 0\n"
      "llama_kv_cache_init:      CUDA0 KV buffer size =    64.00 MiB\n"
      "llama_new_context_with_model: KV self size  =   64.00 MiB, K (f16):   32.00 MiB, V (f16):   "
      "32.00 MiB\n"
      "llama_new_context_with_model:  CUDA_Host  output buffer size =     0.49 MiB\n"
      "llama_new_context_with_model:      CUDA0 compute buffer size =   258.50 MiB\n"
      "llama_new_context_with_model:  CUDA_Host compute buffer size =     9.01 MiB\n");
  CHECK(log.model.name == "Meta Llama 3 8B");
  CHECK(scheme_of_file_type(log.model.file_type) == "Q4_K_M");
  CHECK(centi(log.model.weights, "CUDA0") == 440349);
  CHECK(log.context.flash_attn == FlashAttention::off);
  REQUIRE(log.context.caches.size() == 1);
  CHECK(log.context.caches[0].size.centi_mib == 6400);
  CHECK(centi(log.context.compute, "CUDA0") == 25850);
  CHECK(workload_of(log).n_outputs == 0);
  CHECK(workload_of(log).kv_unified);

  const auto unified = parse_server_log(
      "llama_context: n_seq_max = 1\nllama_context: n_ctx = 16384\n"
      "llama_kv_cache_unified: size = 2048.00 MiB ( 16384 cells,  32 layers,  1 seqs), K (f16): "
      "1024.00 MiB, V (q8_0): 1024.00 MiB\n");
  REQUIRE(unified.context.caches.size() == 1);
  CHECK(unified.context.caches[0].cells == 16384);
  CHECK(unified.context.caches[0].n_layer == 32);
  CHECK(unified.context.type_v == "q8_0");

  const auto init = parse_server_log(
      "llama_kv_cache_init: kv_size = 8192, offload = 1, type_k = 'f16', type_v = 'f16', n_layer = "
      "61, can_shift = 0\n"
      "llama_context: KV self size  = 1147,50 MiB, c^KV (q8_0): 1147,50 MiB, kv^T: not used\n");
  REQUIRE(init.context.caches.size() == 1);
  CHECK(init.context.caches[0].cells == 8192);
  CHECK(init.context.caches[0].n_layer == 61);
  CHECK(init.context.caches[0].size.centi_mib == 114750);
  CHECK(init.context.type_v == "q8_0");
}

TEST_CASE("recurrent state and the caches of sparse attention have kinds of their own") {
  const auto hybrid = parse_server_log(
      "llama_context: constructing llama_context\n"
      "llama_kv_cache: size = 4352.00 MiB (131072 cells,  16 layers,  4/1 seqs), K (q8_0): 2176.00 "
      "MiB, V (q8_0): 2176.00 MiB\n"
      "llama_memory_recurrent:      CUDA0 RS buffer size =   598.50 MiB\n"
      "llama_memory_recurrent: size =  598.50 MiB (     4 cells,  65 layers,  4 seqs  0 rs_seq), R "
      "(f32):   22.50 MiB, S (f32):  576.00 MiB, P (f32):    0.00 MiB\n");
  REQUIRE(hybrid.context.caches.size() == 2);
  CHECK(hybrid.context.caches[1].kind == LoggedKind::state);
  CHECK(hybrid.context.caches[1].size.centi_mib == 59850);
  CHECK(centi(hybrid.context.memory, "CUDA0") == 59850);
  CHECK(hybrid.context.n_seq_max == 4);
  CHECK(hybrid.context.kv_unified == true);

  const auto line = [](const std::string& mib) {
    return "llama_kv_cache: size = " + mib +
           " MiB (   256 cells,   3 layers,  1/1 seqs), K (f16): " + mib +
           " MiB, V (f16): 0.00 MiB\n";
  };
  const auto sparse = parse_server_log(
      "llama_kv_cache_dsv4: creating DSV4 raw KV cache\n"
      "llama_kv_cache_iswa: creating non-SWA KV cache, size = 4096 cells\n"
      "llama_kv_cache: size = 0.00 MiB ( 4096 cells,   0 layers,  1/1 seqs), K (f16): 0.00 MiB, V "
      "(f16): 0.00 MiB\n"
      "llama_kv_cache_iswa: creating     SWA KV cache, size = 768 cells\n" +
      line("1.00") +
      "llama_kv_cache_dsv4: creating DSV4 CSA compressed KV cache, size = 1024 cells\n" +
      line("2.00") +
      "llama_kv_cache_dsv4: creating DSV4 lightning-indexer KV cache, size = 1024 cells\n" +
      line("3.00") +
      "llama_kv_cache_dsv4: creating DSV4 lightning-indexer compressor state\n"
      "llama_dsv4_comp_state:      CUDA0 DSV4 LID state buffer size =     0.50 MiB\n"
      "llama_dsv4_comp_state: LID ratio = 4, state = 8 x 256, streams = 1, rs_seq = 0, layers = 3, "
      "size =    0.50 MiB\n");
  REQUIRE(sparse.context.caches.size() == 4);
  CHECK(sparse.context.caches[0].kind == LoggedKind::sliding);
  CHECK(sparse.context.caches[1].kind == LoggedKind::strided);
  CHECK(sparse.context.caches[2].kind == LoggedKind::indexer);
  CHECK(sparse.context.caches[3].kind == LoggedKind::compressor);
  CHECK(centi(sparse.context.memory, "CUDA0") == 50);
}

TEST_CASE("of several models and contexts the first complete real one counts") {
  const auto log = parse_server_log(
      "llama_model_loader: loaded meta data with 1 key-value pairs and 1 tensors from a.gguf "
      "(version GGUF V3)\n"
      "print_info: no_alloc              = 1\n"
      "load_tensors: CUDA0 model buffer size = 1.00 MiB\n"
      "llama_context: constructing llama_context\n"
      "sched_reserve: CUDA0 compute buffer size = 1.00 MiB\n"
      "llama_model_loader: loaded meta data with 1 key-value pairs and 1 tensors from a.gguf "
      "(version GGUF V3)\n"
      "print_info: no_alloc              = 0\n"
      "load_tensors: CUDA0 model buffer size = 2.00 MiB\n"
      "load_tensors: CUDA1 model buffer size = 3.00 MiB\n"
      "load_tensors: CPU_Mapped model buffer size = 1.00 MiB\n"
      "load_tensors: CPU_Mapped model buffer size = 1.25 MiB\n"
      "llama_context: constructing llama_context\n"
      "llama_context: n_ctx                 = 4096\n"
      "sched_reserve: CUDA0 compute buffer size = 5.00 MiB\n"
      "sched_reserve: CUDA0 compute buffer size = 6.00 MiB\n"
      "llama_context: constructing llama_context\n"
      "llama_context: n_ctx                 = 2048\n"
      "sched_reserve: CUDA0 compute buffer size = 7.00 MiB\n"
      "llama_model_loader: loaded meta data with 1 key-value pairs and 1 tensors from draft.gguf "
      "(version GGUF V3)\n"
      "load_tensors: CUDA0 model buffer size = 9.00 MiB\n");
  CHECK(centi(log.model.weights, "CUDA1") == 300);
  CHECK(centi(log.model.weights, "CPU_Mapped") == 225);
  CHECK(log.context.n_ctx == 4096);
  CHECK(centi(log.context.compute, "CUDA0") == 600);
  CHECK(log.left_out == std::vector<std::string>{"a trial load of a.gguf",
                                                 "another context of 2048 tokens",
                                                 "another load of draft.gguf"});
}

TEST_CASE("the name of a buffer tells the backend") {
  const auto backend = [](const std::string& device) {
    return std::string(
        workload_of(parse_server_log("load_tensors: " + device + " model buffer size = 9.00 MiB\n"))
            .backend);
  };
  CHECK(backend("CUDA0") == "cuda");
  CHECK(backend("ROCm1") == "rocm");
  CHECK(backend("Vulkan0") == "vulkan");
  CHECK(backend("Metal") == "metal");
}

TEST_CASE("a partial offload, a cache on the host and a full window show in the settings") {
  const auto log = parse_server_log(
      "load_tensors: offloaded 18/33 layers to GPU\n"
      "load_tensors: Vulkan1 model buffer size = 3123.80 MiB\n"
      "llama_kv_cache_iswa: using full-size SWA cache (ref: somewhere)\n"
      "llama_kv_cache: CPU KV buffer size = 256.00 MiB\n"
      "llama_kv_cache: size = 256.00 MiB (8192 cells, 8 layers, 1/1 seqs), K (f16): 128.00 MiB, V "
      "(f16): 128.00 MiB\n");
  const auto w = workload_of(log);
  CHECK(w.n_gpu_layers == 18);
  CHECK(w.backend == "vulkan");
  CHECK_FALSE(w.offload_kqv);
  CHECK(w.swa_full);
}

TEST_CASE("colours are skipped, and garbage is read as nothing") {
  const auto log = parse_server_log(
      "\x1b[32m0.01 \x1b[0mload_tensors:\x1b[1m   CUDA0\x1b[0m model buffer size =  12.50 MiB\r\n");
  CHECK(centi(log.model.weights, "CUDA0") == 1250);
  for (const std::string text :
       {"", "\n\n\n", "=", "= = = =", "buffer size = MiB", "a: buffer size = 1 MiB",
        "load_tensors: model buffer size = 9999999999999999999999 MiB", "size = -1.00 MiB cells,",
        "load_tensors: CUDA0 model buffer size = 1.x MiB", "offloaded / layers to GPU",
        "llama_kv_cache: size = 1.00 MiB (), K (: V ():", "\x1b[",
        "kv_size =", "print_info: arch =", "llama_context: n_ctx = 99999999999999999999999",
        "print_info: file type   ="}) {
    const auto nothing = parse_server_log(text);
    INFO(text);
    CHECK_FALSE(nothing.has_model());
    CHECK_FALSE(nothing.context.n_ctx);
  }
  std::string noise;
  for (unsigned i = 0; i < 20000; ++i) noise += static_cast<char>(i * 2654435761U >> 24U);
  CHECK_FALSE(parse_server_log(noise).has_model());
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "llama_context: constructing llama_context\n";
  CHECK_FALSE(parse_server_log(many).has_context());
}

TEST_CASE("a log of more devices than there are is cut, not searched for each") {
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text += "load_tensors: CUDA" + std::to_string(i) + " model buffer size = 1.00 MiB\n";
  CHECK(fitvram::parse_server_log(text + text).model.weights.size() == 1024);
}

TEST_CASE("file types are the schemes of llama-quantize") {
  CHECK(scheme_of_file_type("Q4_K - Medium") == "Q4_K_M");
  CHECK(scheme_of_file_type("Q5_K - Small") == "Q5_K_S");
  CHECK(scheme_of_file_type("Q3_K - Large") == "Q3_K_L");
  CHECK(scheme_of_file_type("Q2_K - Medium") == "Q2_K");
  CHECK(scheme_of_file_type("Q6_K") == "Q6_K");
  CHECK(scheme_of_file_type("IQ2_XXS - 2.0625 bpw") == "IQ2_XXS");
  CHECK(scheme_of_file_type("IQ3_S mix - 3.66 bpw") == "IQ3_M");
  CHECK(scheme_of_file_type("MXFP4 MoE") == "MXFP4_MOE");
  CHECK(scheme_of_file_type("all F32") == "F32");
  CHECK(scheme_of_file_type("F16 (guessed)") == "F16");
  CHECK(scheme_of_file_type("unknown, may not work").empty());
}

TEST_CASE("a context that begins without saying so is told by a setting that comes again") {
  for (const std::string key : {"n_ctx", "n_seq_max"}) {
    const auto log = parse_server_log("llama_context: " + key +
                                      " = 4\n"
                                      "sched_reserve: CUDA0 compute buffer size = 6.00 MiB\n"
                                      "llama_context: " +
                                      key +
                                      " = 2\n"
                                      "sched_reserve: CUDA0 compute buffer size = 7.00 MiB\n");
    INFO(key);
    CHECK(centi(log.context.compute, "CUDA0") == 600);
    CHECK(log.left_out.size() == 1);
  }
}
