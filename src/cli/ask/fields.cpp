#include "cli/ask/fields.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/flags/table.hpp"

namespace fitvram::cli {
namespace {

using Field = RequestField;

/// A key; `flag` sets what it stands for.
struct Key {
  std::string_view name;
  int place = 0;
  const Flag* flag = nullptr;  ///< none: read with the keys that it says more of
};

/// Keys that no option stands behind: how many of the GPU, and results' own word for a context.
constexpr Key own_keys[] = {{"gpu_count", 4}, {"n_ctx_seq", 16}};

/// In the order in which they are set.
std::vector<Key> sorted_keys() {
  std::vector<Key> keys(std::begin(own_keys), std::end(own_keys));
  for (const auto& flag : flags())
    if (!flag.key.name.empty()) keys.push_back({flag.key.name, flag.key.place, &flag});
  std::ranges::sort(keys, {}, &Key::place);
  return keys;
}

const std::vector<Key>& keys() {
  static const auto sorted = sorted_keys();
  return sorted;
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

/// What stands for the field on a command line; a switch is true or false there, too.
std::optional<Problem> set_flag(Options& options, const Flag& flag, const Field& field) {
  const bool boolean = field.kind == Field::Kind::boolean;
  const bool yes = field.text == "true";
  if (flag.value.empty()) {
    if (!boolean) return Problem{"must be true or false, not '" + field.text + "'", {}};
    return flag.set(options, yes != flag.key.negated ? "true" : "false");
  }
  if (!boolean) return flag.set(options, field.text);
  if (!has_word(flag.values, "on"))
    return Problem{"must be a number or text, not " + field.text, {}};
  return flag.set(options, yes ? "on" : "off");
}

std::optional<Problem> set_field(Options& options, const std::vector<Field>& fields, const Key& key,
                                 const Field& field) {
  if (key.name == "gpu" || key.name == "gpu_count") return std::nullopt;
  if (key.name == "n_ctx_seq") return set_context_of_sequence(options, fields, field);
  return set_flag(options, *key.flag, field);
}

}  // namespace

std::vector<std::string_view> request_keys() {
  std::vector<std::string_view> names;
  for (const auto& key : keys()) names.push_back(key.name);
  return names;
}

bool is_request_key(std::string_view key) {
  return std::ranges::find(keys(), key, &Key::name) != keys().end();
}

std::optional<FieldProblem> apply(const std::vector<Field>& fields, Options& options) {
  for (const auto& key : keys()) {
    const auto* field = find(fields, key.name);
    if (field == nullptr) continue;
    if (auto problem = set_field(options, fields, key, *field))
      return FieldProblem{std::string(key.name), std::move(*problem)};
    if (key.flag != nullptr) options.given.emplace_back(key.flag->names, field->text);
  }
  return set_gpu(options, fields);
}

}  // namespace fitvram::cli
