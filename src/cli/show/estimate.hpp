#pragma once
#include <string>

#include "cli/show/sheet.hpp"

namespace fitvram::cli {

/// Name, shape and request of a row: the lines above its figures.
std::string heading(const Row& row, const Runtime& runtime);
/// One row of `estimate` in full: its parts, verdict, contexts and formulas.
std::string estimate_block(const Row& row, const Runtime& runtime, const Style& style);
/// One model of `show`: facts, layers by cache, tensors by role and type.
std::string show_block(const ShowReport::Entry& entry, const Style& style);

/// One model under every runtime, a line each.
std::string runtimes_block(const RuntimesReport::Entry& entry, const Style& style);

/// A log beside the estimate: heading, one line a figure, and what it comes to.
std::string comparison_block(const CompareReport& body, const Runtime& runtime, const Style& style);

}  // namespace fitvram::cli
