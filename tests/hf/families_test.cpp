#include "hf/families.hpp"

#include <set>

#include "base/malformed.hpp"
#include "base/sorted.hpp"
#include "families/table.hpp"
#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

TEST_CASE("families are architectures of llama.cpp, each with one rule") {
  std::set<std::string_view> seen;
  for (const auto families :
       {attention_families(), window_families(), latent_families(), state_families()}) {
    CHECK(sorted_and_unique(families, &HfFamily::gguf));
    for (const auto& family : families) {
      INFO(family.gguf);
      CHECK(find_architecture(family.gguf) != nullptr);
      CHECK(seen.insert(family.gguf).second);
    }
  }
}

TEST_CASE("next-token-prediction blocks are counted in the layers and stay outside the window") {
  Hparams h;
  h.n_layer = 4;
  h.swa_layers = {true, true, true, true};
  append_nextn(h, 2);
  CHECK(*h.n_layer == 6);
  CHECK(*h.n_layer_nextn == 2);
  CHECK(h.swa_layers == std::vector<bool>{true, true, true, true, false, false});
  append_nextn(h, 0);
  CHECK(*h.n_layer_nextn == 2);
  CHECK_THROWS_AS(append_nextn(h, 65), Malformed);
}

TEST_CASE("products of counts are refused beyond reason") {
  CHECK(within_reason(1U << 31U, "x") == 1U << 31U);
  try {
    within_reason((std::uint64_t{1} << 31U) + 1, "the head size");
    FAIL("accepted");
  } catch (const Malformed& error) {
    CHECK(error.code == ErrorCode::limit);
    CHECK(std::string(error.what()) == "the head size is 2147483649, more than any model has");
  }
}

TEST_CASE("an unknown architecture with state is never taken for plain attention") {
  const std::string head =
      "{'model_type': 'novel', 'hidden_size': 64, 'num_hidden_layers': 2, "
      "'num_attention_heads': 4, ";
  for (const char* rest :
       {"'layer_types': ['linear_attention', 'full_attention']}", "'mamba_d_state': 16}",
        "'hybrid_override_pattern': 'M*'}", "'linear_conv_kernel_dim': 4}",
        "'block_types': ['recurrent', 'attention']}", "'attn_layer_period': 2}"}) {
    const auto error = error_of(head + rest);
    CHECK(error.code == ErrorCode::unsupported);
    CHECK(error.message ==
          "unknown architecture 'novel' with recurrent layers: its cache cannot be derived from "
          "the file");
  }
  const auto latent = model_of_text(head + "'kv_lora_rank': 32, 'qk_rope_head_dim': 8}");
  CHECK(latent.layers[0].caches[0].shape == HeadShape{1, 40, 0});
}
