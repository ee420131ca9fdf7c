#include "hf/packings.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "weights/packings.hpp"

namespace fitvram {

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? lower_case(found->get<std::string>()) : "";
}

bool is_true(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_boolean() && found->get<bool>();
}

namespace {

using nlohmann::json;

constexpr std::uint32_t most_bits = 1U << 20;

// 0 when absent, negative (GPTQ's -1: the whole row) or absurd.
std::uint32_t number_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return 0;
  const auto n = found->get<std::uint64_t>();
  return n <= most_bits ? static_cast<std::uint32_t>(n) : 0;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The roles that one entry of an ignore list keeps whole. "mlp.gate" and the like are routers and
// norms, which no method packs.
Roles roles_of(std::string module) {
  while (!module.empty() && contains("*.", module.substr(module.size() - 1))) module.pop_back();
  const auto ends = [&](std::string_view word) { return module.ends_with(word); };
  if (ends("linear_attn")) return role_bit(TensorRole::recurrent);
  if (ends("attn") || ends("attention")) return role_bit(TensorRole::attention);
  if (ends("shared_expert") || ends("shared_experts")) return role_bit(TensorRole::feed_forward);
  if (ends(".experts")) return role_bit(TensorRole::expert);
  if (ends("mlp") || (contains(module, "mlp") && ends(")_proj")))
    return role_bit(TensorRole::feed_forward);
  return 0;
}

bool names_a_layer(std::string_view module) {
  return std::any_of(module.begin(), module.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A role is kept when a pattern for all layers says so, or entries for most of them.
Roles kept_roles(const json& config, std::uint32_t n_layer) {
  std::array<std::uint32_t, 32> count{};
  Roles kept = 0;
  for (const char* key : {"modules_to_not_convert", "ignore", "ignored_layers", "exclude_modules",
                          "llm_int8_skip_modules"}) {
    const auto list = config.find(key);
    if (list == config.end() || !list->is_array()) continue;
    for (const auto& entry : *list) {
      if (!entry.is_string()) continue;
      const auto module = entry.get<std::string>();
      const Roles roles = contains(module, "vision") ? 0 : roles_of(module);
      if (!names_a_layer(module)) kept |= roles;
      for (std::size_t i = 0; i < count.size(); ++i)
        if ((roles >> i & 1U) != 0 && ++count[i] > n_layer / 2) kept |= Roles{1} << i;
    }
  }
  return kept;
}

using Packings = std::vector<Packing>;

Packings of_mlx(const json& config) {
  const std::string mode = text_of(config, "mode");
  if (mode == "mxfp4") return {packing::mx(4, packing::everything)};
  if (mode == "mxfp8") return {packing::mx(8, packing::everything)};
  if (mode == "nvfp4") return {packing::nvfp4(packing::everything)};
  const std::uint32_t bits = number_of(config, "bits");
  const std::uint32_t group = number_of(config, "group_size");
  if (bits == 0 || bits > 16 || group == 0) return {};
  Packings packings{packing::mlx(bits, group)};
  for (const auto& [module, own] : config.items()) {
    const bool router = module.ends_with("mlp.gate") || module.ends_with("router");
    if (!router || !own.is_object() || number_of(own, "group_size") == 0) continue;
    packings.insert(packings.begin(),
                    packing::mlx(number_of(own, "bits"), number_of(own, "group_size"),
                                 role_bit(TensorRole::router)));
    break;
  }
  return packings;
}

Packings of_floats(std::uint32_t bits, std::uint32_t group, const std::string& strategy) {
  if (bits == 4)
    return {group == 16 ? packing::nvfp4(packing::linear) : packing::mx(4, packing::linear)};
  if (bits != 8) return {};
  if (strategy == "channel") return {packing::per_row()};
  if (strategy == "block") return {packing::per_block(128, 128)};
  if (strategy == "group" && group == 32) return {packing::mx(8, packing::linear)};
  return {packing::per_tensor()};
}

// One entry of config_groups, for the roles that it covers.
Packings of_group(const json& config, const json& group) {
  const auto weights = group.find("weights");
  if (weights == group.end() || !weights->is_object()) return {};
  const std::uint32_t bits = number_of(*weights, "num_bits");
  const std::uint32_t size = number_of(*weights, "group_size");
  if (text_of(*weights, "type") == "float")
    return of_floats(bits, size, text_of(*weights, "strategy"));
  std::string format = text_of(group, "format");
  if (format.empty()) format = text_of(config, "format");
  if (contains(format, "int-quantized") || bits == 0 || bits > 8)
    return bits == 8 ? Packings{packing::per_row()} : Packings{};
  return {packing::packed_int(bits, size)};
}

// The roles a group's target means: a class, or an expression for names. 0 when it singles out
// layers, which names alone would tell.
Roles target_roles(const std::string& target) {
  if (target == "Linear") return packing::linear;
  std::string plain;
  for (const char c : target)
    if (c != '\\' && c != '*' && c != '^' && c != '$') plain.push_back(c);
  if (names_a_layer(plain)) return 0;
  if (contains(plain, "lm_head")) return packing::head;
  if (contains(plain, "shared_expert")) return role_bit(TensorRole::feed_forward);
  if (contains(plain, "expert")) return packing::experts;
  if (contains(plain, "linear_attn")) return role_bit(TensorRole::recurrent);
  for (const char* part : {"attn", "attention", "q_proj", "k_proj", "v_proj", "o_proj", "qkv"})
    if (contains(plain, part)) return role_bit(TensorRole::attention);
  for (const char* part :
       {"mlp", "feed_forward", "gate_proj", "up_proj", "down_proj", "gate|", "up|"})
    if (contains(plain, part)) return role_bit(TensorRole::feed_forward) | packing::experts;
  return 0;
}

// compressed-tensors and modelopt. A name counts before a class (compressed-tensors,
// quantization/lifecycle/apply.py); groups that single out layers say nothing that can be counted
// without the tensors' names.
Packings of_groups(const json& config) {
  const auto groups = config.find("config_groups");
  if (groups == config.end() || !groups->is_object()) return {};
  Packings by_name, by_class;
  for (const auto& group : *groups) {
    if (!group.is_object()) return {};
    Packings packings = of_group(config, group);
    if (packings.empty()) return {};
    const auto targets = group.find("targets");
    const bool stated = targets != group.end() && targets->is_array() && !targets->empty();
    const bool alone = groups->size() == 1;
    if (!alone && !stated) return {};
    Roles roles = alone ? packing::linear : 0;
    for (std::size_t i = 0; !alone && i < targets->size(); ++i) {
      const auto& target = (*targets)[i];
      const Roles covered = target.is_string() ? target_roles(target.get<std::string>()) : 0;
      if (covered == 0) return {};
      roles |= covered;
    }
    const bool is_class = roles == packing::linear;
    for (auto& packing : packings) {
      packing.roles = roles;
      (is_class ? by_class : by_name).push_back(packing);
    }
  }
  by_name.insert(by_name.end(), by_class.begin(), by_class.end());
  return by_name;
}

Packings of_fp8(const HfReader& reader, const json& config) {
  const auto block = config.find("weight_block_size");
  if (block == config.end() || !block->is_array() || block->size() != 2)
    return {packing::per_tensor()};
  const auto side = [&](std::size_t i) -> std::uint32_t {
    const auto& n = (*block)[i];
    return n.is_number_unsigned() && n.get<std::uint64_t>() <= most_bits ? n.get<std::uint32_t>()
                                                                         : 0;
  };
  if (side(0) == 0 || side(1) == 0) return {};
  Packings packings{packing::per_block(side(1), side(0))};
  if (reader.word("expert_dtype") == "fp4")
    packings.insert(packings.begin(), packing::mx(4, packing::experts));
  return packings;
}

Packings of_method(const HfReader& reader, const json& config) {
  const std::string method = text_of(config, "quant_method");
  const std::uint32_t bits = number_of(config, "bits");
  const std::uint32_t group = number_of(config, "group_size");
  const bool few_bits = bits >= 2 && bits <= 8;
  if (method == "bitsandbytes") {
    if (is_true(config, "load_in_8bit")) return {packing::bnb_int8()};
    const bool twice = is_true(config, "bnb_4bit_use_double_quant");
    const std::string source = reader.word("torch_dtype dtype");
    return {packing::bnb_4bit(twice, source.empty() || source == "bfloat16" ? 8 : 7)};
  }
  if (method == "gptq") return few_bits ? Packings{packing::gptq(bits, group)} : Packings{};
  if (method == "awq")
    return few_bits && group > 0 ? Packings{packing::awq(bits, group)} : Packings{};
  if (method == "mxfp4") return {packing::mx(4, packing::linear)};
  if (config.contains("config_groups")) return of_groups(config);
  const std::string algorithm = text_of(config, "quant_algo");
  if (algorithm == "nvfp4") return {packing::nvfp4(packing::linear)};
  if (method == "fp8" || algorithm == "fp8") return of_fp8(reader, config);
  return method.empty() ? of_mlx(config) : Packings{};
}

}  // namespace

std::vector<Packing> checkpoint_packings(const HfReader& reader, const Hparams& hparams) {
  if (const auto* mlx = reader.find("quantization"); mlx != nullptr && mlx->is_object())
    return of_mlx(*mlx);
  const auto* config = reader.find("quantization_config compression_config");
  if (config == nullptr || !config->is_object()) return {};
  Packings packings = of_method(reader, *config);
  const Roles kept = kept_roles(*config, hparams.n_layer.value_or(0));
  for (Packing& packing : packings) packing.roles &= ~kept;
  return packings;
}

}  // namespace fitvram
