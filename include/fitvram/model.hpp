#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fitvram/cache.hpp"
#include "fitvram/error.hpp"
#include "fitvram/export.hpp"
#include "fitvram/hparams.hpp"
#include "fitvram/tensor.hpp"
#include "fitvram/units.hpp"

namespace fitvram {

/// How a figure came about. Ordered: the provenance of a sum is the weakest of its parts.
enum class Provenance {
  exact,    ///< the runtime's own rule on data that was read
  derived,  ///< computed from the configuration by a cited rule
  assumed   ///< a default stood in for something unknown; a note says which
};
FITVRAM_EXPORT const char* name_of(Provenance provenance);
constexpr Provenance weakest(Provenance a, Provenance b) { return a > b ? a : b; }

enum class Severity { info, warning };
FITVRAM_EXPORT const char* name_of(Severity severity);

/// Something a reader of the figures must know. `code` is stable ("window-ignored"), for scripts.
struct Note {
  Severity severity = Severity::info;
  std::string code;
  std::string message;

  friend bool operator==(const Note&, const Note&) = default;
};

/// A label for people; the arithmetic looks only at the slots.
enum class LayerKind {
  attention,
  sliding,
  chunked,
  latent,
  recurrent,
  hybrid,
  feed_forward,
  shared_kv,
  nextn
};
FITVRAM_EXPORT const char* name_of(LayerKind kind);

/// One block of the model and the caches it owns. A shared_kv layer owns none. A nextn layer owns
/// one only where the loader does not filter it out of the main context (src/llama-model.cpp
/// create_memory: bailingmoe3, nemotron_h, minimax-m3, deepseek4).
struct Layer {
  LayerKind kind = LayerKind::attention;
  std::vector<CacheSlot> caches;

  friend bool operator==(const Layer&, const Layer&) = default;
};

enum class ModelFormat { gguf, hf_config, catalog, parameters };
FITVRAM_EXPORT const char* name_of(ModelFormat format);

/// One model, normalised: what every front end produces and everything else consumes.
struct ModelInfo {
  std::string name;
  std::string source;  ///< file, directory or catalogue entry it came from
  ModelFormat format = ModelFormat::hf_config;
  std::string architecture;  ///< GGUF spelling; the file's own word if not in the table
  std::string model_type;    ///< what a config calls the family; empty when nothing says it
  bool known_architecture = false;
  Provenance layout = Provenance::exact;  ///< of the layer list: assumed for unknown architectures

  std::uint64_t n_params = 0;  ///< elements of all weights without next-token-prediction and rope
  Provenance params = Provenance::derived;
  std::uint64_t n_params_mmproj = 0;  ///< vision and audio towers with their projectors, when the
                                      ///< config describes them; not part of n_params
  std::uint32_t n_layer = 0;          ///< of `layers`, next-token-prediction ones excluded
  std::uint32_t n_ctx_train = 0;      ///< tokens; 0 = not stated (then nothing is clamped)
  Hparams hparams;                    ///< the facts, defaults of the architecture filled in

  std::vector<Layer> layers;    ///< every block of the file, as often as it runs
  std::vector<Tensor> tensors;  ///< weights by tensor; empty when only a total is known

  /// How the checkpoint of a config packs its weights; the first entry that covers a tensor's role
  /// counts. Empty: as it is, in 16 (F32: 32) bits, or packed in a way that is not known.
  std::vector<Packing> packings;

  std::string quant;       ///< what the file holds: "Q4_K_M", "BF16", "MXFP4", "FP8"; "" unknown
  Bytes checkpoint_bytes;  ///< safetensors total when read from an index or headers, else 0
  std::vector<Note> notes;

  friend bool operator==(const ModelInfo&, const ModelInfo&) = default;
};

/// What no model can be, if there is something: a count of layers that are not in the list, an
/// entry without a name, type or dimension, a window without a length, more than any model has.
/// `where` is the place, "layers[3].caches[0]" or "tensors[7]". Every model that a parser gives
/// passes; one that is put together by hand may not, and its figures mean nothing then.
FITVRAM_EXPORT std::optional<Error> check(const ModelInfo& model);

/// True when at least one layer has a window or chunk cache.
FITVRAM_EXPORT bool has_window(const ModelInfo& model);

/// True when at least one layer is recurrent, by itself or beside attention.
FITVRAM_EXPORT bool has_recurrent(const ModelInfo& model);

}  // namespace fitvram
