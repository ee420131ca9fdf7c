#include "cli/flags/values.hpp"

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/show/formats.hpp"
#include "fitvram/quantize.hpp"

namespace fitvram::cli {
namespace {

bool is_number(const std::string& value) {
  return !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
}

constexpr const char* sizes = "24G, 24GiB, 512M; a bare number up to 4096 is GiB";

Problem not_a_size(const std::string& value) {
  const std::string small = lower_case(value);
  const bool peta =
      small.find_first_of("pe") != std::string::npos && small.find_first_of("0123456789") == 0;
  return {formatted("'{}' is not an amount of memory{}", value,
                    peta ? ": the units are K, M, G and T" : ""),
          sizes};
}

/// What a bare number of this many bytes can be taken for: nvidia-smi prints MiB.
constexpr std::uint64_t largest_bare_mib = std::uint64_t{1} << 28;
constexpr Bytes most_memory = 1024 * 1024 * GiB;

/// `bytes` of the text `value`, or what speaks against it.
Set set_memory(std::optional<Bytes>& to, const std::string& value) {
  const auto bytes = parse_bytes(value);
  if (!bytes) return not_a_size(value);
  if (is_number(value) && bytes->count > 4096 && bytes->count <= largest_bare_mib)
    return Problem{formatted("'{0}' may be {0} MiB or {0} bytes", value),
                   formatted("{0}M is {1}, {0}B is {2}", value, format_bytes(bytes->count * MiB),
                             format_bytes(*bytes))};
  if (*bytes > most_memory)
    return Problem{formatted("'{}' is more memory than any machine has", value), sizes};
  to = bytes;
  return {};
}

/// "1.5%" in hundredths of a percent.
std::optional<std::uint64_t> parse_percent(std::string text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.pop_back();
  const auto dot = text.find('.');
  std::string fraction = dot == std::string::npos ? "" : text.substr(dot + 1);
  if (fraction.size() > 2 || (dot != std::string::npos && fraction.empty())) return std::nullopt;
  fraction.resize(2, '0');
  std::uint64_t n = 0;
  if (set_number(n, text.substr(0, dot) + fraction, std::uint64_t{0})) return std::nullopt;
  return n;
}

}  // namespace

Problem not_a_number(const std::string& value, std::uint64_t least, std::uint64_t most) {
  std::uint64_t n = UINT64_MAX;
  std::from_chars(value.data(), value.data() + value.size(), n);
  if (is_number(value) && n > most)
    return {formatted("'{}' is too large", value), formatted("{} at most", most)};
  return {
      formatted("'{}' is not a number{}", value, least == 0 ? "" : formatted(" from {} up", least)),
      {}};
}

Set set_tokens(std::optional<std::uint64_t>& to, const std::string& value) {
  constexpr std::uint64_t most = UINT32_MAX;
  const auto tokens = parse_tokens(value);
  if (tokens ? *tokens > most : is_number(value))
    return Problem{formatted("'{}' tokens are too many", value), formatted("{} at most", most)};
  if (!tokens)
    return Problem{formatted("'{}' is not a number of tokens", value), "8192, 8k or 128k"};
  to = tokens;
  return {};
}

Set set_size(std::optional<Bytes>& to, const std::string& value) { return set_memory(to, value); }

Set set_cache_type(const TensorType*& to, const std::string& value) {
  const auto* type = find_tensor_type(value);
  if (type != nullptr && type->cache) {
    to = type;
    return {};
  }
  std::vector<std::string_view> names;
  for (const auto& row : tensor_types())
    if (row.cache) names.push_back(row.name);
  return Problem{formatted("unknown cache type '{}'", value),
                 lower_case(did_you_mean(value, names, joined(names)))};
}

Set set_gpu_layers(Options& o, const std::string& value) {
  if (same_word(value, "all") || same_word(value, "auto") || value == "-1") {
    o.workload.n_gpu_layers = Workload{}.n_gpu_layers;
    return {};
  }
  if (!set_number(o.workload.n_gpu_layers, value, std::uint32_t{0})) return {};
  return Problem{formatted("'{}' is neither a number of layers nor 'all' or 'auto'", value), {}};
}

Set set_quant(Options& o, const std::string& value) {
  o.quant = find_scheme(value);
  o.file_quant.clear();
  if (o.quant != nullptr) return {};
  if (o.file_size) {
    o.file_quant = value;
    return {};
  }
  auto problem = unknown_row("quantization", "quants", value, names_of(schemes()));
  // unsloth's dynamic files: chosen tensor by tensor, model by model.
  if (lower_case(value).starts_with("ud-"))
    problem.hint =
        "its types follow no rule; estimate --file-size SIZE prices the file by its size";
  return problem;
}

Set set_reserve(Options& o, const std::string& value) {
  if (value == "auto") {
    o.reserve.fixed.reset();
    return {};
  }
  if (value == "none") {
    o.reserve.fixed = Bytes{};
    return {};
  }
  auto problem = set_memory(o.reserve.fixed, value);
  if (problem && problem->hint == sizes) problem->hint = "auto, none, or a size such as 2G";
  return problem;
}

Set set_tolerance(Options& o, const std::string& value) {
  if (const auto percent = parse_percent(value)) {
    o.tolerance = {*percent, Bytes{}};
    return {};
  }
  const auto bytes = parse_bytes(value);
  if (bytes && value.find_first_not_of("0123456789") != std::string::npos) {
    o.tolerance = {0, *bytes};
    return {};
  }
  if (value == "0") {
    o.tolerance = {};
    return {};
  }
  return Problem{formatted("'{}' is neither a share nor an amount of memory", value),
                 "2%, 0.5% or 64M"};
}

Set set_format(Options& o, const std::string& value) {
  std::vector<std::string_view> names;
  for (const auto& format : formats())
    if (o.command == Command::check || !format.only_check) names.push_back(format.name);
  const auto* format = find_format(lower_case(value));
  if (format != nullptr && (o.command == Command::check || !format->only_check)) {
    o.format = format->name;
    return {};
  }
  if (format != nullptr)
    return Problem{formatted("format '{}' is for check", format->name), joined(names)};
  return Problem{formatted("unknown format '{}'", value),
                 did_you_mean(value, names, joined(names))};
}

Problem unknown_row(const char* kind, const char* list, const std::string& value,
                    const std::vector<std::string_view>& names) {
  return {formatted("unknown {} '{}'", kind, value),
          did_you_mean(value, names, formatted("'fitvram list {}' names them", list))};
}

Problem unknown_word(const std::string& value, const std::vector<std::string_view>& names) {
  return {formatted("unknown value '{}'", value), did_you_mean(value, names, joined(names))};
}

bool same_word(const std::string& value, std::string_view name) {
  return lower_case(value) == name;
}

}  // namespace fitvram::cli
