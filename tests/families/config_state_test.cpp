#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

using Counts = std::vector<std::uint32_t>;

std::string config(const std::string& type, const std::string& rest) {
  return "{'model_type': '" + type + "', 'hidden_size': 512, 'num_hidden_layers': 4, " +
         "'num_attention_heads': 8, 'num_key_value_heads': 2, " + rest + "}";
}

}  // namespace

TEST_CASE("Mamba states follow from the width where nothing is stated") {
  const auto first = facts_of("{'model_type': 'mamba', 'd_model': 768, 'n_layer': 2}");
  CHECK(first.ssm_inner_size == 1536U);
  CHECK(first.ssm_state_size == 16U);
  CHECK(first.ssm_conv_kernel == 4U);
  CHECK(first.ssm_time_step_rank == 48U);
  CHECK(first.n_ctx_train == 1048576U);
  CHECK(facts_of("{'model_type': 'mamba', 'd_model': 770, 'n_layer': 2, 'time_step_rank': 'auto'}")
            .ssm_time_step_rank == 49U);
  const auto second = facts_of(
      "{'model_type': 'mamba2', 'hidden_size': 1024, 'n_layer': 2, "
      "'head_dim': 64, 'num_heads': 32, 'n_groups': 8}");
  CHECK(second.ssm_time_step_rank == 32U);
  CHECK(second.ssm_group_count == 8U);
  CHECK(second.n_head.max() == 0);
  CHECK_FALSE(second.head_dim_k);
}

TEST_CASE("hybrids mark layers without attention by having no key-value heads") {
  const std::string mamba =
      "'mamba_n_heads': 16, 'mamba_d_state': 64, 'mamba_d_conv': 4, "
      "'mamba_n_groups': 1, 'mamba_expand': 2, ";
  const auto granite = facts_of(config(
      "granitemoehybrid", mamba + "'layer_types': ['mamba', 'attention', 'mamba', 'attention']"));
  CHECK(granite.n_head_kv.values == Counts{0, 2, 0, 2});
  CHECK(granite.ssm_inner_size == 1024U);
  CHECK(granite.n_ctx_train == 1048576U);
  const auto bamba = facts_of(
      config("bamba", mamba + "'attn_layer_indices': [3], 'max_position_embeddings': 4096"));
  CHECK(bamba.n_head_kv.values == Counts{0, 0, 0, 2});
  CHECK(bamba.n_ctx_train == 4096U);
  const auto jamba = facts_of(config("jamba",
                                     "'attn_layer_period': 2, 'attn_layer_offset': 1, "
                                     "'mamba_dt_rank': 'auto'"));
  CHECK(jamba.n_head_kv.values == Counts{0, 2, 0, 2});
  CHECK(jamba.ssm_time_step_rank == 32U);
}

TEST_CASE("a granite hybrid of attention only is a plain granite") {
  const std::string all = "'layer_types': ['attention', 'attention', 'attention', 'attention']";
  CHECK(facts_of(config("granitemoehybrid", all + ", 'num_local_experts': 0")).architecture ==
        "granite");
  CHECK(facts_of(config("granitemoehybrid", all + ", 'num_experts_per_tok': 4, "
                                                  "'num_local_experts': 8"))
            .architecture == "granitemoe");
}

TEST_CASE("Nemotron-H reads letters or words, and each block is one thing") {
  const std::string mamba =
      "'mamba_num_heads': 16, 'mamba_head_dim': 64, 'ssm_state_size': 128, "
      "'n_groups': 8, 'conv_kernel': 4, 'head_dim': 64, ";
  const auto dense = facts_of(
      config("nemotron_h", mamba + "'hybrid_override_pattern': 'M-*-', 'intermediate_size': 900"));
  CHECK(dense.architecture == "nemotron_h");
  CHECK(dense.n_head_kv.values == Counts{0, 0, 2, 0});
  CHECK(dense.n_ff.values == Counts{0, 900, 0, 900});
  CHECK(dense.ssm_inner_size == 1024U);
  const auto experts = facts_of(
      config("nemotron_h", mamba + "'layers_block_type': ['mamba', 'moe', 'attention', 'moe'], "
                                   "'num_experts_per_tok': 6, 'moe_intermediate_size': 700, "
                                   "'n_routed_experts': 16, 'num_nextn_predict_layers': 1"));
  CHECK(experts.architecture == "nemotron_h_moe");
  CHECK(experts.n_layer == 5U);
  CHECK(experts.n_head_kv.values == Counts{0, 0, 2, 0, 2});
  CHECK(experts.n_ff.values == Counts{0, 700, 0, 700, 700});
}

TEST_CASE("a Nemotron puzzle states the experts of each block") {
  const auto h = facts_of(
      "{'architectures': ['NemotronHPuzzleForCausalLM'], 'hidden_size': 512, "
      "'num_attention_heads': 8, 'num_key_value_heads': 2, 'mamba_num_heads': 16, "
      "'mamba_head_dim': 64, 'ssm_state_size': 128, 'n_groups': 8, 'conv_kernel': 4, "
      "'head_dim': 64, 'block_configs': [{'block_type': 'mamba'}, {'block_type': 'moe', "
      "'moe_intermediate_size': 300, 'num_experts_per_tok': 4}, {'block_type': 'attention'}]}");
  CHECK(h.n_layer == 3U);
  CHECK(h.n_head_kv.values == Counts{0, 0, 2});
  CHECK(h.n_ff.values == Counts{0, 300, 0});
  CHECK(h.n_expert_used.values == Counts{0, 4, 0});
}

TEST_CASE("Falcon-H1 keeps both caches in every layer") {
  const auto model =
      model_of_text(config("falcon_h1",
                           "'mamba_d_ssm': null, 'mamba_expand': 2, 'mamba_d_head': 64, "
                           "'mamba_d_state': 128, 'mamba_n_groups': 1"));
  CHECK(model.hparams.ssm_inner_size == 1024U);
  CHECK(model.hparams.ssm_time_step_rank == 16U);
  CHECK(model.layers[0].caches.size() == 3);
}

TEST_CASE("LFM2 shrinks its feed-forward by its own rule") {
  const std::string layers =
      "'layer_types': ['conv', 'full_attention', 'conv', 'conv'], "
      "'conv_L_cache': 3, 'block_ff_dim': 12288, ";
  const auto h = facts_of(config("lfm2", layers + "'block_ffn_dim_multiplier': 1.0, "
                                                  "'block_multiple_of': 256"));
  CHECK(h.n_ff.max() == 8192);
  CHECK(h.n_head_kv.values == Counts{0, 2, 0, 0});
  CHECK(facts_of(config("lfm2", layers + "'block_auto_adjust_ff_dim': false")).n_ff.max() == 12288);
  CHECK(error_of(config("lfm2", layers + "'block_ffn_dim_multiplier': 1e300")).message ==
        "block_ffn_dim_multiplier gives no possible feed-forward size");
  CHECK(facts_of(config("lfm2", "'conv_L_cache': 3")).n_head_kv.max() == 2);  // all attention
}

TEST_CASE("delta nets: each fourth layer attends, prediction blocks stand apart") {
  const auto h =
      facts_of(config("qwen3_next",
                      "'linear_conv_kernel_dim': 4, 'linear_key_head_dim': 128, "
                      "'linear_value_head_dim': 64, 'linear_num_key_heads': 4, "
                      "'linear_num_value_heads': 8, 'head_dim': 64, 'mtp_num_hidden_layers': 1"));
  CHECK(h.ssm_inner_size == 512U);
  CHECK(h.ssm_group_count == 4U);
  CHECK(h.ssm_time_step_rank == 8U);
  CHECK(h.ssm_state_size == 128U);
  CHECK(h.n_rot == 16U);
  CHECK(h.n_layer == 5U);
  CHECK(h.recurrent_layers == std::vector<bool>{true, true, true, false, false});
}

TEST_CASE("PLaMo 2 attends on one layer of each step") {
  const auto h = facts_of(
      "{'architectures': ['Plamo2ForCausalLM'], 'hidden_size': 512, 'num_hidden_layers': 4, "
      "'num_attention_heads': 8, 'num_key_value_heads': 2, 'hidden_size_per_head': 64, "
      "'mamba_num_heads': 16}");
  CHECK(h.n_head_kv.values == Counts{0, 2, 0, 2});
  CHECK(h.n_head.values == Counts{0, 8, 0, 8});
  CHECK(h.ssm_inner_size == 1024U);
}

TEST_CASE("MiniMax-01 lists its softmax layers") {
  const auto h = facts_of(config("minimax_m1", "'attn_type_list': [0, 0, 1, 0], 'head_dim': 64"));
  CHECK(h.recurrent_layers == std::vector<bool>{true, true, false, true});
  CHECK(h.la_head_dim == 64U);
}

TEST_CASE("RWKV needs a head size and no heads") {
  const auto h = facts_of(
      "{'model_type': 'rwkv6', 'hidden_size': 2048, 'num_hidden_layers': 2, 'head_size': 64}");
  CHECK(h.wkv_head_size == 64U);
  CHECK(h.n_ff.max() == 7168);
  CHECK(h.n_head.max() == 0);
  CHECK(error_of("{'model_type': 'rwkv6', 'hidden_size': 2048, 'num_hidden_layers': 2}").message ==
        "head_size is missing (also tried head_dim)");
}

TEST_CASE("blocks of a Nemotron puzzle that cannot be read are refused by their place") {
  const auto error = [](const std::string& blocks) {
    return error_of(
        "{'architectures': ['NemotronHPuzzleForCausalLM'], 'hidden_size': 512, "
        "'num_attention_heads': 8, 'num_key_value_heads': 2, 'num_hidden_layers': 1, "
        "'mamba_num_heads': 16, 'mamba_head_dim': 64, 'ssm_state_size': 128, "
        "'n_groups': 8, 'conv_kernel': 4, 'head_dim': 64, 'block_configs': " +
        blocks + "}");
  };
  CHECK(error("{}").where == "config.json: /block_configs");
  CHECK(error("{}").message == "block_configs is not a list of layers");
  CHECK(error("[]").message == "block_configs is not a list of layers");
  CHECK(error("[{'block_type': 'mamba'}, 7]").where == "config.json: /block_configs/1");
  CHECK(error("[{'block_type': 'mamba'}, 7]").message == "a layer that is not an object");
}

TEST_CASE("a Bamba's layers with attention are stated by number or by period") {
  const std::string mamba =
      "'mamba_n_heads': 16, 'mamba_d_state': 64, 'mamba_d_conv': 4, 'mamba_n_groups': 1, "
      "'mamba_expand': 2, ";
  CHECK(facts_of(config("bamba", mamba + "'attn_layer_period': 2, 'attn_layer_offset': 1"))
            .n_head_kv.values == Counts{0, 2, 0, 2});
  CHECK(error_of(config("bamba", mamba + "'attn_layer_period': 2")).message ==
        "attn_layer_offset is missing");
  const auto heads = facts_of(
      "{'model_type': 'bamba', 'hidden_size': 512, 'num_hidden_layers': 2, "
      "'num_attention_heads': 8, " +
      mamba + "'attn_layer_indices': [1]}");
  CHECK(heads.n_head_kv.values == Counts{0, 8});
}
