#include "model/tensors.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "model/attention.hpp"
#include "model/feed_forward.hpp"
#include "model/recurrent.hpp"

namespace fitvram {

namespace {

bool is_tied(const TensorBuilder& b) {
  switch (b.rule.tying) {
    case Tying::stated:
      return b.h.tied_embeddings.value_or(false);
    case Tying::always:
      return true;
    case Tying::never:
      return false;
  }
  return false;
}

void add_rope(TensorBuilder& b) {
  const std::uint64_t n_rot = b.h.n_rot.value_or(static_cast<std::uint32_t>(b.head_dim_k()));
  if (b.rule.rope_full) {
    b.weight("rope_freqs", b.h.head_dim_k.value_or(0) / 2);
  } else if (b.h.rope_type == "llama3") {
    b.weight("rope_freqs", n_rot / 2);
  } else if (b.h.rope_type == "longrope" || b.h.rope_type == "su") {
    b.weight("rope_factors_long", n_rot / 2);
    b.weight("rope_factors_short", n_rot / 2);
  }
}

void add_input(TensorBuilder& b) {
  const std::uint64_t n_vocab = b.n_vocab();
  b.weight("token_embd", b.n_embd(),
           n_vocab == 0 ? 0 : sat_add(n_vocab, b.h.n_vocab_extra.value_or(0)));
  if (b.rule.positions && b.h.n_ctx_train)
    b.weight("position_embd", b.n_embd(), std::uint64_t{*b.h.n_ctx_train} + b.rule.extra_positions);
  if (b.rule.embd_norm) b.norm("token_embd_norm", b.n_embd());
  if (b.rule.globals != nullptr) b.rule.globals(b);
  add_rope(b);
}

void add_output(TensorBuilder& b) {
  if (!b.rule.output_norm.empty()) b.norm(b.rule.output_norm, b.n_embd());
  if (b.h.n_cls_out)
    b.linear("cls.output", b.n_embd(), *b.h.n_cls_out, true);
  else if (!is_tied(b))
    b.linear("output", b.n_embd(), b.n_vocab(), b.rule.head_bias);
  if (b.rule.output != nullptr) b.rule.output(b);
}

void add_norms(TensorBuilder& b) {
  std::string_view names = b.rule.norms.names;
  while (!names.empty()) {
    auto name = names.substr(0, names.find(' '));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const bool bare = name.ends_with('!');
    if (bare) name.remove_suffix(1);
    const bool no_block = name == "ffn_norm" ? b.n_ff() == 0 : b.n_head() == 0;
    const bool dropped = (name == "ffn_norm" && b.rule.norms.no_ffn_if_parallel &&
                          b.h.parallel_residual.value_or(false)) ||
                         (name == "attn_norm" && b.rule.norms.no_first && b.layer() == 0) ||
                         (b.rule.optional_blocks && no_block);
    if (bare)
      b.add(std::string(name), b.n_embd());
    else if (!dropped)
      b.norm(name, b.n_embd());
  }
  if (b.rule.norms.second_if_grouped && b.n_head_kv() > 1) b.norm("attn_norm_2", b.n_embd());
}

void add_nextn(TensorBuilder& b) {
  b.weight("nextn.eh_proj", sat_mul(2, b.n_embd()), b.n_embd());
  b.weight("nextn.enorm", b.n_embd());
  b.weight("nextn.hnorm", b.n_embd());
  b.weight(b.rule.nextn.norm, b.n_embd());
  if (!b.rule.nextn.own_head) return;
  b.weight("nextn.embed_tokens", b.n_embd(), b.n_vocab());
  b.weight("nextn.shared_head_head", b.n_embd(), b.n_vocab());
}

void add_mixer(TensorBuilder& b) {
  const bool recurrent = b.is_recurrent();
  const bool both = b.rule.mixers == Mixers::both;
  if (recurrent || both) add_recurrent(b);
  if (!recurrent || both) add_attention(b);
}

void add_layer(TensorBuilder& b) {
  add_norms(b);
  if (b.rule.mixers == Mixers::alone && !b.is_nextn()) {
    const bool mlp = b.h.n_ff.at(b.layer()) > 0;
    if (mlp)
      add_feed_forward(b);
    else
      add_mixer(b);
  } else {
    if (b.rule.mixers == Mixers::alone) b.norm("post_attention_norm", b.n_embd());
    add_mixer(b);
    add_feed_forward(b);
  }
  if (b.rule.layer != nullptr) b.rule.layer(b);
  if (b.is_nextn()) add_nextn(b);
}

// A dense transformer with grouped-query attention and a gated feed-forward: what most models are.
std::uint64_t dense_params(const Hparams& h) {
  if (!h.n_layer || !h.n_embd || !h.n_vocab || h.n_head.max() == 0 || h.n_ff.max() == 0 ||
      h.n_expert.value_or(0) > 0)
    return 0;
  const std::uint64_t n_embd = *h.n_embd;
  const std::uint64_t heads = h.n_head.max();
  const std::uint64_t kv_heads = h.n_head_kv.present() ? h.n_head_kv.max() : heads;
  const std::uint64_t dim = h.head_dim_k ? *h.head_dim_k : n_embd / heads;
  const std::uint64_t attention = sat_mul(sat_mul(2 * n_embd, dim), heads + kv_heads);
  const std::uint64_t mlp = sat_mul(3 * n_embd, h.n_ff.max());
  const std::uint64_t embeddings = h.tied_embeddings.value_or(false) ? 1 : 2;
  return sat_add(
      sat_mul(sat_mul(embeddings, *h.n_vocab), n_embd),
      sat_add(n_embd, sat_mul(*h.n_layer, sat_add(sat_add(attention, mlp), 2 * n_embd))));
}

void give_up(ModelInfo& model, const std::string& why) {
  model.tensors.clear();
  model.n_params = 0;
  model.params = Provenance::assumed;
  model.notes.push_back(
      {Severity::warning, "params-unknown", why + ": the number of parameters is not known"});
}

// The key of a config without which a tensor has no shape, in the words most configs use.
std::string missing_key(const Family& family, const Hparams& h, std::string_view tensor) {
  const auto has = [&](std::string_view part) {
    return tensor.find(part) != std::string_view::npos;
  };
  if (h.n_embd.value_or(0) == 0) return "hidden_size";
  if (has("token_embd") || tensor == "output.weight") return "vocab_size";
  if (has("position_embd")) return "max_position_embeddings";
  if (has("_exps") || has("exp_probs_b") || has("ffn_gate_inp"))
    return h.n_expert.value_or(0) == 0 ? "num_experts" : "moe_intermediate_size";
  if (has("_shexp")) return "shared_expert_intermediate_size";
  if (has("ffn_")) return std::string(family.config.ff_key);
  if (has("indexer")) return h.indexer_n_head ? "index_head_dim" : "index_n_heads";
  if (has("attn_q_a") || has("attn_q_b")) return "q_lora_rank";
  if (has("attn_kv_a")) return "kv_lora_rank";
  if (has("attn_k_b")) return "qk_nope_head_dim";
  if (has("attn_v_b")) return "v_head_dim";
  if (has("attn_")) return h.n_head.max() == 0 ? "num_attention_heads" : "head_dim";
  return "a number that gives tensor '" + std::string(tensor) + "' its shape";
}

void assume_dense(ModelInfo& model, const std::string& why) {
  const std::uint64_t n_params = dense_params(model.hparams);
  if (n_params == 0) return give_up(model, why);
  model.tensors.clear();
  model.n_params = n_params;
  model.params = Provenance::assumed;
  model.notes.push_back({Severity::warning, "params-assumed",
                         why + ": parameters counted as those of a dense transformer"});
}

}  // namespace

std::uint64_t elements_that_run(const ModelInfo& model, std::uint32_t n_trunk) {
  std::uint64_t sum = 0;
  for (const Tensor& tensor : model.tensors) {
    const bool nextn = tensor.layer >= 0 && static_cast<std::uint32_t>(tensor.layer) >= n_trunk;
    if (!nextn && tensor.role != TensorRole::rope) sum = sat_add(sum, n_elements(tensor));
  }
  return sum;
}

void lower_tensors(ModelInfo& model) {
  const std::string& architecture = model.hparams.architecture;
  const Family* family = known_family(architecture);
  if (family == nullptr || !family->tensors.unknown.empty())
    return assume_dense(model, "the tensors of '" + architecture + "' models are not known");
  const std::uint32_t n_layer = model.hparams.n_layer.value_or(0);
  if (n_layer == 0 || n_layer > most_layers)
    return give_up(model, "the number of layers is missing or absurd");

  model.tensors.clear();
  TensorBuilder b(model, family->tensors);
  const std::uint32_t stack = model.hparams.n_layer_per_stack.value_or(0);
  const std::uint32_t n_block =
      stack == 0 ? std::max(n_layer, std::min(most_layers, model.hparams.dec_n_layer.value_or(0)))
                 : std::min(n_layer, 2 * stack);
  add_input(b);
  for (std::uint32_t i = 0; i < n_block; ++i) {
    b.enter(static_cast<std::int32_t>(i));
    add_layer(b);
  }
  b.enter(-1);
  add_output(b);
  if (!b.missing().empty())
    return give_up(model, missing_key(*family, model.hparams, b.missing()) + " is missing");
  model.n_params = elements_that_run(model, b.n_trunk());
  model.params = Provenance::derived;
  if (b.rule.positions && !model.hparams.n_ctx_train) {
    model.params = Provenance::assumed;
    model.notes.push_back(
        {Severity::warning, "params-assumed",
         "the number of positions is not stated: their embedding is not counted"});
  }
  if (!model.hparams.ple_layers.empty()) {
    model.params = Provenance::assumed;
    model.notes.push_back({Severity::warning, "params-assumed",
                           "the size of the n-gram table is not stated: it is not counted"});
  }
}

}  // namespace fitvram
