#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "fitvram/error.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// Which caches llama.cpp creates (src/llama-model.cpp create_memory, v0.5.0).
enum class MemoryClass {
  attention,      ///< K and V per layer, with windows where the window rule says so
  none,           ///< encoders and diffusion models: no cache
  recurrent,      ///< state only
  hybrid,         ///< K and V on attention layers, state on the others
  parallel_hybrid,///< both on every layer (falcon-h1)
  hybrid_indexer, ///< hybrid with an indexer cache on attention layers (qwen4exp)
  dsa,            ///< latent and indexer (deepseek32, glm-dsa, hy-v4)
  dsa_window,     ///< dsa on full layers, latent window cache on the others (dots3note)
  msa,            ///< K, V and an indexer with K and V (minimax-m3)
  dsv4            ///< DeepSeek-V4: window, strided and compressor caches
};
const char* name_of(MemoryClass memory);

/// Which layers are recurrent.
enum class RecurrentRule {
  none,
  all,
  no_kv_heads,       ///< head_count_kv(i) == 0
  no_kv_heads_no_ff, ///< and feed_forward_length(i) == 0; layers with neither attention nor state exist
  interval           ///< recurrent_layers, or all but each full_attention_interval-th (default 4)
};

/// The window rule of llama.cpp's loader.
struct WindowRule {
  enum class Kind {
    none,     ///< an advertised window is ignored
    key,      ///< attention.sliding_window, none if absent or 0
    fixed     ///< `size` whenever the key is present and not 0 (or absent, see `if_absent`)
  };
  Kind kind = Kind::none;
  std::uint32_t size = 0;       ///< the fixed window, or the default when the key is absent (0 = none)
  std::uint32_t period = 0;     ///< every n-th layer is full unless the file says; 0 = list required
  bool first_full = false;      ///< the full layer is the first of each period, not the last
  std::uint32_t only_n_layer = 0;  ///< applies only to models with exactly this many layers; 0 = all
  bool chunked = false;         ///< chunked attention rather than a sliding window
  bool all_attention = false;   ///< every attention layer is a window layer
};

/// A row of the architecture table (src/architectures.cpp): everything there is to say about a family.
struct Architecture {
  std::string_view gguf;     ///< general.architecture
  std::string_view hf;       ///< space separated model_type and class names of configs that map to it
  MemoryClass memory;
  bool mla;                  ///< K-only latent cache when key_length_mla is present
  WindowRule window;
  RecurrentRule recurrent;
  std::uint32_t kv_from_start;  ///< only the first n layers own a cache (gemma3n: 20); 0 = all
  bool shared_kv;            ///< attention.shared_kv_layers is honoured
  bool rollback;             ///< recurrent state keeps 1 + n_rs_seq rows per sequence
  std::string_view source;   ///< loader in src/models/
};

/// The table, sorted by GGUF name. Version of all rows: llama.cpp v0.5.0 (de3ff815).
std::span<const Architecture> architectures();

/// By GGUF name; nullptr when unknown.
const Architecture* find_architecture(std::string_view gguf);

/// By a config's model_type or class name ("Gemma3ForConditionalGeneration"); nullptr when unknown.
const Architecture* find_hf_architecture(std::string_view word);

/// Fills `model.layers`, `n_layer`, defaults in `model.hparams` and notes from `model.hparams`. Throws
/// Malformed (malformed.hpp) when a fact that the cache depends on is missing or impossible; for an
/// unknown architecture computes only what the facts determine and marks it assumed.
void lower_layers(ModelInfo& model);

/// A window that a model's name hints at, for models whose files say nothing: the name of a windowed
/// family at a word boundary, unless another base model's name stands in it too ("gemma-3-llama").
struct WindowHint {
  std::uint32_t window = 0;  ///< tokens
  std::uint32_t period = 0;  ///< one layer of this many is full
};
WindowHint window_hint(std::string_view name);

}  // namespace fitvram
