#include "cli/answer/answer.hpp"

#include <algorithm>
#include <iterator>

#include "cli/answer/check.hpp"
#include "cli/answer/compare.hpp"
#include "cli/answer/compare_log.hpp"
#include "cli/answer/inputs.hpp"
#include "cli/answer/list.hpp"
#include "cli/answer/plan.hpp"
#include "cli/answer/price.hpp"
#include "cli/answer/rank.hpp"

namespace fitvram::cli {
namespace {

Result<Report> run_estimate(const Options& options, Inputs inputs, std::optional<Gpu> gpu) {
  Report report{.body = {}, .errors = std::move(inputs.errors), .runtime = options.runtime};
  EstimateReport body;
  body.compact = options.all_quants;
  const Pricer pricer(options, std::move(gpu));
  for (const auto& model : inputs.models) {
    auto rows = pricer.rows(model);
    if (rows)
      std::move(rows->begin(), rows->end(), std::back_inserter(body.rows));
    else
      report.errors.push_back(rows.error());
  }
  report.body = std::move(body);
  return report;
}

Result<Report> run_show(const Options& options, Inputs inputs) {
  Report report{.body = {}, .errors = std::move(inputs.errors), .runtime = options.runtime};
  ShowReport body;
  body.tensors = options.show_tensors;
  body.params = options.show_params;
  body.explain = options.explain;
  for (const auto& model : inputs.models)
    body.models.push_back({*model, options.quant == nullptr ? stored_weights(*model)
                                                            : quantize(*model, *options.quant)});
  report.body = std::move(body);
  return report;
}

Result<Report> run_compare(const Options& options, Inputs inputs, const std::optional<Gpu>& gpu) {
  Report report{.body = {}, .errors = std::move(inputs.errors), .runtime = options.runtime};
  report.body = compare_runtimes(options, inputs.models, gpu);
  return report;
}

bool usable(const Row& row) { return !row.fit || row.fit->verdict != Verdict::no; }

}  // namespace

Result<Report> answer(Io& io, const Options& options) {
  if (options.command == Command::list) return run_list(io, options);
  if (options.command == Command::compare_log) return run_compare_log(io, options);
  if (options.command == Command::check) return run_check(io, options);
  const auto gpu = read_gpu(io, options);
  if (!gpu) return gpu.error();
  auto inputs = read_models(io, options);
  if (!inputs) return inputs.error();
  switch (options.command) {
    case Command::rank:
      return run_rank(options, std::move(*inputs), **gpu);
    case Command::estimate:
      return run_estimate(options, std::move(*inputs), *gpu);
    case Command::show:
      return run_show(options, std::move(*inputs));
    case Command::plan:
      return run_plan(io, options, std::move(*inputs));
    case Command::compare:
      return run_compare(options, std::move(*inputs), *gpu);
    case Command::check:
    case Command::list:
    case Command::compare_log:
      break;
  }
  return run_list(io, options);
}

bool answers_all(const Report& report) {
  if (!report.errors.empty()) return false;
  const auto* body = std::get_if<CheckReport>(&report.body);
  return body == nullptr ||
         std::none_of(body->entries.begin(), body->entries.end(),
                      [](const CheckedEntry& entry) { return entry.error.has_value(); });
}

bool fits(const Report& report) {
  if (const auto* body = std::get_if<EstimateReport>(&report.body)) {
    if (body->compact) return std::any_of(body->rows.begin(), body->rows.end(), usable);
    return std::all_of(body->rows.begin(), body->rows.end(), usable);
  }
  if (const auto* body = std::get_if<RankReport>(&report.body))
    return std::any_of(body->rows.begin(), body->rows.end(), usable);
  if (const auto* body = std::get_if<PlanReport>(&report.body))
    return std::all_of(body->models.begin(), body->models.end(), [](const auto& rows) {
      return std::any_of(rows.begin(), rows.end(), usable);
    });
  if (const auto* body = std::get_if<RuntimesReport>(&report.body))
    return std::all_of(body->models.begin(), body->models.end(), [](const auto& entry) {
      return std::any_of(entry.lines.begin(), entry.lines.end(),
                         [](const auto& line) { return line.row && usable(*line.row); });
    });
  if (const auto* body = std::get_if<LogReport>(&report.body)) return body->comparison.agrees();
  if (const auto* body = std::get_if<CheckReport>(&report.body))
    return std::all_of(body->entries.begin(), body->entries.end(),
                       [](const CheckedEntry& entry) { return entry.holds(); });
  return true;
}

}  // namespace fitvram::cli
