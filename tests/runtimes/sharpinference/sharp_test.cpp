#include "catch.hpp"
#include "runtimes/sharpinference/rules.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const TensorType& type(const char* name) { return *find_tensor_type(name); }

/// The unit tests' FlatHp: one shape for all layers.
ModelInfo flat_hp(std::uint32_t n_layer, std::uint32_t n_head_kv, std::uint32_t head_dim,
                  std::uint32_t n_ctx_train = 4096) {
  return uniform_model(n_layer, n_head_kv, head_dim, n_ctx_train);
}

constexpr int own = -1;

/// Their Gemma4ShapedHp: a shape for each layer; `source` names the layer whose cache it uses.
ModelInfo gemma4_shaped(std::vector<std::uint32_t> head_dims, std::vector<std::uint32_t> kv,
                        std::vector<bool> sliding, std::uint32_t window,
                        std::vector<int> source = {}) {
  ModelInfo model = uniform_model(static_cast<std::uint32_t>(head_dims.size()), 8, head_dims[0]);
  model.architecture = model.hparams.architecture = "gemma4";
  model.hparams.n_embd = 2048;
  model.hparams.n_ff = 4096;
  for (std::size_t i = 0; i < head_dims.size(); ++i) {
    CacheSlot& slot = model.layers[i].caches[0];
    slot.shape = {kv[i], head_dims[i], head_dims[i]};
    if (sliding[i]) slot.growth = Growth::sliding, slot.span = window;
    if (i < source.size() && source[i] != own) model.layers[i] = {LayerKind::shared_kv, {}};
  }
  return model;
}

Bytes kv(const ModelInfo& model, std::uint64_t n_ctx, const char* name) {
  return sharp::kv_cache(model, n_ctx, type(name));
}

std::uint64_t solved(const ModelInfo& model, const char* name, Bytes budget) {
  return sharp::max_ctx(model, type(name), budget);
}

bool is_the_most(const ModelInfo& model, const char* name, Bytes budget, std::uint64_t n_ctx) {
  return kv(model, n_ctx, name) <= budget && kv(model, n_ctx + 1, name) > budget;
}

}  // namespace

TEST_CASE("SharpInference's pool hands out powers of two from 64 bytes on") {
  CHECK(sharp::pool_bucket(Bytes{0}) == Bytes{64});
  CHECK(sharp::pool_bucket(Bytes{64}) == Bytes{64});
  CHECK(sharp::pool_bucket(Bytes{65}) == Bytes{128});
  CHECK(sharp::pool_bucket(Bytes{11'141'120}) == 16 * MiB);
  CHECK(sharp::pool_bucket(Bytes{UINT64_MAX}) == Bytes{UINT64_MAX});
}

TEST_CASE("KvVramReserveBytes_DenseModel_KeepsMaxVramThirdOr2GiB") {
  const ModelInfo model = flat_hp(32, 8, 128);
  CHECK(sharp::reserve(model, 12 * GiB) == 4 * GiB);
  CHECK(sharp::reserve(model, 3 * GiB) == 2 * GiB);
  CHECK(sharp::reserve(model, 48 * GiB) == 16 * GiB);
}

TEST_CASE("KvVramReserveBytes_SwaModel_BoundedBelowDense and SystemReserveScalesOnLargeCard") {
  const ModelInfo model =
      gemma4_shaped({256, 256, 256}, {8, 8, 8}, {false, true, false}, 1024, {own, own, 0});
  const Bytes reserve = sharp::reserve(model, 12 * GiB);
  CHECK(reserve == Bytes{2'516'582'400});
  CHECK(reserve > 2 * GiB);
  CHECK(reserve < sharp::reserve(flat_hp(32, 8, 128), 12 * GiB));
  CHECK(sharp::reserve(model, 48 * GiB) - reserve == 6 * GiB);
}

TEST_CASE("KvVramReserveBytes_SwaModel_ScalesWithModelWidth") {
  const ModelInfo narrow = gemma4_shaped({256, 256}, {8, 8}, {false, true}, 1024);
  ModelInfo wide = narrow;
  wide.hparams.n_ff = 4 * 4096;
  CHECK(sharp::reserve(wide, 12 * GiB) > sharp::reserve(narrow, 12 * GiB));
}

TEST_CASE("KvVramReserveBytes_SwaModel_CountsPleAndWidestHeadDim") {
  ModelInfo model = gemma4_shaped({256, 512}, {8, 8}, {false, true}, 1024);
  const Bytes without = sharp::reserve(model, 12 * GiB);
  model.hparams.n_embd_per_layer = 256;
  const std::uint64_t width = 4 * 2048 + 2 * 8 * 512 + 2 * 8 * 512 + 2 * 4096 + 2 * 2 * 256 + 256;
  CHECK(sharp::reserve(model, 12 * GiB) == 2 * GiB + Bytes{4096 * 4 * width});
  CHECK(sharp::reserve(model, 12 * GiB) == Bytes{2'705'326'080});
  CHECK(without < sharp::reserve(model, 12 * GiB));
}

TEST_CASE(
    "a pattern without a window and models of one shape keep SharpInference's dense reserve") {
  CHECK(sharp::reserve(gemma4_shaped({256, 256}, {8, 8}, {false, false}, 1024), 12 * GiB) ==
        4 * GiB);
  CHECK(sharp::reserve(gemma_3_27b(), 12 * GiB) == 4 * GiB);
}

TEST_CASE("EstimateKvCacheBytes_RoundsEachBufferToPoolBucket") {
  const ModelInfo model = flat_hp(2, 12, 128);
  CHECK(kv(model, 2048, "F32") == Bytes{4 * 16'777'216});
  CHECK(kv(model, 2048, "BF16") == Bytes{4 * 8'388'608});
  CHECK(kv(model, 2048, "Q8_0") == Bytes{4 * 4'194'304});
  CHECK(kv(model, 2048, "Q8_0") > Bytes{4 * (3'145'728 / 32 * 34)});
  CHECK(kv(model, 2048, "F32") == Bytes{67'108'864});
  CHECK(kv(model, 2048, "BF16") == Bytes{33'554'432});
  CHECK(kv(model, 2048, "Q8_0") == Bytes{16'777'216});
}

TEST_CASE("EstimateKvCacheBytes_Gemma4_AliasedSkipped_SwaRingCapped") {
  const ModelInfo model =
      gemma4_shaped({256, 256, 256}, {8, 8, 8}, {false, true, false}, 1024, {own, own, 0});
  CHECK(kv(model, 65536, "BF16") == 2 * sharp::pool_bucket(Bytes{2048ULL * 65536 * 2}) +
                                        2 * sharp::pool_bucket(Bytes{2048ULL * 5120 * 2}));
  CHECK(kv(model, 65536, "BF16") == Bytes{603'979'776});
}

TEST_CASE("EstimateKvCacheBytes counts the layers on the card (GpuLayersScoping)") {
  const ModelInfo flat = flat_hp(4, 8, 128);
  const TensorType& f32 = type("F32");
  const Bytes all = sharp::kv_cache(flat, 2048, f32);
  CHECK(2 * sharp::kv_cache(flat, 2048, f32, 2) == all);
  CHECK(sharp::kv_cache(flat, 2048, f32, 4) == all);
  CHECK(sharp::kv_cache(flat, 2048, f32, 100) == all);
  CHECK(sharp::kv_cache(flat, 2048, f32, 0) == Bytes{0});
  const ModelInfo gemma =
      gemma4_shaped({256, 256, 256}, {8, 8, 8}, {false, true, false}, 1024, {own, own, 0});
  const TensorType& bf16 = type("BF16");
  const Bytes first = sharp::kv_cache(gemma, 65536, bf16, 1);
  CHECK(first == 2 * sharp::pool_bucket(Bytes{2048ULL * 65536 * 2}));
  CHECK(sharp::kv_cache(gemma, 65536, bf16, 2) ==
        first + 2 * sharp::pool_bucket(Bytes{2048ULL * 5120 * 2}));
  CHECK(sharp::kv_cache(gemma, 65536, bf16, 3) == sharp::kv_cache(gemma, 65536, bf16, 2));
}

TEST_CASE("SolveMaxCtxForKv_RespondsToDtype_LinearRegime") {
  const ModelInfo model =
      gemma4_shaped({128, 128, 128, 128}, {8, 8, 8, 8}, {false, false, false, false}, 1024);
  const Bytes budget = kv(model, 4096, "F32");
  CHECK(budget == Bytes{134'217'728});
  CHECK(solved(model, "F32", budget) == 4096);
  CHECK(solved(model, "BF16", budget) == 8192);
  const std::uint64_t q8_0 = solved(model, "Q8_0", budget);
  CHECK(q8_0 >= 15000);
  CHECK(q8_0 == 15'420);
  CHECK(is_the_most(model, "Q8_0", budget, q8_0));
}

TEST_CASE("SolveMaxCtxForKv_SwaShape_IsAllocatorMaximal") {
  const ModelInfo model = gemma4_shaped({256, 256, 256}, {8, 8, 8}, {false, true, false}, 1024);
  const Bytes budget = kv(model, 8192, "BF16");
  const std::uint64_t n_ctx = solved(model, "BF16", budget);
  CHECK(n_ctx >= 8192);
  CHECK(is_the_most(model, "BF16", budget, n_ctx));
}

TEST_CASE("an allocator-maximal solve of one window layer: 134,217,728 bytes hold 8192 tokens") {
  const ModelInfo model =
      gemma4_shaped({256, 256, 256}, {8, 8, 8}, {false, true, false}, 1024, {own, own, 0});
  const Bytes budget = kv(model, 8192, "BF16");
  CHECK(budget == Bytes{134'217'728});
  CHECK(solved(model, "BF16", budget) == 8192);
}

TEST_CASE("SolveMaxCtxForKv_SwaSaturation") {
  const ModelInfo model = gemma4_shaped({256, 256, 256, 256, 256, 256}, {8, 8, 8, 8, 8, 8},
                                        {false, true, true, true, true, true}, 512);
  const Bytes budget = kv(model, 8192, "F32");
  CHECK(budget == Bytes{805'306'368});
  CHECK(solved(model, "F32", budget) == 8192);
  CHECK(solved(model, "BF16", budget) == 32'768);
  CHECK(solved(model, "Q8_0", budget) == 123'361);
  CHECK(solved(model, "BF16", budget) > 2 * 8192);
  CHECK(solved(model, "Q8_0", budget) > 4 * 8192);
  for (const char* name : {"F32", "BF16", "Q8_0"})
    CHECK(is_the_most(model, name, budget, solved(model, name, budget)));
}

TEST_CASE("SolveMaxCtxForKv_MixedPerLayerHeadDim") {
  const ModelInfo model =
      gemma4_shaped({256, 128, 256, 128}, {8, 8, 8, 8}, {false, true, false, true}, 1024);
  const Bytes budget = kv(model, 8192, "Q8_0");
  CHECK(budget == Bytes{167'772'160});
  const std::uint64_t n_ctx = solved(model, "Q8_0", budget);
  CHECK(n_ctx >= 8192);
  CHECK(n_ctx == 15'420);
  CHECK(is_the_most(model, "Q8_0", budget, n_ctx));
}

TEST_CASE("SolveMaxCtxForKv_UniformModel_IgnoresDtype") {
  const ModelInfo model = flat_hp(8, 8, 128, 131072);
  for (const char* name : {"F32", "BF16", "Q8_0"}) CHECK(solved(model, name, 256 * MiB) == 4096);
}

TEST_CASE("SolveMaxCtxForKv_ClampsToFloorAndModelMax") {
  ModelInfo layered = gemma4_shaped({256, 256}, {8, 8}, {false, true}, 1024);
  ModelInfo flat = flat_hp(8, 8, 128, 131072);
  for (ModelInfo* model : {&layered, &flat}) {
    CHECK(solved(*model, "BF16", Bytes{1}) == 512);
    CHECK(solved(*model, "BF16", Bytes{UINT64_MAX}) == model->n_ctx_train);
    model->n_ctx_train = 256;
    CHECK(solved(*model, "BF16", Bytes{1}) == 256);
  }
}

TEST_CASE("SolveGpuCtxForPerLayerKv") {
  const ModelInfo model = gemma4_shaped({256, 256, 256}, {8, 8, 8}, {false, true, false}, 1024);
  const TensorType& bf16 = type("BF16");
  CHECK(sharp::max_ctx_of_layers(model, bf16, Bytes{1}, 32768) == 512);
  CHECK(sharp::max_ctx_of_layers(model, bf16, Bytes{1}, 256) == 256);
  CHECK(sharp::max_ctx_of_layers(model, bf16, Bytes{UINT64_MAX}, 32768) == 32768);
  const Bytes budget = sharp::kv_cache(model, 8192, bf16, 2);
  const std::uint64_t n_ctx = sharp::max_ctx_of_layers(model, bf16, budget, 32768, 2);
  CHECK(n_ctx >= 8192);
  CHECK(sharp::kv_cache(model, n_ctx, bf16, 2) <= budget);
  CHECK(sharp::kv_cache(model, n_ctx + 1, bf16, 2) > budget);
}

TEST_CASE("ResolveKvDType") {
  const auto resolved = [](std::uint64_t budget, std::uint64_t f32, std::uint64_t bf16,
                           bool q8_0 = true, const TensorType* asked = nullptr) {
    return sharp::cache_type(Bytes{budget}, Bytes{f32}, Bytes{bf16}, q8_0, asked).name;
  };
  CHECK(resolved(1000, 800, 400) == "F32");
  CHECK(resolved(600, 1000, 500) == "BF16");
  CHECK(resolved(300, 1000, 500) == "Q8_0");
  CHECK(resolved(300, 1000, 500, false) == "BF16");
  CHECK(resolved(1000, 1000, 500) == "F32");
  CHECK(resolved(500, 1000, 500) == "BF16");
  for (const char* asked : {"F32", "BF16", "Q8_0"})
    CHECK(resolved(300, 1000, 500, true, &type(asked)) == asked);
}

TEST_CASE("Q8KvGeometrySupported") {
  CHECK(sharp::q8_0_possible(flat_hp(4, 8, 128)));
  CHECK_FALSE(sharp::q8_0_possible(flat_hp(4, 1, 48)));
  CHECK_FALSE(sharp::q8_0_possible(gemma4_shaped({256, 48}, {8, 1}, {false, false}, 1024)));
  CHECK(sharp::q8_0_possible(gemma4_shaped({256, 48}, {8, 1}, {false, false}, 1024, {own, 0})));
}

TEST_CASE("SharpInference uploads five types as stored and widens the others") {
  Tensor tensor;
  tensor.ne = {256, 3, 1, 1};
  CHECK(sharp::uploaded(tensor, type("Q6_K")) == Bytes{632});  // 630 rounded up to 4
  CHECK(sharp::uploaded(tensor, type("Q8_0")) == Bytes{816});
  CHECK(sharp::uploaded(tensor, type("F32")) == Bytes{3072});
  CHECK(sharp::uploaded(tensor, type("Q5_K")) == Bytes{3072});
  CHECK(sharp::uploaded(tensor, type("F16")) == Bytes{3072});
}
