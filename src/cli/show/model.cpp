#include "cli/show/model.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "fitvram/params.hpp"

namespace fitvram::cli {
namespace {

std::string share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "";
  const std::uint64_t tenths = part / (whole / 1000 + (whole < 1000 ? 1 : 0));
  return formatted("{}.{} %", tenths / 10, tenths % 10);
}

void line(Sheet& sheet, const std::string& word, std::uint64_t n, const ParamCount& count) {
  if (n != 0) sheet.rows.push_back({word, std::to_string(n), share(n, count.n_params), ""});
}

}  // namespace

std::string shape_of(const Tensor& tensor) {
  std::size_t n = tensor.ne.size();
  while (n > 1 && tensor.ne[n - 1] == 1) --n;
  std::string text = std::to_string(tensor.ne[0]);
  for (std::size_t i = 1; i < n; ++i) text += " x " + std::to_string(tensor.ne[i]);
  return text;
}

std::string params_block(const ShowReport::Entry& entry, bool explain, const Style& style) {
  const ParamCount count = count_params(entry.model);
  Sheet sheet{{{"PARAMETERS"}, {"VALUES", true}, {"SHARE", true}, {"ACTIVE PER TOKEN", true}}, {}};
  for (const auto& role : count.roles) {
    sheet.rows.push_back({name_of(role.role), std::to_string(role.n_params),
                          share(role.n_params, count.n_params), std::to_string(role.n_active)});
    if (!explain) continue;
    for (const auto& term : role.terms)
      sheet.rows.push_back({formatted("  {} = {}", printable(term.name), term.formula),
                            std::to_string(term.n_params), "", ""});
  }
  sheet.rows.push_back({"total", std::to_string(count.n_params), "",
                        count.roles.empty() ? "" : std::to_string(count.n_active)});
  line(sheet, "of those, embeddings", count.n_embedding, count);
  line(sheet, "beside them, next-token-prediction layers", count.n_nextn, count);
  line(sheet, "beside them, vision and audio towers", count.n_mmproj, count);
  return printable(entry.model.name) + "\n\n" +
         layout(sheet, std::max<std::size_t>(style.width, 100));
}

Sheet sheet_of_tensors(const ShowReport::Entry& entry) {
  Sheet sheet{{{"TENSOR"}, {"SHAPE", true}, {"TYPE"}, {"BYTES", true}, {"LAYER", true}, {"ROLE"}},
              {}};
  const bool typed = entry.weights.types.size() == entry.model.tensors.size();
  for (std::size_t i = 0; i < entry.model.tensors.size(); ++i) {
    const Tensor& tensor = entry.model.tensors[i];
    const TensorType* type = typed ? entry.weights.types[i] : tensor.type;
    sheet.rows.push_back(
        {full_name(tensor), shape_of(tensor), type == nullptr ? "" : std::string(type->name),
         type == nullptr ? "" : std::to_string(tensor_bytes(tensor, *type).count),
         tensor.layer < 0 ? "" : std::to_string(tensor.layer), name_of(tensor.role)});
  }
  return sheet;
}

std::string tensors_block(const ShowReport::Entry& entry, const Style& style) {
  const Sheet sheet = sheet_of_tensors(entry);
  std::string out = printable(entry.model.name) + "\n\n";
  if (sheet.rows.empty()) return out + "  no tensor list: only a total is known\n";
  return out + layout(sheet, std::max<std::size_t>(style.width, 100));
}

}  // namespace fitvram::cli
