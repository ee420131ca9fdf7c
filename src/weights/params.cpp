#include "fitvram/params.hpp"

#include <algorithm>

namespace fitvram {

namespace {

bool is_nextn(const ModelInfo& model, const Tensor& tensor) {
  return tensor.layer >= 0 && static_cast<std::uint32_t>(tensor.layer) >= model.n_layer;
}

bool is_embedding(TensorRole role) {
  return role == TensorRole::token_embd || role == TensorRole::position_embd ||
         role == TensorRole::per_layer_embd;
}

// Of `n` experts' weights those of the experts that a token is sent to.
std::uint64_t active(const ModelInfo& model, const Tensor& tensor) {
  const std::uint64_t all = n_elements(tensor);
  const std::uint64_t n_expert = model.hparams.n_expert.value_or(0);
  if (tensor.role != TensorRole::expert || n_expert == 0) return all;
  const auto layer = static_cast<std::size_t>(std::max(tensor.layer, 0));
  const std::uint64_t used = model.hparams.n_expert_used.at(layer);
  return used == 0 || used >= n_expert ? all : all / n_expert * used;
}

struct Equal {
  const Tensor* tensor;
  std::uint64_t count;
};

std::string formula_of(const Equal& equal) {
  std::string text = equal.count == 1 ? "" : std::to_string(equal.count) + " * ";
  text += std::to_string(equal.tensor->ne[0]);
  for (std::size_t i = 1; i < equal.tensor->ne.size(); ++i)
    if (equal.tensor->ne[i] != 1) text += " * " + std::to_string(equal.tensor->ne[i]);
  return text;
}

std::vector<ParamTerm> param_terms(const ModelInfo& model, TensorRole role) {
  std::vector<Equal> equals;
  for (const Tensor& tensor : model.tensors) {
    if (tensor.role != role || is_nextn(model, tensor)) continue;
    const auto same = std::find_if(equals.begin(), equals.end(), [&](const Equal& equal) {
      return equal.tensor->name == tensor.name && equal.tensor->ne == tensor.ne;
    });
    if (same == equals.end())
      equals.push_back({&tensor, 1});
    else
      ++same->count;
  }
  std::vector<ParamTerm> terms;
  terms.reserve(equals.size());
  for (const Equal& equal : equals)
    terms.push_back({std::string(equal.tensor->name), formula_of(equal),
                     sat_mul(equal.count, n_elements(*equal.tensor))});
  return terms;
}

}  // namespace

ParamCount count_params(const ModelInfo& model) {
  ParamCount count;
  count.n_params = model.n_params;
  count.n_mmproj = model.n_params_mmproj;
  std::vector<RoleParams> all(static_cast<std::size_t>(TensorRole::other) + 1);
  for (const Tensor& tensor : model.tensors) {
    if (tensor.role == TensorRole::rope) continue;
    if (is_nextn(model, tensor)) {
      count.n_nextn = sat_add(count.n_nextn, n_elements(tensor));
      continue;
    }
    RoleParams& role = all[static_cast<std::size_t>(tensor.role)];
    role.role = tensor.role;
    role.n_params = sat_add(role.n_params, n_elements(tensor));
    role.n_active = sat_add(role.n_active, active(model, tensor));
  }
  for (RoleParams& role : all) {
    if (role.n_params == 0) continue;
    role.terms = param_terms(model, role.role);
    count.n_active = sat_add(count.n_active, role.n_active);
    if (is_embedding(role.role)) count.n_embedding = sat_add(count.n_embedding, role.n_params);
    count.roles.push_back(std::move(role));
  }
  return count;
}

}  // namespace fitvram
