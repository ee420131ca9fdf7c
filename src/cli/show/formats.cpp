#include "cli/show/formats.hpp"

#include <algorithm>

#include "cli/show/check.hpp"
#include "cli/show/csv.hpp"
#include "cli/show/json.hpp"
#include "cli/show/markdown.hpp"
#include "cli/show/ndjson.hpp"
#include "cli/show/table.hpp"

namespace fitvram::cli {
namespace {

constexpr Format format_table[] = {
    {.name = "table", .render = render_table, .only_top = true},
    {.name = "json", .render = render_json, .carries_notes = true},
    {.name = "ndjson", .render = render_ndjson, .carries_notes = true},
    {.name = "csv", .render = render_csv},
    {.name = "markdown", .render = render_markdown},
    {.name = "junit", .render = render_junit, .only_check = true},
    {.name = "github", .render = render_github, .only_check = true},
};

}  // namespace

std::span<const Format> formats() { return format_table; }

const Format* find_format(std::string_view name) {
  const auto* const at = std::ranges::find(format_table, name, &Format::name);
  return at == std::end(format_table) ? nullptr : at;
}

}  // namespace fitvram::cli
