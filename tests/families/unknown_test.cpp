#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

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
