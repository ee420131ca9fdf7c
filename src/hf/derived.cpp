#include "hf/derived.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/malformed.hpp"
#include "base/text.hpp"

namespace fitvram {

namespace {

double checked_multiplier(const nlohmann::json& value, const std::string& place) {
  if (!value.is_number())
    throw Malformed(ErrorCode::malformed, place, "a feed-forward multiplier is not a number");
  const double factor = value.get<double>();
  if (factor < 0 || factor > 1000)
    throw Malformed(ErrorCode::malformed, place, "a feed-forward multiplier is " + value.dump());
  return factor;
}

}  // namespace

bool is_meta_params(const HfReader& r) {
  constexpr std::string_view known =
      "dim n_layers n_heads n_kv_heads head_dim vocab_size multiple_of ffn_dim_multiplier norm_eps "
      "rope_theta use_scaled_rope max_seq_len max_batch_size rope_scaling_factor "
      "rope_high_freq_factor rope_low_freq_factor quantization_args lora_args";
  const auto keys = r.top_keys();
  return r.has("dim") && r.has("n_layers") && r.has("n_heads") && r.has("multiple_of") &&
         std::ranges::all_of(keys, [&](const auto& key) { return has_word(known, key); });
}

bool is_mistral_params(const HfReader& r) {
  const std::string type = r.outer_model_type();
  if (!r.architecture_words().empty() && type != "transformer") return false;
  constexpr std::string_view foreign =
      "multiple_of ffn_dim_multiplier model_architecture norm_type use_ffn_norm output_bias";
  if (r.has(foreign)) return false;
  for (const char* key : {"dim", "n_layers", "n_heads", "n_kv_heads", "hidden_dim", "head_dim"})
    if (!r.has(key)) return false;
  return true;
}

void mistral_params(const HfReader& r, Hparams& h) {
  if (h.n_ctx_train) return;
  h.n_ctx_train = 128000;
  r.assume("max_position_embeddings", "128000");
}

void common_keys(const HfReader&, Hparams&) {}

std::uint32_t within_reason(std::uint64_t n, std::string_view what) {
  if (n > std::uint64_t{1} << 31) {
    throw Malformed(ErrorCode::limit, "",
                    std::string(what) + " is " + std::to_string(n) + ", more than any model has");
  }
  return static_cast<std::uint32_t>(n);
}

bool is_called(const HfReader& r, std::string_view name) {
  const auto words = r.architecture_words();
  return std::find(words.begin(), words.end(), name) != words.end();
}

bool class_contains(const HfReader& r, std::string_view part) {
  const auto words = r.architecture_words();
  return std::any_of(words.begin(), words.end(),
                     [&](const auto& word) { return word.find(part) != std::string::npos; });
}

void append_nextn(Hparams& h, std::uint32_t n) {
  if (n == 0) return;
  if (n > 64) {
    throw Malformed(ErrorCode::limit, "",
                    std::to_string(n) + " next-token-prediction layers, more than any model has");
  }
  h.n_layer = *h.n_layer + n;
  h.n_layer_nextn = n;
  if (!h.swa_layers.empty()) h.swa_layers.resize(*h.n_layer, false);
}

void nextn(const HfReader& r, Hparams& h) {
  append_nextn(h, r.count_or("num_nextn_predict_layers", 0));
}

std::vector<HfReader> blocks_of(const HfReader& r, std::optional<std::uint32_t> n_layer) {
  const auto* list = r.find("block_configs");
  if (!list->is_array() || (n_layer ? list->size() != *n_layer : list->empty())) {
    throw Malformed(ErrorCode::malformed, r.where("block_configs"),
                    "block_configs is not a list of " +
                        (n_layer ? std::to_string(*n_layer) + " " : "") + "layers");
  }
  std::vector<HfReader> blocks;
  for (const auto& block : *list) {
    if (!block.is_object()) {
      throw Malformed(ErrorCode::malformed,
                      r.where("block_configs") + "/" + std::to_string(blocks.size()),
                      "a layer that is not an object");
    }
    blocks.emplace_back(block);
  }
  return blocks;
}

std::uint32_t four_times(std::uint32_t n) {
  return within_reason(std::uint64_t{n} * 4, "the feed-forward size");
}

std::uint32_t rounded_up(double n, std::uint32_t step) {
  return within_reason(static_cast<std::uint64_t>(std::ceil(n / step)) * step,
                       "the feed-forward size");
}

std::vector<double> ff_multipliers(const HfReader& r, std::string_view key) {
  const auto* list = r.find(key);
  if (list == nullptr || !list->is_array()) r.missing(key);
  std::vector<double> factors;
  for (const auto& factor : *list)
    factors.push_back(
        checked_multiplier(factor, r.where(key) + "/" + std::to_string(factors.size())));
  return factors;
}

double ff_multiplier(const HfReader& block, const std::string& place, std::string_view key) {
  const auto* factor = block.find(key);
  return factor != nullptr ? checked_multiplier(*factor, place + "/" + std::string(key)) : 0;
}

void wide_ff(const HfReader&, Hparams& h) {
  if (!h.n_ff.present()) h.n_ff = four_times(*h.n_embd);
}

void experts_as_wide_as_ff(const HfReader&, Hparams& h) { h.n_ff_exp = h.n_ff; }

void no_experts(Hparams& h) {
  h.n_expert.reset();
  h.n_expert_used = {};
  h.n_ff_exp = {};
}

void shared_as_wide(const HfReader& r, Hparams& h) {
  if (h.n_expert_shared && !h.n_ff_shexp) {
    h.n_ff_shexp = within_reason(std::uint64_t{h.n_ff_exp.max()} * *h.n_expert_shared,
                                 "the shared experts' size");
  }
  if (!h.n_layer_dense_lead) h.n_layer_dense_lead = r.count("first_last_k_dense_replace");
  nextn(r, h);
}

std::uint32_t kv_heads(const HfReader& r, const Hparams& h) {
  if (h.n_head_kv.present()) return h.n_head_kv.max();
  return h.n_head.present() ? h.n_head.max() : r.need("num_key_value_heads");
}

void as_many_kv_heads(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_head_kv = h.n_head;
}

std::vector<bool> all_but_every(std::uint32_t n, std::uint32_t n_layer) {
  std::vector<bool> layers;
  for (std::uint32_t i = 1; i <= n_layer; ++i) layers.push_back(i % n != 0);
  return layers;
}

PerLayer by_window(const std::vector<bool>& swa, std::uint32_t window, std::uint32_t full) {
  std::vector<std::uint32_t> values;
  values.reserve(swa.size());
  for (const bool is_swa : swa) values.push_back(is_swa ? window : full);
  return values;
}

PerLayer where_word(const std::vector<std::string>& layers, std::uint32_t n_layer,
                    std::uint32_t value, std::initializer_list<std::string_view> words) {
  std::vector<std::uint32_t> values(n_layer, 0);
  for (std::uint32_t i = 0; i < n_layer; ++i) {
    if (std::find(words.begin(), words.end(), layers[i]) != words.end()) values[i] = value;
  }
  return values;
}

void latent(const HfReader& r, Hparams& h) {
  const std::uint32_t rank = r.need("kv_lora_rank n_lora_kv");
  const std::uint32_t rope = r.need("qk_rope_head_dim");
  h.kv_lora_rank = rank;
  h.head_dim_k = within_reason(std::uint64_t{rank} + rope, "the latent size");
  h.head_dim_v = rank;
  h.head_dim_k_mla =
      within_reason(std::uint64_t{r.need("qk_nope_head_dim")} + rope, "the head size");
  h.head_dim_v_mla = r.need("v_head_dim");
  h.n_head_kv = 1;
  h.n_rot = rope;
}

void latent_nextn(const HfReader& r, Hparams& h) {
  latent(r, h);
  nextn(r, h);
}

void latent_experts(const HfReader& r, Hparams& h) {
  latent(r, h);
  if (!h.n_layer_dense_lead && h.n_expert) h.n_layer_dense_lead = 0;
  if (!h.n_layer_dense_lead && h.n_ff.present()) h.n_layer_dense_lead = h.n_layer;
  if (!h.n_ff_exp.present() && h.n_expert) h.n_ff_exp = h.n_ff;
}

void expanded_latent(const HfReader& r, Hparams& h) {
  h.kv_lora_rank = r.count("kv_lora_rank");
  h.head_dim_k = within_reason(
      std::uint64_t{r.need("qk_nope_head_dim")} + r.need("qk_rope_head_dim"), "the head size");
  h.head_dim_v.reset();
}

std::uint32_t inner_size(std::uint32_t a, std::uint32_t b) {
  return within_reason(std::uint64_t{a} * b, "the state's inner size");
}

void mamba2_mixer(const HfReader& r, Hparams& h, std::uint32_t inner) {
  h.ssm_conv_kernel = r.need("conv_kernel mamba_d_conv");
  h.ssm_state_size = r.need("ssm_state_size mamba_d_state");
  h.ssm_group_count = r.need("n_groups mamba_n_groups");
  h.ssm_time_step_rank = r.need("mamba_num_heads mamba_n_heads");
  h.ssm_inner_size = inner;
}

}  // namespace fitvram
