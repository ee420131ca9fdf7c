#include "families/table.hpp"

#include <map>
#include <string>
#include <vector>

#include "catch.hpp"

using namespace fitvram;

namespace {

std::string hf_arch(std::string_view word) {
  const auto* row = find_hf_architecture(word);
  return row ? std::string(row->gguf) : "";
}

}  // namespace

TEST_CASE("the table has every architecture of llama.cpp v0.5.0") {
  CHECK(architectures().size() == 152);
  for (const auto& row : architectures()) {
    CAPTURE(row.gguf);
    CHECK(find_architecture(row.gguf) == &row);
    CHECK(row.source.substr(0, 4) == "src/");
  }
}

TEST_CASE("no word of a config stands on two rows") {
  std::map<std::string, std::string_view> seen;
  for (const auto& row : architectures()) {
    std::string_view words = row.hf;
    while (!words.empty()) {
      const auto end = std::min(words.find(' '), words.size());
      const std::string word(words.substr(0, end));
      CAPTURE(word, row.gguf);
      CHECK_FALSE(word.empty());
      CHECK(seen.emplace(word, row.gguf).second);
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  }
}

TEST_CASE("names are found whole and exact") {
  CHECK(find_architecture("") == nullptr);
  CHECK(find_architecture("gemma") != nullptr);
  CHECK(find_architecture("gemm") == nullptr);
  CHECK(find_architecture("Gemma") == nullptr);
  CHECK(find_architecture("zzz") == nullptr);
  CHECK(hf_arch("") == "");
  CHECK(hf_arch(" ") == "");
  CHECK(hf_arch("gemma3 gemma3_text") == "");
  CHECK(hf_arch("Gemma3For") == "");
}

TEST_CASE("model types and class names lead to the converter's architecture") {
  CHECK(hf_arch("gemma3") == "gemma3");
  CHECK(hf_arch("gemma3_text") == "gemma3");
  CHECK(hf_arch("Gemma3ForConditionalGeneration") == "gemma3");
  CHECK(hf_arch("Gemma3TextModel") == "gemma-embedding");
  CHECK(hf_arch("mistral") == "llama");
  CHECK(hf_arch("MixtralForCausalLM") == "llama");
  CHECK(hf_arch("InternLM3ForCausalLM") == "llama");
  CHECK(hf_arch("ministral3") == "mistral3");
  CHECK(hf_arch("mistral4") == "mistral4");
  CHECK(hf_arch("MistralLarge3ForCausalLM") == "deepseek2");
  CHECK(hf_arch("DeepseekV3ForCausalLM") == "deepseek2");
  CHECK(hf_arch("kimi_k2") == "deepseek2");
  CHECK(hf_arch("Glm4MoeLiteForCausalLM") == "deepseek2");
  CHECK(hf_arch("GlmMoeDsaForCausalLM") == "glm-dsa");
  CHECK(hf_arch("deepseek_v32") == "deepseek32");
  CHECK(hf_arch("deepseek_ref") == "deepseek4");
  CHECK(hf_arch("BambaForCausalLM") == "granitehybrid");
  CHECK(hf_arch("phi3") == "phi3");
  CHECK(hf_arch("Olmo3ForCausalLM") == "olmo2");
  CHECK(hf_arch("llama4_text") == "llama4");
  CHECK(hf_arch("qwen3_5_moe_text") == "qwen35moe");
  CHECK(hf_arch("kimi_linear") == "kimi-linear");
  CHECK(hf_arch("KimiK3ForConditionalGeneration") == "kimi-k3");
  CHECK(hf_arch("MiniMaxM1ForCausalLM") == "minimax-01");
  CHECK(hf_arch("zamba2") == "");
  CHECK(hf_arch("mllama") == "");
}

TEST_CASE("facts refine the row where one class name stands for several") {
  Hparams hp;
  const auto refined = [&](std::string_view name) {
    return refine(*find_architecture(name), hp).gguf;
  };
  CHECK(refined("nemotron_h") == "nemotron_h");
  CHECK(refined("llama") == "llama");
  hp.n_head_kv = std::vector<std::uint32_t>{0, 0, 8};
  CHECK(refined("granitehybrid") == "granitehybrid");
  hp.n_head_kv = std::vector<std::uint32_t>{8, 8, 8};
  CHECK(refined("granitehybrid") == "granite");
  hp.n_expert_used = 8;
  CHECK(refined("granitehybrid") == "granitemoe");
  CHECK(refined("nemotron_h") == "nemotron_h_moe");
}

TEST_CASE("blocks that run several times lend their weights to several layers") {
  Hparams hp;
  hp.n_layer = 4;
  hp.n_layer_per_stack = 2;
  hp.n_l_cycle = 2;
  const auto blocks = [&](const Architecture* row) {
    std::vector<std::size_t> found;
    for (std::size_t layer = 0; layer < 8; ++layer) found.push_back(block_of(row, hp, layer));
    return found;
  };
  using Blocks = std::vector<std::size_t>;
  CHECK(blocks(nullptr) == Blocks{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(blocks(find_architecture("llama")) == Blocks{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(blocks(find_architecture("nanbeige")) == Blocks{0, 1, 2, 3, 0, 1, 2, 3});
  CHECK(blocks(find_architecture("hrm_text")) == Blocks{0, 1, 0, 1, 2, 3, 0, 1});
  hp.n_layer_per_stack.reset();
  CHECK(blocks(find_architecture("hrm_text")) == Blocks{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("memory classes follow create_memory") {
  const auto memory = [](std::string_view name) { return find_architecture(name)->memory; };
  CHECK(memory("llama") == MemoryClass::attention);
  CHECK(memory("t5encoder") == MemoryClass::attention);
  CHECK(memory("llada") == MemoryClass::none);
  CHECK(memory("rwkv7") == MemoryClass::recurrent);
  CHECK(memory("jamba") == MemoryClass::hybrid);
  CHECK(memory("falcon-h1") == MemoryClass::parallel_hybrid);
  CHECK(memory("qwen4exp") == MemoryClass::hybrid_indexer);
  CHECK(memory("hy_v4") == MemoryClass::dsa);
  CHECK(memory("dots3note") == MemoryClass::dsa_window);
  CHECK(memory("minimax-m3") == MemoryClass::msa);
  CHECK(memory("deepseek4") == MemoryClass::dsv4);
  for (const auto& row : architectures()) {
    CAPTURE(row.gguf);
    const bool recurrent =
        row.memory == MemoryClass::recurrent || row.memory == MemoryClass::hybrid ||
        row.memory == MemoryClass::parallel_hybrid || row.memory == MemoryClass::hybrid_indexer;
    CHECK((row.recurrent != RecurrentRule::none) == recurrent);
    CHECK((row.state != StateRule::none) == recurrent);
  }
}
