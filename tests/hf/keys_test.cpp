#include "hf/keys.hpp"

#include <nlohmann/json.hpp>

#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

const std::string small = "'hidden_size': 64, 'num_attention_heads': 4, 'num_hidden_layers': 4, ";

// Facts as the keys give them, before any architecture's defaults.
Hparams raw_facts(const std::string& text, const std::string& architecture = "llama") {
  const auto root = nlohmann::json::parse(quoted("{" + text + "}"));
  const HfReader reader(root);
  Hparams h;
  h.architecture = architecture;
  read_keys(reader, h);
  return h;
}

}  // namespace

TEST_CASE("each fact is read under all the spellings in use") {
  const auto gpt2 = raw_facts("'n_embd': 64, 'n_layer': 3, 'n_head': 4, 'n_positions': 9");
  CHECK(*gpt2.n_embd == 64);
  CHECK(*gpt2.n_layer == 3);
  CHECK(gpt2.n_head.max() == 4);
  CHECK(*gpt2.n_ctx_train == 9);
  const auto dbrx = raw_facts(
      "'d_model': 64, 'n_layers': 3, 'n_heads': 4, 'max_seq_len': 8, 'attn_config': "
      "{'kv_n_heads': 2}, 'ffn_config': {'ffn_hidden_size': 5, 'moe_num_experts': 6, "
      "'moe_top_k': 7}");
  CHECK(dbrx.n_head_kv.max() == 2);
  CHECK(dbrx.n_ff.max() == 5);
  CHECK(*dbrx.n_expert == 6);
  CHECK(dbrx.n_expert_used.max() == 7);
  CHECK(*dbrx.n_ctx_train == 8);
  CHECK(raw_facts(small + "'multi_query': true").n_head_kv.max() == 1);
  CHECK(*raw_facts(small + "'head_dim': 32").head_dim_v == 32);
  CHECK_FALSE(raw_facts(small + "'head_dim': null").head_dim_k);
}

TEST_CASE("a window is recorded as the config states it") {
  CHECK(raw_facts(small + "'sliding_window': 8").n_swa == 8U);
  CHECK(raw_facts(small + "'sliding_window': null").n_swa == 0U);
  CHECK_FALSE(raw_facts(small + "'x': 1").n_swa);
  CHECK(raw_facts(small + "'sliding_window': 8, 'use_sliding_window': false").n_swa == 0U);
  CHECK(raw_facts(small + "'sliding_window': 8, 'max_window_layers': 2", "qwen2").n_swa == 0U);

  const auto qwen = raw_facts(
      small + "'sliding_window': 8, 'use_sliding_window': true, 'max_window_layers': 3", "qwen2");
  CHECK(qwen.n_swa == 8U);
  CHECK(qwen.swa_layers == std::vector<bool>{false, false, false, true});
}

TEST_CASE("window layers come from a list, letters, flags or a period") {
  const std::string window = small + "'sliding_window': 8, ";
  const std::vector<bool> third = {true, true, false, true};
  CHECK(raw_facts(window + "'layer_types': ['sliding_attention', 'sliding_attention', "
                           "'full_attention', 'sliding_attention']")
            .swa_layers == third);
  CHECK(raw_facts(window + "'sliding_window_pattern': 'LLG'").swa_layers == third);
  CHECK(raw_facts(window + "'sliding_window_pattern': [true, 1, 0, 1.0]").swa_layers == third);
  CHECK(raw_facts(window + "'sliding_window_pattern': 3").swa_period == 3U);
  CHECK(raw_facts(window + "'sliding_window_pattern': 1").n_swa == 0U);
  CHECK(raw_facts(window + "'layer_types': ['full_attention', 'full_attention', 'full_attention', "
                           "'full_attention']")
            .n_swa == 0U);
  const auto chunked = raw_facts(small +
                                 "'attention_chunk_size': 16, 'layer_types': ['chunked_attention', "
                                 "'chunked_attention', 'full_attention', 'chunked_attention']");
  CHECK(chunked.n_chunk == 16U);
  CHECK(chunked.swa_layers == third);
}

TEST_CASE("a list of layers that is too short is refused with both lengths") {
  const auto error = error_of("{'model_type': 'exaone4', " + small +
                              "'sliding_window': 8, 'layer_types': ['full_attention']}");
  CHECK(error.where == "config.json: /layer_types");
  CHECK(error.message == "1 layer types for 4 layers");
}

TEST_CASE("the number of layers may be the length of their list") {
  CHECK(*raw_facts("'hidden_size': 64, 'layers_block_type': ['mamba', 'attention', 'mamba']")
             .n_layer == 3);
}

TEST_CASE("dense leading layers are counted from lists of kinds") {
  CHECK(*raw_facts(small + "'mlp_layer_types': ['dense', 'dense', 'sparse', 'sparse']")
             .n_layer_dense_lead == 2);
  CHECK(*raw_facts(small + "'moe_layer_freq': [0, 1, 1, 1]").n_layer_dense_lead == 1);
  CHECK_FALSE(raw_facts(small + "'moe_layer_freq': 1").n_layer_dense_lead);
}

TEST_CASE("rope scaling and the rotated share of a head are read from either section") {
  const auto yarn = raw_facts(small + "'rope_scaling': {'type': 'yarn', 'factor': 4.0}");
  CHECK(yarn.rope_type == "yarn");
  CHECK(yarn.rope_scale == 4.0);
  const auto part = raw_facts(
      small + "'rope_parameters': {'rope_type': 'default', 'partial_rotary_factor': 0.5}");
  CHECK_FALSE(part.rope_scale);
  CHECK(part.n_rot == 8U);
}

TEST_CASE("biases and norms that only a config states are recorded") {
  const auto h =
      raw_facts(small + "'attention_bias': true, 'mlp_bias': false, 'use_qk_norm': true");
  CHECK(h.attention_bias == true);
  CHECK(h.mlp_bias == false);
  CHECK(h.qk_norm == true);
  CHECK_FALSE(h.k_eq_v);
}
