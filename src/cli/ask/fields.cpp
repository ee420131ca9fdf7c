#include "cli/ask/fields.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"

namespace fitvram::cli {
namespace {

using Field = RequestField;

/// A key and what it sets: a switch, or what an option of the command line sets.
struct Key {
  std::string_view name;
  std::string_view flag;  ///< long name; empty where there is no such option
  bool& (*at)(Options& options) = nullptr;
};

/// In the order in which they are set: kv_type before the types of its two halves, n_seq before
/// n_outputs.
constexpr Key keys[] = {
    {"runtime", "--runtime"},
    {"backend", "--backend"},
    {"gpu", "--gpu"},
    {"gpu_count", ""},
    {"vram", "--vram"},
    {"reserve", "--reserve"},
    {"overhead", "--overhead"},
    {"quant", "--quant"},
    {"params", "--params"},
    {"strict", "--strict", [](Options& o) -> bool& { return o.strict; }},
    {"extend_ctx", "--extend-ctx", [](Options& o) -> bool& { return o.extend_ctx; }},
    {"n_ctx", "--ctx-size"},
    {"n_seq", "--parallel"},
    {"kv_unified", "--kv-unified", [](Options& o) -> bool& { return o.workload.kv_unified; }},
    {"n_ctx_seq", ""},
    {"n_batch", "--batch-size"},
    {"n_ubatch", "--ubatch-size"},
    {"kv_type", "--kv-type"},
    {"cache_type_k", "--cache-type-k"},
    {"cache_type_v", "--cache-type-v"},
    {"flash_attn", "--flash-attn"},
    {"swa_full", "--swa-full", [](Options& o) -> bool& { return o.workload.swa_full; }},
    {"n_gpu_layers", "--gpu-layers"},
    {"offload_kqv", "", [](Options& o) -> bool& { return o.workload.offload_kqv; }},
    {"n_rs_seq", "--rs-seq"},
    {"n_outputs", "--outputs"},
    {"n_tp", "--tensor-parallel-size"},
    {"gpu_memory_utilization", "--gpu-memory-utilization"},
};

std::array<const Flag*, std::size(keys)> find_flags() {
  std::array<const Flag*, std::size(keys)> found{};
  const auto& estimate = *find_command("estimate");
  for (std::size_t i = 0; i < found.size(); ++i)
    for (const auto& flag : flags())
      if (takes(estimate, flag) && long_name(flag) == keys[i].flag) found[i] = &flag;
  return found;
}

const Flag& flag_of(const Key& key) {
  static const auto found = find_flags();
  return *found[static_cast<std::size_t>(&key - keys)];
}

const Field* find(const std::vector<Field>& fields, std::string_view key) {
  const auto last = std::find_if(fields.rbegin(), fields.rend(),
                                 [&](const Field& field) { return field.key == key; });
  return last == fields.rend() ? nullptr : &*last;
}

/// "24G" and "24 GiB", but not "4090", which is a card.
std::optional<Bytes> amount(const Field& field) {
  if (field.text.empty() || field.text.find_first_not_of("0123456789") == std::string::npos)
    return std::nullopt;
  return parse_bytes(field.text);
}

std::optional<FieldProblem> set_gpu(Options& options, const std::vector<Field>& fields) {
  const auto* gpu = find(fields, "gpu");
  const auto* count = find(fields, "gpu_count");
  const auto* vram = find(fields, "vram");
  if (gpu == nullptr && vram != nullptr) options.gpu.clear();
  if (gpu == nullptr)
    return count == nullptr
               ? std::nullopt
               : std::optional(FieldProblem{"gpu_count",
                                            {"says how many cards, but not which",
                                             "\"gpu\": \"RTX 3090\", \"gpu_count\": 2"}});
  if (gpu->kind != Field::Kind::text)
    return FieldProblem{"gpu",
                        {"'" + gpu->text + "' is no card",
                         "its name in quotes; memory is given as \"vram\": \"24G\""}};
  if (vram == nullptr) options.vram.reset();
  const auto memory = amount(*gpu);
  std::uint32_t n = 1;
  if (count != nullptr) {
    const auto& text = count->text;
    const bool digits =
        !text.empty() && text.size() <= 4 && text.find_first_not_of("0123456789") == text.npos;
    n = digits ? static_cast<std::uint32_t>(std::stoul(text)) : 0;
    if (n == 0)
      return FieldProblem{"gpu_count", {"'" + text + "' is not a number of cards", "1, 2 or 8"}};
  }
  if (memory) {
    options.gpu.clear();
    if (vram == nullptr) options.vram = *memory * n;
  } else {
    options.gpu = n == 1 ? gpu->text : formatted("{}x {}", n, gpu->text);
  }
  return std::nullopt;
}

/// A context given for one sequence, as results print it beside n_ctx.
std::optional<Problem> set_context_of_sequence(Options& options, const std::vector<Field>& fields,
                                               const Field& field) {
  if (find(fields, "n_ctx") != nullptr) return std::nullopt;
  const auto n = parse_tokens(field.text);
  if (!n) return Problem{"'" + field.text + "' is not a number of tokens", "8192, 8k or 128k"};
  options.n_ctx = sat_mul(*n, options.workload.kv_unified ? 1 : options.workload.n_seq);
  return std::nullopt;
}

std::optional<Problem> set_field(Options& options, const std::vector<Field>& fields, const Key& key,
                                 const Field& field) {
  if (key.name == "gpu" || key.name == "gpu_count") return std::nullopt;
  if (key.name == "n_ctx_seq") return set_context_of_sequence(options, fields, field);
  if (key.at != nullptr) {
    if (field.kind != Field::Kind::boolean)
      return Problem{"must be true or false, not '" + field.text + "'", {}};
    key.at(options) = field.text == "true";
    return std::nullopt;
  }
  if (field.kind != Field::Kind::boolean) return flag_of(key).set(options, field.text);
  if (key.name != "flash_attn") return Problem{"must be a number or text, not " + field.text, {}};
  return flag_of(key).set(options, field.text == "true" ? "on" : "off");
}

}  // namespace

std::vector<std::string_view> request_keys() {
  std::vector<std::string_view> names;
  for (const auto& key : keys) names.push_back(key.name);
  return names;
}

bool is_request_key(std::string_view key) {
  return std::any_of(std::begin(keys), std::end(keys), [&](const Key& k) { return k.name == key; });
}

std::optional<FieldProblem> apply(const std::vector<Field>& fields, Options& options) {
  for (const auto& key : keys) {
    const auto* field = find(fields, key.name);
    if (field == nullptr) continue;
    if (auto problem = set_field(options, fields, key, *field))
      return FieldProblem{std::string(key.name), std::move(*problem)};
    if (!key.flag.empty()) options.given.emplace_back(flag_of(key).names, field->text);
  }
  return set_gpu(options, fields);
}

}  // namespace fitvram::cli
