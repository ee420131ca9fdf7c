#include "cli/answer/baseline.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/ask/request.hpp"
#include "cli/show/json.hpp"

namespace fitvram::cli {
namespace {

using Sorted = nlohmann::json;

}  // namespace

const Baseline::Entry* Baseline::find(std::string_view name) const {
  const auto at =
      std::lower_bound(entries.begin(), entries.end(), name,
                       [](const Entry& entry, std::string_view n) { return entry.name < n; });
  return at == entries.end() || at->name != name ? nullptr : &*at;
}

Result<Baseline> parse_baseline(std::string_view text, const std::string& file) try {
  const std::string hint = "write it with --write-baseline";
  const auto json = Sorted::parse(text);
  if (!json.is_object() || !json.contains("entries") || !json["entries"].is_object())
    return Error{ErrorCode::malformed, file, "is not a baseline", hint};
  if (json.value("schema_version", schema_version) != schema_version)
    return Error{ErrorCode::unsupported, file, "is a baseline of another version", hint};
  Baseline baseline;
  for (const auto& [name, entry] : json["entries"].items()) {
    if (!entry.is_object() || !entry.contains("device_bytes") ||
        !entry["device_bytes"].is_number_unsigned())
      return Error{ErrorCode::malformed, file + ": /entries/" + printable(name),
                   "has no 'device_bytes'", hint};
    baseline.entries.push_back({name, Bytes{entry["device_bytes"].get<std::uint64_t>()}});
  }
  return baseline;
} catch (const Sorted::parse_error& e) {
  return not_json({text, 1}, file, e.byte);
} catch (const Sorted::exception&) {
  return Error{ErrorCode::malformed, file, "is not a baseline", "write it with --write-baseline"};
} catch (const std::bad_alloc&) {
  return Error{ErrorCode::limit, file, "needs more memory than there is", ""};
}

std::string render_baseline(const Baseline& baseline) {
  auto entries = Json::object();
  for (const auto& entry : baseline.entries)
    entries[entry.name] = {{"device_bytes", entry.device.count}};
  const Json json = {{"schema_version", schema_version}, {"entries", std::move(entries)}};
  return text_of(json, 2);
}

}  // namespace fitvram::cli
