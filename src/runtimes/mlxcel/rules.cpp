#include "runtimes/mlxcel/rules.hpp"

#include <algorithm>

#include "base/refuse.hpp"
#include "base/text.hpp"
#include "families/table.hpp"
#include "llama/memory/cache_tensors.hpp"
#include "pricing/sequences.hpp"
#include "runtimes/shared/single_device.hpp"

namespace fitvram {

namespace {

constexpr Bytes in_flight_reserve = GiB;  // ROCm builds: MLX_ROCM_MAX_INFLIGHT_MB, 1024
constexpr std::uint64_t activation_tokens = 512;
constexpr std::uint64_t page_tokens = 32;

Bytes in_flight(const Workload& workload) {
  return workload.backend == "rocm" ? in_flight_reserve : Bytes{};
}

std::uint64_t tokens_per_sequence(const Workload& workload) {
  return tokens_each(workload, n_seq_of(workload));
}

std::vector<CacheTerm> terms_of(const ModelInfo& model, const Workload& workload) {
  return mlxcel::cache_terms(mlxcel::facts_of(model), tokens_per_sequence(workload),
                             cache_type_k(workload), n_seq_of(workload));
}

}  // namespace

// Its estimator reads the window keys of a config. Families whose configs state a window for all
// layers without a pattern or a list (Mistral v0.1, Phi-3) count as full.
bool mlxcel_honours_window(const ModelInfo& model) {
  const Architecture* arch = find_architecture(model.architecture);
  return arch == nullptr ||
         (arch->window.kind != WindowRule::Kind::none && !arch->window.all_attention);
}

ContextEstimate mlxcel_context(const ModelInfo& model, const Workload& workload, const Runtime&) {
  return context_of(terms_of(model, workload));
}

Placement mlxcel_compute(const ModelInfo& model, const Workload& workload) {
  const Hparams& hp = model.hparams;
  Placement compute;
  compute.device = mlxcel::activation(hp.n_embd.value_or(0), hp.n_ff.max(), hp.n_vocab.value_or(0),
                                      tokens_per_sequence(workload), n_seq_of(workload));
  return compute;
}

// DEFAULT_HEADROOM_FACTOR = 1.20 of weights and cache.
void mlxcel_overhead(const ModelInfo&, const Workload& workload, MemoryEstimate& memory) {
  memory.overhead.device = (memory.model.device + memory.context.device) / 5 + in_flight(workload);
}

Bytes mlxcel_budget(const Device& device, const Workload&) {
  return device.unified ? device.total : device.vram;
}

std::optional<Error> mlxcel_refusal(const ModelInfo&, const Workload& workload) {
  const TensorType& k = cache_type_k(workload);
  const TensorType& v = cache_type_v(workload);
  for (const TensorType* type : {&k, &v})
    if (type->name != "F16" && type->name != "BF16" && type->name != "INT8")
      return refuse("mlxcel has no cache type " + lower(type->name),
                    "f16, bf16 or int8; its turbo types are not priced");
  if (&k != &v)
    return refuse("mlxcel keeps K and V in one type",
                  "give both the same, e.g. --kv-type " + lower(k.name));
  return std::nullopt;
}

Defaults mlxcel_defaults(const ModelInfo&, const std::optional<Device>&) { return {}; }

std::vector<Answer> mlxcel_answers(const ModelInfo& model, const Weights& weights,
                                   const Workload& workload, const Device& device) {
  const Bytes loaded = whole_weights(model, weights, workload).device;
  const Bytes budget =
      mlxcel::auto_kv_budget(mlxcel_budget(device, workload),
                             mlxcel_compute(model, workload).device, loaded, in_flight(workload));
  constexpr std::uint64_t hundredth_billion = 10'000'000;
  const auto page = mlxcel::cache_terms(mlxcel::facts_of(model), 1, cache_type_k(workload));
  const Bytes page_bytes = context_of(page).bytes.device / 256 * page_tokens;
  return {
      {"auto_kv_budget", "automatic KV budget", budget.count, Answer::Unit::bytes},
      {"paged_kv_block", "paged KV block of 32 tokens", page_bytes.count, Answer::Unit::bytes},
      {"counted_params", "parameters that it counts, 10^9",
       mlxcel::counted_params(model) / hundredth_billion, Answer::Unit::hundredths},
  };
}

void mlxcel_explain(const ModelInfo& model, const Weights&, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps) {
  steps.push_back(plain_step("model (device)", memory.model.device, "all tensors as stored"));
  explain_terms(terms_of(model, workload),
                "K and V in one row, cells in steps of 256; mlxcel kv_arch.rs @0c21aed2", steps);
  const Hparams& hp = model.hparams;
  const std::string n_seq = std::to_string(n_seq_of(workload));
  const std::uint64_t n_ctx = std::min(tokens_per_sequence(workload), activation_tokens);
  steps.push_back({"compute (device)",
                   "2 * " + n_seq + " * " + std::to_string(n_ctx) + " * (" +
                       std::to_string(hp.n_embd.value_or(0)) + " + " +
                       std::to_string(hp.n_ff.max()) + ") * 2 + " + n_seq + " * " +
                       std::to_string(hp.n_vocab.value_or(0)) + " * 2",
                   memory.compute.device.count,
                   "2 * sequences * min(tokens, 512) * (hidden + intermediate) * 2 bytes, and "
                   "logits; mlxcel memory_estimate.rs @0c21aed2"});
  std::string overhead = "(" + std::to_string(memory.model.device.count) + " + " +
                         std::to_string(memory.context.device.count) + ") / 5";
  if (in_flight(workload) != Bytes{}) overhead += " + " + std::to_string(in_flight(workload).count);
  steps.push_back(
      overhead_step(workload, memory, overhead,
                    "headroom factor 1.20 of weights and cache, and what a ROCm build keeps in "
                    "flight; mlxcel memory_estimate.rs @0c21aed2"));
}

namespace mlxcel {

Bytes activation(std::uint64_t n_embd, std::uint64_t n_ff, std::uint64_t n_vocab,
                 std::uint64_t n_ctx, std::uint64_t batch) {
  const std::uint64_t tokens = sat_mul(batch, std::min(n_ctx, activation_tokens));
  return Bytes{2} * sat_mul(2, sat_mul(tokens, sat_add(n_embd, n_ff))) +
         Bytes{2} * sat_mul(batch, n_vocab);
}

Bytes auto_kv_budget(Bytes available, Bytes active, Bytes weights, Bytes reserve) {
  const Bytes rest = available - active - reserve;
  return rest / 6 * 5 + Bytes{rest.count % 6 * 5 / 6} - weights;
}

std::uint64_t counted_params(const ModelInfo& model) {
  const Hparams& hp = model.hparams;
  const std::uint64_t h = hp.n_embd.value_or(0);
  const std::uint64_t dim = facts_of(model).head_dim;
  const std::uint64_t q = sat_mul(hp.n_head.max(), dim), kv = sat_mul(hp.n_head_kv.max(), dim);
  const std::uint64_t experts = std::max(1U, hp.n_expert.value_or(1));
  const std::uint64_t feed_forward = sat_mul(3, sat_mul(hp.n_ff.max(), experts));
  const std::uint64_t row =
      sat_add(sat_add(sat_mul(2, q), sat_mul(2, kv)), sat_add(feed_forward, 2));
  return sat_add(sat_mul(hp.n_vocab.value_or(0), h), sat_mul(model.n_layer, sat_mul(h, row)));
}

}  // namespace mlxcel
}  // namespace fitvram
