#include "hf/quant.hpp"

#include <nlohmann/json.hpp>

#include "support/configs.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

std::string type_of(const std::string& text) {
  const auto root = nlohmann::json::parse(quoted(text));
  return checkpoint_type(HfReader(root));
}

}  // namespace

TEST_CASE("the element type is a word whatever its spelling") {
  CHECK(type_of("{'torch_dtype': 'bfloat16'}") == "BF16");
  CHECK(type_of("{'dtype': 'torch.float16'}") == "F16");
  CHECK(type_of("{'torch_dtype': 'float32'}") == "F32");
  CHECK(type_of("{'text_config': {'dtype': 'bfloat16'}}") == "BF16");
  CHECK(type_of("{'torch_dtype': 'float8_e4m3fn'}") == "FP8");
  CHECK(type_of("{'torch_dtype': 'auto'}").empty());
  CHECK(type_of("{}").empty());
}

TEST_CASE("a quantized checkpoint is what its quantization config says") {
  const auto quant = [](const std::string& config) {
    return type_of("{'torch_dtype': 'bfloat16', 'quantization_config': " + config + "}");
  };
  CHECK(quant("{'quant_method': 'fp8', 'fmt': 'e4m3'}") == "FP8");
  CHECK(quant("{'quant_method': 'mxfp4'}") == "MXFP4");
  CHECK(quant("{'quant_method': 'gptq', 'bits': 3}") == "GPTQ-3");
  CHECK(quant("{'quant_method': 'awq', 'bits': 4}") == "AWQ-4");
  CHECK(quant("{'quant_method': 'hqq', 'bits': 4}") == "HQQ-4");
  CHECK(quant("{'quant_method': 'eetq'}") == "EETQ");
  CHECK(quant("{'quant_method': 'bitsandbytes', 'load_in_4bit': true, "
              "'bnb_4bit_quant_type': 'nf4'}") == "NF4");
  CHECK(quant("{'quant_method': 'bitsandbytes', 'load_in_8bit': true, "
              "'bnb_4bit_quant_type': 'fp4'}") == "INT8");
  CHECK(quant("{'quant_algo': 'NVFP4', 'quant_method': 'modelopt'}") == "NVFP4");
  CHECK(quant("{'moe_quant_algo': 'NVFP4', 'quant_algo': 'MIXED_PRECISION', "
              "'quant_method': 'fp8'}") == "NVFP4");
  CHECK(quant("{'bits': 4, 'group_size': 64}") == "MLX-4");
  CHECK(quant("{}") == "BF16");
}

TEST_CASE("of several groups the narrowest names the checkpoint") {
  const auto groups = [](const std::string& list) {
    return type_of(
        "{'quantization_config': {'quant_method': 'compressed-tensors', "
        "'config_groups': {" +
        list + "}}}");
  };
  CHECK(groups("'a': {'weights': {'num_bits': 4, 'type': 'int'}}") == "INT4");
  CHECK(groups("'a': {'weights': {'num_bits': 8, 'type': 'float'}}") == "FP8");
  CHECK(groups("'a': {'weights': {'num_bits': 4, 'type': 'float', 'group_size': 32}}") == "MXFP4");
  CHECK(groups("'a': {'weights': {'num_bits': 8, 'type': 'float'}}, "
               "'b': {'weights': {'num_bits': 4, 'type': 'float', 'group_size': 16}}") == "NVFP4");
}

TEST_CASE("the files of the corpus hold what their makers say") {
  const std::pair<const char*, const char*> rows[] = {
      {"Qwen__Qwen3-32B-AWQ", "AWQ-4"},
      {"Qwen__Qwen3-32B-FP8-Static-PerTensor", "FP8"},
      {"RedHatAI__Llama-4-Scout-17B-16E-Instruct-FP8-dynamic", "FP8"},
      {"moonshotai__Kimi-K2.5", "INT4"},
      {"moonshotai__Kimi-K3", "MXFP4"},
      {"openai__gpt-oss-20b", "MXFP4"},
      {"deepseek-ai__DeepSeek-V4-Flash", "MXFP4"},
      {"nvidia__DeepSeek-V4-Pro-NVFP4", "NVFP4"},
      {"nvidia__Qwen3.6-35B-A3B-NVFP4", "NVFP4"},
      {"mlx-community__internlm3-8b-instruct-4bit", "MLX-4"},
      {"TheBloke__Genz-70b-GPTQ", "GPTQ-3"},
  };
  for (const auto& [file, quant] : rows) {
    INFO(file);
    CHECK(model_of_file(file).quant == quant);
  }
}

TEST_CASE("a quantization config of the wrong kinds says nothing") {
  CHECK(type_of("{'quantization_config': {'bits': 'four'}}").empty());
  CHECK(type_of("{'quantization_config': 'int4', 'torch_dtype': 'float16'}") == "F16");
  CHECK(type_of("{'quantization_config': {'config_groups': [1], 'quant_method': 7}}").empty());
  CHECK(type_of("{'quantization': {'bits': -4}}") == "MLX");
}
