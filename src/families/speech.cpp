#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"

namespace fitvram {

namespace {

constexpr Family rows[] = {
    {.gguf = "clip",
     .source = "src/models/clip.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.projector = true, .no_head = true},
     .tensors = {.unknown = "part of a language model"},
     .graph = {.unknown = "part of a language model"},
     .config = {.unknown = "part of a language model"}},
    {.gguf = "pockettts",
     .hf = "PocketTTSModel pocket_tts",
     .source = "src/models/pockettts.cpp",
     .load = {.no_head = true},
     .tensors = {.unknown = "speech, no text"},
     .graph = {.unknown = "speech, no text"},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true}},
    {.gguf = "wavtokenizer-dec",
     .hf = "WavTokenizerDec",
     .source = "src/models/wavtokenizer-dec.cpp",
     .cache = {.memory = MemoryClass::none},
     .tensors = {.unknown = "speech, no text"},
     .graph = {.unknown = "speech, no text"},
     .config = {.read = common_keys},
     .elsewhere = {.not_in_servers = true, .not_in_transformers = true}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::speech{rows};

}  // namespace fitvram
