#include "cli/answer/plan.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "cli/answer/price.hpp"

namespace fitvram::cli {
namespace {

/// Rows of one model on `count` cards of every kind that hold it, smallest memory first.
std::vector<Row> holders(const Options& options, const Model& model,
                         const std::vector<GpuCard>& cards, unsigned count,
                         std::vector<Error>& errors) {
  std::map<std::tuple<Bytes, std::string>, Row> priced;  // cards of one size give one answer
  std::vector<Row> rows;
  for (const auto& card : cards) {
    if (!matches(card.display, options.filter)) continue;
    const auto gpu =
        find_gpu(cards, (count > 1 ? std::to_string(count) + "x " : "") + card.display);
    if (!gpu || !has_word(options.runtime->backends, backend_of(options, *gpu))) continue;
    const auto key = std::tuple(gpu->vram, gpu->backend);
    if (!priced.contains(key)) {
      auto result = Pricer(options, *gpu).rows(model);
      if (!result) {
        errors.push_back(result.error());
        return {};
      }
      priced.emplace(key, std::move(result->front()));
    }
    auto row = priced.at(key);
    row.gpu = *gpu;
    const bool holds = row.fit->verdict != Verdict::no && !row.below_q4_k_m;
    if (options.fits_only ? row.fit->verdict == Verdict::fits : holds || options.all)
      rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.gpu->vram < b.gpu->vram; });
  return rows;
}

}  // namespace

Result<Report> run_plan(Io& io, const Options& options, Inputs inputs) {
  const auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  Report report{.body = {}, .errors = std::move(inputs.errors), .runtime = options.runtime};
  PlanReport body;
  body.top = options.top;
  body.shows_no = options.all;
  for (const auto& model : inputs.models) {
    std::vector<Row> rows;
    for (const unsigned count : {1U, 2U, 4U, 8U}) {
      const std::size_t failed = report.errors.size();
      rows = holders(options, model, *cards, count, report.errors);
      if (!rows.empty() || report.errors.size() != failed) break;
    }
    body.models.push_back(std::move(rows));
  }
  report.body = std::move(body);
  return report;
}

}  // namespace fitvram::cli
