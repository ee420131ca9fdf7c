#include "cli/base/report.hpp"

#include "catch.hpp"

using namespace fitvram;
using namespace fitvram::cli;

TEST_CASE("layers that own the same caches are one group, in order of appearance") {
  ModelInfo model;
  const Layer window{LayerKind::sliding, {{CacheRole::kv, Growth::sliding, 1024, {16, 128, 128}}}};
  const Layer full{LayerKind::attention, {{CacheRole::kv, Growth::full, 0, {16, 128, 128}}}};
  model.layers = {window, window, full, window};
  const auto groups = count_layers(model);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].n_layer == 3);
  CHECK(groups[1].layer->kind == LayerKind::attention);
}

TEST_CASE("tensors are summed by role and type, and the sum is the weights") {
  ModelInfo model;
  const auto* f32 = find_tensor_type("F32");
  const auto* q8 = find_tensor_type("Q8_0");
  model.tensors = {{"output.weight", {64, 4, 1, 1}, q8, -1, TensorRole::output},
                   {"attn_norm.weight", {64, 1, 1, 1}, f32, 0, TensorRole::norm},
                   {"attn_norm.weight", {64, 1, 1, 1}, f32, 1, TensorRole::norm}};
  Weights weights;
  weights.types = {q8, f32, f32};
  const auto groups = group_tensors(model, weights);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].bytes == Bytes{272});
  CHECK(groups[1].n_tensor == 2);
  CHECK(groups[1].bytes == Bytes{512});
}

TEST_CASE("the option -ngl counts the output as one layer and never more than there are") {
  ModelInfo model;
  model.n_layer = 32;
  Workload w;
  CHECK(layers_on_device(model, w) == 33);
  w.n_gpu_layers = 20;
  CHECK(layers_on_device(model, w) == 20);
}

TEST_CASE("a report knows its command") {
  Report report;
  CHECK(command_of(report) == "estimate");
  report.body = ListReport{};
  CHECK(command_of(report) == "list");
}
