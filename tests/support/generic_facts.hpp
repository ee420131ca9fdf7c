#pragma once
// Facts that satisfy every row of the table of families at once: each takes what its rules read.
#include <vector>

#include "families/family.hpp"
#include "model/layers.hpp"

namespace fitvram::test {

inline Hparams generic_hparams(const Family& row) {
  Hparams hp;
  hp.architecture = std::string(row.gguf);
  hp.n_layer = 12;
  hp.n_embd = 1024;
  hp.n_head = 16;
  hp.n_ctx_train = 131072;
  hp.n_head_kv = std::vector<std::uint32_t>{4, 0, 4, 4, 0, 4, 4, 4, 0, 4, 4, 4};
  hp.n_swa = 512;
  for (std::uint32_t i = 0; i < 12; ++i) hp.swa_layers.push_back(i % 3 != 2);
  hp.indexer_layers.assign(12, true);
  hp.indexer_head_dim = 64;
  hp.indexer_top_k = 64;
  hp.compress_ratios = {0, 4, 128, 0, 4, 128, 0, 4, 128, 0, 4, 128};
  hp.ssm_conv_kernel = 4;
  hp.ssm_inner_size = 2048;
  hp.ssm_state_size = 64;
  hp.ssm_group_count = 2;
  hp.kda_head_dim = 64;
  hp.wkv_head_size = 64;
  hp.shortconv_l_cache = 3;
  if (row.cache.repeats == Repeats::stacks) hp.n_layer_per_stack = hp.n_l_cycle = 2;
  return hp;
}

inline ModelInfo generic_model(const Family& row) {
  ModelInfo model;
  model.format = ModelFormat::gguf;
  model.hparams = generic_hparams(row);
  lower_layers(model);
  return model;
}

}  // namespace fitvram::test
