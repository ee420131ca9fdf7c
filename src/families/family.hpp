#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "fitvram/hparams.hpp"

namespace fitvram {

// A row of the table of families: all that is known of one architecture. Rows stand in the files of
// their kin, src/families/KIN.cpp, with the functions that are their own beside them.

class GraphBuilder;
class HfReader;
class TensorBuilder;
class TowerSection;
using NodeId = std::int32_t;  // ggml/graph.hpp

// The caches.

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
const char* name_of(StateRule state);

/// Which layers own an indexer cache (sparse attention).
enum class IndexerRule {
  none,
  all,               ///< every layer with attention
  after_dense_lead,  ///< all but the first leading_dense_block_count
  listed,            ///< attention.indexer.types
  listed_or_glm,     ///< the same; without it all layers, or GLM-5.2's pattern from 1M context on
  if_top_k           ///< the same list, none when attention.indexer.top_k is absent or 0
};
const char* name_of(IndexerRule indexer);

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

/// Blocks of a file that run several times, each time as a layer with a cache of its own.
enum class Repeats {
  none,
  all,    ///< all of them, num_loops times (Nanbeige)
  stacks  ///< two stacks: n_l_cycle times the first, once the second, and again (HRM-Text)
};

/// The caches of a family's layers. A row that says nothing: K and V of every token in every layer.
struct CacheRule {
  MemoryClass memory = MemoryClass::attention;
  bool mla = false;  ///< K-only latent cache when key_length_mla is present
  WindowRule window = {};
  RecurrentRule recurrent = RecurrentRule::none;
  StateRule state = StateRule::none;
  IndexerRule indexer = IndexerRule::none;
  std::uint32_t interval = 4;       ///< full_attention_interval when the file does not say
  std::uint32_t kv_from_start = 0;  ///< only the first n layers own a cache (gemma3n: 20); 0 = all
  bool shared_kv = false;           ///< attention.shared_kv_layers is honoured
  Repeats repeats = Repeats::none;
  bool router_layer = false;  ///< one more block with a one-head cache follows the last
  bool rollback = false;      ///< recurrent state keeps 1 + n_rs_seq rows per sequence
};

/// Whether a model runs only with the context of another, for which it drafts
/// (src/llama-context.cpp, ctx_other).
enum class OtherContext {
  none,
  always,
  for_tensors  ///< unless its file holds the embedding and the output
};

/// What else llama.cpp's loader and context do with a family, all v0.5.0.
struct LoadRule {
  bool projector = false;              ///< no language model: part of one
  std::uint32_t n_embd_per_layer = 0;  ///< per-layer inputs when the file does not say (gemma3n)
  bool no_head = false;  ///< the loader makes no output of the embedding where the file has none
  bool output_before_embd = false;     ///< a tied head is created first and so loaded a second time
  bool input_of_output = false;        ///< a missing input embedding is a second copy of the output
  bool embd_norm_is_output = false;    ///< token_embd_norm is the final norm (OUTPUT_NORM_LFM2)
  bool rope_factors_skip_swa = false;  ///< window layers do not use rope_freqs
  bool no_flash = false;               ///< flash attention is forced off (src/llama-context.cpp)
  bool encodes =
      false;  ///< there is an encoder, so every token has an output (llama_model_has_encoder)
  bool one_stream = false;  ///< a bias on attention scores fits one stream of cells only
  OtherContext other_context = OtherContext::none;
};

// The tensors.

enum class AttentionBlock {
  none,
  gqa,        ///< attn_q, attn_k, attn_v
  fused_qkv,  ///< attn_qkv
  mla,        ///< low-rank q and kv, attn_k_b and attn_v_b split
  compressed  ///< DeepSeek-V4: low-rank q and output, one shared kv, compressors and indexer
};

enum class RecurrentBlock {
  none,
  mamba,
  mamba_normed,  ///< Jamba: with norms of dt, B and C
  mamba2,
  mamba2_bare,      ///< Falcon-H1: without ssm_norm
  delta_net,        ///< Qwen3-Next: beta and alpha in one tensor
  delta_net_split,  ///< Qwen3.5: beta and alpha apart
  kda,              ///< Kimi Linear: decay and output gate of low rank
  kda_whole,        ///< BailingMoe 3: both whole
  kda_k3,           ///< Kimi K3: the output gate whole
  short_conv,       ///< LFM2
  lightning,        ///< MiniMax-01
  rwkv6,            ///< time mix and channel mix
  rwkv7,
  mamba_heads,  ///< PLaMo 2: mamba with one decay per head and inner norms
  rwkv6_gqa,    ///< RWKV6 inside Qwen2: time mix with shared keys and values
  rwkv7_mixer   ///< RWKV7 time mix before a gated feed-forward
};

enum class FeedForwardBlock {
  none,
  gated,  ///< gate, up, down
  plain,  ///< up, down
  fused   ///< gate and up in one ffn_up
};

/// How a layer's mixers, attention and recurrence, stand together.
enum class Mixers {
  either,  ///< one of them, then the feed-forward
  both,    ///< side by side in every layer, then the feed-forward
  alone    ///< a layer is one of attention, recurrence and feed-forward
};

/// The norms of each layer, all of width n_embd.
struct Norms {
  std::string_view names = {};      ///< '!' after a name: it has no ".weight" in the file
  bool biases = false;              ///< they are LayerNorms with a bias, here and everywhere else
  bool no_first = false;            ///< layer 0 has no attn_norm (ModernBERT)
  bool second_if_grouped = false;   ///< attn_norm_2 where key-value heads are shared (Falcon 40B)
  bool no_ffn_if_parallel = false;  ///< no ffn_norm with a parallel residual (StableLM)
};

enum class Bias {
  none,
  stated,         ///< if the config says so; of the output: by its own key or by that of q, k and v
  unless_denied,  ///< unless the config says no
  always
};
struct Biases {
  Bias qkv = Bias::none;
  Bias out = Bias::none;
  Bias mlp = Bias::none;
};

/// The norms of queries and keys.
enum class QkNorm {
  none,
  shared,         ///< one weight per value of a head, the same for all heads
  shared_stated,  ///< so if the config says so
  each,           ///< one per value of every head
  each_stated,    ///< so if the config says so
  whole           ///< one norm over all heads
};

enum class Sinks { none, all, windows };

/// What gates the result of attention.
enum class AttentionGate {
  none,
  in_query,   ///< attn_q is twice as wide
  per_value,  ///< attn_gate as wide as the output
  per_head    ///< attn_gate with one value per head
};

enum class IndexerBlock {
  none,
  tokens,  ///< DeepSeek's, on every layer that owns one
  blocks   ///< MiniMax-M3's, on sparse layers
};

enum class RouterBias { none, always, if_sigmoid };

/// How wide the shared experts are.
enum class SharedWidth {
  stated,       ///< by the key, or as so many routed experts
  like_expert,  ///< one as wide as a routed one
  like_dense    ///< as n_ff where the key is absent
};

/// A dense block in the layers that have experts.
enum class DenseBeside {
  none,
  normed,     ///< each with norms of its own (Gemma 4)
  like_embd,  ///< n_embd wide (Arctic)
  if_stated   ///< where the experts' width is stated (Grok 2)
};

/// Projections around experts of a width of their own (moe_latent_size).
enum class LatentExperts {
  none,
  latent,  ///< ffn_latent_*
  routed   ///< ffn_routed_*, and a norm (Kimi K3)
};

struct Experts {
  RouterBias router_bias = RouterBias::none;  ///< exp_probs_b
  bool biases = false;                        ///< of experts and router
  bool fused = false;                         ///< ffn_gate_up_exps
  SharedWidth shared = SharedWidth::stated;
  bool shared_gate = false;  ///< ffn_gate_inp_shexp
  DenseBeside dense = DenseBeside::none;
  LatentExperts latent = LatentExperts::none;
  bool every_second = false;  ///< in each second layer when the config does not say (Jamba)
};

/// Next-token-prediction blocks.
struct Nextn {
  bool own_head = false;  ///< they own embedding and head
  bool dense = false;     ///< they have no experts
  std::string_view norm = "nextn.shared_head_norm";
};

/// Whether the output is the embedding.
enum class Tying { stated, always, never };

/// The tensors of a family: its blocks, its norms, and what is special. Source: load_arch_tensors
/// in src/models/*.cpp and the names conversion/*.py writes, llama.cpp v0.5.0.
struct TensorRule {
  std::string_view unknown = {};  ///< why there is no rule, in rows without
  AttentionBlock attention = AttentionBlock::none;
  RecurrentBlock recurrent = RecurrentBlock::none;
  FeedForwardBlock feed_forward = FeedForwardBlock::none;
  Mixers mixers = Mixers::either;
  bool optional_blocks = false;  ///< layers without a mixer or a feed-forward (Nemotron-NAS)
  Norms norms = {};
  Biases biases = {};
  QkNorm qk_norm = QkNorm::none;
  Sinks sinks = Sinks::none;
  AttentionGate gate = AttentionGate::none;
  IndexerBlock indexer = IndexerBlock::none;
  bool whole_kv_b = false;  ///< MLA with attn_kv_b in one piece
  bool half_ff = false;     ///< the config states twice the width (Qwen 1)
  Experts experts = {};
  Nextn nextn = {};
  bool positions = false;                        ///< position_embd
  std::uint32_t extra_positions = 0;             ///< more of them than the context (OPT)
  bool embd_norm = false;                        ///< token_embd_norm
  bool rope_full = false;                        ///< rope_freqs of the full layers (Gemma 4)
  std::string_view output_norm = "output_norm";  ///< empty: none
  Tying tying = Tying::stated;
  bool head_bias = false;  ///< output.bias
  /// What the family has and no block covers: of the model ahead of the layers, of the current
  /// layer, and of the model after the output.
  void (*globals)(TensorBuilder& b) = nullptr;
  void (*layer)(TensorBuilder& b) = nullptr;
  void (*output)(TensorBuilder& b) = nullptr;
};

// The graph.

/// Which layers turn their queries and keys by position.
enum class Rope {
  all,
  windows,          ///< only window layers
  windows_or_lead,  ///< only window layers and the leading dense ones
  windows_if,       ///< only window layers, or all where there are none
  three_of_four,    ///< all but every fourth
  if_finetuned,     ///< all, unless rope.scaling.finetuned denies it (Granite)
  if_32_layers,     ///< all, in models of 32 layers (Baichuan 7B; the 13B has none)
  none
};

/// Where the rows with an output are picked.
enum class PickRows { last_layer, before_norm, after_norm, none };

/// Which sums have the residual as first operand, whose memory the sum then takes over.
enum class ResidualFirst { none, before_ffn, after_ffn, both };

/// Attention and feed-forward side by side, and the order their results are added in.
enum class Beside {
  none,
  residual_first,      ///< x + residual + attention, both from one norm
  attention_first,     ///< x + attention + residual, both from one norm
  attention_then_ffn,  ///< attention + x + residual, both from one norm
  own_norm,            ///< as residual_first, but the feed-forward has a norm of its own
  unless_normed        ///< from one norm where the feed-forward has none
};

enum class Gating { file, softmax, sigmoid, softmax_weight };

enum class Act {
  split,    ///< act(gate) * up
  single,   ///< act(up)
  squared,  ///< relu(up)^2
  fused,    ///< the gate is inside up
  situ      ///< as split, with gate and up bounded (Kimi K3)
};

/// How a family composes the blocks of llama.cpp's graph (src/models/*.cpp, v0.5.0).
struct GraphRule {
  std::string_view unknown = {};  ///< why it is not restated here, in rows without
  void (*build)(GraphBuilder& b, const GraphRule& rule) = nullptr;
  /// What layers with a state do instead of attention; nullptr = no such layers.
  NodeId (*recurrent)(GraphBuilder& b, NodeId x) = nullptr;
  NodeId (*attention)(GraphBuilder& b, const GraphRule& rule, NodeId x) = nullptr;
  bool layer_norm = false;
  bool scaled_embd = false;
  bool embd_scaled_if_stated = false;  ///< by embedding_scale, if the file has it
  Beside beside = Beside::none;
  bool bare_norms = false;  ///< norms without weights
  bool learned_positions = false;
  bool embd_norm = false;  ///< the embedding is normed
  ResidualFirst residual_first = ResidualFirst::none;
  bool post_is_ffn_norm = false;  ///< post_attention_norm stands before the feed-forward block
  PickRows pick = PickRows::last_layer;
  bool expand_norm = false;      ///< the norm is computed before anything else of its layer
  bool single = false;           ///< a layer is one block: state, attention or feed-forward
  bool uncached = false;         ///< attention within the batch (encoders, diffusion)
  bool head_scaled = false;      ///< the normed result is scaled ahead of the output
  bool headless = false;         ///< the result is the embedding, not logits
  bool norm_after_rope = false;  ///< queries and keys are normed after rope
  bool ffn_and_experts = false;  ///< a dense feed-forward block and experts side by side (Arctic)
  bool dense_beside = false;     ///< the same, added to the experts' result and scaled (Grok)
  bool chunks = false;           ///< experts are followed by experts of their groups (GroveMoE)
  bool precise_down = false;     ///< the last expert matrices need f32, which CUDA lacks
  bool embd_skips = false;       ///< each block adds the scaled embedding (Talkie)
  bool router_ahead = false;     ///< experts are chosen by the input of the layer
  bool q_scaled = false;         ///< queries are scaled by an operation of their own
  bool attn_scaled = false;      ///< layers without rope scale queries by position (Llama 4)
  Rope rope = Rope::all;
  bool flat_qkv = false;    ///< queries, keys and values are computed whole, then cut into heads
  bool plain_rope = false;  ///< factors of the file are not used
  int caps = 0;             ///< operations on the logits
  Gating gating = Gating::softmax;
  int norm_weights = -1;  ///< of experts; -1 = as the file says
  bool soft_cap = false;  ///< of attention scores
  Act act = Act::split;
  int pos = 1;                  ///< positions per token
  bool clamps = false;          ///< Q, K and V are bounded where the file says so
  bool axes_if_listed = false;  ///< which the file says by rope.dimension_sections; else one
};

// The config.json.

/// What a class of the transformers library takes where its config says nothing. Nested sections
/// are stored as differences from their class, and old or hand-made files leave out keys, too.
/// Source: configuration_*.py of the transformers library, 2026-11.
struct ConfigClass {
  std::string_view names;     ///< space separated model types of the section that holds the model;
                              ///< "outer/inner" is that section inside a config of the outer type
  std::string_view defaults;  ///< space separated "key=value"; "a/b" is key b of object a
};

/// Parameters of a vision or audio tower and its projector, by the model_type of its section.
struct Tower {
  std::string_view model_type;
  std::uint64_t (*params)(const TowerSection& section, std::uint64_t n_embd);
  std::string_view defaults = {};  ///< of its class, as ConfigClass has them
};

/// How a config.json becomes facts, as llama.cpp's converter writes them to GGUF (conversion/*.py,
/// v0.5.0).
struct ConfigRule {
  std::string_view unknown = {};  ///< why no config is read as this family, in rows without
  /// What the family derives from its own keys, once the common ones are read.
  void (*read)(const HfReader& reader, Hparams& hparams) = nullptr;
  std::span<const ConfigClass> classes = {};
  bool ties = false;        ///< head and embedding are one where the config does not say
  bool window_off = false;  ///< no window unless use_sliding_window says so (Qwen)
  std::string_view ff_key = "intermediate_size";  ///< what configs call the feed-forward size
  /// Composite classes whose own name decides, whatever the nested section calls itself
  /// (conversion/base.py, get_model_architecture).
  std::string_view outer_classes = {};
  /// Composite classes that hold any language model: the nested section says which, and only where
  /// it says nothing they stand for this family.
  std::string_view any_text = {};
  /// The architecture that a config is of although its words say this one; empty = this one.
  std::string_view (*instead)(const HfReader& reader) = nullptr;
  /// Whether a config whose words say nothing is of this family.
  bool (*claims)(const HfReader& reader) = nullptr;
  std::span<const Tower> towers = {};
  /// A tower that no section describes, by the whole config.
  std::uint64_t (*own_tower)(const TowerSection& root, std::uint64_t n_embd) = nullptr;
};

// The rest.

/// What converter and llama-quantize know of a family (conversion/*.py and src/llama-quant.cpp,
/// v0.5.0).
struct QuantizeRule {
  std::uint32_t n_layer_70b = 0;  ///< those of so many layers count as Llama 2 70B, whose keys
                                  ///< serve eight queries each; 0 = none
  bool grouped_70b = false;       ///< only with shared keys and without eight experts
  bool falcon = false;            ///< recipes of its own
  /// The experts of an MXFP4 checkpoint are repacked to MXFP4 whatever the output type, and
  /// llama-quantize does not requantize them unless asked (allow_requantize).
  bool mxfp4_experts = false;
  bool f16_qat_embd = false;  ///< Google's QAT files in Q4_0 have the embedding in F16
};

/// A window that a model's name hints at, for models whose files say nothing.
struct WindowHint {
  std::uint32_t window = 0;  ///< tokens
  std::uint32_t period = 0;  ///< one layer of this many is full
};
/// The windows and periods of published configs, by names folded as fold_name does.
struct NamedHint {
  std::string_view name;
  WindowHint hint;
};

/// How a file of mlx_lm/models keeps its caches, by the model types it serves.
struct MlxModels {
  std::string_view plain = {};     ///< KVCache, or none at all
  std::string_view rotating = {};  ///< RotatingKVCache of the window in window layers
  std::string_view chunked = {};   ///< ChunkedKVCache in chunked layers
  std::string_view latent = {};    ///< MLA keeps the latent and the rotated key
  std::string_view expanded = {};  ///< MLA keeps the keys and values of every head
};

/// What other runtimes know of a family; the sources are cited where each asks.
struct Elsewhere {
  std::string_view exllamav3 = {};  ///< model types whose classes it lists
  MlxModels mlx_lm = {};
  std::string_view mlxcel = {};          ///< the model type of GGUF files
  std::string_view mlxcel_sigmoid = {};  ///< of those whose router is a sigmoid
  bool mlxcel_no_cache = false;
  bool not_in_servers = false;       ///< neither vLLM nor SGLang loads it
  bool not_in_transformers = false;  ///< nor does transformers
  bool vllm_f32_states = false;
  bool sglang_windows = false;  ///< its window layers have a smaller pool
  bool ollama_one_sequence = false;
  bool sharpinference_windows = false;
  bool two_rope_bases = false;  ///< window layers rotate by a frequency base of their own
};

/// All there is to say about a family.
struct Family {
  std::string_view gguf = {};  ///< general.architecture; empty: llama.cpp has no such family
  std::string_view hf =
      {};  ///< space separated model_type and class names of configs that map to it
  std::string_view source = {};  ///< loader in llama.cpp v0.5.0
  CacheRule cache = {};
  LoadRule load = {};
  TensorRule tensors = {};
  GraphRule graph = {};
  ConfigRule config = {};
  /// The architecture that the converter would choose once the facts are known, where one class
  /// name stands for several.
  std::string_view (*refined)(const Hparams& hparams) = nullptr;
  QuantizeRule quantize = {};
  std::span<const NamedHint> hints = {};
  Elsewhere elsewhere = {};
};

/// Whether a row says how tensors, graph and config are, or why it does not.
bool says_all(const Family& row);

/// The rows of llama.cpp's architectures, sorted by GGUF name.
std::span<const Family* const> families();
/// The rows of families that llama.cpp does not have: nothing is known of their caches but what
/// other runtimes say.
std::span<const Family* const> strangers();

/// By GGUF name; nullptr when llama.cpp has no such architecture.
const Family* find_family(std::string_view gguf);

/// By a config's model_type or class name ("Gemma3ForConditionalGeneration"), a stranger or not;
/// nullptr when unknown.
const Family* find_family_of_hf(std::string_view word);

/// By a model type, or "outer/inner" as ConfigClass has it; nullptr when nothing is known of it.
const ConfigClass* find_config_class(std::string_view name);

/// By what a model calls its architecture: a GGUF name, or the word by which a stranger's config
/// calls it.
const Family* known_family(std::string_view architecture);

/// The row that the converter would choose once the facts are known: one class name can stand for
/// several architectures (nemotron_h with experts, granitehybrid without recurrent layers).
const Family& refine(const Family& row, const Hparams& hparams);

/// What tells that there is more to the cache of an unknown architecture than plain attention.
void read_unknown(const HfReader& reader, Hparams& hparams);

/// Whether blocks run several times, for a row that may be nullptr.
inline bool repeats_blocks(const Family* row) {
  return row != nullptr && row->cache.repeats != Repeats::none;
}

/// The block of the file whose weights layer `layer` uses, for a row that may be nullptr.
std::size_t block_of(const Family* row, const Hparams& hparams, std::size_t layer);

/// A window that a model's name hints at: the name of a windowed family at a word boundary, unless
/// another base model's name stands in it too ("gemma-3-llama").
WindowHint window_hint(std::string_view name);

}  // namespace fitvram
