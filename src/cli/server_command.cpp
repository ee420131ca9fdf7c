#include "cli/server_command.hpp"

namespace fitvram::cli {

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:@%+,";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

std::string server_command(const Row& row) {
  const auto& w = row.workload;
  const Workload usual;
  for (const auto* type : {w.type_k, w.type_v})
    if (type != nullptr && type->ggml_id < 0) return {};
  std::string line = "llama-server -m " + shell_quoted(row.model->source);
  const auto flag = [&](const char* name, const std::string& value) {
    line += std::string(" ") + name + (value.empty() ? "" : " ") + value;
  };
  flag("-c", std::to_string(w.n_ctx));
  flag("-np", std::to_string(w.n_seq));
  if (w.kv_unified) flag("-kvu", "");
  if (w.n_batch != usual.n_batch) flag("-b", std::to_string(w.n_batch));
  if (w.n_ubatch != usual.n_ubatch) flag("-ub", std::to_string(w.n_ubatch));
  if (w.type_k != nullptr) flag("-ctk", cache_type_name(w.type_k));
  if (w.type_v != nullptr) flag("-ctv", cache_type_name(w.type_v));
  if (w.flash_attn == FlashAttention::on) flag("-fa", "on");
  if (w.flash_attn == FlashAttention::off) flag("-fa", "off");
  if (w.swa_full) flag("--swa-full", "");
  const bool all = w.n_gpu_layers > row.model->n_layer;
  flag("-ngl", all ? "all" : std::to_string(w.n_gpu_layers));
  if (!w.offload_kqv) flag("-nkvo", "");
  if (w.backend == "cpu") flag("-dev", "none");
  return line;
}

}  // namespace fitvram::cli
