#pragma once
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// "gpus", "models", ... as `list` spells its subjects.
std::string_view name_of(Subject subject);
std::optional<Subject> find_subject(std::string_view name);

/// The architecture table: rules in words.
Grid architecture_grid();

/// The rows of one table, those that contain the filter's text.
Result<Report> run_list(Io& io, const Options& options);

}  // namespace fitvram::cli
