#include "cli/show/json.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "fitvram/params.hpp"

namespace fitvram::cli {
namespace {

/// An object whose members are known: the library's own lists build each of them three times.
class Object {
 public:
  explicit Object(std::size_t most) { members().reserve(most); }
  Object& add(const char* key, Json value) {
    members().emplace_back(key, std::move(value));
    return *this;
  }
  operator Json() { return std::move(json_); }

 private:
  Json::object_t& members() { return json_.get_ref<Json::object_t&>(); }

  Json json_ = Json::object();
};

Json note_json(const Note& note) {
  return Object(3)
      .add("severity", name_of(note.severity))
      .add("code", note.code)
      .add("message", note.message);
}

Json notes_json(const std::vector<Note>& notes) {
  auto list = Json::array();
  for (const auto& note : notes) list.push_back(note_json(note));
  return list;
}

Json model_json(const ModelInfo& model) {
  return Object(11)
      .add("name", model.name)
      .add("source", model.source)
      .add("format", name_of(model.format))
      .add("architecture", model.architecture)
      .add("n_params", model.n_params)
      .add("n_params_text", model.n_params)
      .add("n_params_mmproj", model.n_params_mmproj)
      .add("n_layer", model.n_layer)
      .add("n_embd", model.hparams.n_embd.value_or(0))
      .add("n_vocab", model.hparams.n_vocab.value_or(0))
      .add("n_ctx_train", model.n_ctx_train);
}

Json errors_json(const std::vector<Error>& errors) {
  auto list = Json::array();
  for (const auto& error : errors) list.push_back(error_json(error));
  return list;
}

Json workload_json(const Row& row) {
  const auto& w = row.workload;
  return Object(15)
      .add("n_ctx", row.memory.n_ctx)
      .add("n_ctx_seq", row.memory.n_ctx_seq)
      .add("n_seq", w.n_seq)
      .add("kv_unified", w.kv_unified)
      .add("n_batch", w.n_batch)
      .add("n_ubatch", w.n_ubatch)
      .add("cache_type_k", cache_type_name(w.type_k))
      .add("cache_type_v", cache_type_name(w.type_v))
      .add("flash_attn", flash_attention_on(*row.model, w))
      .add("swa_full", w.swa_full)
      .add("n_gpu_layers", layers_on_device(*row.model, w))
      .add("offload_kqv", w.offload_kqv)
      .add("n_rs_seq", w.n_rs_seq)
      .add("n_outputs", w.n_outputs)
      .add("n_tp", w.n_tp);
}

Json range_json(const std::optional<Range>& range) {
  if (!range) return nullptr;
  return Object(2).add("low", range->low.count).add("high", range->high.count);
}

Json answer_json(const Answer& answer) {
  constexpr const char* units[] = {"tokens", "bytes", "hundredths", "thousandths"};
  return Object(4)
      .add("key", answer.key)
      .add("label", answer.label)
      .add("value", answer.value)
      .add("unit", units[static_cast<std::size_t>(answer.unit)]);
}

Json memory_json(const MemoryEstimate& m) {
  auto caches = Json::array();
  for (const auto& cache : m.caches)
    caches.push_back(Object(6)
                         .add("role", name_of(cache.role))
                         .add("growth", name_of(cache.growth))
                         .add("span", cache.span)
                         .add("n_layer", cache.n_layer)
                         .add("cells", cache.cells)
                         .add("bytes", cache.bytes.count));
  return Object(5)
      .add("device", Object(5)
                         .add("model_bytes", m.model.device.count)
                         .add("context_bytes", m.context.device.count)
                         .add("compute_bytes", m.compute.device.count)
                         .add("overhead_bytes", m.overhead.device.count)
                         .add("total_bytes", m.device_total().count))
      .add("host", Object(4)
                       .add("model_bytes", m.model.host.count)
                       .add("context_bytes", m.context.host.count)
                       .add("compute_bytes", m.compute.host.count)
                       .add("total_bytes", m.host_total().count))
      .add("caches", std::move(caches))
      .add("provenance", Object(4)
                             .add("model", name_of(m.model_provenance))
                             .add("context", name_of(m.context_provenance))
                             .add("compute", name_of(m.compute_provenance))
                             .add("overhead", name_of(m.overhead_provenance)))
      .add("ranges", Object(2)
                         .add("compute_bytes", range_json(m.compute_range))
                         .add("overhead_bytes", range_json(m.overhead_range)));
}

Json fit_json(const Row& row) {
  if (!row.fit) return nullptr;
  return Object(8)
      .add("gpu", row.gpu->name)
      .add("vram_bytes", row.fit->vram.count)
      .add("budget_bytes", row.fit->budget.count)
      .add("reserve_bytes", row.fit->reserve.count)
      .add("verdict", name_of(row.fit->verdict))
      .add("free_bytes", row.fit->free)
      .add("safe_n_ctx", row.fit->safe_n_ctx)
      .add("max_n_ctx", row.fit->max_n_ctx);
}

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
  return {{"model", model_json(entry.model)},
          {"quant", entry.weights.quant},
          {"known_architecture", entry.model.known_architecture},
          {"provenance",
           {{"layers", name_of(entry.model.layout)}, {"params", name_of(entry.model.params)}}},
          {"checkpoint_bytes", entry.model.format == ModelFormat::gguf
                                   ? std::uint64_t{0}
                                   : checkpoint_size(entry.model).count},
          {"layers", std::move(layers)},
          {"tensors", std::move(tensors)},
          {"notes", notes_json(entry.model.notes)}};
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
  json["error"] = entry.error ? error_json(*entry.error) : Json();
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
                         {"error", line.error ? error_json(*line.error) : Json()}});
      models.push_back({{"model", model_json(*entry.model)}, {"runtimes", std::move(lines)}});
    }
    out["models"] = std::move(models);
  }
  void operator()(const LogReport& body) {
    auto lines = Json::array();
    for (const auto& line : body.comparison.lines) lines.push_back(compared_json(line));
    out["log"] = body.log;
    out["agrees"] = body.comparison.agrees();
    out["model"] = model_json(*body.row.model);
    out["quant"] = body.row.quant;
    out["runtime"] = runtime.name;
    out["backend"] = body.row.workload.backend;
    out["workload"] = workload_json(body.row);
    out["lines"] = std::move(lines);
    out["notes"] = notes_json(body.row.notes);
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

Json error_json(const Error& error) {
  return Object(4)
      .add("code", name_of(error.code))
      .add("where", error.where)
      .add("message", error.message)
      .add("hint", error.hint);
}

Json result_json(const Row& row, const Runtime& runtime) {
  Json result = Object(12)
                    .add("model", model_json(*row.model))
                    .add("quant", row.quant)
                    .add("runtime", runtime.name)
                    .add("backend", row.workload.backend)
                    .add("workload", workload_json(row))
                    .add("memory", memory_json(row.memory))
                    .add("fit", fit_json(row));
  if (row.advice)
    result["recommended_quantization"] = {{"quant", name_of(row.advice->advice)},
                                          {"reason", row.advice->reason}};
  if (!row.answers.empty()) {
    auto answers = Json::array();
    for (const auto& answer : row.answers) answers.push_back(answer_json(answer));
    result["answers"] = std::move(answers);
  }
  if (!row.server_command.empty()) result["server_command"] = row.server_command;
  if (!row.steps.empty()) {
    auto steps = Json::array();
    for (const auto& step : row.steps)
      steps.push_back({{"figure", step.figure},
                       {"formula", step.formula},
                       {"value", step.value},
                       {"unit", step.unit == Step::Unit::tokens ? "tokens" : "bytes"},
                       {"rule", step.rule}});
    result["steps"] = std::move(steps);
  }
  result["notes"] = notes_json(row.notes);
  return result;
}

Json document(const Report& report) {
  Json out = {{"schema_version", schema_version}, {"command", command_of(report)}};
  std::visit(Body{out, *report.runtime}, report.body);
  out["errors"] = errors_json(report.errors);
  return out;
}

std::string text_of(const Json& json, int indent) {
  return printable_json(json.dump(indent, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string render_json(const Report& report, const Style&) { return text_of(document(report), 2); }

}  // namespace fitvram::cli
