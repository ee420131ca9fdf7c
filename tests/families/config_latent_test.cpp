#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

const std::string ranks =
    "'kv_lora_rank': 512, 'q_lora_rank': 1536, 'qk_nope_head_dim': 128, 'qk_rope_head_dim': 64, "
    "'v_head_dim': 128, ";

std::string config(const std::string& name, const std::string& rest) {
  return "{'architectures': ['" + name + "'], 'hidden_size': 1024, 'num_hidden_layers': 4, " +
         "'num_attention_heads': 16, 'num_key_value_heads': 16, " + ranks + rest + "}";
}

}  // namespace

TEST_CASE("latent attention is stated as the converter serves it: one wide head") {
  const auto h = facts_of(config("DeepseekV3ForCausalLM",
                                 "'n_routed_experts': 8, "
                                 "'num_nextn_predict_layers': 1"));
  CHECK(h.architecture == "deepseek2");
  CHECK(h.head_dim_k == 576U);
  CHECK(h.head_dim_v == 512U);
  CHECK(h.head_dim_k_mla == 192U);
  CHECK(h.head_dim_v_mla == 128U);
  CHECK(h.n_head_kv.max() == 1);
  CHECK(h.n_rot == 64U);
  CHECK(h.n_layer_dense_lead == 0U);
  CHECK(h.n_layer == 4U);
}

TEST_CASE("later DeepSeeks and GLM-5 count their prediction block and own indexers") {
  const std::string indexer =
      "'index_n_heads': 64, 'index_head_dim': 128, 'index_topk': 2048, "
      "'num_nextn_predict_layers': 1";
  const auto deepseek = facts_of(config("DeepseekV32ForCausalLM", indexer));
  CHECK(deepseek.n_layer == 5U);
  CHECK(deepseek.indexer_n_head == 64U);
  CHECK(deepseek.indexer_head_dim == 128U);
  CHECK(deepseek.indexer_top_k == 2048U);
  const auto glm = facts_of(
      config("GlmMoeDsaForCausalLM", indexer + ", 'indexer_types': ['full', 'shared', 'full', "
                                               "'shared']"));
  CHECK(glm.indexer_layers == std::vector<bool>{true, false, true, false});
  CHECK(facts_of(config("Glm4MoeLiteForCausalLM", indexer)).n_layer == 5U);
}

TEST_CASE("a model without experts is dense in every layer") {
  CHECK(facts_of(config("YoutuForCausalLM", "'intermediate_size': 900")).n_layer_dense_lead == 4U);
}

TEST_CASE("Kimi's layers of linear attention have no key-value head") {
  const auto h = facts_of(config("KimiLinearForCausalLM",
                                 "'linear_attn_config': {'full_attn_layers': [2, 4], 'head_dim': "
                                 "128, 'num_heads': 16, 'short_conv_kernel_size': 4}"));
  CHECK(h.n_head_kv.values == std::vector<std::uint32_t>{0, 1, 0, 1});
  CHECK(h.kda_head_dim == 128U);
  CHECK(h.ssm_conv_kernel == 4U);
  CHECK(error_of(config("KimiLinearForCausalLM", "'vocab_size': 7")).message ==
        "full_attn_layers is missing");
}

TEST_CASE("Ling 3 attends at the end of each group and in the incomplete last one") {
  const auto h = facts_of(config("BailingMoeV3ForCausalLM",
                                 "'layer_group_size': 3, 'head_dim': 128, "
                                 "'short_conv_kernel_size': 4, 'num_nextn_predict_layers': 1"));
  CHECK(h.n_head_kv.values == std::vector<std::uint32_t>{0, 0, 1, 1, 1});
  CHECK(h.kda_head_dim == 128U);
}

TEST_CASE("dots3 has a second latent geometry on window layers") {
  const auto h =
      facts_of(config("Dots3NoteForCausalLM",
                      "'layer_types': ['sliding_attention', 'full_attention', 'sliding_attention', "
                      "'full_attention'], 'sliding_window_size': 16, 'swa_num_attention_heads': 8, "
                      "'swa_kv_lora_rank': 256, 'swa_qk_rope_head_dim': 64, 'index_n_heads': 4, "
                      "'index_head_dim': 128, 'index_topk': 8, 'swa_qk_nope_head_dim': 96, "
                      "'swa_v_head_dim': 80"));
  CHECK(h.n_head.values == std::vector<std::uint32_t>{8, 16, 8, 16});
  CHECK(h.head_dim_k_swa == 320U);
  CHECK(h.head_dim_k_mla_swa == 160U);
  CHECK(h.head_dim_v_mla_swa == 80U);
  CHECK(h.indexer_layers == std::vector<bool>{false, true, false, true});
}

TEST_CASE("impossible ranks are a limit, not a wrapped number") {
  const auto error = error_of(
      "{'architectures': ['DeepseekV3ForCausalLM'], 'hidden_size': 1024, 'num_hidden_layers': 4, "
      "'num_attention_heads': 16, 'kv_lora_rank': 2147483648, 'qk_rope_head_dim': 2147483648}");
  CHECK(error.code == ErrorCode::limit);
  CHECK(error.message == "the latent size is 4294967296, more than any model has");
}

TEST_CASE("Hunyuan 4's indexers are listed, or told by the sparse layers of an older config") {
  const auto owners = [](const std::string& types) {
    return facts_of(config("HYV4ForCausalLM",
                           "'hc_mult': 4, 'index_n_heads': 4, 'index_head_dim': 128, "
                           "'index_topk': 64, " +
                               types));
  };
  const std::vector<bool> even{true, false, true, false};
  CHECK(owners("'indexer_types': ['full', 'shared', 'full', 'shared']").indexer_layers == even);
  CHECK(owners("'layer_types': ['sparse_attention', 'full_attention', "
               "'deepseek_sparse_attention', 'full_attention']")
            .indexer_layers == even);
  for (const auto* const none : {"'layer_types': ['full_attention', 'full_attention', "
                                 "'full_attention', 'full_attention']",
                                 "'vocab_size': 7"}) {
    CHECK(owners(none).indexer_layers.empty());
    CHECK_FALSE(owners(none).indexer_top_k);
  }
}
