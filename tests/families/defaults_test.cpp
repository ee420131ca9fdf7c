#include "families/family.hpp"
#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

TEST_CASE("a config that says nothing about tying gets its family's habit") {
  CHECK(find_family("gemma3")->config.ties);
  CHECK(find_family("bloom")->config.ties);
  CHECK_FALSE(find_family("llama")->config.ties);
  CHECK_FALSE(find_family("qwen3")->config.ties);
  const std::string head = "{'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 2, ";
  CHECK(facts_of(head + "'model_type': 'gpt2'}").tied_embeddings == true);
  CHECK(facts_of(head + "'model_type': 'llama'}").tied_embeddings == false);
  CHECK(facts_of(head + "'model_type': 'llama', 'tie_word_embeddings': true}").tied_embeddings ==
        true);
  CHECK(facts_of(head + "'model_type': 'gpt2', 'tie_word_embeddings': false}").tied_embeddings ==
        false);
}

TEST_CASE("nested defaults are information, defaults of incomplete files a warning") {
  const auto nested = model_of_file("google__gemma-3-4b-it");
  CHECK(nested.hparams.n_head.max() == 8);
  CHECK(nested.hparams.n_head_kv.max() == 4);
  CHECK(nested.layout == Provenance::exact);
  REQUIRE_FALSE(nested.notes.empty());
  CHECK(nested.notes[0].severity == Severity::info);
  CHECK(nested.notes[0].message ==
        "the config leaves out max_position_embeddings = 131072, the default of its class");

  const auto partial = model_of_file("Qwen__Qwen3.6-27B");
  CHECK(partial.layout == Provenance::assumed);
  REQUIRE_FALSE(partial.notes.empty());
  CHECK(partial.notes[0].severity == Severity::warning);
  CHECK(partial.notes[0].code == "config-default");
}

TEST_CASE("a file without a model type is a part of one: nothing fills in what all files state") {
  CHECK(error_of("{'architectures': ['LlamaForCausalLM'], 'hidden_size': 64}").message ==
        "num_hidden_layers is missing (also tried n_layers, n_layer, num_layers, "
        "num_transformer_layers)");
  CHECK(facts_of("{'model_type': 'llama', 'hidden_size': 64}").n_layer == 32U);
}

TEST_CASE("what stands in for a missing key of a flat file is never exact; a flag is information") {
  const auto partial = model_of_text("{'model_type': 'gpt_oss'}");
  CHECK(partial.layout == Provenance::assumed);
  CHECK(partial.params == Provenance::assumed);
  const auto whole = model_of_file("THUDM__GLM-Z1-32B-0414");
  CHECK(whole.layout == Provenance::exact);
  REQUIRE(whole.notes.size() == 1);
  CHECK(whole.notes[0].severity == Severity::info);
}
