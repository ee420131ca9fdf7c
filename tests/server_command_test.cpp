#include "cli/server_command.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

namespace {

Row row_of(const std::string& source) {
  ModelInfo model;
  model.source = source;
  model.n_layer = 32;
  Row row;
  row.model = std::make_shared<const ModelInfo>(model);
  return row;
}

}  // namespace

TEST_CASE("the line for llama-server leaves out what is its default") {
  CHECK(server_command(row_of("a.gguf")) == "llama-server -m a.gguf -c 8192 -np 1 -ngl all");
}

TEST_CASE("the line for llama-server repeats every flag") {
  auto row = row_of("my model.gguf");
  auto& w = row.workload;
  w.n_seq = 4;
  w.kv_unified = true;
  w.n_batch = 1024;
  w.n_ubatch = 256;
  w.type_k = w.type_v = find_tensor_type("q8_0");
  w.flash_attn = FlashAttention::on;
  w.swa_full = true;
  w.n_gpu_layers = 20;
  w.offload_kqv = false;
  CHECK(server_command(row) ==
        "llama-server -m 'my model.gguf' -c 8192 -np 4 -kvu -b 1024 -ub 256 -ctk q8_0 -ctv q8_0 "
        "-fa on --swa-full -ngl 20 -nkvo");
  w.backend = "cpu";
  CHECK(server_command(row).ends_with("-nkvo -dev none"));
  w.type_v = find_tensor_type("int8");
  CHECK(server_command(row).empty());
}

TEST_CASE("a shell reads quoted words back") {
  CHECK(shell_quoted("a/b-1.gguf") == "a/b-1.gguf");
  CHECK(shell_quoted("it's") == "'it'\\''s'");
  CHECK(shell_quoted("$(rm)") == "'$(rm)'");
  CHECK(shell_quoted("") == "''");
}
