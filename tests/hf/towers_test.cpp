#include "hf/towers.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

TEST_CASE("towers have the parameters of their checkpoints") {
  // Totals of each checkpoint (safetensors metadata or index) less those of its language model.
  struct Row {
    const char* config;
    std::uint64_t n_params;
  };
  const Row rows[] = {
      {"Qwen__Qwen2.5-VL-7B-Instruct", 8292166656 - 7615616512},
      {"Qwen__Qwen3.5-27B", 460730096},
      {"Qwen__Qwen3.5-35B-A3B", 446571248},
      {"RedHatAI__Llama-4-Scout-17B-16E-Instruct-FP8-dynamic", 871932416},
      {"allenai__olmOCR-7B-0225-preview", (16582751232 - 2 * 7615616512) / 2},
      {"google__gemma-3-4b-it", 4300079472 - 3880263168},
      {"google__gemma-3-12b-it", 12187325040 - 11766034176},
      {"google__gemma-3-27b-it", 27432406640 - 27009346304},
      {"google__gemma-4-31B-it", 575743536},
      {"google__gemma-4-E2B-it", 167365056 + 768 * 1536},
      {"google__gemma-4-E4B-it", 167365056 + 768 * 2560},
      {"google__medgemma-27b-it", (54864813280 - 2 * 27009346304) / 2},
      {"mistralai__Mistral-Small-3.1-24B-Instruct-2503", 438958080},
      {"Qwen__Qwen3-32B", 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.config);
    CHECK(model_of_file(row.config).n_params_mmproj == row.n_params);
  }
}

TEST_CASE("towers of configs written from their publication") {
  // Published totals of the whole checkpoint, or of a part of it, less the language model.
  struct Row {
    const char* what;
    const char* config;
    std::uint64_t n_embd;
    std::uint64_t n_params;
  };
  const Row rows[] = {
      // Kimi-VL-A3B-Instruct 16407657776, of which Moonlight-16B-A3B 15960111936.
      {"Kimi-VL",
       "{'vision_config': {'model_type': 'moonvit', 'hidden_size': 1152, 'intermediate_size': "
       "4304, 'patch_size': 14, 'init_pos_emb_height': 64, 'init_pos_emb_width': 64, "
       "'num_hidden_layers': 27, 'merge_kernel_size': [2, 2]}}",
       2048, 16407657776 - 15960111936},
      // InternVL3-8B 7944373760, of which Qwen2.5-7B with a vocabulary of 151674.
      {"InternVL3-8B",
       "{'vision_config': {'model_type': 'intern_vit_6b', 'hidden_size': 1024, "
       "'intermediate_size': 4096, 'patch_size': 14, 'image_size': 448, 'qkv_bias': true, "
       "'qk_normalization': false, 'norm_type': 'layer_norm', 'num_hidden_layers': 24}}",
       3584, 7944373760 - 7612820992},
      {"InternVL3-8B-hf",
       "{'vision_config': {'model_type': 'internvl_vision', 'hidden_size': 1024, "
       "'intermediate_size': 4096, 'patch_size': [14, 14], 'image_size': [448, 448], "
       "'attention_bias': true, 'use_qk_norm': false, 'norm_type': 'layer_norm', "
       "'num_hidden_layers': 24}}",
       3584, 7944373760 - 7612820992},
      // LFM2-VL-450M 450822656, of which LFM2-350M 354483968.
      {"LFM2-VL-450M",
       "{'downsample_factor': 2, 'projector_hidden_size': 2560, 'vision_config': {'model_type': "
       "'siglip2_vision_model', 'hidden_size': 768, 'intermediate_size': 3072, 'patch_size': 16, "
       "'num_patches': 256, 'num_hidden_layers': 12}}",
       1024, 450822656 - 354483968},
      // Gemma 3n: 7849978192 less 6866696688, and 5439438272 less 4456156768.
      {"Gemma 3n",
       "{'vision_config': {'model_type': 'gemma3n_vision', 'architecture': "
       "'mobilenetv5_300m_enc', 'hidden_size': 2048, 'vocab_size': 128}, 'audio_config': "
       "{'model_type': 'gemma3n_audio', 'hidden_size': 1536, 'conf_num_hidden_layers': 12, "
       "'conf_num_attention_heads': 8, 'conf_conv_kernel_size': 5, 'input_feat_size': 128, "
       "'vocab_size': 128}}",
       2048, 7849978192 - 6866696688},
  };
  for (const auto& row : rows) {
    CAPTURE(row.what);
    CHECK(tower_params(nlohmann::json::parse(quoted(row.config)), row.n_embd) == row.n_params);
  }
}

TEST_CASE("Voxtral's tower is the encoder of Whisper large-v3 and two projections") {
  // Whisper large-v3 has 1543490560 parameters; its decoder is 32 layers with two attentions.
  constexpr std::uint64_t d = 1280, f = 5120;
  constexpr std::uint64_t attention = 4 * (d * d + d) - d;
  constexpr std::uint64_t decoder_layer = 2 * attention + d * f + f + f * d + d + 6 * d;
  constexpr std::uint64_t decoder = 51866 * d + 448 * d + 32 * decoder_layer + 2 * d;
  const ModelInfo model = model_of_file("mistralai__Voxtral-Mini-3B-2507");
  CHECK(model.n_params_mmproj == 1543490560 - decoder + 5120 * 3072 + 3072 * 3072);
}

TEST_CASE("whole multimodal checkpoints: language model and towers add up to the published total") {
  const auto total = [](const ModelInfo& model) { return model.n_params + model.n_params_mmproj; };
  CHECK(total(model_of_file("zai-org__GLM-4.5V")) == 107710933120);
  // metadata.total_parameters of the checkpoint's index.
  CHECK(total(model_of_file("reubzdubz__Molmo-7B-D-NF4")) == 8021025280);
  // Llama-3.2-11B-Vision-Instruct: the 90B's tower, a smaller language model.
  auto config = nlohmann::json::parse(config_text("meta-llama__Llama-3.2-90B-Vision-Instruct"));
  config["text_config"]["hidden_size"] = 4096;
  config["text_config"]["intermediate_size"] = 14336;
  config["text_config"]["num_attention_heads"] = 32;
  config["text_config"]["num_hidden_layers"] = 40;
  config["text_config"]["cross_attention_layers"] = {3, 8, 13, 18, 23, 28, 33, 38};
  CHECK(total(checked(parse_hf_config(config.dump(), "config.json"))) == 10670220835);
}

TEST_CASE("an audio tower is counted beside the one for images") {
  const auto root = nlohmann::json::parse(config_text("google__gemma-4-E4B-it"));
  auto both = root;
  both["audio_config"] = {{"model_type", "gemma4_audio"}};
  // The published total of gemma-4-E4B-it less its language model. The audio tower itself comes
  // from that total (no other count of it is published), so this only tests the sum.
  CHECK(tower_params(both, 2560) == 7996156490 - 7518069034);
}

TEST_CASE("towers of other kinds are named, not guessed") {
  const ModelInfo model = model_of_file("moonshotai__Kimi-K3");
  CHECK(model.n_params_mmproj == 0);
  REQUIRE_FALSE(model.notes.empty());
  CHECK(model.notes.back().code == "towers-unknown");
  CHECK(model.notes.back().message == "vision or audio towers of this kind are not counted");
}

TEST_CASE("a section without its numbers is not known") {
  const auto params = [](const std::string& text) {
    return tower_params(nlohmann::json::parse(quoted(text)), 4096);
  };
  CHECK(params("{}") == 0U);
  CHECK(params("{'vision_config': null}") == 0U);
  CHECK_FALSE(params("{'vision_config': 3}"));
  CHECK_FALSE(params("{'vision_config': {'model_type': 'newtower'}}"));
  CHECK_FALSE(
      params("{'vision_config': {'model_type': 'siglip_vision_model', 'hidden_size': "
             "99999999}}"));
}
