#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/export.hpp"
#include "fitvram/gpu.hpp"

namespace fitvram {

/// Ordered from the best; verdict_of() says when which.
enum class Verdict { fits, tight, no };
/// "fits", "tight", "no".
FITVRAM_EXPORT const char* name_of(Verdict verdict);

/// How much memory is kept free. `fixed` empty = the automatic reserve.
struct ReservePolicy {
  std::optional<Bytes> fixed = {};
};

/// How a model goes into a device's memory. Contexts are tokens over all sequences.
struct Fit {
  Bytes vram;             ///< the device's
  Bytes budget;           ///< what of it the runtime may use
  Bytes reserve;          ///< what is kept free for `fits`
  Bytes need;             ///< device total of the estimate
  std::int64_t free = 0;  ///< of the budget beside `need`, or beside its lower end where only that
                          ///< runs; negative where that does not either: the verdict is `no`
  Verdict verdict = Verdict::no;
  std::uint64_t safe_n_ctx = 0;  ///< largest context that fits, or the one that the runtime
                                 ///< chooses itself; 0 = none
  std::uint64_t max_n_ctx = 0;   ///< largest context that is not `no`, 0 = none
  MemoryEstimate memory;         ///< of the context that was asked for
};

/// fits: model + context + max(reserve, compute + overhead) <= V; tight: need <= V, or may be by
/// the lower ends of its ranges; no: need > V.
FITVRAM_EXPORT Verdict verdict_of(const MemoryEstimate& memory, Bytes vram, Bytes reserve);

/// The workload as the runtime runs it once it sees this memory: some narrow the cache or shorten
/// the context.
FITVRAM_EXPORT Workload resolved(const ModelInfo& model, const Weights& weights,
                                 const Workload& workload, const Runtime& runtime,
                                 const Device& device);

class QuantPlan;

/// What was found out about one model, for callers with many questions about it: `model` is the
/// same object, unchanged, at every call. It remembers runtimes by address and nothing else by
/// reference. Not for two threads at once.
class FITVRAM_EXPORT ModelMemo {
 public:
  /// The compute buffers of the runtime.
  Placement compute(const ModelInfo& model, const Weights& weights, const Workload& workload,
                    const Runtime& runtime);
  /// fitvram::quantize.
  Weights quantize(const ModelInfo& model, const Scheme& scheme);

 private:
  struct Known {
    const Runtime* runtime;
    Workload workload;
    Placement compute;
  };
  std::unordered_multimap<std::uint64_t, Known> known_;  ///< by n_ctx
  std::shared_ptr<const QuantPlan> plan_;
};

/// What fit() and those below are asked. It refers to the model and the runtime, and to the memo if
/// there is one: they must outlive the call, after which nothing refers to them.
struct FitRequest {
  const ModelInfo& model;
  const Runtime& runtime;
  Workload workload = {};
  Device device = {};
  ReservePolicy reserve = {};
  bool extend_ctx = false;    ///< contexts may be longer than the model was trained for
  ModelMemo* memo = nullptr;  ///< changes no answer, only the time
};

/// Verdict and the two context limits of the model in this form. The limits never exceed the
/// trained length (per sequence) unless `extend_ctx`. `weights` comes from stored_weights() or
/// quantize() of the same model. Pure and total, as estimate() is.
FITVRAM_EXPORT Fit fit(const FitRequest& request, const Weights& weights);

/// The arithmetic of a Fit, which is fit() of the same request: budget, reserve, verdict and the
/// two contexts, each with what is needed there and one step above.
FITVRAM_EXPORT std::vector<Step> explain(const Fit& fit, const FitRequest& request,
                                         const Weights& weights);

/// The scheme a practitioner would take. With at least Q4_K_M's bits: the highest that fits; else
/// the highest that is tight and still leaves the 1 GiB that llama-server's --fit wants free; else
/// the highest that is tight. Only then a lower one (`below_q4_k_m`). If nothing is usable, the
/// smallest, or the one with the most bits of those that are larger by no more than a fiftieth.
/// Never more bits than the model's own checkpoint has.
struct Choice {
  Weights weights;
  Fit fit;
  bool below_q4_k_m = false;
};
FITVRAM_EXPORT Choice choose_quant(const FitRequest& request);

/// choose_quant, but nothing where no scheme runs, and without the cost of saying how far off it
/// is.
FITVRAM_EXPORT std::optional<Choice> choose_running(const FitRequest& request);

/// mlxcel's advice (quant_advisor.rs and hardware.rs @0c21aed2/@0096d4dc), whole GiB against whole
/// GiB.
enum class Advice { fp16, int8, int4 };
FITVRAM_EXPORT const char* name_of(Advice advice);
struct AdviceInput {
  std::uint64_t n_params = 0;
  std::uint64_t memory_gib = 0;
  std::optional<Bytes> kv;          ///< absent: 2 GiB stand in
  bool neural_accelerator = false;  ///< M5 family on macOS 26.2 or later
  std::uint64_t n_mxfp4 = 0;        ///< of the parameters, experts that every form has in MXFP4
};
struct QuantAdvice {
  Advice advice = Advice::int4;
  std::string reason;
};
FITVRAM_EXPORT QuantAdvice recommend_quantization(const AdviceInput& input);

}  // namespace fitvram
