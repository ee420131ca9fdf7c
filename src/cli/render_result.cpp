#include "cli/render_result.hpp"

#include "text.hpp"

namespace fitvram::cli {
namespace {

Json json_of(const Note& note) {
  return {{"severity", name_of(note.severity)}, {"code", note.code}, {"message", note.message}};
}

}  // namespace

std::string text_of(const Json& json, int indent) {
  return printable_json(json.dump(indent, ' ', false, Json::error_handler_t::replace)) + "\n";
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
          {"flash_attn", flash_attention_on(*row.model, w)},
          {"swa_full", w.swa_full},
          {"n_gpu_layers", layers_on_device(*row.model, w)},
          {"offload_kqv", w.offload_kqv},
          {"n_rs_seq", w.n_rs_seq},
          {"n_outputs", w.n_outputs},
          {"n_tp", w.n_tp}};
}

namespace {

Json json_of(const std::optional<Range>& range) {
  if (!range) return nullptr;
  return {{"low", range->low.count}, {"high", range->high.count}};
}

Json json_of(const Answer& answer) {
  constexpr const char* units[] = {"tokens", "bytes", "hundredths", "thousandths"};
  return {{"key", answer.key},
          {"label", answer.label},
          {"value", answer.value},
          {"unit", units[static_cast<std::size_t>(answer.unit)]}};
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

}  // namespace

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
                       {"unit", step.unit == Step::Unit::tokens ? "tokens" : "bytes"},
                       {"rule", step.rule}});
    result["steps"] = std::move(steps);
  }
  result["notes"] = json_of(row.notes);
  return result;
}

}  // namespace fitvram::cli
