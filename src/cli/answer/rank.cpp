#include "cli/answer/rank.hpp"

#include <algorithm>
#include <iterator>

#include "base/text.hpp"
#include "cli/answer/price.hpp"
#include "cli/show/formats.hpp"
#include "fitvram/parse.hpp"

namespace fitvram::cli {
namespace {

bool by_size(const Model& a, const Model& b) {
  if (a->n_params != b->n_params) return a->n_params > b->n_params;
  return lower_case(a->name) < lower_case(b->name);
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
      if (a.model->name != b.model->name)
        return lower_case(a.model->name) < lower_case(b.model->name);
      break;
  }
  return by_size(a.model, b.model);
}

/// A table by size is complete as soon as it is long enough.
bool needs_top_only(const Options& options, std::size_t top) {
  return find_format(options.format)->only_top && options.sort == SortKey::params && !options.all &&
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
    candidates.push_back({model->n_params, lower_case(model->name), nullptr, model});
  for (const auto& entry : inputs.entries)
    candidates.push_back({entry.n_params, lower_case(entry.name), &entry, nullptr});
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

}  // namespace

Result<Report> run_rank(const Options& options, Inputs inputs, const Gpu& gpu) {
  RankReport body;
  body.gpu = gpu;
  body.asked = options.workload;
  Device device{gpu.vram};
  device.total = gpu.total;
  body.asked.n_ctx = options.n_ctx.value_or(
      default_context(defaults_of(*options.runtime, {}, device), options.workload));
  body.asked.backend = backend_of(options, gpu);
  body.reserve = options.reserve;
  body.shows_no = options.all;
  body.whole_catalog = options.models.empty() && !options.params;
  const std::size_t top = options.top;
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
  if (find_format(options.format)->only_top && top != 0 && body.rows.size() > top)
    body.rows.erase(body.rows.begin() + static_cast<std::ptrdiff_t>(top), body.rows.end());
  Report report{.body = {}, .errors = std::move(inputs.errors), .runtime = options.runtime};
  auto& kept = body.whole_catalog ? body.skipped : report.errors;
  std::move(errors.begin(), errors.end(), std::back_inserter(kept));
  report.body = std::move(body);
  return report;
}

}  // namespace fitvram::cli
