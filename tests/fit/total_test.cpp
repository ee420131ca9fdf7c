// Whoever builds a ModelInfo by hand gets figures or an Error, never a crash.
#include <array>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "families/family.hpp"
#include "fitvram/fitvram.hpp"
#include "tables/snapshot_fields.hpp"

using namespace fitvram;

namespace {

/// Writes into the fields of a model whatever their types can hold.
class Chance {
 public:
  explicit Chance(std::uint32_t seed) : random_(seed) {}

  std::uint32_t below(std::size_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }

  std::uint64_t number() {
    constexpr std::array<std::uint64_t, 16> usual{
        0,   1,   2,    3,     4,        8,        32,         100,
        128, 512, 4096, 32000, 1U << 20, 1U << 31, UINT32_MAX, UINT64_MAX};
    return one_in(4) ? random_() >> below(64) : usual[below(usual.size())];
  }

  template <typename... Fields>
  void operator()(Fields&&... each) {
    (put(each), ...);
  }

 private:
  template <typename T>
  void put(T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      value = one_in(2);
    } else if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(number());
    } else if constexpr (std::is_same_v<T, double>) {
      value = std::array{0.0, 1.0, -1.0, 1e308, std::numeric_limits<double>::quiet_NaN()}[below(5)];
    } else {
      fields(*this, value);
    }
  }
  template <typename T>
  void put(std::optional<T>& value) {
    value.reset();
    if (!one_in(3)) put(value.emplace());
  }
  template <typename T>
  void put(std::vector<T>& list) {
    list.assign(one_in(4) ? 0 : below(6), T{});
    for (auto&& each : list) {
      T value{};
      put(value);
      each = value;
    }
  }
  template <typename E>
  void put(UpTo<E>& word) {
    word.value = static_cast<E>(below(static_cast<std::size_t>(word.last) + 1));
  }
  template <typename E>
  void put(UpTo<E>&& word) {
    put(word);
  }
  void put(PerLayer& value) { put(value.values); }
  void put(Bytes& value) { value = Bytes{number()}; }
  void put(std::string& text) {
    constexpr std::array words{"", "llama", "gemma3-27b", "MXFP4", "BF16", "Q4_K_M", "FP8", "\xff"};
    text = words[below(words.size())];
  }
  void put(TensorName& name) {
    constexpr std::array words{"",
                               "token_embd.weight",
                               "output.weight",
                               "attn_q.weight",
                               "attn_k.weight",
                               "attn_v.weight",
                               "attn_output.weight",
                               "attn_qkv.weight",
                               "attn_kv_b.weight",
                               "attn_k_b.weight",
                               "attn_v_b.weight",
                               "ffn_up.weight",
                               "ffn_gate.weight",
                               "ffn_down.weight",
                               "ffn_gate_exps.weight",
                               "ffn_gate_inp.weight",
                               "ffn_down_exps.weight",
                               "ffn_up_exps.weight",
                               "ssm_in.weight",
                               "ssm_conv1d.weight",
                               "ssm_a",
                               "rope_freqs.weight",
                               "attn_norm.weight",
                               "output_norm.weight"};
    name = words[below(words.size())];
  }
  void put(const TensorType*& type) {
    type = one_in(6) ? nullptr : &tensor_types()[below(tensor_types().size())];
  }

 public:
  ModelInfo model(const std::vector<ModelInfo>& real) {
    ModelInfo model;
    if (one_in(2)) {
      model = real[below(real.size())];
      const auto sides = below(6);
      if (sides == 0) fields(*this, model.hparams);
      if (sides == 1) put(model.layers);
      if (sides == 2) put(model.tensors);
      if (sides == 3) put(model.n_layer);
      if (sides == 4) model.tensors.resize(model.tensors.size() / 2);
      for (auto& tensor : model.tensors)
        if (one_in(20)) fields(*this, tensor);
    } else {
      fields(*this, model);
    }
    for (auto& tensor : model.tensors)
      if (one_in(8)) tensor.layer = static_cast<std::int32_t>(number());
    if (one_in(2)) model.architecture = families()[below(families().size())]->gguf;
    return model;
  }

  Workload workload() {
    Workload w;
    if (one_in(3)) return w;
    (*this)(w.n_ctx, w.n_seq, w.kv_unified, w.n_batch, w.n_ubatch, w.type_k, w.type_v, w.swa_full,
            w.offload_kqv, w.n_gpu_layers, w.n_rs_seq, w.n_outputs, w.n_tp, w.memory_utilization);
    w.flash_attn = static_cast<FlashAttention>(below(3));
    w.backend = backends()[below(backends().size())].name;
    return w;
  }

 private:
  std::mt19937_64 random_;
};

void ask_all(const ModelInfo& model, const Runtime& runtime, const Workload& workload,
             std::uint32_t pick) {
  static_cast<void>(check(model));
  static_cast<void>(count_params(model));
  static_cast<void>(checkpoint_size(model));
  static_cast<void>(refusal(model, workload, runtime));
  const Scheme& scheme = schemes()[pick % schemes().size()];
  const Device device{Bytes{std::uint64_t{1} << (20 + pick % 44)}};
  FitRequest request{.model = model, .runtime = runtime, .workload = workload, .device = device};
  request.extend_ctx = pick % 2 == 0;
  Weights short_list = stored_weights(model);
  if (!short_list.types.empty()) short_list.types[0] = nullptr;
  for (const Weights& weights : {short_list, quantize(model, scheme), Weights{}}) {
    static_cast<void>(estimate(model, weights, workload, runtime));
    static_cast<void>(explain(model, weights, workload, runtime));
    static_cast<void>(answers_of(runtime, model, weights, workload, device));
    static_cast<void>(launch_command(runtime, model, weights.quant, workload));
    const Fit found = fit(request, weights);
    CHECK(found.safe_n_ctx <= found.max_n_ctx);
    static_cast<void>(explain(found, request, weights));
  }
  static_cast<void>(choose_quant(request));
  static_cast<void>(choose_running(request));
}

std::vector<ModelInfo> real_models() {
  std::vector<ModelInfo> models;
  const auto entries = embedded_catalog();
  for (std::size_t i = 0; i < entries->size(); i += 12) models.push_back(*model_of((*entries)[i]));
  return models;
}

}  // namespace

TEST_CASE("any model has figures: none is known, or nothing agrees with anything") {
  for (const Runtime& runtime : runtimes()) {
    ask_all({}, runtime, {}, 0);
    ModelInfo model;
    model.layers.resize(1);
    model.tensors.resize(1);
    for (const Family* family : families()) {
      model.architecture = family->gguf;
      ask_all(model, runtime, {}, 7);
    }
  }
  const auto real = real_models();
  for (std::uint32_t seed = 0; seed < 400; ++seed) {
    INFO("seed " << seed);
    Chance chance(seed);
    const ModelInfo model = chance.model(real);
    const Workload workload = chance.workload();
    ask_all(model, runtimes()[seed % runtimes().size()], workload, seed);
  }
}

TEST_CASE("check() names what no model can be") {
  ModelInfo model;
  CHECK(check(model)->where == "layers");
  model.layers.push_back(
      {LayerKind::sliding, {{CacheRole::kv, Growth::sliding, 0, {8, 128, 128}}}});
  model.n_layer = 1;
  CHECK(check(model)->where == "layers[0].caches[0]");
  CHECK(check(model)->message == "a sliding cache of no tokens");
  model.layers[0].caches[0].span = 512;
  CHECK_FALSE(check(model));
  model.n_layer = 2;
  CHECK(check(model)->where == "n_layer");
  model.n_layer = 1;
  model.tensors.push_back({.name = "token_embd.weight", .ne = {64, 100}});
  CHECK(check(model)->where == "tensors[0]");
  CHECK(check(model)->message == "tensor 'token_embd.weight' has a dimension of 0");
  model.tensors[0].ne = {64, 100, 1, 1};
  CHECK(check(model)->message == "tensor 'token_embd.weight' has no type");
  model.tensors[0].type = find_tensor_type("F16");
  CHECK_FALSE(check(model));
  model.tensors[0].layer = 1;
  CHECK(check(model)->message == "tensor 'blk.1.token_embd.weight' belongs to layer 1 of 1");
  model.layers.resize(5000);
  CHECK(check(model)->code == ErrorCode::limit);
}

TEST_CASE("a tensor whose type is not known counts as 16 bits, and that is said") {
  ModelInfo model;
  model.layers.resize(1);
  model.n_layer = 1;
  model.tensors.push_back({.name = "token_embd.weight", .ne = {64, 100, 1, 1}});
  const Weights weights = stored_weights(model);
  const auto memory = estimate(model, weights, {}, *find_runtime("transformers"));
  CHECK(memory.model.device == Bytes{2 * 64 * 100});
  CHECK(memory.model_provenance == Provenance::assumed);
  REQUIRE(memory.notes.size() >= 1);
  CHECK(memory.notes[0].code == "type-assumed");
}

TEST_CASE("every model of the catalogue passes its check") {
  const auto entries = embedded_catalog();
  REQUIRE(entries);
  for (const auto& entry : *entries) {
    const auto error = check(*model_of(entry));
    INFO(entry.name << ": " << (error ? error->where + ": " + error->message : ""));
    CHECK_FALSE(error);
  }
}

TEST_CASE("what is free of an absurd amount of memory saturates and keeps its sign") {
  ModelInfo model;
  model.layers.resize(1);
  model.n_layer = 1;
  Weights weights;
  const auto free = [&](std::uint64_t vram, std::uint64_t needed) {
    weights.flat = Bytes{needed};
    return fit({.model = model,
                .runtime = *find_runtime("transformers"),
                .workload = {.backend = "cpu"},
                .device = Bytes{vram}},
               weights)
        .free;
  };
  CHECK(free(UINT64_MAX, 0) == INT64_MAX);
  CHECK(free(std::uint64_t{1} << 63, 0) > INT64_MAX / 2);
  CHECK(free(0, UINT64_MAX) == -INT64_MAX);
  CHECK(free(std::uint64_t{1} << 63, UINT64_MAX) < 0);
  CHECK(free(std::uint64_t{3} << 62, std::uint64_t{3} << 62) <= 0);
}
