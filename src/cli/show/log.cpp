#include "cli/show/log.hpp"

#include <algorithm>

#include "cli/base/formatted.hpp"
#include "cli/show/estimate.hpp"
#include "cli/show/words.hpp"

namespace fitvram::cli {
namespace {

std::string estimate_cell(const ComparedLine& line) {
  if (!line.estimate) return "-";
  if (line.unit == ComparedLine::Unit::cells) return std::to_string(*line.estimate);
  return formatted("{:.2f}", static_cast<double>(*line.estimate) / static_cast<double>(MiB.count));
}

std::string log_cell(const ComparedLine& line) {
  if (line.unit == ComparedLine::Unit::cells) return std::to_string(line.log_cells.value_or(0));
  return line.log ? mib(static_cast<std::int64_t>(line.log->centi_mib)) : "-";
}

std::string difference_cell(const ComparedLine& line) {
  const auto apart = difference(line);
  if (!apart) return "-";
  const auto text = line.unit == ComparedLine::Unit::cells ? std::to_string(*apart) : mib(*apart);
  return *apart > 0 ? "+" + text : text;
}

std::string remark_cell(const ComparedLine& line) {
  if (!line.remark.empty()) return line.remark;
  if (!line.estimate) return "not estimated";
  if (line.provenance != Provenance::exact) return name_of(line.provenance);
  return "";
}

}  // namespace

Sheet sheet_of_log(const LogComparison& comparison) {
  Sheet sheet{
      {{"FIGURE, MiB"}, {"LOG", true}, {"FITVRAM", true}, {"DIFFERENCE", true}, {"", false}}, {}};
  for (const auto& line : comparison.lines)
    sheet.rows.push_back({line.figure, log_cell(line), estimate_cell(line), difference_cell(line),
                          remark_cell(line)});
  return sheet;
}

std::string log_block(const LogReport& body, const Runtime& runtime, const Style& style) {
  const auto& lines = body.comparison.lines;
  std::string out =
      heading(body.row, runtime) + aligned(sheet_of_log(body.comparison), style.width);
  const auto decide = std::count_if(lines.begin(), lines.end(),
                                    [](const ComparedLine& line) { return line.decides; });
  const auto differ = std::count_if(lines.begin(), lines.end(), [](const ComparedLine& line) {
    return line.decides && !line.equal;
  });
  if (decide == 0) return out + "\nno figure of model or context is in both\n";
  if (differ == 0) return out + "\nmodel and context are the same, as far as the log shows\n";
  return out + formatted("\n{} of {} figures of model and context differ\n", differ, decide);
}

}  // namespace fitvram::cli
