#include "weights/llama_quant.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>

#include "families/family.hpp"

namespace fitvram {

namespace {

// The conditions of llama-quant.cpp: i counts the tensors of a category (layers, when the model
// has experts), n is their number.
enum class When {
  never,
  always,
  more_bits,       // first and last eighth, and every third between them
  more_bits_of_8,  // the same, in models of eight experts
  first_2,
  first_4,
  first_eighth,
  first_sixteenth,
  middle,           // all but the first and last eighth
  gqa_4,            // at least four query heads share a key
  gqa_4_or_experts  // or there are at least four experts
};

struct Clause {
  When when = When::never;
  std::string_view type;
};

// The first clause that holds decides; the recipe's base type when none does.
using Pick = std::array<Clause, 2>;

enum class Variant { any, plain, imatrix, falcon };

struct Recipe {
  std::string_view scheme;
  Variant variant;
  std::string_view base;
  std::string_view head;  // output.weight, or the embedding it is tied to
  std::string_view embd;  // an embedding that is not tied; "" = base
  Pick attn_v, attn_k, attn_q, attn_output, ffn_down, ffn_gate_up;
  bool q5_output_of_8;  // attn_output is Q5_K in models of eight experts
  bool low;             // one and two bit schemes have their own rules for experts
};

constexpr Pick none{};
constexpr Pick all(std::string_view type) { return {Clause{When::always, type}, Clause{}}; }
constexpr Pick when(When condition, std::string_view type) {
  return {Clause{condition, type}, Clause{}};
}
constexpr Pick first(When condition, std::string_view type, std::string_view otherwise) {
  return {Clause{condition, type}, Clause{When::always, otherwise}};
}
constexpr Pick either(When a, std::string_view type_a, When b, std::string_view type_b) {
  return {Clause{a, type_a}, Clause{b, type_b}};
}

using enum When;

// Source: src/llama-quant.cpp, llama.cpp v0.5.0.
constexpr Recipe recipes[] = {
    {"BF16", Variant::any, "BF16", "", "", none, none, none, none, none, none, false, false},
    {"F16", Variant::any, "F16", "", "", none, none, none, none, none, none, false, false},
    {"F32", Variant::any, "F32", "", "", none, none, none, none, none, none, false, false},
    {"IQ1_M", Variant::any, "IQ1_M", "Q5_K", "Q2_K", first(gqa_4_or_experts, "Q4_K", "Q2_K"), none,
     none, all("IQ2_XXS"), when(first_eighth, "Q2_K"), none, true, true},
    {"IQ1_S", Variant::any, "IQ1_S", "Q5_K", "Q2_K", first(gqa_4_or_experts, "Q4_K", "Q2_K"), none,
     none, all("IQ2_XXS"), when(first_eighth, "Q2_K"), none, true, true},
    {"IQ2_M", Variant::any, "IQ2_S", "Q5_K", "IQ3_S", first(gqa_4_or_experts, "Q4_K", "IQ3_S"),
     none, none, all("IQ3_S"), when(first_eighth, "IQ3_S"), none, true, true},
    {"IQ2_S", Variant::any, "IQ2_XS", "Q5_K", "IQ3_S", first(gqa_4_or_experts, "Q4_K", "IQ3_S"),
     none, none, all("IQ3_S"), when(first_eighth, "IQ3_S"), none, true, true},
    {"IQ2_XS", Variant::any, "IQ2_XS", "Q5_K", "Q2_K", first(gqa_4_or_experts, "Q4_K", "Q2_K"),
     none, none, none, when(first_eighth, "Q2_K"), none, true, true},
    {"IQ2_XXS", Variant::any, "IQ2_XXS", "Q5_K", "Q2_K", first(gqa_4_or_experts, "Q4_K", "Q2_K"),
     none, none, none, when(first_eighth, "Q2_K"), none, true, true},
    {"IQ3_M", Variant::any, "IQ3_S", "Q6_K", "", all("Q4_K"), none, none, all("Q4_K"),
     either(first_eighth, "Q4_K", more_bits_of_8, "Q4_K"), none, true, false},
    {"IQ3_S", Variant::any, "IQ3_S", "Q6_K", "", when(gqa_4, "Q4_K"), none, none, none, none, none,
     true, false},
    {"IQ3_XS", Variant::any, "IQ3_S", "Q6_K", "", when(gqa_4, "Q4_K"), all("IQ3_XXS"),
     all("IQ3_XXS"), none, none, when(middle, "IQ3_XXS"), true, false},
    {"IQ3_XXS", Variant::plain, "IQ3_XXS", "Q5_K", "IQ3_S", first(gqa_4, "Q4_K", "IQ3_S"),
     all("IQ2_S"), all("IQ2_S"), all("IQ3_S"), first(first_eighth, "Q4_K", "Q3_K"), none, true,
     false},
    {"IQ3_XXS", Variant::imatrix, "IQ3_XXS", "Q5_K", "IQ3_S", when(gqa_4, "Q4_K"), all("IQ2_S"),
     all("IQ2_S"), all("IQ3_S"), none, none, true, false},
    {"IQ4_NL", Variant::plain, "IQ4_NL", "Q6_K", "", when(gqa_4, "Q5_K"), none, none, none,
     when(first_eighth, "Q5_K"), none, true, false},
    {"IQ4_NL", Variant::imatrix, "IQ4_NL", "Q6_K", "", when(gqa_4, "Q5_K"), none, none, none, none,
     none, true, false},
    {"IQ4_XS", Variant::plain, "IQ4_XS", "Q6_K", "", when(gqa_4, "Q5_K"), none, none, none,
     when(first_eighth, "Q5_K"), none, true, false},
    {"IQ4_XS", Variant::imatrix, "IQ4_XS", "Q6_K", "", when(gqa_4, "Q5_K"), none, none, none, none,
     none, true, false},
    {"MXFP4_MOE", Variant::any, "MXFP4", "Q8_0", "Q8_0", none, none, none, none, none, none, false,
     false},
    {"Q2_K", Variant::any, "Q2_K", "Q6_K", "", first(gqa_4, "Q4_K", "Q3_K"), none, none,
     all("Q3_K"), all("Q3_K"), none, true, false},
    {"Q2_K_S", Variant::any, "Q2_K", "Q6_K", "", when(gqa_4, "Q4_K"), none, none, none,
     when(first_eighth, "Q4_K"), none, false, false},
    {"Q3_K_L", Variant::falcon, "Q3_K", "Q8_0", "", all("Q5_K"), none, none, all("Q4_K"),
     all("Q4_K"), none, false, false},
    {"Q3_K_L", Variant::any, "Q3_K", "Q6_K", "", all("Q5_K"), none, none, all("Q5_K"), all("Q5_K"),
     none, false, false},
    {"Q3_K_M", Variant::falcon, "Q3_K", "Q8_0", "", first(first_2, "Q5_K", "Q4_K"), none, none,
     none, either(first_sixteenth, "Q5_K", more_bits, "Q4_K"), none, false, false},
    {"Q3_K_M", Variant::any, "Q3_K", "Q6_K", "", first(first_2, "Q5_K", "Q4_K"), none, none,
     all("Q4_K"), first(first_sixteenth, "Q5_K", "Q4_K"), none, true, false},
    {"Q3_K_S", Variant::any, "Q3_K", "Q6_K", "", none, none, none, none, none, none, true, false},
    {"Q4_0", Variant::plain, "Q4_0", "Q6_K", "", none, none, none, none, none, none, false, false},
    {"Q4_0", Variant::imatrix, "Q4_0", "Q6_K", "", none, none, none, none,
     when(first_eighth, "Q4_1"), none, false, false},
    {"Q4_1", Variant::any, "Q4_1", "Q6_K", "", none, none, none, none, none, none, false, false},
    {"Q4_K_M", Variant::falcon, "Q4_K", "Q8_0", "", when(more_bits, "Q6_K"), none, none, none,
     either(first_sixteenth, "Q6_K", more_bits, "Q5_K"), none, false, false},
    {"Q4_K_M", Variant::any, "Q4_K", "Q6_K", "", when(more_bits, "Q6_K"), none, none, none,
     when(more_bits, "Q6_K"), none, true, false},
    {"Q4_K_S", Variant::falcon, "Q4_K", "Q8_0", "", when(first_4, "Q5_K"), none, none, none, none,
     none, false, false},
    {"Q4_K_S", Variant::any, "Q4_K", "Q6_K", "", when(first_4, "Q5_K"), none, none, none,
     when(first_eighth, "Q5_K"), none, true, false},
    {"Q5_0", Variant::plain, "Q5_0", "Q6_K", "", none, none, none, none, none, none, false, false},
    {"Q5_0", Variant::imatrix, "Q5_0", "Q6_K", "", none, none, none, none,
     when(first_eighth, "Q5_1"), none, false, false},
    {"Q5_1", Variant::any, "Q5_1", "Q6_K", "", none, none, none, none, none, none, false, false},
    {"Q5_K_M", Variant::any, "Q5_K", "Q6_K", "", when(more_bits, "Q6_K"), none, none, none,
     when(more_bits, "Q6_K"), none, false, false},
    {"Q5_K_S", Variant::any, "Q5_K", "Q6_K", "", none, none, none, none, none, none, false, false},
    {"Q6_K", Variant::any, "Q6_K", "Q6_K", "", none, none, none, none, none, none, false, false},
    {"Q8_0", Variant::any, "Q8_0", "Q8_0", "", none, none, none, none, none, none, false, false},
    {"TQ1_0", Variant::any, "TQ1_0", "Q6_K", "Q4_K", none, none, none, none, none, none, false,
     false},
    {"TQ2_0", Variant::any, "TQ2_0", "Q6_K", "Q4_K", none, none, none, none, none, none, false,
     false},
};

// The recipe of a scheme in canonical spelling; nullptr when llama-quantize does not know it.
const Recipe* find_recipe(std::string_view scheme, bool imatrix, bool falcon) {
  for (const Recipe& recipe : recipes) {
    if (recipe.scheme != scheme) continue;
    switch (recipe.variant) {
      case Variant::any:
        return &recipe;
      case Variant::plain:
        if (!imatrix) return &recipe;
        break;
      case Variant::imatrix:
        if (imatrix) return &recipe;
        break;
      case Variant::falcon:
        if (falcon) return &recipe;
        break;
    }
  }
  return nullptr;
}

// Files that people publish beside the recipes: with tables in a type of their own
// (--token-embedding-type, --output-tensor-type: bartowski's _L and _XL), with one type throughout
// (--pure), and Google's in Q4_0 of quantization-aware training.
struct Variation {
  std::string_view scheme, base;
  std::string_view tables;  // type of embeddings and output; "" = the recipe's
  bool pure = false;
  bool qat = false;  // the embedding is F16 in families whose row says so
};
constexpr Variation variations[] = {
    {"IQ4_NL-PURE", "IQ4_NL", "", true},   {"IQ4_XS-PURE", "IQ4_XS", "", true},
    {"Q2_K-PURE", "Q2_K", "", true},       {"Q2_K_L", "Q2_K", "Q8_0"},
    {"Q3_K-PURE", "Q3_K_M", "", true},     {"Q3_K_XL", "Q3_K_L", "Q8_0"},
    {"Q4_0-PURE", "Q4_0", "", true},       {"Q4_1-PURE", "Q4_1", "", true},
    {"Q4_K-PURE", "Q4_K_M", "", true},     {"Q4_K_L", "Q4_K_M", "Q8_0"},
    {"Q5_0-PURE", "Q5_0", "", true},       {"Q5_1-PURE", "Q5_1", "", true},
    {"Q5_K-PURE", "Q5_K_M", "", true},     {"Q5_K_L", "Q5_K_M", "Q8_0"},
    {"Q6_K-PURE", "Q6_K", "", true},       {"Q6_K_L", "Q6_K", "Q8_0"},
    {"QAT-Q4_0", "Q4_0", "", false, true},
};

const Variation* find_variation(std::string_view scheme) {
  const auto* it = std::find_if(std::begin(variations), std::end(variations),
                                [&](const Variation& row) { return row.scheme == scheme; });
  return it == std::end(variations) ? nullptr : it;
}

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

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

using Category = QuantCategory;

bool is_kept(std::string_view name, bool in_layer) {
  if (!name.ends_with("weight")) return true;
  if (!in_layer && (name == "position_embd.weight" || name == "token_types.weight")) return true;
  return std::any_of(std::begin(kept), std::end(kept), [&](std::string_view part) {
    const bool first_in_layer = in_layer && part.front() == '.' && name.starts_with(part.substr(1));
    return first_in_layer || contains(name, part);
  });
}

// `name` is without its "blk.N." prefix.
Category category_of(std::string_view name, bool in_layer) {
  if (!in_layer && name == "output.weight") return Category::output;
  if (!in_layer && (name == "token_embd.weight" || name == "per_layer_token_embd.weight"))
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

bool is_vector(const Tensor& tensor) {
  return tensor.ne[1] <= 1 && tensor.ne[2] <= 1 && tensor.ne[3] <= 1;
}

struct Named {
  Category category;
  bool kept;
};

// Every layer repeats the names of the one before, mostly in its order: a name is taken apart once.
std::vector<Named> read_names(const std::vector<Tensor>& tensors) {
  std::vector<Named> named;
  named.reserve(tensors.size());
  std::unordered_map<std::string_view, std::size_t> seen;
  std::size_t guess = 0;
  for (const Tensor& tensor : tensors) {
    const std::size_t i = named.size();
    const bool in_layer = tensor.layer >= 0;
    if (in_layer && !(guess < i && tensors[guess].layer >= 0 && tensors[guess].name == tensor.name))
      guess = seen.try_emplace(tensor.name, i).first->second;
    if (in_layer && guess < i)
      named.push_back(named[guess++]);
    else
      named.push_back({category_of(tensor.name, in_layer), is_kept(tensor.name, in_layer)});
  }
  return named;
}

QuantFacts quant_facts(const ModelInfo& model, const std::vector<Named>& named) {
  const Hparams& h = model.hparams;
  QuantFacts facts;
  facts.n_expert = h.n_expert.value_or(0);
  const std::uint32_t n_head = h.n_head.at(0);
  const std::uint32_t n_head_kv = h.n_head_kv.present() ? h.n_head_kv.at(0) : n_head;
  facts.n_gqa = n_head_kv == 0 ? 0 : n_head / n_head_kv;
  facts.n_layer = h.n_layer.value_or(static_cast<std::uint32_t>(model.layers.size()));
  const auto n_run =
      facts.n_layer - std::min<std::uint64_t>(facts.n_layer, h.n_layer_nextn.value_or(0));
  if (const Family* family = find_family(model.architecture)) {
    const QuantizeRule& rule = family->quantize;
    facts.falcon = rule.falcon;
    facts.f16_qat_embd = rule.f16_qat_embd;
    facts.llama_70b = rule.n_layer_70b != 0 && n_run == rule.n_layer_70b &&
                      (!rule.grouped_70b || (facts.n_expert != 8 && n_head != n_head_kv));
  }
  for (const Named& name : named) {
    if (name.category == Category::attn_v) ++facts.n_attn_v;
    if (name.category == Category::output) facts.tied = false;
  }
  return facts;
}

bool use_more_bits(std::uint64_t i, std::uint64_t n) {
  return i < n / 8 || i >= 7 * n / 8 || (i - n / 8) % 3 == 2;
}

bool holds(When condition, std::uint64_t i, std::uint64_t n, const QuantFacts& facts) {
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

constexpr std::size_t n_category = static_cast<std::size_t>(Category::other) + 1;

constexpr bool is_counted(Category category) {
  return category == Category::attn_v || category == Category::ffn_up ||
         category == Category::ffn_gate || category == Category::ffn_down;
}

// llama-quantize walks the tensors by block number and then by name, and counts some categories.
void count_in_order(const std::vector<Tensor>& tensors, std::vector<QuantPlan::Entry>& entries) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (is_counted(entries[i].category)) order.push_back(i);
  const auto before = [&](std::size_t a, std::size_t b) {
    return tensors[a].layer != tensors[b].layer ? tensors[a].layer < tensors[b].layer
                                                : tensors[a].name.view() < tensors[b].name.view();
  };
  if (!std::is_sorted(order.begin(), order.end(), before))
    std::sort(order.begin(), order.end(), before);
  std::array<std::uint32_t, n_category> counts{};
  for (const std::size_t i : order)
    entries[i].index = counts[static_cast<std::size_t>(entries[i].category)]++;
}

// A recipe's types, looked up once.
class Chooser {
 public:
  Chooser(const Recipe& recipe, const QuantFacts& facts, const Variation* variation)
      : recipe_(recipe),
        facts_(facts),
        pure_(variation != nullptr && variation->pure),
        tables_(tables_of(variation, facts)),
        base_(*find_tensor_type(recipe.base)),
        embd_(recipe.embd.empty() ? base_ : *find_tensor_type(recipe.embd)),
        attn_v_(recipe.attn_v),
        attn_k_(recipe.attn_k),
        attn_q_(recipe.attn_q),
        attn_output_(recipe.attn_output),
        ffn_down_(recipe.ffn_down),
        ffn_gate_up_(recipe.ffn_gate_up) {}

  const TensorType* choose(const Tensor& tensor, const QuantPlan::Entry& entry) const {
    return base_.quantized() ? fit_row(mixed(tensor, entry), tensor.ne[0]) : &base_;
  }

 private:
  struct Choice {
    When when = never;
    const TensorType* type = nullptr;
  };
  struct Choices {
    explicit Choices(const Pick& pick) {
      for (std::size_t i = 0; i < pick.size() && pick[i].when != never; ++i)
        of[i] = {pick[i].when, find_tensor_type(pick[i].type)};
    }
    std::array<Choice, 2> of;
  };

  static const TensorType* tables_of(const Variation* variation, const QuantFacts& facts) {
    if (variation == nullptr) return nullptr;
    if (variation->qat) return facts.f16_qat_embd ? find_tensor_type("F16") : nullptr;
    return variation->tables.empty() ? nullptr : find_tensor_type(variation->tables);
  }

  const TensorType* mixed(const Tensor& tensor, const QuantPlan::Entry& entry) const {
    if (pure_) return &base_;
    const Category category = entry.category;
    if (tables_ != nullptr && (category == Category::output || category == Category::token_embd))
      return tables_;
    if (category == Category::output || (facts_.tied && category == Category::token_embd))
      return head(tensor);
    if (recipe_.base == "MXFP4" && tensor.ne[2] <= 1) return find_tensor_type("Q8_0");
    switch (category) {
      case Category::token_embd:
        return &embd_;
      case Category::attn_v:
        return attn_v(entry.index);
      case Category::attn_k:
        if (eight_experts()) return find_tensor_type(recipe_.low ? "Q4_K" : "Q8_0");
        return pick(attn_k_, 0, 0);
      case Category::attn_q:
        return pick(attn_q_, 0, 0);
      case Category::attn_output:
        return attn_output();
      case Category::ffn_down:
        return feed_forward(ffn_down_, tensor, entry.index);
      case Category::ffn_gate:
      case Category::ffn_up:
        return feed_forward(ffn_gate_up_, tensor, entry.index);
      case Category::output:
      case Category::kept:
      case Category::other:
        return &base_;
    }
    return &base_;
  }

  const TensorType* head(const Tensor& tensor) const {
    const bool whole = tensor.ne[0] % base_.block_elems == 0;
    return find_tensor_type(facts_.falcon || !whole ? "Q8_0" : recipe_.head);
  }

  const TensorType* attn_v(std::uint64_t i) const {
    const auto* type = pick(attn_v_, i, facts_.n_attn_v);
    if (recipe_.low) return type;
    if (facts_.llama_70b && (type->name == "Q3_K" || type->name == "Q4_K"))
      type = find_tensor_type("Q5_K");
    return eight_experts() ? find_tensor_type("Q8_0") : type;
  }

  const TensorType* attn_output() const {
    const bool own_falcon_rule = recipe_.low || recipe_.variant == Variant::falcon;
    if (facts_.falcon && !own_falcon_rule) return &base_;
    if (eight_experts()) return recipe_.q5_output_of_8 ? find_tensor_type("Q5_K") : &base_;
    return pick(attn_output_, 0, 0);
  }

  const TensorType* feed_forward(const Choices& rule, const Tensor& tensor, std::uint64_t i) const {
    const bool by_layer = facts_.n_expert > 1 && !recipe_.low && tensor.layer >= 0;
    if (by_layer) i = static_cast<std::uint64_t>(tensor.layer);
    return pick(rule, i, facts_.n_layer);
  }

  const TensorType* pick(const Choices& rule, std::uint64_t i, std::uint64_t n) const {
    for (const Choice& choice : rule.of)
      if (holds(choice.when, i, n, facts_)) return choice.type;
    return &base_;
  }

  static const TensorType* fit_row(const TensorType* type, std::uint64_t n_cols) {
    if (n_cols % type->block_elems == 0) return type;
    for (const Fallback& row : fallbacks) {
      if (row.from != type->name) continue;
      type = find_tensor_type(row.to);
      break;
    }
    return n_cols % type->block_elems == 0 ? type : find_tensor_type("F16");
  }

  bool eight_experts() const { return facts_.n_expert == 8; }

  const Recipe& recipe_;
  const QuantFacts& facts_;
  const bool pure_;
  const TensorType* const tables_;  // of embeddings and output; nullptr: the recipe's
  const TensorType& base_;
  const TensorType& embd_;
  const Choices attn_v_, attn_k_, attn_q_, attn_output_, ffn_down_, ffn_gate_up_;
};

// What convert_hf_to_gguf leaves in the file that llama-quantize reads.
const TensorType* converted(const TensorType* type) {
  return type != nullptr && type->ggml_id >= 0 ? type : find_tensor_type("BF16");
}

void keep_smaller(const TensorType*& least, std::string_view name) {
  const TensorType* type = name.empty() ? nullptr : find_tensor_type(name);
  if (type == nullptr) return;
  if (least == nullptr ||
      type->block_bytes * least->block_elems < least->block_bytes * type->block_elems)
    least = type;
}

}  // namespace

bool needs_imatrix(std::string_view scheme) {
  constexpr std::string_view needing[] = {"IQ1_M",   "IQ1_S",  "IQ2_M",   "IQ2_S", "IQ2_XS",
                                          "IQ2_XXS", "IQ3_XS", "IQ3_XXS", "Q2_K_S"};
  return std::find(std::begin(needing), std::end(needing), scheme) != std::end(needing);
}

const TensorType* least_type(std::string_view scheme) {
  if (const Variation* variation = find_variation(scheme)) scheme = variation->base;
  const TensorType* least = nullptr;
  for (const Recipe& recipe : recipes) {
    if (recipe.scheme != scheme) continue;
    for (const auto name : {recipe.base, recipe.head, recipe.embd}) keep_smaller(least, name);
    for (const Pick* pick : {&recipe.attn_v, &recipe.attn_k, &recipe.attn_q, &recipe.attn_output,
                             &recipe.ffn_down, &recipe.ffn_gate_up})
      for (const Clause& clause : *pick) keep_smaller(least, clause.type);
    if (recipe.q5_output_of_8) keep_smaller(least, "Q5_K");
  }
  return least;
}

bool keeps_mxfp4(const ModelInfo& model) {
  const Family* family = find_family(model.architecture);
  if (family == nullptr || !family->quantize.mxfp4_experts) return false;
  if (model.format != ModelFormat::gguf) return model.quant == "MXFP4";
  return std::any_of(model.tensors.begin(), model.tensors.end(),
                     [&](const Tensor& tensor) { return keeps_mxfp4(model, tensor); });
}

bool keeps_mxfp4(const ModelInfo& model, const Tensor& tensor) {
  if (tensor.role != TensorRole::expert || tensor.ne[2] <= 1) return false;
  return model.format != ModelFormat::gguf || tensor.type == find_tensor_type("MXFP4");
}

std::uint64_t n_mxfp4(const ModelInfo& model) {
  std::uint64_t n = 0;
  if (!keeps_mxfp4(model)) return n;
  for (const Tensor& tensor : model.tensors)
    if (keeps_mxfp4(model, tensor)) n = sat_add(n, n_elements(tensor));
  return n;
}

QuantPlan::QuantPlan(const ModelInfo& model) : model_(model) {
  const bool keeps = keeps_mxfp4(model);
  const auto named = read_names(model.tensors);
  facts_ = quant_facts(model, named);
  entries_.reserve(named.size());
  for (std::size_t i = 0; i < named.size(); ++i) {
    const bool stays = named[i].kept || is_vector(model.tensors[i]);
    entries_.push_back({stays ? Category::kept : named[i].category, 0,
                        keeps && !stays && keeps_mxfp4(model, model.tensors[i])});
  }
  count_in_order(model.tensors, entries_);
}

std::vector<const TensorType*> QuantPlan::types(std::string_view scheme, bool imatrix) const {
  const Variation* variation = find_variation(scheme);
  const Recipe* recipe =
      find_recipe(variation == nullptr ? scheme : variation->base, imatrix, facts_.falcon);
  if (recipe == nullptr) return {};
  std::vector<const TensorType*> types;
  types.reserve(entries_.size());
  const Chooser chooser(*recipe, facts_, variation);
  const TensorType* mxfp4 = find_tensor_type("MXFP4");
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Tensor& tensor = model_.tensors[i];
    if (entries_[i].mxfp4) {
      types.push_back(mxfp4);
      continue;
    }
    types.push_back(entries_[i].category == Category::kept ? converted(tensor.type)
                                                           : chooser.choose(tensor, entries_[i]));
  }
  return types;
}

}  // namespace fitvram
