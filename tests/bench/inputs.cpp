#include "inputs.hpp"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <string_view>
#include <vector>

namespace fitvram::bench {
namespace {

enum Type : std::uint32_t { u32 = 4, i32 = 5, f32 = 6, text = 8, array = 9 };

class Writer {
 public:
  explicit Writer(const std::string& path) : out_(path, std::ios::binary) {}

  template <typename T>
  void put(T value) {
    char raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    out_.write(raw, sizeof(T));
    size_ += sizeof(T);
  }
  void string(std::string_view value) {
    put(std::uint64_t{value.size()});
    out_.write(value.data(), static_cast<std::streamsize>(value.size()));
    size_ += value.size();
  }
  void key(std::string_view name, Type type) {
    string(name);
    put<std::uint32_t>(type);
  }
  void number(std::string_view name, std::uint32_t value) {
    key(name, u32);
    put(value);
  }
  void real(std::string_view name, float value) {
    key(name, f32);
    put(value);
  }
  void word(std::string_view name, std::string_view value) {
    key(name, text);
    string(value);
  }
  void list(std::string_view name, Type type, std::uint64_t n) {
    key(name, array);
    put<std::uint32_t>(type);
    put(n);
  }

  std::uint64_t size() const { return size_; }

 private:
  std::ofstream out_;
  std::uint64_t size_ = 0;
};

/// Names like a vocabulary's: 1 to 12 bytes, most of them short.
class Words {
 public:
  std::string next() {
    std::string word(1 + (random_() % 12) * (1 + random_() % 2) / 2, ' ');
    for (auto& letter : word) letter = static_cast<char>('a' + random_() % 26);
    return word;
  }

 private:
  std::minstd_rand random_;
};

struct Described {
  std::string name;
  std::vector<std::uint64_t> ne;
  bool packed = true;  ///< Q4_0, else F32
};

std::vector<Described> llama_tensors(std::uint64_t n_vocab) {
  std::vector<Described> tensors = {{"token_embd.weight", {4096, n_vocab}}};
  for (int i = 0; i < 32; ++i) {
    const auto add = [&](const char* name, std::vector<std::uint64_t> ne) {
      const bool packed = ne.size() == 2;
      tensors.push_back({"blk." + std::to_string(i) + "." + name + ".weight", ne, packed});
    };
    add("attn_norm", {4096});
    add("attn_q", {4096, 4096});
    add("attn_k", {4096, 1024});
    add("attn_v", {4096, 1024});
    add("attn_output", {4096, 4096});
    add("ffn_norm", {4096});
    add("ffn_gate", {4096, 14336});
    add("ffn_up", {4096, 14336});
    add("ffn_down", {14336, 4096});
  }
  tensors.push_back({"output_norm.weight", {4096}, false});
  tensors.push_back({"output.weight", {4096, n_vocab}});
  return tensors;
}

std::uint64_t bytes_of(const Described& tensor) {
  std::uint64_t n = 1;
  for (const auto each : tensor.ne) n *= each;
  return tensor.packed ? n / 32 * 18 : n * 4;
}

constexpr std::string_view models[] = {
    "Qwen/Qwen3-32B",
    "Qwen/Qwen3-30B-A3B",
    "Qwen/Qwen3-8B",
    "Qwen/Qwen2.5-14B-Instruct",
    "Qwen/Qwen3-Next-80B-A3B-Instruct",
    "google/gemma-3-27b-it",
    "google/gemma-3-4b-it",
    "google/gemma-2-9b-it",
    "openai/gpt-oss-20b",
    "openai/gpt-oss-120b",
    "zai-org/GLM-4.5-Air",
    "deepseek-ai/DeepSeek-V2-Lite",
    "deepseek-ai/DeepSeek-V3",
    "meta-llama/Llama-3.3-70B-Instruct",
    "meta-llama/Llama-3.1-8B-Instruct",
    "meta-llama/Llama-3.2-3B-Instruct",
    "mistralai/Mistral-Nemo-Instruct-2407",
    "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "microsoft/phi-4",
    "ibm-granite/granite-4.0-h-small",
};
constexpr std::string_view quants[] = {"Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "IQ4_XS"};
constexpr std::string_view cards[] = {"RTX 4090", "RTX 3090",     "RTX 5090",  "RTX 3060 12 GB",
                                      "RTX 4070", "RTX 6000 Ada", "A100 80GB", "H100 SXM",
                                      "L4",       "RX 7900 XTX"};
constexpr std::uint32_t contexts[] = {2048,  4096,  6144,  8192,  12288,
                                      16384, 24576, 32768, 65536, 131072};

}  // namespace

std::uint64_t write_gguf(const std::string& path, std::uint32_t n_vocab, std::uint32_t n_merges) {
  const auto tensors = llama_tensors(n_vocab);
  std::uint64_t header = 0;
  std::uint64_t data = 0;
  {
    Writer file(path);
    for (const char letter : std::string_view("GGUF")) file.put(letter);
    file.put(std::uint32_t{3});
    file.put(std::uint64_t{tensors.size()});
    file.put(std::uint64_t{19});
    file.word("general.architecture", "llama");
    file.word("general.name", "Benchmark");
    file.number("general.file_type", 2);
    file.number("llama.block_count", 32);
    file.number("llama.context_length", 131072);
    file.number("llama.embedding_length", 4096);
    file.number("llama.feed_forward_length", 14336);
    file.number("llama.attention.head_count", 32);
    file.number("llama.attention.head_count_kv", 8);
    file.real("llama.attention.layer_norm_rms_epsilon", 1e-5F);
    file.real("llama.rope.freq_base", 500000.0F);
    file.word("tokenizer.ggml.model", "gpt2");
    Words words;
    file.list("tokenizer.ggml.tokens", text, n_vocab);
    for (std::uint32_t i = 0; i < n_vocab; ++i) file.string(words.next());
    file.list("tokenizer.ggml.scores", f32, n_vocab);
    for (std::uint32_t i = 0; i < n_vocab; ++i) file.put(-static_cast<float>(i));
    file.list("tokenizer.ggml.token_type", i32, n_vocab);
    for (std::uint32_t i = 0; i < n_vocab; ++i) file.put(std::int32_t{1});
    file.list("tokenizer.ggml.merges", text, n_merges);
    for (std::uint32_t i = 0; i < n_merges; ++i) file.string(words.next() + ' ' + words.next());
    file.number("tokenizer.ggml.bos_token_id", 1);
    file.number("tokenizer.ggml.eos_token_id", 2);
    file.number("llama.vocab_size", n_vocab);
    for (const auto& tensor : tensors) {
      file.string(tensor.name);
      file.put(static_cast<std::uint32_t>(tensor.ne.size()));
      for (const auto n : tensor.ne) file.put(n);
      file.put(std::uint32_t{tensor.packed ? 2U : 0U});
      file.put(data);
      data += bytes_of(tensor);  // every row is a multiple of the alignment
    }
    header = file.size();
  }
  std::filesystem::resize_file(path, (header + 31) / 32 * 32 + data);
  return header;
}

void write_requests(const std::string& path, std::size_t n, std::size_t n_different) {
  std::vector<std::string> questions;
  for (const auto model : models)
    for (const auto quant : quants)
      for (const auto card : cards)
        for (const auto n_ctx : contexts)
          questions.push_back("\"model\":\"" + std::string(model) + "\",\"quant\":\"" +
                              std::string(quant) + "\",\"gpu\":\"" + std::string(card) +
                              "\",\"n_ctx\":" + std::to_string(n_ctx) + "}\n");
  std::minstd_rand random;
  const auto shuffle = [&](auto& list) {
    for (std::size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random() % i]);
  };
  shuffle(questions);
  std::vector<std::size_t> asked(n);
  for (std::size_t i = 0; i < n; ++i) asked[i] = i % std::min(n_different, questions.size());
  shuffle(asked);
  std::ofstream out(path, std::ios::binary);
  for (std::size_t i = 0; i < n; ++i) out << "{\"id\":" << i << ',' << questions[asked[i]];
}

}  // namespace fitvram::bench
