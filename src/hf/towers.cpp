#include "hf/towers.hpp"

#include <algorithm>
#include <iterator>

#include "fitvram/units.hpp"

namespace fitvram {
namespace {

using nlohmann::json;

struct Missing {};

// One section of a config, whose numbers are small enough for plain products.
class Section {
 public:
  Section(const json& section, const json& root) : section_(section), root_(root) {}

  std::uint64_t at(std::string_view keys) const {
    for (std::size_t from = 0; from <= keys.size();) {
      const std::size_t end = std::min(keys.find(' ', from), keys.size());
      const auto found = section_.find(std::string(keys.substr(from, end - from)));
      if (found != section_.end() && found->is_number_unsigned()) return checked(*found);
      from = end + 1;
    }
    throw Missing{};
  }
  std::uint64_t at(std::string_view keys, std::uint64_t otherwise) const try {
    return at(keys);
  } catch (const Missing&) {
    return otherwise;
  }
  std::uint64_t top(const char* key) const {
    const auto found = root_.find(key);
    if (found == root_.end() || !found->is_number_unsigned()) throw Missing{};
    return checked(*found);
  }
  std::string word(const char* key) const {
    const auto found = section_.find(key);
    return found != section_.end() && found->is_string() ? found->get<std::string>() : "";
  }
  bool flag(const char* key) const {
    const auto found = section_.find(key);
    return found != section_.end() && found->is_boolean() && found->get<bool>();
  }
  /// A number, or the first of a list of equal ones ("image_size": [448, 448]).
  std::uint64_t side(const char* key) const {
    const auto found = section_.find(key);
    if (found == section_.end() || !found->is_array() || found->empty()) return at(key);
    if (!found->front().is_number_unsigned()) throw Missing{};
    return checked(found->front());
  }
  std::uint64_t length(const char* key) const {
    const auto found = section_.find(key);
    return found != section_.end() && found->is_array() ? found->size() : 0;
  }

 private:
  static std::uint64_t checked(const json& number) {
    const auto n = number.get<std::uint64_t>();
    if (n == 0 || n > 65536) throw Missing{};
    return n;
  }

  const json& section_;
  const json& root_;
};

std::uint64_t linear(std::uint64_t in, std::uint64_t out, bool bias = true) {
  return in * out + (bias ? out : 0);
}

std::uint64_t square(std::uint64_t n) { return n * n; }

// Values of `n` x `n` patches side by side.
std::uint64_t merged(std::uint64_t d, std::uint64_t n) {
  if (n > 64) throw Missing{};
  return d * n * n;
}

// Attention with four biased projections, a plain feed-forward and two LayerNorms.
std::uint64_t plain_layer(std::uint64_t d, std::uint64_t f) {
  return 4 * linear(d, d) + linear(d, f) + linear(f, d) + 4 * d;
}

std::uint64_t siglip(const Section& v) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t patch = square(v.at("patch_size"));
  const std::uint64_t n_patch =
      v.at("num_patches", square(v.at("image_size", 0) / v.at("patch_size")));
  return linear(3 * patch, d) + n_patch * d +
         v.at("num_hidden_layers") * plain_layer(d, v.at("intermediate_size")) + 2 * d;
}

std::uint64_t gemma3(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  return siglip(v) + linear(d, n_embd, false) + d;
}

std::uint64_t lfm2(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t in = merged(v.at("hidden_size"), v.top("downsample_factor"));
  const std::uint64_t hidden = v.top("projector_hidden_size");
  return siglip(v) + 2 * in + linear(in, hidden) + linear(hidden, n_embd);
}

std::uint64_t qwen_merger(std::uint64_t norm, std::uint64_t in, std::uint64_t n_embd) {
  return norm + linear(in, in) + linear(in, n_embd);
}

std::uint64_t qwen_patches(const Section& v, std::uint64_t d) {
  return 3 * v.at("temporal_patch_size", 2) * square(v.at("patch_size spatial_patch_size")) * d;
}

std::uint64_t qwen2(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("embed_dim", 1280);
  const std::uint64_t in = merged(d, v.at("spatial_merge_size", 2));
  return qwen_patches(v, d) + v.at("depth") * plain_layer(d, d * v.at("mlp_ratio", 4)) +
         qwen_merger(2 * d, in, n_embd);
}

std::uint64_t qwen2_5(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t f = v.at("intermediate_size");
  const std::uint64_t in = merged(d, v.at("spatial_merge_size", 2));
  const std::uint64_t layer = 4 * linear(d, d) + 2 * linear(d, f) + linear(f, d) + 2 * d;
  return qwen_patches(v, d) + v.at("depth") * layer + qwen_merger(d, in, n_embd);
}

std::uint64_t qwen3(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t in = merged(d, v.at("spatial_merge_size", 2));
  return qwen_patches(v, d) + d + v.at("num_position_embeddings") * d +
         v.at("depth") * plain_layer(d, v.at("intermediate_size")) +
         qwen_merger(2 * d, in, n_embd) +
         v.length("deepstack_visual_indexes") * qwen_merger(2 * in, in, n_embd);
}

std::uint64_t pixtral(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t in = merged(d, v.top("spatial_merge_size"));
  const std::uint64_t layer = 4 * d * d + 3 * d * v.at("intermediate_size") + 2 * d;
  return 3 * square(v.at("patch_size")) * d + d + v.at("num_hidden_layers") * layer + d +
         linear(in, d, false) + linear(d, n_embd, false) + linear(n_embd, n_embd, false);
}

std::uint64_t llama4(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t patch = v.at("patch_size");
  const std::uint64_t positions = square(v.at("image_size") / patch) + 1;
  const std::uint64_t in = v.at("projector_input_dim");
  const std::uint64_t out = v.at("projector_output_dim");
  return 3 * square(patch) * d + d + positions * d + 4 * d +
         v.at("num_hidden_layers") * plain_layer(d, v.at("intermediate_size")) +
         linear(4 * d, in, false) + linear(in, out, false) +
         linear(v.at("vision_output_dim"), n_embd, false);
}

std::uint64_t gemma4(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t head = v.at("head_dim");
  const std::uint64_t q = v.at("num_attention_heads") * head;
  const std::uint64_t kv = v.at("num_key_value_heads") * head;
  const std::uint64_t limits = v.flag("use_clipped_linears") ? 7 * 4 : 0;
  const std::uint64_t layer =
      2 * d * q + 2 * d * kv + 3 * d * v.at("intermediate_size") + 4 * d + 2 * head + limits;
  return 3 * square(v.at("patch_size")) * d + 2 * v.at("position_embedding_size") * d +
         v.at("num_hidden_layers") * layer + (v.flag("standardize") ? 2 * d : 0) +
         linear(d, n_embd, false);
}

std::uint64_t whisper(const Section& a, std::uint64_t n_embd) {
  const std::uint64_t d = a.at("hidden_size d_model");
  const std::uint64_t f = a.at("intermediate_size encoder_ffn_dim");
  return linear(3 * a.at("num_mel_bins"), d) + linear(3 * d, d) + a.at("max_source_positions") * d +
         a.at("num_hidden_layers encoder_layers") * (plain_layer(d, f) - d) + 2 * d +
         linear(f, n_embd, false) + linear(n_embd, n_embd, false);
}

// Not built from its config: the published total of Gemma 4's audio tower without its projector of
// 1536 x n_embd (google/gemma-4-E4B-it, safetensors metadata).
std::uint64_t gemma4_audio(const Section&, std::uint64_t n_embd) {
  return 304'824'160 + linear(1536, n_embd, false);
}

// Patches in pairs of frames; the blocks' feed-forward is as wide as the language model, the
// merger's as intermediate_size.
std::uint64_t glm4v(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t out = v.at("out_hidden_size", n_embd);
  const std::uint64_t merge = v.at("spatial_merge_size", 2);
  const bool bias = v.flag("attention_bias");
  const std::uint64_t layer = linear(d, 3 * d, bias) + linear(d, d, false) + 3 * d * out + 2 * d;
  return square(v.at("image_size") / v.at("patch_size")) * d + qwen_patches(v, d) + d +
         v.at("depth") * layer + 2 * d + merged(d, merge) * out + out + out * out + 2 * out +
         3 * out * v.at("intermediate_size");
}

// MoonViT and the projector of Kimi-VL and Kimi-K2.5.
std::uint64_t moonvit(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size vt_hidden_size");
  const std::uint64_t f = v.at("intermediate_size vt_intermediate_size");
  const std::uint64_t in = merged(d, 2);
  if (v.word("norm_type") == "rmsnorm") throw Missing{};
  return linear(3 * square(v.at("patch_size")), d) +
         v.at("init_pos_emb_height") * v.at("init_pos_emb_width") * d +
         v.at("num_hidden_layers vt_num_hidden_layers") * plain_layer(d, f) + 2 * d + 2 * d +
         linear(in, in) + linear(in, n_embd);
}

std::uint64_t internvl(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t f = v.at("intermediate_size");
  const std::uint64_t patch = v.side("patch_size");
  const std::uint64_t positions = square(v.side("image_size") / patch) + 1;
  const bool bias = v.flag("qkv_bias") || v.flag("attention_bias");
  const bool qk_norm = v.flag("qk_normalization") || v.flag("use_qk_norm");
  const std::uint64_t norm = v.word("norm_type") == "rms_norm" ? d : 2 * d;
  const std::uint64_t layer = linear(d, 3 * d, bias) + linear(d, d) + linear(d, f) + linear(f, d) +
                              2 * norm + 2 * d + (qk_norm ? 2 * d : 0);
  const std::uint64_t in = merged(d, 2);
  return d + positions * d + linear(3 * square(patch), d) + v.at("num_hidden_layers") * layer +
         2 * in + linear(in, n_embd) + linear(n_embd, n_embd);
}

// Positions in a tile, tiles in an image and shapes of images all have embeddings.
std::uint64_t mllama(const Section& v, std::uint64_t n_embd) {
  const std::uint64_t d = v.at("hidden_size");
  const std::uint64_t tiles = v.at("max_num_tiles");
  const std::uint64_t shapes = v.at("max_aspect_ratio_id", 8) + 1;
  const std::uint64_t positions = square(v.at("image_size") / v.at("patch_size")) + 1;
  const std::uint64_t layer = plain_layer(d, v.at("intermediate_size")) - 4 * d;
  const std::uint64_t global = v.at("num_global_layers");
  return d + 3 * square(v.at("patch_size")) * d + 1 +
         sat_mul(positions * d, sat_mul(shapes, tiles) + 1) + 2 * (shapes * tiles * d + 1) + 4 * d +
         (v.at("num_hidden_layers") + global) * layer + 2 * global +
         linear(v.at("vision_output_dim"), n_embd);
}

// CLIP ViT-L/14 at 336 pixels without its last layer, pooling over 2 x 2 patches of two layers and
// a gated projector: defaults of the class, which no config of Molmo states.
std::uint64_t molmo(const Section& root, std::uint64_t n_embd) {
  constexpr std::uint64_t d = 1024, n_layer = 23, positions = 577, patch = 14;
  const std::uint64_t wide = root.at("intermediate_size") / 2;
  return n_layer * plain_layer(d, 4096) + d + positions * d + 3 * patch * patch * d + 2 * d +
         3 * linear(2 * d, d) + linear(d, d) + 2 * d * wide + wide * n_embd + 2 * 2 * d;
}

// Tokens of the tower's own vocabulary and the projection to the language model.
std::uint64_t gemma3n_embedder(std::uint64_t n_vocab, std::uint64_t d, std::uint64_t n_embd) {
  return n_vocab * d + 2 * d + linear(d, n_embd, false);
}

// MobileNet-V5-300M is a fixed network that the config only names (timm, mobilenetv5_300m_enc).
std::uint64_t gemma3n_vision(const Section& v, std::uint64_t n_embd) {
  return 294'126'912 + gemma3n_embedder(v.at("vocab_size", 128), v.at("hidden_size", 2048), n_embd);
}

// Two strided convolutions over 128 mel bins, then Conformer layers.
std::uint64_t gemma3n_audio(const Section& a, std::uint64_t n_embd) {
  const std::uint64_t d = a.at("hidden_size", 1536);
  const std::uint64_t heads = a.at("conf_num_attention_heads", 8);
  const std::uint64_t kernel = a.at("conf_conv_kernel_size", 5);
  const std::uint64_t mel_bins = a.at("input_feat_size", 128);
  const std::uint64_t wide = 128, narrow = 32;
  const std::uint64_t mlp = 8 * d * d + 2 * d;
  const std::uint64_t attention = 5 * d * d + d / heads + 2 * d;
  const std::uint64_t convolution = 3 * d * d + kernel * d + 2 * d;
  return 9 * wide + wide + 9 * wide * narrow + narrow + narrow * (mel_bins / 4) * d +
         a.at("conf_num_hidden_layers", 12) * (2 * mlp + attention + convolution + d) +
         gemma3n_embedder(a.at("vocab_size", 128), d, n_embd);
}

struct Tower {
  std::string_view model_type;
  std::uint64_t (*params)(const Section& section, std::uint64_t n_embd);
};
constexpr Tower towers[] = {
    {"gemma3n_audio", gemma3n_audio},
    {"gemma3n_vision", gemma3n_vision},
    {"gemma4_audio", gemma4_audio},
    {"gemma4_vision", gemma4},
    {"glm4v", glm4v},
    {"glm4v_moe", glm4v},
    {"glm4v_moe_vision", glm4v},
    {"glm4v_vision", glm4v},
    {"intern_vit_6b", internvl},
    {"internvl_vision", internvl},
    {"kimi_k25", moonvit},
    {"llama4_vision_model", llama4},
    {"mllama_vision_model", mllama},
    {"moonvit", moonvit},
    {"pixtral", pixtral},
    {"qwen2_5_vl", qwen2_5},
    {"qwen2_vl", qwen2},
    {"qwen3_5", qwen3},
    {"qwen3_5_moe", qwen3},
    {"qwen3_5_moe_vision", qwen3},
    {"qwen3_5_vision", qwen3},
    {"qwen3_vl", qwen3},
    {"qwen3_vl_moe", qwen3},
    {"siglip2_vision_model", lfm2},
    {"siglip_vision_model", gemma3},
    {"voxtral_encoder", whisper},
};

std::string word(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::uint64_t section_params(const json& section, const json& root, std::uint64_t n_embd) {
  // Sections of the Qwen families often leave out their own model_type.
  const std::string own = word(section, "model_type");
  const std::string type = own.empty() ? word(root, "model_type") : own;
  for (const Tower& tower : towers)
    if (tower.model_type == type) return tower.params(Section(section, root), n_embd);
  throw Missing{};
}

}  // namespace

std::optional<std::uint64_t> tower_params(const json& root, std::uint64_t n_embd) {
  if (n_embd > 65536) return std::nullopt;
  try {
    if (word(root, "model_type") == "molmo") return molmo(Section(root, root), n_embd);
    std::uint64_t sum = 0;
    for (const char* key : {"vision_config", "audio_config"}) {
      const auto section = root.find(key);
      if (section == root.end() || section->is_null()) continue;
      if (!section->is_object()) throw Missing{};
      sum = sat_add(sum, section_params(*section, root, n_embd));
    }
    return sum;
  } catch (const Missing&) {
    return std::nullopt;
  }
}

}  // namespace fitvram
