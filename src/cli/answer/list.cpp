#include "cli/answer/list.hpp"

#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "cli/answer/architectures.hpp"
#include "cli/answer/inputs.hpp"
#include "cli/flags/commands.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram::cli {
namespace {

std::string text(std::string_view view) { return std::string(view); }

/// "7.50": bits with two decimals from a rational, for people.
std::string bits(std::uint64_t bytes, std::uint64_t values) {
  const std::uint64_t hundredths = bytes * 800 / values;
  const auto rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + std::string(2 - rest.size(), '0') + rest;
}

std::string_view name_of_family(SchemeFamily family) {
  switch (family) {
    case SchemeFamily::gguf:
      return "gguf";
    case SchemeFamily::safetensors:
      return "safetensors";
    case SchemeFamily::mlx:
      return "mlx";
    case SchemeFamily::exl:
      return "exl";
  }
  return "";
}

Result<Grid> gpu_grid(Io& io, const Options& options) {
  auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  std::stable_sort(cards->begin(), cards->end(), [](const GpuCard& a, const GpuCard& b) {
    return std::tuple(a.vendor, lower_case(a.name), a.marketed) <
           std::tuple(b.vendor, lower_case(b.name), b.marketed);
  });
  Grid grid{{{"name", "GPU"},
             {"vendor", "VENDOR"},
             {"", "MEMORY", true},
             {"", "DRIVER SHOWS", true},
             {"bandwidth_gbps", "GB/S", true},
             {"kind", "KIND"},
             {"memory_bytes", ""},
             {"driver_bytes", ""}},
            {}};
  for (const auto& card : *cards) {
    const bool shown = card.visible.count != 0;
    const Cell bandwidth =
        card.bandwidth_gbps == 0 ? Cell{} : Cell{std::uint64_t{card.bandwidth_gbps}};
    grid.rows.push_back({card.display, card.vendor, format_bytes(card.marketed),
                         shown ? Cell{format_bytes(card.visible)} : Cell{}, bandwidth,
                         std::string(card.unified  ? "unified"
                                     : card.laptop ? "laptop"
                                                   : "card"),
                         card.marketed.count, shown ? Cell{card.visible.count} : Cell{}});
  }
  return grid;
}

Result<Grid> model_grid(Io& io, const Options& options, std::vector<Error>& errors) {
  const auto catalog = load_catalog(io, options);
  if (!catalog) return catalog.error();
  Grid grid{{{"name", "MODEL"},
             {"architecture", "ARCHITECTURE"},
             {"", "PARAMS", true},
             {"n_ctx_train", "TRAINED FOR", true},
             {"n_params", ""},
             {"n_layer", ""}},
            {}};
  for (const auto& entry : *catalog) {
    const auto model = model_of(entry);
    if (!model) {
      if (fold_name(entry.name).find(fold_name(options.filter)) != std::string::npos)
        errors.push_back(model.error());
      continue;
    }
    grid.rows.push_back({entry.name, model->architecture, format_count(model->n_params),
                         std::uint64_t{model->n_ctx_train}, model->n_params,
                         std::uint64_t{model->n_layer}});
  }
  return grid;
}

Grid runtime_grid() {
  Grid grid{{{"name", "RUNTIME"},
             {"version", "VERSION"},
             {"about", "ABOUT"},
             {"cache_types", ""},
             {"backends", ""},
             {"chosen_schemes", ""},
             {"source", ""}},
            {}};
  for (const auto& r : runtimes())
    grid.rows.push_back({text(r.name), text(r.version), text(r.about), text(r.cache_types),
                         text(r.backends), text(r.ladder), text(r.source)});
  return grid;
}

Grid cache_type_grid() {
  Grid grid{{{"name", "TYPE"},
             {"bits_per_value", "BITS PER VALUE", true},
             {"block_elems", "VALUES", true},
             {"block_bytes", "IN BYTES", true}},
            {}};
  std::vector<const TensorType*> types;
  for (const auto& type : tensor_types())
    if (type.cache) types.push_back(&type);
  std::stable_sort(types.begin(), types.end(), [](const TensorType* a, const TensorType* b) {
    return std::uint64_t{a->block_bytes} * b->block_elems >
           std::uint64_t{b->block_bytes} * a->block_elems;
  });
  for (const auto* type : types)
    grid.rows.push_back({cache_type_name(type), bits(type->block_bytes, type->block_elems),
                         std::uint64_t{type->block_elems}, std::uint64_t{type->block_bytes}});
  return grid;
}

Grid quant_grid() {
  Grid grid{{{"name", "SCHEME"},
             {"bits_per_weight", "BITS", true},
             {"family", "FORMAT"},
             {"about", "ABOUT"},
             {"chosen_automatically", ""}},
            {}};
  for (const auto& scheme : schemes())
    grid.rows.push_back({text(scheme.name), bits(scheme.millibits, 8000),
                         text(name_of_family(scheme.family)), text(scheme.about), scheme.ladder});
  return grid;
}

Result<Grid> grid_of(Io& io, const Options& options, std::vector<Error>& errors) {
  switch (options.subject) {
    case Subject::gpus:
      return gpu_grid(io, options);
    case Subject::models:
      return model_grid(io, options, errors);
    case Subject::runtimes:
      return runtime_grid();
    case Subject::architectures:
      return architecture_grid();
    case Subject::cache_types:
      return cache_type_grid();
    case Subject::quants:
      return quant_grid();
  }
  return Grid{};
}

bool row_matches(const std::vector<Cell>& row, const std::string& filter) {
  return std::any_of(row.begin(), row.end(), [&](const Cell& cell) {
    const auto* word = std::get_if<std::string>(&cell);
    return word != nullptr && fold_name(*word).find(filter) != std::string::npos;
  });
}

}  // namespace

Result<Report> run_list(Io& io, const Options& options) {
  Report report;
  auto grid = grid_of(io, options, report.errors);
  if (!grid) return grid.error();
  const auto filter = fold_name(options.filter);
  std::erase_if(grid->rows, [&](const auto& row) { return !row_matches(row, filter); });
  report.runtime = options.runtime;
  report.body = ListReport{name_of(options.subject), std::move(*grid)};
  return report;
}

}  // namespace fitvram::cli
