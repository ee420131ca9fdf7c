#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "fitvram/error.hpp"
#include "fitvram/fit.hpp"
#include "fitvram/gpu.hpp"
#include "log/compare.hpp"

namespace fitvram::cli {

// What a command found out, for the renderers: plain data, no more decisions to make.

/// A model that many rows may share.
using Model = std::shared_ptr<const ModelInfo>;

/// One model under one workload, with the verdict when a GPU was named.
struct Row {
  Model model;
  Workload workload;          ///< n_ctx resolved
  std::string quant;          ///< the form of the weights that was priced
  bool below_q4_k_m = false;  ///< nothing with Q4_K_M's bits fits: this has fewer
  MemoryEstimate memory;
  std::optional<Gpu> gpu;
  std::optional<Fit> fit;  ///< present when gpu is
  std::optional<QuantAdvice> advice;
  std::vector<Answer> answers;  ///< what the runtime itself would say of it on this GPU
  std::string server_command;   ///< the runtime's own command for this, empty where it has none
  std::vector<Step> steps;      ///< --explain
  std::vector<Note> notes;      ///< of the model, the weights, the memory and the request
};

struct EstimateReport {
  static constexpr std::string_view command = "estimate";

  bool compact = false;  ///< one line a row rather than a block
  std::vector<Row> rows;
};

struct RankReport {
  static constexpr std::string_view command = "rank";

  Gpu gpu;
  Workload asked;  ///< n_ctx as asked; 0 = each model's trained length
  ReservePolicy reserve;
  std::vector<Row> rows;       ///< what was asked for, sorted; of a table only the shown ones
  std::size_t n_row = 0;       ///< how many were asked for, unless `cut`
  bool cut = false;            ///< smaller models than the last row were not looked at
  std::size_t n_ranked = 0;    ///< models (or model and quantization pairs) that were priced
  std::size_t n_no = 0;        ///< of those, how many do not fit
  bool shows_no = false;       ///< rows that do not fit are among them
  bool whole_catalog = false;  ///< no model was named
  std::vector<Error> skipped;  ///< models of the catalogue that the runtime refuses as asked
};

struct PlanReport {
  static constexpr std::string_view command = "plan";

  std::vector<std::vector<Row>> models;  ///< for each model one row a GPU, smallest memory first
  std::size_t top = 0;
  bool shows_no = false;
};

/// All of them, one model after the other.
std::vector<Row> rows_of(const PlanReport& plan);

struct ShowReport {
  static constexpr std::string_view command = "show";

  struct Entry {
    ModelInfo model;
    Weights weights;
  };
  std::vector<Entry> models;
  bool tensors = false;  ///< each tensor, not the summary
  bool params = false;   ///< parameters by role, not the summary
  bool explain = false;
};

using Cell = std::variant<std::monostate, bool, std::uint64_t, std::string>;

/// A table of facts: what `list` prints, in any format.
struct Grid {
  struct Column {
    std::string key;     ///< in JSON and CSV; empty = for people only
    std::string title;   ///< in tables; empty = machine formats only
    bool right = false;  ///< aligned right
  };
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

struct ListReport {
  static constexpr std::string_view command = "list";

  std::string_view subject;
  Grid grid;
};

struct LogReport {
  static constexpr std::string_view command = "compare-log";

  std::string log;  ///< the file
  Row row;          ///< the configuration that the log tells, priced
  LogComparison comparison;
};

/// An expectation that does not hold.
struct Breach {
  std::string code;  ///< "verdict", "max-bytes", "min-ctx", "min-safe-ctx", "growth"
  std::string message;
};

/// One entry of a catalogue: priced, or an error.
struct CheckedEntry {
  std::string name;
  std::size_t line = 0;
  std::optional<Row> row;
  const Runtime* runtime = nullptr;
  std::optional<Error> error;
  std::vector<Breach> breaches;
  std::optional<Bytes> baseline;  ///< what the device took when the baseline was written

  bool holds() const { return row && breaches.empty(); }
};

/// "holds", "breaks" or "error".
std::string_view status_of(const CheckedEntry& entry);

struct CheckReport {
  static constexpr std::string_view command = "check";

  std::string file;
  std::string baseline_file;  ///< empty = none
  std::vector<CheckedEntry> entries;
  std::vector<std::string> gone;  ///< names of the baseline that the catalogue has not
};

/// Models under every runtime.
struct RuntimesReport {
  static constexpr std::string_view command = "compare";

  struct Line {
    const Runtime* runtime = nullptr;
    std::optional<Row> row;  ///< absent: `error` says why
    std::optional<Error> error;
  };
  struct Entry {
    Model model;
    std::vector<Line> lines;  ///< one a runtime, in the table's order
  };
  std::vector<Entry> models;
};

struct Report {
  std::variant<EstimateReport, RankReport, PlanReport, ShowReport, ListReport, LogReport,
               CheckReport, RuntimesReport>
      body;
  std::vector<Error> errors;  ///< inputs that gave no answer
  const Runtime* runtime = nullptr;
};

std::string_view command_of(const Report& report);

/// Layers or tensors that are alike, counted.
struct LayerCount {
  const Layer* layer = nullptr;  ///< the first of them
  std::uint32_t n_layer = 0;
};
std::vector<LayerCount> count_layers(const ModelInfo& model);

struct TensorGroup {
  TensorRole role = TensorRole::other;
  const TensorType* type = nullptr;
  std::uint64_t n_tensor = 0;
  std::uint64_t n_elements = 0;
  Bytes bytes;
};
std::vector<TensorGroup> group_tensors(const ModelInfo& model, const Weights& weights);

/// "f16": cache types as llama.cpp spells them.
std::string cache_type_name(const TensorType* type);
/// Layers on the device as -ngl counts them: every layer that runs and the output.
std::uint64_t layers_on_device(const ModelInfo& model, const Workload& workload);
/// What automatic flash attention comes to.
bool flash_attention_on(const ModelInfo& model, const Workload& workload);

}  // namespace fitvram::cli
