#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "fitvram/fit.hpp"

namespace fitvram::cli {

enum class Command { rank, estimate, show, plan, compare, check, list, compare_log };
enum class Color { automatic, always, never };
enum class SortKey { params, total, free, ctx, verdict, name };
enum class Subject { gpus, models, runtimes, architectures, cache_types, quants };

/// Growth that a baseline allows: a share and an amount.
struct Tolerance {
  std::uint64_t hundredths_of_percent = 0;
  Bytes bytes;
};

/// A parsed command line: what was asked, before any file is read.
struct Options {
  Command command = Command::estimate;
  std::vector<std::string> models;  ///< MODEL words

  std::optional<std::uint64_t> n_ctx;  ///< -c; 0 = the trained length
  bool extend_ctx = false;
  Workload workload;  ///< everything but n_ctx and backend

  const Runtime* runtime = nullptr;
  const Backend* backend = nullptr;  ///< nullptr: what the GPU uses
  std::string gpu;                   ///< empty: none named
  std::optional<Bytes> vram;
  ReservePolicy reserve;

  const Scheme* quant = nullptr;  ///< nullptr: chosen, or as stored
  bool all_quants = false;
  std::optional<std::uint64_t> params;  ///< a model of which only the count is known
  std::string name;                     ///< its name

  bool all = false;
  bool fits_only = false;
  SortKey sort = SortKey::params;
  std::uint64_t top = 25;  ///< rows of a table, 0 = all
  std::uint64_t min_ctx = 0;
  std::string filter;

  Subject subject = Subject::gpus;  ///< of list
  bool show_tensors = false;
  bool show_params = false;

  std::string batch;     ///< --batch: the file of requests
  std::string checks;    ///< CATALOG of check
  std::string baseline;  ///< --baseline
  bool write_baseline = false;
  Tolerance tolerance;

  std::string log;        ///< FILE of compare-log
  std::string log_model;  ///< --model: what the log's program loaded; empty = as the log says
  /// Options as given, for settings that a log states and the command line overrides.
  std::vector<std::pair<std::string_view, std::string>> given;

  bool gave(std::string_view flag) const {
    return std::any_of(given.begin(), given.end(),
                       [&](const auto& option) { return has_word(option.first, flag); });
  }

  std::vector<std::string> catalogs;  ///< files added to the embedded catalogue
  std::vector<std::string> gpu_files;
  bool only_catalog = false;  ///< without the embedded one
  bool only_gpus = false;

  std::string format = "table";
  Color color = Color::automatic;
  bool strict = false;
  bool explain = false;

  std::optional<Bytes> file_size;  ///< of a file whose types are not known
  std::string file_quant;          ///< what such a file is called, where that is no scheme
};

}  // namespace fitvram::cli
