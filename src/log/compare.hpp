#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fitvram/estimate.hpp"
#include "log/reader.hpp"

namespace fitvram {

/// One figure of a log beside ours. Sizes are in bytes on our side and in hundredths of a MiB in
/// the log; cells are plain numbers.
struct ComparedLine {
  enum class Unit { size, cells };

  std::string figure;  ///< "model / device", "context / kv full", "kv full / cells"
  Unit unit = Unit::size;
  std::optional<LoggedSize> log;  ///< unit size; absent: the log does not show it
  std::optional<std::uint64_t> log_cells;
  std::optional<std::uint64_t> estimate;  ///< absent: fitvram has no such figure
  Provenance provenance = Provenance::exact;
  bool decides = true;  ///< counts for `agrees()`: model and context do, compute is derived
  bool equal = false;   ///< as far as the log's two decimals can show
  std::string remark;
};

/// Ours minus the log's, in hundredths of a MiB (cells for cells), when both exist.
std::optional<std::int64_t> difference(const ComparedLine& line);

struct LogComparison {
  std::vector<ComparedLine> lines;
  std::vector<Note> notes;

  /// Every line that decides is equal, and there is at least one.
  bool agrees() const;
};

/// Puts what the log says beside what estimate() says of the same configuration. Pure.
LogComparison compare(const ServerLog& log, const ModelInfo& model, const Weights& weights,
                      const Workload& workload, const Runtime& runtime);

}  // namespace fitvram
