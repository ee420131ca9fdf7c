#include "cli/answer/compare.hpp"

#include <algorithm>

#include "cli/answer/price.hpp"

namespace fitvram::cli {

RuntimesReport compare_runtimes(const Options& options, const std::vector<Model>& models,
                                const std::optional<Gpu>& gpu) {
  RuntimesReport report;
  for (const auto& model : models) {
    auto& entry = report.models.emplace_back();
    entry.model = model;
    Options one = options;
    if (!one.n_ctx) {
      one.n_ctx = Workload{}.n_ctx;
      if (model->n_ctx_train != 0)
        one.n_ctx = std::min<std::uint64_t>(*one.n_ctx, model->n_ctx_train);
    }
    for (const auto& runtime : runtimes()) {
      one.runtime = &runtime;
      auto rows = Pricer(one, gpu).rows(model);
      auto& line = entry.lines.emplace_back();
      line.runtime = &runtime;
      if (rows)
        line.row = std::move(rows->front());
      else
        line.error = rows.error();
    }
  }
  return report;
}

}  // namespace fitvram::cli
