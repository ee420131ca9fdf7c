#include "catch.hpp"
#include "fitvram/tensor.hpp"

using namespace fitvram;

TEST_CASE("a tensor's role follows from its base name") {
  CHECK(role_of("token_embd.weight") == TensorRole::token_embd);
  CHECK(role_of("per_layer_token_embd.weight") == TensorRole::per_layer_embd);
  CHECK(role_of("position_embd.weight") == TensorRole::position_embd);
  CHECK(role_of("output.weight") == TensorRole::output);
  CHECK(role_of("output.bias") == TensorRole::output);
  CHECK(role_of("output_norm.weight") == TensorRole::output_norm);
  CHECK(role_of("output_hc_fn.weight") == TensorRole::output_norm);
  CHECK(role_of("attn_norm.weight") == TensorRole::norm);
  CHECK(role_of("attn_q.bias") == TensorRole::attention);
  CHECK(role_of("attn_sinks.weight") == TensorRole::attention);
  CHECK(role_of("ffn_down_shexp.weight") == TensorRole::feed_forward);
  CHECK(role_of("ffn_down_exps.weight") == TensorRole::expert);
  CHECK(role_of("ffn_down.7.weight") == TensorRole::expert);
  CHECK(role_of("ffn_gate_inp.weight") == TensorRole::router);
  CHECK(role_of("exp_probs_b.bias") == TensorRole::router);
  CHECK(role_of("ssm_a") == TensorRole::recurrent);
  CHECK(role_of("ssm_conv1d.weight") == TensorRole::recurrent);
  CHECK(role_of("shortconv.in_proj.weight") == TensorRole::recurrent);
  CHECK(role_of("indexer.attn_q_b.weight") == TensorRole::indexer);
  CHECK(role_of("indexer_compressor_kv.weight") == TensorRole::indexer);
  CHECK(role_of("rope_freqs.weight") == TensorRole::rope);
  CHECK(role_of("v.blk.0.attn_q.weight") == TensorRole::multimodal);
  CHECK(role_of("mm.input_projection.weight") == TensorRole::multimodal);
  CHECK(role_of("dec.cross_attn_q.weight") == TensorRole::attention);
}

TEST_CASE("a name that no model has gets the role other") {
  CHECK(role_of("") == TensorRole::other);
  CHECK(role_of("ffn_down.") == TensorRole::other);
  CHECK(role_of("ffn_down.x7.weight") == TensorRole::other);
  CHECK(role_of("nextn.eh_proj.weight") == TensorRole::other);
}

TEST_CASE("the full name of a tensor names its block") {
  Tensor tensor;
  tensor.name = "attn_q.weight";
  tensor.layer = 12;
  CHECK(full_name(tensor) == "blk.12.attn_q.weight");
  tensor.name = "enc.attn_q.weight";
  CHECK(full_name(tensor) == "enc.blk.12.attn_q.weight");
  CHECK(role_of(tensor.name) == TensorRole::attention);
  tensor.layer = -1;
  tensor.name = "output.weight";
  CHECK(full_name(tensor) == "output.weight");
}

TEST_CASE("copies of a tensor's name are equal to it and to its text") {
  const TensorName name("attn_q.weight"), copy = name, other(std::string("attn_q.weight"));
  CHECK(name == copy);
  CHECK(name == other);
  CHECK(name == "attn_q.weight");
  CHECK(name != TensorName("attn_k.weight"));
  CHECK(TensorName().view().empty());
  CHECK(TensorName() == "");
}
