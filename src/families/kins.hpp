#pragma once
#include <span>

#include "families/family.hpp"

/// The kins of families, each in the file of its name.
namespace fitvram::kin {

extern const std::span<const Family> arcee, baichuan, bailing, bert, chameleon, cohere, deepseek,
    dense, diffusion, dots, drafts, ernie, exaone, falcon, gemma, glm, gpt, granite, hrm_text,
    hunyuan, kimi, lfm2, llama, mamba, minicpm, minimax, mistral, moe, nemotron, olmo, phi, plamo,
    qwen, rwkv, speech, t5;

}  // namespace fitvram::kin
