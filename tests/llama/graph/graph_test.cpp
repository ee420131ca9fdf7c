#include "ggml/graph.hpp"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "catch.hpp"
#include "families/family.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/estimate.hpp"
#include "fitvram/parse.hpp"
#include "ggml/arena.hpp"
#include "llama/compute.hpp"
#include "llama/graph/builder.hpp"
#include "support/configs.hpp"
#include "support/mapped_file.hpp"
#include "support/places.hpp"

using namespace fitvram;

namespace {

ModelInfo recorded(const std::string& name) {
  const auto sizes =
      nlohmann::json::parse(std::ifstream(test::test_data("headers/file_sizes.json")));
  const MappedFile file(test::test_data("headers/") + name, sizes.at(name).get<std::uint64_t>());
  const std::vector<GgufShard> shards{{name, file.bytes()}};
  auto model = parse_gguf(shards);
  REQUIRE(model);
  return *model;
}

ArenaBytes built(const ModelInfo& model, const Workload& workload, unsigned care) {
  const Family* family = find_family(model.architecture);
  REQUIRE(family != nullptr);
  REQUIRE(family->graph.build != nullptr);
  Building how;
  how.care = care;
  Graph graph;
  GraphBuilder builder(model, workload, how, graph);
  family->graph.build(builder, family->graph);
  Machine machine;
  machine.device = machine.keeps = true;
  machine.device_memory.alignment = 128;
  return arena_bytes(graph, machine);
}

/// Device bytes of the context and of the compute buffer, and host bytes of the latter.
std::array<std::uint64_t, 3> planned(const ModelInfo& model, const Workload& workload) {
  const auto memory = estimate(model, stored_weights(model), workload, *find_runtime("llama.cpp"));
  return {memory.context.device.count, memory.compute.device.count, memory.compute.host.count};
}

Workload asks(std::uint64_t n_ctx, std::uint32_t n_seq, std::uint32_t n_ubatch) {
  Workload w;
  w.n_ctx = n_ctx;
  w.n_seq = w.n_outputs = n_seq;
  w.n_ubatch = n_ubatch;
  return w;
}

}  // namespace

TEST_CASE("expanding puts sources before their users, left to right, each once") {
  Graph g;
  const NodeId w = g.external({4, 1, 1, 1}, f32_elem, Place::host, true);
  const NodeId a = g.op(Op::other, {4, 1, 1, 1}, f32_elem, {w});
  const NodeId b = g.op(Op::other, {4, 1, 1, 1}, f32_elem, {w});
  const NodeId c = g.op(Op::other, {4, 1, 1, 1}, f32_elem, {b, a, b});
  g.expand(c);
  g.expand(a);
  CHECK(g.leafs == std::vector<NodeId>{w});
  CHECK(g.order == std::vector<NodeId>{b, a, c});
}

TEST_CASE("a view of a view shares the memory of the first tensor") {
  Graph g;
  const NodeId x = g.op(Op::other, {8, 2, 1, 1}, f32_elem, {});
  const NodeId y = g.view(g.view(x, {16, 1, 1, 1}), {4, 4, 1, 1});
  CHECK(g[y].view_src == x);
}

TEST_CASE("a part of every row spans the gaps between the parts, as does a view of it") {
  Graph g;
  const NodeId x = g.op(Op::other, {100, 3, 1, 1}, f32_elem, {});
  const NodeId part = g.part(x, {10, 3, 1, 1}, 400);
  CHECK(g[part].bytes == 2 * 400 + 40);
  CHECK(g[g.view(part, {5, 2, 3, 1})].bytes == 2 * 400 + 40);
}

TEST_CASE("CUDA completes the last quantized row to 512 values") {
  Graph g;
  const Elem q8 = elem_of(*find_tensor_type("q8_0"));
  const NodeId x = g.external({32, 4, 1, 1}, q8, Place::device, true);
  CHECK(g[x].bytes == 4 * 34);
  CHECK(g[x].device_bytes == 4 * 34 + 15 * 34);
}

TEST_CASE("blocks that are left out change nothing where they are seen to repeat") {
  for (const char* name :
       {"llama-3.1-8b.Q4_K_M.gguf", "gemma-3-27b.Q4_K_M.gguf", "gpt-oss-20b.MXFP4_MOE.gguf",
        "qwen3-30b-a3b.Q4_K_M.gguf", "deepseek-v3.Q4_K_M.gguf", "qwen3.5-27b.Q4_K_M.gguf",
        "granite-4.0-h-small.Q4_K_M.gguf", "phi-4-14b.Q4_K_M.gguf", "mamba2-2.7b.Q4_K_M.gguf"}) {
    const ModelInfo model = recorded(name);
    for (const std::uint64_t n_ctx : {2048u, 32768u}) {
      for (const std::uint32_t n_outputs : {0u, 1u}) {
        Workload workload;
        workload.n_ctx = n_ctx;
        workload.n_outputs = n_outputs;
        INFO(name << ", " << n_ctx << " tokens, " << n_outputs << " outputs");
        const ArenaBytes all = built(model, workload, most_care);
        CHECK(all.repeats);
        bool seen = false;
        for (unsigned care = 0; care < most_care; ++care) {
          const ArenaBytes some = built(model, workload, care);
          seen |= some.repeats;
          if (!some.repeats) continue;
          CHECK(some.device == all.device);
          CHECK(some.host == all.host);
        }
        CHECK(seen);
      }
    }
  }
}

TEST_CASE("of every architecture of the catalogue, the fewest blocks seen to repeat are enough") {
  const auto catalog = embedded_catalog();
  REQUIRE(catalog);
  std::set<std::string> seen;
  std::size_t n_built = 0;
  Workload workload;
  workload.n_seq = 3;
  workload.n_outputs = 0;
  for (const CatalogEntry& entry : *catalog) {
    const auto model = model_of(entry);
    REQUIRE(model);
    const std::string blocks = model->architecture + std::to_string(model->n_layer);
    const Family* family = find_family(model->architecture);
    if (family == nullptr || family->graph.build == nullptr || !seen.insert(blocks).second)
      continue;
    try {
      unsigned care = 0;
      ArenaBytes some = built(*model, workload, care);
      while (!some.repeats) some = built(*model, workload, ++care);
      const ArenaBytes all = built(*model, workload, most_care);
      INFO(entry.name << ", care " << care);
      CHECK(some.device == all.device);
      CHECK(some.host == all.host);
      ++n_built;
    } catch (const Unbuilt&) {  // by the formula that stands in for graphs
    }
  }
  CHECK(n_built > 100);
}

TEST_CASE("a graph of many equal blocks is small") {
  const ModelInfo model = recorded("llama-3.1-8b.Q4_K_M.gguf");
  Graph graph;
  const Workload workload;
  GraphBuilder builder(model, workload, Building{}, graph);
  CHECK(builder.plan.size() < 9);
  CHECK(builder.plan.front() == 0);
  CHECK(builder.plan.back() == model.n_layer - 1);
}

// Recorded from llama.cpp v0.5.0's own planner (no_alloc) on headers changed in the same way.
TEST_CASE("layouts of older files are planned as the loader reads them") {
  ModelInfo joined = recorded("qwen3-next-80b-a3b.Q4_K_M.gguf");
  for (auto& tensor : joined.tensors)
    if (tensor.name == "attn_qkv.weight" &&
        joined.layers[static_cast<std::size_t>(tensor.layer)].kind == LayerKind::recurrent) {
      tensor.name = "ssm_in.weight";
      tensor.ne[1] += joined.hparams.ssm_inner_size.value_or(0);
    }
  std::erase_if(joined.tensors, [](const Tensor& t) { return t.name == "attn_gate.weight"; });
  using Bytes3 = std::array<std::uint64_t, 3>;
  CHECK(planned(joined, asks(8192, 1, 512)) == Bytes3{280363008, 139516160, 16789568});
  CHECK(planned(joined, asks(8192, 2, 128)) == Bytes3{359399424, 33830656, 3148864});

  ModelInfo world = test::model_of_text(
      "{'model_type': 'rwkv6', 'hidden_size': 2048, 'num_hidden_layers': 24, 'head_size': 64, "
      "'intermediate_size': 7168, 'vocab_size': 65536}");
  CHECK(planned(world, asks(8192, 1, 512)) == Bytes3{12976128, 55591168, 8390720});
  std::vector<Tensor> tensors;
  for (const auto& tensor : world.tensors) {
    if (tensor.name != "time_mix_lerp_fused.weight") {
      tensors.push_back(tensor);
      continue;
    }
    for (const auto* const name : {"w", "k", "v", "r", "g"}) {
      tensors.push_back(tensor);
      tensors.back().name = std::string("time_mix_lerp_") + name + ".weight";
      tensors.back().ne = {2048, 1, 1, 1};
    }
  }
  world.tensors = tensors;
  CHECK(planned(world, asks(8192, 1, 512)) == Bytes3{12976128, 59785472, 8390720});
  CHECK(planned(world, asks(8192, 2, 128)) == Bytes3{25952256, 16810240, 2097728});
}

// Recorded likewise.
TEST_CASE("DeepSeek V4 keeps snapshots of its compressors for tokens that may be taken back") {
  const ModelInfo model = recorded("synthetic-deepseek4.Q4_K_M.gguf");
  using Bytes3 = std::array<std::uint64_t, 3>;
  const struct {
    std::uint32_t n_rs_seq;
    Workload workload;
    Bytes3 bytes;
  } rows[] = {
      {0, asks(8192, 1, 512), {106315776, 234453120, 22115264}},
      {1, asks(8192, 1, 512), {118521856, 234456192, 22117568}},
      {2, asks(8192, 2, 64), {161316864, 29045888, 2502624}},
      {4, asks(8192, 2, 64), {210141184, 29050496, 2507232}},
  };
  for (auto row : rows) {
    row.workload.n_rs_seq = row.n_rs_seq;
    CHECK(planned(model, row.workload) == row.bytes);
  }
}

// Recorded likewise, on GGUF files made from these configs.
TEST_CASE("blocks that only some models of a family have are planned") {
  using Bytes3 = std::array<std::uint64_t, 3>;
  const std::string heads =
      "'hidden_size': 512, 'num_attention_heads': 8, 'num_key_value_heads': 2, 'vocab_size': "
      "1000, ";
  const std::string rwkv =
      "{'architectures': ['RwkvHybridForCausalLM'], 'vocab_size': 1000, 'hidden_size': 512, "
      "'num_hidden_layers': 4, 'num_attention_heads': 8, 'head_size': 64, 'intermediate_size': "
      "1024, 'max_position_embeddings': 8192, 'wkv_has_gate': false, ";
  const struct {
    const char* name;
    std::string config;
    std::uint64_t n_ctx;
    Bytes3 one, two;
  } rows[] = {
      {"Falcon 40B: a norm of its own for each branch",
       "{'model_type': 'falcon', 'hidden_size': 512, 'num_hidden_layers': 6, "
       "'num_attention_heads': 8, 'num_kv_heads': 2, 'new_decoder_architecture': true, "
       "'vocab_size': 1000}",
       2048,
       {6291456, 9447552, 4206624},
       {6291456, 2099840, 789536}},
      {"Qwen3-VL: features of the image",
       "{'model_type': 'qwen3_vl', 'tie_word_embeddings': false, 'vision_config': "
       "{'deepstack_visual_indexes': [1, 2, 3]}, 'text_config': {'model_type': 'qwen3_vl_text', " +
           heads +
           "'num_hidden_layers': 6, 'head_dim': 64, 'intermediate_size': 1024, "
           "'tie_word_embeddings': false, 'max_position_embeddings': 8192}}",
       8192,
       {25165824, 20988032, 13649952},
       {25165824, 4198528, 2363936}},
      {"Grok 1: a norm of the block's output",
       "{'architectures': ['Grok1ForCausalLM'], " + heads +
           "'num_hidden_layers': 4, 'intermediate_size': 1024, 'num_experts': 8, "
           "'num_experts_per_tok': 2, 'tie_word_embeddings': true, "
           "'max_position_embeddings': 8192}",
       8192,
       {16777216, 155719808, 19406880},
       {16777216, 20055680, 2754592}},
      {"Grok 2: a dense block beside the experts",
       "{'architectures': ['Grok1ForCausalLM'], " + heads +
           "'num_hidden_layers': 4, 'intermediate_size': 1024, 'moe_intermediate_size': 768, "
           "'head_dim': 64, 'num_local_experts': 8, 'num_experts_per_tok': 2, "
           "'max_position_embeddings': 8192}",
       8192,
       {16777216, 155719808, 19406880},
       {16777216, 20055680, 2754592}},
      {"RWKV inside Qwen, without a norm of its heads",
       rwkv + "'wkv_has_group_norm': false}",
       8192,
       {532480, 17041664, 2099264},
       {1064960, 4231424, 524864}},
      {"RWKV inside Qwen, with it",
       rwkv + "'wkv_has_group_norm': true}",
       8192,
       {532480, 17041664, 2099264},
       {1064960, 4231424, 524864}},
      {"Nanbeige: the same blocks twice, with a norm between",
       "{'architectures': ['NanbeigeForCausalLM'], " + heads +
           "'num_hidden_layers': 3, 'num_loops': 2, 'intermediate_size': 1024, "
           "'tie_word_embeddings': false, 'max_position_embeddings': 8192}",
       8192,
       {25165824, 17836160, 10498080},
       {25165824, 3410560, 1575968}},
      {"Laguna: heads of each layer, a gate for each value",
       "{'architectures': ['LagunaForCausalLM'], " + heads +
           "'num_hidden_layers': 4, 'intermediate_size': 1024, 'head_dim': 64, "
           "'num_attention_heads_per_layer': [8, 12, 12, 12], 'num_experts': 8, "
           "'num_experts_per_tok': 2, 'moe_intermediate_size': 128, "
           "'shared_expert_intermediate_size': 128, 'gating': 'per-element', 'mlp_layer_types': "
           "['dense', 'sparse', 'sparse', 'sparse'], 'layer_types': ['full_attention', "
           "'sliding_attention', 'sliding_attention', 'sliding_attention'], 'sliding_window': 512, "
           "'max_position_embeddings': 8192}",
       8192,
       {5767168, 13650048, 11554848},
       {6553600, 2560640, 1774624}},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    const ModelInfo model = test::model_of_text(row.config);
    CHECK(planned(model, asks(row.n_ctx, 1, 512)) == row.one);
    CHECK(planned(model, asks(row.n_ctx, 2, 128)) == row.two);
  }
}
