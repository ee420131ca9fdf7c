#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/dsa.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

void dots3_layer(TensorBuilder& b) { b.weight("attn_k_norm", b.h.n_rot.value_or(0)); }

// conversion/dots3.py
void read_dots3(const HfReader& r, Hparams& h) {
  const auto swa = window_layers(r, *h.n_layer);
  if (swa.empty()) r.missing("layer_types");
  latent(r, h);
  const std::uint32_t full_heads = h.n_head.max();
  const std::uint32_t swa_heads = r.need("swa_num_attention_heads");
  std::vector<std::uint32_t> heads;
  h.indexer_layers.clear();
  for (const bool is_swa : swa) {
    heads.push_back(is_swa ? swa_heads : full_heads);
    h.indexer_layers.push_back(!is_swa);
  }
  h.n_head = heads;
  h.swa_layers = swa;
  const std::uint32_t rank = r.need("swa_kv_lora_rank");
  h.head_dim_k_swa =
      within_reason(std::uint64_t{rank} + r.need("swa_qk_rope_head_dim"), "the latent size");
  h.head_dim_v_swa = rank;
  h.kv_lora_rank_swa = rank;
  if (const auto nope = r.count("swa_qk_nope_head_dim"))
    h.head_dim_k_mla_swa =
        within_reason(std::uint64_t{*nope} + r.need("swa_qk_rope_head_dim"), "the head size");
  h.head_dim_v_mla_swa = r.count("swa_v_head_dim");
}

constexpr ConfigClass dots1_classes[] = {
    {"dots1",
     "num_hidden_layers=62 hidden_size=4608 intermediate_size=10944 num_attention_heads=32 "
     "num_key_value_heads=32 vocab_size=152064 max_position_embeddings=2048 "
     "moe_intermediate_size=1408 first_k_dense_replace=0"},
};
static_assert(well_formed(dots1_classes));

constexpr Family rows[] = {
    {.gguf = "dots1",
     .hf = "Dots1ForCausalLM dots1",
     .source = "src/models/dots1.cpp",
     .tensors = {.attention = gqa,
                 .feed_forward = gated,
                 .norms = pre,
                 .qk_norm = QkNorm::shared,
                 .experts = {.router_bias = RouterBias::always}},
     .graph = {.build = build_transformer},
     .config = {.read = common_keys, .classes = dots1_classes},
     .elsewhere = {.exllamav3 = "dots1", .mlx_lm = {.plain = "dots1"}}},
    {.gguf = "dots3note",
     .hf = "Dots3NoteForCausalLM Dots3NoteForConditionalGeneration Dots3NoteTextForCausalLM "
           "dots3_note dots3_note_text",
     .source = "src/models/dots3note.cpp",
     .cache = {.memory = MemoryClass::dsa_window,
               .mla = true,
               .window = required(listed()),
               .indexer = IndexerRule::listed},
     .tensors = {.attention = mla,
                 .feed_forward = gated,
                 .norms = pre,
                 .gate = AttentionGate::per_head,
                 .indexer = IndexerBlock::tokens,
                 .experts = {.router_bias = RouterBias::always},
                 .layer = dots3_layer},
     .graph = {.build = build_transformer, .attention = mix_indexed_latent},
     .config = {.read = read_dots3}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::dots{rows};

}  // namespace fitvram
