#pragma once
#include <cstddef>
#include <vector>

#include "llama/memory/placement.hpp"

namespace fitvram {

/// Blocks are missing ahead of `at`. They repeat the blocks from `at` to `again`, and leave the
/// arena as they found it if those do: whoever walks the graph has to look (Graph::repeats).
struct Omission {
  std::size_t at, again;  ///< positions in BlockPlan::blocks
};

/// The blocks of a model to build, in order.
struct BlockPlan {
  std::vector<std::size_t> blocks;
  std::vector<Omission> omissions;
};

/// How little is left out: from 0, as much as mostly suffices, to this, nothing.
inline constexpr unsigned most_care = 4;

BlockPlan plan_blocks(const ModelInfo& model, const Workload& workload, const Devices& devices,
                      unsigned care);

}  // namespace fitvram
