#include "log/reader.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "fitvram/quantize.hpp"
#include "log/words.hpp"

namespace fitvram {
namespace {

constexpr std::size_t most_loads = 1024;
constexpr std::size_t most_buffers = 1024;  // of one kind; what a log says beyond that is left out

void add(std::vector<LoggedBuffer>& buffers, std::string_view device, const LoggedSize& size) {
  const auto at = std::find_if(buffers.begin(), buffers.end(),
                               [&](const LoggedBuffer& b) { return b.device == device; });
  if (at != buffers.end())
    at->size += size;
  else if (buffers.size() < most_buffers)
    if (buffers.size() < most_buffers) buffers.push_back({std::string(device), size});
}

/// A graph is reserved again when something changes: the last figure is what stays.
void replace(std::vector<LoggedBuffer>& buffers, std::string_view device, const LoggedSize& size) {
  std::erase_if(buffers, [&](const LoggedBuffer& b) { return b.device == device; });
  buffers.push_back({std::string(device), size});
}

bool is_context_function(std::string_view name) {
  return name == "llama_context:" || name == "llama_new_context_with_model:" ||
         name == "llama_init_from_model:";
}

bool is_info_function(std::string_view name) {
  return name == "print_info:" || name == "llm_load_print_meta:";
}

bool is_load_function(std::string_view name) {
  return name == "load_tensors:" || name == "llm_load_tensors:";
}

/// One model file and the contexts made on it.
struct Load {
  LoggedModel model;
  std::vector<LoggedContext> contexts;
};

class Reader {
 public:
  void line(const std::string& text) {
    const Words words = words_of(text);
    if (find_words(words, {"loaded", "meta", "data", "with"})) return start_load(text);
    if (find_words(words, {"constructing", "llama_context"})) return start_context();
    if (find_words(words, {"using", "full-size", "SWA", "cache"})) context().swa_full = true;
    if (const auto at = find_words(words, {"creating"})) expect(words, *at);
    if (const auto at = find_words(words, {"offloaded"})) offloaded(words, *at);
    if (const auto at = find_words(words, {"buffer", "size", "="})) return buffer(words, *at);
    if (find_words(words, {"self", "size", "="}) ||
        (find_words(words, {"size", "="}) && has_unit(words)))
      return cache(words);
    if (const auto at = find_words(words, {"kv_size", "="})) return old_cache(words, *at);
    if (const auto at = find_words(words, {"="}); at && *at >= 3) setting(words, *at, text);
  }

  ServerLog result() const {
    ServerLog log;
    const Load* chosen = nullptr;
    const LoggedContext* context = nullptr;
    for (const auto& load : loads_) {
      if (load.model.projection) continue;
      const auto at = std::find_if(load.contexts.begin(), load.contexts.end(),
                                   [](const LoggedContext& c) { return c.complete(); });
      if (at != load.contexts.end()) {
        chosen = &load;
        context = &*at;
        break;
      }
      if (chosen == nullptr && !load.model.weights.empty()) chosen = &load;
    }
    if (chosen != nullptr) log.model = chosen->model;
    if (context != nullptr) log.context = *context;
    for (const auto& load : loads_) {
      if (&load != chosen && (!load.model.weights.empty() || load.model.projection))
        log.left_out.push_back(
            std::string(load.model.projection ? "a trial load of " : "another load of ") +
            (load.model.path.empty() ? "a model" : load.model.path));
      for (const auto& other : load.contexts)
        if (&other != context && &load == chosen && other.complete())
          log.left_out.push_back("another context of " + std::to_string(other.n_ctx.value_or(0)) +
                                 " tokens");
    }
    if (projector_) log.left_out.emplace_back("a multimodal projector");
    return log;
  }

 private:
  Load& load() {
    if (loads_.empty()) loads_.emplace_back();
    return loads_.back();
  }

  LoggedContext& context() {
    auto& contexts = load().contexts;
    if (contexts.empty()) contexts.emplace_back();
    return contexts.back();
  }

  void start_load(std::string_view text) {
    if (loads_.size() < most_loads) loads_.emplace_back();
    kind_.reset();
    const auto from = text.find(" tensors from ");
    if (from == std::string_view::npos) return;
    const auto path = text.substr(from + 14);
    load().model.path = std::string(path.substr(0, path.rfind(" (version ")));
  }

  void start_context() {
    kind_.reset();
    auto& contexts = load().contexts;
    if (contexts.size() < most_loads) contexts.emplace_back();
  }

  /// "creating non-SWA KV cache, size = 8192 cells": says what the next sizes are about.
  void expect(const Words& words, std::size_t at) {
    const auto names = [&](std::string_view word) {
      return find_words(words, {word}, at).has_value();
    };
    if (names("non-SWA") || names("main") || names("DSA"))
      kind_ = LoggedKind::full;
    else if (names("indexer") || (names("lightning-indexer") && names("KV")))
      kind_ = LoggedKind::indexer;
    else if (names("SWA") || names("raw"))
      kind_ = LoggedKind::sliding;
    else if (names("compressed"))
      kind_ = LoggedKind::strided;
    else if (names("compressor"))
      kind_ = LoggedKind::compressor;
  }

  void offloaded(const Words& words, std::size_t at) {
    if (at >= words.size() || !find_words(words, {"layers", "to", "GPU"}, at)) return;
    const auto slash = words[at].find('/');
    if (slash == std::string_view::npos) return;
    load().model.n_offloaded = number(words[at].substr(0, slash));
    load().model.n_offloadable = number(words[at].substr(slash + 1));
  }

  static bool has_unit(const Words& words) {
    return std::any_of(words.begin(), words.end(),
                       [](std::string_view w) { return w.starts_with("MiB"); });
  }

  void buffer(const Words& words, std::size_t at) {
    if (at + 1 >= words.size() || !words[at + 1].starts_with("MiB")) return;
    const auto size = mebibytes(words[at]);
    if (!size) return;
    std::size_t function = at - 3;
    while (function > 0 && !words[function].ends_with(':')) --function;
    if (!words[function].ends_with(':') || function + 1 >= at - 3) return;
    const auto name = words[function];
    const auto device = words[function + 1];
    const auto kind = words[at - 4];
    if (is_load_function(name))
      add(load().model.weights, device, *size);
    else if (kind == "KV" || kind == "RS" || kind == "state")
      add(context().memory, device, *size);
    else if (kind == "output" && is_context_function(name))
      replace(context().output, device, *size);
    else if (kind == "compute" && (is_context_function(name) || name == "sched_reserve:"))
      replace(context().compute, device, *size);
    else if (kind == "compute")
      projector_ = true;
  }

  void cache(const Words& words) {
    const auto at = find_words(words, {"size", "="});
    if (!at || *at + 1 >= words.size() || !words[*at + 1].starts_with("MiB")) return;
    const auto size = mebibytes(words[*at]);
    if (!size) return;
    LoggedCache cache;
    cache.size = *size;
    cache.kind = kind_.value_or(LoggedKind::full);
    bool types = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const auto word = words[i];
      const auto before = words[i - 1];
      if (word == "cells,")
        cache.cells = number(before.starts_with('(') ? before.substr(1) : before);
      else if (word == "layers,")
        cache.n_layer = number(before);
      else if (word.starts_with("seqs"))
        sequences(before);
      if (i + 1 < words.size() && word.starts_with('(') && word.ends_with("):")) {
        const auto type = word.substr(1, word.size() - 3);
        if (before == "K" || before == "c^KV")
          context().type_k = std::string(type), types = true;
        else if (before == "V")
          context().type_v = std::string(type), types = true;
        else if (before == "R" || before == "S")
          cache.kind = LoggedKind::state, types = true;
      }
    }
    if (find_words(words, {"c^KV"})) context().type_v = context().type_k;
    if (find_words(words, {"ratio", "="}) && find_words(words, {"rs_seq", "="}))
      cache.kind = LoggedKind::compressor, types = true;
    if (!types) return;
    kind_.reset();
    if (cache.size.centi_mib == 0 && cache.n_layer.value_or(0) == 0) return;
    if (!cache.cells && cache.kind == LoggedKind::full) cache.cells = old_cells_;
    if (!cache.n_layer && cache.kind == LoggedKind::full) cache.n_layer = old_n_layer_;
    context().caches.push_back(cache);
  }

  /// "4/1": sequences and separate streams; "1" in older logs.
  void sequences(std::string_view word) {
    const auto slash = word.find('/');
    const auto n_seq = number(word.substr(0, slash));
    if (!context().n_seq_max) context().n_seq_max = n_seq;
    if (slash == std::string_view::npos || !n_seq || *n_seq < 2) return;
    if (!context().kv_unified) context().kv_unified = number(word.substr(slash + 1)) == 1;
  }

  /// "kv_size = 8192, offload = 1, type_k = 'f16', type_v = 'f16', n_layer = 61": before mid-2025.
  void old_cache(const Words& words, std::size_t at) {
    if (at < words.size()) old_cells_ = number(words[at]);
    if (const auto n = find_words(words, {"n_layer", "="}); n && *n < words.size())
      old_n_layer_ = number(words[*n]);
  }

  void setting(const Words& words, std::size_t at, std::string_view text) {
    const auto key = words[at - 2];
    const auto function = words[at - 3];
    const auto value = at < words.size() ? words[at] : std::string_view{};
    const auto rest = [&] {
      const auto from = text.find(value, text.find(" = ") + 2);
      auto whole = value.empty() ? std::string_view{} : text.substr(from);
      whole.remove_suffix(whole.size() - (whole.find_last_not_of(' ') + 1));
      return std::string(whole);
    };
    if (is_context_function(function)) {
      if ((key == "n_seq_max" && context().n_seq_max) || (key == "n_ctx" && context().n_ctx))
        start_context();
      auto& to = context();
      const auto n = number(value);
      if (key == "n_seq_max") to.n_seq_max = n;
      if (key == "n_ctx") to.n_ctx = n;
      if (key == "n_ctx_seq" || key == "n_ctx_per_seq") to.n_ctx_seq = n;
      if (key == "n_batch") to.n_batch = n;
      if (key == "n_ubatch") to.n_ubatch = n;
      if (key == "n_rs_seq") to.n_rs_seq = n;
      if (key == "n_outputs_max") to.n_outputs_max = n;
      if (key == "kv_unified") to.kv_unified = value == "true" || value == "1";
      if (key == "flash_attn") {
        to.flash_attn = FlashAttention::automatic;
        if (value == "1" || value == "enabled") to.flash_attn = FlashAttention::on;
        if (value == "0" || value == "disabled") to.flash_attn = FlashAttention::off;
      }
    } else if (is_info_function(function)) {
      auto& to = load().model;
      const auto n = number(value);
      if (key == "arch") to.architecture = std::string(value);
      if (key == "general.name") to.name = rest();
      if (key == "n_layer") to.n_layer = n;
      if (key == "n_embd") to.n_embd = n;
      if (key == "n_ctx_train") to.n_ctx_train = n;
      if (key == "n_swa") to.n_swa = n;
      if (key == "no_alloc") to.projection = value == "1";
    } else if (at >= 4 && is_info_function(words[at - 4])) {
      auto& to = load().model;
      if ((function == "file" && key == "type") || (function == "model" && key == "ftype"))
        to.file_type = rest();
    }
  }

  std::vector<Load> loads_;
  std::optional<LoggedKind> kind_;
  std::optional<std::uint64_t> old_cells_, old_n_layer_;
  bool projector_ = false;
};

std::string_view backend_of(const std::vector<LoggedBuffer>& buffers) {
  for (const auto& buffer : buffers) {
    const std::string device = lower_case(buffer.device);
    if (on_host(buffer.device)) continue;
    if (device.starts_with("vulkan")) return "vulkan";
    if (device.starts_with("rocm")) return "rocm";
    if (device.starts_with("mtl") || device.starts_with("metal")) return "metal";
    return "cuda";
  }
  return "";
}

}  // namespace

bool on_host(std::string_view device) {
  return device.starts_with("CPU") || device.ends_with("_Host") || device.starts_with("BLAS") ||
         device.starts_with("AMX") || device == "Host";
}

bool is_mapped(std::string_view device) { return device.ends_with("_Mapped"); }

const char* name_of(LoggedKind kind) {
  switch (kind) {
    case LoggedKind::full:
      return "full";
    case LoggedKind::sliding:
      return "sliding";
    case LoggedKind::strided:
      return "strided";
    case LoggedKind::indexer:
      return "indexer";
    case LoggedKind::state:
      return "state";
    case LoggedKind::compressor:
      return "compressor";
  }
  return "";
}

ServerLog parse_server_log(std::string_view text) {
  Reader reader;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (line.find("llama_context") != std::string_view::npos ||
        line.find('=') != std::string_view::npos || line.find("cache") != std::string_view::npos ||
        line.find("offloaded") != std::string_view::npos ||
        line.find("meta data") != std::string_view::npos)
      reader.line(plain(line));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return reader.result();
}

Workload workload_of(const ServerLog& log) {
  const auto narrow = [](std::uint64_t n) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(n, UINT32_MAX));
  };
  const LoggedContext& c = log.context;
  Workload w;
  w.n_ctx = c.n_ctx.value_or(w.n_ctx);
  w.n_seq = narrow(std::max<std::uint64_t>(1, c.n_seq_max.value_or(1)));
  // Until the autumn of 2025 the sequences always shared one cache, and nothing was said about it.
  w.kv_unified = c.kv_unified.value_or(true);
  w.n_batch = narrow(c.n_batch.value_or(w.n_batch));
  w.n_ubatch = narrow(c.n_ubatch.value_or(w.n_ubatch));
  w.n_rs_seq = narrow(c.n_rs_seq.value_or(0));
  w.n_outputs = narrow(c.n_outputs_max.value_or(0));
  w.flash_attn = c.flash_attn.value_or(w.flash_attn);
  w.swa_full = c.swa_full;
  if (!c.type_k.empty()) w.type_k = find_tensor_type(c.type_k);
  if (!c.type_v.empty()) w.type_v = find_tensor_type(c.type_v);
  auto backend = backend_of(log.model.weights);
  if (backend.empty()) backend = backend_of(c.memory);
  if (backend.empty()) backend = backend_of(c.compute);
  w.backend = backend.empty() ? "cpu" : backend;
  const LoggedModel& m = log.model;
  if (m.n_offloaded && m.n_offloadable && *m.n_offloaded < *m.n_offloadable)
    w.n_gpu_layers = narrow(*m.n_offloaded);
  const bool all_host = std::all_of(c.memory.begin(), c.memory.end(),
                                    [](const LoggedBuffer& b) { return on_host(b.device); });
  if (!c.memory.empty() && all_host && m.n_offloaded.value_or(0) > 1) w.offload_kqv = false;
  return w;
}

std::string scheme_of_file_type(std::string_view file_type) {
  std::string word(file_type.substr(0, file_type.find(" (")));
  if (word.starts_with("IQ3_S mix")) return "IQ3_M";
  std::string suffix;
  if (const auto dash = word.find(" - "); dash != std::string::npos) {
    const std::string rest = word.substr(dash + 3);
    word.erase(dash);
    if (rest == "Small" || rest == "Medium" || rest == "Large") suffix = "_" + rest.substr(0, 1);
  }
  if (word.starts_with("all ")) word.erase(0, 4);
  std::replace(word.begin(), word.end(), ' ', '_');
  for (const auto& name : {word + suffix, word})
    if (const Scheme* scheme = find_scheme(name)) return std::string(scheme->name);
  return {};
}

}  // namespace fitvram
