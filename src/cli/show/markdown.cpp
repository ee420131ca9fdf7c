#include "cli/show/markdown.hpp"

#include "base/text.hpp"
#include "cli/show/check.hpp"
#include "cli/show/grid.hpp"
#include "cli/show/log.hpp"
#include "cli/show/runtimes.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/table.hpp"

namespace fitvram::cli {
namespace {

struct Markdown {
  std::string operator()(const EstimateReport& body) const {
    if (body.rows.empty()) return {};
    return markdown_of(sheet_of_rows(body.rows, false));
  }
  std::string operator()(const RankReport& body) const {
    return markdown_of(sheet_of_rows(body.rows, false));
  }
  std::string operator()(const PlanReport& body) const {
    return markdown_of(sheet_of_rows(rows_of(body), true));
  }
  std::string operator()(const ShowReport& body) const {
    Sheet sheet{{{"MODEL"},
                 {"ARCHITECTURE"},
                 {"PARAMS", true},
                 {"LAYERS", true},
                 {"TRAINED FOR", true},
                 {"QUANT"}},
                {}};
    for (const auto& [model, weights] : body.models)
      sheet.rows.push_back({model.name, model.architecture, format_count(model.n_params),
                            std::to_string(model.n_layer), std::to_string(model.n_ctx_train),
                            weights.quant});
    return markdown_of(sheet);
  }
  std::string operator()(const RuntimesReport& body) const {
    std::string out;
    for (const auto& entry : body.models)
      out += (out.empty() ? "" : "\n") + markdown_of(sheet_of_runtimes(entry));
    return out;
  }
  std::string operator()(const LogReport& body) const {
    return markdown_of(sheet_of_log(body.comparison));
  }
  std::string operator()(const CheckReport& body) const { return checks_markdown(body); }
  std::string operator()(const ListReport& body) const {
    return markdown_of(sheet_of_grid(body.grid));
  }
};

}  // namespace

std::string render_markdown(const Report& report, const Style&) {
  return std::visit(Markdown{}, report.body);
}

}  // namespace fitvram::cli
