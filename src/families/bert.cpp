#include "families/kins.hpp"
#include "families/words.hpp"
#include "hf/derived.hpp"
#include "llama/graph/transformer.hpp"
#include "model/builder.hpp"

namespace fitvram {

namespace {

// src/models/bert.cpp, which its kin build too, v0.5.0.
void build_bert(GraphBuilder& b, const GraphRule& f) {
  b.layer_norm = true;
  const bool ropes = f.rope != Rope::none && !f.learned_positions;
  NodeId x = b.embed(false);
  const auto types = b.global("token_types.weight");
  if (types != no_node) x = b.add(x, b.strided(types, {b.n_embd, 1, 1, 1}));
  if (f.learned_positions) {
    const NodeId positions = b.rows(b.global("position_embd.weight"), b.positions());
    x = b.in_place(x, {positions, x});
  }
  b.layer = SIZE_MAX;
  x = b.norm(x, "token_embd_norm");
  const AttentionInput input = b.batch_input();
  for (const std::size_t il : b.plan) {
    b.enter(il);
    const std::uint64_t n_head = b.hp.n_head.at(il);
    const std::uint64_t n_kv = b.hp.n_head_kv.present() ? b.hp.n_head_kv.at(il) : n_head;
    if (n_head == 0) throw Unbuilt{};
    Attention a;
    a.n_head = n_head, a.n_head_kv = n_kv, a.d_k = a.d_v = b.n_embd / n_head;
    a.qkv = b.qkv(x, a.d_k, a.d_v, n_head, n_kv);
    const auto normed = [&](NodeId y, const char* name, std::uint64_t n) {
      if (!b.has(std::string(name) + ".weight")) return y;
      y = b.norm(b.reshape(y, {a.d_k * n, b.n_tokens, 1, 1}), name);
      return b.reshape(y, {a.d_k, n, b.n_tokens, 1});
    };
    a.qkv.q = normed(a.qkv.q, "attn_q_norm", n_head);
    a.qkv.k = normed(a.qkv.k, "attn_k_norm", n_kv);
    if (ropes) a.qkv.q = b.rope(a.qkv.q), a.qkv.k = b.rope(a.qkv.k);
    NodeId cur = b.mat_bias("attn_output", b.attend_batch(input, a));
    if (b.last) cur = b.pick(cur), x = b.pick(x);
    cur = b.norm(b.add(cur, x), "attn_output_norm");
    if (b.has("attn_norm_2.weight")) cur = b.norm(b.add(cur, x), "attn_norm_2");
    x = b.norm(b.add(ffn_block(b, f, cur), cur), "layer_output_norm");
  }
  b.result(x);
}

void bert_globals(TensorBuilder& b) {
  if (b.h.n_token_types.value_or(0) > 0) b.weight("token_types", b.n_embd(), *b.h.n_token_types);
}

void jina2_layer(TensorBuilder& b) { b.add("ffn_down.bias", b.n_embd()); }

// The positions of the padding token and of what stands before it are never used
// (conversion/bert.py).
void read_bert(const HfReader& r, Hparams& h) {
  if (!class_contains(r, "oberta") && !class_contains(r, "XLMRoberta")) return;
  const std::uint64_t offset = std::uint64_t{1} + r.count_or("pad_token_id", 1);
  if (h.n_ctx_train && *h.n_ctx_train > offset)
    h.n_ctx_train = *h.n_ctx_train - static_cast<std::uint32_t>(offset);
}

// What Transformers takes for the length of its answers is the trained length here.
void read_neo_bert(const HfReader& r, Hparams& h) {
  if (!h.n_ctx_train) h.n_ctx_train = r.count("max_length");
  h.n_ff = static_cast<std::uint32_t>(std::uint64_t{h.n_ff.max()} * 2 / 3);
}

void read_nomic_bert(const HfReader& r, Hparams& h) {
  const std::uint32_t stated = r.count_or("n_positions", 0);
  if (stated == 8192) h.n_ctx_train = 2048;
  if (stated == 2048) h.n_ctx_train = 512;
  if (h.moe_every_n_layers.value_or(0) == 0) no_experts(h);
}

std::string_view bert_instead(const HfReader& r) {
  return r.has("lora_adaptations") ? "jina-bert-v3" : "";
}

std::string_view nomic_bert_refined(const Hparams& h) {
  return h.moe_every_n_layers.value_or(0) > 0 ? "nomic-bert-moe" : "nomic-bert";
}

constexpr ConfigClass bert_classes[] = {
    {"bert BertModel BertForMaskedLM BertForSequenceClassification",
     "num_hidden_layers=12 hidden_size=768 intermediate_size=3072 num_attention_heads=12 "
     "vocab_size=30522 max_position_embeddings=512 type_vocab_size=2"},
    {"roberta RobertaModel RobertaForSequenceClassification",
     "num_hidden_layers=12 hidden_size=768 intermediate_size=3072 num_attention_heads=12 "
     "vocab_size=50265 max_position_embeddings=512 type_vocab_size=2"},
    {"xlm-roberta XLMRobertaModel XLMRobertaForSequenceClassification",
     "num_hidden_layers=12 hidden_size=768 intermediate_size=3072 num_attention_heads=12 "
     "max_position_embeddings=512 type_vocab_size=2 tie_word_embeddings=true"},
    {"distilbert DistilBertModel DistilBertForMaskedLM DistilBertForSequenceClassification",
     "n_layers=6 dim=768 n_heads=12 vocab_size=30522 max_position_embeddings=512 "
     "intermediate_size=3072"},
    {"camembert CamembertModel",
     "num_hidden_layers=12 hidden_size=768 intermediate_size=3072 num_attention_heads=12 "
     "vocab_size=30522 max_position_embeddings=512 type_vocab_size=2"},
};
static_assert(well_formed(bert_classes));

constexpr ConfigClass modern_bert_classes[] = {
    {"modernbert",
     "num_hidden_layers=22 hidden_size=768 intermediate_size=1152 num_attention_heads=12 "
     "vocab_size=50368 max_position_embeddings=8192 tie_word_embeddings=true"},
};
static_assert(well_formed(modern_bert_classes));

constexpr ConfigClass nomic_bert_classes[] = {
    {"nomic_bert",
     "num_hidden_layers=12 hidden_size=768 intermediate_size=3072 num_attention_heads=12 "
     "vocab_size=30522 type_vocab_size=2 tie_word_embeddings=true"},
};
static_assert(well_formed(nomic_bert_classes));

constexpr ConfigClass eurobert_classes[] = {
    {"eurobert",
     "num_hidden_layers=12 hidden_size=768 intermediate_size=3072 num_attention_heads=12 "
     "vocab_size=128256 max_position_embeddings=8192"},
};
static_assert(well_formed(eurobert_classes));

constexpr Family rows[] = {
    {.gguf = "bert",
     .hf = "BertModel BertForMaskedLM CamembertModel BertForSequenceClassification DistilBertModel "
           "DistilBertForMaskedLM DistilBertForSequenceClassification RobertaModel "
           "RobertaForSequenceClassification XLMRobertaModel XLMRobertaForSequenceClassification "
           "bert camembert distilbert roberta xlm-roberta",
     .source = "src/models/bert.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.no_head = true},
     .tensors = {.attention = gqa,
                 .feed_forward = plain,
                 .norms = biased(after),
                 .biases = gpt2_biases,
                 .positions = true,
                 .embd_norm = true,
                 .output_norm = "",
                 .tying = Tying::always,
                 .globals = bert_globals},
     .graph = {.build = build_bert, .learned_positions = true},
     .config = {.read = read_bert, .classes = bert_classes, .instead = bert_instead}},
    {.gguf = "eurobert",
     .hf = "EuroBertModel JinaEmbeddingsV5Model eurobert",
     .source = "src/models/eurobert.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.no_head = true},
     .tensors = {.attention = gqa, .feed_forward = gated, .norms = pre, .tying = Tying::always},
     .graph = {.build = build_transformer, .uncached = true, .headless = true},
     .config = {.read = common_keys, .classes = eurobert_classes}},
    {.gguf = "jina-bert-v2",
     .hf = "JinaBertModel JinaBertForMaskedLM",
     .source = "src/models/jina-bert-v2.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.no_head = true},
     .tensors = {.attention = gqa,
                 .feed_forward = fused,
                 .norms = biased(after),
                 .biases = {.qkv = Bias::unless_denied, .out = Bias::always},
                 .embd_norm = true,
                 .output_norm = "",
                 .tying = Tying::always,
                 .globals = bert_globals,
                 .layer = jina2_layer},
     .graph = {.build = build_bert, .rope = Rope::none},
     .config = {.read = common_keys}},
    {.gguf = "jina-bert-v3",
     .source = "src/models/jina-bert-v3.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.no_head = true},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(after),
                 .biases = gpt2_biases,
                 .embd_norm = true,
                 .output_norm = "",
                 .tying = Tying::always,
                 .globals = bert_globals},
     .graph = {.build = build_bert},
     .config = {.read = read_bert}},
    {.gguf = "modern-bert",
     .hf = "ModernBertModel ModernBertForMaskedLM ModernBertForSequenceClassification modernbert",
     .source = "src/models/modern-bert.cpp",
     .cache = {.memory = MemoryClass::none, .window = first_full(3)},
     .load = {.no_head = true},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = fused,
                 .norms = {.names = pre.names, .no_first = true},
                 .embd_norm = true,
                 .tying = Tying::always},
     .graph = {.build = build_transformer,
               .layer_norm = true,
               .embd_norm = true,
               .uncached = true,
               .headless = true},
     .config = {.read = common_keys, .classes = modern_bert_classes}},
    {.gguf = "neo-bert",
     .hf = "NeoBERT NeoBERTLMHead NeoBERTForSequenceClassification neobert",
     .source = "src/models/neo-bert.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.no_head = true},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = fused,
                 .norms = pre,
                 .output_norm = "enc.output_norm",
                 .tying = Tying::always},
     .graph = {.build = build_transformer, .uncached = true, .headless = true},
     .config = {.read = read_neo_bert}},
    {.gguf = "nomic-bert",
     .hf = "nomic_bert NomicBertModel",
     .source = "src/models/nomic-bert.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.no_head = true},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = gated,
                 .norms = biased(after),
                 .embd_norm = true,
                 .output_norm = "",
                 .tying = Tying::always,
                 .globals = bert_globals},
     .graph = {.build = build_bert},
     .config = {.read = read_nomic_bert, .classes = nomic_bert_classes},
     .refined = nomic_bert_refined},
    {.gguf = "nomic-bert-moe",
     .source = "src/models/nomic-bert-moe.cpp",
     .cache = {.memory = MemoryClass::none},
     .load = {.no_head = true},
     .tensors = {.attention = fused_qkv,
                 .feed_forward = plain,
                 .norms = biased(after),
                 .biases = gpt2_biases,
                 .embd_norm = true,
                 .output_norm = "",
                 .tying = Tying::always,
                 .globals = bert_globals},
     .graph = {.build = build_bert, .norm_weights = 0},
     .config = {.unknown = "its configs are those of nomic-bert"}},
};
static_assert(in_order(rows));

}  // namespace

constinit const std::span<const Family> kin::bert{rows};

}  // namespace fitvram
