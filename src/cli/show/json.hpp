#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

// Keys stand in the order in which they are written there.
using Json = nlohmann::ordered_json;

inline constexpr int schema_version = 1;

Json error_json(const Error& error);
/// One result of --json.
Json result_json(const Row& row, const Runtime& runtime);
/// What --json prints of a report.
Json document(const Report& report);

/// `json` as text, its levels indented by `indent` blanks; -1: on one line.
std::string text_of(const Json& json, int indent);

std::string render_json(const Report& report, const Style& style);

}  // namespace fitvram::cli
