#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Source: github.com/pekkah/SharpInference @429b9df5, CudaForwardPass.cs and CudaBackend.cs
/// RoundUpAllocBytes.
extern const Runtime sharpinference_runtime;

/// The rules that those are made of, under the names of their source.
namespace sharp {

bool honours_window(const ModelInfo& model);

/// RoundUpAllocBytes: the pool hands out powers of two, 64 bytes and more.
Bytes pool_bucket(Bytes bytes);

/// The K buffer of a layer; V's is like it. Window layers of models with a shape per layer keep a
/// ring of window + 4096 tokens.
struct Buffer {
  Growth growth = Growth::full;
  std::uint64_t cells = 0;
  std::uint64_t width = 0;  ///< values per token
  Bytes bytes;              ///< its bucket
};
Buffer buffer(const ModelInfo& model, const CacheSlot& slot, std::uint64_t n_ctx,
              const TensorType& type);

/// EstimateKvCacheBytes: two buckets for each of the first `gpu_layers` layers that own a cache.
Bytes kv_cache(const ModelInfo& model, std::uint64_t n_ctx, const TensorType& type,
               std::uint64_t gpu_layers = UINT64_MAX);

/// KvVramReserveBytes and what it was before; published figures go with its older forms.
enum class Reserve {
  fifth,         ///< first: max(V/5, 1 GiB), which left prefill no room
  third,         ///< then: max(V/3, 2 GiB) for every model
  first_window,  ///< first with windows: not bounded by the dense one, heads at the global width
  scoped         ///< now: automatic_reserve()
};
Bytes reserve(const ModelInfo& model, Bytes vram, Reserve rule = Reserve::scoped);

/// Bytes that a tensor takes once uploaded: as stored for the types that its kernels read, else
/// widened to 32-bit floats.
Bytes uploaded(const Tensor& tensor, const TensorType& type);

/// The model's bytes: per-layer embeddings, and layers beyond -ngl, stay on the host as they are.
Placement uploaded_weights(const ModelInfo& model, const Weights& weights,
                           const Workload& workload);

/// Buffers of one token's pass.
Bytes scratch(const ModelInfo& model);

/// EstimateAvailableKvVram.
Bytes available(const ModelInfo& model, const Weights& weights, Bytes vram,
                Reserve rule = Reserve::scoped);

/// SolveMaxCtxForKv: the most tokens whose cache takes no more than `budget`, at least 512 and at
/// most the trained length. Models with one layer shape are divided by 32-bit bytes whatever the
/// cache type.
std::uint64_t max_ctx(const ModelInfo& model, const TensorType& type, Bytes budget);

/// SolveGpuCtxForPerLayerKv: the same by search, for the layers on the card, up to `most` tokens.
std::uint64_t max_ctx_of_layers(const ModelInfo& model, const TensorType& type, Bytes budget,
                                std::uint64_t most, std::uint64_t gpu_layers = UINT64_MAX);

/// ResolveKvDType: the widest of f32, bf16 and q8_0 whose cache fits; a type that was asked for
/// stays.
const TensorType& cache_type(Bytes budget, Bytes f32, Bytes bf16, bool q8_0_possible,
                             const TensorType* asked);

/// The cache of a layer that it keeps; nullptr for layers that use another's.
const CacheSlot* kv_slot(const Layer& layer);

/// Q8KvGeometrySupported: a row of every layer that owns a cache is whole blocks.
bool q8_0_possible(const ModelInfo& model);

}  // namespace sharp
}  // namespace fitvram
