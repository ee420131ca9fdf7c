#include "cli/show/result.hpp"

#include "base/text.hpp"

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

Json json_of(const Note& note) {
  return Object(3)
      .add("severity", name_of(note.severity))
      .add("code", note.code)
      .add("message", note.message);
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

Json json_of(const Error& error) {
  return Object(4)
      .add("code", name_of(error.code))
      .add("where", error.where)
      .add("message", error.message)
      .add("hint", error.hint);
}

Json errors_json(const std::vector<Error>& errors) {
  auto list = Json::array();
  for (const auto& error : errors) list.push_back(json_of(error));
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

namespace {

Json json_of(const std::optional<Range>& range) {
  if (!range) return nullptr;
  return Object(2).add("low", range->low.count).add("high", range->high.count);
}

Json json_of(const Answer& answer) {
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
                         .add("compute_bytes", json_of(m.compute_range))
                         .add("overhead_bytes", json_of(m.overhead_range)));
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

}  // namespace

Json result_json(const Row& row, const Runtime& runtime) {
  Json result = Object(12)
                    .add("model", json_of(*row.model))
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
