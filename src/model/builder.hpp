#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "families/family.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// Whether a family has a bias of which the config says `stated`.
constexpr bool has_bias(Bias bias, std::optional<bool> stated) {
  switch (bias) {
    case Bias::none:
      return false;
    case Bias::stated:
      return stated.value_or(false);
    case Bias::unless_denied:
      return stated.value_or(true);
    case Bias::always:
      return true;
  }
  return false;
}

/// Collects the tensors of one model; the functions of blocks and families add to it, one layer at
/// a time.
class TensorBuilder {
 public:
  TensorBuilder(ModelInfo& model, const TensorRule& rule);

  /// Adds a tensor of the current layer, of the type the converter gives it.
  void add(std::string name, std::uint64_t ne0, std::uint64_t ne1 = 1, std::uint64_t ne2 = 1);
  void add_4d(std::string name, const std::array<std::uint64_t, 4>& ne);
  /// "name.weight", and "name.bias" of ne1 values if `bias`.
  void linear(std::string_view name, std::uint64_t ne0, std::uint64_t ne1, bool bias = false);
  void weight(std::string_view name, std::uint64_t ne0, std::uint64_t ne1 = 1,
              std::uint64_t ne2 = 1);
  /// A norm of the family's kind: weight, and bias where norms have one.
  void norm(std::string_view name, std::uint64_t width);

  void enter(std::int32_t layer) { layer_ = layer; }
  std::uint32_t layer() const { return layer_ < 0 ? 0 : static_cast<std::uint32_t>(layer_); }

  std::uint32_t n_trunk() const;  ///< blocks without those of next-token prediction
  bool is_nextn() const;
  bool is_recurrent() const;
  bool is_swa() const;
  bool is_moe() const;
  bool is_cross() const;  ///< attends to an image instead of the text

  std::uint64_t n_embd() const { return h.n_embd.value_or(0); }
  std::uint64_t n_vocab() const { return h.n_vocab.value_or(0); }
  std::uint64_t n_head() const { return h.n_head.at(layer()); }
  std::uint64_t n_head_kv() const;
  std::uint64_t head_dim_k() const;
  std::uint64_t head_dim_v() const;
  std::uint64_t n_ff() const;

  /// The first tensor that came out empty because a fact is missing; empty when there is none.
  const std::string& missing() const { return missing_; }

  const TensorRule& rule;
  const Hparams& h;

 private:
  ModelInfo& model_;
  const TensorType* source_;
  const TensorType* f32_;
  std::int32_t layer_ = -1;
  std::string missing_;
};

}  // namespace fitvram
