#include "hf/packings.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/configs.hpp"
#include "weights/packings.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

std::vector<Packing> packings_of(const std::string& config) {
  const auto root = nlohmann::json::parse(quoted(config));
  Hparams hparams;
  hparams.n_layer = 4;
  return checkpoint_packings(HfReader(root), hparams);
}

std::vector<Packing> method(const std::string& config) {
  return packings_of("{'quantization_config': " + config + "}");
}

using Packings = std::vector<Packing>;

constexpr Roles attention = role_bit(TensorRole::attention);
constexpr Roles feed_forward = role_bit(TensorRole::feed_forward);

}  // namespace

TEST_CASE("each method's packing follows from its keys") {
  CHECK(packings_of("{}").empty());
  CHECK(method("{'quant_method': 'gptq', 'bits': 4, 'group_size': 32}") ==
        Packings{packing::gptq(4, 32)});
  CHECK(method("{'quant_method': 'gptq', 'bits': 3, 'group_size': -1}") ==
        Packings{packing::gptq(3, 0)});
  CHECK(method("{'quant_method': 'awq', 'bits': 4, 'group_size': 64}") ==
        Packings{packing::awq(4, 64)});
  CHECK(method("{'quant_method': 'bitsandbytes', 'load_in_8bit': true}") ==
        Packings{packing::bnb_int8()});
  CHECK(method("{'quant_method': 'bitsandbytes', 'load_in_4bit': true, "
               "'bnb_4bit_use_double_quant': true}") == Packings{packing::bnb_4bit(true)});
  CHECK(method("{'quant_method': 'fp8', 'weight_block_size': [128, 64]}") ==
        Packings{packing::per_block(64, 128)});
  CHECK(method("{'quant_method': 'fp8', 'weight_block_size': null}") ==
        Packings{packing::per_tensor()});
  CHECK(method("{'quant_method': 'modelopt', 'quant_algo': 'NVFP4'}") ==
        Packings{packing::nvfp4(packing::linear)});
  CHECK(method("{'quant_method': 'aqlm', 'bits': 2}").empty());
}

TEST_CASE("several groups of compressed-tensors count by the roles that their targets name") {
  const auto groups = [](const std::string& first, const std::string& second) {
    return method(
        "{'quant_method': 'compressed-tensors', 'format': 'mixed-precision', 'config_groups': "
        "{'group_0': {'targets': [" +
        first +
        "], 'weights': {'num_bits': 8, 'type': 'float', 'strategy': 'channel'}}, 'group_1': "
        "{'targets': [" +
        second + "], 'weights': {'num_bits': 4, 'type': 'int', 'group_size': 32}}}}");
  };
  const auto with_roles = [](Packing packing, Roles roles) {
    packing.roles = roles;
    return packing;
  };
  CHECK(groups("'re:.*self_attn.*'", "'re:.*mlp.experts.*'") ==
        Packings{with_roles(packing::per_row(), attention),
                 with_roles(packing::packed_int(4, 32), packing::experts)});
  // A name counts before a class, whatever their order.
  CHECK(groups("'Linear'", "'re:.*mlp[.]experts[.].*_proj$'") ==
        Packings{with_roles(packing::packed_int(4, 32), packing::experts), packing::per_row()});
  CHECK(groups("'re:.*[qkvo]_proj$'", "'re:.*(gate|up|down)_proj$'").size() == 2);
  // Layers by number, and what no role is known for, say nothing that can be counted.
  CHECK(groups("'re:model.layers.[0-9].mlp.*'", "'Linear'").empty());
  CHECK(groups("'re:.*unheard_of'", "'Linear'").empty());
}

TEST_CASE("compressed-tensors by its one group") {
  const auto group = [](const std::string& weights) {
    return method(
        "{'quant_method': 'compressed-tensors', 'format': 'x', 'config_groups': {'a': "
        "{'weights': " +
        weights + "}}}");
  };
  CHECK(group("{'num_bits': 4, 'type': 'int', 'group_size': 128, 'strategy': 'group'}") ==
        Packings{packing::packed_int(4, 128)});
  CHECK(group("{'num_bits': 8, 'type': 'float', 'strategy': 'channel'}") ==
        Packings{packing::per_row()});
  CHECK(group("{'num_bits': 8, 'type': 'float', 'strategy': 'tensor'}") ==
        Packings{packing::per_tensor()});
  CHECK(group("{'num_bits': 8, 'type': 'float', 'strategy': 'block'}") ==
        Packings{packing::per_block(128, 128)});
  CHECK(group("{'num_bits': 4, 'type': 'float', 'group_size': 16}") ==
        Packings{packing::nvfp4(packing::linear)});
  CHECK(group("{'num_bits': 4, 'type': 'float', 'group_size': 32}") ==
        Packings{packing::mx(4, packing::linear)});
  CHECK(method("{'format': 'int-quantized', 'config_groups': {'a': {'weights': "
               "{'num_bits': 8, 'type': 'int'}}}}") == Packings{packing::per_row()});
  CHECK(method("{'config_groups': {'a': {'weights': {'num_bits': 8, 'type': 'float'}}, "
               "'b': {'weights': {'num_bits': 4, 'type': 'float'}}}}")
            .empty());
}

TEST_CASE("MLX by bits, group and mode, with routers of their own") {
  CHECK(packings_of("{'quantization': {'group_size': 64, 'bits': 4}}") ==
        Packings{packing::mlx(4, 64)});
  CHECK(packings_of("{'quantization': {'group_size': 32, 'bits': 4, 'mode': 'mxfp4'}}") ==
        Packings{packing::mx(4, packing::everything)});
  CHECK(packings_of("{'quantization': {'group_size': 64, 'bits': 4, 'model.layers.0.mlp.gate': "
                    "{'group_size': 64, 'bits': 8}}}") ==
        Packings{packing::mlx(8, 64, role_bit(TensorRole::router)), packing::mlx(4, 64)});
  CHECK(packings_of("{'quantization': {'group_size': 0, 'bits': 4}}").empty());
}

TEST_CASE("lists of modules keep whole roles out") {
  const auto roles = [](const std::string& list) {
    return method("{'quant_method': 'mxfp4', 'modules_to_not_convert': " + list + "}")[0].roles;
  };
  CHECK(roles("['model.layers.*.self_attn', 'model.layers.*.mlp.router', 'lm_head']") ==
        (packing::linear & ~attention));
  CHECK(roles("['re:.*self_attn.*', 're:.*shared_experts.*']") ==
        (packing::linear & ~attention & ~feed_forward));
  CHECK(roles("['re:.*mlp\\\\.(gate|up|gate_up|down)_proj.*']") ==
        (packing::linear & ~feed_forward));
  CHECK(roles("['gate', 'e_score_correction_bias', 'lm_head']") == packing::linear);
  CHECK(roles("['model.layers.0.self_attn']") == packing::linear);
  CHECK(roles("['model.layers.0.self_attn*', 'model.layers.1.self_attn*', "
              "'model.layers.2.self_attn*']") == (packing::linear & ~attention));
  CHECK(roles("['vision_model.model.layers.0.self_attn', 'model.vision_tower.self_attn']") ==
        packing::linear);
}

TEST_CASE("experts in four bits beside layers in eight") {
  CHECK(packings_of("{'expert_dtype': 'fp4', 'quantization_config': {'quant_method': 'fp8', "
                    "'weight_block_size': [128, 128]}}") ==
        Packings{packing::mx(4, packing::experts), packing::per_block(128, 128)});
}

TEST_CASE("numbers of a wrong kind are no packing") {
  CHECK(method("{'quant_method': 'gptq', 'bits': '4'}").empty());
  CHECK(method("{'quant_method': 'gptq', 'bits': 900}").empty());
  CHECK(method("{'quant_method': 'fp8', 'weight_block_size': [0, 128]}").empty());
  CHECK(method("{'quant_method': 'awq', 'bits': 4}").empty());
  CHECK(packings_of("{'quantization_config': 7}").empty());
}
