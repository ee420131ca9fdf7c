#include "log/compare.hpp"

#include "catch.hpp"
#include "support/configs.hpp"
#include "support/models.hpp"

using namespace fitvram;

namespace {

const Runtime& llama_cpp() { return *find_runtime("llama.cpp"); }

LogComparison compared(const std::string& text, const ModelInfo& model) {
  const auto log = parse_server_log(text);
  return compare(log, model, stored_weights(model), workload_of(log), llama_cpp());
}

const ComparedLine& line_of(const LogComparison& comparison, std::string_view figure) {
  for (const auto& line : comparison.lines)
    if (line.figure == figure) return line;
  FAIL("no line " << figure);
  return comparison.lines.front();
}

// Two layers of 8 x 128 values: 4096 cells of f16 take 32 MiB.
std::string log_with(const std::string& buffer, const std::string& cells = "4096") {
  return "llama_context: n_ctx = 4096\nllama_context: n_outputs_max = 1\n"
         "llama_kv_cache: CUDA0 KV buffer size = " +
         buffer +
         " MiB\n"
         "llama_kv_cache: size = " +
         buffer + " MiB (  " + cells +
         " cells,   2 layers,  1/1 seqs), K (f16): 16.00 MiB, V (f16): 16.00 MiB\n"
         "sched_reserve: CUDA0 compute buffer size = 1.00 MiB\n";
}

}  // namespace

TEST_CASE("a log that says what the estimate says agrees, whatever the compute buffers") {
  const auto same = compared(log_with("32.00"), uniform_model(2, 8, 128));
  CHECK(same.agrees());
  CHECK(same.notes.empty());
  CHECK(difference(line_of(same, "cache / full")) == 0);
  CHECK(difference(line_of(same, "cache / full cells")) == 0);
  CHECK(difference(line_of(same, "context / device")) == 0);
  CHECK_FALSE(line_of(same, "compute / device").decides);
  CHECK_FALSE(line_of(same, "compute / device").equal);
}

TEST_CASE("what the log's two decimals cannot show is no difference; one more digit is") {
  CHECK(compared(log_with("32.01"), uniform_model(2, 8, 128)).agrees());
  const auto other = compared(log_with("32.02"), uniform_model(2, 8, 128));
  CHECK_FALSE(other.agrees());
  CHECK(difference(line_of(other, "context / device")) == -2);
  CHECK_FALSE(compared(log_with("32.00", "4352"), uniform_model(2, 8, 128)).agrees());
}

TEST_CASE("a cache that only one side has is a difference") {
  const auto window =
      compared(log_with("32.00") +
                   "llama_kv_cache_iswa: creating     SWA KV cache, size = 768 cells\n"
                   "llama_kv_cache: size = 3.00 MiB (   768 cells,   1 layers,  1/1 seqs), K "
                   "(f16): 1.50 MiB, "
                   "V (f16): 1.50 MiB\n",
               uniform_model(2, 8, 128));
  CHECK_FALSE(window.agrees());
  CHECK(line_of(window, "cache / sliding").estimate == 0U);
}

TEST_CASE("a log without any figure of model or context agrees with nothing") {
  CHECK_FALSE(
      compared("sched_reserve: CUDA0 compute buffer size = 1.00 MiB\n", uniform_model(2, 8, 128))
          .agrees());
}

TEST_CASE("another model and an older log are said to be so") {
  const auto comparison = compared(
      "print_info: arch = qwen3\nprint_info: n_layer = 36\n"
      "llama_context: n_ctx = 4096\nllama_kv_cache: CUDA0 KV buffer size = 1.00 MiB\n",
      uniform_model(2, 8, 128));
  REQUIRE(comparison.notes.size() == 3);
  CHECK(comparison.notes[0].message == "the log's model has n_layer = 36, this one 2");
  CHECK(comparison.notes[1].message ==
        "the log's model has architecture 'qwen3', this one 'llama'");
  CHECK(comparison.notes[2].code == "older-log");
}

// Lines of llama.cpp v0.5.0 with 2 sequences of 4096 tokens, each with one to take back.
TEST_CASE("caches of every kind are compared with those of their kind") {
  const std::string context =
      "llama_context: n_seq_max             = 2\n"
      "llama_context: n_ctx                 = 8192\n"
      "llama_context: n_rs_seq              = 1\n"
      "llama_context: n_outputs_max         = 2\n";
  const auto agree = [](const LogComparison& comparison, const std::vector<std::string>& figures) {
    for (const auto& figure : figures) {
      INFO(figure);
      CHECK(difference(line_of(comparison, figure)) == 0);
    }
    for (const auto& line : comparison.lines)
      if (line.figure.starts_with("cache / ")) CHECK(line.equal);
  };
  const auto deepseek = compared(
      context +
          "llama_kv_cache_dsv4: creating DSV4 raw KV cache\n"
          "llama_kv_cache_iswa: creating non-SWA KV cache, size = 4096 cells\n"
          "llama_kv_cache: size =    0.00 MiB (  4096 cells,   0 layers,  2/2 seqs), K (f16):    "
          "0.00 MiB, V (f16):    0.00 MiB\n"
          "llama_kv_cache_iswa: creating     SWA KV cache, size = 768 cells\n"
          "llama_kv_cache: size =   64.50 MiB (   768 cells,  43 layers,  2/2 seqs), K (f16):   "
          "64.50 MiB, V (f16):    0.00 MiB\n"
          "llama_kv_cache_dsv4: creating DSV4 CSA compressed KV cache, size = 1024 cells\n"
          "llama_kv_cache: size =   42.00 MiB (  1024 cells,  21 layers,  2/2 seqs), K (f16):   "
          "42.00 MiB, V (f16):    0.00 MiB\n"
          "llama_kv_cache_dsv4: creating DSV4 HCA compressed KV cache, size = 32 cells\n"
          "llama_kv_cache: size =   10.00 MiB (   256 cells,  20 layers,  2/2 seqs), K (f16):   "
          "10.00 MiB, V (f16):    0.00 MiB\n"
          "llama_kv_cache_dsv4: creating DSV4 lightning-indexer KV cache, size = 1024 cells\n"
          "llama_kv_cache: size =   10.50 MiB (  1024 cells,  21 layers,  2/2 seqs), K (f16):   "
          "10.50 MiB, V (f16):    0.00 MiB\n"
          "llama_dsv4_comp_state: csa ratio = 4, state = 8 x 1024, streams = 2, rs_seq = 1, "
          "layers = 21, size =    5.25 MiB\n"
          "llama_dsv4_comp_state: hca ratio = 128, state = 128 x 512, streams = 2, rs_seq = 1, "
          "layers = 20, size =   40.00 MiB\n"
          "llama_dsv4_comp_state: lid ratio = 4, state = 8 x 256, streams = 2, rs_seq = 1, layers "
          "= 21, size =    1.31 MiB\n",
      test::model_of_file("deepseek-ai__DeepSeek-V4-Flash"));
  agree(deepseek, {"cache / sliding", "cache / sliding cells", "cache / strided", "cache / indexer",
                   "cache / indexer cells", "cache / compressor"});
  const auto qwen = compared(
      context +
          "llama_kv_cache: size =  192.00 MiB (  4096 cells,  12 layers,  2/2 seqs), K (f16):   "
          "96.00 MiB, V (f16):   96.00 MiB\n"
          "llama_memory_recurrent: size =  150.75 MiB (     2 cells,  48 layers,  2 seqs  0 "
          "rs_seq), R (f32):    "
          "6.75 MiB, S (f32):  144.00 MiB, P (f32):    0.00 MiB\n",
      test::model_of_file("Qwen__Qwen3-Next-80B-A3B-Instruct"));
  agree(qwen, {"cache / full", "cache / full cells", "cache / state"});
}
