#include "llama_quant.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <string>

#include "llama_quant_recipes.hpp"

namespace fitvram {

namespace {

using enum When;

// Types that take over when a row is no multiple of the block.
struct Fallback {
  std::string_view from, to;
};
constexpr Fallback fallbacks[] = {
    {"IQ1_M", "IQ4_NL"},   {"IQ1_S", "IQ4_NL"}, {"IQ2_S", "IQ4_NL"},   {"IQ2_XS", "IQ4_NL"},
    {"IQ2_XXS", "IQ4_NL"}, {"IQ3_S", "IQ4_NL"}, {"IQ3_XXS", "IQ4_NL"}, {"IQ4_XS", "IQ4_NL"},
    {"Q2_K", "Q4_0"},      {"Q3_K", "Q4_0"},    {"Q4_K", "Q5_0"},      {"Q5_K", "Q5_1"},
    {"Q6_K", "Q8_0"},      {"TQ1_0", "Q4_0"},   {"TQ2_0", "Q4_0"},
};

// Parts of names that are never quantized.
constexpr std::string_view kept[] = {"_norm.weight",
                                     "ffn_gate_inp.weight",
                                     "ffn_gate_tid2eid.weight",
                                     "altup",
                                     "laurel",
                                     "per_layer_model_proj",
                                     "ssm_conv1d",
                                     "shortconv.conv.weight",
                                     "indexer.k_proj.weight",
                                     "indexer.q_proj.weight",
                                     "time_mix_first.weight",
                                     "time_mix_w0.weight",
                                     "time_mix_w1.weight",
                                     "time_mix_w2.weight",
                                     "time_mix_v0.weight",
                                     "time_mix_v1.weight",
                                     "time_mix_v2.weight",
                                     "time_mix_a0.weight",
                                     "time_mix_a1.weight",
                                     "time_mix_a2.weight",
                                     "time_mix_g1.weight",
                                     "time_mix_g2.weight",
                                     "time_mix_decay_w1.weight",
                                     "time_mix_decay_w2.weight",
                                     "time_mix_lerp_fused.weight",
                                     "attn_rel_b.weight",
                                     ".position_embd",
                                     "sam.pos_embd",
                                     "sam.neck.",
                                     "sam.net_",
                                     ".rel_pos",
                                     ".patch_embd",
                                     ".patch_merger",
                                     "a.rvq.codebook",
                                     "mm.a.code_embd"};

enum class Category {
  token_embd,
  output,
  attn_v,
  attn_k,
  attn_q,
  attn_output,
  ffn_up,
  ffn_gate,
  ffn_down,
  other
};

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

Category category_of(const std::string& name) {
  if (name == "output.weight") return Category::output;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight")
    return Category::token_embd;
  if (contains(name, "attn_qkv.weight") || contains(name, "attn_kv_b.weight") ||
      contains(name, "attn_v.weight"))
    return Category::attn_v;
  if (contains(name, "attn_k.weight")) return Category::attn_k;
  if (contains(name, "attn_q.weight")) return Category::attn_q;
  if (contains(name, "attn_output.weight")) return Category::attn_output;
  if (contains(name, "ffn_up")) return Category::ffn_up;
  if (contains(name, "ffn_gate")) return Category::ffn_gate;
  if (contains(name, "ffn_down")) return Category::ffn_down;
  return Category::other;
}

bool quantizable(const Tensor& tensor, const std::string& name) {
  if (tensor.ne[1] <= 1 && tensor.ne[2] <= 1 && tensor.ne[3] <= 1) return false;
  if (!name.ends_with("weight")) return false;
  if (name == "position_embd.weight" || name == "token_types.weight") return false;
  return std::none_of(std::begin(kept), std::end(kept),
                      [&name](std::string_view part) { return contains(name, part); });
}

struct Facts {
  bool falcon = false;
  bool llama_70b = false;  // the size class in which one key serves eight queries
  bool tied = true;
  std::uint32_t n_expert = 1;
  std::uint32_t n_gqa = 0;
  std::uint64_t n_layer = 0;
  std::uint64_t n_attn_v = 0;
};

Facts facts_of(const ModelInfo& model, const std::vector<Category>& categories) {
  const Hparams& h = model.hparams;
  Facts facts;
  facts.falcon = model.architecture == "falcon";
  facts.n_expert = h.n_expert.value_or(0);
  const std::uint32_t n_head = h.n_head.at(0);
  const std::uint32_t n_head_kv = h.n_head_kv.present() ? h.n_head_kv.at(0) : n_head;
  facts.n_gqa = n_head_kv == 0 ? 0 : n_head / n_head_kv;
  facts.n_layer = h.n_layer.value_or(static_cast<std::uint32_t>(model.layers.size()));
  const auto n_run =
      facts.n_layer - std::min<std::uint64_t>(facts.n_layer, h.n_layer_nextn.value_or(0));
  if (model.architecture == "llama")
    facts.llama_70b = n_run == 80 && facts.n_expert != 8 && n_head != n_head_kv;
  else if (model.architecture == "qwen2" || model.architecture == "deci" ||
           model.architecture == "olmo")
    facts.llama_70b = n_run == 80;
  else if (model.architecture == "jais2")
    facts.llama_70b = n_run == 68;
  for (const auto category : categories) {
    if (category == Category::attn_v) ++facts.n_attn_v;
    if (category == Category::output) facts.tied = false;
  }
  return facts;
}

bool use_more_bits(std::uint64_t i, std::uint64_t n) {
  return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

bool holds(When condition, std::uint64_t i, std::uint64_t n, const Facts& facts) {
  switch (condition) {
    case never:
      return false;
    case always:
      return true;
    case more_bits:
      return use_more_bits(i, n);
    case more_bits_of_8:
      return facts.n_expert == 8 && use_more_bits(i, n);
    case first_2:
      return i < 2;
    case first_4:
      return i < 4;
    case first_eighth:
      return i < n / 8;
    case first_sixteenth:
      return i < n / 16;
    case middle:
      return i >= n / 8 && i < 7 * n / 8;
    case gqa_4:
      return facts.n_gqa >= 4;
    case gqa_4_or_experts:
      return facts.n_gqa >= 4 || facts.n_expert >= 4;
  }
  return false;
}

// llama-quantize walks the tensors by block number and then by name; the counters depend on it.
std::vector<std::size_t> walk_order(const ModelInfo& model, const std::vector<std::string>& names) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto layer_a = model.tensors[a].layer;
    const auto layer_b = model.tensors[b].layer;
    return layer_a != layer_b ? layer_a < layer_b : names[a] < names[b];
  });
  return order;
}

class Chooser {
 public:
  Chooser(const Recipe& recipe, const Facts& facts) : recipe_(recipe), facts_(facts) {}

  const TensorType* choose(const Tensor& tensor, Category category) {
    std::string_view type = recipe_.base;
    if (find_tensor_type(recipe_.base)->quantized())
      type = fit_row(mixed(tensor, category), tensor.ne[0]);
    return find_tensor_type(type);
  }

 private:
  std::string_view mixed(const Tensor& tensor, Category category) {
    if (category == Category::output || (facts_.tied && category == Category::token_embd))
      return head(tensor);
    if (recipe_.base == "MXFP4" && tensor.ne[2] <= 1) return "Q8_0";
    switch (category) {
      case Category::token_embd:
        return recipe_.embd.empty() ? recipe_.base : recipe_.embd;
      case Category::attn_v:
        return attn_v();
      case Category::attn_k:
        if (eight_experts()) return recipe_.low ? "Q4_K" : "Q8_0";
        return pick(recipe_.attn_k, 0, 0);
      case Category::attn_q:
        return pick(recipe_.attn_q, 0, 0);
      case Category::attn_output:
        return attn_output();
      case Category::ffn_down:
        return feed_forward(recipe_.ffn_down, n_down_, tensor);
      case Category::ffn_gate:
        return feed_forward(recipe_.ffn_gate_up, n_gate_, tensor);
      case Category::ffn_up:
        return feed_forward(recipe_.ffn_gate_up, n_up_, tensor);
      case Category::output:
      case Category::other:
        return recipe_.base;
    }
    return recipe_.base;
  }

  std::string_view head(const Tensor& tensor) const {
    if (facts_.falcon || tensor.ne[0] % find_tensor_type(recipe_.base)->block_elems != 0)
      return "Q8_0";
    return recipe_.head;
  }

  std::string_view attn_v() {
    auto type = pick(recipe_.attn_v, n_attn_v_++, facts_.n_attn_v);
    if (recipe_.low) return type;
    if (facts_.llama_70b && (type == "Q3_K" || type == "Q4_K")) type = "Q5_K";
    return eight_experts() ? "Q8_0" : type;
  }

  std::string_view attn_output() const {
    const bool own_falcon_rule = recipe_.low || recipe_.variant == Variant::falcon;
    if (facts_.falcon && !own_falcon_rule) return recipe_.base;
    if (eight_experts()) return recipe_.q5_output_of_8 ? "Q5_K" : recipe_.base;
    return pick(recipe_.attn_output, 0, 0);
  }

  std::string_view feed_forward(const Pick& rule, std::uint64_t& count,
                                const Tensor& tensor) const {
    std::uint64_t i = count++;
    const bool by_layer = facts_.n_expert > 1 && !recipe_.low && tensor.layer >= 0;
    if (by_layer) i = static_cast<std::uint64_t>(tensor.layer);
    return pick(rule, i, facts_.n_layer);
  }

  std::string_view pick(const Pick& rule, std::uint64_t i, std::uint64_t n) const {
    for (const Clause& clause : rule)
      if (holds(clause.when, i, n, facts_)) return clause.type;
    return recipe_.base;
  }

  static std::string_view fit_row(std::string_view type, std::uint64_t n_cols) {
    if (n_cols % find_tensor_type(type)->block_elems == 0) return type;
    for (const Fallback& row : fallbacks)
      if (row.from == type) type = row.to;
    return n_cols % find_tensor_type(type)->block_elems == 0 ? type : "F16";
  }

  bool eight_experts() const { return facts_.n_expert == 8; }

  const Recipe& recipe_;
  const Facts& facts_;
  std::uint64_t n_attn_v_ = 0, n_down_ = 0, n_gate_ = 0, n_up_ = 0;
};

// What convert_hf_to_gguf leaves in the file that llama-quantize reads.
const TensorType* converted(const TensorType* type) {
  return type != nullptr && type->ggml_id >= 0 ? type : find_tensor_type("BF16");
}

}  // namespace

std::vector<const TensorType*> llama_quant_types(const ModelInfo& model, std::string_view scheme,
                                                 bool imatrix) {
  std::vector<std::string> names;
  std::vector<Category> categories;
  for (const Tensor& tensor : model.tensors) {
    names.push_back(full_name(tensor));
    categories.push_back(category_of(names.back()));
  }
  const Facts facts = facts_of(model, categories);
  const Recipe* recipe = find_recipe(scheme, imatrix, facts.falcon);
  if (recipe == nullptr) return {};

  std::vector<const TensorType*> types(names.size(), nullptr);
  Chooser chooser(*recipe, facts);
  for (const std::size_t i : walk_order(model, names)) {
    const Tensor& tensor = model.tensors[i];
    types[i] = quantizable(tensor, names[i]) ? chooser.choose(tensor, categories[i])
                                             : converted(tensor.type);
  }
  return types;
}

}  // namespace fitvram
