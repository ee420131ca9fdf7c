#include "log_compare.hpp"

#include "catch.hpp"
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
