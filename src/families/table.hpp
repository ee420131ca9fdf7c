#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "fitvram/error.hpp"
#include "fitvram/model.hpp"

namespace fitvram {

/// Which caches llama.cpp creates (src/llama-model.cpp create_memory, v0.5.0).
enum class MemoryClass {
  attention,        ///< K and V per layer, with windows where the window rule says so
  none,             ///< encoders and diffusion models: no cache
  recurrent,        ///< state only
  hybrid,           ///< K and V on attention layers, state on the others
  parallel_hybrid,  ///< both on every layer (falcon-h1)
  hybrid_indexer,   ///< hybrid with an indexer cache on attention layers (qwen4exp)
  dsa,              ///< latent and indexer (deepseek32, glm-dsa, hy-v4)
  dsa_window,       ///< dsa on full layers, latent window cache on the others (dots3note)
  msa,              ///< K, V and an indexer with K and V (minimax-m3)
  dsv4              ///< DeepSeek-V4: window, strided and compressor caches
};
const char* name_of(MemoryClass memory);

/// Which layers are recurrent.
enum class RecurrentRule {
  none,
  all,
  no_kv_heads,        ///< head_count_kv(i) == 0
  no_kv_heads_no_ff,  ///< and feed_forward_length(i) == 0; layers with neither attention nor state
                      ///< exist
  interval            ///< recurrent_layers, or all but each full_attention_interval-th
};

/// What a recurrent layer keeps per sequence, in f32 values: n_r (conv_state) and n_s
/// (recurrent_state). Source: src/llama-hparams.cpp n_embd_r() and n_embd_s().
enum class StateRule {
  none,
  mamba,            ///< conv window of inner_size; state_size * inner_size
  mamba2,           ///< conv window of inner_size + 2 * group_count * state_size; likewise
  wkv,              ///< token_shift_count * n_embd; n_embd * wkv.head_size
  shortconv,        ///< n_embd * (shortconv.l_cache - 1); none
  kda,              ///< 3 conv windows of n_head * kda.head_dim; kda.head_dim^2 * n_head
  linear_attention  ///< none; key_length^2 * n_head (MiniMax-01)
};

/// Which layers own an indexer cache (sparse attention).
enum class IndexerRule {
  none,
  all,               ///< every layer with attention
  after_dense_lead,  ///< all but the first leading_dense_block_count
  listed,            ///< attention.indexer.types
  listed_or_glm,     ///< the same; without it all layers, or GLM-5.2's pattern from 1M context on
  if_top_k           ///< the same list, none when attention.indexer.top_k is absent or 0
};

/// The window rule of llama.cpp's loader.
struct WindowRule {
  enum class Kind {
    none,  ///< an advertised window is ignored
    key,   ///< attention.sliding_window, none if absent or 0
    fixed  ///< `size` whenever the key is present and not 0 (or absent, see `if_absent`)
  };
  Kind kind = Kind::none;
  std::uint32_t size = 0;    ///< the fixed window, or the default when the key is absent (0 = none)
  bool if_absent = false;    ///< fixed: applies without the key too
  bool required = false;     ///< the loader refuses a file without the key
  std::uint32_t period = 0;  ///< every n-th layer is full unless the file says; 0 = list required
  bool first_full = false;   ///< the full layer is the first of each period, not the last
  std::uint32_t only_n_layer =
      0;                       ///< applies only to models with exactly this many layers; 0 = all
  bool chunked = false;        ///< chunked attention rather than a sliding window
  bool all_attention = false;  ///< every attention layer is a window layer
  bool all_if_hyper = false;   ///< every layer is, in models with hyper connections (dflash)
};

/// Whether a model runs only with the context of another, for which it drafts
/// (src/llama-context.cpp, ctx_other).
enum class OtherContext {
  none,
  always,
  for_tensors  ///< unless its file holds the embedding and the output
};

/// Blocks of a file that run several times, each time as a layer with a cache of its own.
enum class Repeats {
  none,
  all,    ///< all of them, num_loops times (Nanbeige)
  stacks  ///< two stacks: n_l_cycle times the first, once the second, and again (HRM-Text)
};

/// A row of the architecture table (src/families/table.cpp): everything there is to say about a
/// family.
struct Architecture {
  std::string_view gguf;  ///< general.architecture
  std::string_view hf =
      {};  ///< space separated model_type and class names of configs that map to it
  MemoryClass memory = MemoryClass::attention;
  bool mla = false;  ///< K-only latent cache when key_length_mla is present
  WindowRule window = {};
  RecurrentRule recurrent = RecurrentRule::none;
  StateRule state = StateRule::none;
  IndexerRule indexer = IndexerRule::none;
  std::uint32_t interval = 4;       ///< full_attention_interval when the file does not say
  std::uint32_t kv_from_start = 0;  ///< only the first n layers own a cache (gemma3n: 20); 0 = all
  std::uint32_t n_embd_per_layer = 0;  ///< per-layer inputs when the file does not say (gemma3n)
  OtherContext other_context = OtherContext::none;
  bool two_rope_bases = false;  ///< window layers rotate by a frequency base of their own
  bool shared_kv = false;       ///< attention.shared_kv_layers is honoured
  Repeats repeats = Repeats::none;
  bool router_layer = false;        ///< one more block with a one-head cache follows the last
  bool rollback = false;            ///< recurrent state keeps 1 + n_rs_seq rows per sequence
  bool output_before_embd = false;  ///< a tied head is created first and so loaded a second time
  bool no_flash = false;            ///< flash attention is forced off (src/llama-context.cpp)
  bool input_of_output = false;     ///< a missing input embedding is a second copy of the output
  bool no_head = false;  ///< the loader makes no output of the embedding where the file has none
  bool rope_factors_skip_swa = false;  ///< window layers do not use rope_freqs
  bool embd_norm_is_output = false;    ///< token_embd_norm is the final norm (OUTPUT_NORM_LFM2)
  bool encodes =
      false;  ///< there is an encoder, so every token has an output (llama_model_has_encoder)
  bool one_stream = false;       ///< a bias on attention scores fits one stream of cells only
  std::string_view source = {};  ///< loader in src/models/
};

/// The table, sorted by GGUF name. Version of all rows: llama.cpp v0.5.0 (de3ff815).
std::span<const Architecture> architectures();

/// By GGUF name; nullptr when unknown.
const Architecture* find_architecture(std::string_view gguf);

/// By a config's model_type or class name ("Gemma3ForConditionalGeneration"); nullptr when unknown.
const Architecture* find_hf_architecture(std::string_view word);

/// The row that the converter would choose once the facts are known: one class name can stand for
/// several architectures (nemotron_h with experts, granitehybrid without recurrent layers).
const Architecture& refine(const Architecture& row, const Hparams& hparams);

/// Whether blocks run several times, for a row that may be nullptr.
inline bool repeats_blocks(const Architecture* row) {
  return row != nullptr && row->repeats != Repeats::none;
}

/// The block of the file whose weights layer `layer` uses, for a row that may be nullptr.
std::size_t block_of(const Architecture* row, const Hparams& hparams, std::size_t layer);

/// Fills `model.layers`, `n_layer`, defaults in `model.hparams` and notes from `model.hparams`.
/// Throws Malformed (malformed.hpp) when a fact that the cache depends on is missing or impossible;
/// for an unknown architecture computes only what the facts determine and marks it assumed.
void lower_layers(ModelInfo& model);

/// A window that a model's name hints at, for models whose files say nothing: the name of a
/// windowed family at a word boundary, unless another base model's name stands in it too
/// ("gemma-3-llama").
struct WindowHint {
  std::uint32_t window = 0;  ///< tokens
  std::uint32_t period = 0;  ///< one layer of this many is full
};
WindowHint window_hint(std::string_view name);

}  // namespace fitvram
