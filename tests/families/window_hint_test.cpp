#include <string>

#include "catch.hpp"
#include "families/family.hpp"

using namespace fitvram;

namespace {

struct Case {
  std::string name;
  std::uint32_t window;
  std::uint32_t period;
};

}  // namespace

TEST_CASE("a windowed family's name at a word boundary hints at its window") {
  const auto c = GENERATE(values<Case>({
      {"gemma-3-27b-it", 1024, 6},
      {"google/Gemma-3-27B-it-GGUF", 1024, 6},
      {"gemma3:27b", 1024, 6},
      {"gemma3", 1024, 6},
      {"gemma-3-1b-it", 512, 6},
      {"gemma-3-12b", 1024, 6},
      {"gemma_2_9b", 4096, 2},
      {"gemma-2-27b-it-q4", 4096, 2},
      {"gemma-3n-E4B-it", 512, 5},
      {"gpt-oss-120b", 128, 2},
      {"openai/gpt_oss_20b", 128, 2},
      {"c4ai-command-r7b-12-2024", 4096, 4},
      {"cohere2", 4096, 4},
      {"Olmo-3-7B-Instruct", 4096, 4},
  }));
  CAPTURE(c.name);
  CHECK(window_hint(c.name).window == c.window);
  CHECK(window_hint(c.name).period == c.period);
}

TEST_CASE("a name that only looks like a windowed family hints at nothing") {
  const std::string name =
      GENERATE(as<std::string>{}, "", "gemma-30b", "gemma-2b", "biogemma-3", "gemma", "gemma-7b",
               "command-r-v01", "llama-3-8b", "gemma-33b", "xgpt-oss", "gpt-ossify");
  CAPTURE(name);
  CHECK(window_hint(name).window == 0);
}

TEST_CASE("another base model in the name takes the hint away") {
  const std::string name =
      GENERATE(as<std::string>{}, "gemma-3-llama-merge", "Qwen2-gemma-2", "gpt-oss-distill-mistral",
               "phi-4-gemma-3", "DeepSeek-R1-gemma-3-12b", "Llama3-gemma-3");
  CAPTURE(name);
  CHECK(window_hint(name).window == 0);
  CHECK(window_hint("dolphin-gemma-3-12b").window == 1024);
}
