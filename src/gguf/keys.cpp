#include "gguf/keys.hpp"

#include <algorithm>
#include <variant>

#include "base/limits.hpp"
#include "base/sorted.hpp"

namespace fitvram {
namespace {

using Number = Hparams::U32 Hparams::*;
using Each = PerLayer Hparams::*;
using Flags = std::vector<bool> Hparams::*;
using Counts = std::vector<std::uint32_t> Hparams::*;
using Flag = std::optional<bool> Hparams::*;
using Real = std::optional<double> Hparams::*;

// A key that some files give as a number and some as a list.
struct NumberOrFlags {
  Number number;
  Flags flags;
};

struct Row {
  std::string_view key;
  std::variant<Number, Each, Flags, Counts, Flag, Real, NumberOrFlags> field;
};

constexpr Row rows[] = {
    {"attention.chunk_size", &Hparams::n_chunk},
    {"attention.clamp_kqv", &Hparams::clamp_kqv},
    {"attention.compress_ratios", &Hparams::compress_ratios},
    {"attention.decay_lora_rank", &Hparams::decay_lora_rank},
    {"attention.gate_lora_rank", &Hparams::gate_lora_rank},
    {"attention.head_count", &Hparams::n_head},
    {"attention.head_count_kv", &Hparams::n_head_kv},
    {"attention.iclr_lora_rank", &Hparams::iclr_lora_rank},
    {"attention.indexer.block_size", &Hparams::indexer_block_size},
    {"attention.indexer.head_count", &Hparams::indexer_n_head},
    {"attention.indexer.key_length", &Hparams::indexer_head_dim},
    {"attention.indexer.top_k", &Hparams::indexer_top_k},
    {"attention.indexer.types", &Hparams::indexer_layers},
    {"attention.key_length", &Hparams::head_dim_k},
    {"attention.key_length_mla", &Hparams::head_dim_k_mla},
    {"attention.key_length_mla_swa", &Hparams::head_dim_k_mla_swa},
    {"attention.key_length_swa", &Hparams::head_dim_k_swa},
    {"attention.kv_lora_rank", &Hparams::kv_lora_rank},
    {"attention.kv_lora_rank_swa", &Hparams::kv_lora_rank_swa},
    {"attention.q_lora_rank", &Hparams::q_lora_rank},
    {"attention.recurrent_layers", &Hparams::recurrent_layers},
    {"attention.relative_buckets_count", &Hparams::n_rel_attn_bkts},
    {"attention.shared_kv_layers", &Hparams::shared_kv_layers},
    {"attention.sliding_window", &Hparams::n_swa},
    {"attention.sliding_window_pattern", NumberOrFlags{&Hparams::swa_period, &Hparams::swa_layers}},
    {"attention.value_length", &Hparams::head_dim_v},
    {"attention.value_length_mla", &Hparams::head_dim_v_mla},
    {"attention.value_length_mla_swa", &Hparams::head_dim_v_mla_swa},
    {"attention.value_length_swa", &Hparams::head_dim_v_swa},
    {"attention.value_residual_mix_lora_rank", &Hparams::value_lora_rank},
    {"attn_res.block_size", &Hparams::attn_res_block_size},
    {"block_count", &Hparams::n_layer},
    {"context_length", &Hparams::n_ctx_train},
    {"decoder_block_count", &Hparams::dec_n_layer},
    {"embedding_length", &Hparams::n_embd},
    {"embedding_length_per_layer_input", &Hparams::n_embd_per_layer},
    {"embedding_scale", &Hparams::embedding_scale},
    {"expert_count", &Hparams::n_expert},
    {"expert_feed_forward_length", &Hparams::n_ff_exp},
    {"expert_gating_func", &Hparams::expert_gating_func},
    {"expert_group_count", &Hparams::n_expert_groups},
    {"expert_group_used_count", &Hparams::n_expert_groups_used},
    {"expert_shared_count", &Hparams::n_expert_shared},
    {"expert_shared_feed_forward_length", &Hparams::n_ff_shexp},
    {"expert_used_count", &Hparams::n_expert_used},
    {"expert_weights_norm", &Hparams::expert_weights_norm},
    {"expert_weights_scale", &Hparams::expert_weights_scale},
    {"feed_forward_length", &Hparams::n_ff},
    {"full_attention_interval", &Hparams::full_attention_interval},
    {"hrm.l_cycles", &Hparams::n_l_cycle},
    {"hrm.layers_per_stack", &Hparams::n_layer_per_stack},
    {"hyper_connection.count", &Hparams::hyper_connections},
    {"hyper_connection.low_rank", &Hparams::hyper_low_rank},
    {"interleave_moe_layer_step", &Hparams::moe_every_n_layers},
    {"kda.head_dim", &Hparams::kda_head_dim},
    {"leading_dense_block_count", &Hparams::n_layer_dense_lead},
    {"moe_every_n_layers", &Hparams::moe_every_n_layers},
    {"n_deepstack_layers", &Hparams::n_deepstack_layers},
    {"nextn_predict_layers", &Hparams::n_layer_nextn},
    {"num_loops", &Hparams::num_loops},
    {"ple.conv_kernel", &Hparams::ple_conv_kernel},
    {"ple.layers", &Hparams::ple_layers},
    {"ple.ngram_size", &Hparams::ple_ngram_size},
    {"rope.dimension_count", &Hparams::n_rot},
    {"rope.dimension_sections", &Hparams::rope_sections},
    {"rope.scale_linear", &Hparams::rope_scale},
    {"rope.scaling.factor", &Hparams::rope_scale},
    {"rope.scaling.finetuned", &Hparams::rope_finetuned},
    {"shortconv.l_cache", &Hparams::shortconv_l_cache},
    {"skip_loop_final_norm", &Hparams::skip_loop_final_norm},
    {"ssm.conv_kernel", &Hparams::ssm_conv_kernel},
    {"ssm.group_count", &Hparams::ssm_group_count},
    {"ssm.inner_size", &Hparams::ssm_inner_size},
    {"ssm.state_size", &Hparams::ssm_state_size},
    {"ssm.time_step_rank", &Hparams::ssm_time_step_rank},
    {"swin_norm", &Hparams::swin_norm},
    {"time_decay_extra_dim", &Hparams::time_decay_extra_dim},
    {"time_mix_extra_dim", &Hparams::time_mix_extra_dim},
    {"token_shift_count", &Hparams::token_shift_count},
    {"use_parallel_residual", &Hparams::parallel_residual},
    {"vocab_size", &Hparams::n_vocab},
    {"wkv.head_size", &Hparams::wkv_head_size},
};
static_assert(sorted_and_unique(rows, &Row::key));

class FieldReader {
 public:
  FieldReader(const GgufFile& file, Hparams& out) : file_(file), out_(out) {}

  void read(const GgufPair& pair, const Row& row) {
    std::visit([&](auto field) { store(pair, field); }, row.field);
  }

 private:
  void store(const GgufPair& pair, Number field) {
    if (pair.list) file_.fail(pair, "an array where one number is needed");
    out_.*field = number(pair, 0);
  }

  void store(const GgufPair& pair, Each field) {
    if (!pair.list) {
      out_.*field = PerLayer(number(pair, 0));
      return;
    }
    const std::uint32_t n_layer = out_.n_layer.value_or(0);
    if (pair.count != n_layer)
      file_.fail(pair, "array of " + std::to_string(pair.count) + " values for " +
                           std::to_string(n_layer) + " layers");
    out_.*field = PerLayer(list(pair));
  }

  void store(const GgufPair& pair, Flags field) {
    if (!pair.list) {
      out_.*field = std::vector<bool>(out_.n_layer.value_or(0), number(pair, 0) != 0);
      return;
    }
    const auto values = list(pair);
    auto& flags = out_.*field;
    flags.resize(values.size());
    std::transform(values.begin(), values.end(), flags.begin(),
                   [](std::uint32_t value) { return value != 0; });
  }

  void store(const GgufPair& pair, Counts field) {
    out_.*field = pair.list ? list(pair) : std::vector(out_.n_layer.value_or(0), number(pair, 0));
  }

  void store(const GgufPair& pair, Flag field) {
    if (pair.list) file_.fail(pair, "an array where one number is needed");
    out_.*field = number(pair, 0) != 0;
  }

  void store(const GgufPair& pair, Real field) { out_.*field = file_.real(pair); }

  void store(const GgufPair& pair, NumberOrFlags field) {
    if (pair.list)
      store(pair, field.flags);
    else
      store(pair, field.number);
  }

  std::uint32_t number(const GgufPair& pair, std::uint64_t i) const {
    return static_cast<std::uint32_t>(file_.whole(pair, i));
  }

  std::vector<std::uint32_t> list(const GgufPair& pair) const {
    if (pair.count > most_layers)
      file_.fail(pair,
                 "array of " + std::to_string(pair.count) + " values; no model has so many layers",
                 {}, ErrorCode::limit);
    std::vector<std::uint32_t> values(pair.count);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = number(pair, i);
    return values;
  }

  const GgufFile& file_;
  Hparams& out_;
};

}  // namespace

void read_hparams(const GgufFile& file, Hparams& out) {
  const std::string prefix = out.architecture + '.';
  if (const auto* pair = file.find(prefix + "block_count")) {
    out.n_layer = static_cast<std::uint32_t>(file.whole_or(pair->key, 0));
    if (*out.n_layer > most_layers)
      file.fail(*pair, std::to_string(*out.n_layer) + " layers; no model has so many", {},
                ErrorCode::limit);
  }
  FieldReader reader(file, out);
  for (const auto& row : rows)
    if (const auto* pair = file.find(prefix + std::string(row.key))) reader.read(*pair, row);

  const auto* tokens = file.find("tokenizer.ggml.tokens");
  if (!out.n_vocab && tokens != nullptr && tokens->list)
    out.n_vocab = static_cast<std::uint32_t>(tokens->count);
}

}  // namespace fitvram
