#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/sorted.hpp"
#include "base/text.hpp"
#include "catch.hpp"
#include "families/family.hpp"

using namespace fitvram;

namespace {

std::string hf_arch(std::string_view word) {
  const Family* row = find_family_of_hf(word);
  return row ? std::string(row->gguf) : "";
}

std::vector<std::string> words_of(std::string_view words) {
  std::vector<std::string> all;
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    all.emplace_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return all;
}

std::vector<const Family*> all_rows() {
  std::vector<const Family*> rows(families().begin(), families().end());
  rows.insert(rows.end(), strangers().begin(), strangers().end());
  return rows;
}

}  // namespace

TEST_CASE("the table has every architecture of llama.cpp v0.5.0, sorted, each once") {
  CHECK(families().size() == 152);
  CHECK(sorted_and_unique(families(), &Family::gguf));
  for (const Family* row : families()) {
    CAPTURE(row->gguf);
    CHECK(find_family(row->gguf) == row);
    CHECK(row->source.substr(0, 4) == "src/");
    const Family* longer = find_family(std::string(row->gguf) + "x");
    CHECK((longer == nullptr || longer->gguf == std::string(row->gguf) + "x"));
  }
}

TEST_CASE("no word of a config stands on two rows, and each leads to its own") {
  std::set<std::string> seen;
  for (const Family* row : all_rows()) {
    for (const std::string& word : words_of(row->hf)) {
      CAPTURE(word, row->gguf);
      CHECK_FALSE(word.empty());
      CHECK(seen.insert(word).second);
      CHECK(find_family_of_hf(word) == row);
    }
  }
}

TEST_CASE("every row says how tensors, graph and config are, or why it does not") {
  for (const Family* row : all_rows()) {
    CAPTURE(row->gguf, row->hf);
    CHECK(says_all(*row));
  }
  Family row = *find_family("llama");
  CHECK(says_all(row));
  row.graph.build = nullptr;
  CHECK_FALSE(says_all(row));
  row.graph.unknown = "nobody has read it";
  CHECK(says_all(row));
  row.tensors = {};
  CHECK_FALSE(says_all(row));
  row.tensors.unknown = "nobody has read it";
  CHECK(says_all(row));
  row.config = {};
  CHECK_FALSE(says_all(row));
}

TEST_CASE("what other runtimes know of a family, they know by the words of its configs") {
  for (const Family* row : all_rows()) {
    const MlxModels& mlx = row->elsewhere.mlx_lm;
    std::set<std::string> mlx_words;
    for (const auto words : {mlx.plain, mlx.rotating, mlx.chunked, mlx.latent, mlx.expanded}) {
      for (const std::string& word : words_of(words)) {
        CAPTURE(word, row->gguf);
        CHECK(has_word(row->hf, word));
        CHECK(mlx_words.insert(word).second);
      }
    }
    for (const auto words : {row->elsewhere.exllamav3, row->config.outer_classes}) {
      for (const std::string& word : words_of(words)) {
        CAPTURE(word, row->gguf);
        CHECK(has_word(row->hf, word));
      }
    }
    for (const std::string& word : words_of(row->config.any_text)) {
      CAPTURE(word, row->gguf);
      CHECK(has_word(row->hf, word));
    }
  }
}

TEST_CASE("no tower stands on two rows") {
  std::set<std::string_view> seen;
  for (const Family* row : all_rows())
    for (const Tower& tower : row->config.towers) {
      CAPTURE(tower.model_type);
      CHECK(seen.insert(tower.model_type).second);
    }
}

TEST_CASE("names are found whole and exact") {
  CHECK(find_family("") == nullptr);
  CHECK(find_family("gemma") != nullptr);
  CHECK(find_family("gemm") == nullptr);
  CHECK(find_family("Gemma") == nullptr);
  CHECK(find_family("zzz") == nullptr);
  CHECK(find_family("llama") != nullptr);
  CHECK(find_family("lla") == nullptr);
  CHECK(hf_arch("") == "");
  CHECK(hf_arch(" ") == "");
  CHECK(hf_arch("gemma3 gemma3_text") == "");
  CHECK(hf_arch("Gemma3For") == "");
}

TEST_CASE("families that llama.cpp does not have are found by their configs alone") {
  CHECK(find_family("mllama") == nullptr);
  REQUIRE(find_family_of_hf("mllama") != nullptr);
  CHECK(known_family("mllama") == find_family_of_hf("mllama"));
  CHECK(known_family("qwen3") == find_family("qwen3"));
  CHECK(known_family("zamba2") == nullptr);
  for (const Family* row : strangers()) {
    CAPTURE(row->hf);
    CHECK(row->gguf.empty());
    CHECK(row->cache.memory == MemoryClass::attention);
    CHECK(row->graph.build == nullptr);
  }
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
  const auto refined = [&](std::string_view name) { return refine(*find_family(name), hp).gguf; };
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
  const auto blocks = [&](const Family* row) {
    std::vector<std::size_t> found;
    for (std::size_t layer = 0; layer < 8; ++layer) found.push_back(block_of(row, hp, layer));
    return found;
  };
  using Blocks = std::vector<std::size_t>;
  CHECK(blocks(nullptr) == Blocks{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(blocks(find_family("llama")) == Blocks{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(blocks(find_family("nanbeige")) == Blocks{0, 1, 2, 3, 0, 1, 2, 3});
  CHECK(blocks(find_family("hrm_text")) == Blocks{0, 1, 0, 1, 2, 3, 0, 1});
  hp.n_layer_per_stack.reset();
  CHECK(blocks(find_family("hrm_text")) == Blocks{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("memory classes follow create_memory") {
  const auto memory = [](std::string_view name) { return find_family(name)->cache.memory; };
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
  for (const Family* row : families()) {
    CAPTURE(row->gguf);
    const CacheRule& rule = row->cache;
    const bool recurrent =
        rule.memory == MemoryClass::recurrent || rule.memory == MemoryClass::hybrid ||
        rule.memory == MemoryClass::parallel_hybrid || rule.memory == MemoryClass::hybrid_indexer;
    CHECK((rule.recurrent != RecurrentRule::none) == recurrent);
    CHECK((rule.state != StateRule::none) == recurrent);
  }
}

TEST_CASE("no model type has defaults of two classes") {
  std::set<std::string> seen;
  for (const Family* row : all_rows())
    for (const ConfigClass& own : row->config.classes)
      for (const std::string& word : words_of(own.names)) {
        CAPTURE(word);
        CHECK(seen.insert(word).second);
        CHECK(find_config_class(word) == &own);
      }
}
