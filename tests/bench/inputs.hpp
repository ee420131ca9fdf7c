#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace fitvram::bench {

/// Writes a Llama of 8 B parameters with a whole tokenizer: `n_vocab` tokens with their scores and
/// types, and `n_merges` merges. Its data takes no room on the disk. Returns the header's size.
std::uint64_t write_gguf(const std::string& path, std::uint32_t n_vocab, std::uint32_t n_merges);

/// Writes the first `n` of 10,000 requests, no two alike: 20 models of the catalogue, 5
/// quantizations, 10 cards and 10 contexts in every combination, shuffled.
void write_requests(const std::string& path, std::size_t n);

}  // namespace fitvram::bench
