#include "model/tensors.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "catch.hpp"
#include "fitvram/parse.hpp"
#include "support/inflated_file.hpp"
#include "support/places.hpp"
#include "support/published_models.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

const Tensor* find(const ModelInfo& model, const std::string& name) {
  for (const Tensor& tensor : model.tensors)
    if (full_name(tensor) == name) return &tensor;
  return nullptr;
}

// The fact of a config that a recorded file only shows by its tensors.
ModelInfo lowered_again(const ModelInfo& file) {
  std::set<std::string> names;
  std::uint64_t n_k = 0, n_v = 0;
  for (const Tensor& tensor : file.tensors) {
    names.emplace(tensor.name);
    n_k += tensor.name == "attn_k.weight";
    n_v += tensor.name == "attn_v.weight";
  }
  const auto has = [&names](const char* name) { return names.count(name) > 0; };
  Hparams h = file.hparams;
  h.tied_embeddings = !has("output.weight");
  h.attention_bias = has("attn_q.bias");
  h.attention_out_bias = has("attn_output.bias");
  h.qk_norm = has("attn_q_norm.weight");
  h.k_eq_v = n_v < n_k;
  if (has("rope_freqs.weight")) h.rope_type = "llama3";
  if (h.architecture == "stablelm") h.parallel_residual = !has("ffn_norm.weight");
  if (h.architecture == "deepseek4") {
    h.output_group_count = 8;
    h.output_lora_rank = 1024;
    h.hash_layer_count = 3;
  }
  return lowered(h);
}

}  // namespace

TEST_CASE("a config lowers to the tensors of the recorded file of the same model") {
  const std::string folder = test::test_data("headers/");
  const auto sizes = nlohmann::json::parse(std::ifstream(folder + "file_sizes.json"));
  std::size_t n_compared = 0;
  for (const auto& [name, size] : sizes.items()) {
    const InflatedFile bytes(folder + name, size.get<std::size_t>());
    const GgufShard shards[] = {{name, bytes.bytes()}};
    const auto file = parse_gguf(shards);
    CAPTURE(name);
    REQUIRE(file);
    const ModelInfo ours = lowered_again(*file);
    std::map<std::string, std::array<std::uint64_t, 4>> theirs;
    for (const Tensor& tensor : file->tensors) theirs[full_name(tensor)] = tensor.ne;
    // The recorded file leaves out the keys and values that layers with a shared cache never use;
    // checkpoints and the converter keep them.
    const auto first_shared = static_cast<std::int32_t>(
        file->architecture == "gemma4"
            ? *ours.hparams.n_layer - ours.hparams.shared_kv_layers.value_or(0)
            : *ours.hparams.n_layer);
    for (const Tensor& tensor : ours.tensors) {
      const auto it = theirs.find(full_name(tensor));
      CAPTURE(full_name(tensor));
      if (it == theirs.end()) {
        CHECK(tensor.layer >= first_shared);
        CHECK((tensor.name == "attn_k.weight" || tensor.name == "attn_v.weight" ||
               tensor.name == "attn_k_norm.weight"));
        continue;
      }
      CHECK(it->second == tensor.ne);
      theirs.erase(it);
    }
    for (const auto& [missing, ne] : theirs) {
      CAPTURE(missing);
      CHECK(ne.empty());
    }
    ++n_compared;
  }
  CHECK(n_compared >= 40);
}

TEST_CASE("config files lower to the parameters of their checkpoints") {
  // Totals of model.safetensors.index.json (bytes / 2) and of the Hub's safetensors metadata; those
  // of multimodal models without their encoders.
  struct Row {
    const char* config;
    std::uint64_t n_params, n_nextn;
  };
  const Row rows[] = {
      {"01-ai__Yi-34B", 34388917248, 0},
      {"ByteDance-Seed__Seed-OSS-36B-Instruct", 36151104512, 0},
      {"EleutherAI__gpt-neox-20b", 20554567680, 0},
      {"HuggingFaceTB__SmolLM3-3B", 3075098624, 0},
      {"MiniMaxAI__MiniMax-M1-80k", 456089655296, 0},
      {"Qwen__Qwen3-1.7B-Base", 1720574976, 0},
      {"Qwen__Qwen3-Coder-480B-A35B-Instruct", 480154875392, 0},
      {"Qwen__Qwen3.5-27B", 26895998464, 424699392},
      {"Qwen__Qwen3.5-35B-A3B", 34660610688, 844640768},
      {"SakuraLLM__Sakura-14B-Qwen2.5-v1.0", 14770033664, 0},
      {"VineethGithubIBM__graniteModelWithoutGGUF", 6738481152, 0},
      {"YouriLalain__3PRYMMAL-PHI3-3B-SLERP", 3821079552, 0},
      {"ai21labs__AI21-Jamba-1.5-Mini", 51570323328, 0},
      {"alpindale__WizardLM-2-8x22B", 140620634112, 0},
      {"bigcode__starcoder2-7b", 7173923840, 0},
      {"bigscience__bloom", 176247271424, 0},
      {"databricks__dbrx-base", 131596523520, 0},
      {"deepseek-ai__DeepSeek-V3", 671026419200, 0},
      {"facebook__opt-125m", 125239296, 0},
      {"google__gemma-4-31B-it", 30697345340, 0},
      {"google__medgemma-27b-it", 27009346304, 0},
      {"ibm-granite__granite-3b-code-instruct-128k", 3482503680, 0},
      {"ibm-granite__granite-4.0-h-small", 32207337984, 0},
      {"internlm__internlm2-chat-7b", 7737708544, 0},
      {"mattshumer__Reflection-Llama-3.1-70B", 70553804800, 0},
      {"meta-llama__Llama-3.2-3B", 3212749824, 0},
      {"meta-llama__Llama-4-Scout-17B-16E-Instruct", 107769861120, 0},
      {"microsoft__phi-2", 2779683840, 0},
      {"moonshotai__Kimi-K2-Instruct", 1026408232448, 0},
      {"nvidia__NVIDIA-Nemotron-3-Nano-30B-A3B-BF16", 31577940288, 0},
      {"nvidia__NVIDIA-Nemotron-3-Super-120B-A12B-FP8", 120668707840, 2942325248},
      {"openai__gpt-oss-120b", 116829156672, 0},
      {"semcoder__semcoder_1030", 6740512768, 0},
      {"stabilityai__stablelm-2-zephyr-1_6b", 1644515328, 0},
      {"stvlynn__Qwen-7B-Chat-Cantonese", 7721324544, 0},
      {"zai-org__GLM-4.5", 352797829024, 5539962272},
      {"zai-org__GLM-5", 743911218432, 9952920576},
  };
  for (const auto& row : rows) {
    const std::string file = std::string(row.config) + ".json";
    std::ifstream in(test::test_data("configs/") + file);
    std::stringstream text;
    text << in.rdbuf();
    const auto model = parse_hf_config(text.str(), file);
    CAPTURE(row.config);
    REQUIRE(model);
    CHECK(model->n_params == row.n_params);
    CHECK(nextn_params(*model) == row.n_nextn);
  }
}

TEST_CASE("what the converter keeps in 32 bits is F32, the rest is the source type") {
  ModelInfo model;
  model.hparams = qwen3_30b_a3b();
  model.quant = "F16";
  lower_tensors(model);
  CHECK(find(model, "blk.0.ffn_gate_inp.weight")->type->name == "F32");
  CHECK(find(model, "blk.0.attn_norm.weight")->type->name == "F32");
  CHECK(find(model, "blk.0.attn_q.weight")->type->name == "F16");
  CHECK(find(model, "blk.0.ffn_up_exps.weight")->type->name == "F16");
  CHECK(find(model, "blk.0.ffn_up_exps.weight")->role == TensorRole::expert);
  model.quant = "FP8";
  lower_tensors(model);
  CHECK(find(model, "blk.0.attn_q.weight")->type->name == "BF16");
}

TEST_CASE("an unknown family is counted as a dense transformer and says so") {
  const ModelInfo model = lowered(facts_of({"newmodel", 32, 4096, 32, 8, 14336, 128256}));
  CHECK(model.tensors.empty());
  CHECK(model.n_params == 8030261248);
  CHECK(model.params == Provenance::assumed);
  REQUIRE(model.notes.size() == 1);
  CHECK(model.notes[0].severity == Severity::warning);
  CHECK(model.notes[0].code == "params-assumed");
  CHECK(model.notes[0].message ==
        "the tensors of 'newmodel' models are not known: parameters counted as those of a dense "
        "transformer");
}

TEST_CASE("a family whose facts are missing has no tensors and no invented parameters") {
  Hparams h = facts_of({"llama", 32, 4096, 32, 8, 14336, 128256});
  h.n_vocab.reset();
  const ModelInfo model = lowered(h);
  CHECK(model.tensors.empty());
  CHECK(model.n_params == 0);
  REQUIRE(model.notes.size() == 1);
  CHECK(model.notes[0].code == "params-unknown");
  CHECK(model.notes[0].message == "vocab_size is missing: the number of parameters is not known");
}

TEST_CASE("the key that a shape needs is named as configs spell it") {
  const auto message = [](Hparams h) { return lowered(std::move(h)).notes.at(0).message; };
  const std::string rest = " is missing: the number of parameters is not known";
  const Hparams dense_facts = facts_of({"llama", 32, 4096, 32, 8, 14336, 128256});
  Hparams h = dense_facts;
  h.n_embd.reset();
  CHECK(message(h) == "hidden_size" + rest);
  h = dense_facts;
  h.n_ff = {};
  CHECK(message(h) == "intermediate_size" + rest);
  h = dense_facts;
  h.n_head = {};
  h.head_dim_k.reset();
  CHECK(message(h) == "num_attention_heads" + rest);
  h = qwen3_30b_a3b();
  h.n_ff_exp = {};
  h.n_ff = {};
  CHECK(message(h) == "moe_intermediate_size" + rest);
}

TEST_CASE("learned positions whose number is not stated are left out, which is said") {
  Hparams h = gpt2();
  h.n_ctx_train.reset();
  const ModelInfo model = lowered(h);
  CHECK(model.n_params == 124439808 - 1024 * 768);
  CHECK(model.params == Provenance::assumed);
  REQUIRE(model.notes.size() == 1);
  CHECK(model.notes[0].code == "params-assumed");
  CHECK(model.notes[0].message ==
        "the number of positions is not stated: their embedding is not counted");
}

TEST_CASE("absurd configs cost neither time nor memory") {
  Hparams h = llama_3_1_8b();
  h.n_layer = 4000000000U;
  CHECK(lowered(h).tensors.empty());
  h.n_layer = 1024;
  h.n_embd = UINT32_MAX;
  h.n_ff = UINT32_MAX;
  h.n_head = UINT32_MAX;
  h.n_vocab = UINT32_MAX;
  h.head_dim_k = h.head_dim_v = UINT32_MAX;
  CHECK(lowered(h).n_params == UINT64_MAX);
}
