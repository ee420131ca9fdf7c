#include "fitvram/parse.hpp"

namespace fitvram {

ModelInfo model_of_params(std::uint64_t n_params, std::string name) {
  ModelInfo model;
  model.name = name.empty() ? "unnamed model" : std::move(name);
  model.source = "parameter count";
  model.format = ModelFormat::parameters;
  model.architecture = "unknown";
  model.n_params = n_params;
  model.params = Provenance::exact;
  model.layout = Provenance::assumed;
  model.notes.push_back(
      {Severity::warning, "parameters-only",
       "nothing but a parameter count is known: the context is the heuristic 3.5 MiB "
       "per 10^9 parameters and 1024 tokens, off by factors for real models, and compute "
       "buffers are not counted"});
  return model;
}

}  // namespace fitvram
