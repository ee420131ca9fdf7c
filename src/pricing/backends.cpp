#include "pricing/backends.hpp"

#include <array>

namespace fitvram {

namespace {

// Alignments and the 512-value row: ggml-cuda.cu, ggml-metal.cpp get_alignment and get_alloc_size;
// Vulkan's is the device's minStorageBufferOffsetAlignment (16 on the NVIDIA cards seen), all
// v0.5.0. Overheads are what the driver showed in use beyond llama.cpp's own buffers, on cards that
// were otherwise idle or whose use before was taken off: the most that was seen, rounded up. They
// vary with the card, the driver and the build, and larger cards were not among them.
// ggml-hip/CMakeLists.txt compiles ggml-cuda's sources. What they decide otherwise under
// GGML_USE_HIP (no sparse attention gather, no sort of more than 1024 values, kernels without
// NVIDIA's matrix instructions) changes no buffer: at most 1024 experts are sorted, and every
// kernel that a prompt can get takes its keys and values in 16 bits.
constexpr std::array backend_table{
    Backend{
        "cuda", 128, 32, 512, true, true, Bytes{160 * MiB.count},
        "nvidia-smi minus buffers: 117 MiB on a GTX 1660 SUPER, 128-147 MiB on RTX 3060 (1 and 2 "
        "cards), 154 MiB on a card of 8 GB"},
    Backend{"vulkan", 16, 64, 1, true, false, Bytes{224 * MiB.count},
            "memory in use minus buffers: 5 MiB on an RTX 3060 Laptop and 30-32 MiB on an RTX 3090 "
            "after loading, 81 and 152-223 MiB at the peak of a run"},
    Backend{"rocm", 128, 32, 512, true, true, Bytes{160 * MiB.count}, "not measured: CUDA's"},
    Backend{"metal", 32, 32, 1, true, false, Bytes{64 * MiB.count}, "not measured"},
    Backend{"cpu", 32, 32, 1, false, false, Bytes{}, "nothing beyond the buffers"},
};

}  // namespace

std::span<const Backend> backends() { return backend_table; }

const Backend* find_backend(std::string_view name) {
  for (const auto& row : backend_table)
    if (row.name == name) return &row;
  return nullptr;
}

const Backend& backend_of(const Workload& workload) {
  const Backend* backend = find_backend(workload.backend);
  return backend != nullptr ? *backend : backend_table.front();
}

}  // namespace fitvram
