#include <algorithm>

#include "base/text.hpp"
#include "fit/estimate.hpp"
#include "fit/fit.hpp"
#include "pricing/rules.hpp"
#include "weights/llama_quant.hpp"

namespace fitvram {

namespace {

/// What llama-server's own --fit leaves free on each device (common/common.h fit_params_target,
/// v0.5.0): a tight scheme that keeps it is taken before a larger one that does not.
constexpr Bytes fit_margin = GiB;

/// The most bits worth having: what the checkpoint itself holds.
const Scheme& native_scheme(const ModelInfo& model) {
  const char* name = "F16";
  if (model.quant == "MXFP4" || keeps_mxfp4(model)) name = "MXFP4_MOE";
  if (model.quant == "FP8" || model.quant == "INT8") name = "Q8_0";
  return *find_scheme(name);
}

bool offered(const Scheme& scheme, const Scheme& native, const Runtime& runtime) {
  if (!runtime.ladder.empty())
    return has_word(runtime.ladder, scheme.name) && scheme.millibits <= native.millibits;
  return &scheme == &native || (scheme.ladder && scheme.millibits < native.millibits);
}

/// Tries the schemes of one model. Mostly context and compute are the same for all.
class Trial {
 public:
  explicit Trial(const FitRequest& request)
      : request_(request),
        model_(request.model),
        workload_(request.workload),
        runtime_(request.runtime),
        native_(native_scheme(model_)),
        keep_(std::min(find_scheme("Q4_K_M")->millibits, native_.millibits)),
        vram_(runtime_.rules->budget(request.device, workload_)),
        reserve_(request.reserve.fixed.value_or(
            runtime_.rules->reserve(model_, request.device, workload_))) {
    if (request_.memo == nullptr) request_.memo = &own_memo_;
    const auto loads_all = runtime_.rules->loads_all_blocks;
    whole_ = loads_all == nullptr || loads_all(model_, workload_);
    const bool keeps = keeps_mxfp4(model_);
    for (const Tensor& tensor : model_.tensors) {
      if (tensor.layer < 0 || static_cast<std::uint32_t>(tensor.layer) >= model_.n_layer ||
          tensor.role == TensorRole::recurrent)
        continue;
      std::uint64_t& n = keeps && keeps_mxfp4(model_, tensor) ? n_mxfp4_ : n_in_blocks_;
      n = sat_add(n, n_elements(tensor));
    }
    if (model_.format != ModelFormat::parameters && runtime_.rules->resolve == nullptr)
      context_ = context_estimate(model_, workload_, runtime_).bytes.device;
  }

  std::optional<Choice> choice(bool only_running) {
    std::optional<Tried> roomy, tight;
    bool lower = true, offers_less = false;
    for (const Scheme& scheme : schemes()) {
      if (!offered(scheme, native_, runtime_)) continue;
      const bool kept = scheme.millibits >= keep_;
      offers_less |= !kept;
      if (!kept && (roomy || tight)) break;
      if (hopeless(scheme)) continue;
      Tried tried{with(scheme), {}};
      const Verdict verdict = verdict_with(tried);
      if (kept && verdict != Verdict::no) lower = false;
      if (verdict == Verdict::fits) {
        roomy = std::move(tried);
        break;
      }
      if (verdict == Verdict::tight) {
        const bool has_room = memory_->device_total() + fit_margin <= vram_;
        std::optional<Tried>& place = has_room && !roomy ? roomy : tight;
        if (!place) place = std::move(tried);
        if (!kept) break;
      }
    }
    if (only_running && !roomy && !tight) return std::nullopt;
    Choice choice;
    Tried best;
    if (roomy || tight)
      best = std::move(roomy ? *roomy : *tight);
    else
      best.weights = smallest();
    const Scheme* chosen = find_scheme(best.weights.quant);
    choice.below_q4_k_m = lower && offers_less && (chosen == nullptr || chosen->millibits < keep_);
    choice.fit = fit_with(request_, best.weights, best.placed);
    choice.weights = std::move(best.weights);
    return choice;
  }

 private:
  struct Tried {
    Weights weights;
    std::optional<Placement> placed;
  };

  Weights with(const Scheme& scheme) { return request_.memo->quantize(model_, scheme); }

  static Bytes at_least(std::uint64_t n, const TensorType& type) {
    return Bytes{n / type.block_elems} * type.block_bytes;
  }

  /// Where nothing runs: the smallest, or the best of those that save no more than a fiftieth.
  Weights smallest() {
    std::vector<std::pair<Bytes, Weights>> all;
    Bytes least{UINT64_MAX};
    for (const Scheme& scheme : schemes()) {
      if (!offered(scheme, native_, runtime_)) continue;
      Weights weights = with(scheme);
      const Bytes bytes = model_bytes(model_, weights, workload_, runtime_).device;
      least = std::min(least, bytes);
      all.emplace_back(bytes, std::move(weights));
    }
    for (auto& [bytes, weights] : all)
      if (bytes <= least + least / 50) return std::move(weights);
    return {};
  }

  /// Too large even if all blocks, without what may stay on the host, had its smallest type.
  bool hopeless(const Scheme& scheme) const {
    const TensorType* type = whole_ ? least_type(scheme.name) : nullptr;
    if (type == nullptr) return false;
    return at_least(n_in_blocks_, *type) + at_least(n_mxfp4_, *find_tensor_type("MXFP4")) +
               context_ >
           vram_;
  }

  Verdict verdict_with(Tried& tried) {
    const Weights& weights = tried.weights;
    if (runtime_.rules->resolve != nullptr) {
      const Workload run = resolved(model_, weights, workload_, runtime_, request_.device);
      memory_ = estimate(model_, weights, run, runtime_);
    } else {
      const Placement model = model_bytes(model_, weights, workload_, runtime_);
      tried.placed = model;
      if (model.device + context_ > vram_) return Verdict::no;
      const Placement compute = request_.memo->compute(model_, weights, workload_, runtime_);
      if (!memory_) memory_ = estimate_with(model_, weights, workload_, runtime_, {model, compute});
      memory_->model = model;
      memory_->compute = compute;
      add_overhead(model_, workload_, runtime_, *memory_);
    }
    return verdict_of(*memory_, vram_, reserve_);
  }

  ModelMemo own_memo_;
  FitRequest request_;
  const ModelInfo& model_;
  const Workload& workload_;
  const Runtime& runtime_;
  const Scheme& native_;
  std::uint32_t keep_;  ///< the bits of Q4_K_M, or of the checkpoint where it has fewer
  Bytes vram_, reserve_, context_;
  std::uint64_t n_in_blocks_ = 0;  ///< weights that are on the device for sure
  std::uint64_t n_mxfp4_ = 0;      ///< and experts there that no scheme changes
  bool whole_ = true;              ///< all blocks go to the device
  std::optional<MemoryEstimate> memory_;
};

}  // namespace

Choice choose_quant(const FitRequest& request) { return *Trial(request).choice(false); }

std::optional<Choice> choose_running(const FitRequest& request) {
  return Trial(request).choice(true);
}

const char* name_of(Advice advice) {
  switch (advice) {
    case Advice::fp16:
      return "FP16";
    case Advice::int8:
      return "INT8";
    case Advice::int4:
      return "INT4";
  }
  return "";
}

QuantAdvice recommend_quantization(const AdviceInput& input) {
  constexpr std::uint64_t billion = 1'000'000'000;
  const std::uint64_t headroom = input.kv ? ceil_div(input.kv->count, GiB.count) : 2;
  const std::uint64_t n_kept = std::min(input.n_mxfp4, input.n_params);
  const std::uint64_t n_rest = input.n_params - n_kept;
  const Bytes kept = row_bytes(*find_tensor_type("MXFP4"), n_kept);
  const auto need = [&](std::uint64_t rest) {
    return sat_add(ceil_div(sat_add(rest, kept.count), billion), headroom);
  };
  const std::uint64_t need16 = need(sat_mul(2, n_rest));
  const std::uint64_t need8 = need(n_rest);
  const std::uint64_t need4 = need(ceil_div(n_rest, 2));
  const std::string of_memory = " of " + std::to_string(input.memory_gib) + " GiB";
  const auto needs = [&](const char* form, std::uint64_t gib) {
    return std::string(form) + " needs " + std::to_string(gib) + of_memory;
  };
  if (input.neural_accelerator && need8 <= input.memory_gib)
    return {Advice::int8, needs("INT8", need8) + " and the neural accelerator runs it fastest"};
  if (input.neural_accelerator && need4 <= input.memory_gib)
    return {Advice::int4, needs("INT8", need8) + ", " + needs("INT4", need4)};
  if (need16 <= input.memory_gib) return {Advice::fp16, needs("FP16", need16)};
  if (need4 <= input.memory_gib)
    return {Advice::int4, needs("FP16", need16) + ", " + needs("INT4", need4)};
  return {Advice::int4, needs("even INT4", need4)};
}

}  // namespace fitvram
