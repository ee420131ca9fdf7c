#include "cli/show/ndjson.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/show/json.hpp"

namespace fitvram::cli {
namespace {

std::string line_of(const Json& json) { return text_of(json, -1); }

Json opened(std::string_view command) {
  return {{"schema_version", schema_version}, {"command", command}};
}

/// An id as every other text is written; most are plain.
std::string id_text(const std::string& id) {
  if (std::all_of(id.begin(), id.end(), [](char c) { return c >= ' ' && c <= '~'; })) return id;
  auto line = line_of(Json::parse(id));
  line.pop_back();
  return line;
}

}  // namespace

void add_answer(std::string& out, std::size_t line, const std::string& id,
                std::string_view result) {
  out += "{\"schema_version\":";
  out += std::to_string(schema_version);
  out += R"(,"command":"estimate","line":)";
  out += std::to_string(line);
  if (!id.empty()) out.append(R"(,"id":)").append(id_text(id));
  out.append(",").append(result.substr(1));
}

std::string render_result(const Row& row, const Runtime& runtime) {
  return line_of(result_json(row, runtime));
}

void add_refusal(std::string& out, std::size_t line, const std::string& id, const Error& error) {
  add_answer(out, line, id, line_of({{"error", error_json(error)}}));
}

std::string render_ndjson(const Report& report, const Style&) {
  auto whole = document(report);
  const auto errors = std::move(whole["errors"]);
  whole.erase("errors");
  std::string out;
  const auto add = [&](const Json& item) {
    auto json = opened(command_of(report));
    if (whole.contains("subject")) json["subject"] = whole["subject"];
    json.update(item);
    out += line_of(json);
  };
  for (const auto* const key : {"results", "models", "items", "entries"})
    if (whole.contains(key))
      for (const auto& item : whole[key]) add(item);
  if (std::holds_alternative<LogReport>(report.body)) out += line_of(whole);
  for (const auto& error : errors) add({{"error", error}});
  return out;
}

}  // namespace fitvram::cli
