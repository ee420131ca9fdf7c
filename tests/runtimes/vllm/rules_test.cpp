#include "runtimes/vllm/rules.hpp"

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/estimate.hpp"
#include "fitvram/fit.hpp"
#include "pricing/rules.hpp"
#include "runtimes/shared/tensor_parallel.hpp"
#include "runtimes/vllm/cache.hpp"
#include "support/arithmetic.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& vllm() { return *find_runtime("vllm"); }

ModelInfo known(const std::string& name) {
  static const auto catalog = parse_catalog(embedded_models(), "embedded");
  for (const auto& entry : *catalog)
    if (entry.name == name) return *model_of(entry);
  FAIL("no model is called " << name);
  return {};
}

Workload asks(std::uint64_t n_ctx, std::uint32_t n_batch = 2048, const char* type = nullptr) {
  Workload w;
  w.n_ctx = n_ctx;
  w.n_batch = n_batch;
  if (type != nullptr) w.type_k = w.type_v = find_tensor_type(type);
  return w;
}

/// "12.04": GiB with two decimals, as vLLM prints them.
std::string gib(Bytes bytes) {
  const std::uint64_t hundredths = (bytes.count * 100 + GiB.count / 2) / GiB.count;
  const std::string rest = std::to_string(100 + hundredths % 100).substr(1);
  return std::to_string(hundredths / 100) + "." + rest;
}

std::string context_gib(const ModelInfo& model, const Workload& w) {
  return gib(context_estimate(model, w, vllm()).bytes.device);
}

Bytes hundredths_of_gib(std::uint64_t n) { return Bytes{n * GiB.count / 100}; }

std::uint64_t longest(const ModelInfo& model, Bytes available, std::uint32_t n_batch) {
  const Workload w = asks(model.n_ctx_train, n_batch);
  return max_model_len(paged_pool(model, w), available, model.n_ctx_train, n_batch);
}

/// As releases up to 2026-04 counted: blocks of one group.
std::uint64_t tokens_by_group(const PagedPool& pool, Bytes available) {
  std::uint64_t block = UINT64_MAX;
  for (const auto& cache : pool.caches)
    if (cache.block != 0) block = std::min(block, cache.block);
  return available.count / pool.block_bytes.count / pool.n_group * block;
}

/// A report prints hundredths of a GiB: what it allocated lies within one block of them.
bool within_a_block(const PagedPool& pool, std::uint64_t hundredths, std::uint64_t logged) {
  const Bytes half = Bytes{GiB.count / 200} + pool.block_bytes;
  const Bytes printed = hundredths_of_gib(hundredths);
  return tokens_by_group(pool, printed - half) <= logged &&
         logged <= tokens_by_group(pool, printed + half);
}

/// Layers of plain attention, for reports that tell the bytes of a token and not the model.
ModelInfo of_token_bytes(std::uint64_t bytes) {
  return uniform_model(1, 1, static_cast<std::uint32_t>(bytes / 4));
}

}  // namespace

TEST_CASE("vLLM: Gemma-4-31B needs what giantswarm's model-manager was told") {
  const auto model = known("google/gemma-4-31B-it");
  CHECK(context_gib(model, asks(65536, 8192)) == "12.04");
  CHECK(context_gib(model, asks(32768, 8192)) == "9.54");
  CHECK(context_gib(model, asks(8192, 8192)) == "6.89");
}

TEST_CASE("vLLM: 7.25 GiB give Gemma-4-31B 8608 tokens, one block below what was printed") {
  const auto model = known("google/gemma-4-31B-it");
  CHECK(longest(model, hundredths_of_gib(725), 8192) == 8608);
  // 7.25 was rounded: the printed 8624 needs 0.3 % of a hundredth more.
  CHECK(longest(model, hundredths_of_gib(725) + Bytes{3 * MiB.count}, 8192) == 8624);
}

TEST_CASE("vLLM: Qwen3-VL-30B-A3B at its trained length, and what 8.04 GiB hold") {
  const auto model = known("Qwen/Qwen3-VL-30B-A3B-Instruct");
  CHECK(context_gib(model, asks(262144)) == "24.00");
  CHECK(longest(model, hundredths_of_gib(804), 2048) / 16 * 16 == 87808);
  CHECK(longest(model, hundredths_of_gib(804) + Bytes{3 * MiB.count}, 2048) == 87840);
}

TEST_CASE("vLLM: window caches keep a batch beside the window") {
  const auto gemma = known("google/gemma-3-27b-it");
  CHECK(context_gib(gemma, asks(131072, 2048)) == "11.41");
  CHECK(context_gib(gemma, asks(131072, 8192)) == "14.23");
  const auto oss = known("openai/gpt-oss-20b");
  CHECK(context_gib(oss, asks(131072, 2048)) == "3.05");
  CHECK(context_gib(oss, asks(131072, 8192)) == "3.19");
}

TEST_CASE("vLLM: the latent cache of DeepSeek-V3 is whole on every card") {
  const auto model = known("deepseek-ai/DeepSeek-V3");
  for (const std::uint32_t n_tp : {1U, 4U, 8U}) {
    Workload w = asks(16);
    w.n_tp = n_tp;
    CHECK(context_estimate(model, w, vllm()).bytes.device == Bytes{16 * 70'272} * n_tp);
  }
}

TEST_CASE("vLLM: heads are repeated once there are more cards than heads") {
  const ModelInfo model = uniform_model(2, 8, 128);
  const auto total = [&](std::uint32_t n_tp) {
    Workload w = asks(1024);
    w.n_tp = n_tp;
    return context_estimate(model, w, vllm()).bytes.device;
  };
  CHECK(total(8) == total(1));
  CHECK(total(16) == total(1) * 2);
}

TEST_CASE("vLLM: cache types") {
  const ModelInfo model = uniform_model(2, 8, 128);
  const auto bytes = [&](const char* type) {
    return context_estimate(model, asks(16, 2048, type), vllm()).bytes.device.count;
  };
  CHECK(bytes("bf16") == 16 * 2 * 2 * 8 * 128 * 2);
  CHECK(bytes("fp8") == 16 * 2 * 2 * 8 * 128);
  CHECK(bytes("int8") == 16 * 2 * 2 * 8 * (128 + 4));
  CHECK(bytes("nvfp4") == 16 * 2 * 2 * 8 * (128 / 2 + 128 / 16));
  const auto sparse = known("deepseek-ai/DeepSeek-V3.2");
  CHECK(context_estimate(sparse, asks(16, 2048, "fp8"), vllm()).bytes.device ==
        Bytes{16 * 61 * (656 + 132)});
  const auto memory = estimate(model, stored_weights(model), asks(16, 2048, "fp8"), vllm());
  CHECK(memory.notes.empty());
}

TEST_CASE("vLLM: a log of Llama-3.1-8B: 3.81 GiB are 1952 blocks, 2.89 GiB are 1478") {
  const PagedPool pool = paged_pool(known("meta-llama/Llama-3.1-8B-Instruct"), asks(20000));
  CHECK(pool.block_bytes == Bytes{16 * 131'072});
  CHECK(within_a_block(pool, 381, 1952 * 16));
  CHECK(within_a_block(pool, 289, 1478 * 16));
  CHECK(max_concurrency(pool, pool.block_bytes * 1952, 20000, 2048) == 156);
  // The log's 0.82 is not of blocks (1478 * 16 / 29000 = 0.815), which are rounded up to 1813.
  CHECK(max_concurrency(pool, pool.block_bytes * 1478, 29000, 2048) == 81);
}

TEST_CASE("vLLM: a log of a 131,072-byte model: 19.92 GiB are 163,168 tokens") {
  CHECK(within_a_block(paged_pool(of_token_bytes(131'072), asks(8192)), 1992, 163'168));
  CHECK(within_a_block(paged_pool(of_token_bytes(131'072), asks(8192)), 460, 37'696));
}

TEST_CASE("vLLM: a log of Qwen2.5-1.5B: 0.56 GiB are 20,992 tokens") {
  CHECK(within_a_block(paged_pool(of_token_bytes(28'672), asks(8192)), 56, 20'992));
}

TEST_CASE("vLLM: a log of a 28,672-byte model: 9.84 GiB are 368,512 tokens, 44.98 requests") {
  const PagedPool pool = paged_pool(of_token_bytes(28'672), asks(8192));
  CHECK(within_a_block(pool, 984, 368'512));
  CHECK(max_concurrency(pool, Bytes{368'512 * 28'672ULL}, 8192, 2048) == 4498);
}

TEST_CASE("vLLM: a log of Qwen2.5-Coder-1.5B: 1.75 GiB are 65,536 tokens") {
  const PagedPool pool = paged_pool(of_token_bytes(28'672), asks(8192));
  CHECK(tokens_by_group(pool, hundredths_of_gib(175)) == 65'536);
  CHECK(kv_cache_tokens(pool, hundredths_of_gib(175), 8192, 2048) == 65'536);
}

TEST_CASE("vLLM: a log of Gemma-4-E2B: 0.93 GiB are 3.25 requests of 32,768, so 106,443 tokens") {
  const PagedPool pool = paged_pool(known("google/gemma-4-E2B-it"), asks(32'768, 8192));
  CHECK(gib(request_bytes(pool, 32'768, 8192)) == "0.29");  // logged: 0.286
  const Bytes available = pool.block_bytes * 10'200;
  CHECK(gib(available) == "0.93");
  CHECK(max_concurrency(pool, available, 32'768, 8192) == 324);  // logged, rounded: 3.25
  CHECK(kv_cache_tokens(pool, available, 32'768, 8192) == 106'443);
}

TEST_CASE("vLLM: a log of Qwen2.5-3B: 32,000 tokens need 1.1 GiB") {
  CHECK(gib(context_estimate(of_token_bytes(36'864), asks(32000), vllm()).bytes.device) == "1.10");
}

TEST_CASE("vLLM: logs that name no available memory still agree with the bytes of a token") {
  const PagedPool small = paged_pool(of_token_bytes(131'072), asks(8192));
  CHECK(gib(small.block_bytes * (1'152'240 / 16)) == "140.65");
  const PagedPool large = paged_pool(known("meta-llama/Llama-3.1-70B-Instruct"), asks(8192));
  CHECK(gib(large.block_bytes * (584'928 / 16)) == "178.51");
}

TEST_CASE("vLLM: a log of Qwen3.5-122B-A10B: fp8 pages of 4176 tokens hold two states a request") {
  const PagedPool pool = paged_pool(known("Qwen/Qwen3.5-122B-A10B"), asks(131'072, 2048, "fp8"));
  CHECK(pool.n_group == 4);
  CHECK(pool.group_size == 12);
  CHECK(pool.block_bytes == Bytes{12ULL * 4176 * 1024});
  CHECK(tokens_by_group(pool, hundredths_of_gib(2143)) == 467'712);
  CHECK(max_concurrency(pool, hundredths_of_gib(2143), 131'072, 2048) == 1178);  // logged: 11.79
}

TEST_CASE("vLLM: attention blocks grow until a page holds the state of Qwen3.6-35B-A3B") {
  const PagedPool pool = paged_pool(known("Qwen/Qwen3.6-35B-A3B"), asks(8192, 2048, "fp8"));
  // A log says 2128 with two speculative tokens, which lengthen the convolution by two entries.
  const std::uint64_t state = 8192 * 3 * 2 + 32 * 128 * 128 * 4;
  for (const auto& cache : pool.caches)
    if (cache.block != 0) CHECK(cache.block == (state + 16 * 1024 - 1) / (16 * 1024) * 16);
  CHECK((state + 8192 * 2 * 2 + 16 * 1024 - 1) / (16 * 1024) * 16 == 2128);
}

TEST_CASE("vLLM: layers are dealt to groups of the rarer kind, or padded to the commoner") {
  const PagedPool few = paged_pool(windowed_model(12, 2, 64, 512, 6), asks(8192));
  CHECK(few.group_size == 2);
  CHECK(few.n_group == 1 + 5);
  const PagedPool even = paged_pool(windowed_model(5, 2, 64, 512, 2), asks(8192));
  CHECK(even.group_size == 2);  // 3 sliding, 2 full: not fewer than half as many again
  CHECK(even.n_group == 1 + 2);
  const PagedPool near = paged_pool(windowed_model(9, 2, 64, 512, 2), asks(8192));
  CHECK(near.group_size == 5);  // 5 sliding, 4 full
  CHECK(near.n_group == 2);
}

TEST_CASE("vLLM: weights of Llama-3.1-8B load as a log printed, rotations included") {
  const auto model = known("meta-llama/Llama-3.1-8B-Instruct");
  const Bytes loaded = weights_on_cards(model, stored_weights(model), {}).device;
  CHECK(loaded == Bytes{16'060'522'496 + 131'072 * 128 * 2});
  CHECK(gib(loaded) == "14.99");
  Workload two;
  two.n_tp = 2;
  const Bytes both = weights_on_cards(model, stored_weights(model), two).device;
  const Bytes norms = Bytes{(2 * 32 + 1) * 4096 * 2};
  CHECK(both == loaded + norms + Bytes{131'072 * 128 * 2});
}

TEST_CASE("vLLM: what it may use is a share of all memory of the cards it runs on") {
  Device device{46'068 * MiB};
  Workload w;
  CHECK(vllm_runtime.rules->budget(device, w) == Bytes{46'068 * MiB.count * 92 / 100});
  w.memory_utilization = 900'000;
  device.total = 2 * device.vram;
  device.count = 2;
  CHECK(vllm_runtime.rules->budget(device, w) == Bytes{46'068 * MiB.count * 9 / 10});
  w.n_tp = 2;
  CHECK(vllm_runtime.rules->budget(device, w) == Bytes{2 * 46'068 * MiB.count * 9 / 10});
}

TEST_CASE("vLLM: batches go by the card") {
  const ModelInfo model = uniform_model(2, 8, 128);
  const auto batch = [&](std::uint64_t gib, const char* name) {
    Device device{Bytes{gib * GiB.count}};
    device.name = name;
    return vllm_runtime.rules->defaults(model, device).n_batch;
  };
  CHECK(batch(80, "NVIDIA H100 SXM") == 8192);
  CHECK(batch(80, "NVIDIA A100 80 GB") == 2048);
  CHECK(batch(24, "NVIDIA GeForce RTX 4090") == 2048);
  CHECK(vllm_runtime.rules->defaults(model, std::nullopt).n_ctx == model.n_ctx_train);
}

TEST_CASE("vLLM: sparse latent attention is cached in fp8 unless asked otherwise") {
  CHECK(vllm_runtime.rules->defaults(known("deepseek-ai/DeepSeek-V3.2"), std::nullopt).type_kv ==
        find_tensor_type("fp8"));
  CHECK(vllm_runtime.rules->defaults(known("deepseek-ai/DeepSeek-V3"), std::nullopt).type_kv ==
        nullptr);
}

TEST_CASE("vLLM: what it cannot run is refused with the reason") {
  const auto reason = [](const ModelInfo& model, const Workload& w) {
    const auto error = refusal(model, w, vllm());
    return error ? error->message : "";
  };
  ModelInfo model = uniform_model(2, 8, 128);
  CHECK(reason(model, asks(8192)).empty());
  CHECK(reason(model, asks(8192, 2048, "q8_0")) == "vLLM has no KV cache of q8_0");
  Workload mixed = asks(8192);
  mixed.type_v = find_tensor_type("fp8");
  CHECK(reason(model, mixed) == "vLLM has no KV cache of f16 keys and fp8 values");
  Workload three = asks(8192);
  three.n_tp = 3;
  CHECK(reason(model, three) == "vLLM cannot share 8 heads between 3 cards");
  model.hparams.n_head = 12;
  CHECK(reason(model, three) == "vLLM cannot share 8 key and value heads between 3 cards");
  model.hparams.n_head = 8;
  Workload mac = asks(8192);
  mac.backend = "metal";
  CHECK(reason(model, mac) == "vLLM does not run on metal");
  model.layers[1].caches[0] = {CacheRole::kv, Growth::sliding, 512, {8, 96, 96}};
  CHECK(reason(model, asks(8192)) ==
        "vLLM cannot give the caches of architecture 'llama' pages of one size");
  model.architecture = "rwkv7";
  CHECK(reason(model, asks(8192)) == "vLLM does not load architecture 'rwkv7'");
  CHECK(refusal({}, *find_scheme("Q4_K_M"), vllm())->message ==
        "vLLM does not load GGUF files (Q4_K_M)");
  CHECK(refusal({}, *find_scheme("Q4_K_M"), vllm())->hint ==
        "the nearest that it loads is -q AWQ-4");
  CHECK_FALSE(refusal({}, *find_scheme("BF16"), vllm()));
}

TEST_CASE("vLLM: a verdict is tight where it hangs on what is only known as a range") {
  const ModelInfo model = uniform_model(8, 8, 128);
  const auto memory = estimate(model, stored_weights(model), asks(8192), vllm());
  CHECK(memory.least_device_total() < memory.device_total());
  CHECK(verdict_of(memory, memory.device_total(), Bytes{}) == Verdict::fits);
  CHECK(verdict_of(memory, memory.least_device_total(), Bytes{}) == Verdict::tight);
  CHECK(verdict_of(memory, memory.least_device_total() - Bytes{1}, Bytes{}) == Verdict::no);
}

TEST_CASE("vLLM: its answers bound what start-up logs printed for Llama-3.1-8B on a 3090") {
  const auto model = known("meta-llama/Llama-3.1-8B-Instruct");
  Device device{Bytes{2358 * GiB.count / 100}};
  Workload w = asks(20000);
  w.memory_utilization = 900'000;
  w.overhead = Bytes{35 * GiB.count / 100};  // no graphs then
  const auto answers = vllm_runtime.rules->answers(model, stored_weights(model), w, device);
  const auto value = [&](const std::string& key) {
    for (const auto& answer : answers)
      if (answer.key == key) return answer.value;
    return std::uint64_t{0};
  };
  CHECK(value("available_kv_cache") < hundredths_of_gib(381).count + MiB.count);
  CHECK(hundredths_of_gib(381).count < value("available_kv_cache_most"));
  CHECK(value("kv_cache_tokens") <= 1952 * 16 + 80);
  CHECK(1952 * 16 <= value("kv_cache_tokens_most"));
}

TEST_CASE("vLLM: every figure of an estimate is explained by arithmetic that gives it") {
  for (const char* name : {"google/gemma-4-31B-it", "Qwen/Qwen3.6-35B-A3B",
                           "deepseek-ai/DeepSeek-V3.2", "openai/gpt-oss-20b"}) {
    const auto model = known(name);
    Workload w = asks(32768);
    w.n_seq = 2;
    w.n_tp = 2;
    const auto weights = stored_weights(model);
    const auto memory = estimate(model, weights, w, vllm());
    std::uint64_t context = 0;
    for (const auto& step : explain(model, weights, w, vllm())) {
      INFO(name << ": " << step.figure << " = " << step.formula);
      CHECK(Arithmetic::value(step.formula) == step.value);
      if (step.figure.starts_with("context / ")) context += step.value;
    }
    CHECK(context == memory.context.device.count);
  }
}
