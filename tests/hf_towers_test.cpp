#include "hf_towers.hpp"

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

TEST_CASE("an audio tower is counted beside the one for images") {
  const auto root = nlohmann::json::parse(config_text("google__gemma-4-E4B-it"));
  auto both = root;
  both["audio_config"] = {{"model_type", "gemma4_audio"}};
  // The published total of gemma-4-E4B-it less its language model.
  CHECK(tower_params(both, 2560) == 7996156490 - 7518069034);
}

TEST_CASE("towers of other kinds are named, not guessed") {
  const ModelInfo model = model_of_file("zai-org__GLM-4.5V");
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
  CHECK_FALSE(params("{'vision_config': {'model_type': 'pixtral'}}"));
  CHECK_FALSE(
      params("{'vision_config': {'model_type': 'siglip_vision_model', 'hidden_size': "
             "99999999}}"));
}
