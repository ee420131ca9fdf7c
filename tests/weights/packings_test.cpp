#include "weights/packings.hpp"

#include <algorithm>

#include "catch.hpp"
#include "fitvram/quantize.hpp"
#include "support/configs.hpp"
#include "support/published_models.hpp"

using namespace fitvram;
using namespace fitvram::test;

TEST_CASE("a config gives the total of its safetensors index") {
  // metadata.total_size of the model.safetensors.index.json beside each config. `more` is what the
  // files hold beyond the weights that the config describes, each of them named.
  struct Row {
    const char* config;
    std::uint64_t total;
    std::uint64_t more;
  };
  constexpr std::uint64_t pangu_rotary = 34 * (128 / 2) * 4;
  const Row rows[] = {
      {"ChuDinhKlopp__phi-3-mini-keyformer", 7642159104, 0},
      {"HuggingFaceTB__SmolLM3-3B", 6150197248, 0},
      // F32, with one score in the place of the head.
      {"OpenAssistant__oasst-rm-2.1-pythia-1.4b-epoch-2.5", 5246377988, 0},
      {"Qwen__Qwen3-1.7B-Base", 3441149952, 0},
      {"Qwen__Qwen3-14B-MLX-4bit", 8307783680, 0},
      {"SakuraLLM__Sakura-14B-Qwen2.5-v1.0", 29540067328, 0},
      {"VineethGithubIBM__graniteModelWithoutGGUF", 13476962304, 0},
      {"YouriLalain__3PRYMMAL-PHI3-3B-SLERP", 7642159104, 0},
      {"allenai__olmOCR-7B-0225-preview", 16582751232, 0},
      {"alpindale__WizardLM-2-8x22B", 281241268224, 0},
      {"bigscience__bloom", 352494542848, 0},
      {"google__medgemma-27b-it", 54864813280, 0},
      {"ibm-granite__granite-3b-code-instruct-128k", 6965007360, 0},
      {"jeevanchaps__Meta-Llama3.1-8B-Instruct-bnb", 9086705888, 0},
      {"mattshumer__Reflection-Llama-3.1-70B", 282215219200, 0},
      {"meta-llama__Llama-3.2-3B", 6425499648, 0},
      {"openPangu__PanguEmbedded-7B", 16061784576, pangu_rotary},
      // NF4 with its states, beside a vision tower in 16 bits.
      {"reubzdubz__Molmo-7B-D-NF4", 6661964712, 0},
      {"semcoder__semcoder_1030", 13481025536, 0},
      {"stvlynn__Qwen-7B-Chat-Cantonese", 15442649088, 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.config);
    const ModelInfo model = model_of_file(row.config);
    CHECK(checkpoint_size(model).count + row.more == row.total);
  }
}

TEST_CASE("published checkpoints of quantized models") {
  // Totals of the checkpoints' indexes: mlx-community/Meta-Llama-3.1-8B-Instruct-4bit, and
  // openai/gpt-oss-20b, whose experts alone are packed.
  CHECK(quantize(lowered(llama_3_1_8b()), *find_scheme("mlx-4")).flat.count == 4517404672);
  const ModelInfo gpt_oss = model_of_file("openai__gpt-oss-20b");
  CHECK(checkpoint_size(gpt_oss).count == 13761264768);
  CHECK(stored_weights(gpt_oss).flat.count == 13761264768);
  CHECK(stored_weights(gpt_oss).provenance == Provenance::derived);
}

TEST_CASE("double quantization of bitsandbytes packs its scales again") {
  // absmax in bytes, an f32 per 256 of them, two code books, and the state with a nested part.
  ModelInfo model;
  Tensor matrix;
  matrix.name = "attn_k.weight";
  matrix.ne = {4096, 1024, 1, 1};
  matrix.role = TensorRole::attention;
  model.tensors = {matrix};
  const std::string state =
      R"({"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [1024, 4096], )"
      R"("nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": 0.04567890241742134})";
  constexpr std::uint64_t n = 4096 * 1024;
  const std::uint64_t blocks = n / 64;
  const auto double_packed =
      packed_size(model, std::vector<Packing>{packing::bnb_4bit(true)}, 16).count;
  const auto exact = n / 2 + blocks + blocks / 256 * 4 + 16 * 4 + 256 * 4 + state.size();
  // The nominal 4.002 bits a value stand for 4 and 32 bits in 16384 values.
  CHECK((double_packed > exact ? double_packed - exact : exact - double_packed) <= n / 100000);
}

TEST_CASE("what a method adds to a matrix of 4096 columns and 1024 rows") {
  ModelInfo model;
  Tensor matrix;
  matrix.name = "attn_k.weight";
  matrix.ne = {4096, 1024, 1, 1};
  matrix.role = TensorRole::attention;
  model.tensors = {matrix};
  const auto size = [&](const char* scheme) {
    return quantize(model, *find_scheme(scheme)).flat.count;
  };
  constexpr std::uint64_t n = 4096 * 1024;
  CHECK(size("GPTQ-4") == n / 2 + n / 128 * 2 + n / 128 / 2 + 4096 * 4);
  CHECK(size("GPTQ-4-G32") == n / 2 + n / 32 * 2 + n / 32 / 2 + 4096 * 4);
  CHECK(size("GPTQ-3") == n / 8 * 3 + n / 128 * 2 + n / 128 / 8 * 3 + 4096 * 4);
  CHECK(size("AWQ-4") == n / 2 + n / 128 * 2 + n / 128 / 2);
  CHECK(size("W4A16") == n / 2 + n / 128 * 2 + 16);
  CHECK(size("W8A8") == n + 1024 * 2);
  CHECK(size("INT8") == n + 1024 * 4 + 1);
  const std::string state =
      R"({"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": [1024, 4096]})";
  CHECK(size("NF4") == n / 2 + n / 64 * 4 + 16 * 4 + state.size());
  CHECK(size("FP8") == n + 8);
  CHECK(size("FP8-CHANNEL") == n + 1024 * 2);
  CHECK(size("FP8-BLOCK") == n + 32 * 8 * 4);
  CHECK(size("MXFP8") == n + n / 32);
  CHECK(size("MXFP4") == n / 2 + n / 32);
  CHECK(size("NVFP4") == n / 2 + n / 16 + 8);
  CHECK(size("MLX-2") == n / 4 + n / 64 * 4);
  CHECK(size("MLX-3-G32") == n / 8 * 3 + n / 32 * 4);
  CHECK(size("MLX-8-G128") == n + n / 128 * 4);
  CHECK(size("EXL2-4.5") == n / 2 + n / 16);
  CHECK(size("EXL3-2.5") == n / 16 * 5);
}

TEST_CASE("what stays in 16 bits") {
  ModelInfo model;
  const auto add = [&](const char* name, TensorRole role, std::uint64_t rows) {
    Tensor tensor;
    tensor.name = name;
    tensor.role = role;
    tensor.ne = {4096, rows, 1, 1};
    model.tensors.push_back(tensor);
  };
  add("token_embd.weight", TensorRole::token_embd, 1000);
  add("output.weight", TensorRole::output, 1000);
  add("attn_norm.weight", TensorRole::norm, 1);
  add("ffn_gate_inp.weight", TensorRole::router, 64);
  add("attn_q.bias", TensorRole::attention, 1);
  add("ssm_conv1d.weight", TensorRole::recurrent, 8);
  add("rope_freqs.weight", TensorRole::rope, 1);
  constexpr std::uint64_t vectors = 2 * 4096 * 2 + 4096 * 8 * 2;
  constexpr std::uint64_t matrices = 2064;
  const auto size = [&](const char* scheme) {
    return quantize(model, *find_scheme(scheme)).flat.count;
  };
  for (const char* scheme : {"GPTQ-4", "AWQ-4", "W4A16", "INT8", "NF4", "FP8", "MXFP4", "NVFP4"}) {
    CAPTURE(scheme);
    CHECK(size(scheme) == vectors + matrices * 4096 * 2);
  }
  CHECK(size("MLX-4") == vectors + matrices * (4096 / 2 + 4096 / 64 * 4));
  CHECK(size("EXL2-4.0") == vectors + 1064 * 4096 * 2 + 1000 * 4096 / 8 * 6);
}

TEST_CASE("MLX leaves alone the rows that its groups do not divide") {
  ModelInfo model;
  Tensor matrix;
  matrix.name = "ffn_down.weight";
  matrix.ne = {4304, 16, 1, 1};
  matrix.role = TensorRole::feed_forward;
  model.tensors = {matrix};
  CHECK(quantize(model, *find_scheme("MLX-4")).flat.count == 4304 * 16 * 2);
  CHECK(quantize(model, *find_scheme("AWQ-4")).flat.count == 4304 * 16 / 2 + 34 * 16 * 20 / 8);
}

TEST_CASE("experts are packed one by one, the halves of kv_b as one") {
  ModelInfo model;
  Tensor experts;
  experts.name = "ffn_up_exps.weight";
  experts.ne = {2048, 768, 128, 1};
  experts.role = TensorRole::expert;
  model.tensors = {experts};
  CHECK(quantize(model, *find_scheme("INT8")).flat.count == 128 * (2048 * 768 + 768 * 4 + 1));
  Tensor k_b;
  k_b.name = "attn_k_b.weight";
  k_b.ne = {128, 512, 16, 1};
  k_b.role = TensorRole::attention;
  model.tensors = {k_b};
  CHECK(quantize(model, *find_scheme("W8A8")).flat.count == 512 * 2048 + 2048 * 2);
}

TEST_CASE("the checkpoint's size is what is stored where that is known") {
  ModelInfo model = lowered(llama_3_1_8b());
  CHECK(checkpoint_size(model).count == 2 * 8030261248);
  model.quant = "F32";
  CHECK(checkpoint_size(model).count == 4 * 8030261248);
  model.n_params_mmproj = 100;
  CHECK(checkpoint_size(model).count == 4 * 8030261348);
  model.checkpoint_bytes = Bytes{123};
  CHECK(checkpoint_size(model) == Bytes{123});
}

TEST_CASE("absurd sizes saturate") {
  ModelInfo model;
  Tensor matrix;
  matrix.name = "ffn_up.weight";
  matrix.ne = {UINT64_MAX, UINT64_MAX, 2, 1};
  matrix.role = TensorRole::feed_forward;
  model.tensors = {matrix, matrix};
  CHECK(quantize(model, *find_scheme("F16")).types.size() == 2);
  CHECK(quantize(model, *find_scheme("GPTQ-4")).flat == Bytes{UINT64_MAX});
  CHECK(quantize(model, *find_scheme("FP8")).flat == Bytes{UINT64_MAX});
}
