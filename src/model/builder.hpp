#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "families/tensors.hpp"

namespace fitvram {

/// Collects the tensors of one model; the block functions below add to it, one layer at a time.
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

  bool has(std::uint64_t traits) const { return (rule.traits & traits) != 0; }
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

void add_attention(TensorBuilder& b);
void add_recurrent(TensorBuilder& b);
void add_feed_forward(TensorBuilder& b);
void add_hyper_connections(TensorBuilder& b);
void add_indexer(TensorBuilder& b);

/// What single families have and no block covers: of the whole model, and of the current layer.
void add_own_globals(TensorBuilder& b);
void add_own_layer(TensorBuilder& b);

}  // namespace fitvram
