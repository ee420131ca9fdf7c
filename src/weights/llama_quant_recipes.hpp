#pragma once
#include <array>
#include <span>
#include <string_view>

namespace fitvram {

/// The conditions of llama-quant.cpp: i counts the tensors of a category (layers, when the model
/// has experts), n is their number.
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

/// The first clause that holds decides; the recipe's base type when none does.
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

/// All of them, and the recipe of a scheme in canonical spelling; nullptr when llama-quantize does
/// not know it. Source: src/llama-quant.cpp, llama.cpp v0.5.0.
std::span<const Recipe> recipes();
const Recipe* find_recipe(std::string_view scheme, bool imatrix, bool falcon);

}  // namespace fitvram
