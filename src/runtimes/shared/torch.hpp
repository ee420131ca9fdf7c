#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "fitvram/runtime.hpp"

namespace fitvram {

// What vLLM, SGLang and transformers share: they load safetensors checkpoints with PyTorch.

/// Cards of a tensor-parallel group, at least one.
constexpr std::uint32_t cards(const Workload& workload) { return std::max(1U, workload.n_tp); }

/// What PyTorch takes outside its allocator on one card, as vLLM's start-up logs of 2024-12 to
/// 2026-06 print it: 0.05 to 0.35 GiB.
inline constexpr Range outside_allocator{Bytes{51 * MiB.count}, Bytes{359 * MiB.count}};

/// Why a server of safetensors checkpoints cannot run the model: its architecture, or heads that
/// the tensor-parallel cards cannot share. vLLM and SGLang give the same reasons.
std::optional<Error> server_refusal(const ModelInfo& model, const Workload& workload,
                                    const std::string& title);

/// The word that names a model to a runtime that loads checkpoints: a directory or a repository;
/// empty where there is none.
std::string checkpoint_word(const ModelInfo& model);

/// Whether a scheme of this name keeps plain values.
bool unquantized(std::string_view quant);

/// Whether the model's checkpoint gives these weights without being packed while it is loaded: it
/// holds them so, or plain values of 16 bits from which they are made.
bool loaded_as_stored(const ModelInfo& model, std::string_view quant);

}  // namespace fitvram
