#include "cli/show/model.hpp"

#include "catch.hpp"
#include "support/configs.hpp"
#include "support/fake_io.hpp"

using namespace fitvram;
using namespace fitvram::cli;
using namespace fitvram::test;

namespace {

ShowReport::Entry tiny() {
  ShowReport::Entry entry;
  entry.model = model_of_text(
      "{'model_type': 'qwen3_moe', 'architectures': ['Qwen3MoeForCausalLM'], 'hidden_size': 64, "
      "'num_hidden_layers': 2, 'num_attention_heads': 4, 'num_key_value_heads': 2, 'head_dim': 16, "
      "'vocab_size': 100, 'intermediate_size': 96, 'moe_intermediate_size': 32, 'num_experts': 8, "
      "'num_experts_per_tok': 2, 'max_position_embeddings': 4096, 'tie_word_embeddings': true}");
  entry.model.name = "tiny";
  entry.weights = quantize(entry.model, *find_scheme("F16"));
  return entry;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a shape is its dimensions, the ones at the end left out") {
  Tensor tensor;
  tensor.ne = {64, 1, 8, 1};
  CHECK(shape_of(tensor) == "64 x 1 x 8");
  tensor.ne = {64, 1, 1, 1};
  CHECK(shape_of(tensor) == "64");
}

TEST_CASE("parameters by role, with the experts that a token uses") {
  const auto text = params_block(tiny(), false, Style{});
  INFO(text);
  CHECK(has(text, "expert                 98304"));
  CHECK(has(text, "24576\n"));
  CHECK_FALSE(has(text, " = "));
  const auto explained = params_block(tiny(), true, Style{});
  INFO(explained);
  CHECK(has(explained, "  ffn_up_exps.weight = 2 * 64 * 32 * 8"));
}

TEST_CASE("tensors are listed with shape, type, bytes and layer") {
  const auto sheet = sheet_of_tensors(tiny());
  REQUIRE(sheet.rows.size() == 2 + 2 * 12);
  CHECK(sheet.rows[0] == std::vector<std::string>{"token_embd.weight", "64 x 100", "F16", "12800",
                                                  "", "token-embedding"});
  CHECK(sheet.rows[2][4] == "0");
  ShowReport::Entry bare;
  bare.model.name = "bare";
  CHECK(tensors_block(bare, Style{}) == "bare\n\n  no tensor list: only a total is known\n");
}

TEST_CASE("show counts layers and tensors that are alike") {
  const auto run = run_words({"show", "gemma"});
  CHECK(run.out.find("52  sliding") != std::string::npos);
  CHECK(run.out.find("10  attention") != std::string::npos);
  CHECK(run.out.find("16 x (128+128)") != std::string::npos);
}
