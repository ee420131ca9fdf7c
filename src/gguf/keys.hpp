#pragma once
#include "fitvram/hparams.hpp"
#include "gguf/reader.hpp"

namespace fitvram {

/// Records what the metadata says about the model named by `out.architecture`: one table row per
/// key, "<architecture>." before it (src/llama-arch.cpp, llama.cpp v0.5.0). Throws Malformed.
void read_hparams(const GgufFile& file, Hparams& out);

}  // namespace fitvram
