#include "cli/show/result.hpp"
#include "fitvram/params.hpp"

namespace fitvram::cli {
namespace {

Json compared_json(const ComparedLine& line) {
  const bool cells = line.unit == ComparedLine::Unit::cells;
  const auto hundredths = [](std::int64_t n) { return static_cast<double>(n) / 100.0; };
  Json json = {{"figure", line.figure}, {"unit", cells ? "cells" : "bytes"}};
  const auto apart = difference(line);
  if (cells) {
    json["log_cells"] = *line.log_cells;
    json["estimate_cells"] = *line.estimate;
    json["difference_cells"] = apart.value_or(0);
  } else {
    json["log_mib"] =
        line.log ? Json(hundredths(static_cast<std::int64_t>(line.log->centi_mib))) : Json();
    json["estimate_bytes"] = line.estimate ? Json(*line.estimate) : Json();
    json["difference_mib"] = apart ? Json(hundredths(*apart)) : Json();
  }
  json["provenance"] = name_of(line.provenance);
  json["equal"] = line.equal;
  json["decides"] = line.decides;
  json["remark"] = line.remark;
  return json;
}

Json results_json(const std::vector<Row>& rows, const Runtime& runtime) {
  auto results = Json::array();
  for (const auto& row : rows) results.push_back(result_json(row, runtime));
  return results;
}

Json gpu_json(const Gpu& gpu) {
  return {{"name", gpu.name},
          {"vram_bytes", gpu.vram.count},
          {"count", gpu.count},
          {"backend", gpu.backend}};
}

Json shown_json(const ShowReport::Entry& entry) {
  auto layers = Json::array();
  for (const auto& group : count_layers(entry.model)) {
    auto caches = Json::array();
    for (const auto& slot : group.layer->caches)
      caches.push_back({{"role", name_of(slot.role)},
                        {"growth", name_of(slot.growth)},
                        {"span", slot.span},
                        {"n_head_kv", slot.shape.n_head_kv},
                        {"dim_k", slot.shape.dim_k},
                        {"dim_v", slot.shape.dim_v}});
    layers.push_back({{"kind", name_of(group.layer->kind)},
                      {"n_layer", group.n_layer},
                      {"caches", std::move(caches)}});
  }
  auto tensors = Json::array();
  for (const auto& group : group_tensors(entry.model, entry.weights))
    tensors.push_back({{"role", name_of(group.role)},
                       {"type", group.type == nullptr ? "" : group.type->name},
                       {"n_tensor", group.n_tensor},
                       {"n_elements", group.n_elements},
                       {"bytes", group.bytes.count}});
  return {{"model", json_of(entry.model)},
          {"quant", entry.weights.quant},
          {"known_architecture", entry.model.known_architecture},
          {"provenance",
           {{"layers", name_of(entry.model.layout)}, {"params", name_of(entry.model.params)}}},
          {"checkpoint_bytes", entry.model.format == ModelFormat::gguf
                                   ? std::uint64_t{0}
                                   : checkpoint_size(entry.model).count},
          {"layers", std::move(layers)},
          {"tensors", std::move(tensors)},
          {"notes", json_of(entry.model.notes)}};
}

Json tensor_list_json(const ShowReport::Entry& entry) {
  auto list = Json::array();
  const bool typed = entry.weights.types.size() == entry.model.tensors.size();
  for (std::size_t i = 0; i < entry.model.tensors.size(); ++i) {
    const Tensor& tensor = entry.model.tensors[i];
    const TensorType* type = typed ? entry.weights.types[i] : tensor.type;
    Json layer = nullptr;
    if (tensor.layer >= 0) layer = tensor.layer;
    list.push_back({{"name", full_name(tensor)},
                    {"role", name_of(tensor.role)},
                    {"layer", std::move(layer)},
                    {"shape", tensor.ne},
                    {"type", type == nullptr ? "" : type->name},
                    {"bytes", type == nullptr ? 0 : tensor_bytes(tensor, *type).count}});
  }
  return list;
}

Json params_json(const ShowReport::Entry& entry) {
  const ParamCount count = count_params(entry.model);
  auto roles = Json::array();
  for (const auto& role : count.roles) {
    auto terms = Json::array();
    for (const auto& term : role.terms)
      terms.push_back(
          {{"name", term.name}, {"formula", term.formula}, {"n_params", term.n_params}});
    roles.push_back({{"role", name_of(role.role)},
                     {"n_params", role.n_params},
                     {"n_active", role.n_active},
                     {"terms", std::move(terms)}});
  }
  return {{"n_params", count.n_params},       {"n_active", count.n_active},
          {"n_embedding", count.n_embedding}, {"n_nextn", count.n_nextn},
          {"n_mmproj", count.n_mmproj},       {"roles", std::move(roles)}};
}

Json cell_json(const Cell& cell) {
  return std::visit(
      [](const auto& value) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::monostate>)
          return nullptr;
        else
          return value;
      },
      cell);
}

Json checked_json(const CheckedEntry& entry) {
  auto breaches = Json::array();
  for (const auto& breach : entry.breaches)
    breaches.push_back({{"code", breach.code}, {"message", breach.message}});
  Json json = {{"name", entry.name},
               {"line", entry.line},
               {"status", status_of(entry)},
               {"breaches", std::move(breaches)}};
  json["baseline_bytes"] = entry.baseline ? Json(entry.baseline->count) : Json();
  json["result"] = entry.row ? result_json(*entry.row, *entry.runtime) : Json();
  json["error"] = entry.error ? json_of(*entry.error) : Json();
  return json;
}

struct Body {
  Json& out;
  const Runtime& runtime;

  void operator()(const EstimateReport& body) { out["results"] = results_json(body.rows, runtime); }
  void operator()(const RankReport& body) {
    out["gpu"] = gpu_json(body.gpu);
    out["results"] = results_json(body.rows, runtime);
    out["skipped"] = errors_json(body.skipped);
  }
  void operator()(const PlanReport& body) {
    auto results = Json::array();
    for (const auto& rows : body.models)
      for (const auto& row : rows) {
        auto result = result_json(row, runtime);
        result["gpu"] = gpu_json(*row.gpu);
        results.push_back(std::move(result));
      }
    out["results"] = std::move(results);
  }
  void operator()(const ShowReport& body) {
    auto models = Json::array();
    for (const auto& entry : body.models) {
      models.push_back(shown_json(entry));
      if (body.params) models.back()["params"] = params_json(entry);
      if (body.tensors) models.back()["tensor_list"] = tensor_list_json(entry);
    }
    out["models"] = std::move(models);
  }
  void operator()(const RuntimesReport& body) {
    auto models = Json::array();
    for (const auto& entry : body.models) {
      auto lines = Json::array();
      for (const auto& line : entry.lines)
        lines.push_back({{"runtime", line.runtime->name},
                         {"result", line.row ? result_json(*line.row, *line.runtime) : Json()},
                         {"error", line.error ? json_of(*line.error) : Json()}});
      models.push_back({{"model", json_of(*entry.model)}, {"runtimes", std::move(lines)}});
    }
    out["models"] = std::move(models);
  }
  void operator()(const CompareReport& body) {
    auto lines = Json::array();
    for (const auto& line : body.comparison.lines) lines.push_back(compared_json(line));
    out["log"] = body.log;
    out["agrees"] = body.comparison.agrees();
    out["model"] = json_of(*body.row.model);
    out["quant"] = body.row.quant;
    out["runtime"] = runtime.name;
    out["backend"] = body.row.workload.backend;
    out["workload"] = workload_json(body.row);
    out["lines"] = std::move(lines);
    out["notes"] = json_of(body.row.notes);
  }
  void operator()(const CheckReport& body) {
    std::size_t n_holds = 0;
    std::size_t n_errors = 0;
    auto entries = Json::array();
    for (const auto& entry : body.entries) {
      if (entry.holds()) ++n_holds;
      if (entry.error) ++n_errors;
      entries.push_back(checked_json(entry));
    }
    out["catalog"] = body.file;
    out["baseline"] = body.baseline_file.empty() ? Json() : Json(body.baseline_file);
    out["n_holds"] = n_holds;
    out["n_breaks"] = body.entries.size() - n_holds - n_errors;
    out["n_errors"] = n_errors;
    out["entries"] = std::move(entries);
    out["gone"] = body.gone;
  }
  void operator()(const ListReport& body) {
    out["subject"] = body.subject;
    auto items = Json::array();
    for (const auto& row : body.grid.rows) {
      auto item = Json::object();
      for (std::size_t i = 0; i < row.size(); ++i)
        if (!body.grid.columns[i].key.empty()) item[body.grid.columns[i].key] = cell_json(row[i]);
      items.push_back(std::move(item));
    }
    out["items"] = std::move(items);
  }
};

}  // namespace

Json document(const Report& report) {
  Json out = {{"schema_version", schema_version}, {"command", command_of(report)}};
  std::visit(Body{out, *report.runtime}, report.body);
  out["errors"] = errors_json(report.errors);
  return out;
}

std::string render_json(const Report& report, const Style&) { return text_of(document(report), 2); }

}  // namespace fitvram::cli
