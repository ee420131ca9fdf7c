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

std::string head_shape(const CacheSlot& slot) {
  const auto& s = slot.shape;
  if (s.dim_v == 0) return formatted("{} x {}", s.n_head_kv, s.dim_k);
  return formatted("{} x ({}+{})", s.n_head_kv, s.dim_k, s.dim_v);
}

void fact(std::string& out, const char* label, const std::string& value) {
  if (!value.empty()) out += formatted("  {:<13} {}\n", label, value);
}

std::string indented(const std::string& text) {
  std::string out;
  std::size_t from = 0;
  while (from < text.size()) {
    const auto end = text.find('\n', from);
    out += "  " + text.substr(from, end - from) + "\n";
    from = end + 1;
  }
  return out;
}

}  // namespace

std::string show_block(const ShowReport::Entry& entry, const Style& style) {
  const auto& model = entry.model;
  const auto& h = model.hparams;
  std::string out = printable(model.name) + "\n";
  fact(out, "source", printable(model.source));
  fact(out, "format", name_of(model.format));
  fact(out, "architecture",
       printable(model.architecture) +
           (model.known_architecture ? "" : " (not known: cache assumed)"));
  if (model.n_params != 0)
    fact(out, "parameters",
         formatted("{} ({}, {})", format_count(model.n_params), model.n_params,
                   name_of(model.params)));
  if (model.n_params_mmproj != 0)
    fact(out, "towers",
         formatted("{} ({}) more for images and sound, not counted below",
                   format_count(model.n_params_mmproj), model.n_params_mmproj));
  fact(out, "layers", std::to_string(model.n_layer));
  if (h.n_embd) fact(out, "embedding", std::to_string(*h.n_embd));
  if (h.n_vocab) fact(out, "vocabulary", std::to_string(*h.n_vocab));
  if (h.n_expert.value_or(0) != 0)
    fact(out, "experts", formatted("{}, {} used", *h.n_expert, h.n_expert_used.max()));
  if (model.n_ctx_train != 0) fact(out, "trained for", formatted("{} tokens", model.n_ctx_train));
  fact(out, "weights", printable(entry.weights.quant));
  const Bytes checkpoint = model.format == ModelFormat::gguf ? Bytes{} : checkpoint_size(model);
  if (checkpoint > Bytes{})
    fact(out, "checkpoint", formatted("{} ({} bytes)", format_bytes(checkpoint), checkpoint.count));

  Sheet layers{
      {{"LAYERS", true}, {"KIND"}, {"CACHE"}, {"GROWTH"}, {"SPAN", true}, {"HEADS x VALUES", true}},
      {}};
  for (const auto& group : count_layers(model)) {
    const auto n = std::to_string(group.n_layer);
    const std::string kind = name_of(group.layer->kind);
    if (group.layer->caches.empty()) layers.rows.push_back({n, kind, "none", "", "", ""});
    bool first = true;
    for (const auto& slot : group.layer->caches) {
      layers.rows.push_back({first ? n : "", first ? kind : "", name_of(slot.role),
                             name_of(slot.growth), slot.span == 0 ? "" : std::to_string(slot.span),
                             head_shape(slot)});
      first = false;
    }
  }
  if (!layers.rows.empty()) out += "\n" + indented(aligned(layers, style.width - 2));

  Sheet tensors{{{"TENSORS", true}, {"ROLE"}, {"TYPE"}, {"VALUES", true}, {"SIZE", true}}, {}};
  for (const auto& group : group_tensors(model, entry.weights))
    tensors.rows.push_back({std::to_string(group.n_tensor), name_of(group.role),
                            group.type == nullptr ? "" : std::string(group.type->name),
                            format_count(group.n_elements), format_bytes(group.bytes)});
  if (!tensors.rows.empty()) out += "\n" + indented(aligned(tensors, style.width - 2));
  return out;
}

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
         aligned(sheet, std::max<std::size_t>(style.width, 100));
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
  return out + aligned(sheet, std::max<std::size_t>(style.width, 100));
}

}  // namespace fitvram::cli
