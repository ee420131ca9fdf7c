#include "hf/quant.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "hf/packings.hpp"

namespace fitvram {
namespace {

using nlohmann::json;

std::string digits_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->dump() : "";
}

bool contains(const std::string& text, std::string_view word) {
  return text.find(word) != std::string::npos;
}

std::string with_bits(const std::string& name, const std::string& bits) {
  return bits.empty() ? name : name + "-" + bits;
}

std::string float_type(const std::string& bits) {
  if (bits == "4") return "FP4";
  return bits == "8" ? "FP8" : "FP" + bits;
}

// The narrowest weights of compressed-tensors and modelopt group lists: that is where most of the
// parameters are (experts), the wider groups being exceptions.
std::string from_groups(const json& config) {
  const auto groups = config.find("config_groups");
  if (groups == config.end() || !groups->is_object()) return "";
  std::uint64_t least = 0;
  std::string name;
  for (const auto& group : *groups) {
    if (!group.is_object()) continue;
    const auto weights = group.find("weights");
    if (weights == group.end() || !weights->is_object()) continue;
    const std::string bits = digits_of(*weights, "num_bits");
    if (bits.empty() || bits.size() > 2) continue;
    const std::uint64_t n = std::stoull(bits);
    if (!name.empty() && n >= least) continue;
    least = n;
    const bool is_float = text_of(*weights, "type") == "float";
    name = !is_float ? "INT" + bits : float_type(bits);
    if (is_float && bits == "4") {
      name = digits_of(*weights, "group_size") == "16" ? "NVFP4" : "MXFP4";
    }
  }
  return name;
}

std::string from_algorithm(const std::string& algorithm) {
  constexpr std::array<std::string_view, 4> names{"nvfp4", "mxfp4", "mxfp8", "fp8"};
  for (const auto name : names) {
    if (!contains(algorithm, name)) continue;
    return name == "nvfp4"   ? "NVFP4"
           : name == "mxfp4" ? "MXFP4"
           : name == "mxfp8" ? "MXFP8"
                             : "FP8";
  }
  if (contains(algorithm, "int4") || contains(algorithm, "w4a16")) return "INT4";
  return contains(algorithm, "int8") ? "INT8" : "";
}

std::string from_quantization(const json& config) {
  const std::string method = text_of(config, "quant_method");
  const std::string bits = digits_of(config, "bits");
  if (method == "bitsandbytes" || is_true(config, "load_in_4bit")) {
    if (is_true(config, "load_in_8bit")) return "INT8";
    return text_of(config, "bnb_4bit_quant_type") == "nf4" ? "NF4" : "FP4";
  }
  if (method == "gptq") return with_bits("GPTQ", bits);
  if (method == "awq") return with_bits("AWQ", bits);
  if (method == "aqlm" || method == "eetq" || method == "hqq" || method == "vptq") {
    std::string name = method;
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return static_cast<char>(c - 'a' + 'A'); });
    return with_bits(name, bits);
  }
  for (const char* key : {"moe_quant_algo", "quant_algo", "format"}) {
    if (auto name = from_algorithm(text_of(config, key)); !name.empty()) return name;
  }
  if (auto name = from_groups(config); !name.empty()) return name;
  if (auto name = from_algorithm(method); !name.empty()) return name;
  if (method.empty() && config.contains("group_size")) return with_bits("MLX", bits);
  return method.empty() ? with_bits("", bits) : with_bits(method, bits);
}

std::string from_dtype(std::string dtype) {
  if (dtype.rfind("torch.", 0) == 0) dtype.erase(0, 6);
  if (dtype == "bfloat16" || dtype == "bf16") return "BF16";
  if (dtype == "float16" || dtype == "half" || dtype == "fp16") return "F16";
  if (dtype == "float32" || dtype == "float" || dtype == "fp32") return "F32";
  return contains(dtype, "float8") ? "FP8" : "";
}

}  // namespace

std::string checkpoint_type(const HfReader& reader) {
  if (const auto* mlx = reader.find("quantization"); mlx != nullptr && mlx->is_object()) {
    return with_bits("MLX", digits_of(*mlx, "bits"));
  }
  // DeepSeek-V4: the routed experts are nearly all of the weights.
  const auto* config = reader.find("quantization_config compression_config");
  if (config != nullptr && config->is_object() && !config->empty()) {
    const auto stated = from_quantization(*config);
    return stated == "FP8" && reader.word("expert_dtype") == "fp4" ? "MXFP4" : stated;
  }
  return from_dtype(lower_case(reader.word("torch_dtype dtype")));
}

}  // namespace fitvram
