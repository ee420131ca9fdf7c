#include "cli/flags/table.hpp"

#include <cctype>

#include "base/text.hpp"
#include "cli/base/formatted.hpp"
#include "cli/base/prose.hpp"
#include "cli/flags/values.hpp"
#include "cli/show/formats.hpp"

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

using enum Command;
constexpr Commands every_command = {rank, estimate, show, plan, compare, check, list, compare_log};
constexpr Commands on_gpu = {rank, estimate, compare, check};
constexpr Commands pricing = on_gpu | Commands{plan};
constexpr Commands settings = pricing | Commands{compare_log};

// Variables hold what is the same for every question; a comparison, with a log or of runtimes, is
// one question.
constexpr Commands asking = pricing - Commands{compare};
constexpr Commands all_but_compare = every_command - Commands{compare};

using Text = const std::string&;

/// What a pointer to a member leads to: of the options, or of their workload.
template <typename T>
T& at(Options& options, T Options::*member) {
  return options.*member;
}
template <typename T>
T& at(Options& options, T Workload::*member) {
  return options.workload.*member;
}

template <auto member>
Set set_switch(Options& o, Text v) {
  at(o, member) = v == "true";
  return {};
}

template <auto member>
Set clear_switch(Options& o, Text v) {
  at(o, member) = v != "true";
  return {};
}

template <auto member>
Set set_text(Options& o, Text v) {
  at(o, member) = v;
  return {};
}

/// llama.cpp's other words for on, off and auto count as well (common/arg.cpp, v0.5.0).
Set set_flash(Options& o, Text v) {
  const std::string word = lower_case(v);
  const char* usual = v.c_str();
  if (has_word("1 true enabled", word)) usual = "on";
  if (has_word("0 false disabled", word)) usual = "off";
  if (word == "-1") usual = "auto";
  return set_word(o.workload.flash_attn, usual, flash_words);
}

Set set_gpu(Options& o, Text v) {
  if (v.find_first_not_of(' ') == std::string::npos)
    return Problem{"the name of the GPU is empty", "\"RTX 4090\"; without a name leave it out"};
  o.gpu = v;
  return {};
}

template <auto member, std::uint32_t least>
Set set_count(Options& o, Text v) {
  return set_number(at(o, member), v, least);
}

/// Formats by name, those of check apart.
std::string words_on_formats() {
  std::vector<std::string_view> names;
  std::vector<std::string_view> only_check;
  for (const auto& format : formats())
    (format.only_check ? only_check : names).push_back(format.name);
  return formatted("{}; check: {}, too", one_of(names), one_of(only_check));
}

constexpr Flag flag_table[] = {
    {.names = "--gpu",
     .value = "NAME",
     .values = "@gpus",
     .group = hardware,
     .commands = on_gpu,
     .env = asking,
     .key = {.name = "gpu", .place = 3},
     .silences = "--vram",
     .must_say = true,
     .about = "graphics card: \"RTX 4090\", 4090, \"2x 3090\"",
     .set = set_gpu},
    {.names = "--vram",
     .value = "SIZE",
     .group = hardware,
     .commands = on_gpu,
     .env = asking,
     .key = {.name = "vram", .place = 5},
     .must_say = true,
     .about = "memory to count with, in place of the card's: 24G",
     .set = [](Options& o, Text v) { return set_size(o.vram, v); }},
    {.names = "--reserve",
     .value = "SIZE",
     .values = "auto none",
     .group = hardware,
     .commands = pricing,
     .env = asking,
     .key = {.name = "reserve", .place = 6},
     .about =
         "memory to keep free for 'fits': a size, none, or auto (a third, less for models with a "
         "window cache; default)",
     .set = set_reserve},
    {.names = "--overhead",
     .value = "SIZE",
     .group = hardware,
     .commands = pricing,
     .env = asking,
     .key = {.name = "overhead", .place = 7},
     .about = "driver and library memory beyond the buffers (default: the backend's)",
     .set = [](Options& o, Text v) { return set_size(o.workload.overhead, v); }},
    {.names = "--backend",
     .value = "NAME",
     .values = "@backends",
     .group = hardware,
     .commands = settings,
     .env = asking,
     .key = {.name = "backend", .place = 2},
     .about = "cuda, vulkan, metal, cpu ... (default: what the GPU uses)",
     .set =
         [](Options& o, Text v) {
           std::vector<std::string_view> names = names_of(backends());
           auto problem = set_row(o.backend, find_backend(v), "backend", "", v, names);
           if (problem) problem->hint = did_you_mean(v, names, joined(names));
           return problem;
         }},
    {.names = "--gpu-memory-utilization",
     .value = "F",
     .group = hardware,
     .commands = pricing,
     .env = asking,
     .key = {.name = "gpu_memory_utilization", .place = 29},
     .about = "share of the memory that vllm and sglang may use: 0.9 (default: the runtime's)",
     .set = [](Options& o, Text v) -> Set {
       o.workload.memory_utilization = parse_millionths(v);
       const auto share = o.workload.memory_utilization.value_or(0);
       if (share > 0 && share <= 1'000'000) return {};
       return Problem{formatted("'{}' is not a share of the memory", v),
                      "a number above 0 and up to 1, such as 0.92"};
     }},
    {.names = "-tp --tensor-parallel-size",
     .value = "N",
     .group = hardware,
     .commands = pricing,
     .env = asking,
     .key = {.name = "n_tp", .place = 28},
     .about =
         "cards that share every layer, for runtimes that split so (default: all that --gpu names)",
     .set = set_count<&Workload::n_tp, 1>},
    {.names = "--runtime",
     .value = "NAME",
     .values = "@runtimes",
     .group = hardware,
     .commands = asking,
     .env = asking,
     .key = {.name = "runtime", .place = 1},
     .about = "whose memory rules apply (default: llama.cpp)",
     .set =
         [](Options& o, Text v) {
           return set_row(o.runtime, find_runtime(lower_case(v)), "runtime", "runtimes", v,
                          names_of(runtimes()));
         }},

    {.names = "-c --ctx-size",
     .value = "N",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "n_ctx", .place = 13},
     .about = "tokens over all sequences: 8192, 8k, 128k; 0 = as trained (default: the runtime's; "
              "llama.cpp: 8192, or as trained if that is less)",
     .set = [](Options& o, Text v) { return set_tokens(o.n_ctx, v); }},
    {.names = "--extend-ctx",
     .group = context,
     .commands = pricing,
     .key = {.name = "extend_ctx", .place = 12},
     .about = "allow more than the trained length (RoPE scaling)",
     .set = set_switch<&Options::extend_ctx>},
    {.names = "--kv-type",
     .value = "TYPE",
     .values = "@cache-types",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "kv_type", .place = 19},
     .about = "cache type of both keys and values (default: f16; vllm and sglang: fp8 int8 ...)",
     .set =
         [](Options& o, Text v) {
           auto problem = set_cache_type(o.workload.type_k, v);
           o.workload.type_v = o.workload.type_k;
           return problem;
         }},
    {.names = "-ctk --cache-type-k",
     .value = "TYPE",
     .values = "@cache-types",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "cache_type_k", .place = 20},
     .about = "cache type of the keys: f32 f16 bf16 q8_0 q5_1 ...",
     .set = [](Options& o, Text v) { return set_cache_type(o.workload.type_k, v); }},
    {.names = "-ctv --cache-type-v",
     .value = "TYPE",
     .values = "@cache-types",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "cache_type_v", .place = 21},
     .about = "cache type of the values",
     .set = [](Options& o, Text v) { return set_cache_type(o.workload.type_v, v); }},
    {.names = "-np --parallel",
     .value = "N",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "n_seq", .place = 14},
     .about = "sequences (server slots) (default: 1)",
     .set =
         [](Options& o, Text v) {
           auto problem = set_number(o.workload.n_seq, v, std::uint32_t{1});
           o.workload.n_outputs = o.workload.n_seq;
           return problem;
         }},
    {.names = "-kvu --kv-unified",
     .group = context,
     .commands = settings,
     .key = {.name = "kv_unified", .place = 15},
     .about = "one cache shared by all sequences",
     .set = set_switch<&Workload::kv_unified>},
    {.names = "-b --batch-size",
     .value = "N",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "n_batch", .place = 17},
     .about =
         "logical batch, vLLM's max_num_batched_tokens (default: the runtime's; llama.cpp: 2048)",
     .set = set_count<&Workload::n_batch, 1>},
    {.names = "-ub --ubatch-size",
     .value = "N",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "n_ubatch", .place = 18},
     .about = "physical batch (default: the runtime's; llama.cpp: 512)",
     .set = set_count<&Workload::n_ubatch, 1>},
    {.names = "-fa --flash-attn",
     .value = "on|off|auto",
     .values = "on off auto",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "flash_attn", .place = 22},
     .about = "flash attention (default: auto)",
     .set = set_flash},
    {.names = "--swa-full",
     .group = context,
     .commands = settings,
     .key = {.name = "swa_full", .place = 23},
     .about = "window layers keep the whole context",
     .set = set_switch<&Workload::swa_full>},
    {.names = "--rs-seq",
     .value = "N",
     .group = context,
     .commands = settings,
     .key = {.name = "n_rs_seq", .place = 26},
     .about = "snapshots of recurrent state per sequence, for speculative decoding (default: 0)",
     .set = set_count<&Workload::n_rs_seq, 0>},
    {.names = "--outputs",
     .value = "N",
     .group = context,
     .commands = settings,
     .key = {.name = "n_outputs", .place = 27},
     .about = "rows of logits a batch may ask for (default: the sequences, as llama-server; 0: the "
              "batch, "
              "as other programs)",
     .set = set_count<&Workload::n_outputs, 0>},
    {.names = "-ngl --gpu-layers",
     .aliases = "--n-gpu-layers",
     .value = "N|all",
     .values = "all",
     .group = context,
     .commands = settings,
     .env = asking,
     .key = {.name = "n_gpu_layers", .place = 24},
     .about = "layers on the GPU, the output counts as one (default: all)",
     .set = set_gpu_layers},
    {.names = "-nkvo --no-kv-offload",
     .group = context,
     .commands = settings,
     .key = {.name = "offload_kqv", .place = 25, .negated = true},
     .about = "keep the cache in host memory",
     .set = clear_switch<&Workload::offload_kqv>},

    {.names = "-m --model",
     .value = "MODEL",
     .values = "@models",
     .group = weights,
     .commands = {compare_log},
     .about = "what the log's program loaded (default: the file or the name that the log tells)",
     .set = set_text<&Options::log_model>},
    {.names = "--file-size",
     .value = "SIZE",
     .group = weights,
     .commands = {estimate, plan},
     .key = {.name = "file_size", .place = 8},
     .about = "size of the file to price, whatever its types: -q UD-Q4_K_XL --file-size 17.9G",
     .set = [](Options& o, Text v) { return set_size(o.file_size, v); }},
    {.names = "-q --quant",
     .value = "NAME",
     .values = "@quants",
     .group = weights,
     .commands = every_command - Commands{list},
     .env = asking,
     .key = {.name = "quant", .place = 9},
     .about = "quantization to price, such as Q4_K_M (default: chosen for the GPU; without one, as "
              "stored)",
     .set = set_quant},
    {.names = "--all-quants",
     .group = weights,
     .commands = {rank, estimate},
     .about = "one row for each quantization",
     .set = set_switch<&Options::all_quants>},
    {.names = "--params",
     .value = "N",
     .group = weights,
     .commands = pricing - Commands{check},
     .key = {.name = "params", .place = 10},
     .about =
         "parameter count, for a model that does not tell or of which nothing else is known: 27B",
     .set = [](Options& o, Text v) -> Set {
       o.params = parse_params(v);
       if (o.params && *o.params != 0) return {};
       return Problem{formatted("'{}' is not a number of parameters", v), "27B, 135M or 27e9"};
     }},
    {.names = "--name",
     .value = "TEXT",
     .group = weights,
     .commands = pricing - Commands{check},
     .about = "name of a model given by --params alone",
     .set = set_text<&Options::name>},
    {.names = "--catalog",
     .value = "FILE",
     .values = "@files",
     .group = weights,
     .commands = every_command,
     .env = all_but_compare,
     .about = "add a file's models to the catalogue",
     .set = [](Options& o, Text v) -> Set {
       o.catalogs.push_back(v);
       return {};
     }},
    {.names = "--only-catalog",
     .value = "FILE",
     .values = "@files",
     .group = weights,
     .commands = every_command,
     .silences = "--catalog",
     .about = "a file's models instead of the catalogue",
     .set = [](Options& o, Text v) -> Set {
       o.catalogs.push_back(v);
       o.only_catalog = true;
       return {};
     }},
    {.names = "--gpus",
     .value = "FILE",
     .values = "@files",
     .group = hardware,
     .commands = pricing | Commands{list},
     .env = all_but_compare,
     .about = "add a file's cards to the table",
     .set = [](Options& o, Text v) -> Set {
       o.gpu_files.push_back(v);
       return {};
     }},
    {.names = "--only-gpus",
     .value = "FILE",
     .values = "@files",
     .group = hardware,
     .commands = pricing | Commands{list},
     .silences = "--gpus",
     .about = "a file's cards instead of the table",
     .set = [](Options& o, Text v) -> Set {
       o.gpu_files.push_back(v);
       o.only_gpus = true;
       return {};
     }},

    {.names = "--batch",
     .value = "FILE",
     .values = "@files",
     .group = selection,
     .commands = {estimate},
     .about = "answer JSON requests, one a line, from a file or - (standard input)",
     .set = set_text<&Options::batch>},
    {.names = "--baseline",
     .value = "FILE",
     .values = "@files",
     .group = selection,
     .commands = {check},
     .about = "also fail where a total has grown beyond the one written down in FILE",
     .set = set_text<&Options::baseline>},
    {.names = "--tolerance",
     .value = "N%|SIZE",
     .group = selection,
     .commands = {check},
     .about = "growth that a baseline allows: 2%, 64M (default: 0)",
     .set = set_tolerance},
    {.names = "--write-baseline",
     .group = selection,
     .commands = {check},
     .about = "write the totals of now to the baseline's file",
     .set = set_switch<&Options::write_baseline>},

    {.names = "--all",
     .group = selection,
     .commands = {rank, plan},
     .about = "also what does not fit",
     .set = set_switch<&Options::all>},
    {.names = "--fits-only",
     .group = selection,
     .commands = {rank, plan},
     .about = "only what fits, nothing tight",
     .set = set_switch<&Options::fits_only>},
    {.names = "--sort",
     .value = "KEY",
     .values = "params total free ctx verdict name",
     .group = selection,
     .commands = {rank},
     .about = "params, total, free, ctx, verdict or name (default: params)",
     .set = [](Options& o, Text v) { return set_word(o.sort, v, sort_words); }},
    {.names = "--top",
     .value = "N",
     .group = selection,
     .commands = {rank, plan},
     .about = "rows of a table, 0 = all (default: 25)",
     .set = [](Options& o, Text v) { return set_number(o.top, v, std::uint64_t{0}); }},
    {.names = "--min-ctx",
     .value = "N",
     .group = selection,
     .commands = {rank},
     .about = "only models that reach N tokens",
     .set =
         [](Options& o, Text v) {
           std::optional<std::uint64_t> n;
           auto problem = set_tokens(n, v);
           o.min_ctx = n.value_or(0);
           return problem;
         }},
    {.names = "--filter",
     .value = "TEXT",
     .group = selection,
     .commands = {rank, plan},
     .about = "only names that contain TEXT",
     .set = set_text<&Options::filter>},

    {.names = "--format",
     .value = "NAME",
     .values = "@formats",
     .group = output,
     .commands = every_command,
     .about = "@formats (default: table)",
     .set = set_format},
    {.names = "--json",
     .group = output,
     .commands = every_command,
     .about = "the same as --format json",
     .set = [](Options& o, Text) -> Set {
       o.format = "json";
       return {};
     }},
    {.names = "--color",
     .value = "WHEN",
     .values = "auto always never",
     .group = output,
     .commands = every_command,
     .env = all_but_compare,
     .about = "auto, always or never (default: auto; NO_COLOR is obeyed)",
     .set = [](Options& o, Text v) { return set_word(o.color, v, color_words); }},
    {.names = "--tensors",
     .group = output,
     .commands = {show},
     .about = "every tensor with its shape, type and bytes",
     .set = set_switch<&Options::show_tensors>},
    {.names = "--params",
     .group = output,
     .commands = {show},
     .about = "parameters by role, and those active per token",
     .set = set_switch<&Options::show_params>},
    {.names = "--explain",
     .group = output,
     .commands = {estimate, show},
     .about = "every figure with its formula and rule",
     .set = set_switch<&Options::explain>},
    {.names = "--strict",
     .group = output,
     .commands = pricing,
     .key = {.name = "strict", .place = 11},
     .about = "refuse models that rest on assumptions",
     .set = set_switch<&Options::strict>},
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
  return flag.commands.contains(command.command);
}

bool reads_environment(const CommandRow& command, const Flag& flag) {
  return takes(command, flag) && flag.env.contains(command.command);
}

std::string about_of(const Flag& flag) {
  constexpr std::string_view table = "@formats";
  if (!flag.about.starts_with(table)) return std::string(flag.about);
  return words_on_formats() + std::string(flag.about.substr(table.size()));
}

std::string env_name(const Flag& flag) {
  if (flag.env.empty()) return "";
  std::string name = "FITVRAM";
  for (const char c : long_name(flag).substr(1))
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string_view long_name(const Flag& flag) { return flag.names.substr(flag.names.find("--")); }

}  // namespace fitvram::cli
