#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

std::string config(const std::string& type, const std::string& rest) {
  return "{'model_type': '" + type + "', 'hidden_size': 512, 'num_hidden_layers': 4, " +
         "'num_attention_heads': 8, " + rest + "}";
}

}  // namespace

TEST_CASE("the GPT-2 generation has a feed-forward four times as wide unless it says so") {
  CHECK(facts_of(config("gpt2", "'n_inner': null")).n_ff.max() == 2048);
  CHECK(facts_of(config("gpt2", "'n_inner': 1000")).n_ff.max() == 1000);
  CHECK(facts_of(config("mpt", "'vocab_size': 7")).n_ff.max() == 2048);
  CHECK(facts_of(config("bloom", "'seq_length': 2048")).n_ctx_train == 2048U);
  CHECK(facts_of(config("bloom", "'vocab_size': 7")).n_ctx_train == 512U);
  CHECK(facts_of(config("bloom", "'vocab_size': 7")).n_head_kv.max() == 8);
}

TEST_CASE("Falcon shares one head in the first generation and groups in the second") {
  const auto first = facts_of(config("falcon", "'multi_query': true, 'num_kv_heads': 8"));
  CHECK(first.n_head_kv.max() == 1);
  CHECK(first.n_ctx_train == 2048U);
  CHECK(facts_of(config("falcon", "'multi_query': false")).n_head_kv.max() == 8);
  CHECK(facts_of(config("falcon", "'new_decoder_architecture': true, 'num_kv_heads': 4"))
            .n_head_kv.max() == 4);
}

TEST_CASE("StarCoder and Refact share one key-value head") {
  CHECK(facts_of(config("gpt_bigcode", "'multi_query': true")).n_head_kv.max() == 1);
  CHECK(facts_of(config("gpt_bigcode", "'multi_query': false")).n_head_kv.max() == 8);
  const auto refact = facts_of(config("gpt_refact", "'vocab_size': 7"));
  CHECK(refact.n_head_kv.max() == 1);
  CHECK(refact.n_ff.max() == 1536);
}

TEST_CASE("ChatGLM names its groups and its length by itself") {
  const auto h = facts_of(config("chatglm",
                                 "'multi_query_attention': true, 'multi_query_group_num': 2, "
                                 "'seq_length': 8192, 'ffn_hidden_size': 1370, 'kv_channels': 64, "
                                 "'padded_vocab_size': 65024"));
  CHECK(h.n_head_kv.max() == 2);
  CHECK(h.n_ctx_train == 8192U);
  CHECK(h.n_ff.max() == 1370);
  CHECK(h.head_dim_k == 64U);
  CHECK(h.n_vocab == 65024U);
}

TEST_CASE("Command R is trained on model_max_length") {
  const auto h = facts_of(config("cohere",
                                 "'model_max_length': 131072, "
                                 "'max_position_embeddings': 8192"));
  CHECK(h.n_ctx_train == 131072U);
}

TEST_CASE("searched architectures state every block") {
  const auto h = facts_of(
      "{'architectures': ['DeciLMForCausalLM'], 'hidden_size': 8192, 'num_hidden_layers': 3, "
      "'num_attention_heads': 64, 'max_position_embeddings': 9, 'block_configs': ["
      "{'attention': {'n_heads_in_group': 8}, 'ffn': {'ffn_mult': 5.25}},"
      "{'attention': {'n_heads_in_group': null, 'replace_with_linear': true}, "
      "'ffn': {'ffn_mult': 1.0}},"
      "{'attention': {'n_heads_in_group': null}, 'ffn': {'ffn_mult': null}}]}");
  CHECK(h.n_head_kv.values == std::vector<std::uint32_t>{8, 0, 0});
  CHECK(h.n_head.values == std::vector<std::uint32_t>{64, 64, 0});
  CHECK(h.n_ff.values == std::vector<std::uint32_t>{28672, 5632, 0});
  CHECK(error_of("{'architectures': ['DeciLMForCausalLM'], 'hidden_size': 8192, "
                 "'num_hidden_layers': 3, 'num_attention_heads': 64, 'block_configs': [1]}")
            .message == "block_configs is not a list of 3 layers");
}

TEST_CASE("OpenELM scales heads and feed-forward layer by layer") {
  const auto h = facts_of(
      "{'architectures': ['OpenELMForCausalLM'], 'model_dim': 1280, 'num_transformer_layers': 2, "
      "'head_dim': 64, 'num_query_heads': [12, 16], 'num_kv_heads': [3, 4], "
      "'ffn_multipliers': [0.5, 4.0], 'ffn_dim_divisor': 256, 'max_context_length': 2048}");
  CHECK(h.n_head.values == std::vector<std::uint32_t>{12, 16});
  CHECK(h.n_head_kv.values == std::vector<std::uint32_t>{3, 4});
  CHECK(h.n_ff.values == std::vector<std::uint32_t>{768, 5120});
  CHECK(h.n_ctx_train == 2048U);
}

TEST_CASE("the first OLMo states both halves of its gated layer") {
  CHECK(facts_of(config("olmo", "'mlp_hidden_size': 22016, 'activation_type': 'swiglu'"))
            .n_ff.max() == 11008);
  CHECK(facts_of(
            config("olmo", "'mlp_ratio': 8, 'mlp_hidden_size': null, 'activation_type': 'swiglu'"))
            .n_ff.max() == 2048);
  CHECK(facts_of(config("olmo", "'intermediate_size': 900")).n_ff.max() == 900);
}

TEST_CASE("latent ranks of MiniCPM3 and PLM leave the cache uncompressed") {
  const std::string ranks =
      "'kv_lora_rank': 256, 'qk_nope_head_dim': 64, 'qk_rope_head_dim': 32, 'v_head_dim': 64";
  const auto minicpm = model_of_text(config("minicpm3", ranks));
  CHECK(minicpm.layers[0].caches[0].shape == HeadShape{8, 96, 64});
  const auto plm = facts_of(config("plm", ranks));
  CHECK(plm.head_dim_k == 96U);
  CHECK(plm.head_dim_v == 64U);
}

TEST_CASE("Hunyuan's dynamic scaling reaches 256k whatever the config says") {
  CHECK(facts_of(config("hunyuan_v1_dense",
                        "'max_position_embeddings': 32768, 'rope_scaling': "
                        "{'type': 'dynamic', 'alpha': 1000.0}"))
            .n_ctx_train == 262144U);
  const auto moe =
      facts_of(config("hunyuan_v1_moe",
                      "'intermediate_size': 3072, 'moe_intermediate_size': [3072, 3072, 3072, "
                      "3072], 'moe_topk': [8, 8, 8, 8], 'num_shared_expert': [1, 1, 1, 1], "
                      "'num_experts': 64"));
  CHECK(moe.n_ff_shexp == 3072U);
  CHECK(moe.n_expert_used.max() == 8);
  CHECK(moe.n_expert_shared == 1U);
}

TEST_CASE("recurrent reasoning counts each pass over a stack as layers") {
  const auto h = facts_of(
      "{'architectures': ['HrmTextForCausalLM'], 'hidden_size': 512, 'num_hidden_layers': 4, "
      "'num_attention_heads': 8, 'H_cycles': 2, 'L_cycles': 3}");
  CHECK(h.n_layer == 32U);
}

TEST_CASE("OLMo's width is mlp_hidden_size, or mlp_ratio where that is null") {
  const auto params = [](const std::string& width) {
    return model_of_text(
               "{'model_type': 'olmo', 'vocab_size': 50304, 'd_model': 4096, 'n_layers': 32, "
               "'n_heads': 32, 'activation_type': 'swiglu', 'mlp_ratio': 8, 'weight_tying': false" +
               width + "}")
        .n_params;
  };
  // allenai/OLMo-7B, published total.
  CHECK(params(", 'mlp_hidden_size': 22016") == 6888095744);
  CHECK(params(", 'mlp_hidden_size': null") == 9002024960);
  const ModelInfo trimmed = model_of_file("allenai__OLMo-7B");
  CHECK(trimmed.n_params == 6888095744);
  CHECK(trimmed.params == Provenance::assumed);
  CHECK(trimmed.notes.back().message ==
        "the config leaves out intermediate_size = 11008, the default of its class");
}

TEST_CASE("Qwen3-VL states how many layers take features of the image") {
  CHECK(model_of_file("Qwen__Qwen3-VL-32B-Instruct").hparams.n_deepstack_layers == 3U);
}

TEST_CASE("families whose config misstates or leaves out what the model has") {
  const auto neo = facts_of(config("neobert", "'intermediate_size': 3072, 'max_length': 4096"));
  CHECK(neo.n_ff.max() == 2048);
  CHECK(neo.n_ctx_train == 4096U);
  const auto plamo = facts_of(
      "{'model_type': 'plamo', 'hidden_size': 640, 'num_hidden_layers': 4, "
      "'num_attention_heads': 10, 'num_key_value_heads': 10}");
  CHECK(plamo.n_head_kv.max() == 5);
  CHECK(plamo.n_ctx_train == 4096U);
  const auto llada = facts_of(
      "{'model_type': 'llada', 'd_model': 512, 'n_layers': 4, 'n_heads': 8, "
      "'mlp_hidden_size': 900, 'max_sequence_length': 2048}");
  CHECK(llada.n_ctx_train == 2048U);
  CHECK(llada.n_ff.max() == 900);
  CHECK(facts_of(config("llada", "'vocab_size': 7")).n_ctx_train == 4096U);
}

TEST_CASE("blocks and cycles that cannot be are refused by their place") {
  const std::string deci =
      "{'architectures': ['DeciLMForCausalLM'], 'hidden_size': 512, 'num_hidden_layers': 1, "
      "'num_attention_heads': 8, 'block_configs': [";
  const std::string openelm =
      "{'architectures': ['OpenELMForCausalLM'], 'model_dim': 512, 'num_transformer_layers': 1, "
      "'head_dim': 64, 'num_query_heads': [8], 'num_kv_heads': [2]";
  const struct {
    std::string config;
    const char* where;
    const char* message;
  } rows[] = {
      {deci + "7]}", "config.json: /block_configs/0", "a layer that is not an object"},
      {deci + "{'attention': {'n_heads_in_group': 8}, 'ffn': {'ffn_mult': -1}}]}",
       "config.json: /block_configs/0/ffn/ffn_mult", "a feed-forward multiplier is -1"},
      {openelm + "}", "config.json", "ffn_multipliers is missing"},
      {openelm + ", 'ffn_multipliers': ['wide']}", "config.json: /ffn_multipliers/0",
       "a feed-forward multiplier is not a number"},
      {"{'architectures': ['HrmTextForCausalLM'], 'hidden_size': 512, 'num_hidden_layers': 4, "
       "'num_attention_heads': 8, 'H_cycles': 1000, 'L_cycles': 1000}",
       "config.json: /H_cycles", "4004000 layers"},
  };
  for (const auto& row : rows) {
    const auto error = error_of(row.config);
    CHECK(error.where == row.where);
    CHECK(error.message == row.message);
  }
}
