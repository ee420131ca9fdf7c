#include "cli/flags/table.hpp"

#include <cctype>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/flags/values.hpp"

namespace fitvram::cli {
namespace {

constexpr std::pair<std::string_view, FlashAttention> flash_words[] = {
    {"on", FlashAttention::on}, {"off", FlashAttention::off}, {"auto", FlashAttention::automatic}};
constexpr std::pair<std::string_view, Color> color_words[] = {
    {"auto", Color::automatic}, {"always", Color::always}, {"never", Color::never}};
constexpr std::pair<std::string_view, SortKey> sort_words[] = {
    {"params", SortKey::params}, {"total", SortKey::total},     {"free", SortKey::free},
    {"ctx", SortKey::ctx},       {"verdict", SortKey::verdict}, {"name", SortKey::name}};

constexpr std::string_view context = "Context and cache (llama.cpp's spellings)";
constexpr std::string_view hardware = "Hardware";
constexpr std::string_view weights = "Model and weights";
constexpr std::string_view selection = "Selection";
constexpr std::string_view output = "Output";

using Text = const std::string&;

constexpr Flag flag_table[] = {
    {"--gpu", "", "NAME", "@gpus", hardware, "rekC", "rek",
     "graphics card: \"RTX 4090\", 4090, \"2x 3090\"",
     [](Options& o, Text v) -> Set {
       o.gpu = v;
       return {};
     }},
    {"--vram", "", "SIZE", "", hardware, "rekC", "rek",
     "memory to count with, in place of the card's: 24G",
     [](Options& o, Text v) { return set_size(o.vram, v); }},
    {"--reserve", "", "SIZE", "auto none", hardware, "repkC", "repk",
     "memory to keep free for 'fits': a size, none, or auto (a third, less for models with a "
     "window cache; default)",
     set_reserve},
    {"--overhead", "", "SIZE", "", hardware, "repkC", "repk",
     "driver and library memory beyond the buffers (default: the backend's)",
     [](Options& o, Text v) { return set_size(o.workload.overhead, v); }},
    {"--backend", "", "NAME", "@backends", hardware, "repkcC", "repk",
     "cuda, vulkan, metal, cpu ... (default: what the GPU uses)",
     [](Options& o, Text v) {
       std::vector<std::string_view> names = names_of(backends());
       auto problem = set_row(o.backend, find_backend(v), "backend", "", v, names);
       if (problem) problem->hint = did_you_mean(v, names, joined(names));
       return problem;
     }},
    {"--gpu-memory-utilization", "", "F", "", hardware, "repkC", "repk",
     "share of the memory that vllm and sglang may use: 0.9 (default: the runtime's)",
     [](Options& o, Text v) -> Set {
       o.workload.memory_utilization = parse_millionths(v);
       const auto share = o.workload.memory_utilization.value_or(0);
       if (share > 0 && share <= 1'000'000) return {};
       return Problem{formatted("'{}' is not a share of the memory", v),
                      "a number above 0 and up to 1, such as 0.92"};
     }},
    {"-tp --tensor-parallel-size", "", "N", "", hardware, "repkC", "repk",
     "cards that share every layer, for runtimes that split so (default: all that --gpu names)",
     [](Options& o, Text v) { return set_number(o.workload.n_tp, v, std::uint32_t{1}); }},
    {"--runtime", "", "NAME", "@runtimes", hardware, "repk", "repk",
     "whose memory rules apply (default: llama.cpp)",
     [](Options& o, Text v) {
       return set_row(o.runtime, find_runtime(v), "runtime", "runtimes", v, names_of(runtimes()));
     }},

    {"-c --ctx-size", "", "N", "", context, "repkcC", "repk",
     "tokens over all sequences: 8192, 8k, 128k; 0 = as trained (default: the runtime's; "
     "llama.cpp: 8192, or as trained if that is less)",
     [](Options& o, Text v) { return set_tokens(o.n_ctx, v); }},
    {"--extend-ctx", "", "", "", context, "repkC", "",
     "allow more than the trained length (RoPE scaling)",
     [](Options& o, Text) -> Set {
       o.extend_ctx = true;
       return {};
     }},
    {"--kv-type", "", "TYPE", "@cache-types", context, "repkcC", "repk",
     "cache type of both keys and values (default: f16; vllm and sglang: fp8 int8 ...)",
     [](Options& o, Text v) {
       auto problem = set_cache_type(o.workload.type_k, v);
       o.workload.type_v = o.workload.type_k;
       return problem;
     }},
    {"-ctk --cache-type-k", "", "TYPE", "@cache-types", context, "repkcC", "repk",
     "cache type of the keys: f32 f16 bf16 q8_0 q5_1 ...",
     [](Options& o, Text v) { return set_cache_type(o.workload.type_k, v); }},
    {"-ctv --cache-type-v", "", "TYPE", "@cache-types", context, "repkcC", "repk",
     "cache type of the values",
     [](Options& o, Text v) { return set_cache_type(o.workload.type_v, v); }},
    {"-np --parallel", "", "N", "", context, "repkcC", "repk",
     "sequences (server slots) (default: 1)",
     [](Options& o, Text v) {
       auto problem = set_number(o.workload.n_seq, v, std::uint32_t{1});
       o.workload.n_outputs = o.workload.n_seq;
       return problem;
     }},
    {"-kvu --kv-unified", "", "", "", context, "repkcC", "", "one cache shared by all sequences",
     [](Options& o, Text) -> Set {
       o.workload.kv_unified = true;
       return {};
     }},
    {"-b --batch-size", "", "N", "", context, "repkcC", "repk",
     "logical batch, vLLM's max_num_batched_tokens (default: the runtime's; llama.cpp: 2048)",
     [](Options& o, Text v) { return set_number(o.workload.n_batch, v, std::uint32_t{1}); }},
    {"-ub --ubatch-size", "", "N", "", context, "repkcC", "repk",
     "physical batch (default: the runtime's; llama.cpp: 512)",
     [](Options& o, Text v) { return set_number(o.workload.n_ubatch, v, std::uint32_t{1}); }},
    {"-fa --flash-attn", "", "on|off|auto", "on off auto", context, "repkcC", "repk",
     "flash attention (default: auto)",
     [](Options& o, Text v) { return set_word(o.workload.flash_attn, v, flash_words); }},
    {"--swa-full", "", "", "", context, "repkcC", "", "window layers keep the whole context",
     [](Options& o, Text) -> Set {
       o.workload.swa_full = true;
       return {};
     }},
    {"--rs-seq", "", "N", "", context, "repkcC", "",
     "snapshots of recurrent state per sequence, for speculative decoding (default: 0)",
     [](Options& o, Text v) { return set_number(o.workload.n_rs_seq, v, std::uint32_t{0}); }},
    {"--outputs", "", "N", "", context, "repkcC", "",
     "rows of logits a batch may ask for (default: the sequences, as llama-server; 0: the batch, "
     "as other programs)",
     [](Options& o, Text v) { return set_number(o.workload.n_outputs, v, std::uint32_t{0}); }},
    {"-ngl --gpu-layers", "--n-gpu-layers", "N|all", "all", context, "repkcC", "repk",
     "layers on the GPU, the output counts as one (default: all)", set_gpu_layers},
    {"-nkvo --no-kv-offload", "", "", "", context, "repkcC", "", "keep the cache in host memory",
     [](Options& o, Text) -> Set {
       o.workload.offload_kqv = false;
       return {};
     }},

    {"-m --model", "", "MODEL", "@models", weights, "c", "",
     "what the log's program loaded (default: the file or the name that the log tells)",
     [](Options& o, Text v) -> Set {
       o.log_model = v;
       return {};
     }},
    {"-q --quant", "", "NAME", "@quants", weights, "respkcC", "repk",
     "quantization to price, such as Q4_K_M (default: chosen for the GPU; without one, as stored)",
     [](Options& o, Text v) {
       return set_row(o.quant, find_scheme(v), "quantization", "quants", v, names_of(schemes()));
     }},
    {"--all-quants", "", "", "", weights, "re", "", "one row for each quantization",
     [](Options& o, Text) -> Set {
       o.all_quants = true;
       return {};
     }},
    {"--params", "", "N", "", weights, "repC", "",
     "parameter count, for a model that does not tell or of which nothing else is known: 27B",
     [](Options& o, Text v) -> Set {
       o.params = parse_params(v);
       if (o.params && *o.params != 0) return {};
       return Problem{formatted("'{}' is not a number of parameters", v), "27B, 135M or 27e9"};
     }},
    {"--name", "", "TEXT", "", weights, "repC", "", "name of a model given by --params alone",
     [](Options& o, Text v) -> Set {
       o.name = v;
       return {};
     }},
    {"--catalog", "", "FILE", "@files", weights, "respklcC", "respklc",
     "add a file's models to the catalogue",
     [](Options& o, Text v) -> Set {
       o.catalogs.push_back(v);
       return {};
     }},
    {"--only-catalog", "", "FILE", "@files", weights, "respklcC", "",
     "a file's models instead of the catalogue",
     [](Options& o, Text v) -> Set {
       o.catalogs.push_back(v);
       o.only_catalog = true;
       return {};
     }},
    {"--gpus", "", "FILE", "@files", hardware, "repklC", "repkl", "add a file's cards to the table",
     [](Options& o, Text v) -> Set {
       o.gpu_files.push_back(v);
       return {};
     }},
    {"--only-gpus", "", "FILE", "@files", hardware, "repklC", "",
     "a file's cards instead of the table",
     [](Options& o, Text v) -> Set {
       o.gpu_files.push_back(v);
       o.only_gpus = true;
       return {};
     }},

    {"--batch", "", "FILE", "@files", selection, "e", "",
     "answer JSON requests, one a line, from a file or - (standard input)",
     [](Options& o, Text v) -> Set {
       o.batch = v;
       return {};
     }},
    {"--baseline", "", "FILE", "@files", selection, "k", "",
     "also fail where a total has grown beyond the one written down in FILE",
     [](Options& o, Text v) -> Set {
       o.baseline = v;
       return {};
     }},
    {"--tolerance", "", "N%|SIZE", "", selection, "k", "",
     "growth that a baseline allows: 2%, 64M (default: 0)", set_tolerance},
    {"--write-baseline", "", "", "", selection, "k", "",
     "write the totals of now to the baseline's file",
     [](Options& o, Text) -> Set {
       o.write_baseline = true;
       return {};
     }},

    {"--all", "", "", "", selection, "rp", "", "also what does not fit",
     [](Options& o, Text) -> Set {
       o.all = true;
       return {};
     }},
    {"--fits-only", "", "", "", selection, "rp", "", "only what fits, nothing tight",
     [](Options& o, Text) -> Set {
       o.fits_only = true;
       return {};
     }},
    {"--sort", "", "KEY", "params total free ctx verdict name", selection, "r", "",
     "params, total, free, ctx, verdict or name (default: params)",
     [](Options& o, Text v) { return set_word(o.sort, v, sort_words); }},
    {"--top", "", "N", "", selection, "rp", "", "rows of a table, 0 = all (default: 25)",
     [](Options& o, Text v) { return set_number(o.top.emplace(), v, std::uint64_t{0}); }},
    {"--min-ctx", "", "N", "", selection, "r", "", "only models that reach N tokens",
     [](Options& o, Text v) {
       std::optional<std::uint64_t> n;
       auto problem = set_tokens(n, v);
       o.min_ctx = n.value_or(0);
       return problem;
     }},
    {"--filter", "", "TEXT", "", selection, "rp", "", "only names that contain TEXT",
     [](Options& o, Text v) -> Set {
       o.filter = v;
       return {};
     }},

    {"--format", "", "NAME", "@formats", output, "respklcC", "",
     "table, json, ndjson, csv or markdown; check: junit or github, too (default: table)",
     set_format},
    {"--json", "", "", "", output, "respklcC", "", "the same as --format json",
     [](Options& o, Text) -> Set {
       o.format = "json";
       return {};
     }},
    {"--color", "", "WHEN", "auto always never", output, "respklcC", "respklc",
     "auto, always or never (default: auto; NO_COLOR is obeyed)",
     [](Options& o, Text v) { return set_word(o.color, v, color_words); }},
    {"--tensors", "", "", "", output, "s", "", "every tensor with its shape, type and bytes",
     [](Options& o, Text) -> Set {
       o.show_tensors = true;
       return {};
     }},
    {"--params", "", "", "", output, "s", "", "parameters by role, and those active per token",
     [](Options& o, Text) -> Set {
       o.show_params = true;
       return {};
     }},
    {"--explain", "", "", "", output, "es", "", "every figure with its formula and rule",
     [](Options& o, Text) -> Set {
       o.explain = true;
       return {};
     }},
    {"--strict", "", "", "", output, "repkC", "", "refuse models that rest on assumptions",
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

bool takes(const CommandRow& command, const Flag& flag) {
  return flag.commands.find(command.initial) != std::string_view::npos;
}

bool reads_environment(const CommandRow& command, const Flag& flag) {
  return flag.env.find(command.initial) != std::string_view::npos;
}

std::string env_name(const Flag& flag) {
  if (flag.env.empty()) return "";
  std::string name = "FITVRAM";
  for (const char c : long_name(flag).substr(1))
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string_view long_name(const Flag& flag) { return flag.names.substr(flag.names.find("--")); }

std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string otherwise) {
  const auto near = closest(word, candidates);
  return near.empty() ? otherwise : formatted("did you mean '{}'?", near);
}

}  // namespace fitvram::cli
