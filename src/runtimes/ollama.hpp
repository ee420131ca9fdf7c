#pragma once
#include <optional>
#include <string>
#include <vector>

#include "fitvram/estimate.hpp"
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Ollama's rules (see Rules): it runs llama-server, so they are llama.cpp's with Ollama's
/// settings. n_batch 0 = the batch that it chooses by the context. Source: github.com/ollama/ollama
/// fb307609: llm/llama_server.go, server/sched.go, routes.go.
ContextEstimate ollama_context(const ModelInfo& model, const Workload& workload,
                               const Runtime& runtime);
Placement ollama_compute(const ModelInfo& model, const Workload& workload);
std::optional<Error> ollama_refusal(const ModelInfo& model, const Workload& workload);
Defaults ollama_defaults(const ModelInfo& model, const std::optional<Device>& device);
std::string ollama_launch(const ModelInfo& model, const std::string& quant,
                          const Workload& workload);
void ollama_explain(const ModelInfo& model, const Weights& weights, const Workload& workload,
                    const MemoryEstimate& memory, std::vector<Step>& steps);

/// What llama-server is started with.
Workload llama_server_workload(const Workload& workload);

}  // namespace fitvram
