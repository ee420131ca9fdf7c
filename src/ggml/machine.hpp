#pragma once
#include <cstdint>

namespace fitvram {

/// How the memory of one kind of buffer is handed out.
struct Memory {
  std::uint64_t alignment = 32;
  std::uint64_t max_chunk = UINT64_MAX / 2;  ///< bytes of one buffer at most
};

/// Where a graph runs. Without a device everything runs on the host.
struct Machine {
  bool device = false;
  bool keeps = false;    ///< the device's optimizer keeps sources of fused operations alive
  bool offloads = true;  ///< large operations on host weights run on the device
  Memory device_memory, host_memory;
};

}  // namespace fitvram
