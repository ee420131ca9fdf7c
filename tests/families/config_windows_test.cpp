#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

std::string config(const std::string& type, const std::string& rest) {
  return "{'model_type': '" + type + "', 'hidden_size': 512, 'num_hidden_layers': 4, " +
         "'num_attention_heads': 8, 'num_key_value_heads': 4, " + rest + "}";
}

const std::string two_kinds =
    "'layer_types': ['sliding_attention', 'full_attention', 'sliding_attention', "
    "'full_attention'], 'sliding_window': 16, ";

}  // namespace

TEST_CASE("Gemma 4 has other heads on full layers, stated once or layer by layer") {
  const std::string heads = two_kinds + "'head_dim': 64, 'num_kv_shared_layers': 0, ";
  const auto once =
      facts_of(config("gemma4", heads + "'global_head_dim': 128, 'num_global_key_value_heads': 2"));
  CHECK(once.head_dim_k == 128U);
  CHECK(once.head_dim_k_swa == 64U);
  CHECK(once.n_head_kv.values == std::vector<std::uint32_t>{4, 2, 4, 2});
  const auto each = facts_of(config(
      "gemma4", heads + "'per_layer_config': {'1': {'head_dim': 128, 'num_key_value_heads': 2}, "
                        "'3': {'head_dim': 128, 'num_key_value_heads': 2}}"));
  CHECK(each.head_dim_k == 128U);
  CHECK(each.n_head_kv.values == std::vector<std::uint32_t>{4, 2, 4, 2});
  // Gemma4TextConfig: each sixth layer is full, and the last in any case.
  CHECK(facts_of(config("gemma4", "'head_dim': 64")).swa_layers ==
        std::vector<bool>{true, true, true, false});
  CHECK(facts_of(config("gemma4", heads + "'vocab_size': 7")).head_dim_k == 512U);
}

TEST_CASE("Gemma 4 doubles the feed-forward of layers that share a cache") {
  const auto h = facts_of(config(
      "gemma4", two_kinds + "'head_dim': 64, 'global_head_dim': 128, 'num_kv_shared_layers': 2, "
                            "'use_double_wide_mlp': true, 'intermediate_size': 1000"));
  CHECK(h.n_ff.values == std::vector<std::uint32_t>{1000, 1000, 2000, 2000});
}

TEST_CASE("MiMo V2 counts three prediction blocks with windows and two kinds of heads") {
  const auto h =
      facts_of(config("mimo_v2_flash",
                      "'hybrid_layer_pattern': [0, 1, 1, 0], 'swa_num_key_value_heads': 8, "
                      "'head_dim': 192, 'v_head_dim': 128, 'sliding_window': 16, "
                      "'n_routed_experts': 8"));
  CHECK(h.n_layer == 7U);
  CHECK(h.n_layer_nextn == 3U);
  CHECK(h.n_head_kv.values == std::vector<std::uint32_t>{4, 8, 8, 4, 8, 8, 8});
  CHECK(h.head_dim_v == 128U);
}

TEST_CASE("Step 3.5 keeps heads of their own on window layers") {
  const auto h = facts_of(
      "{'architectures': ['Step3p5ForCausalLM'], 'hidden_size': 512, 'num_hidden_layers': 2, "
      "'num_attention_heads': 8, 'num_attention_groups': 2, 'head_dim': 64, 'sliding_window': 16, "
      "'attention_other_setting': {'num_attention_heads': 12, 'num_attention_groups': 4}, "
      "'num_nextn_predict_layers': 1, 'moe_layers_enum': '1,2', "
      "'layer_types': ['full_attention', 'sliding_attention', 'sliding_attention']}");
  CHECK(h.n_head.values == std::vector<std::uint32_t>{8, 12, 12});
  CHECK(h.n_head_kv.values == std::vector<std::uint32_t>{2, 4, 4});
  CHECK(h.n_layer_dense_lead == 1U);
  CHECK(h.n_layer == 3U);
}

TEST_CASE("Llama 4 calls the width of its experts intermediate_size") {
  const auto h = facts_of(config("llama4",
                                 "'intermediate_size': 800, 'intermediate_size_mlp': "
                                 "1600, 'attention_chunk_size': 8192, "
                                 "'num_local_experts': 4"));
  CHECK(h.n_ff.max() == 1600);
  CHECK(h.n_ff_exp.max() == 800);
  CHECK(h.n_chunk == 8192U);
}

TEST_CASE("windows without a list of layers follow the class") {
  const auto olmo3 = model_of_text(config("olmo3", "'sliding_window': 16"));
  CHECK(olmo3.layers[2].kind == LayerKind::sliding);
  CHECK(olmo3.layers[3].kind == LayerKind::attention);
  CHECK_FALSE(has_window(model_of_text(config("olmo2", "'vocab_size': 7"))));
  CHECK(facts_of(config("phi3", "'sliding_window': null")).n_swa == 0U);
  CHECK_FALSE(has_window(model_of_text(config("gemma3_text",
                                              "'sliding_window': 16, "
                                              "'sliding_window_pattern': 1"))));
  const auto small = facts_of(
      "{'architectures': ['SmallThinkerForCausalLM'], 'hidden_size': 512, 'num_hidden_layers': 4, "
      "'num_attention_heads': 8, 'sliding_window_size': 16, 'sliding_window_layout': [0, 1, 1, 1], "
      "'moe_ffn_hidden_size': 300}");
  CHECK(small.swa_layers == std::vector<bool>{false, true, true, true});
  CHECK(small.n_ff.max() == 300);
}

TEST_CASE("prediction blocks are counted where the converter counts them") {
  const std::string one = "'num_nextn_predict_layers': 1";
  CHECK(facts_of(config("glm4_moe", one)).n_layer == 5U);
  CHECK(facts_of(config("exaone4", one + ", " + two_kinds + "'vocab_size': 7")).n_layer == 4U);
  CHECK(facts_of("{'architectures': ['Exaone4_5_ForConditionalGeneration'], 'text_config': " +
                 config("exaone4", one + ", " + two_kinds + "'vocab_size': 7") + "}")
            .n_layer == 5U);
}

TEST_CASE("shared experts are as wide as so many routed ones where no width is stated") {
  const auto h = facts_of(
      "{'architectures': ['BailingMoeV2ForCausalLM'], 'hidden_size': 512, "
      "'num_hidden_layers': 4, 'num_attention_heads': 8, "
      "'moe_intermediate_size': 512, 'num_shared_experts': 2, "
      "'num_experts': 32, 'num_experts_per_tok': 4}");
  CHECK(h.n_ff_shexp == 1024U);
}

TEST_CASE("Laguna states the heads of each layer and the gate of its attention") {
  const std::string own =
      "'head_dim': 64, 'num_attention_heads_per_layer': [8, 12, 12, 12], 'sliding_window': 16, "
      "'moe_intermediate_size': 100, 'shared_expert_intermediate_size': 200, 'num_experts': 4, "
      "'num_experts_per_tok': 2, 'mlp_layer_types': ['dense', 'sparse', 'sparse', 'sparse'], ";
  const auto wide = [&](const std::string& gate) {
    return facts_of(config("laguna", own + gate)).gate_per_value;
  };
  CHECK(wide("'gating': 'per-element'") == true);
  CHECK(wide("'gating': 'per-head'") == false);
  CHECK(wide("'gating': true") == false);
  CHECK(wide("'gating': 'per-head', 'gating_types': ['per_element']") == true);
  CHECK(wide("'gating': 'per-element', 'gating_types': []") == true);
  const auto h = facts_of(config("laguna", own + "'gating': true"));
  CHECK(h.n_head.values == std::vector<std::uint32_t>{8, 12, 12, 12});
  CHECK(h.n_ff_shexp == 200U);
  CHECK(h.n_layer_dense_lead == 1U);
  CHECK(facts_of(config("laguna", "'head_dim': 64")).n_head.max() == 8);
}

TEST_CASE("Cohere's experts are as wide as intermediate_size, shared ones so many times") {
  const std::string layers =
      "'layer_types': ['full_attention', 'full_attention', 'full_attention', "
      "'full_attention'], 'sliding_window': 16, ";
  const std::string experts =
      layers +
      "'intermediate_size': 300, 'prefix_dense_intermediate_size': 2000, "
      "'num_experts': 8, 'num_experts_per_tok': 2, 'first_k_dense_replace': 1, ";
  const auto h = facts_of(
      config("cohere2_moe", experts + "'num_shared_experts': 2, 'num_nextn_predict_layers': 1"));
  CHECK(h.n_ff.max() == 2000);
  CHECK(h.n_ff_exp.max() == 300);
  CHECK(h.n_ff_shexp == 600U);
  CHECK(h.n_layer == 5U);
  CHECK_FALSE(facts_of(config("cohere2_moe", experts + "'vocab_size': 7")).n_ff_shexp);
}

TEST_CASE(
    "Granite has windows on three layers of four, and a layer less where adapters are routed") {
  const auto swa = facts_of(config("granite_swa", "'vocab_size': 7"));
  CHECK(swa.n_swa == 128U);
  CHECK(swa.swa_layers == std::vector<bool>{false, true, true, true});
  const auto listed = facts_of(config("granite_swa", two_kinds + "'vocab_size': 7"));
  CHECK(listed.n_swa == 16U);
  CHECK(listed.swa_layers == std::vector<bool>{true, false, true, false});
  CHECK(facts_of(config("granite_switch", "'num_adapters': 3")).n_layer == 3U);
}

TEST_CASE("the window of PLaMo 3 has two names, and SmallThinker may have none") {
  CHECK(facts_of(config("plamo3", "'window_size': 16, 'sliding_window_pattern': 2")).n_swa == 16U);
  CHECK(facts_of(config("plamo3", "'sliding_window': 8, 'sliding_window_pattern': 2")).n_swa == 8U);
  const auto none = model_of_text(
      "{'architectures': ['SmallThinkerForCausalLM'], 'hidden_size': 512, 'num_hidden_layers': 2, "
      "'num_attention_heads': 8, 'sliding_window_size': 16, 'sliding_window_layout': [0, 0], "
      "'moe_ffn_hidden_size': 300}");
  CHECK_FALSE(has_window(none));
}
