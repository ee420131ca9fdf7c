#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/show/sheet.hpp"

namespace fitvram::cli {

// The objects that JSON and NDJSON share. Keys stand in the order in which they are written here.
using Json = nlohmann::ordered_json;

inline constexpr int schema_version = 1;

Json json_of(const std::vector<Note>& notes);
Json json_of(const ModelInfo& model);
Json json_of(const Error& error);
Json errors_json(const std::vector<Error>& errors);
Json workload_json(const Row& row);
Json result_json(const Row& row, const Runtime& runtime);

/// `json` as text, its levels indented by `indent` blanks; -1: on one line.
std::string text_of(const Json& json, int indent);

/// What --json prints of a report.
Json document(const Report& report);

}  // namespace fitvram::cli
