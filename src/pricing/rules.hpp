#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/runtime.hpp"
#include "fitvram/step.hpp"

namespace fitvram {

/// How a runtime prices a model. Every function is pure and total. Sources stand where they are
/// defined.
struct Rules {
  bool (*honours_window)(const ModelInfo& model);
  Placement (*weights)(const ModelInfo& model, const Weights& weights, const Workload& workload);
  ContextEstimate (*context)(const ModelInfo& model, const Workload& workload);
  /// Workspace beyond weights and context. Not shrinking as the context grows, with a server's
  /// outputs.
  Placement (*compute)(const ModelInfo& model, const Weights& weights, const Workload& workload);
  /// What is taken beyond all that; it sees weights, context and compute of the estimate.
  void (*overhead)(const ModelInfo& model, const Workload& workload, MemoryEstimate& memory);
  Bytes (*budget)(const Device& device, const Workload& workload);
  /// The automatic reserve; runtimes that keep none return 0.
  Bytes (*reserve)(const ModelInfo& model, const Device& device, const Workload& workload);
  std::optional<Error> (*refusal)(const ModelInfo& model, const Workload& workload);
  Defaults (*defaults)(const ModelInfo& model, const std::optional<Device>& device);
  /// nullptr: it has nothing of its own to say.
  std::vector<Answer> (*answers)(const ModelInfo& model, const Weights& weights,
                                 const Workload& workload, const Device& device) = nullptr;
  /// The command that starts it so; empty where this form of the model has none. nullptr: never.
  std::string (*launch)(const ModelInfo& model, const std::string& quant,
                        const Workload& workload) = nullptr;
  /// Appends the arithmetic of every figure of `memory`.
  void (*explain)(const ModelInfo& model, const Weights& weights, const Workload& workload,
                  const MemoryEstimate& memory, std::vector<Step>& steps);
  /// What it makes of a request once it sees the memory: a narrower cache, a shorter context.
  /// nullptr: it takes the request as it is.
  Workload (*resolve)(const ModelInfo& model, const Weights& weights, const Workload& workload,
                      const Device& device) = nullptr;
  /// The context it chooses when none is asked for. nullptr: the largest that leaves the reserve.
  std::uint64_t (*own_n_ctx)(const ModelInfo& model, const Weights& weights,
                             const Workload& workload, const Device& device) = nullptr;
  std::string_view own_n_ctx_rule = {};  ///< in words, with its source
  /// The arithmetic of the reserve on a card of `vram` bytes. nullptr: what it keeps free is its
  /// own affair.
  Step (*explain_reserve)(const ModelInfo& model, Bytes vram, Bytes reserve) = nullptr;
  /// Whether all weights of the blocks go to the device. nullptr: always.
  bool (*loads_all_blocks)(const ModelInfo& model, const Workload& workload) = nullptr;
};

}  // namespace fitvram
