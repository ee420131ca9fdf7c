#include "llama/memory/placement.hpp"

#include "catch.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

Tensor tensor(const char* name, TensorRole role, std::uint64_t ne0, std::uint64_t ne1,
              std::int32_t layer = -1, const char* type = "F16") {
  return Tensor{name, {ne0, ne1, 1, 1}, find_tensor_type(type), layer, role};
}

ModelInfo small_model(bool tied) {
  ModelInfo model = uniform_model(2, 1, 64);
  model.tensors = {tensor("token_embd.weight", TensorRole::token_embd, 64, 1000),
                   tensor("output_norm.weight", TensorRole::output_norm, 64, 1, -1, "F32"),
                   tensor("attn_q.weight", TensorRole::attention, 64, 64, 0),
                   tensor("attn_q.weight", TensorRole::attention, 64, 64, 1),
                   tensor("rope_freqs.weight", TensorRole::rope, 32, 1, -1, "F32")};
  if (!tied) model.tensors.push_back(tensor("output.weight", TensorRole::output, 64, 1000));
  return model;
}

Placement placed(const ModelInfo& model, std::uint32_t n_gpu_layers, const char* backend = "cuda") {
  Weights weights;
  for (const auto& t : model.tensors) weights.types.push_back(t.type);
  Workload w;
  w.n_gpu_layers = n_gpu_layers;
  w.backend = backend;
  return model_bytes(model, weights, w, *find_runtime("llama.cpp"));
}

constexpr std::uint64_t embedding = 64 * 1000 * 2, block = 64 * 64 * 2, norm = 256, rope = 128;

}  // namespace

TEST_CASE("the input embedding stays on the host; a tied head is copied to the GPU") {
  CHECK(placed(small_model(false), 99).device == Bytes{embedding + 2 * block + norm + rope});
  CHECK(placed(small_model(false), 99).host == Bytes{embedding});
  CHECK(placed(small_model(true), 99).device == Bytes{embedding + 2 * block + norm + rope});
  CHECK(placed(small_model(true), 99).host == Bytes{embedding});
}

TEST_CASE("layers go to the GPU from the end, the output layer first") {
  const Placement one = placed(small_model(false), 1);
  CHECK(one.device == Bytes{embedding + norm});
  CHECK(one.host == Bytes{embedding + 2 * block + rope});
  const Placement two = placed(small_model(false), 2);
  CHECK(two.device == Bytes{embedding + norm + block + rope});
  CHECK(two.host == Bytes{embedding + block + rope});
  CHECK(placed(small_model(false), 0).device == Bytes{0});
}

TEST_CASE("on the CPU backend a tied head is shared, except by models that load it twice") {
  CHECK(placed(small_model(true), 99, "cpu").host == Bytes{embedding + 2 * block + norm + rope});
  ModelInfo gemma = small_model(true);
  gemma.architecture = "gemma3n";
  CHECK(placed(gemma, 99, "cpu").host == Bytes{2 * embedding + 2 * block + norm + rope});
}

TEST_CASE("next-token-prediction layers are in the file and not loaded") {
  ModelInfo model = small_model(false);
  model.n_layer = 1;
  CHECK(placed(model, 99).device == Bytes{embedding + block + norm + rope});
}

TEST_CASE("weights known only as a total are split by layers") {
  const ModelInfo model = uniform_model(3, 1, 64);
  Weights weights;
  weights.flat = Bytes{4000};
  Workload w;
  CHECK(model_bytes(model, weights, w, *find_runtime("llama.cpp")).device == Bytes{4000});
  w.n_gpu_layers = 2;
  CHECK(model_bytes(model, weights, w, *find_runtime("llama.cpp")).device == Bytes{2000});
  CHECK(model_bytes(model, weights, w, *find_runtime("llama.cpp")).host == Bytes{2000});
}
