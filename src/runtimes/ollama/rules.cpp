#include "runtimes/ollama/rules.hpp"

#include <algorithm>
#include <iterator>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/family.hpp"
#include "llama/compute.hpp"
#include "llama/explain.hpp"
#include "llama/memory/weights.hpp"
#include "llama/rules.hpp"
#include "pricing/cache_types.hpp"
#include "pricing/reserve.hpp"
#include "pricing/rules.hpp"

namespace fitvram {

namespace {

// routes.go: the default context by all GPU memory of the machine.
struct ContextClass {
  Bytes from;
  std::uint64_t n_ctx;
};
constexpr ContextClass context_classes[] = {
    {47 * GiB, 262'144}, {23 * GiB, 32'768}, {Bytes{}, 4'096}};

// sched.go: the batch that is tried first; smaller ones where a prediction exceeds 80 % of what is
// free are not followed here.
struct BatchClass {
  std::uint64_t up_to;
  std::uint32_t n_batch;
};
constexpr BatchClass batch_classes[] = {{4'096, 512}, {32'768, 1'024}, {UINT64_MAX, 2'048}};

/// sched.go: architectures that are run with one sequence.
bool runs_one_sequence(const ModelInfo& model) {
  const Family* family = known_family(model.architecture);
  return family != nullptr && family->elsewhere.ollama_one_sequence;
}

std::uint64_t n_ctx_seq(const Workload& workload) {
  return workload.n_ctx / std::max(1U, workload.n_seq);
}

ContextEstimate ollama_context(const ModelInfo& model, const Workload& workload) {
  return llama_cpp_context(model, llama_server_workload(workload));
}

Placement ollama_compute(const ModelInfo& model, const Weights& weights, const Workload& workload) {
  return llama_cpp_compute(model, weights, llama_server_workload(workload));
}

std::optional<Error> ollama_refusal(const ModelInfo& model, const Workload& workload) {
  if (runs_one_sequence(model) && workload.n_seq > 1)
    return refuse("Ollama runs architecture '" + model.architecture + "' with one sequence",
                  "-np 1");
  const TensorType& k = cache_type_k(workload);
  if (&k != &cache_type_v(workload) || !has_word("F16 Q8_0 Q4_0", k.name))
    return refuse("Ollama has no KV cache of " + lower_case(k.name) +
                      (&k == &cache_type_v(workload)
                           ? ""
                           : " keys and " + lower_case(cache_type_v(workload).name) + " values"),
                  "--kv-type f16, q8_0 or q4_0, for both");
  return llama_cpp_refusal(model, llama_server_workload(workload));
}

Defaults ollama_defaults(const ModelInfo&, const std::optional<Device>& device) {
  Defaults defaults;
  defaults.n_batch = defaults.n_ubatch = 0;
  const Bytes total = device ? device->total : Bytes{};
  for (const auto& row : context_classes) {
    defaults.n_ctx = row.n_ctx;
    if (total >= row.from) break;
  }
  return defaults;
}

std::string ollama_launch(const ModelInfo& model, const std::string&, const Workload& workload) {
  if (model.format == ModelFormat::parameters) return {};
  std::string line = "OLLAMA_CONTEXT_LENGTH=" + std::to_string(n_ctx_seq(workload)) +
                     " OLLAMA_NUM_PARALLEL=" + std::to_string(workload.n_seq);
  const TensorType& type = cache_type_k(workload);
  if (type.quantized())
    line += " OLLAMA_FLASH_ATTENTION=1 OLLAMA_KV_CACHE_TYPE=" + lower_case(type.name);
  return line + " ollama serve";
}

void ollama_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps) {
  llama_cpp_explain(model, weights, llama_server_workload(workload), memory, steps);
}

}  // namespace

Workload llama_server_workload(const Workload& workload) {
  Workload server = workload;
  if (server.n_batch == 0) {
    const auto* row = std::begin(batch_classes);
    while (n_ctx_seq(workload) > row->up_to) ++row;
    server.n_batch = row->n_batch;
  }
  if (server.n_ubatch == 0) server.n_ubatch = server.n_batch;
  return server;
}

namespace {

constexpr Rules ollama_rules{
    .honours_window = llama_cpp_honours_window,
    .weights = llama_cpp_weights,
    .context = ollama_context,
    .compute = ollama_compute,
    .overhead = llama_cpp_overhead,
    .budget = whole_device,
    .reserve = window_reserve,
    .refusal = ollama_refusal,
    .defaults = ollama_defaults,
    .launch = ollama_launch,
    .explain = ollama_explain,
    .explain_reserve = explain_window_reserve,
    .loads_all_blocks = llama_cpp_loads_all_blocks,
};

}  // namespace

constinit const Runtime ollama_runtime{
    .name = "ollama",
    .title = "Ollama",
    .version = "fb307609",
    .source =
        "github.com/ollama/ollama fb307609 (2026-08-21): llm/llama_server.go, server/sched.go, "
        "server/routes.go; memory as llama.cpp v0.5.0",
    .cell_step = llama_cell_step,
    .cache_types = "f16 q8_0 q4_0",
    .about =
        "llama.cpp with 4096 tokens, 32768 from 23 GiB and 262144 from 47 GiB of GPU memory; "
        "one sequence; batches of 512, 1024 and 2048 by the context",
    .loads = SchemeFamily::gguf,
    .rules = &ollama_rules,
};

}  // namespace fitvram
