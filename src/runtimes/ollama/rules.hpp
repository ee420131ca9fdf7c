#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// Ollama runs llama-server, so its rules are llama.cpp's with Ollama's settings. n_batch 0 = the
/// batch that it chooses by the context. Source: github.com/ollama/ollama fb307609:
/// llm/llama_server.go, server/sched.go, routes.go.
extern const Runtime ollama_runtime;

/// What llama-server is started with.
Workload llama_server_workload(const Workload& workload);

}  // namespace fitvram
