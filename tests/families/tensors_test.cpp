// Families whose tensors are not all of a common block: configs as published.
#include <map>

#include "catch.hpp"
#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

struct Published {
  const char* name;
  const char* config;
  std::uint64_t n_params;
};

constexpr const char* arwkv7 =
    "{'architectures': ['RwkvHybridForCausalLM'], 'vocab_size': 152064, 'hidden_size': 3584, "
    "'num_hidden_layers': 28, 'num_attention_heads': 28, 'head_size': 64, 'intermediate_size': "
    "18944, 'wkv_has_gate': false, 'wkv_has_group_norm': false}";

constexpr const char* qwen4 =
    "{'architectures': ['Qwen4ExpForCausalLM'], 'vocab_size': 248320, 'hidden_size': 2048, "
    "'num_hidden_layers': 4, 'num_attention_heads': 16, 'num_key_value_heads': 2, 'head_dim': 256, "
    "'layer_types': ['linear_attention', 'linear_attention', 'linear_attention', "
    "'full_attention'], 'linear_conv_kernel_dim': 4, 'linear_key_head_dim': 128, "
    "'linear_value_head_dim': 128, 'linear_num_key_heads': 16, 'linear_num_value_heads': 32, "
    "'hc_count': 4, 'hc_lowrank': 64, 'indexer_n_heads': 16, 'indexer_head_dim': 128, "
    "'indexer_budget': 2048, 'indexer_compress_ratio': 4, 'ple_layer_ids': [2], 'ngram_size': 3, "
    "'ple_conv_kernel_size': 4, 'num_experts': 64, 'num_experts_per_tok': 8, "
    "'moe_intermediate_size': 512, 'shared_expert_intermediate_size': 512}";

std::map<std::string, std::array<std::uint64_t, 4>> shapes_of(const ModelInfo& model) {
  std::map<std::string, std::array<std::uint64_t, 4>> shapes;
  for (const auto& tensor : model.tensors) shapes[full_name(tensor)] = tensor.ne;
  return shapes;
}

using Shape = std::array<std::uint64_t, 4>;

}  // namespace

TEST_CASE("families with tensors of their own have the parameters that their makers publish") {
  const Published rows[] = {
      // bert-base-uncased 109482240 less the pooler, which the converter leaves out.
      {"bert-base-uncased",
       "{'architectures': ['BertModel'], 'vocab_size': 30522, 'hidden_size': 768, "
       "'num_hidden_layers': 12, 'num_attention_heads': 12, 'intermediate_size': 3072, "
       "'max_position_embeddings': 512, 'type_vocab_size': 2}",
       109482240 - (768 * 768 + 768)},
      {"distilbert-base-uncased",
       "{'architectures': ['DistilBertModel'], 'vocab_size': 30522, 'dim': 768, 'n_layers': 6, "
       "'n_heads': 12, 'hidden_dim': 3072, 'max_position_embeddings': 512}",
       66362880},
      // 567754752 less the pooler and the two positions of padding.
      {"bge-m3",
       "{'architectures': ['XLMRobertaModel'], 'vocab_size': 250002, 'hidden_size': 1024, "
       "'num_hidden_layers': 24, 'num_attention_heads': 16, 'intermediate_size': 4096, "
       "'max_position_embeddings': 8194, 'type_vocab_size': 1, 'pad_token_id': 1}",
       567754752 - (1024 * 1024 + 1024) - 2 * 1024},
      {"nomic-embed-text-v1.5",
       "{'architectures': ['NomicBertModel'], 'vocab_size': 30528, 'n_embd': 768, 'n_layer': 12, "
       "'n_head': 12, 'n_inner': 3072, 'n_positions': 8192, 'type_vocab_size': 2, "
       "'num_experts': 8, 'moe_every_n_layers': 0}",
       136731648},
      // 475292928 less the biases of the experts, which the converter leaves out.
      {"nomic-embed-text-v2-moe",
       "{'architectures': ['NomicBertModel'], 'vocab_size': 250048, 'n_embd': 768, 'n_layer': 12, "
       "'n_head': 12, 'n_inner': 3072, 'n_positions': 2048, 'type_vocab_size': 1, "
       "'num_experts': 8, 'moe_top_k': 2, 'moe_every_n_layers': 2}",
       475292928 - 6 * 768},
      // 149655232 less the head of the masked language model.
      {"ModernBERT-base",
       "{'architectures': ['ModernBertForMaskedLM'], 'vocab_size': 50368, 'hidden_size': 768, "
       "'num_hidden_layers': 22, 'num_attention_heads': 12, 'intermediate_size': 1152, "
       "'max_position_embeddings': 8192, 'local_attention': 128, 'global_attn_every_n_layers': 3}",
       149655232 - (768 * 768 + 768 + 50368)},
      {"jina-embeddings-v2-base-en",
       "{'architectures': ['JinaBertForMaskedLM'], 'vocab_size': 30528, 'hidden_size': 768, "
       "'num_hidden_layers': 12, 'num_attention_heads': 12, 'intermediate_size': 3072, "
       "'max_position_embeddings': 8192, 'type_vocab_size': 2}",
       137368320 - (768 * 768 + 768)},
      {"embeddinggemma-300m",
       "{'architectures': ['Gemma3TextModel'], 'vocab_size': 262144, 'hidden_size': 768, "
       "'num_hidden_layers': 24, 'num_attention_heads': 3, 'num_key_value_heads': 1, 'head_dim': "
       "256, 'intermediate_size': 1152, 'max_position_embeddings': 2048, 'sliding_window': 512}",
       302863104},
      {"bitnet-b1.58-2B-4T",
       "{'architectures': ['BitNetForCausalLM'], 'vocab_size': 128256, 'hidden_size': 2560, "
       "'num_hidden_layers': 30, 'num_attention_heads': 20, 'num_key_value_heads': 5, "
       "'intermediate_size': 6912, 'max_position_embeddings': 4096, 'tie_word_embeddings': true}",
       2412820480},
      {"t5-small",
       "{'architectures': ['T5ForConditionalGeneration'], 'model_type': 't5', 'd_model': 512, "
       "'d_kv': 64, 'd_ff': 2048, 'num_layers': 6, 'num_decoder_layers': 6, 'num_heads': 8, "
       "'relative_attention_num_buckets': 32, 'n_positions': 512, 'vocab_size': 32128}",
       60506624},
      {"flan-t5-base",
       "{'architectures': ['T5ForConditionalGeneration'], 'model_type': 't5', 'd_model': 768, "
       "'d_kv': 64, 'd_ff': 2048, 'num_layers': 12, 'num_decoder_layers': 12, 'num_heads': 12, "
       "'relative_attention_num_buckets': 32, 'feed_forward_proj': 'gated-gelu', "
       "'tie_word_embeddings': false, 'n_positions': 512, 'vocab_size': 32128}",
       247577856},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    const ModelInfo model = model_of_text(row.config);
    CHECK(model.n_params == row.n_params);
    CHECK(model.params == Provenance::derived);
  }
}

TEST_CASE("families of which only a rounded count is published") {
  const auto billions = [](const char* config) {
    return static_cast<double>(model_of_text(config).n_params) / 1e9;
  };
  // xai-org/grok-1 "314B", xai-org/grok-2 "270B", inclusionAI/GroveMoE "33B", plamo-2-1b "1.29B".
  CHECK(billions("{'architectures': ['Grok1ForCausalLM'], 'vocab_size': 131072, 'hidden_size': "
                 "6144, 'num_hidden_layers': 64, 'num_attention_heads': 48, 'num_key_value_heads': "
                 "8, 'intermediate_size': 32768, 'num_experts': 8, 'num_experts_per_tok': 2, "
                 "'tie_word_embeddings': true}") == Approx(314).epsilon(0.01));
  CHECK(billions("{'architectures': ['Grok1ForCausalLM'], 'vocab_size': 131072, 'hidden_size': "
                 "8192, 'num_hidden_layers': 64, 'num_attention_heads': 64, 'num_key_value_heads': "
                 "8, 'head_dim': 128, 'intermediate_size': 32768, 'moe_intermediate_size': 16384, "
                 "'num_local_experts': 8, 'num_experts_per_tok': 2}") == Approx(270).epsilon(0.01));
  CHECK(billions("{'architectures': ['GroveMoeForCausalLM'], 'vocab_size': 151936, 'hidden_size': "
                 "2048, 'num_hidden_layers': 48, 'num_attention_heads': 32, 'num_key_value_heads': "
                 "4, 'head_dim': 128, 'intermediate_size': 6144, 'moe_intermediate_size': 768, "
                 "'num_experts': 128, 'num_experts_per_tok': 8}") == Approx(33).epsilon(0.01));
  CHECK(billions("{'architectures': ['Plamo2ForCausalLM'], 'vocab_size': 100000, 'hidden_size': "
                 "2048, 'num_hidden_layers': 16, 'num_attention_heads': 16, 'num_key_value_heads': "
                 "1, 'hidden_size_per_head': 128, 'intermediate_size': 8192, 'mamba_d_conv': 4, "
                 "'mamba_d_state': 64, 'mamba_num_heads': 32, 'mamba_step': 2}") ==
        Approx(1.29).epsilon(0.002));
}

TEST_CASE("a recurrent mixer inside Qwen has no channel mix, and gates only if they are stated") {
  auto shapes = shapes_of(model_of_text(arwkv7));
  CHECK(shapes.at("blk.3.time_mix_lerp_fused.weight") == Shape{3584, 1, 1, 5});
  CHECK(shapes.at("blk.0.time_mix_v1.weight") == Shape{3584, 64, 1, 1});
  CHECK(shapes.at("blk.1.time_mix_v1.weight") == Shape{3584, 32, 1, 1});
  CHECK(shapes.at("blk.3.ffn_gate.weight") == Shape{3584, 18944, 1, 1});
  CHECK(shapes.count("blk.3.time_mix_g1.weight") == 0);
  CHECK(shapes.count("blk.3.time_mix_ln.weight") == 0);
  CHECK(shapes.count("blk.3.channel_mix_key.weight") == 0);
  std::string normed = arwkv7;
  normed.replace(normed.rfind("false"), 5, "true");
  shapes = shapes_of(model_of_text(normed));
  CHECK(shapes.at("blk.3.time_mix_ln.weight") == Shape{3584, 1, 1, 1});
  CHECK(shapes.at("blk.3.time_mix_ln.bias") == Shape{3584, 1, 1, 1});

  shapes = shapes_of(model_of_text(
      "{'architectures': ['RWKV6Qwen2ForCausalLM'], 'vocab_size': 152064, 'hidden_size': 5120, "
      "'num_hidden_layers': 64, 'num_attention_heads': 40, 'num_key_value_heads': 8, "
      "'intermediate_size': 27648, 'attention_bias': true, 'lora_rank_decay': 128, "
      "'lora_rank_tokenshift': 96}"));
  CHECK(shapes.at("blk.0.time_mix_key.weight") == Shape{5120, 1024, 1, 1});
  CHECK(shapes.at("blk.0.time_mix_key.bias") == Shape{1024, 1, 1, 1});
  CHECK(shapes.at("blk.0.time_mix_w1.weight") == Shape{5120, 480, 1, 1});
  CHECK(shapes.at("blk.0.time_mix_w2.weight") == Shape{96, 5120, 5, 1});
  CHECK(shapes.at("blk.0.time_mix_decay_w2.weight") == Shape{128, 5120, 1, 1});
  CHECK(shapes.count("blk.0.time_mix_first.weight") == 0);
}

TEST_CASE("Qwen 4 has hyper-connections for norms and an n-gram table that configs do not size") {
  const ModelInfo model = model_of_text(qwen4);
  const auto shapes = shapes_of(model);
  CHECK(shapes.at("output_hc_norm.weight") == Shape{8192, 1, 1, 1});
  CHECK(shapes.at("blk.0.hc_attn_down.weight") == Shape{8192, 64, 1, 1});
  CHECK(shapes.at("blk.0.hc_ffn_inject.weight") == Shape{8192, 4, 1, 1});
  CHECK(shapes.at("blk.1.ple_key.weight") == Shape{2048, 8192, 1, 1});
  CHECK(shapes.at("blk.1.ple_conv1d.weight") == Shape{4, 8192, 1, 1});
  CHECK(shapes.at("blk.3.indexer.q_proj.weight") == Shape{2048, 2048, 1, 1});
  CHECK(shapes.at("blk.3.attn_q.weight") == Shape{2048, 8192, 1, 1});
  CHECK(shapes.count("blk.0.indexer.q_proj.weight") == 0);
  CHECK(shapes.count("blk.0.attn_norm.weight") == 0);
  CHECK(shapes.count("output_norm.weight") == 0);
  CHECK(model.params == Provenance::assumed);
  REQUIRE_FALSE(model.notes.empty());
  CHECK(model.notes.back().message ==
        "the size of the n-gram table is not stated: it is not counted");
}

TEST_CASE("tensors that single families have, in the shapes that the loader asks for") {
  const std::string llama =
      "'vocab_size': 1000, 'hidden_size': 512, 'num_hidden_layers': 4, 'num_attention_heads': 8, "
      "'num_key_value_heads': 8, 'head_dim': 64, 'intermediate_size': 1024";
  const std::string experts =
      ", 'n_routed_experts': 4, 'num_experts_per_tok': 2, 'n_shared_experts': 1, "
      "'moe_intermediate_size': 128, 'first_k_dense_replace': 1";
  const std::string laguna = "{'architectures': ['LagunaForCausalLM'], " + llama + experts +
                             ", 'num_attention_heads_per_layer': [8, 12, 12, 12]";
  const std::string hy4 =
      "{'architectures': ['HYV4ForCausalLM'], 'q_lora_rank': 96, 'kv_lora_rank': 64, "
      "'qk_nope_head_dim': 48, 'qk_rope_head_dim': 16, 'v_head_dim': 32, 'hc_mult': 4, "
      "'index_n_heads': 4, 'index_head_dim': 32, 'index_topk': 64, " +
      llama + experts;
  const std::string owners = ", 'indexer_types': ['full', 'shared', 'full', 'shared']}";
  const struct {
    std::string config;
    const char* tensor;
    Shape shape;
  } rows[] = {
      {"{'architectures': ['ChameleonForCausalLM'], " + llama + "}",
       "blk.3.attn_q_norm.bias",
       {64, 8, 1, 1}},
      {"{'architectures': ['ChameleonForCausalLM'], " + llama + "}",
       "blk.3.attn_k_norm.bias",
       {64, 8, 1, 1}},
      {"{'architectures': ['CogVLMForCausalLM'], " + llama + "}",
       "blk.0.vis_attn_qkv.weight",
       {512, 1536, 1, 1}},
      {"{'architectures': ['CogVLMForCausalLM'], " + llama + "}",
       "blk.0.vis_attn_output.weight",
       {512, 512, 1, 1}},
      {"{'architectures': ['CogVLMForCausalLM'], " + llama + "}",
       "blk.0.vis_down.weight",
       {1024, 512, 1, 1}},
      {laguna + ", 'gating': 'per-element'}", "blk.1.attn_gate.weight", {512, 768, 1, 1}},
      {laguna + ", 'gating': true}", "blk.1.attn_gate.weight", {512, 12, 1, 1}},
      {"{'architectures': ['TalkieForCausalLM'], " + llama + "}",
       "blk.0.attn_q_norm.weight",
       {1, 8, 1, 1}},
      {"{'architectures': ['TalkieForCausalLM'], " + llama + "}",
       "blk.0.ffn_down.scale",
       {1, 1, 1, 1}},
      {hy4 + owners, "output_hc_fn.weight", {2048, 4, 1, 1}},
      {hy4 + owners, "output_hc_scale.weight", {1, 1, 1, 1}},
      {hy4 + owners, "blk.0.attn_sinks.weight", {8, 1, 1, 1}},
      {hy4 + owners, "blk.3.hc_ffn_fn.weight", {2048, 8, 1, 1}},
      {hy4 + owners, "blk.3.hc_attn_base.weight", {8, 1, 1, 1}},
      {hy4 + owners, "blk.2.indexer.k_norm.bias", {32, 1, 1, 1}},
      {"{'architectures': ['T5EncoderModel'], 'model_type': 't5', 'd_model': 512, 'd_kv': 64, "
       "'d_ff': 2048, 'num_layers': 6, 'num_heads': 8, 'vocab_size': 32128, "
       "'relative_attention_num_buckets': 32}",
       "enc.blk.5.ffn_down.weight",
       {2048, 512, 1, 1}},
  };
  for (const auto& row : rows) {
    INFO(row.config << " " << row.tensor);
    const auto shapes = shapes_of(model_of_text(row.config));
    REQUIRE(shapes.count(row.tensor) == 1);
    CHECK(shapes.at(row.tensor) == row.shape);
  }
  CHECK(shapes_of(model_of_text(hy4 + owners)).count("blk.1.indexer.k_norm.bias") == 0);
}

TEST_CASE("Llama 3.2 Vision has norms and gates in the layers that read the image") {
  const auto shapes = shapes_of(model_of_file("meta-llama__Llama-3.2-90B-Vision-Instruct"));
  CHECK(shapes.at("token_embd.weight") == Shape{8192, 128264, 1, 1});
  CHECK(shapes.at("output.weight") == Shape{8192, 128256, 1, 1});
  CHECK(shapes.count("blk.2.cross_attn_attn_gate") == 0);
  CHECK(shapes.at("blk.3.cross_attn_attn_gate") == Shape{1, 1, 1, 1});
  CHECK(shapes.at("blk.3.attn_k_norm.weight") == Shape{128, 1, 1, 1});
}
