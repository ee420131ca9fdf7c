#include <cstdio>
#include <fitvram/fitvram.hpp>
#include <fstream>
#include <iterator>
#include <string>

using namespace fitvram;

Result<ModelInfo> read_model(const std::string& name) {
  if (std::ifstream file{name}) {
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return parse_hf_config(text, name);
  }
  const auto catalog = embedded_catalog();
  if (!catalog) return catalog.error();
  const auto entry = find_model(*catalog, name);
  if (!entry) return entry.error();
  return model_of(**entry);
}

int fail(const Error& error) {
  std::fprintf(stderr, "%s: %s\n%s\n", error.where.c_str(), error.message.c_str(),
               error.hint.c_str());
  return 1;
}

int main(int argc, char** argv) {
  const auto model = read_model(argc > 1 ? argv[1] : "gemma-3-27b");
  if (!model) return fail(model.error());
  const auto cards = embedded_cards();
  if (!cards) return fail(cards.error());
  const auto gpu = find_gpu(*cards, argc > 2 ? argv[2] : "RTX 4090");
  if (!gpu) return fail(gpu.error());

  const FitRequest request{.model = *model,
                           .runtime = *find_runtime("llama.cpp"),
                           .workload = {.n_ctx = 32768},
                           .device = gpu->vram};
  if (const auto error = refusal(request.model, request.workload, request.runtime))
    return fail(*error);
  const auto [weights, fit, below_q4_k_m] = choose_quant(request);

  const auto gib = [](Bytes bytes) {
    return static_cast<double>(bytes.count) / static_cast<double>(GiB.count);
  };
  std::printf("%s on %s: %s %s\n", model->name.c_str(), gpu->name.c_str(), weights.quant.c_str(),
              name_of(fit.verdict));
  std::printf("%.2f of %.2f GiB with %llu tokens, %llu at most\n", gib(fit.need), gib(fit.vram),
              static_cast<unsigned long long>(fit.memory.n_ctx),
              static_cast<unsigned long long>(fit.max_n_ctx));
  for (const auto& note : fit.memory.notes) std::printf("note: %s\n", note.message.c_str());
}
