#include "llama/memory/cells.hpp"

#include "catch.hpp"

using namespace fitvram;

TEST_CASE("a window cache holds the window of every slot only when the cache is unified") {
  Workload w;
  w.n_ctx = 32768;
  w.n_seq = 4;
  const ContextSize split = llama_context_size(w);
  CHECK(split.n_ctx_seq == 8192);
  CHECK(split.n_stream == 4);
  const CacheSlot slot{CacheRole::kv, Growth::sliding, 1024, {1, 128, 128}};
  CHECK(llama_cells(slot, split, w) == 1536);
  w.kv_unified = true;
  const ContextSize unified = llama_context_size(w);
  CHECK(unified.n_ctx_seq == 32768);
  CHECK(unified.n_stream == 1);
  CHECK(llama_cells(slot, unified, w) == 4 * 1024 + 512);
  w.swa_full = true;
  CHECK(llama_cells(slot, unified, w) == 32768);
}

TEST_CASE("contexts are sized as llama.cpp sizes them") {
  Workload w;
  w.n_ctx = 8200;
  CHECK(llama_context_size(w).n_ctx == 8448);
  w.n_ctx = 8192;
  w.n_seq = 3;
  CHECK(llama_context_size(w).n_ctx_seq == 2816);
  CHECK(llama_context_size(w).n_ctx == 8448);
  w.n_ctx = 100;
  CHECK(llama_context_size(w).n_ubatch == 100);
}
