#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fitvram/export.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// Equal tensors of a model: `formula` is their number times their dimensions, "62 * 5376 * 4096".
struct ParamTerm {
  std::string name;  ///< "attn_q.weight"
  std::string formula;
  std::uint64_t n_params = 0;
};

struct RoleParams {
  TensorRole role = TensorRole::other;
  std::uint64_t n_params = 0;
  std::uint64_t n_active = 0;  ///< of those, what one token uses
  std::vector<ParamTerm> terms;
};

/// The parameters of a model by what they are for. Sums over the tensor list; `roles` is empty
/// where there is none. Next-token-prediction layers and towers are counted beside the total.
struct ParamCount {
  std::vector<RoleParams> roles;  ///< in the order of TensorRole, only those that occur
  std::uint64_t n_params = 0;     ///< the same as ModelInfo::n_params
  std::uint64_t n_active = 0;     ///< per token: of routed experts only the used ones
  std::uint64_t n_embedding = 0;  ///< token, position and per-layer embeddings
  std::uint64_t n_nextn = 0;      ///< next-token-prediction layers
  std::uint64_t n_mmproj = 0;     ///< vision and audio towers
};
/// Any model; sums saturate, tensors of layers that do not run count as next-token prediction.
FITVRAM_EXPORT ParamCount count_params(const ModelInfo& model);

}  // namespace fitvram
