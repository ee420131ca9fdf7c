#include "fuzz/targets.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "cli/request_fields.hpp"
#include "cli/requests.hpp"
#include "fitvram/fitvram.hpp"
#include "server_log.hpp"
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

void require_told(const Error& error) {
  require(!error.message.empty());
  for (const char c : error.message) require(c != '\n' && c != '\x1b');
}

/// What was read is priced: the estimator takes every model that a parser lets through.
void price(const ModelInfo& model) {
  const Runtime& runtime = *find_runtime("llama.cpp");
  const Weights weights = stored_weights(model);
  Workload workload;
  const auto device = estimate(model, weights, workload, runtime);
  require(device.context.device + device.context.host >= Bytes{});
  workload.backend = "cpu";  // a device pads small states more than the host does
  const auto small = estimate(model, weights, workload, runtime);
  workload.n_ctx = 2 * workload.n_ctx;
  const auto large = estimate(model, weights, workload, runtime);
  require(large.context.host >= small.context.host || large.n_ctx <= small.n_ctx);
}

void gguf(Input bytes) {
  const GgufShard shard{"fuzz.gguf", bytes};
  const auto model = parse_gguf({&shard, 1});
  if (!model) return require_told(model.error());
  price(*model);
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
  const auto model = parse_hf_config(text_of(bytes), "config.json");
  if (!model) return require_told(model.error());
  price(*model);
}

void safetensors(Input bytes) {
  const auto file = parse_safetensors(bytes, "model.safetensors");
  if (!file) require_told(file.error());
  const auto index = parse_safetensors_index(text_of(bytes), "model.safetensors.index.json");
  if (!index) require_told(index.error());
}

void tables(Input bytes) {
  const auto cards = parse_gpus(text_of(bytes), "gpus.json");
  if (!cards) require_told(cards.error());
  const auto catalog = parse_catalog(text_of(bytes), "models.json");
  if (!catalog) return require_told(catalog.error());
  for (const auto& entry : *catalog) static_cast<void>(model_of(entry));
}

void log(Input bytes) {
  const std::string text = text_of(bytes);
  const ServerLog read = parse_server_log(text);
  static_cast<void>(workload_of(read));
  static_cast<void>(scheme_of_file_type(read.model.file_type));
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

/// The whole program, its arguments taken from the first line and a file from the rest.
void program(Input bytes) {
  const std::string text = text_of(bytes);
  const auto end = text.find('\n');
  test::FakeIo io;
  std::string word;
  for (const char c : text.substr(0, end)) {
    if (c != ' ') {
      word += c;
    } else if (!word.empty()) {
      io.words.push_back(word);
      word.clear();
    }
  }
  if (!word.empty()) io.words.push_back(word);
  io.files["f"] = end == std::string::npos ? "" : text.substr(end + 1);
  const auto status = cli::run(io);
  require(static_cast<int>(status) >= 0 && static_cast<int>(status) <= 3);
  for (const char c : io.out + io.err)
    require(c == '\n' || c == '\t' || (static_cast<unsigned char>(c) >= 32 && c != 127) ||
            c == '\x1b');
  if (status == cli::ExitCode::usage) require(io.out.empty());
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
