#pragma once
#include "cli/base/io.hpp"
#include "cli/base/options.hpp"
#include "cli/base/report.hpp"

namespace fitvram::cli {

/// Reads the inputs and answers. An Error is a wrong command line (an unknown GPU, a request that
/// contradicts itself) or a table file that cannot be read; a MODEL that fails is in
/// Report::errors, and the others still answer.
Result<Report> answer(Io& io, const Options& options);

/// True unless an input gave no answer: a MODEL, an entry of a catalogue.
bool answers_all(const Report& report);

/// True unless what was asked to fit does not: a model of `estimate` (with --all-quants: in every
/// form), every model of `rank`, a model of `plan` on every GPU, an entry of
/// `check` as it is expected to.
bool fits(const Report& report);

}  // namespace fitvram::cli
