#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace fitvram::bench {

/// Writes a Llama of 8 B parameters with a whole tokenizer: `n_vocab` tokens with their scores and
/// types, and `n_merges` merges. Its data takes no room on the disk. Returns the header's size.
std::uint64_t write_gguf(const std::string& path, std::uint32_t n_vocab, std::uint32_t n_merges);

/// Writes `n` requests, `n_different` of which are different questions: drawn from every
/// combination of 20 models of the catalogue, 5 quantizations, 10 cards and 10 contexts, each asked
/// as often as any other, in random order, with an id of its own. 10,000 is all that there are.
void write_requests(const std::string& path, std::size_t n, std::size_t n_different);

}  // namespace fitvram::bench
