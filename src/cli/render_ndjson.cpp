#include "cli/render_result.hpp"

namespace fitvram::cli {
namespace {

std::string line_of(const Json& json) { return text_of(json, -1); }

Json opened(std::string_view command) {
  return {{"schema_version", schema_version}, {"command", command}};
}

Json answer_to(std::size_t line, const std::string& id) {
  auto json = opened("estimate");
  json["line"] = line;
  if (!id.empty()) json["id"] = Json::parse(id);
  return json;
}

}  // namespace

std::string render_answer(std::size_t line, const std::string& id, const Row& row,
                          const Runtime& runtime) {
  auto json = answer_to(line, id);
  json.update(result_json(row, runtime));
  return line_of(json);
}

std::string render_refusal(std::size_t line, const std::string& id, const Error& error) {
  auto json = answer_to(line, id);
  json["error"] = json_of(error);
  return line_of(json);
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
  if (std::holds_alternative<CompareReport>(report.body)) out += line_of(whole);
  for (const auto& error : errors) add({{"error", error}});
  return out;
}

std::string render_baseline(const Baseline& baseline) {
  auto entries = Json::object();
  for (const auto& entry : baseline.entries)
    entries[entry.name] = {{"device_bytes", entry.device.count}};
  const Json json = {{"schema_version", schema_version}, {"entries", std::move(entries)}};
  return text_of(json, 2);
}

}  // namespace fitvram::cli
