#include <algorithm>
#include <array>
#include <cmath>

#include "base/malformed.hpp"
#include "base/sorted.hpp"
#include "hf/families.hpp"
#include "hf/keys.hpp"

namespace fitvram {
namespace {

std::uint32_t four_times(std::uint32_t n) {
  return within_reason(std::uint64_t{n} * 4, "the feed-forward size");
}

// Feed-forward of the GPT-2 generation: n_inner, else four times the width.
void wide_ff(const HfReader&, Hparams& h) {
  if (!h.n_ff.present()) h.n_ff = four_times(*h.n_embd);
}

void as_many_kv_heads(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_head_kv = h.n_head;
}

void bloom(const HfReader& r, Hparams& h) {
  as_many_kv_heads(r, h);
  h.n_ctx_train = r.count_or("seq_length", *h.n_embd);
}

void chatglm(const HfReader& r, Hparams& h) {
  const bool shared = r.flag("multi_query_attention").value_or(true);
  if (const auto groups = r.count("multi_query_group_num"); groups && shared) h.n_head_kv = *groups;
  if (const auto n_ctx = r.count("seq_length")) h.n_ctx_train = n_ctx;
  if (!h.n_ff.present()) h.n_ff = four_times(*h.n_embd);
}

void cohere(const HfReader& r, Hparams& h) {
  // max_position_embeddings is what the class allocates, not what the model was trained on.
  if (const auto n_ctx = r.count("model_max_length")) h.n_ctx_train = n_ctx;
}

std::uint32_t rounded_up(double n, std::uint32_t step) {
  return within_reason(static_cast<std::uint64_t>(std::ceil(n / step)) * step,
                       "the feed-forward size");
}

double multiplier(const nlohmann::json& value, const std::string& place) {
  if (!value.is_number())
    throw Malformed(ErrorCode::malformed, place, "a feed-forward multiplier is not a number");
  const double factor = value.get<double>();
  if (factor < 0 || factor > 1000)
    throw Malformed(ErrorCode::malformed, place, "a feed-forward multiplier is " + value.dump());
  return factor;
}

// Blocks found by architecture search (conversion/deci.py).
void deci(const HfReader& r, Hparams& h) {
  const auto* blocks = r.find("block_configs");
  if (blocks == nullptr) return;
  if (!blocks->is_array() || blocks->size() != *h.n_layer) {
    throw Malformed(ErrorCode::malformed, r.where("block_configs"),
                    "block_configs is not a list of " + std::to_string(*h.n_layer) + " layers");
  }
  const std::uint32_t n_head = h.n_head.max();
  std::vector<std::uint32_t> heads, kv, ff;
  for (const auto& block : *blocks) {
    const auto place = r.where("block_configs") + "/" + std::to_string(ff.size());
    if (!block.is_object())
      throw Malformed(ErrorCode::malformed, place, "a layer that is not an object");
    const HfReader layer(block);
    const std::uint32_t group = layer.count_or("attention/n_heads_in_group", 0);
    const bool linear = layer.flag("attention/replace_with_linear").value_or(false);
    heads.push_back(group > 0 || linear ? n_head : 0);
    kv.push_back(group > 0 ? n_head / group : 0);
    const auto* mult = layer.find("ffn/ffn_mult");
    const double factor = mult != nullptr ? multiplier(*mult, place + "/ffn/ffn_mult") : 0;
    const double wide = std::floor(2 * factor * *h.n_embd / 3);
    ff.push_back(rounded_up(wide, 256));
  }
  h.n_head = heads;
  h.n_head_kv = kv;
  h.n_ff = ff;
  h.head_dim_k = h.head_dim_v = n_head > 0 ? *h.n_embd / n_head : 0;
}

void ernie_moe(const HfReader& r, Hparams& h) {
  const std::uint32_t kv = h.n_head_kv.max();
  if (h.n_expert_shared && kv > 0) h.n_ff_shexp = r.need("intermediate_size") / kv;
}

// conversion/falcon.py; the first generation shares one head whatever num_kv_heads says.
void falcon(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_ctx_train = 2048;
  const bool grouped = r.flag("new_decoder_architecture").value_or(false);
  if (grouped) {
    h.n_head_kv = r.per_layer("num_kv_heads n_head_kv num_key_value_heads");
  } else {
    h.n_head_kv = r.flag("multi_query").value_or(true) ? PerLayer(1) : h.n_head;
  }
}

bool has_class(const HfReader& r, std::string_view part) {
  const auto words = r.architecture_words();
  return std::any_of(words.begin(), words.end(),
                     [&](const auto& word) { return word.find(part) != std::string::npos; });
}

// The positions of the padding token and of what stands before it are never used
// (conversion/bert.py).
void bert(const HfReader& r, Hparams& h) {
  if (!has_class(r, "oberta") && !has_class(r, "XLMRoberta")) return;
  const std::uint64_t offset = std::uint64_t{1} + r.count_or("pad_token_id", 1);
  if (h.n_ctx_train && *h.n_ctx_train > offset)
    h.n_ctx_train = *h.n_ctx_train - static_cast<std::uint32_t>(offset);
}

// What Transformers takes for the length of its answers is the trained length here.
void neo_bert(const HfReader& r, Hparams& h) {
  if (!h.n_ctx_train) h.n_ctx_train = r.count("max_length");
  h.n_ff = static_cast<std::uint32_t>(std::uint64_t{h.n_ff.max()} * 2 / 3);
}

void nomic_bert(const HfReader& r, Hparams& h) {
  const std::uint32_t stated = r.count_or("n_positions", 0);
  if (stated == 8192) h.n_ctx_train = 2048;
  if (stated == 2048) h.n_ctx_train = 512;
  if (h.moe_every_n_layers.value_or(0) == 0) h.n_expert.reset();
}

// One block of the file serves several times, each time with its own cache
// (conversion/hrm_text.py).
void hrm_text(const HfReader& r, Hparams& h) {
  h.n_layer_per_stack = r.count_or("num_layers_per_stack", *h.n_layer);
  h.n_l_cycle = r.need("L_cycles");
  const std::uint64_t n =
      std::uint64_t{*h.n_layer_per_stack} * r.need("H_cycles") * (std::uint64_t{*h.n_l_cycle} + 1);
  if (n > 16384) {
    throw Malformed(ErrorCode::limit, r.where("H_cycles"), std::to_string(n) + " layers");
  }
  h.n_layer = static_cast<std::uint32_t>(n);
}

void hunyuan(const HfReader& r, Hparams& h) {
  if (r.word("rope_scaling/rope_type rope_scaling/type rope_parameters/rope_type "
             "rope_parameters/type") == "dynamic") {
    h.n_ctx_train = 256 * 1024;
  }
  if (h.n_expert && *h.n_expert <= 1) h.n_expert.reset();
}

void hunyuan_moe(const HfReader& r, Hparams& h) {
  hunyuan(r, h);
  h.n_ff_shexp = r.need("intermediate_size");
}

void llada(const HfReader& r, Hparams& h) {
  h.n_ctx_train = r.count_or("max_sequence_length", 4096);
}

void minicpm3(const HfReader& r, Hparams& h) {
  h.kv_lora_rank = r.count("kv_lora_rank");
  h.head_dim_k = within_reason(
      std::uint64_t{r.need("qk_nope_head_dim")} + r.need("qk_rope_head_dim"), "the head size");
  h.head_dim_v.reset();
}

// conversion/openelm.py
void openelm(const HfReader& r, Hparams& h) {
  const auto* factors = r.find("ffn_multipliers");
  if (factors == nullptr || !factors->is_array()) {
    r.missing("ffn_multipliers");
  } else {
    const std::uint32_t step = std::max(1U, r.count_or("ffn_dim_divisor", 256));
    std::vector<std::uint32_t> ff;
    for (const auto& factor : *factors) {
      const auto place = r.where("ffn_multipliers") + "/" + std::to_string(ff.size());
      const double wide = multiplier(factor, place) * *h.n_embd;
      const double nearest = std::floor((wide + step / 2.0) / step) * step;
      ff.push_back(within_reason(
          static_cast<std::uint64_t>(nearest < 0.9 * wide ? nearest + step
                                                          : std::max<double>(nearest, step)),
          "the feed-forward size"));
    }
    h.n_ff = ff;
  }
}

void plamo(const HfReader&, Hparams& h) {
  h.n_ctx_train = 4096;
  h.n_head_kv = 5;
}

void plm(const HfReader& r, Hparams& h) {
  minicpm3(r, h);
  h.head_dim_v = r.need("v_head_dim");
}

// Features of the image that are added to the first layers (conversion/qwen3vl.py).
void deepstack(const HfReader& r, Hparams& h) {
  const auto layers = r.list("vision_config/deepstack_visual_indexes");
  if (!layers.empty()) h.n_deepstack_layers = static_cast<std::uint32_t>(layers.size());
}

void refact(const HfReader&, Hparams& h) {
  h.n_ff = rounded_up(std::floor(8.0 * *h.n_embd / 3), 256);
  h.n_head_kv = 1;
}

void starcoder(const HfReader& r, Hparams& h) {
  wide_ff(r, h);
  h.n_head_kv = r.flag("multi_query").value_or(true) ? PerLayer(1) : h.n_head;
}

// The first OLMo: both halves of the gated layer as one width, mlp_hidden_size or, when that is
// null, mlp_ratio times n_embd (configuration_olmo.py). A config without the key is not complete.
void olmo(const HfReader& r, Hparams& h) {
  if (r.has("intermediate_size")) return;
  std::uint64_t wide = h.n_ff.max();
  if (wide == 0 && r.is_null("mlp_hidden_size"))
    wide = std::uint64_t{r.count_or("mlp_ratio", 0)} * *h.n_embd;
  if (r.word("activation_type") == "swiglu") wide /= 2;
  if (wide > 0) h.n_ff = within_reason(wide, "the feed-forward size");
}

// A reward model scores with one value where a language model has its head.
void gptneox(const HfReader& r, Hparams& h) {
  if (has_class(r, "RewardModel")) h.n_cls_out = 1;
}

// The class has no key of its own for the experts (conversion/minimax.py and gpt_oss.py).
void experts_as_wide_as_ff(const HfReader&, Hparams& h) { h.n_ff_exp = h.n_ff; }

void t5(const HfReader& r, Hparams& h) {
  h.n_ctx_train = r.count_or("n_positions", 512);
  if (h.architecture == "t5") h.dec_n_layer = r.count("num_decoder_layers");
  h.n_rel_attn_bkts = r.count_or("relative_attention_num_buckets", 32);
  h.gated_ff = r.word("feed_forward_proj").starts_with("gated");
  h.rel_bias_each = has_class(r, "UMT5") || has_class(r, "umt5");
}

constexpr std::array families{
    HfFamily{"bert", bert},
    HfFamily{"bloom", bloom},
    HfFamily{"chatglm", chatglm},
    HfFamily{"codeshell", wide_ff},
    HfFamily{"command-r", cohere},
    HfFamily{"deci", deci},
    HfFamily{"ernie4_5-moe", ernie_moe},
    HfFamily{"falcon", falcon},
    HfFamily{"gpt-oss", experts_as_wide_as_ff},
    HfFamily{"gpt2", wide_ff},
    HfFamily{"gptneox", gptneox},
    HfFamily{"hrm_text", hrm_text},
    HfFamily{"hunyuan-dense", hunyuan},
    HfFamily{"hunyuan-moe", hunyuan_moe},
    HfFamily{"jina-bert-v3", bert},
    HfFamily{"llada", llada},
    HfFamily{"minicpm3", minicpm3},
    HfFamily{"minimax-m2", experts_as_wide_as_ff},
    HfFamily{"minimax-m3", experts_as_wide_as_ff},
    HfFamily{"mpt", wide_ff},
    HfFamily{"neo-bert", neo_bert},
    HfFamily{"nomic-bert", nomic_bert},
    HfFamily{"olmo", olmo},
    HfFamily{"openelm", openelm},
    HfFamily{"phi2", as_many_kv_heads},
    HfFamily{"plamo", plamo},
    HfFamily{"plm", plm},
    HfFamily{"qwen3vl", deepstack},
    HfFamily{"qwen3vlmoe", deepstack},
    HfFamily{"refact", refact},
    HfFamily{"starcoder", starcoder},
    HfFamily{"t5", t5},
    HfFamily{"t5encoder", t5},
};
static_assert(sorted_and_unique(families, &HfFamily::gguf));

}  // namespace

std::span<const HfFamily> attention_families() { return families; }

}  // namespace fitvram
