// The commands that the runtimes' rows print.
#include "base/text.hpp"
#include "catch.hpp"
#include "fitvram/runtime.hpp"

using namespace fitvram;

namespace {

ModelInfo gguf_of(const std::string& source) {
  ModelInfo model;
  model.format = ModelFormat::gguf;
  model.source = source;
  model.n_layer = 32;
  return model;
}

std::string server_command(const ModelInfo& model, const Workload& workload) {
  return launch_command(*find_runtime("llama.cpp"), model, "Q8_0", workload);
}

}  // namespace

TEST_CASE("the line for llama-server leaves out what is its default") {
  CHECK(server_command(gguf_of("a.gguf"), {}) == "llama-server -m a.gguf -c 8192 -np 1 -ngl all");
  CHECK(server_command(gguf_of("-"), {}).empty());
}

TEST_CASE("the line for llama-server repeats every flag") {
  const auto model = gguf_of("my model.gguf");
  Workload w;
  w.n_seq = 4;
  w.kv_unified = true;
  w.n_batch = 1024;
  w.n_ubatch = 256;
  w.type_k = w.type_v = find_tensor_type("q8_0");
  w.flash_attn = FlashAttention::on;
  w.swa_full = true;
  w.n_gpu_layers = 20;
  w.offload_kqv = false;
  CHECK(server_command(model, w) ==
        "llama-server -m 'my model.gguf' -c 8192 -np 4 -kvu -b 1024 -ub 256 -ctk q8_0 -ctv q8_0 "
        "-fa on --swa-full -ngl 20 -nkvo");
  w.backend = "cpu";
  CHECK(server_command(model, w).ends_with("-nkvo -dev none"));
  w.type_v = find_tensor_type("int8");
  CHECK(server_command(model, w).empty());
}

TEST_CASE("the line for vLLM names what the estimate was made with") {
  ModelInfo model;
  model.format = ModelFormat::catalog;
  model.name = "Qwen/Qwen3-8B";
  model.quant = "BF16";
  const auto line = [&](const char* quant, const Workload& w) {
    return launch_command(*find_runtime("vllm"), model, quant, w);
  };
  Workload w;
  w.n_ctx = 32768;
  CHECK(line("BF16", w) ==
        "vllm serve Qwen/Qwen3-8B --max-model-len 32768 --gpu-memory-utilization 0.92 "
        "--max-num-batched-tokens 2048");
  w.n_seq = 2;
  w.n_tp = 4;
  w.memory_utilization = 855'000;
  w.type_k = w.type_v = find_tensor_type("fp8");
  CHECK(line("FP8", w) ==
        "vllm serve Qwen/Qwen3-8B --quantization fp8 --max-model-len 16384 "
        "--gpu-memory-utilization 0.855 --max-num-batched-tokens 2048 --tensor-parallel-size 4 "
        "--kv-cache-dtype fp8");
  CHECK(line("AWQ-4", w).empty());
  CHECK(line("NF4", w).starts_with("vllm serve Qwen/Qwen3-8B --quantization bitsandbytes "));
  CHECK(launch_command(*find_runtime("sglang"), model, "FP8", w)
            .starts_with("python -m sglang.launch_server --model-path Qwen/Qwen3-8B "
                         "--quantization fp8 --context-length 16384 "));
  CHECK(launch_command(*find_runtime("sglang"), model, "NF4", w).empty());
  model.format = ModelFormat::hf_config;
  model.source = "models/my qwen/config.json";
  CHECK(line("BF16", w).starts_with("vllm serve 'models/my qwen' "));
  model.format = ModelFormat::parameters;
  CHECK(line("BF16", w).empty());
}

TEST_CASE("a shell reads quoted words back") {
  CHECK(shell_quoted("a/b-1.gguf") == "a/b-1.gguf");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("$(rm)") == "'$(rm)'");
  CHECK(shell_quoted("") == "''");
}

TEST_CASE("shares are read and written to the millionth") {
  CHECK(parse_millionths("0.92") == 920'000U);
  CHECK(parse_millionths(".5") == 500'000U);
  CHECK(parse_millionths("1") == 1'000'000U);
  CHECK_FALSE(parse_millionths("0.9200001"));
  CHECK_FALSE(parse_millionths("9e-1"));
  CHECK_FALSE(parse_millionths("."));
  CHECK_FALSE(parse_millionths(""));
  CHECK(decimal(920'000) == "0.92");
  CHECK(decimal(1'000'000) == "1");
  CHECK(decimal(855'001) == "0.855001");
}
