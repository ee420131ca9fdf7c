#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "fitvram/model.hpp"

namespace fitvram {

/// Bytes on the device (GPU) and on the host.
struct Placement {
  Bytes device;
  Bytes host;
  bool by_formula = false;  ///< compute buffers behind which no graph of the runtime stands
  bool by_types = false;    ///< compute buffers that hold weights: other types would change them
};

/// The caches of all layers that share a role, a growth law and a span.
struct CacheEstimate {
  CacheRole role = CacheRole::kv;
  Growth growth = Growth::full;
  std::uint32_t span = 0;
  std::uint32_t n_layer = 0;
  std::uint64_t cells = 0;  ///< entries per layer and stream; sequences for states
  Bytes bytes;              ///< device and host together
};

/// What a context takes: the sum of its caches.
struct ContextEstimate {
  Placement bytes;
  std::vector<CacheEstimate> caches;
};

/// A figure that reports and logs only bound.
struct Range {
  Bytes low;
  Bytes high;
};

/// What will be allocated. The parts always add up to the totals.
struct MemoryEstimate {
  std::uint64_t n_ctx = 0;      ///< tokens allocated, after rounding
  std::uint64_t n_ctx_seq = 0;  ///< of those, for one sequence
  Placement model, context, compute, overhead;
  std::vector<CacheEstimate> caches;
  Provenance model_provenance = Provenance::exact;
  Provenance context_provenance = Provenance::exact;
  Provenance compute_provenance = Provenance::derived;
  Provenance overhead_provenance = Provenance::assumed;
  std::optional<Range> compute_range;   ///< where only a range is known; `compute` is its upper end
  std::optional<Range> overhead_range;  ///< the same for `overhead`
  std::vector<Note> notes;

  Bytes device_total() const {
    return model.device + context.device + compute.device + overhead.device;
  }
  /// With the lower ends of what is only known as a range.
  Bytes least_device_total() const {
    return model.device + context.device + (compute_range ? compute_range->low : compute.device) +
           (overhead_range ? overhead_range->low : overhead.device);
  }
  Bytes host_total() const { return model.host + context.host + compute.host; }
};

}  // namespace fitvram
