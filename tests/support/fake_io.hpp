#pragma once
// A world in memory in which the whole program runs, and the small one that the golden cases share.
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "cli/base/io.hpp"
#include "support/configs.hpp"
#include "support/gguf_writer.hpp"
#include "support/places.hpp"

namespace fitvram::test {

class FakeLines final : public cli::Lines {
 public:
  explicit FakeLines(const std::string& text) : text_(text) {}
  Result<std::optional<std::string_view>> next() override {
    std::string line;
    if (!std::getline(text_, line)) return std::optional<std::string_view>();
    line_ = line;
    return std::optional<std::string_view>(line_);
  }
  bool ready() const override { return true; }

 private:
  std::istringstream text_;
  std::string line_;
};

class FakeIo final : public cli::Io {
 public:
  std::vector<std::string> words;
  std::map<std::string, std::string> environment;
  std::map<std::string, std::string> files;
  std::map<std::string, cli::PathKind> odd_paths;
  std::string input;
  std::string out;
  std::string err;
  bool full_disk = false;
  int n_forgotten = 0;
  std::optional<std::string> changed;
  bool terminal = false;
  std::size_t columns = 0;

  FakeIo() = default;
  explicit FakeIo(std::vector<std::string> args_) : words(std::move(args_)) {}

  std::vector<std::string> args() const override { return words; }
  std::optional<std::string> env(const std::string& name) const override {
    const auto at = environment.find(name);
    if (at == environment.end()) return std::nullopt;
    return at->second;
  }
  cli::PathKind kind_of(const std::string& path) const override {
    if (files.contains(path)) return cli::PathKind::file;
    if (const auto at = odd_paths.find(path); at != odd_paths.end()) return at->second;
    if (path == ".") return cli::PathKind::directory;
    const auto prefix = path.ends_with('/') ? path : path + "/";
    const auto below = files.lower_bound(prefix);
    return below != files.end() && below->first.starts_with(prefix) ? cli::PathKind::directory
                                                                    : cli::PathKind::missing;
  }
  Result<std::span<const std::byte>> read_file(const std::string& path) override {
    const auto at = files.find(path);
    if (at == files.end()) return Error{ErrorCode::io, path, "cannot be opened", ""};
    return std::as_bytes(std::span(at->second));
  }
  void forget_files() override { ++n_forgotten; }
  std::optional<std::string> changed_file() const override { return changed; }
  Result<std::unique_ptr<cli::Lines>> read_lines(const std::string& path) override {
    if (path != "-" && !files.contains(path))
      return Error{ErrorCode::io, path, "cannot be opened", ""};
    using Made = std::unique_ptr<cli::Lines>;
    return Made(new FakeLines(path == "-" ? input : files.at(path)));
  }
  std::optional<Error> write_file(const std::string& path, std::string_view text) override {
    if (full_disk) return Error{ErrorCode::io, path, "cannot be written: no space", ""};
    files[path] = text;
    return std::nullopt;
  }
  Result<std::span<const std::byte>> read_stdin() override {
    return std::as_bytes(std::span(input));
  }
  Result<std::vector<std::string>> list_directory(const std::string& path) const override {
    const auto prefix = path == "." ? "" : path.ends_with('/') ? path : path + "/";
    std::vector<std::string> names;
    for (const auto& [name, bytes] : files) {
      if (!name.starts_with(prefix)) continue;
      const auto entry = name.substr(prefix.size(), name.find('/', prefix.size()) - prefix.size());
      if (names.empty() || names.back() != entry) names.push_back(entry);
    }
    if (names.empty()) return Error{ErrorCode::io, path, "cannot be listed", ""};
    return names;
  }
  std::optional<Error> write_out(std::string_view text) override {
    if (full_disk)
      return Error{ErrorCode::io, "standard output", "cannot be written: no space", ""};
    out += text;
    return std::nullopt;
  }
  void write_err(std::string_view text) override { err += text; }
  bool out_is_terminal() const override { return terminal; }
  std::size_t width() const override { return columns; }
};

inline std::string text_of(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const auto b : bytes) text += static_cast<char>(b);
  return text;
}

/// A Llama of two blocks, in one file or as one of `count` shards.
inline std::string tiny_gguf(std::uint16_t shard = 0, std::uint16_t count = 1) {
  constexpr std::uint32_t f32 = 0;
  constexpr std::uint32_t q8_0 = 8;
  GgufWriter w;
  w.text("general.architecture", "llama").text("general.name", "tiny");
  if (count > 1) w.u16("split.no", shard).u16("split.count", count).i32("split.tensors.count", 20);
  if (shard == 0)
    w.u32("general.file_type", 7)
        .u32("llama.block_count", 2)
        .u32("llama.context_length", 4096)
        .u32("llama.embedding_length", 64)
        .u32("llama.feed_forward_length", 128)
        .u32("llama.attention.head_count", 2)
        .u32("llama.attention.head_count_kv", 1)
        .f32("llama.attention.layer_norm_rms_epsilon", 1e-5F)
        .text("tokenizer.ggml.model", "llama")
        .texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a"});
  if (shard == 0)
    w.tensor("token_embd.weight", {64, 4}, q8_0).tensor("output_norm.weight", {64}, f32);
  for (std::uint16_t i = 0; i < 2; ++i) {
    if (count > 1 && i != shard) continue;
    const std::string block = "blk." + std::to_string(i) + ".";
    w.tensor(block + "attn_norm.weight", {64}, f32)
        .tensor(block + "attn_q.weight", {64, 64}, q8_0)
        .tensor(block + "attn_k.weight", {64, 32}, q8_0)
        .tensor(block + "attn_v.weight", {64, 32}, q8_0)
        .tensor(block + "attn_output.weight", {64, 64}, q8_0)
        .tensor(block + "ffn_norm.weight", {64}, f32)
        .tensor(block + "ffn_gate.weight", {64, 128}, q8_0)
        .tensor(block + "ffn_up.weight", {64, 128}, q8_0)
        .tensor(block + "ffn_down.weight", {128, 64}, q8_0);
  }
  return text_of(w.bytes());
}

/// The files that the golden cases run among.
inline FakeIo small_world(std::vector<std::string> args = {}) {
  FakeIo io(std::move(args));
  const auto gemma = config_text("google__gemma-3-27b-it");
  const auto qwen = config_text("Qwen__Qwen3-8B");
  io.files["tiny.gguf"] = tiny_gguf();
  io.files["my model.gguf"] = tiny_gguf();
  io.files["models/a.gguf"] = tiny_gguf();
  io.files["models/mmproj-a.gguf"] = "not read";
  io.files["split/tiny-00001-of-00002.gguf"] = tiny_gguf(0, 2);
  io.files["split/tiny-00002-of-00002.gguf"] = tiny_gguf(1, 2);
  io.files["half/tiny-00001-of-00002.gguf"] = tiny_gguf(0, 2);
  io.files["server.log"] = [] {
    std::ifstream in(test_data("logs/gemma-3-27b-cuda.log"), std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(in), {}};
  }();
  io.files["page.json"] = "<!DOCTYPE html><html></html>";
  io.files["gemma/config.json"] = gemma;
  io.files["empty/readme.txt"] = "nothing here";
  io.files["weights.safetensors"] = "x";
  io.files["cards.json"] =
      R"({"gpus": [
        {"name": "Small", "vendor": "nvidia", "vram_gib": 8},
        {"name": "Middle", "vendor": "nvidia", "vram_gib": 24, "vram_mib_seen": 24564},
        {"name": "Large", "vendor": "amd", "vram_gib": 80}]})";
  io.files["checks.json"] = R"({
  "defaults": {"quant": "Q4_K_M", "n_ctx": "8k"},
  "entries": [
    {"name": "holds", "model": "gemma-3-27b", "vram": "24G", "expect": {"min_ctx": "16k"}},
    {"name": "tight", "model": "gemma-3-27b", "vram": "20G", "expect": "fits"},
    {"name": "broken", "model": },
    {"name": "typo", "model": "tiny.gguf", "n_ctxt": 1024},
    {"name": "no file", "model": "models/b.gguf", "vram": "8G"},
    {"name": "fat", "model": "tiny.gguf", "quant": null,
     "expect": {"max_bytes": "1M"}},
    {"model": {"architectures": ["Qwen3ForCausalLM"]}, "vram": "8G"}
    {"name": "after a missing comma", "model": "qwen3-8b", "vram": "1G", "expect": "no"}
  ]
})";
  io.files["good.ndjson"] =
      R"({"name": "one", "model": "tiny.gguf", "vram": "1G", "expect": "fits"}
{"name": "two", "model": "gemma-3-27b", "quant": "Q8_0", "vram": "48G"}
)";
  io.files["requests.ndjson"] = R"({"id": "a", "model": "tiny.gguf", "n_ctx": 1024}
{"id": 2, "modell": "tiny.gguf"}

{"model": "tiny.gguf",
{"model": "gemma-3-27b", "quant": "Q4_K_M", "gpu": "RTX 4090", "n_ctx": "32k"}
)";
  io.files["catalog.json"] = R"({"models": [{"name": "google/gemma-3-27b-it", "config": )" + gemma +
                             R"(}, {"name": "Qwen/Qwen3-8B", "config": )" + qwen + "}]}";
  return io;
}

/// stdout, stderr and exit status of one run.
struct Run {
  std::string out;
  std::string err;
  int status = 0;
};
inline Run run(FakeIo io) {
  const int status = static_cast<int>(cli::run(io));
  return {io.out, io.err, status};
}
inline Run run_words(std::vector<std::string> args) { return run(small_world(std::move(args))); }

}  // namespace fitvram::test
