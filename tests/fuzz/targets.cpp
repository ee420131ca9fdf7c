#include "fuzz/targets.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "cli/answer/baseline.hpp"
#include "cli/ask/entries.hpp"
#include "cli/ask/fields.hpp"
#include "fitvram/fitvram.hpp"
#include "log/compare.hpp"
#include "log/reader.hpp"
#include "support/fake_io.hpp"

namespace fitvram::fuzz {
namespace {

using Input = std::span<const std::byte>;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string text_of(Input bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Nothing that a terminal would act upon; the ends of CSV's lines are \r\n.
void require_plain(std::string_view text) {
  std::string lines(text);
  std::erase_if(lines, [](char c) { return c == '\n' || c == '\r' || c == '\t'; });
  require(printable(lines) == lines);
}

/// An Error may quote its input, which whoever shows it makes printable.
void require_told(const Error& error) {
  require(!error.message.empty());
  for (const char c : error.message) require(c != '\n' && c != '\x1b');
}

/// What a size of memory is asked for; which one it is, the length of the input says.
struct Ask {
  std::string_view backend = "cuda";
  std::uint64_t n_ctx = 8192;
  std::uint32_t n_seq = 1, n_batch = 2048, n_ubatch = 512, n_gpu_layers = UINT32_MAX;
  std::string_view type_k = "F16", type_v = "F16";
  FlashAttention flash_attn = FlashAttention::automatic;
  bool unified = false, swa_full = false, offload_kqv = true;
  std::uint32_t n_rs_seq = 0, n_outputs = 1;
};

constexpr Ask asks[] = {
    {},
    {.backend = "cpu"},
    {.n_ctx = 131072, .n_seq = 4, .unified = true},
    {.backend = "vulkan", .n_ctx = 1000, .n_seq = 3, .flash_attn = FlashAttention::off},
    {.n_gpu_layers = 1, .type_k = "Q8_0", .type_v = "Q8_0", .n_outputs = 0},
    {.backend = "metal", .swa_full = true, .offload_kqv = false, .n_rs_seq = 2},
    {.n_ctx = UINT64_MAX, .n_seq = UINT32_MAX, .n_batch = UINT32_MAX, .n_ubatch = UINT32_MAX},
    {.n_ctx = 1, .n_batch = 1, .n_ubatch = 1, .type_k = "Q4_0", .n_rs_seq = UINT32_MAX},
};

Workload workload_of(const Ask& ask) {
  Workload workload;
  workload.backend = ask.backend;
  workload.n_ctx = ask.n_ctx;
  workload.n_seq = ask.n_seq;
  workload.n_batch = ask.n_batch;
  workload.n_ubatch = ask.n_ubatch;
  workload.n_gpu_layers = ask.n_gpu_layers;
  workload.type_k = find_tensor_type(ask.type_k);
  workload.type_v = find_tensor_type(ask.type_v);
  workload.flash_attn = ask.flash_attn;
  workload.kv_unified = ask.unified;
  workload.swa_full = ask.swa_full;
  workload.offload_kqv = ask.offload_kqv;
  workload.n_rs_seq = ask.n_rs_seq;
  workload.n_outputs = ask.n_outputs;
  return workload;
}

/// What was read is priced: the estimator takes every model that a parser lets through, refused or
/// not. The costly questions are asked less often.
void price(const ModelInfo& model, std::size_t pick) {
  const auto& ask = asks[pick % std::size(asks)];
  const auto& runtime = runtimes()[pick / std::size(asks) % runtimes().size()];
  Workload workload = workload_of(ask);
  static_cast<void>(count_params(model));
  static_cast<void>(refusal(model, workload, runtime));
  const Weights weights = stored_weights(model);
  const auto small = estimate(model, weights, workload, runtime);
  require(small.model.device + small.model.host >= small.model.device);
  if (pick % 7 == 0) static_cast<void>(explain(model, weights, workload, runtime));
  if (pick % 3 == 0) {
    workload.n_ctx = sat_mul(2, workload.n_ctx);
    const auto large = estimate(model, weights, workload, runtime);
    const auto context = [](const MemoryEstimate& m) { return m.context.device + m.context.host; };
    require(context(large) >= context(small));
  }
  if (pick % 11 == 0) {
    const auto found = fit({.model = model,
                            .runtime = runtime,
                            .workload = workload,
                            .device = Device{24 * GiB},
                            .extend_ctx = pick % 2 == 0},
                           weights);
    require(found.safe_n_ctx <= found.max_n_ctx);
  }
}

/// A header followed by the data that it states: zeros without end, never touched.
Input followed_by_data(Input header) {
  constexpr std::size_t room = std::size_t{1} << 40;
  static void* const memory = ::mmap(nullptr, room, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return header;
  static std::size_t used = 0;
  auto* const first = static_cast<std::byte*>(memory);
  std::copy(header.begin(), header.end(), first);
  if (used > header.size()) std::fill(first + header.size(), first + used, std::byte{});
  used = header.size();
  return {first, room};
}

void gguf(Input bytes) {
  const GgufShard shard{"fuzz.gguf", bytes};
  auto model = parse_gguf({&shard, 1});
  if (!model) {
    require_told(model.error());
    const GgufShard whole{"fuzz.gguf", followed_by_data(bytes)};
    model = parse_gguf({&whole, 1});
  }
  if (!model) return require_told(model.error());
  price(*model, bytes.size());
}

/// Two shards: the first two bytes say where the second begins.
void gguf_shards(Input bytes) {
  if (bytes.size() < 2) return;
  const std::size_t at =
      std::to_integer<std::size_t>(bytes[0]) * 256 + std::to_integer<std::size_t>(bytes[1]);
  const Input rest = bytes.subspan(2);
  const std::size_t cut = std::min(at, rest.size());
  const std::array shards{GgufShard{"fuzz-00001-of-00002.gguf", rest.first(cut)},
                          GgufShard{"fuzz-00002-of-00002.gguf", rest.subspan(cut)}};
  for (const auto& shard : shards) static_cast<void>(gguf_split(shard));
  const auto model = parse_gguf(shards);
  if (!model) require_told(model.error());
}

void config(Input bytes) {
  const std::string text = text_of(bytes);
  const auto model = parse_hf_config(text, "config.json");
  if (!model) return require_told(model.error());
  price(*model, text.size());
}

constexpr std::string_view small_config =
    R"({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 100,
 "num_attention_heads": 2, "intermediate_size": 128, "max_position_embeddings": 4096})";

void safetensors(Input bytes) {
  const std::string text = text_of(bytes);
  auto file = parse_safetensors(bytes, "model.safetensors");
  const auto index = parse_safetensors_index(text, "model.safetensors.index.json");
  if (!file) require_told(file.error());
  if (!index) require_told(index.error());
  if (file && index) static_cast<void>(disagreements(*index, *file));
  if (file) file = merge({*file, *file});
  for (const Result<Checkpoint>* checkpoint : {&std::as_const(file), &index}) {
    if (!*checkpoint) continue;
    const auto model = parse_hf_config(small_config, "config.json", &**checkpoint);
    if (!model) return require_told(model.error());
    price(*model, text.size());
  }
}

void tables(Input bytes) {
  const std::string text = text_of(bytes);
  const auto cards = parse_gpus(text, "gpus.json");
  if (!cards) require_told(cards.error());
  if (cards) {
    for (const auto& card : *cards) {
      for (const auto& name : {card.display, "2x " + card.name, card.name + " 8gb"}) {
        const auto gpu = find_gpu(*cards, name);
        if (!gpu) require_told(gpu.error());
      }
    }
  }
  const auto catalog = parse_catalog(text, "models.json");
  if (!catalog) return require_told(catalog.error());
  for (const auto& entry : *catalog) {
    const auto found = find_model(*catalog, entry.name);
    if (!found) require_told(found.error());
    const auto model = model_of(entry);
    if (!model)
      require_told(model.error());
    else
      price(*model, text.size());
  }
}

void log(Input bytes) {
  const std::string text = text_of(bytes);
  const ServerLog read = parse_server_log(text);
  static_cast<void>(scheme_of_file_type(read.model.file_type));
  static const auto model = parse_hf_config(small_config, "config.json");
  const auto compared =
      compare(read, *model, stored_weights(*model), workload_of(read), *find_runtime("llama.cpp"));
  static_cast<void>(compared.agrees());
  for (const auto& line : compared.lines) static_cast<void>(difference(line));
}

/// Requests as a batch and as a catalogue holds them, and a baseline. The file's name is not told
/// by the bytes, so no place may leave it out.
void requests(Input bytes) {
  const std::string text = text_of(bytes);
  const auto line = cli::parse_request({text, 1}, "r.json", false);
  if (!line) require(line.error().where.starts_with("r.json:"));
  static_cast<void>(cli::id_in(text));
  const auto cut = cli::cut_requests(text, "c.json");
  for (const auto& entry : cut.entries) {
    const auto request = cli::parse_request(entry, "c.json", true);
    static_cast<void>(cli::name_in(entry.text));
    if (!request) {
      require(!request.error().message.empty());
      continue;
    }
    cli::Options options;
    static_cast<void>(cli::apply(request->fields, options));
  }
  const auto baseline = cli::parse_baseline(text, "b.json");
  if (!baseline) require_told(baseline.error());
}

constexpr std::string_view small_catalog = R"({"models": [
{"name": "a/llama-7B", "config": {"model_type": "llama", "hidden_size": 4096,
 "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32000,
 "intermediate_size": 11008, "max_position_embeddings": 4096}},
{"name": "b/window-1B", "config": {"model_type": "gemma3_text", "hidden_size": 1152,
 "num_hidden_layers": 26, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 256,
 "vocab_size": 262144, "intermediate_size": 6912, "sliding_window": 512,
 "sliding_window_pattern": 6, "max_position_embeddings": 32768}}]})";
constexpr std::string_view small_cards = R"({"gpus": [
{"name": "RTX 4090", "vendor": "nvidia", "vram_gib": 24, "vram_mib_seen": 24564},
{"name": "M4", "vendor": "apple", "vram_gib": 16, "unified": true},
{"name": "RX 7900", "vendor": "amd", "vram_gib": 20},
{"name": "RTX 3060", "vendor": "nvidia", "vram_gib": 12},
{"name": "RTX 3060", "vendor": "nvidia", "vram_gib": 8}]})";

/// Colours are the only escape sequences.
std::string without_colors(std::string text) {
  for (std::size_t at = 0; (at = text.find("\x1b[", at)) != std::string::npos;) {
    const auto end = text.find_first_not_of("0123456789;", at + 2);
    if (end == std::string::npos || text[end] != 'm') return text;
    text.erase(at, end + 1 - at);
  }
  return text;
}

/// Splits at every `mark`.
std::vector<std::string> pieces(const std::string& text, std::string_view mark) {
  std::vector<std::string> found;
  std::size_t from = 0;
  for (std::size_t at = 0; (at = text.find(mark, from)) != std::string::npos;
       from = at + mark.size())
    found.push_back(text.substr(from, at - from));
  found.push_back(text.substr(from));
  return found;
}

/// The whole program. The first line holds its arguments, before them environment variables
/// (FITVRAM_X=Y) and, after an @, the columns of the terminal; what follows are files, one from the
/// next on after every line of "=====": f and d/config.json, g and the index beside that config, h.
void program(Input bytes) {
  const std::string text = text_of(bytes);
  const auto end = text.find('\n');
  test::FakeIo io;
  for (const auto& word : pieces(text.substr(0, end), " ")) {
    const auto is = word.find('=');
    if (io.words.empty() && word.starts_with('@')) {
      io.terminal = true;
      io.columns = parse_tokens(word.substr(1)).value_or(0);
    } else if (io.words.empty() && word.starts_with("FITVRAM_") && is != std::string::npos) {
      io.environment[word.substr(0, is)] = word.substr(is + 1);
    } else if (!word.empty()) {
      io.words.push_back(word);
    }
  }
  const auto files = pieces(end == std::string::npos ? "" : text.substr(end + 1), "\n=====\n");
  io.files["f"] = io.files["d/config.json"] = io.input = files[0];
  if (files.size() > 1) io.files["g"] = io.files["d/model.safetensors.index.json"] = files[1];
  if (files.size() > 2) io.files["h"] = files[2];
  // The tables of the program itself are the same every time and take long to read.
  constexpr std::string_view with_models[] = {"estimate", "rank",    "plan",        "check",
                                              "list",     "compare", "compare-log", "show"};
  const auto command = io.words.empty() ? "" : io.words[0];
  const auto* row = std::find(std::begin(with_models), std::end(with_models), command);
  io.files["catalog"] = small_catalog, io.files["cards"] = small_cards;
  if (row != std::end(with_models)) io.words.emplace_back("--only-catalog=catalog");
  if (row < std::begin(with_models) + 6) io.words.emplace_back("--only-gpus=cards");
  const auto status = cli::run(io);
  require(static_cast<int>(status) >= 0 && static_cast<int>(status) <= 3);
  const auto asks_for = [&](std::string_view part) {
    return std::any_of(io.words.begin(), io.words.end(), [&](const std::string& word) {
      return word.find(part) != std::string::npos;
    });
  };
  require_plain(io.terminal || asks_for("--color") ? without_colors(io.out) : io.out);
  require_plain(io.err);
  // What no boundary caught; the input itself may be quoted.
  for (const auto* inner : {"[json.exception", "std::bad_", "::_M_", "basic_string::"})
    require(io.err.find(inner) == std::string::npos || text.find(inner) != std::string::npos);
  if (status == cli::ExitCode::usage) require(io.out.empty());
  if (status >= cli::ExitCode::usage && io.out.empty() && !io.words.empty())
    require(io.err.starts_with("fitvram: ") && io.err.ends_with('\n'));
  if (io.out.starts_with('{') && !asks_for("ndjson") && !asks_for("--batch"))
    require(nlohmann::json::accept(io.out));
}

constexpr std::array target_table{
    Target{"config", config},           Target{"gguf", gguf},
    Target{"gguf_shards", gguf_shards}, Target{"log", log},
    Target{"program", program},         Target{"requests", requests},
    Target{"safetensors", safetensors}, Target{"tables", tables},
};

}  // namespace

std::span<const Target> targets() { return target_table; }

const Target* find_target(std::string_view name) {
  for (const auto& target : target_table)
    if (target.name == name) return &target;
  return nullptr;
}

}  // namespace fitvram::fuzz
