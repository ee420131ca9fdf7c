#include "fitvram/fit.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "fit/estimate.hpp"
#include "fit/fit.hpp"
#include "pricing/rules.hpp"
#include "weights/llama_quant.hpp"

namespace fitvram {

namespace {

constexpr std::uint64_t longest_context = std::uint64_t{1}
                                          << 24;  // where no trained length ends the search

Placement compute_of(const ModelInfo& model, const Weights& weights, const Workload& workload,
                     const Runtime& runtime, ModelMemo* memo) {
  return memo == nullptr ? runtime.rules->compute(model, weights, workload)
                         : memo->compute(model, weights, workload, runtime);
}

/// What of an estimate stays the same when only the context changes. The compute buffer is the
/// costly part of a verdict. With a server's few outputs it does not shrink as the context grows,
/// so lengths between two whose buffers are known are often decided without it.
class ContextSearch {
 public:
  ContextSearch(const FitRequest& request, const Weights& weights, const MemoryEstimate& memory,
                Bytes budget, Bytes reserve)
      : model_(request.model),
        runtime_(request.runtime),
        weights_(weights),
        device_(request.device),
        asked_(request.workload),
        workload_(request.workload),
        memory_(memory),
        vram_(budget),
        reserve_(reserve),
        memo_(request.memo),
        compute_{{request.workload.n_ctx, memory.compute.device}} {}

  /// Whether the verdict at this length is `worst` or better.
  bool holds(std::uint64_t n_ctx, Verdict worst) {
    ask(n_ctx);
    const auto above = compute_.lower_bound(n_ctx);
    if (above != compute_.end() && verdict(above->second) <= worst) return true;
    if (above != compute_.end() && above->first == n_ctx) return false;
    const Bytes least = above == compute_.begin() ? Bytes{} : std::prev(above)->second;
    if (verdict(least) > worst) return false;
    const Bytes compute = compute_of(model_, weights_, workload_, runtime_, memo_).device;
    compute_.emplace_hint(above, n_ctx, compute);
    return verdict(compute) <= worst;
  }

  /// holds(), with a guess at the buffer.
  bool likely_holds(std::uint64_t n_ctx, Verdict worst) {
    const auto above = compute_.lower_bound(n_ctx);
    if (above == compute_.begin()) return true;
    const auto below = std::prev(above);
    Slope slope = of_masks();
    if (above != compute_.end())
      slope = between(*below, *above);
    else if (below != compute_.begin())
      slope = between(*std::prev(below), *below);
    ask(n_ctx);
    const std::uint64_t n = n_ctx - below->first;
    const std::uint64_t grown =
        sat_add(sat_mul(slope.bytes.count / slope.tokens, n),
                sat_mul(slope.bytes.count % slope.tokens, n) / slope.tokens);
    return verdict(below->second + Bytes{grown}) <= worst;
  }

  const Runtime& runtime() const { return runtime_; }
  const ModelInfo& model() const { return model_; }
  std::uint64_t streams() const { return workload_.kv_unified ? 1 : std::max(1u, workload_.n_seq); }

 private:
  void ask(std::uint64_t n_ctx) {
    asked_.n_ctx = n_ctx;
    workload_ = resolved(model_, weights_, asked_, runtime_, device_);
    memory_.context.device = device_context();
  }

  struct Slope {
    Bytes bytes;
    std::uint64_t tokens;
  };
  using Known = std::pair<const std::uint64_t, Bytes>;

  static Slope between(const Known& from, const Known& to) {
    return {to.second > from.second ? to.second - from.second : Bytes{}, to.first - from.first};
  }

  /// What mostly grows with the context is a mask in f16, a row for each token of a batch.
  Slope of_masks() const { return {Bytes{std::uint64_t{workload_.n_ubatch} * 2}, 1}; }

  Verdict verdict(Bytes compute) {
    memory_.compute.device = compute;
    add_overhead(model_, workload_, runtime_, memory_);
    return verdict_of(memory_, vram_, reserve_);
  }

  Bytes device_context() const {
    if (model_.format != ModelFormat::parameters)
      return context_estimate(model_, workload_, runtime_).bytes.device;
    return estimate(model_, Weights{}, workload_, runtime_).context.device;
  }

  const ModelInfo& model_;
  const Runtime& runtime_;
  const Weights& weights_;
  const Device& device_;
  Workload asked_;
  Workload workload_;
  MemoryEstimate memory_;
  Bytes vram_;
  Bytes reserve_;
  ModelMemo* memo_;
  std::map<std::uint64_t, Bytes> compute_;
};

/// a - b, saturating.
std::int64_t difference(Bytes a, Bytes b) {
  const auto size = [](Bytes bytes) {
    return static_cast<std::int64_t>(std::min(bytes.count, std::uint64_t{INT64_MAX}));
  };
  return a < b ? -size(b - a) : size(a - b);
}

/// Largest n_ctx whose verdict is no worse than `worst`, in steps that change the allocation; 0 =
/// none.
std::uint64_t largest_context(ContextSearch& search, Verdict worst, bool extend_ctx) {
  const std::uint64_t step = search.runtime().cell_step;
  const std::uint64_t streams = search.streams();
  std::uint64_t limit = search.model().n_ctx_train;
  if (extend_ctx || limit == 0) limit = longest_context;
  const auto context = [&](std::uint64_t blocks) {
    return sat_mul(std::min(sat_mul(blocks, step), limit), streams);
  };
  const std::uint64_t most = (limit + step - 1) / step;
  if (search.holds(context(most), worst)) return context(most);
  std::uint64_t good = 0, bad = most;
  const auto halve = [&](auto holds) {
    std::uint64_t low = good, high = bad;
    while (low + 1 < high) {
      const std::uint64_t middle = low + (high - low) / 2;
      (holds(context(middle)) ? low : high) = middle;
    }
    return low;
  };
  const auto ends_here = [&](auto holds) {
    return good + 1 == bad || (good != 0 && !holds(context(good + 1)));
  };
  const auto likely = [&](std::uint64_t n_ctx) { return search.likely_holds(n_ctx, worst); };
  const auto sure = [&](std::uint64_t n_ctx) { return search.holds(n_ctx, worst); };
  // Graphs are dear: a few looks where the limit seems to be leave next to nothing to search.
  for (int look = 0; look < 2 && !ends_here(likely); ++look) {
    const std::uint64_t guess = halve(likely);
    if (guess > good) (sure(context(guess)) ? good : bad) = guess;
  }
  if (!ends_here(sure)) good = halve(sure);
  return context(good);
}

}  // namespace

const char* name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::fits:
      return "fits";
    case Verdict::tight:
      return "tight";
    case Verdict::no:
      return "no";
  }
  return "";
}

Verdict verdict_of(const MemoryEstimate& memory, Bytes vram, Bytes reserve) {
  if (memory.least_device_total() > vram) return Verdict::no;
  const Bytes kept = std::max(reserve, memory.compute.device + memory.overhead.device);
  return memory.model.device + memory.context.device + kept <= vram ? Verdict::fits
                                                                    : Verdict::tight;
}

Workload resolved(const ModelInfo& model, const Weights& weights, const Workload& workload,
                  const Runtime& runtime, const Device& device) {
  const auto resolve = runtime.rules->resolve;
  return resolve == nullptr ? workload : resolve(model, weights, workload, device);
}

namespace {

constexpr std::size_t most_known = 512;

}  // namespace

Placement ModelMemo::compute(const ModelInfo& model, const Weights& weights,
                             const Workload& workload, const Runtime& runtime) {
  const auto [first, last] = known_.equal_range(workload.n_ctx);
  const auto known = std::find_if(first, last, [&](const auto& each) {
    return each.second.runtime == &runtime && each.second.workload == workload;
  });
  if (known != last) return known->second.compute;
  const Placement found = runtime.rules->compute(model, weights, workload);
  if (found.by_types) return found;
  if (known_.size() == most_known) known_.clear();
  known_.emplace(workload.n_ctx, Known{&runtime, workload, found});
  return found;
}

Weights ModelMemo::quantize(const ModelInfo& model, const Scheme& scheme) {
  if (plan_ == nullptr) plan_ = std::make_shared<const QuantPlan>(model);
  return fitvram::quantize(model, *plan_, scheme);
}

Fit fit(const FitRequest& request, const Weights& weights) {
  return fit_with(request, weights, {});
}

Fit fit_with(const FitRequest& request, const Weights& weights,
             const std::optional<Placement>& placed) {
  const auto& [model, runtime, workload, device, policy, extend_ctx, memo] = request;
  const Workload run = resolved(model, weights, workload, runtime, device);
  const Given given{placed, compute_of(model, weights, run, runtime, memo)};
  MemoryEstimate memory = estimate_with(model, weights, run, runtime, given);
  Fit result;
  result.vram = device.vram;
  result.budget = runtime.rules->budget(device, workload);
  result.reserve = policy.fixed.value_or(runtime.rules->reserve(model, device, workload));
  result.need = memory.device_total();
  const bool whole = result.need <= result.budget;
  result.free = difference(result.budget, whole ? result.need : memory.least_device_total());
  result.verdict = verdict_of(memory, result.budget, result.reserve);

  ContextSearch search(request, weights, memory, result.budget, result.reserve);
  result.max_n_ctx = largest_context(search, Verdict::tight, extend_ctx);
  const auto own = runtime.rules->own_n_ctx;
  result.safe_n_ctx = own == nullptr || policy.fixed
                          ? largest_context(search, Verdict::fits, extend_ctx)
                          : std::min(own(model, weights, workload, device), result.max_n_ctx);
  // What fits is safe, also where the runtime would choose no context of its own.
  if (result.verdict == Verdict::fits && result.safe_n_ctx == 0)
    result.safe_n_ctx = std::min(memory.n_ctx, result.max_n_ctx);
  result.memory = std::move(memory);
  return result;
}

}  // namespace fitvram
