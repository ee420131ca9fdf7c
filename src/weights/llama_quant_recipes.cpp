#include "weights/llama_quant_recipes.hpp"

#include <algorithm>
#include <iterator>

#include "weights/llama_quant.hpp"

namespace fitvram {

namespace {

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

constexpr Recipe table[] = {
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

}  // namespace

std::span<const Recipe> recipes() { return table; }

const Recipe* find_recipe(std::string_view scheme, bool imatrix, bool falcon) {
  for (const Recipe& recipe : table) {
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

bool needs_imatrix(std::string_view scheme) {
  constexpr std::string_view needing[] = {"IQ1_M",   "IQ1_S",  "IQ2_M",   "IQ2_S", "IQ2_XS",
                                          "IQ2_XXS", "IQ3_XS", "IQ3_XXS", "Q2_K_S"};
  return std::find(std::begin(needing), std::end(needing), scheme) != std::end(needing);
}

}  // namespace fitvram
