#include "runtimes/mlxcel/rules.hpp"

#include "catch.hpp"
#include "fitvram/fit.hpp"
#include "pricing/rules.hpp"
#include "support/configs.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& runtime() { return *find_runtime("mlxcel"); }

std::uint64_t bytes(const mlxcel::MlxcelConfig& facts, std::uint64_t n_ctx,
                    const char* type = "F16", std::uint64_t batch = 1) {
  return context_of(mlxcel::cache_terms(facts, n_ctx, *find_tensor_type(type), batch))
      .bytes.device.count;
}

std::uint64_t bytes(const ModelInfo& model, std::uint64_t n_ctx) {
  return bytes(mlxcel::config_of(model), n_ctx);
}

mlxcel::MlxcelConfig dense(std::uint64_t n_layer, std::uint64_t n_head_kv, std::uint64_t head_dim) {
  mlxcel::MlxcelConfig facts;
  facts.n_layer = n_layer;
  facts.n_head = facts.n_head_kv = n_head_kv;
  facts.head_dim = head_dim;
  return facts;
}

mlxcel::MlxcelConfig mla(const char* model_type, std::uint64_t n_head) {
  mlxcel::MlxcelConfig facts = dense(4, n_head, 192);
  facts.model_type = model_type;
  facts.kv_lora_rank = 512;
  return facts;
}

constexpr Bytes llama_3_1_8b_4bit{4'517'404'672};

}  // namespace

TEST_CASE("mlxcel kv_cache_bytes: 32 layers, 8 heads of 128, 8192 tokens") {
  CHECK(bytes(dense(32, 8, 128), 8192) == 1'073'741'824);
}
TEST_CASE("mlxcel kv_cache_bytes: 32 layers, 32 heads of 128, 8192 tokens") {
  CHECK(bytes(dense(32, 32, 128), 8192) == 4'294'967'296);
}
TEST_CASE("mlxcel kv_cache_bytes: 32 layers, 8 heads of 128, 131072 tokens") {
  CHECK(bytes(dense(32, 8, 128), 131072) == 17'179'869'184);
}
TEST_CASE("mlxcel kv_cache_bytes: one layer, head, value and byte, 256 tokens") {
  CHECK(bytes(dense(1, 1, 1), 256, "INT8") == 512);
}
TEST_CASE("mlxcel kv_cache_bytes: contexts step by 256, int8 halves, batches multiply") {
  const auto facts = dense(32, 8, 128);
  CHECK(bytes(facts, 0) == 0);
  CHECK(bytes(facts, 1) == bytes(facts, 256));
  CHECK(bytes(facts, 255) == bytes(facts, 256));
  CHECK(bytes(facts, 257) == bytes(facts, 512));
  CHECK(2 * bytes(facts, 8192, "INT8") == bytes(facts, 8192));
  CHECK(bytes(facts, 8192, "F16", 4) == 4 * bytes(facts, 8192));
}
TEST_CASE("mlxcel kv_cache_bytes: products saturate") {
  CHECK(bytes(dense(UINT32_MAX, UINT32_MAX, UINT32_MAX), UINT64_MAX / 2) == UINT64_MAX);
}

TEST_CASE("mlxcel kv_arch: Gemma 3 like, 12 layers, pattern 6") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'gemma3_text', 'architectures': ['Gemma3ForCausalLM'], 'hidden_size': 1024, "
      "'num_hidden_layers': 12, 'num_attention_heads': 4, 'num_key_value_heads': 1, 'head_dim': "
      "256, 'intermediate_size': 4096, 'vocab_size': 1000, 'sliding_window': 1024, "
      "'sliding_window_pattern': 6, 'max_position_embeddings': 32768}");
  CHECK(bytes(model, 8192) == 2ULL * 512 * 8192 * 2 + 10ULL * 512 * 1024 * 2);
}

TEST_CASE("mlxcel kv_arch: MLA is a latent in types named v3, decompressed heads in others") {
  CHECK(bytes(mla("deepseek_v3", 128), 4096) == 4ULL * 576 * 4096 * 2);
  CHECK(bytes(mla("deepseek_v32", 128), 4096) == 4ULL * 576 * 4096 * 2);
  CHECK(bytes(mla("deepseek_v2", 16), 2048) == 4ULL * 16 * 320 * 2048 * 2);
  CHECK(bytes(mla("kimi_k2", 64), 2048) == 4ULL * 64 * 320 * 2048 * 2);
}

TEST_CASE("mlxcel kv_arch: the MLA of real configs") {
  CHECK(bytes(test::model_of_file("deepseek-ai__DeepSeek-V2-Lite"), 2048) ==
        27ULL * 16 * 320 * 2048 * 2);
}

TEST_CASE("mlxcel kv_arch: Jamba with period 4 has 4 attention layers of 16") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'jamba', 'architectures': ['JambaForCausalLM'], 'num_hidden_layers': 16, "
      "'attn_layer_period': 4, 'attn_layer_offset': 3, 'num_attention_heads': 32, "
      "'num_key_value_heads': 8, 'hidden_size': 4096, 'vocab_size': 1000, 'intermediate_size': "
      "14336, 'mamba_d_conv': 4, 'mamba_d_state': 16, 'mamba_expand': 2, 'mamba_dt_rank': 256}");
  CHECK(bytes(model, 8192) == bytes(dense(4, 8, 128), 8192));
}

TEST_CASE("mlxcel kv_arch: Nemotron-H's M*M-M*M- has 2 attention layers") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'nemotron_h', 'architectures': ['NemotronHForCausalLM'], "
      "'num_hidden_layers': 8, 'hybrid_override_pattern': 'M*M-M*M-', 'num_attention_heads': 32, "
      "'num_key_value_heads': 8, 'attention_head_dim': 128, 'hidden_size': 4096, 'vocab_size': "
      "1000, 'intermediate_size': 14336, 'conv_kernel': 4, 'ssm_state_size': 128, "
      "'mamba_num_heads': 128, 'mamba_head_dim': 64, 'n_groups': 8}");
  CHECK(bytes(model, 8192) == bytes(dense(2, 8, 128), 8192));
}

TEST_CASE("mlxcel kv_arch: RecurrentGemma keeps the window of its 2 attention layers") {
  mlxcel::MlxcelConfig facts = dense(6, 1, 256);
  facts.model_type = "recurrent_gemma";
  facts.attention = {false, false, true, false, false, true};
  facts.n_swa = 2048;
  CHECK(bytes(facts, 8192) == 2ULL * 512 * 2048 * 2);
  CHECK(bytes(facts, 1024) == 2ULL * 512 * 1024 * 2);
}

TEST_CASE("mlxcel kv_arch: Qwen3-Next loses the attention layers that mlp_only_layers names") {
  const std::string config =
      "{'model_type': 'qwen3_next', 'architectures': ['Qwen3NextForCausalLM'], "
      "'num_hidden_layers': 8, 'full_attention_interval': 4, 'num_attention_heads': 16, "
      "'num_key_value_heads': 2, 'head_dim': 256, 'hidden_size': 2048, 'vocab_size': 1000, "
      "'intermediate_size': 5120, 'moe_intermediate_size': 512, 'num_experts': 64, "
      "'num_experts_per_tok': 4, 'shared_expert_intermediate_size': 512, 'linear_conv_kernel_dim': "
      "4, 'linear_key_head_dim': 128, 'linear_num_key_heads': 16, 'linear_num_value_heads': 32, "
      "'linear_value_head_dim': 128, 'mlp_only_layers': ";
  CHECK(bytes(test::model_of_text(config + "[7]}"), 8192) == bytes(dense(1, 2, 256), 8192));
  CHECK(bytes(test::model_of_text(config + "[]}"), 8192) == bytes(dense(2, 2, 256), 8192));
}

TEST_CASE("mlxcel kv_arch: Mamba types keep nothing") {
  for (const char* type : {"mamba", "mamba2", "falcon_mamba"}) {
    mlxcel::MlxcelConfig facts = dense(24, 8, 64);
    facts.model_type = type;
    CHECK(bytes(facts, 8192) == 0);
  }
  CHECK(bytes(test::model_of_file("state-spaces__mamba2-780m"), 8192) == 0);
  CHECK(bytes(test::model_of_file("tiiuae__falcon-mamba-7b"), 8192) == 0);
}

TEST_CASE("mlxcel kv_arch: GPT-2 at 8192") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'gpt2', 'n_layer': 12, 'n_head': 12, 'n_embd': 768, 'vocab_size': 50257}");
  CHECK(bytes(model, 8192) == 301'989'888);
}

TEST_CASE("mlxcel kv_arch: SantaCoder's multi-query attention at 8192") {
  const ModelInfo model = test::model_of_file("bigcode__gpt_bigcode-santacoder");
  CHECK(bytes(model, 8192) == 100'663'296);
  mlxcel::MlxcelConfig every_head = mlxcel::config_of(model);
  every_head.n_head_kv = every_head.n_head;
  CHECK(bytes(every_head, 8192) == 1'610'612'736);
}

TEST_CASE("mlxcel kv_arch: Pythia-1B at 8192") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'gpt_neox', 'architectures': ['GPTNeoXForCausalLM'], 'num_hidden_layers': "
      "16, 'num_attention_heads': 8, 'hidden_size': 2048, 'intermediate_size': 8192, 'vocab_size': "
      "50304}");
  CHECK(bytes(model, 8192) == 1'073'741'824);
}

TEST_CASE("mlxcel kv_arch: Helium at 8192") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'helium', 'num_hidden_layers': 24, 'num_attention_heads': 20, "
      "'num_key_value_heads': 20, 'head_dim': 128, 'hidden_size': 2560, 'vocab_size': 48000, "
      "'intermediate_size': 7040}");
  CHECK(bytes(model, 8192) == 2'013'265'920);
}

TEST_CASE("mlxcel kv_arch: Ling-lite at 8192, and contexts step by 256") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'bailing_moe', 'architectures': ['BailingMoeForCausalLM'], "
      "'num_hidden_layers': 28, 'num_attention_heads': 16, 'num_key_value_heads': 4, 'head_dim': "
      "128, 'hidden_size': 2048, 'vocab_size': 126464, 'intermediate_size': 5632, "
      "'moe_intermediate_size': 1408, 'num_experts': 64, 'num_experts_per_tok': 6, "
      "'num_shared_experts': 2, 'first_k_dense_replace': 0}");
  CHECK(bytes(model, 8192) == 469'762'048);
  CHECK(bytes(model, 100) == bytes(model, 256));
}

TEST_CASE("mlxcel on Gemma-3-27B at 131072: no prefill on top of the window") {
  CHECK(bytes(gemma_3_27b(), 131072) == 11'173'625'856);
}

TEST_CASE("mlxcel gives Gemma 4 one shape for all layers and every layer a cache") {
  const ModelInfo model = test::model_of_file("google__gemma-4-31B-it");
  CHECK(bytes(model, 8192) == 10ULL * 8192 * 8192 * 2 + 50ULL * 8192 * 1024 * 2);
}

TEST_CASE("mlxcel's activation term") {
  CHECK(mlxcel::activation(4096, 11008, 32000, 8192, 1) == Bytes{2ULL * 512 * 15104 * 2 + 64000});
  CHECK(mlxcel::activation(4096, 11008, 32000, 100, 1) == Bytes{2ULL * 100 * 15104 * 2 + 64000});
}

TEST_CASE("mlxcel's automatic KV budget takes the headroom of 1.20 exactly") {
  constexpr std::uint64_t billion = 1'000'000'000;
  const Bytes available{25 * billion}, activation{billion}, weights{10 * billion};
  CHECK(mlxcel::auto_kv_budget(available, activation, weights) == Bytes{10 * billion});
  CHECK(mlxcel::auto_kv_budget(available, activation, weights, Bytes{billion}) ==
        Bytes{9'166'666'666});
  CHECK(mlxcel::auto_kv_budget(Bytes{1}, activation, weights) == Bytes{0});
}

TEST_CASE("mlxcel's total: weights and cache by 1.20, activation, in flight only on ROCm") {
  const ModelInfo model = uniform_model(32, 8, 128);
  Weights weights;
  weights.flat = llama_3_1_8b_4bit;
  Workload w;
  w.backend = "metal";
  const MemoryEstimate memory = estimate(model, weights, w, runtime());
  const Bytes both = memory.model.device + memory.context.device;
  CHECK(memory.model.device == llama_3_1_8b_4bit);
  CHECK(memory.context.device == GiB);
  CHECK(memory.overhead.device == both / 5);
  CHECK(memory.device_total() == both + both / 5 + memory.compute.device);
  w.backend = "rocm";
  CHECK(estimate(model, weights, w, runtime()).overhead.device == both / 5 + GiB);
}

TEST_CASE("mlxcel fits what is not above all of the memory, not a working set of it") {
  Device device(32 * GiB);
  device.vram = device.total * 2 / 3;
  device.unified = true;
  CHECK(mlxcel_runtime.rules->budget(device, Workload{}) == 32 * GiB);
  CHECK(mlxcel_runtime.rules->budget(Device(24 * GiB), Workload{}) == 24 * GiB);
  const ModelInfo model = uniform_model(32, 8, 128);
  Weights weights;
  Workload w;
  w.backend = "metal";
  const MemoryEstimate empty = estimate(model, weights, w, runtime());
  weights.flat = (32 * GiB - empty.compute.device) * 5 / 6 - empty.context.device;
  CHECK(fit({.model = model, .runtime = runtime(), .workload = w, .device = device}, weights)
            .verdict == Verdict::fits);
  weights.flat += Bytes{2};
  CHECK(fit({.model = model, .runtime = runtime(), .workload = w, .device = device}, weights)
            .verdict == Verdict::no);
}

TEST_CASE("mlxcel's paged KV block of 32 tokens") {
  ModelInfo model = uniform_model(32, 8, 128);
  const auto block = [&](const char* type) {
    Workload w;
    w.type_k = w.type_v = find_tensor_type(type);
    return mlxcel_runtime.rules->answers(model, Weights{}, w, Device(16 * GiB)).at(1).value;
  };
  CHECK(block("f16") == 131'072 * 32);
  CHECK(block("int8") == 65'536 * 32);
}

TEST_CASE("no peak that mlxcel's source quotes is above its estimate (MLX 4-bit on gfx1151)") {
  struct Peak {
    const char* config;
    std::uint64_t weights, n_ctx, measured_millions;
  };
  const Peak peaks[] = {{"meta-llama__Llama-3.1-8B-Instruct", 4'517'404'672, 640, 6140},
                        {"meta-llama__Llama-3.1-8B-Instruct", 4'517'404'672, 4096, 6950},
                        {"Qwen__Qwen3-30B-A3B", 17'174'622'208, 640, 18'660},
                        {"Qwen__Qwen3-30B-A3B", 17'174'622'208, 4096, 18'910},
                        {"Qwen__Qwen2.5-7B-Instruct", 4'284'263'424, 640, 5910},
                        {"Qwen__Qwen2.5-7B-Instruct", 4'284'263'424, 4096, 6170}};
  for (const Peak& peak : peaks) {
    INFO(peak.config << " " << peak.n_ctx);
    const ModelInfo model = test::model_of_file(peak.config);
    Weights weights;
    weights.flat = Bytes{peak.weights};
    Workload w;
    w.n_ctx = peak.n_ctx;
    w.backend = "rocm";
    const Bytes total = estimate(model, weights, w, runtime()).device_total();
    CHECK(total >= Bytes{peak.measured_millions * 1'000'000});
    CHECK(total <= Bytes{peak.measured_millions * 1'250'000});
  }
}

TEST_CASE("the parameters that mlxcel counts in a config (quant_advisor.rs)") {
  const auto billions = [](const char* config) {
    return static_cast<double>(mlxcel::counted_params(test::model_of_file(config))) / 1e9;
  };
  CHECK(billions("meta-llama__Meta-Llama-3-8B") > 7);
  CHECK(billions("meta-llama__Meta-Llama-3-8B") < 8);  // the untied head is missing
  CHECK(billions("Qwen__Qwen2-0.5B-Instruct") > 0.3);
  CHECK(billions("Qwen__Qwen2-0.5B-Instruct") < 1.0);
  CHECK(billions("Qwen__Qwen3-30B-A3B") > 100);  // experts as wide as the dense feed-forward
}

TEST_CASE("mlxcel reads a config nested under text_config") {
  const ModelInfo model = test::model_of_text(
      "{'model_type': 'gemma3n', 'text_config': {'model_type': 'llama', 'hidden_size': 1536, "
      "'num_hidden_layers': 35, 'num_attention_heads': 8, 'num_key_value_heads': 1, 'head_dim': "
      "256, 'intermediate_size': 6144, 'vocab_size': 1000}}");
  CHECK(bytes(model, 256) == 35ULL * 2 * 256 * 2 * 256);
}

TEST_CASE("mlxcel refuses the cache types it has not") {
  const ModelInfo model = uniform_model(4, 8, 128);
  const auto refused = [&](const char* type) {
    Workload w;
    w.type_k = w.type_v = find_tensor_type(type);
    const auto error = mlxcel_runtime.rules->refusal(model, w);
    return error ? error->message : "";
  };
  CHECK(refused("f16").empty());
  CHECK(refused("int8").empty());
  CHECK(refused("q8_0") == "mlxcel has no cache type q8_0");
  Workload mixed;
  mixed.type_k = find_tensor_type("int8");
  CHECK(mlxcel_runtime.rules->refusal(model, mixed)->message == "mlxcel keeps K and V in one type");
  CHECK(mlxcel_runtime.rules->refusal(model, mixed)->hint ==
        "give both the same, e.g. --kv-type int8");
}
