#include "cli/answer/plan.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "cli/answer/price.hpp"

namespace fitvram::cli {
namespace {

/// What a card's answer depends on: all that is known of it but its names, and what the runtime
/// makes of the name (Device::name).
struct Holder {
  Gpu nameless;
  Defaults defaults;

  friend bool operator==(const Holder&, const Holder&) = default;
};

Holder holder_of(const Options& options, const ModelInfo& model, Gpu gpu) {
  Holder holder{.nameless = {},
                .defaults = defaults_of(*options.runtime, model, device_of(gpu, options))};
  gpu.name.clear();
  holder.nameless = std::move(gpu);
  return holder;
}

/// Rows of one model on `count` cards of every kind that hold it, smallest memory first.
std::vector<Row> holders(const Options& options, const Model& model,
                         const std::vector<GpuCard>& cards, unsigned count,
                         std::vector<Error>& errors) {
  std::vector<std::pair<Holder, Row>> priced;
  std::vector<Row> rows;
  for (const auto& card : cards) {
    if (!matches(card.display, options.filter)) continue;
    const auto gpu =
        find_gpu(cards, (count > 1 ? std::to_string(count) + "x " : "") + card.display);
    if (!gpu || !has_word(options.runtime->backends, backend_of(options, *gpu))) continue;
    auto holder = holder_of(options, *model, *gpu);
    auto same = std::ranges::find(priced, holder, &std::pair<Holder, Row>::first);
    if (same == priced.end()) {
      auto result = Pricer(options, *gpu).rows(model);
      if (!result) {
        errors.push_back(result.error());
        return {};
      }
      same = priced.emplace(same, std::move(holder), std::move(result->front()));
    }
    auto row = same->second;
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
