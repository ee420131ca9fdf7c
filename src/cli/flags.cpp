#include "cli/flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/render.hpp"
#include "text.hpp"

namespace fitvram::cli {
namespace {

using Set = std::optional<Problem>;

template <typename T>
Set set_number(T& to, const std::string& value, T least) {
  T n = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), n);
  if (error != std::errc{} || end != value.data() + value.size() || n < least)
    return Problem{fmt::format("'{}' is not a number{}", value,
                               least == 0 ? "" : fmt::format(" from {} up", least)),
                   {}};
  to = n;
  return {};
}

Set set_tokens(std::optional<std::uint64_t>& to, const std::string& value) {
  to = parse_tokens(value);
  if (to) return {};
  return Problem{fmt::format("'{}' is not a number of tokens", value), "8192, 8k or 128k"};
}

std::optional<Bytes> size_of(const std::string& value) { return parse_bytes(value); }

Problem not_a_size(const std::string& value) {
  return {fmt::format("'{}' is not an amount of memory", value),
          "24G, 24GiB, 512M; a bare number up to 4096 is GiB"};
}

/// Looks `value` up among `rows`, whose names are what may be typed.
template <typename Row>
Set set_row(const Row*& to, const Row* found, const char* kind, const char* list,
            const std::string& value, const std::vector<std::string_view>& names) {
  to = found;
  if (found != nullptr) return {};
  return Problem{fmt::format("unknown {} '{}'", kind, value),
                 did_you_mean(value, names, fmt::format("'fitvram list {}' names them", list))};
}

template <typename Rows>
std::vector<std::string_view> names_of(const Rows& rows) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) names.push_back(row.name);
  return names;
}

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const auto name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
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
  return Problem{fmt::format("unknown cache type '{}'", value),
                 lower(did_you_mean(value, names, joined(names)))};
}

/// A closed set of words.
template <typename T, std::size_t N>
Set set_word(T& to, const std::string& value, const std::pair<std::string_view, T> (&words)[N]) {
  std::vector<std::string_view> names;
  for (const auto& [name, meaning] : words) {
    names.push_back(name);
    if (lower(value) != name) continue;
    to = meaning;
    return {};
  }
  return Problem{fmt::format("unknown value '{}'", value),
                 did_you_mean(value, names, joined(names))};
}

constexpr std::pair<std::string_view, FlashAttention> flash_words[] = {
    {"on", FlashAttention::on}, {"off", FlashAttention::off}, {"auto", FlashAttention::automatic}};
constexpr std::pair<std::string_view, Color> color_words[] = {
    {"auto", Color::automatic}, {"always", Color::always}, {"never", Color::never}};
constexpr std::pair<std::string_view, SortKey> sort_words[] = {
    {"params", SortKey::params}, {"total", SortKey::total},     {"free", SortKey::free},
    {"ctx", SortKey::ctx},       {"verdict", SortKey::verdict}, {"name", SortKey::name}};

Set set_gpu_layers(Options& o, const std::string& value) {
  if (value == "all" || value == "auto" || value == "-1") {
    o.workload.n_gpu_layers = Workload{}.n_gpu_layers;
    return {};
  }
  if (!set_number(o.workload.n_gpu_layers, value, std::uint32_t{0})) return {};
  return Problem{fmt::format("'{}' is neither a number of layers nor 'all'", value), {}};
}

Set set_reserve(Options& o, const std::string& value) {
  if (value == "auto") {
    o.reserve.fixed.reset();
    return {};
  }
  o.reserve.fixed = value == "none" ? Bytes{0} : size_of(value);
  if (o.reserve.fixed) return {};
  auto problem = not_a_size(value);
  problem.hint = "auto, none, or a size such as 2G";
  return problem;
}

Set set_format(Options& o, const std::string& value) {
  if (find_format(lower(value)) != nullptr) {
    o.format = lower(value);
    return {};
  }
  const auto names = names_of(formats());
  return Problem{fmt::format("unknown format '{}'", value),
                 did_you_mean(value, names, joined(names))};
}

constexpr std::string_view context = "Context and cache (llama.cpp's spellings)";
constexpr std::string_view hardware = "Hardware";
constexpr std::string_view weights = "Model and weights";
constexpr std::string_view selection = "Selection";
constexpr std::string_view output = "Output";

using Text = const std::string&;

constexpr Flag flag_table[] = {
    {"--gpu", "", "NAME", hardware, "reC", "graphics card: \"RTX 4090\", 4090, \"2x 3090\"",
     [](Options& o, Text v) -> Set {
       o.gpu = v;
       return {};
     }},
    {"--vram", "", "SIZE", hardware, "reC", "memory to count with, in place of the card's: 24G",
     [](Options& o, Text v) -> Set {
       o.vram = size_of(v);
       return o.vram ? Set{} : not_a_size(v);
     }},
    {"--reserve", "", "SIZE", hardware, "repC",
     "memory to keep free for 'fits': a size, none, or auto (a third, less for models with a "
     "window cache; default)",
     set_reserve},
    {"--overhead", "", "SIZE", hardware, "repC",
     "driver and library memory beyond the buffers (default: the backend's)",
     [](Options& o, Text v) -> Set {
       o.workload.overhead = size_of(v);
       return o.workload.overhead ? Set{} : not_a_size(v);
     }},
    {"--backend", "", "NAME", hardware, "repcC",
     "cuda, vulkan, metal, cpu ... (default: what the GPU uses)",
     [](Options& o, Text v) {
       std::vector<std::string_view> names = names_of(backends());
       auto problem = set_row(o.backend, find_backend(v), "backend", "", v, names);
       if (problem) problem->hint = did_you_mean(v, names, joined(names));
       return problem;
     }},
    {"--gpu-memory-utilization", "", "F", hardware, "repC",
     "share of the memory that vllm and sglang may use: 0.9 (default: the runtime's)",
     [](Options& o, Text v) -> Set {
       o.workload.memory_utilization = parse_millionths(v);
       const auto share = o.workload.memory_utilization.value_or(0);
       if (share > 0 && share <= 1'000'000) return {};
       return Problem{fmt::format("'{}' is not a share of the memory", v),
                      "a number above 0 and up to 1, such as 0.92"};
     }},
    {"-tp --tensor-parallel-size", "", "N", hardware, "repC",
     "cards that share every layer, for runtimes that split so (default: all that --gpu names)",
     [](Options& o, Text v) { return set_number(o.workload.n_tp, v, std::uint32_t{1}); }},
    {"--runtime", "", "NAME", hardware, "rep", "whose memory rules apply (default: llama.cpp)",
     [](Options& o, Text v) {
       return set_row(o.runtime, find_runtime(v), "runtime", "runtimes", v, names_of(runtimes()));
     }},

    {"-c --ctx-size", "", "N", context, "repcC",
     "tokens over all sequences: 8192, 8k, 128k; 0 = as trained (default: the runtime's; "
     "llama.cpp: 8192, or as trained if that is less)",
     [](Options& o, Text v) { return set_tokens(o.n_ctx, v); }},
    {"--extend-ctx", "", "", context, "repC", "allow more than the trained length (RoPE scaling)",
     [](Options& o, Text) -> Set {
       o.extend_ctx = true;
       return {};
     }},
    {"--kv-type", "", "TYPE", context, "repcC",
     "cache type of both keys and values (default: f16; vllm and sglang: fp8 int8 ...)",
     [](Options& o, Text v) {
       auto problem = set_cache_type(o.workload.type_k, v);
       o.workload.type_v = o.workload.type_k;
       return problem;
     }},
    {"-ctk --cache-type-k", "", "TYPE", context, "repcC",
     "cache type of the keys: f32 f16 bf16 q8_0 q5_1 ...",
     [](Options& o, Text v) { return set_cache_type(o.workload.type_k, v); }},
    {"-ctv --cache-type-v", "", "TYPE", context, "repcC", "cache type of the values",
     [](Options& o, Text v) { return set_cache_type(o.workload.type_v, v); }},
    {"-np --parallel", "", "N", context, "repcC", "sequences (server slots) (default: 1)",
     [](Options& o, Text v) {
       auto problem = set_number(o.workload.n_seq, v, std::uint32_t{1});
       o.workload.n_outputs = o.workload.n_seq;
       return problem;
     }},
    {"-kvu --kv-unified", "", "", context, "repcC", "one cache shared by all sequences",
     [](Options& o, Text) -> Set {
       o.workload.kv_unified = true;
       return {};
     }},
    {"-b --batch-size", "", "N", context, "repcC",
     "logical batch, vLLM's max_num_batched_tokens (default: the runtime's; llama.cpp: 2048)",
     [](Options& o, Text v) { return set_number(o.workload.n_batch, v, std::uint32_t{1}); }},
    {"-ub --ubatch-size", "", "N", context, "repcC",
     "physical batch (default: the runtime's; llama.cpp: 512)",
     [](Options& o, Text v) { return set_number(o.workload.n_ubatch, v, std::uint32_t{1}); }},
    {"-fa --flash-attn", "", "on|off|auto", context, "repcC", "flash attention (default: auto)",
     [](Options& o, Text v) { return set_word(o.workload.flash_attn, v, flash_words); }},
    {"--swa-full", "", "", context, "repcC", "window layers keep the whole context",
     [](Options& o, Text) -> Set {
       o.workload.swa_full = true;
       return {};
     }},
    {"--rs-seq", "", "N", context, "repcC",
     "snapshots of recurrent state per sequence, for speculative decoding (default: 0)",
     [](Options& o, Text v) { return set_number(o.workload.n_rs_seq, v, std::uint32_t{0}); }},
    {"--outputs", "", "N", context, "repcC",
     "rows of logits a batch may ask for (default: the sequences, as llama-server; 0: the batch, "
     "as other programs)",
     [](Options& o, Text v) { return set_number(o.workload.n_outputs, v, std::uint32_t{0}); }},
    {"-ngl --gpu-layers", "--n-gpu-layers", "N|all", context, "repcC",
     "layers on the GPU, the output counts as one (default: all)", set_gpu_layers},
    {"-nkvo --no-kv-offload", "", "", context, "repcC", "keep the cache in host memory",
     [](Options& o, Text) -> Set {
       o.workload.offload_kqv = false;
       return {};
     }},

    {"-m --model", "", "MODEL", weights, "c",
     "what the log's program loaded (default: the file or the name that the log tells)",
     [](Options& o, Text v) -> Set {
       o.log_model = v;
       return {};
     }},
    {"-q --quant", "", "NAME", weights, "respcC",
     "quantization to price, such as Q4_K_M (default: chosen for the GPU; without one, as stored)",
     [](Options& o, Text v) {
       return set_row(o.quant, find_scheme(v), "quantization", "quants", v, names_of(schemes()));
     }},
    {"--all-quants", "", "", weights, "re", "one row for each quantization",
     [](Options& o, Text) -> Set {
       o.all_quants = true;
       return {};
     }},
    {"--params", "", "N", weights, "repC",
     "parameter count, for a model that does not tell or of which nothing else is known: 27B",
     [](Options& o, Text v) -> Set {
       o.params = parse_params(v);
       if (o.params && *o.params != 0) return {};
       return Problem{fmt::format("'{}' is not a number of parameters", v), "27B, 135M or 27e9"};
     }},
    {"--name", "", "TEXT", weights, "repC", "name of a model given by --params alone",
     [](Options& o, Text v) -> Set {
       o.name = v;
       return {};
     }},
    {"--catalog", "", "FILE", weights, "resplcC", "add a file's models to the catalogue",
     [](Options& o, Text v) -> Set {
       o.catalogs.push_back(v);
       return {};
     }},
    {"--only-catalog", "", "FILE", weights, "resplcC", "a file's models instead of the catalogue",
     [](Options& o, Text v) -> Set {
       o.catalogs.push_back(v);
       o.only_catalog = true;
       return {};
     }},
    {"--gpus", "", "FILE", hardware, "replC", "add a file's cards to the table",
     [](Options& o, Text v) -> Set {
       o.gpu_files.push_back(v);
       return {};
     }},
    {"--only-gpus", "", "FILE", hardware, "replC", "a file's cards instead of the table",
     [](Options& o, Text v) -> Set {
       o.gpu_files.push_back(v);
       o.only_gpus = true;
       return {};
     }},

    {"--all", "", "", selection, "rp", "also what does not fit",
     [](Options& o, Text) -> Set {
       o.all = true;
       return {};
     }},
    {"--fits-only", "", "", selection, "rp", "only what fits, nothing tight",
     [](Options& o, Text) -> Set {
       o.fits_only = true;
       return {};
     }},
    {"--sort", "", "KEY", selection, "r",
     "params, total, free, ctx, verdict or name (default: params)",
     [](Options& o, Text v) { return set_word(o.sort, v, sort_words); }},
    {"--top", "", "N", selection, "rp", "rows of a table, 0 = all (default: 25)",
     [](Options& o, Text v) { return set_number(o.top.emplace(), v, std::uint64_t{0}); }},
    {"--min-ctx", "", "N", selection, "r", "only models that reach N tokens",
     [](Options& o, Text v) {
       std::optional<std::uint64_t> n;
       auto problem = set_tokens(n, v);
       o.min_ctx = n.value_or(0);
       return problem;
     }},
    {"--filter", "", "TEXT", selection, "rp", "only names that contain TEXT",
     [](Options& o, Text v) -> Set {
       o.filter = v;
       return {};
     }},

    {"--format", "", "NAME", output, "resplcC", "table, json, csv or markdown (default: table)",
     set_format},
    {"--json", "", "", output, "resplcC", "the same as --format json",
     [](Options& o, Text) -> Set {
       o.format = "json";
       return {};
     }},
    {"--color", "", "WHEN", output, "resplcC",
     "auto, always or never (default: auto; NO_COLOR is obeyed)",
     [](Options& o, Text v) { return set_word(o.color, v, color_words); }},
    {"--tensors", "", "", output, "s", "every tensor with its shape, type and bytes",
     [](Options& o, Text) -> Set {
       o.show_tensors = true;
       return {};
     }},
    {"--params", "", "", output, "s", "parameters by role, and those active per token",
     [](Options& o, Text) -> Set {
       o.show_params = true;
       return {};
     }},
    {"--explain", "", "", output, "es", "every figure with its formula and rule",
     [](Options& o, Text) -> Set {
       o.explain = true;
       return {};
     }},
    {"--strict", "", "", output, "repC", "refuse models that rest on assumptions",
     [](Options& o, Text) -> Set {
       o.strict = true;
       return {};
     }},
};

}  // namespace

std::span<const Flag> flags() { return flag_table; }

std::vector<std::string_view> spellings(const Flag& flag) {
  std::vector<std::string_view> words;
  for (auto text : {flag.names, flag.aliases})
    while (!text.empty()) {
      const auto space = text.find(' ');
      words.push_back(text.substr(0, space));
      text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    }
  return words;
}

std::string_view long_name(const Flag& flag) { return flag.names.substr(flag.names.find("--")); }

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise) {
  const auto near = closest(word, candidates);
  return near.empty() ? otherwise : fmt::format("did you mean '{}'?", near);
}

}  // namespace fitvram::cli
