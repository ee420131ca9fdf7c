#include "fitvram/params.hpp"

#include "catch.hpp"
#include "support/arithmetic.hpp"
#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

TEST_CASE("active parameters per token are the published ones") {
  struct Row {
    const char* config;
    std::uint64_t n_params, n_active;
  };
  // Model cards and the Hub's own count: all weights less those of the experts a token passes by.
  const Row rows[] = {
      {"Qwen__Qwen3-Next-80B-A3B-Instruct", 79674391296, 3874929408},
      {"meta-llama__Llama-3.2-3B", 3212749824, 3212749824},
  };
  for (const auto& row : rows) {
    CAPTURE(row.config);
    const ParamCount count = count_params(model_of_file(row.config));
    CHECK(count.n_params == row.n_params);
    CHECK(count.n_active == row.n_active);
  }
}

TEST_CASE("the roles add up to the total, and each formula to its term") {
  for (const char* name : {"google__gemma-3-27b-it", "deepseek-ai__DeepSeek-V3",
                           "Qwen__Qwen3.5-35B-A3B", "openai__gpt-oss-20b"}) {
    CAPTURE(name);
    const ModelInfo model = model_of_file(name);
    const ParamCount count = count_params(model);
    std::uint64_t sum = 0;
    for (const auto& role : count.roles) {
      std::uint64_t terms = 0;
      for (const auto& term : role.terms) {
        CHECK(Arithmetic::value(term.formula) == term.n_params);
        terms += term.n_params;
      }
      CHECK(terms == role.n_params);
      CHECK(role.n_active <= role.n_params);
      sum += role.n_params;
    }
    CHECK(sum == model.n_params);
    CHECK(count.n_params == model.n_params);
  }
}

TEST_CASE("embeddings, next-token-prediction and towers are told apart") {
  const ParamCount count = count_params(model_of_file("Qwen__Qwen3.5-27B"));
  CHECK(count.n_embedding == 248320ULL * 5120);
  CHECK(count.n_nextn == 424699392);
  CHECK(count.n_mmproj == 460730096);
  CHECK(count.n_active == count.n_params);
}

TEST_CASE("without a tensor list there is only the total") {
  ModelInfo model;
  model.n_params = 7;
  const ParamCount count = count_params(model);
  CHECK(count.roles.empty());
  CHECK(count.n_params == 7);
}
