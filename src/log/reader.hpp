#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/runtime.hpp"
#include "log/words.hpp"

namespace fitvram {

/// "CUDA0", "CPU_Mapped", "CUDA_Host" and what was allocated there, all its lines together.
struct LoggedBuffer {
  std::string device;
  LoggedSize size;
};

/// True for buffers in host memory: CPU ones of any kind and a device's "_Host".
bool on_host(std::string_view device);
/// True for buffers that are ranges of the mapped file: they may hold more than was asked for.
bool is_mapped(std::string_view device);

/// Which of llama.cpp's caches a "size = ..." line is about.
enum class LoggedKind { full, sliding, strided, indexer, state, compressor };
const char* name_of(LoggedKind kind);

struct LoggedCache {
  LoggedKind kind = LoggedKind::full;
  LoggedSize size;
  std::optional<std::uint64_t> cells;
  std::optional<std::uint64_t> n_layer;
};

/// One llama_context: its settings and what it allocated.
struct LoggedContext {
  using U64 = std::optional<std::uint64_t>;

  U64 n_seq_max, n_ctx, n_ctx_seq, n_batch, n_ubatch, n_rs_seq, n_outputs_max;
  std::optional<bool> kv_unified;
  std::optional<FlashAttention> flash_attn;
  std::string type_k, type_v;  ///< "f16"; empty when not shown
  bool swa_full = false;

  std::vector<LoggedCache> caches;
  std::vector<LoggedBuffer> memory;  ///< KV, recurrent and compressor state
  std::vector<LoggedBuffer> compute;
  std::vector<LoggedBuffer> output;

  bool complete() const { return !compute.empty() || !caches.empty() || !memory.empty(); }
};

/// One loaded model file: what the loader said about it and what its weights take.
struct LoggedModel {
  using U64 = std::optional<std::uint64_t>;

  std::string path;
  std::string architecture;
  std::string name;
  std::string file_type;  ///< "Q4_K - Medium"
  U64 n_layer, n_embd, n_ctx_train, n_swa;
  U64 n_offloaded, n_offloadable;  ///< "offloaded 33/33 layers to GPU"
  bool projection = false;         ///< loaded without memory, only to see what would fit
  std::vector<LoggedBuffer> weights;
};

/// What a log of llama-server, llama-cli or any other llama.cpp program says was allocated.
struct ServerLog {
  LoggedModel model;
  LoggedContext context;
  std::vector<std::string> left_out;  ///< other loads and contexts in it, in words

  bool has_model() const { return !model.weights.empty(); }
  bool has_context() const { return context.complete(); }
};

/// Reads the wordings of llama.cpp from early 2024 to v0.5.0 (src/llama-context.cpp,
/// llama-kv-cache*.cpp, llama-memory-recurrent.cpp, llama-model.cpp), whatever stands before them
/// on a line (timestamps, levels, containers' names); escape sequences are skipped. Any bytes give
/// a ServerLog; of several models and contexts the first complete one that is no projection.
ServerLog parse_server_log(std::string_view text);

/// The settings of the log's context; what it does not show is llama.cpp's default of its time.
Workload workload_of(const ServerLog& log);

/// "Q4_K_M" for "Q4_K - Medium": the scheme as llama-quantize spells it, empty when there is none.
std::string scheme_of_file_type(std::string_view file_type);

}  // namespace fitvram
