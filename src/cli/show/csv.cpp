#include "cli/show/csv.hpp"

#include "cli/show/check.hpp"
#include "cli/show/grid.hpp"
#include "cli/show/model.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

struct Field {
  const char* key;
  std::string (*of)(const Row& row);
};

std::string number(std::uint64_t n) { return std::to_string(n); }

constexpr Field row_fields[] = {
    {"model", [](const Row& r) { return r.model->name; }},
    {"source", [](const Row& r) { return r.model->source; }},
    {"architecture", [](const Row& r) { return r.model->architecture; }},
    {"n_params", [](const Row& r) { return number(r.model->n_params); }},
    {"quant", [](const Row& r) { return r.quant; }},
    {"backend", [](const Row& r) { return std::string(r.workload.backend); }},
    {"n_ctx", [](const Row& r) { return number(r.memory.n_ctx); }},
    {"n_seq", [](const Row& r) { return number(r.workload.n_seq); }},
    {"cache_type_k", [](const Row& r) { return cache_type_name(r.workload.type_k); }},
    {"cache_type_v", [](const Row& r) { return cache_type_name(r.workload.type_v); }},
    {"device_model_bytes", [](const Row& r) { return number(r.memory.model.device.count); }},
    {"device_context_bytes", [](const Row& r) { return number(r.memory.context.device.count); }},
    {"device_compute_bytes", [](const Row& r) { return number(r.memory.compute.device.count); }},
    {"device_overhead_bytes", [](const Row& r) { return number(r.memory.overhead.device.count); }},
    {"device_total_bytes", [](const Row& r) { return number(r.memory.device_total().count); }},
    {"host_total_bytes", [](const Row& r) { return number(r.memory.host_total().count); }},
    {"gpu", [](const Row& r) { return r.gpu ? r.gpu->name : ""; }},
    {"vram_bytes", [](const Row& r) { return r.fit ? number(r.fit->vram.count) : ""; }},
    {"reserve_bytes", [](const Row& r) { return r.fit ? number(r.fit->reserve.count) : ""; }},
    {"verdict", [](const Row& r) { return std::string(r.fit ? name_of(r.fit->verdict) : ""); }},
    {"free_bytes", [](const Row& r) { return r.fit ? std::to_string(r.fit->free) : ""; }},
    {"safe_n_ctx", [](const Row& r) { return r.fit ? number(r.fit->safe_n_ctx) : ""; }},
    {"max_n_ctx", [](const Row& r) { return r.fit ? number(r.fit->max_n_ctx) : ""; }},
};

std::string csv_of_rows(const std::vector<Row>& rows) {
  std::vector<std::string> keys;
  for (const auto& field : row_fields) keys.emplace_back(field.key);
  std::vector<std::vector<std::string>> lines;
  for (const auto& row : rows) {
    auto& line = lines.emplace_back();
    for (const auto& field : row_fields) line.push_back(field.of(row));
  }
  return csv_of(keys, lines);
}

struct Csv {
  std::string operator()(const EstimateReport& body) const { return csv_of_rows(body.rows); }
  std::string operator()(const RankReport& body) const { return csv_of_rows(body.rows); }
  std::string operator()(const PlanReport& body) const { return csv_of_rows(rows_of(body)); }
  std::string operator()(const ShowReport& body) const {
    std::vector<std::vector<std::string>> rows;
    if (body.tensors) {
      for (const auto& entry : body.models)
        for (auto& row : sheet_of_tensors(entry).rows) {
          row.insert(row.begin(), entry.model.name);
          rows.push_back(std::move(row));
        }
      return csv_of({"model", "tensor", "shape", "type", "bytes", "layer", "role"}, rows);
    }
    for (const auto& [model, weights] : body.models)
      for (const auto& group : count_layers(model))
        for (const auto& slot : group.layer->caches)
          rows.push_back({model.name, model.architecture, number(model.n_params),
                          number(model.n_ctx_train), weights.quant, name_of(group.layer->kind),
                          number(group.n_layer), name_of(slot.role), name_of(slot.growth),
                          number(slot.span), number(slot.shape.n_head_kv), number(slot.shape.dim_k),
                          number(slot.shape.dim_v)});
    return csv_of({"model", "architecture", "n_params", "n_ctx_train", "quant", "layer_kind",
                   "n_layer", "role", "growth", "span", "n_head_kv", "dim_k", "dim_v"},
                  rows);
  }
  std::string operator()(const RuntimesReport& body) const {
    std::vector<std::string> keys{"runtime", "error"};
    for (const auto& field : row_fields) keys.emplace_back(field.key);
    std::vector<std::vector<std::string>> lines;
    for (const auto& entry : body.models)
      for (const auto& line : entry.lines) {
        auto& fields = lines.emplace_back();
        fields.emplace_back(line.runtime->name);
        fields.push_back(line.error ? line.error->message : "");
        Row empty;
        empty.model = entry.model;
        for (const auto& field : row_fields)
          fields.push_back(line.row || std::string_view(field.key) == "model"
                               ? field.of(line.row ? *line.row : empty)
                               : "");
      }
    return csv_of(keys, lines);
  }
  std::string operator()(const LogReport& body) const {
    std::vector<std::vector<std::string>> rows;
    for (const auto& line : body.comparison.lines) {
      const bool cells = line.unit == ComparedLine::Unit::cells;
      const auto log = cells      ? std::to_string(line.log_cells.value_or(0))
                       : line.log ? mib(static_cast<std::int64_t>(line.log->centi_mib))
                                  : "";
      rows.push_back({line.figure, cells ? "cells" : "bytes", log,
                      line.estimate ? number(*line.estimate) : "", line.equal ? "true" : "false",
                      line.decides ? "true" : "false", line.remark});
    }
    return csv_of({"figure", "unit", "log_mib_or_cells", "estimate", "equal", "decides", "remark"},
                  rows);
  }
  std::string operator()(const CheckReport& body) const { return checks_csv(body); }
  std::string operator()(const ListReport& body) const {
    const auto& columns = body.grid.columns;
    std::vector<std::string> keys;
    for (const auto& column : columns)
      if (!column.key.empty()) keys.push_back(column.key);
    std::vector<std::vector<std::string>> rows;
    for (const auto& row : body.grid.rows) {
      auto& line = rows.emplace_back();
      for (std::size_t i = 0; i < row.size(); ++i)
        if (!columns[i].key.empty()) line.push_back(text_of(row[i]));
    }
    return csv_of(keys, rows);
  }
};

}  // namespace

std::string render_csv(const Report& report, const Style&) {
  return std::visit(Csv{}, report.body);
}

}  // namespace fitvram::cli
