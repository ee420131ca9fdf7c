#include <nlohmann/json.hpp>

#include "cli/render.hpp"
#include "fitvram/params.hpp"

namespace fitvram::cli {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Note& note) {
  return {{"severity", name_of(note.severity)}, {"code", note.code}, {"message", note.message}};
}

Json json_of(const std::vector<Note>& notes) {
  auto list = Json::array();
  for (const auto& note : notes) list.push_back(json_of(note));
  return list;
}

Json json_of(const ModelInfo& model) {
  return {{"name", model.name},
          {"source", model.source},
          {"format", name_of(model.format)},
          {"architecture", model.architecture},
          {"n_params", model.n_params},
          {"n_params_text", model.n_params},
          {"n_params_mmproj", model.n_params_mmproj},
          {"n_layer", model.n_layer},
          {"n_embd", model.hparams.n_embd.value_or(0)},
          {"n_vocab", model.hparams.n_vocab.value_or(0)},
          {"n_ctx_train", model.n_ctx_train}};
}

Json json_of(const ComparedLine& line) {
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

Json workload_json(const Row& row) {
  const auto& w = row.workload;
  return {{"n_ctx", row.memory.n_ctx},
          {"n_ctx_seq", row.memory.n_ctx_seq},
          {"n_seq", w.n_seq},
          {"kv_unified", w.kv_unified},
          {"n_batch", w.n_batch},
          {"n_ubatch", w.n_ubatch},
          {"cache_type_k", cache_type_name(w.type_k)},
          {"cache_type_v", cache_type_name(w.type_v)},
          {"flash_attn", flash_attention_on(w)},
          {"swa_full", w.swa_full},
          {"n_gpu_layers", layers_on_device(*row.model, w)},
          {"offload_kqv", w.offload_kqv},
          {"n_rs_seq", w.n_rs_seq},
          {"n_outputs", w.n_outputs},
          {"n_tp", w.n_tp}};
}

Json json_of(const std::optional<Range>& range) {
  if (!range) return nullptr;
  return {{"low", range->low.count}, {"high", range->high.count}};
}

Json memory_json(const MemoryEstimate& m) {
  auto caches = Json::array();
  for (const auto& cache : m.caches)
    caches.push_back({{"role", name_of(cache.role)},
                      {"growth", name_of(cache.growth)},
                      {"span", cache.span},
                      {"n_layer", cache.n_layer},
                      {"cells", cache.cells},
                      {"bytes", cache.bytes.count}});
  return {{"device",
           {{"model_bytes", m.model.device.count},
            {"context_bytes", m.context.device.count},
            {"compute_bytes", m.compute.device.count},
            {"overhead_bytes", m.overhead.device.count},
            {"total_bytes", m.device_total().count}}},
          {"host",
           {{"model_bytes", m.model.host.count},
            {"context_bytes", m.context.host.count},
            {"compute_bytes", m.compute.host.count},
            {"total_bytes", m.host_total().count}}},
          {"caches", std::move(caches)},
          {"provenance",
           {{"model", name_of(m.model_provenance)},
            {"context", name_of(m.context_provenance)},
            {"compute", name_of(m.compute_provenance)},
            {"overhead", name_of(m.overhead_provenance)}}},
          {"ranges",
           {{"compute_bytes", json_of(m.compute_range)},
            {"overhead_bytes", json_of(m.overhead_range)}}}};
}

Json json_of(const Answer& answer) {
  constexpr const char* units[] = {"tokens", "bytes", "hundredths", "thousandths"};
  return {{"key", answer.key},
          {"label", answer.label},
          {"value", answer.value},
          {"unit", units[static_cast<std::size_t>(answer.unit)]}};
}

Json fit_json(const Row& row) {
  if (!row.fit) return nullptr;
  return {{"gpu", row.gpu->name},
          {"vram_bytes", row.fit->vram.count},
          {"budget_bytes", row.fit->budget.count},
          {"reserve_bytes", row.fit->reserve.count},
          {"verdict", name_of(row.fit->verdict)},
          {"free_bytes", row.fit->free},
          {"safe_n_ctx", row.fit->safe_n_ctx},
          {"max_n_ctx", row.fit->max_n_ctx}};
}

Json result_json(const Row& row, const Runtime& runtime) {
  Json result = {{"model", json_of(*row.model)},
                 {"quant", row.quant},
                 {"runtime", runtime.name},
                 {"backend", row.workload.backend},
                 {"workload", workload_json(row)},
                 {"memory", memory_json(row.memory)},
                 {"fit", fit_json(row)}};
  if (row.advice)
    result["recommended_quantization"] = {{"quant", name_of(row.advice->advice)},
                                          {"reason", row.advice->reason}};
  if (!row.answers.empty()) {
    auto answers = Json::array();
    for (const auto& answer : row.answers) answers.push_back(json_of(answer));
    result["answers"] = std::move(answers);
  }
  if (!row.server_command.empty()) result["server_command"] = row.server_command;
  if (!row.steps.empty()) {
    auto steps = Json::array();
    for (const auto& step : row.steps)
      steps.push_back({{"figure", step.figure},
                       {"formula", step.formula},
                       {"value", step.value},
                       {"rule", step.rule}});
    result["steps"] = std::move(steps);
  }
  result["notes"] = json_of(row.notes);
  return result;
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
  for (const auto& group : group_layers(entry.model)) {
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

Json json_of(const Error& error) {
  return {{"code", name_of(error.code)},
          {"where", error.where},
          {"message", error.message},
          {"hint", error.hint}};
}

Json errors_json(const std::vector<Error>& errors) {
  auto list = Json::array();
  for (const auto& error : errors) list.push_back(json_of(error));
  return list;
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
    for (const auto& line : body.comparison.lines) lines.push_back(json_of(line));
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

std::string render_json(const Report& report, const Style&) {
  Json out = {{"schema_version", 1}, {"command", command_of(report)}};
  std::visit(Body{out, *report.runtime}, report.body);
  out["errors"] = errors_json(report.errors);
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fitvram::cli
