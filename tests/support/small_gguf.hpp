#pragma once
// A small Llama as a GGUF file, and what the reader says of it.
#include <functional>
#include <string>
#include <vector>

#include "catch.hpp"
#include "fitvram/parse.hpp"
#include "support/gguf_writer.hpp"

namespace fitvram::test {

constexpr std::uint32_t f32 = 0;
constexpr std::uint32_t q8_0 = 8;

// The first half of the metadata of a small Llama; `llama_tensors` completes it.
inline GgufWriter llama_keys(Endian endian = Endian::little, std::uint32_t version = 3) {
  GgufWriter w(endian, version);
  w.text("general.architecture", "llama")
      .text("general.name", "tiny")
      .u32("general.file_type", 7)
      .u32("llama.block_count", 2)
      .u32("llama.context_length", 4096)
      .u32("llama.embedding_length", 64)
      .u32("llama.feed_forward_length", 128)
      .u32("llama.attention.head_count", 4)
      .u32("llama.attention.head_count_kv", 2)
      .f32("llama.attention.layer_norm_rms_epsilon", 1e-5F)
      .text("tokenizer.ggml.model", "llama")
      .texts("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "a"});
  return w;
}

inline GgufWriter& llama_tensors(GgufWriter& w) {
  w.tensor("token_embd.weight", {64, 4}, q8_0).tensor("output_norm.weight", {64}, f32);
  for (const std::string block : {"blk.0.", "blk.1."})
    w.tensor(block + "attn_norm.weight", {64}, f32)
        .tensor(block + "attn_q.weight", {64, 64}, q8_0)
        .tensor(block + "attn_k.weight", {64, 32}, q8_0)
        .tensor(block + "attn_v.weight", {64, 32}, q8_0)
        .tensor(block + "attn_output.weight", {64, 64}, q8_0)
        .tensor(block + "ffn_norm.weight", {64}, f32)
        .tensor(block + "ffn_gate.weight", {64, 128}, q8_0)
        .tensor(block + "ffn_up.weight", {64, 128}, q8_0)
        .tensor(block + "ffn_down.weight", {128, 64}, q8_0);
  return w;
}

inline std::vector<std::byte> tiny(Endian endian = Endian::little, std::uint32_t version = 3) {
  auto w = llama_keys(endian, version);
  return llama_tensors(w).bytes();
}

inline std::vector<std::byte> bytes_of(std::string_view text) {
  std::vector<std::byte> out;
  for (const char c : text) out.push_back(static_cast<std::byte>(c));
  return out;
}

inline Result<ModelInfo> parse(const std::vector<std::byte>& bytes) {
  const GgufShard shard{"m.gguf", bytes};
  return parse_gguf({&shard, 1});
}

inline Result<ModelInfo> parse(const GgufWriter& w) { return parse(w.bytes()); }

// A Llama with something done to its keys before the tensors are added.
inline Result<ModelInfo> parse_with(const std::function<void(GgufWriter&)>& change) {
  auto w = llama_keys();
  change(w);
  return parse(llama_tensors(w));
}

inline Error refused(const Result<ModelInfo>& result) {
  REQUIRE_FALSE(result.has_value());
  return result.error();
}

inline void check_error(const Result<ModelInfo>& result, ErrorCode code, const std::string& where,
                        const std::string& message) {
  const Error error = refused(result);
  CHECK(error.code == code);
  CHECK(error.where == where);
  CHECK(error.message == message);
}

inline void check_malformed(const Result<ModelInfo>& result, const std::string& where,
                            const std::string& message) {
  check_error(result, ErrorCode::malformed, where, message);
}

inline Bytes stored_bytes(const ModelInfo& model) {
  Bytes sum;
  for (const auto& t : model.tensors) sum += tensor_bytes(t, *t.type);
  return sum;
}

inline void check_same(const ModelInfo& a, const ModelInfo& b) {
  CHECK(a.name == b.name);
  CHECK(a.quant == b.quant);
  CHECK(a.n_params == b.n_params);
  CHECK(a.hparams.n_head == b.hparams.n_head);
  CHECK(a.hparams.n_head_kv == b.hparams.n_head_kv);
  CHECK(a.hparams.n_vocab == b.hparams.n_vocab);
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    CHECK(full_name(a.tensors[i]) == full_name(b.tensors[i]));
    CHECK(a.tensors[i].ne == b.tensors[i].ne);
    CHECK(a.tensors[i].type == b.tensors[i].type);
  }
}

}  // namespace fitvram::test
