#include <algorithm>
#include <string>
#include <utility>

#include "fitvram/fit.hpp"
#include "pricing/rules.hpp"

namespace fitvram {

namespace {

std::string text(Bytes bytes) { return std::to_string(bytes.count); }

void add_totals(const MemoryEstimate& memory, std::vector<Step>& steps) {
  steps.push_back({"total (device)",
                   text(memory.model.device) + " + " + text(memory.context.device) + " + " +
                       text(memory.compute.device) + " + " + text(memory.overhead.device),
                   memory.device_total().count, "model + context + compute + overhead"});
  if (memory.host_total() == Bytes{}) return;
  steps.push_back({"total (host)",
                   text(memory.model.host) + " + " + text(memory.context.host) + " + " +
                       text(memory.compute.host),
                   memory.host_total().count, "model + context + compute"});
}

Step reserve_step(const Fit& fit, const ModelInfo& model, const Runtime& runtime,
                  const ReservePolicy& policy) {
  const auto rule = runtime.rules->explain_reserve;
  if (!policy.fixed && rule != nullptr) return rule(model, fit.vram, fit.reserve);
  return {"reserve", text(fit.reserve), fit.reserve.count,
          policy.fixed ? "memory to keep free for 'fits', as asked"
                       : "what " + std::string(runtime.title) + " keeps free itself"};
}

/// Bytes to hold at a context, in the order in which people add them.
struct Need {
  std::string formula;
  Bytes bytes;
};

/// Of what is only known as a range, the lower end: more cannot be ruled out.
Need need_to_run(const MemoryEstimate& m) {
  const Bytes compute = m.compute_range ? m.compute_range->low : m.compute.device;
  const Bytes overhead = m.overhead_range ? m.overhead_range->low : m.overhead.device;
  return {text(m.model.device) + " + " + text(m.context.device) + " + " + text(compute) + " + " +
              text(overhead),
          m.least_device_total()};
}

Need need_of_all(const MemoryEstimate& m) {
  return {text(m.model.device) + " + " + text(m.context.device) + " + " + text(m.compute.device) +
              " + " + text(m.overhead.device),
          m.device_total()};
}

Need need_to_fit(const MemoryEstimate& m, Bytes reserve) {
  if (m.compute.device + m.overhead.device > reserve) return need_of_all(m);
  return {text(m.model.device) + " + " + text(m.context.device) + " + " + text(reserve),
          m.model.device + m.context.device + reserve};
}

class Contexts {
 public:
  Contexts(const Fit& fit, const FitRequest& request, const Weights& weights)
      : fit_(fit),
        model_(request.model),
        weights_(weights),
        asked_(request.workload),
        runtime_(request.runtime),
        device_(request.device) {}

  void add(std::vector<Step>& steps, const std::string& name, std::uint64_t n_ctx,
           bool safe) const {
    const std::uint64_t streams = asked_.kv_unified ? 1 : std::max(1U, asked_.n_seq);
    const std::uint64_t step = sat_mul(runtime_.cell_step, streams);
    const std::uint64_t trained = sat_mul(model_.n_ctx_train, streams);
    Step figure{name, std::to_string(n_ctx), n_ctx, "", Step::Unit::tokens};
    if (n_ctx != 0 && n_ctx % step == 0) {
      figure.formula = std::to_string(n_ctx / step) + " * " + std::to_string(runtime_.cell_step);
      if (streams != 1) figure.formula += " * " + std::to_string(streams);
    }
    figure.rule = n_ctx == 0         ? "not even the shortest context"
                  : n_ctx == trained ? "the trained length"
                                     : "the most steps of " + std::to_string(runtime_.cell_step) +
                                           " tokens a sequence";
    figure.rule += safe ? ": model + context + max(reserve, compute + overhead) <= budget"
                        : ": model + context + compute + overhead <= budget";
    steps.push_back(figure);
    if (n_ctx != 0) steps.push_back(need(name, n_ctx, safe));
    if (n_ctx != trained) steps.push_back(need("a step above " + name, sat_add(n_ctx, step), safe));
  }

 private:
  Step need(const std::string& name, std::uint64_t n_ctx, bool safe) const {
    Workload asked = asked_;
    asked.n_ctx = n_ctx;
    const auto memory =
        estimate(model_, weights_, resolved(model_, weights_, asked, runtime_, device_), runtime_);
    const auto [formula, bytes] = safe ? need_to_fit(memory, fit_.reserve) : need_to_run(memory);
    return {"needed at " + name, formula, bytes.count,
            std::to_string(n_ctx) + " tokens: " +
                (bytes <= fit_.budget ? "within the budget of " : "more than the budget of ") +
                text(fit_.budget)};
  }

  const Fit& fit_;
  const ModelInfo& model_;
  const Weights& weights_;
  const Workload& asked_;
  const Runtime& runtime_;
  const Device& device_;
};

}  // namespace

std::vector<Step> explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                          const Runtime& runtime) {
  const MemoryEstimate memory = estimate(model, weights, workload, runtime);
  std::vector<Step> steps;
  runtime.rules->explain(model, weights, workload, memory, steps);
  add_totals(memory, steps);
  return steps;
}

std::vector<Step> explain(const Fit& fit, const FitRequest& request, const Weights& weights) {
  const ModelInfo& model = request.model;
  const Runtime& runtime = request.runtime;
  const ReservePolicy& reserve = request.reserve;
  const auto memory = estimate(
      model, weights, resolved(model, weights, request.workload, runtime, request.device), runtime);
  const auto run = need_to_run(memory);
  const auto roomy = need_to_fit(memory, fit.reserve);
  std::vector<Step> steps;
  steps.push_back({"budget", text(fit.budget), fit.budget.count,
                   fit.budget == fit.vram ? "all the memory that programs can use"
                                          : "what of " + text(fit.vram) + " bytes " +
                                                std::string(runtime.title) + " may use"});
  steps.push_back(reserve_step(fit, model, runtime, reserve));
  steps.push_back({"needed to fit", roomy.formula, roomy.bytes.count,
                   "model + context + max(reserve, compute + overhead)"});
  const auto all = need_of_all(memory);
  const bool room = all.bytes <= fit.budget;
  const auto& judged = room ? all : run;
  const auto verdict = std::string("verdict ") + name_of(fit.verdict) + ": ";
  steps.push_back(
      {judged.bytes <= fit.budget ? "free" : "lacking",
       judged.bytes <= fit.budget ? text(fit.budget) + " - " + text(judged.bytes)
                                  : text(judged.bytes) + " - " + text(fit.budget),
       (judged.bytes <= fit.budget ? fit.budget - judged.bytes : judged.bytes - fit.budget).count,
       verdict + (run.bytes > fit.budget ? "the total is more than the budget"
                  : !room                ? "only the lower ends of the ranges are within the budget"
                  : roomy.bytes <= fit.budget
                      ? "what is needed to fit is within the budget"
                      : "the total is within the budget, what is needed to fit is not")});
  const Contexts contexts(fit, request, weights);
  if (runtime.rules->own_n_ctx == nullptr || reserve.fixed)
    contexts.add(steps, "safe context", fit.safe_n_ctx, true);
  else
    steps.push_back({"safe context", std::to_string(fit.safe_n_ctx), fit.safe_n_ctx,
                     std::string(runtime.rules->own_n_ctx_rule), Step::Unit::tokens});
  contexts.add(steps, "max context", fit.max_n_ctx, false);
  return steps;
}

}  // namespace fitvram
