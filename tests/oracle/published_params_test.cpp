// What is counted from the facts of published models, against the sums of their checkpoints.
#include "catch.hpp"
#include "support/published_models.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

Hparams with_shared(Hparams h, std::uint32_t n_shared, std::uint32_t n_dense) {
  h.n_expert_shared = n_shared;
  h.n_layer_dense_lead = n_dense;
  return h;
}

Hparams with_mla(Hparams h, std::uint32_t q_rank, std::uint32_t kv_rank, std::uint32_t nope,
                 std::uint32_t rope, std::uint32_t dim_v) {
  if (q_rank > 0) h.q_lora_rank = q_rank;
  h.kv_lora_rank = kv_rank;
  h.n_rot = rope;
  h.head_dim_k = kv_rank + rope;
  h.head_dim_v = kv_rank;
  h.head_dim_k_mla = nope + rope;
  h.head_dim_v_mla = dim_v;
  h.n_head_kv = 1;
  return h;
}

Hparams with_nextn(Hparams h) {
  h.n_layer = *h.n_layer + 1;
  h.n_layer_nextn = 1;
  return h;
}

Hparams with_sigmoid_router(Hparams h) {
  h.expert_gating_func = 2;
  return h;
}

Hparams with_attention_bias(Hparams h) {
  h.attention_bias = true;
  return h;
}

Hparams with_state(Hparams h, std::uint32_t conv, std::uint32_t inner, std::uint32_t state,
                   std::uint32_t groups, std::uint32_t rank) {
  h.ssm_conv_kernel = conv;
  h.ssm_inner_size = inner;
  h.ssm_state_size = state;
  h.ssm_group_count = groups;
  h.ssm_time_step_rank = rank;
  return h;
}

Hparams deepseek_v3() {
  return with_sigmoid_router(with_mla(
      with_shared(
          with_experts(facts_of({"deepseek2", 61, 7168, 128, 128, 18432, 129280}), 256, 8, 2048), 1,
          3),
      1536, 512, 128, 64, 128));
}

Hparams kimi_k2() {
  auto h = deepseek_v3();
  h.n_head = 64;
  h.n_vocab = 163840;
  h.n_expert = 384;
  h.n_layer_dense_lead = 1;
  return h;
}

Hparams deepseek_v2_lite() {
  return with_mla(with_shared(with_experts(facts_of({"deepseek2", 27, 2048, 16, 16, 10944, 102400}),
                                           64, 6, 1408),
                              2, 1),
                  0, 512, 128, 64, 128);
}

Hparams deepseek_v2() {
  return with_mla(
      with_shared(
          with_experts(facts_of({"deepseek2", 60, 5120, 128, 128, 12288, 102400}), 160, 6, 1536), 2,
          1),
      1536, 512, 128, 64, 128);
}

Hparams glm_4_5() {
  auto h = with_attention_bias(with_shared(
      with_experts(facts_of({"glm4moe", 92, 5120, 96, 8, 12288, 151552, 128}), 160, 8, 1536), 1,
      3));
  h.qk_norm = true;
  return with_nextn(h);
}

Hparams glm_4_5_air() {
  return with_nextn(with_attention_bias(with_shared(
      with_experts(facts_of({"glm4moe", 46, 4096, 96, 8, 10944, 151552, 128}), 128, 8, 1408), 1,
      1)));
}

Hparams qwen3_6_27b() {
  return with_nextn(
      with_state(facts_of({"qwen35", 64, 5120, 24, 4, 17408, 248320, 256}), 4, 6144, 128, 16, 48));
}

Hparams qwen3_6_35b_a3b() {
  auto h = with_state(
      with_experts(facts_of({"qwen35moe", 40, 2048, 16, 2, 512, 248320, 256}), 256, 8, 512), 4,
      4096, 128, 16, 32);
  h.n_ff_shexp = 512;
  return with_nextn(h);
}

Hparams qwen1_5_moe() {
  auto h = with_experts(facts_of({"qwen2moe", 24, 2048, 16, 16, 5632, 151936}), 60, 4, 1408);
  h.n_ff_shexp = 5632;
  return h;
}

Hparams llama_4(std::uint32_t n_expert, std::uint32_t step) {
  auto h =
      with_experts(facts_of({"llama4", 48, 5120, 40, 8, 16384, 202048, 128}), n_expert, 1, 8192);
  h.moe_every_n_layers = step;
  return h;
}

Hparams gemma_3n(std::uint32_t n_layer, std::uint32_t n_ff) {
  auto h = facts_of({"gemma3n", n_layer, 2048, 8, 2, n_ff, 262400, 256, true});
  h.n_embd_per_layer = 256;
  return h;
}

Hparams gemma_4(const Dense& dense, std::uint32_t period, std::uint32_t n_global_kv,
                std::uint32_t per_layer) {
  auto h = facts_of(dense);
  h.head_dim_k_swa = h.head_dim_v_swa = 256;
  h.n_embd_per_layer = per_layer;
  h.swa_layers.assign(dense.n_layer, true);
  std::vector<std::uint32_t> n_head_kv(dense.n_layer, dense.n_head_kv);
  for (std::size_t i = period - 1; i < dense.n_layer; i += period) {
    h.swa_layers[i] = false;
    n_head_kv[i] = n_global_kv;
  }
  h.n_head_kv = n_head_kv;
  return h;
}

Hparams gemma_4_31b() {
  auto h = gemma_4({"gemma4", 60, 5376, 32, 16, 21504, 262144, 512, true}, 6, 4, 0);
  h.k_eq_v = true;
  return h;
}

Hparams gemma_4_26b_a4b() {
  auto h = with_experts(gemma_4({"gemma4", 30, 2816, 16, 8, 2112, 262144, 512, true}, 6, 2, 0), 128,
                        8, 704);
  h.k_eq_v = true;
  return h;
}

Hparams gemma_4_e2b() {
  auto h = gemma_4({"gemma4", 35, 1536, 8, 1, 6144, 262144, 512, true}, 5, 1, 256);
  std::vector<std::uint32_t> n_ff(35, 6144);
  std::fill(n_ff.begin() + 15, n_ff.end(), 12288U);
  h.n_ff = n_ff;
  return h;
}

Hparams opt_125m() {
  auto h = facts_of({"opt", 12, 768, 12, 12, 3072, 50272, 0, true});
  h.n_ctx_train = 2048;
  return h;
}

Hparams mamba(std::uint32_t n_layer, std::uint32_t n_embd, std::uint32_t rank) {
  return with_state(facts_of({"mamba", n_layer, n_embd, 0, 0, 0, 50280, 0, true}), 4, 2 * n_embd,
                    16, 0, rank);
}

Hparams mamba2(std::uint32_t n_layer, std::uint32_t n_embd, std::uint32_t n_vocab,
               std::uint32_t groups, bool tied) {
  return with_state(facts_of({"mamba2", n_layer, n_embd, 0, 0, 0, n_vocab, 0, tied}), 4, 2 * n_embd,
                    128, groups, 2 * n_embd / 64);
}

Hparams mixtral_8x22b(std::uint32_t n_vocab) {
  auto h = facts_of({"llama", 56, 6144, 48, 8, 16384, n_vocab});
  h.n_expert = 8;
  h.n_expert_used = 2;
  return h;
}

struct Total {
  const char* name;
  Hparams facts;
  std::uint64_t n_params;
};

}  // namespace

TEST_CASE("parameters counted from a config are those of the published checkpoint") {
  const auto dense = [](const Dense& d) { return facts_of(d); };
  const Total totals[] = {
      {"Llama-2-7B", dense({"llama", 32, 4096, 32, 32, 11008, 32000}), 6738415616},
      {"Llama-2-13B", dense({"llama", 40, 5120, 40, 40, 13824, 32000}), 13015864320},
      {"Llama-2-70B", dense({"llama", 80, 8192, 64, 8, 28672, 32000}), 68976648192},
      {"Llama-3.1-8B", llama_3_1_8b(), 8030261248},
      {"Llama-3.1-70B", llama_3_1_70b(), 70553706496},
      {"Llama-3.1-405B", dense({"llama", 126, 16384, 128, 8, 53248, 128256}), 405853388800},
      {"Llama-3.2-1B", llama_3_2_1b(), 1235814400},
      {"Llama-3.2-3B", dense({"llama", 28, 3072, 24, 8, 8192, 128256, 128, true}), 3212749824},
      {"Llama-4-Scout", llama_4(16, 1), 107769861120},
      {"Llama-4-Maverick", llama_4(128, 2), 400711848960},
      {"Mistral-7B-v0.1", mistral_7b(), 7241732096},
      {"Mistral-7B-v0.3", dense({"llama", 32, 4096, 32, 8, 14336, 32768}), 7248023552},
      {"Mistral-Nemo", dense({"llama", 40, 5120, 32, 8, 14336, 131072, 128}), 12247782400},
      {"Mistral-Small-24B", dense({"llama", 40, 5120, 32, 8, 32768, 131072, 128}), 23572403200},
      {"Ministral-8B", dense({"llama", 36, 4096, 32, 8, 12288, 131072, 128}), 8019808256},
      {"Mixtral-8x7B", mixtral_8x7b(), 46702792704},
      {"Mixtral-8x22B", mixtral_8x22b(32000), 140620634112},
      {"Mixtral-8x22B-Instruct", mixtral_8x22b(32768), 140630071296},
      {"Qwen2.5-0.5B", qwen2_5_0_5b(), 494032768},
      {"Qwen2.5-1.5B", dense({"qwen2", 28, 1536, 12, 2, 8960, 151936, 128, true}), 1543714304},
      {"Qwen2.5-3B", dense({"qwen2", 36, 2048, 16, 2, 11008, 151936, 128, true}), 3085938688},
      {"Qwen2.5-7B", qwen2_5_7b(), 7615616512},
      {"Qwen2.5-14B", dense({"qwen2", 48, 5120, 40, 8, 13824, 152064}), 14770033664},
      {"Qwen2.5-32B", dense({"qwen2", 64, 5120, 40, 8, 27648, 152064}), 32763876352},
      {"Qwen2.5-72B", dense({"qwen2", 80, 8192, 64, 8, 29568, 152064}), 72706203648},
      {"Qwen3-0.6B", dense({"qwen3", 28, 1024, 16, 8, 3072, 151936, 128, true}), 596049920},
      {"Qwen3-1.7B", dense({"qwen3", 28, 2048, 16, 8, 6144, 151936, 128, true}), 1720574976},
      {"Qwen3-4B", dense({"qwen3", 36, 2560, 32, 8, 9728, 151936, 128, true}), 4022468096},
      {"Qwen3-8B", qwen3_8b(), 8190735360},
      {"Qwen3-14B", dense({"qwen3", 40, 5120, 40, 8, 17408, 151936, 128}), 14768307200},
      {"Qwen3-32B", qwen3_32b(), 32762123264},
      {"Qwen3-30B-A3B", qwen3_30b_a3b(), 30532122624},
      {"Qwen3-235B-A22B",
       with_experts(dense({"qwen3moe", 94, 4096, 64, 4, 12288, 151936, 128}), 128, 8, 1536),
       235093634560},
      {"Qwen1.5-MoE-A2.7B", qwen1_5_moe(), 14315784192},
      {"Qwen3.6-27B", qwen3_6_27b(), 26895998464},
      {"Qwen3.6-35B-A3B", qwen3_6_35b_a3b(), 34660610688},
      {"gemma-2b", dense({"gemma", 18, 2048, 8, 1, 16384, 256000, 256}), 2506172416},
      {"gemma-7b", dense({"gemma", 28, 3072, 16, 16, 24576, 256000, 256}), 8537680896},
      {"gemma-2-2b", dense({"gemma2", 26, 2304, 8, 4, 9216, 256000, 256}), 2614341888},
      {"gemma-2-9b", dense({"gemma2", 42, 3584, 16, 8, 14336, 256000, 256}), 9241705984},
      {"gemma-2-27b", dense({"gemma2", 46, 4608, 32, 16, 36864, 256000, 128}), 27227128320},
      {"gemma-3-1b", dense({"gemma3", 26, 1152, 4, 1, 6912, 262144, 256, true}), 999885952},
      {"gemma-3-4b", dense({"gemma3", 34, 2560, 8, 4, 10240, 262208, 256, true}), 3880263168},
      {"gemma-3-12b", dense({"gemma3", 48, 3840, 16, 8, 15360, 262208, 256, true}), 11766034176},
      {"gemma-3-27b", gemma_3_27b(), 27009346304},
      // The converter pads the per-layer embedding of 262144 rows to the vocabulary of 262400.
      {"gemma-3n-E2B", gemma_3n(30, 8192), 4456156768 + 256 * 30 * 256},
      {"gemma-3n-E4B", gemma_3n(35, 16384), 6866696688 + 256 * 35 * 256},
      {"gemma-4-E2B", gemma_4_e2b(), 4647449891},
      {"gemma-4-E4B", gemma_4({"gemma4", 42, 2560, 8, 2, 10240, 262144, 512, true}, 6, 2, 256),
       7518069034},
      {"gemma-4-12B", gemma_4_12b(), 11907350320},
      {"gemma-4-31B", gemma_4_31b(), 30697345340},
      {"gemma-4-26B-A4B", gemma_4_26b_a4b(), 25233141790},
      {"gpt-oss-20b", gpt_oss_20b(), 20914757184},
      {"gpt-oss-120b",
       with_experts(dense({"gpt-oss", 36, 2880, 64, 8, 2880, 201088, 64}), 128, 4, 2880),
       116829156672},
      {"DeepSeek-V2-Lite", deepseek_v2_lite(), 15706484224},
      {"DeepSeek-V2", deepseek_v2(), 235741434880},
      {"DeepSeek-V3", deepseek_v3(), 671026419200},
      {"Kimi-K2", kimi_k2(), 1026408232448},
      {"GLM-4.5", glm_4_5(), 352797829024},
      {"GLM-4.5-Air", glm_4_5_air(), 106852251264},
      {"phi-2", dense({"phi2", 32, 2560, 32, 32, 10240, 51200}), 2779683840},
      {"Phi-3-mini", dense({"phi3", 32, 3072, 32, 32, 8192, 32064}), 3821079552},
      {"phi-4", dense({"phi3", 40, 5120, 40, 10, 17920, 100352}), 14659507200},
      {"Phi-4-mini", dense({"phi3", 32, 3072, 24, 8, 8192, 200064, 128, true}), 3836021760},
      {"Phi-3.5-MoE", with_experts(dense({"phimoe", 32, 4096, 32, 8, 6400, 32064}), 16, 2, 6400),
       41873153344},
      {"OLMoE", with_experts(dense({"olmoe", 16, 2048, 16, 16, 1024, 50304}), 64, 8, 1024),
       6919161856},
      {"OLMo-2-7B", dense({"olmo2", 32, 4096, 32, 32, 11008, 100352}), 7298617344},
      {"DBRX", with_experts(dense({"dbrx", 40, 6144, 48, 8, 10752, 100352}), 16, 4, 10752),
       131596523520},
      {"Command-R", dense({"command-r", 40, 8192, 64, 64, 22528, 256000}), 34980831232},
      {"falcon-7b", dense({"falcon", 32, 4544, 71, 1, 18176, 65024, 64, true}), 6921720704},
      {"gpt2", gpt2(), 124439808},
      {"opt-125m", opt_125m(), 125239296},
      {"SmolLM2-135M", dense({"llama", 30, 576, 9, 3, 1536, 49152, 64, true}), 134515008},
      {"SmolLM2-360M", dense({"llama", 32, 960, 15, 5, 2560, 49152, 64, true}), 361821120},
      {"SmolLM2-1.7B", dense({"llama", 24, 2048, 32, 32, 8192, 49152, 64, true}), 1711376384},
      {"SmolLM3-3B", dense({"smollm3", 36, 2048, 16, 4, 11008, 128256, 128, true}), 3075098624},
      {"granite-3.3-2b", dense({"granite", 40, 2048, 32, 8, 8192, 49159, 64, true}), 2533539840},
      {"granite-3.3-8b", dense({"granite", 40, 4096, 32, 8, 12800, 49159, 128, true}), 8170864640},
      {"mamba-130m", mamba(24, 768, 48), 129135360},
      {"mamba-2.8b", mamba(64, 2560, 160), 2768345600},
      {"mamba2-130m", mamba2(24, 768, 50288, 1, true), 128989632},
      {"mamba2-2.7b", mamba2(64, 2560, 50288, 1, true), 2702599680},
      {"Mamba-Codestral-7B", mamba2(64, 4096, 32768, 8, false), 7285403648},
  };
  for (const auto& row : totals) {
    const ModelInfo model = lowered(row.facts);
    CAPTURE(row.name);
    CHECK(model.n_params == row.n_params);
    CHECK(model.params == Provenance::derived);
    CHECK(model.notes.empty());
  }
}

TEST_CASE("next-token-prediction blocks are listed but not counted") {
  CHECK(nextn_params(lowered(qwen3_6_27b())) == 424699392);
  CHECK(nextn_params(lowered(qwen3_6_35b_a3b())) == 844640768);
  CHECK(nextn_params(lowered(with_nextn(deepseek_v3()))) == 13463426304);
  CHECK(nextn_params(lowered(glm_4_5())) == 358337791296 - 352797829024);
  CHECK(nextn_params(lowered(glm_4_5_air())) == 110468824832 - 106852251264);
}
