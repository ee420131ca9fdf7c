#pragma once
// Models as their published config.json describes them, in the facts' own names.
#include "model/tensors.hpp"

namespace fitvram::test {

inline ModelInfo lowered(Hparams facts) {
  ModelInfo model;
  model.architecture = facts.architecture;
  model.name = facts.name;
  model.n_layer = facts.n_layer.value_or(0) - facts.n_layer_nextn.value_or(0);
  model.hparams = std::move(facts);
  lower_tensors(model);
  return model;
}

struct Dense {
  const char* architecture;
  std::uint32_t n_layer, n_embd, n_head, n_head_kv, n_ff, n_vocab;
  std::uint32_t head_dim = 0;  // 0 = n_embd / n_head
  bool tied = false;
};

inline Hparams facts_of(const Dense& d) {
  Hparams h;
  h.architecture = d.architecture;
  h.n_layer = d.n_layer;
  h.n_embd = d.n_embd;
  h.n_head = d.n_head;
  h.n_head_kv = d.n_head_kv;
  h.n_ff = d.n_ff;
  h.n_vocab = d.n_vocab;
  if (d.head_dim > 0) h.head_dim_k = h.head_dim_v = d.head_dim;
  h.tied_embeddings = d.tied;
  return h;
}

inline Hparams with_experts(Hparams h, std::uint32_t n_expert, std::uint32_t n_used,
                            std::uint32_t n_ff_exp) {
  h.n_expert = n_expert;
  h.n_expert_used = n_used;
  h.n_ff_exp = n_ff_exp;
  return h;
}

inline Hparams with_llama3_rope(Hparams h) {
  h.rope_type = "llama3";
  return h;
}

inline Hparams llama_3_1_8b() {
  return with_llama3_rope(facts_of({"llama", 32, 4096, 32, 8, 14336, 128256}));
}
inline Hparams llama_3_2_1b() {
  return with_llama3_rope(facts_of({"llama", 16, 2048, 32, 8, 8192, 128256, 64, true}));
}
inline Hparams llama_3_1_70b() {
  return with_llama3_rope(facts_of({"llama", 80, 8192, 64, 8, 28672, 128256}));
}
inline Hparams mistral_7b() { return facts_of({"llama", 32, 4096, 32, 8, 14336, 32000}); }
inline Hparams qwen2_5_7b() { return facts_of({"qwen2", 28, 3584, 28, 4, 18944, 152064}); }
inline Hparams qwen2_5_0_5b() {
  return facts_of({"qwen2", 24, 896, 14, 2, 4864, 151936, 64, true});
}
inline Hparams qwen3_8b() { return facts_of({"qwen3", 36, 4096, 32, 8, 12288, 151936, 128}); }
inline Hparams qwen3_32b() { return facts_of({"qwen3", 64, 5120, 64, 8, 25600, 151936, 128}); }
inline Hparams qwen3_30b_a3b() {
  return with_experts(facts_of({"qwen3moe", 48, 2048, 32, 4, 6144, 151936, 128}), 128, 8, 768);
}
inline Hparams mixtral_8x7b() {
  auto h = mistral_7b();
  h.n_expert = 8;
  h.n_expert_used = 2;
  return h;
}
inline Hparams gemma_3_27b() {
  return facts_of({"gemma3", 62, 5376, 32, 16, 21504, 262208, 128, true});
}
inline Hparams gpt_oss_20b() {
  return with_experts(facts_of({"gpt-oss", 24, 2880, 64, 8, 2880, 201088, 64}), 32, 4, 2880);
}
inline Hparams gemma_4_12b() {
  auto h = facts_of({"gemma4", 48, 3840, 16, 8, 15360, 262144, 512, true});
  h.head_dim_k_swa = h.head_dim_v_swa = 256;
  h.k_eq_v = true;
  h.swa_layers.assign(48, true);
  std::vector<std::uint32_t> n_head_kv(48, 8);
  for (std::size_t i = 5; i < 48; i += 6) {
    h.swa_layers[i] = false;
    n_head_kv[i] = 1;
  }
  h.n_head_kv = n_head_kv;
  return h;
}

inline Hparams gpt2() {
  auto h = facts_of({"gpt2", 12, 768, 12, 12, 3072, 50257, 0, true});
  h.n_ctx_train = 1024;
  return h;
}

inline std::uint64_t nextn_params(const ModelInfo& model) {
  std::uint64_t sum = 0;
  for (const Tensor& tensor : model.tensors)
    if (tensor.layer >= static_cast<std::int32_t>(model.n_layer)) sum += n_elements(tensor);
  return sum;
}

}  // namespace fitvram::test
