#include "cli/flags/values.hpp"

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/show/formats.hpp"
#include "fitvram/quantize.hpp"

namespace fitvram::cli {
namespace {

Problem not_a_size(const std::string& value) {
  return {formatted("'{}' is not an amount of memory", value),
          "24G, 24GiB, 512M; a bare number up to 4096 is GiB"};
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

Problem not_a_number(const std::string& value, std::uint64_t least) {
  return {
      formatted("'{}' is not a number{}", value, least == 0 ? "" : formatted(" from {} up", least)),
      {}};
}

Set set_tokens(std::optional<std::uint64_t>& to, const std::string& value) {
  to = parse_tokens(value);
  if (to) return {};
  return Problem{formatted("'{}' is not a number of tokens", value), "8192, 8k or 128k"};
}

Set set_size(std::optional<Bytes>& to, const std::string& value) {
  to = parse_bytes(value);
  if (to) return {};
  return not_a_size(value);
}

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
  if (value == "all" || value == "auto" || value == "-1") {
    o.workload.n_gpu_layers = Workload{}.n_gpu_layers;
    return {};
  }
  if (!set_number(o.workload.n_gpu_layers, value, std::uint32_t{0})) return {};
  return Problem{formatted("'{}' is neither a number of layers nor 'all'", value), {}};
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
  o.reserve.fixed = value == "none" ? Bytes{0} : parse_bytes(value);
  if (o.reserve.fixed) return {};
  auto problem = not_a_size(value);
  problem.hint = "auto, none, or a size such as 2G";
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
