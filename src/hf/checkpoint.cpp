#include "hf/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "fitvram/quantize.hpp"

namespace fitvram {
namespace {

void warn(ModelInfo& model, std::string code, std::string message) {
  model.notes.push_back({Severity::warning, std::move(code), std::move(message)});
}

std::uint64_t elements(const Checkpoint::Entry& entry) {
  std::uint64_t n = 1;
  for (const auto dim : entry.shape) n = sat_mul(n, dim);
  return n;
}

bool is_side_data(std::string_view name) {
  constexpr std::array<std::string_view, 16> ends{
      ".scales",           ".biases",        ".qzeros",       ".g_idx",     ".SCB",     ".absmax",
      ".quant_map",        ".nested_absmax", "_scale",        "_scale_inv", "_scale_2", "_scales",
      ".nested_quant_map", ".weight_format", ".weight_shape", ".inv_freq"};
  return name.find(".quant_state.") != std::string_view::npos ||
         std::any_of(ends.begin(), ends.end(), [&](auto end) { return name.ends_with(end); });
}

bool is_float(std::string_view dtype) {
  return dtype == "BF16" || dtype == "F16" || dtype == "F32" || dtype.starts_with("F8_");
}

// Parameters of a checkpoint, 0 when they cannot be counted: an index only states bytes, and
// integers tell nothing where their packing is not known.
std::uint64_t parameters(const Checkpoint& checkpoint, const ModelInfo& model) {
  if (checkpoint.n_params != 0 && model.packings.empty()) return checkpoint.n_params;
  if (!checkpoint.from_headers) {
    if (model.quant == "F32") return checkpoint.total.count / 4;
    return model.quant == "BF16" || model.quant == "F16" ? checkpoint.total.count / 2 : 0;
  }
  const std::uint32_t bits = model.packings.empty() ? 0 : model.packings.back().millibits / 1000;
  std::uint64_t n = 0;
  for (const auto& entry : checkpoint.tensors) {
    if (is_side_data(entry.name)) continue;
    if (!is_float(entry.dtype) && bits == 0) return 0;
    n = sat_add(n, is_float(entry.dtype) ? elements(entry) : sat_mul(entry.bytes.count, 8) / bits);
  }
  return n;
}

// Next-token-prediction layers included, as a checkpoint holds them.
std::uint64_t all_params(const ModelInfo& model) {
  if (model.tensors.empty()) return model.n_params;
  std::uint64_t n = 0;
  for (const auto& tensor : model.tensors)
    if (tensor.role != TensorRole::rope) n = sat_add(n, n_elements(tensor));
  return n;
}

bool far_apart(std::uint64_t a, std::uint64_t b) {
  return (a > b ? a - b : b - a) > std::max(a, b) / 200;
}

void compare_size(const HfReader& reader, const Checkpoint& checkpoint, ModelInfo& model) {
  const Bytes described = model.tensors.empty() ? Bytes{} : checkpoint_size(model);
  model.checkpoint_bytes = checkpoint.total;
  const std::uint64_t n = parameters(checkpoint, model);
  if (model.n_params == 0) {
    model.n_params = n;
    if (n != 0) model.params = Provenance::exact;
    return;
  }
  const bool towers = reader.has("vision_config audio_config vision_tower mm_vision_tower");
  if (towers && model.n_params_mmproj == 0) return;
  const std::uint64_t expected = sat_add(all_params(model), model.n_params_mmproj);
  if (n != 0 && far_apart(n, expected) && far_apart(n, model.n_params)) {
    warn(model, "parameter-count",
         "the checkpoint holds " + format_count(n) + " parameters, the config gives " +
             format_count(expected));
  } else if (n == 0 && !model.packings.empty() &&
             far_apart(checkpoint.total.count, described.count)) {
    warn(model, "checkpoint-size",
         "the checkpoint holds " + format_bytes(checkpoint.total) + ", the config gives " +
             format_bytes(described));
  }
}

bool of_tower(std::string_view name) {
  constexpr std::array<std::string_view, 8> parts{"vision", "visual",  "audio", "vit.",
                                                  "mtp",    "encoder", "tower", "mm_"};
  return std::any_of(parts.begin(), parts.end(),
                     [&](auto part) { return name.find(part) != std::string_view::npos; });
}

// "model.layers.12.mlp.up_proj.weight" -> 12.
std::optional<std::uint32_t> layer_of(std::string_view name) {
  for (const std::string_view part : {".layers.", ".h.", ".blocks.", ".layer."}) {
    const auto at = name.find(part);
    if (at == std::string_view::npos) continue;
    std::uint32_t layer = 0;
    const char* from = name.data() + at + part.size();
    const auto [stop, error] = std::from_chars(from, name.data() + name.size(), layer);
    if (error == std::errc() && stop != from && layer < 65536) return layer;
  }
  return std::nullopt;
}

void compare_layers(const HfReader& reader, const Checkpoint& checkpoint, ModelInfo& model) {
  std::uint32_t n_layer = 0;
  for (const auto& entry : checkpoint.tensors)
    if (!of_tower(entry.name)) n_layer = std::max(n_layer, layer_of(entry.name).value_or(0) + 1);
  const std::uint32_t all = model.hparams.n_layer.value_or(0);
  const std::uint32_t least = all - std::min(all, model.hparams.n_layer_nextn.value_or(0));
  const std::uint32_t most =
      std::max(all, least + reader.count_or("num_nextn_predict_layers mtp_num_hidden_layers", 0));
  if (n_layer <= 1 || model.hparams.n_layer_per_stack || (n_layer >= least && n_layer <= most))
    return;
  warn(model, "checkpoint-layers",
       "the checkpoint holds " + std::to_string(n_layer) + " layers, the config says " +
           std::to_string(least));
}

void compare_embedding(const Checkpoint& checkpoint, ModelInfo& model) {
  constexpr std::array<std::string_view, 5> names{"embed_tokens.weight", "wte.weight",
                                                  "word_embeddings.weight", "embed_in.weight",
                                                  "tok_embeddings.weight"};
  const Hparams& h = model.hparams;
  if (!h.n_embd || !h.n_vocab) return;
  for (const auto& entry : checkpoint.tensors) {
    const bool named = std::any_of(names.begin(), names.end(),
                                   [&](auto name) { return entry.name.ends_with(name); });
    if (!named || of_tower(entry.name) || entry.shape.size() != 2 || !is_float(entry.dtype))
      continue;
    const std::uint64_t n_vocab = std::uint64_t{*h.n_vocab} + h.n_vocab_extra.value_or(0);
    if (entry.shape[0] == n_vocab && entry.shape[1] == *h.n_embd) return;
    return warn(model, "checkpoint-shape",
                "the checkpoint's " + entry.name + " is " + std::to_string(entry.shape[0]) + " x " +
                    std::to_string(entry.shape[1]) + ", the config gives " +
                    std::to_string(n_vocab) + " x " + std::to_string(*h.n_embd));
  }
}

void compare_type(const Checkpoint& checkpoint, ModelInfo& model) {
  if (!model.packings.empty() ||
      (model.quant != "BF16" && model.quant != "F16" && model.quant != "F32"))
    return;
  std::map<std::string, Bytes> bytes;
  for (const auto& entry : checkpoint.tensors) bytes[entry.dtype] += entry.bytes;
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most == bytes.end() || most->first == model.quant) return;
  warn(model, "checkpoint-type",
       "most of the checkpoint is " + most->first + ", the config says " + model.quant);
}

std::string first_names(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, names.size()); ++i)
    text += (i == 0 ? "" : ", ") + names[i].substr(0, 80);
  return names.size() > 3 ? text + ", ..." : text;
}

std::string tensors(std::size_t n) { return std::to_string(n) + (n == 1 ? " tensor" : " tensors"); }

}  // namespace

void compare(const HfReader& reader, const Checkpoint& checkpoint, ModelInfo& model) {
  compare_size(reader, checkpoint, model);
  if (!checkpoint.from_headers) return;
  compare_layers(reader, checkpoint, model);
  compare_embedding(checkpoint, model);
  compare_type(checkpoint, model);
}

std::vector<Note> disagreements(const Checkpoint& index, const Checkpoint& files) {
  std::vector<std::string> listed = index.indexed, held, gone, extra;
  for (const auto& entry : files.tensors) held.push_back(entry.name);
  std::sort(listed.begin(), listed.end());
  std::sort(held.begin(), held.end());
  std::set_difference(listed.begin(), listed.end(), held.begin(), held.end(),
                      std::back_inserter(gone));
  std::set_difference(held.begin(), held.end(), listed.begin(), listed.end(),
                      std::back_inserter(extra));
  std::vector<Note> notes;
  const auto add = [&](std::string message) {
    notes.push_back({Severity::warning, "index-disagrees", std::move(message)});
  };
  if (!gone.empty())
    add("the index lists " + tensors(gone.size()) + " that no file holds: " + first_names(gone));
  if (!extra.empty())
    add("the files hold " + tensors(extra.size()) +
        " that the index does not list: " + first_names(extra));
  if (index.total > Bytes{} && index.total != files.total)
    add("the index states " + format_bytes(index.total) + " (" + std::to_string(index.total.count) +
        " bytes), the files hold " + std::to_string(files.total.count) + " bytes");
  return notes;
}

}  // namespace fitvram
