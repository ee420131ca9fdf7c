#include "cli/answer/answer.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "base/text.hpp"
#include "cli/answer/check.hpp"
#include "cli/answer/compare.hpp"
#include "cli/answer/compare_log.hpp"
#include "cli/answer/inputs.hpp"
#include "cli/answer/list.hpp"
#include "cli/answer/price.hpp"
#include "fitvram/parse.hpp"

namespace fitvram::cli {
namespace {

/// What every command needs once: the models, and what could not be read.
struct Inputs {
  std::vector<Model> models;
  std::vector<CatalogEntry> entries;  ///< to be read when they are needed
  std::vector<Error> errors;
};

void add(Inputs& inputs, Result<ModelInfo> model, const Options& options) {
  if (!model)
    inputs.errors.push_back(model.error());
  else
    inputs.models.push_back(
        with_count(std::make_shared<const ModelInfo>(std::move(*model)), options));
}

bool matches(std::string_view name, std::string_view filter) {
  return fold_name(name).find(fold_name(filter)) != std::string::npos;
}

/// Whether the catalogue has to be read: somebody gave one, asks for all of it, or for a name.
bool needs_catalog(const Io& io, const Options& options) {
  if (!options.catalogs.empty()) return true;
  if (options.models.empty()) return options.command == Command::rank && !options.params;
  return std::any_of(options.models.begin(), options.models.end(), [&](const auto& word) {
    return word != "-" && io.kind_of(word) == PathKind::missing;
  });
}

Result<Inputs> read_models(Io& io, const Options& options) {
  Inputs inputs;
  auto catalog =
      needs_catalog(io, options) ? load_catalog(io, options) : std::vector<CatalogEntry>{};
  if (!catalog) return catalog.error();
  for (const auto& word : options.models)
    for (auto& model : load_models(io, word, *catalog)) add(inputs, std::move(model), options);
  if (!options.models.empty()) return inputs;
  if (options.params) {
    inputs.models.push_back(model_of_count(options, options.name));
  } else if (options.command == Command::rank) {
    inputs.entries = std::move(*catalog);
    std::erase_if(inputs.entries,
                  [&](const CatalogEntry& entry) { return !matches(entry.name, options.filter); });
  }
  return inputs;
}

Result<std::optional<Gpu>> read_gpu(Io& io, const Options& options) {
  if (options.gpu.empty()) return gpu_of({}, options);
  const auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  return gpu_of(*cards, options);
}

Report new_report(const Options& options, Inputs& inputs) {
  Report report;
  report.runtime = options.runtime;
  report.errors = std::move(inputs.errors);
  return report;
}

Result<Report> run_estimate(const Options& options, Inputs inputs, std::optional<Gpu> gpu) {
  auto report = new_report(options, inputs);
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

bool by_size(const Model& a, const Model& b) {
  if (a->n_params != b->n_params) return a->n_params > b->n_params;
  return lower(a->name) < lower(b->name);
}

/// What does not fit comes last, whatever the key.
bool comes_before(const Row& a, const Row& b, SortKey key) {
  const auto unusable = [](const Row& row) { return row.fit->verdict == Verdict::no; };
  if (unusable(a) != unusable(b)) return unusable(b);
  switch (key) {
    case SortKey::params:
      break;
    case SortKey::total:
      if (a.fit->need != b.fit->need) return a.fit->need > b.fit->need;
      break;
    case SortKey::free:
      if (a.fit->free != b.fit->free) return a.fit->free > b.fit->free;
      break;
    case SortKey::ctx:
      if (a.fit->safe_n_ctx != b.fit->safe_n_ctx) return a.fit->safe_n_ctx > b.fit->safe_n_ctx;
      if (a.fit->max_n_ctx != b.fit->max_n_ctx) return a.fit->max_n_ctx > b.fit->max_n_ctx;
      break;
    case SortKey::verdict:
      if (a.fit->verdict != b.fit->verdict) return a.fit->verdict < b.fit->verdict;
      break;
    case SortKey::name:
      if (a.model->name != b.model->name) return lower(a.model->name) < lower(b.model->name);
      break;
  }
  return by_size(a.model, b.model);
}

constexpr std::size_t default_top = 25;

/// A table by size is complete as soon as it is long enough.
bool needs_top_only(const Options& options, std::size_t top) {
  return options.format == "table" && options.sort == SortKey::params && !options.all &&
         !options.fits_only && !options.strict && !options.all_quants && !options.explain &&
         options.min_ctx == 0 && top != 0;
}

/// A model, or an entry of the catalogue of which the size is known.
struct Candidate {
  std::uint64_t n_params = 0;
  std::string name;  ///< in small letters
  const CatalogEntry* entry = nullptr;
  Model model;
};

std::vector<Error> rank_top(Pricer& pricer, const Inputs& inputs, std::size_t top,
                            RankReport& body) {
  std::vector<Candidate> candidates;
  std::vector<Error> errors;
  for (const auto& model : inputs.models)
    candidates.push_back({model->n_params, lower(model->name), nullptr, model});
  for (const auto& entry : inputs.entries)
    candidates.push_back({entry.n_params, lower(entry.name), &entry, nullptr});
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) {
                     return a.n_params != b.n_params ? a.n_params > b.n_params : a.name < b.name;
                   });
  for (auto& candidate : candidates) {
    body.cut = body.rows.size() == top;
    if (body.cut) break;
    auto model = std::move(candidate.model);
    if (candidate.entry != nullptr) {
      auto read = model_of(*candidate.entry);
      if (!read) {
        errors.push_back(read.error());
        continue;
      }
      model = std::make_shared<const ModelInfo>(std::move(*read));
    }
    auto row = pricer.running_row(model);
    if (!row) {
      errors.push_back(row.error());
      continue;
    }
    ++body.n_ranked;
    if (*row)
      body.rows.push_back(std::move(**row));
    else
      ++body.n_no;
  }
  body.n_row = body.rows.size();
  return errors;
}

std::vector<Error> rank_all(const Pricer& pricer, const std::vector<Model>& models,
                            const Options& options, RankReport& body) {
  std::vector<Error> errors;
  for (const auto& model : models) {
    auto rows = pricer.rows(model);
    if (!rows) {
      errors.push_back(rows.error());
      continue;
    }
    for (auto& row : *rows) {
      ++body.n_ranked;
      const auto verdict = row.fit->verdict;
      if (verdict == Verdict::no) ++body.n_no;
      if (verdict == Verdict::no && !options.all) continue;
      if (verdict != Verdict::fits && options.fits_only) continue;
      if (row.fit->max_n_ctx < options.min_ctx) continue;
      body.rows.push_back(std::move(row));
    }
  }
  body.n_row = body.rows.size();
  std::stable_sort(body.rows.begin(), body.rows.end(),
                   [&](const Row& a, const Row& b) { return comes_before(a, b, options.sort); });
  return errors;
}

Result<Report> run_rank(const Options& options, Inputs inputs, const Gpu& gpu) {
  RankReport body;
  body.gpu = gpu;
  body.asked = options.workload;
  Device device{gpu.vram};
  device.total = gpu.total;
  body.asked.n_ctx = options.n_ctx.value_or(options.runtime->rules.defaults({}, device).n_ctx);
  body.asked.backend = backend_of(options, gpu);
  body.reserve = options.reserve;
  body.shows_no = options.all;
  body.whole_catalog = options.models.empty() && !options.params;
  const std::size_t top = options.top.value_or(default_top);
  Pricer pricer(options, gpu);
  const bool top_only = needs_top_only(options, top);
  std::erase_if(inputs.entries, [&](const CatalogEntry& entry) {
    const bool later = top_only && entry.n_params != 0 && !options.params;
    if (!later) add(inputs, model_of(entry), options);
    return !later;
  });
  std::erase_if(inputs.models,
                [&](const Model& model) { return !matches(model->name, options.filter); });
  auto errors = top_only ? rank_top(pricer, inputs, top, body)
                         : rank_all(pricer, inputs.models, options, body);
  if (options.format == "table" && top != 0 && body.rows.size() > top)
    body.rows.erase(body.rows.begin() + static_cast<std::ptrdiff_t>(top), body.rows.end());
  auto report = new_report(options, inputs);
  auto& kept = body.whole_catalog ? body.skipped : report.errors;
  std::move(errors.begin(), errors.end(), std::back_inserter(kept));
  report.body = std::move(body);
  return report;
}

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
    if (!gpu || !lists(options.runtime->backends, backend_of(options, *gpu))) continue;
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
    const bool holds = row.fit->verdict != Verdict::no && !row.lowered;
    if (options.fits_only ? row.fit->verdict == Verdict::fits : holds || options.all)
      rows.push_back(std::move(row));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.gpu->vram < b.gpu->vram; });
  return rows;
}

Result<Report> run_plan(Io& io, const Options& options, Inputs inputs) {
  const auto cards = load_gpus(io, options);
  if (!cards) return cards.error();
  auto report = new_report(options, inputs);
  PlanReport body;
  body.top = options.top.value_or(default_top);
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

Result<Report> run_show(const Options& options, Inputs inputs) {
  auto report = new_report(options, inputs);
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
  auto report = new_report(options, inputs);
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
  if (const auto* body = std::get_if<CompareReport>(&report.body)) return body->comparison.agrees();
  if (const auto* body = std::get_if<CheckReport>(&report.body))
    return std::all_of(body->entries.begin(), body->entries.end(),
                       [](const CheckedEntry& entry) { return entry.holds(); });
  return true;
}

}  // namespace fitvram::cli
