#include "families/table.hpp"

#include <algorithm>
#include <iterator>

#include "base/name_index.hpp"
#include "base/sorted.hpp"

namespace fitvram {
namespace {

constexpr WindowRule every(std::uint32_t period, std::uint32_t size = 0) {
  return {.kind = WindowRule::Kind::key, .size = size, .period = period};
}

constexpr WindowRule first_full(std::uint32_t period) {
  return {.kind = WindowRule::Kind::key, .period = period, .first_full = true};
}

constexpr WindowRule listed() { return {.kind = WindowRule::Kind::key}; }

constexpr WindowRule listed_or_hyper() {
  return {.kind = WindowRule::Kind::key, .all_if_hyper = true};
}

constexpr WindowRule all_layers() { return {.kind = WindowRule::Kind::key, .all_attention = true}; }

constexpr WindowRule required(WindowRule rule) {
  rule.required = true;
  return rule;
}

constexpr WindowRule for_n_layer(std::uint32_t n_layer, WindowRule rule) {
  rule.only_n_layer = n_layer;
  return rule;
}

constexpr WindowRule chunks(std::uint32_t size, std::uint32_t period) {
  return {.kind = WindowRule::Kind::fixed,
          .size = size,
          .if_absent = true,
          .period = period,
          .chunked = true};
}

constexpr WindowRule fixed_first_full(std::uint32_t size, std::uint32_t period) {
  return {.kind = WindowRule::Kind::fixed, .size = size, .period = period, .first_full = true};
}

constexpr Architecture table[] = {
    {.gguf = "afmoe",
     .hf = "AfmoeForCausalLM afmoe",
     .window = every(4),
     .source = "src/models/afmoe.cpp"},
    {.gguf = "apertus", .hf = "ApertusForCausalLM apertus", .source = "src/models/apertus.cpp"},
    {.gguf = "arcee", .hf = "ArceeForCausalLM arcee", .source = "src/models/arcee.cpp"},
    {.gguf = "arctic", .hf = "ArcticForCausalLM arctic", .source = "src/models/arctic.cpp"},
    {.gguf = "arwkv7",
     .hf = "RwkvHybridForCausalLM rwkv_hybrid",
     .memory = MemoryClass::recurrent,
     .recurrent = RecurrentRule::all,
     .state = StateRule::wkv,
     .source = "src/models/arwkv7.cpp"},
    {.gguf = "baichuan",
     .hf = "BaichuanForCausalLM BaiChuanForCausalLM baichuan",
     .source = "src/models/baichuan.cpp"},
    {.gguf = "bailingmoe",
     .hf = "BailingMoeForCausalLM bailing_moe",
     .source = "src/models/bailingmoe.cpp"},
    {.gguf = "bailingmoe2",
     .hf = "BailingMoeV2ForCausalLM SarvamMoEForCausalLM bailing_moe_v2 sarvam_moe",
     .source = "src/models/bailingmoe2.cpp"},
    {.gguf = "bailingmoe3",
     .hf = "BailingMoeV3ForCausalLM bailing_moe_v3",
     .memory = MemoryClass::hybrid,
     .mla = true,
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::kda,
     .rollback = true,
     .source = "src/models/bailingmoe3.cpp"},
    {.gguf = "bert",
     .hf = "BertModel BertForMaskedLM CamembertModel BertForSequenceClassification "
           "DistilBertModel DistilBertForMaskedLM "
           "DistilBertForSequenceClassification RobertaModel "
           "RobertaForSequenceClassification XLMRobertaModel "
           "XLMRobertaForSequenceClassification bert camembert distilbert roberta "
           "xlm-roberta",
     .memory = MemoryClass::none,
     .no_head = true,
     .source = "src/models/bert.cpp"},
    {.gguf = "bitnet",
     .hf = "BitnetForCausalLM BitNetForCausalLM bitnet",
     .no_head = true,
     .source = "src/models/bitnet.cpp"},
    {.gguf = "bloom", .hf = "BloomForCausalLM BloomModel bloom", .source = "src/models/bloom.cpp"},
    {.gguf = "chameleon",
     .hf = "ChameleonForConditionalGeneration ChameleonForCausalLM chameleon",
     .source = "src/models/chameleon.cpp"},
    {.gguf = "chatglm",
     .hf = "GlmForCausalLM ChatGLMModel ChatGLMForConditionalGeneration chatglm glm",
     .source = "src/models/chatglm.cpp"},
    {.gguf = "clip", .memory = MemoryClass::none, .no_head = true, .source = "src/models/clip.cpp"},
    {.gguf = "codeshell",
     .hf = "CodeShellForCausalLM codeshell",
     .input_of_output = true,
     .source = "src/models/codeshell.cpp"},
    {.gguf = "cogvlm", .hf = "CogVLMForCausalLM cogvlm", .source = "src/models/cogvlm.cpp"},
    {.gguf = "cohere2",
     .hf = "Cohere2ForCausalLM cohere2",
     .window = required(every(4)),
     .source = "src/models/cohere2.cpp"},
    {.gguf = "cohere2moe",
     .hf = "Cohere2MoeForCausalLM cohere2_moe",
     .window = required(first_full(4)),
     .source = "src/models/cohere2moe.cpp"},
    {.gguf = "command-r", .hf = "CohereForCausalLM cohere", .source = "src/models/command-r.cpp"},
    {.gguf = "dbrx", .hf = "DbrxForCausalLM dbrx", .source = "src/models/dbrx.cpp"},
    {.gguf = "deci", .hf = "DeciLMForCausalLM nemotron-nas deci", .source = "src/models/deci.cpp"},
    {.gguf = "deepseek", .hf = "DeepseekForCausalLM deepseek", .source = "src/models/deepseek.cpp"},
    {.gguf = "deepseek2",
     .hf = "DeepseekV2ForCausalLM DeepseekV3ForCausalLM "
           "KimiVLForConditionalGeneration KimiK25ForConditionalGeneration "
           "YoutuForCausalLM YoutuVLForConditionalGeneration Glm4MoeLiteForCausalLM "
           "deepseek_v2 deepseek_v3 kimi_k2 kimi_k25 kimi_vl glm4_moe_lite youtu "
           "youtu_vl MistralLarge3ForCausalLM",
     .mla = true,
     .source = "src/models/deepseek2.cpp"},
    {.gguf = "deepseek2-ocr",
     .hf = "DeepseekOCRForCausalLM DeepseekOCR2ForCausalLM UnlimitedOCRForCausalLM "
           "deepseek_vl_v2 deepseek_ocr",
     .source = "src/models/deepseek2ocr.cpp"},
    {.gguf = "deepseek32",
     .hf = "DeepseekV32ForCausalLM deepseek_v32",
     .memory = MemoryClass::dsa,
     .mla = true,
     .indexer = IndexerRule::all,
     .source = "src/models/deepseek32.cpp"},
    {.gguf = "deepseek4",
     .hf = "DeepseekV4ForCausalLM deepseek_v4 deepseek_ref",
     .memory = MemoryClass::dsv4,
     .window = required(all_layers()),
     .indexer = IndexerRule::all,
     .rollback = true,
     .source = "src/models/deepseek4.cpp"},
    {.gguf = "dflash",
     .hf = "DeepseekV4DSparkModel Gemma4DSparkModel MuseGlimmerAssistantModel "
           "DFlashDraftModel DFlash2DraftModel Qwen3DSparkModel DSparkDraftModel "
           "DSparkSpeculator Lfm2DSparkDraftModel LingDSparkModel",
     .window = listed_or_hyper(),
     .other_context = OtherContext::for_tensors,
     .encodes = true,
     .source = "src/models/dflash.cpp"},
    {.gguf = "dots1", .hf = "Dots1ForCausalLM dots1", .source = "src/models/dots1.cpp"},
    {.gguf = "dots3note",
     .hf = "Dots3NoteForCausalLM Dots3NoteForConditionalGeneration "
           "Dots3NoteTextForCausalLM dots3_note dots3_note_text",
     .memory = MemoryClass::dsa_window,
     .mla = true,
     .window = required(listed()),
     .indexer = IndexerRule::listed,
     .source = "src/models/dots3note.cpp"},
    {.gguf = "dream",
     .hf = "DreamModel Dream dream",
     .memory = MemoryClass::none,
     .source = "src/models/dream.cpp"},
    {.gguf = "eagle3",
     .hf = "LlamaForCausalLMEagle3 Eagle3LlamaForCausalLM Eagle3Speculator "
           "Eagle3DraftModel eagle3",
     .other_context = OtherContext::for_tensors,
     .encodes = true,
     .source = "src/models/eagle3.cpp"},
    {.gguf = "ernie4_5",
     .hf = "Ernie4_5_ForCausalLM Ernie4_5ForCausalLM ernie4_5",
     .source = "src/models/ernie4-5.cpp"},
    {.gguf = "ernie4_5-moe",
     .hf = "Ernie4_5_MoeForCausalLM ernie4_5_moe",
     .source = "src/models/ernie4-5-moe.cpp"},
    {.gguf = "eurobert",
     .hf = "EuroBertModel JinaEmbeddingsV5Model eurobert",
     .memory = MemoryClass::none,
     .no_head = true,
     .source = "src/models/eurobert.cpp"},
    {.gguf = "exaone", .hf = "ExaoneForCausalLM exaone", .source = "src/models/exaone.cpp"},
    {.gguf = "exaone-moe",
     .hf = "ExaoneMoEForCausalLM ExaoneMoeForCausalLM exaone_moe",
     .window = required(every(4)),
     .source = "src/models/exaone-moe.cpp"},
    {.gguf = "exaone4",
     .hf = "Exaone4ForCausalLM Exaone4_5_ForConditionalGeneration exaone4 exaone4_5 "
           "exaone4_5_text",
     .window = for_n_layer(64, every(4, 4096)),
     .source = "src/models/exaone4.cpp"},
    {.gguf = "falcon",
     .hf = "FalconForCausalLM RWForCausalLM falcon RefinedWeb RefinedWebModel",
     .source = "src/models/falcon.cpp"},
    {.gguf = "falcon-h1",
     .hf = "FalconH1ForCausalLM falcon_h1",
     .memory = MemoryClass::parallel_hybrid,
     .recurrent = RecurrentRule::all,
     .state = StateRule::mamba2,
     .source = "src/models/falcon-h1.cpp"},
    {.gguf = "gemma", .hf = "GemmaForCausalLM gemma", .source = "src/models/gemma.cpp"},
    {.gguf = "gemma-embedding",
     .hf = "Gemma3TextModel",
     .memory = MemoryClass::none,
     .window = required(every(6)),
     .source = "src/models/gemma-embedding.cpp"},
    {.gguf = "gemma2",
     .hf = "Gemma2ForCausalLM gemma2",
     .window = every(2, 4096),
     .source = "src/models/gemma2.cpp"},
    {.gguf = "gemma3",
     .hf = "Gemma3ForCausalLM Gemma3ForConditionalGeneration gemma3 gemma3_text",
     .window = every(6),
     .two_rope_bases = true,
     .source = "src/models/gemma3.cpp"},
    {.gguf = "gemma3n",
     .hf = "Gemma3nForCausalLM Gemma3nForConditionalGeneration gemma3n gemma3n_text",
     .window = required(every(5)),
     .kv_from_start = 20,
     .n_embd_per_layer = 256,
     .two_rope_bases = true,
     .output_before_embd = true,
     .source = "src/models/gemma3n.cpp"},
    {.gguf = "gemma4",
     .hf = "Gemma4ForConditionalGeneration Gemma4ForCausalLM "
           "Gemma4UnifiedForConditionalGeneration gemma4 gemma4_text gemma4_unified "
           "gemma4_unified_text",
     .window = required(listed()),
     .two_rope_bases = true,
     .shared_kv = true,
     .output_before_embd = true,
     .rope_factors_skip_swa = true,
     .source = "src/models/gemma4.cpp"},
    {.gguf = "gemma4-assistant",
     .hf = "Gemma4AssistantForCausalLM Gemma4UnifiedAssistantForCausalLM "
           "gemma4_assistant gemma4_unified_assistant",
     .memory = MemoryClass::none,
     .other_context = OtherContext::always,
     .two_rope_bases = true,
     .shared_kv = true,
     .source = "src/models/gemma4-assistant.cpp"},
    {.gguf = "glm-dsa",
     .hf = "GlmMoeDsaForCausalLM glm_moe_dsa",
     .memory = MemoryClass::dsa,
     .mla = true,
     .indexer = IndexerRule::listed_or_glm,
     .source = "src/models/glm-dsa.cpp"},
    {.gguf = "glm4",
     .hf = "Glm4ForCausalLM Glm4vForConditionalGeneration "
           "GlmOcrForConditionalGeneration glm4 glm4v glm4v_text glm_ocr "
           "glm_ocr_text",
     .source = "src/models/glm4.cpp"},
    {.gguf = "glm4moe",
     .hf = "Glm4MoeForCausalLM Glm4vMoeForConditionalGeneration "
           "SolarOpenForCausalLM glm4_moe glm4v_moe glm4v_moe_text solar_open",
     .source = "src/models/glm4-moe.cpp"},
    {.gguf = "gpt-oss",
     .hf = "GptOssForCausalLM gpt_oss",
     .window = required(every(2)),
     .source = "src/models/openai-moe.cpp"},
    {.gguf = "gpt2",
     .hf = "GPT2LMHeadModel RuGPT3XLForCausalLM gpt2 GPT2Model",
     .source = "src/models/gpt2.cpp"},
    {.gguf = "gptj", .hf = "GPTJForCausalLM gptj", .source = "src/llama-arch.cpp"},
    {.gguf = "gptneox",
     .hf = "GPTNeoXForCausalLM gpt_neox gpt_neox_reward_model GPTNeoXRewardModel",
     .source = "src/models/gptneox.cpp"},
    {.gguf = "granite", .hf = "GraniteForCausalLM granite", .source = "src/models/granite.cpp"},
    {.gguf = "granite_swa",
     .hf = "GraniteSWAForCausalLM GraniteMoeSWAForCausalLM granite_swa "
           "granitemoe_swa",
     .window = required(listed()),
     .source = "src/models/granite-swa.cpp"},
    {.gguf = "granitehybrid",
     .hf = "GraniteMoeHybridForCausalLM BambaForCausalLM granitemoehybrid bamba",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::mamba2,
     .source = "src/models/granite-hybrid.cpp"},
    {.gguf = "granitemoe",
     .hf = "GraniteMoeForCausalLM GraniteMoeSharedForCausalLM granitemoe "
           "granitemoeshared",
     .source = "src/models/granite-moe.cpp"},
    {.gguf = "graniteswitch",
     .hf = "GraniteSwitchForCausalLM granite_switch",
     .router_layer = true,
     .source = "src/models/granite-switch.cpp"},
    {.gguf = "grok",
     .hf = "GrokForCausalLM Grok1ForCausalLM grok-1 grok",
     .no_flash = true,
     .source = "src/models/grok.cpp"},
    {.gguf = "grovemoe",
     .hf = "GroveMoeForCausalLM grove_moe",
     .source = "src/models/grovemoe.cpp"},
    {.gguf = "hrm_text",
     .hf = "HrmTextForCausalLM hrm_text",
     .repeats = Repeats::stacks,
     .source = "src/models/hrm-text.cpp"},
    {.gguf = "hunyuan-dense",
     .hf = "HunYuanDenseV1ForCausalLM hunyuan_v1_dense",
     .source = "src/models/hunyuan-dense.cpp"},
    {.gguf = "hunyuan-moe",
     .hf = "HunYuanMoEV1ForCausalLM hunyuan_v1_moe",
     .source = "src/models/hunyuan-moe.cpp"},
    {.gguf = "hunyuan_vl",
     .hf = "HunYuanVLForConditionalGeneration hunyuan_vl hunyuan_vl_text",
     .source = "src/models/hunyuan-vl.cpp"},
    {.gguf = "hy_v3", .hf = "HYV3ForCausalLM hy_v3", .source = "src/models/hy-v3.cpp"},
    {.gguf = "hy_v4",
     .hf = "HYV4ForCausalLM hy_v4",
     .memory = MemoryClass::dsa,
     .mla = true,
     .indexer = IndexerRule::if_top_k,
     .source = "src/models/hy-v4.cpp"},
    {.gguf = "internlm2",
     .hf = "InternLM2ForCausalLM internlm2",
     .source = "src/models/internlm2.cpp"},
    {.gguf = "jais", .hf = "JAISLMHeadModel jais", .source = "src/models/jais.cpp"},
    {.gguf = "jais2", .hf = "Jais2ForCausalLM jais2", .source = "src/models/jais2.cpp"},
    {.gguf = "jamba",
     .hf = "JambaForCausalLM jamba",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::mamba,
     .source = "src/models/jamba.cpp"},
    {.gguf = "jina-bert-v2",
     .hf = "JinaBertModel JinaBertForMaskedLM",
     .memory = MemoryClass::none,
     .no_head = true,
     .source = "src/models/jina-bert-v2.cpp"},
    {.gguf = "jina-bert-v3",
     .memory = MemoryClass::none,
     .no_head = true,
     .source = "src/models/jina-bert-v3.cpp"},
    {.gguf = "kimi-k3",
     .hf = "KimiK3ForConditionalGeneration kimi_k3",
     .memory = MemoryClass::hybrid,
     .mla = true,
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::kda,
     .rollback = true,
     .source = "src/models/kimi-k3.cpp"},
    {.gguf = "kimi-linear",
     .hf = "KimiLinearModel KimiLinearForCausalLM kimi_linear",
     .memory = MemoryClass::hybrid,
     .mla = true,
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::kda,
     .source = "src/models/kimi-linear.cpp"},
    {.gguf = "laguna",
     .hf = "LagunaForCausalLM laguna",
     .window = first_full(4),
     .source = "src/models/laguna.cpp"},
    {.gguf = "lfm2",
     .hf = "Lfm2ForCausalLM LFM2ForCausalLM Lfm2Model Lfm2BidirectionalModel "
           "Lfm25AudioTokenizer lfm2 lfm2_vl lfm2-vl Lfm2VlForConditionalGeneration "
           "Lfm2AudioForConditionalGeneration lfm2_audio",
     .memory = MemoryClass::hybrid,
     .window = all_layers(),
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::shortconv,
     .rollback = true,
     .embd_norm_is_output = true,
     .source = "src/models/lfm2.cpp"},
    {.gguf = "lfm2moe",
     .hf = "Lfm2MoeForCausalLM lfm2_moe",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::shortconv,
     .rollback = true,
     .embd_norm_is_output = true,
     .source = "src/models/lfm2moe.cpp"},
    {.gguf = "llada",
     .hf = "LLaDAModelLM llada",
     .memory = MemoryClass::none,
     .source = "src/models/llada.cpp"},
    {.gguf = "llada-moe",
     .hf = "LLaDAMoEModel LLaDAMoEModelLM llada_moe",
     .memory = MemoryClass::none,
     .source = "src/models/llada-moe.cpp"},
    {.gguf = "llama",
     .hf = "InternLM3ForCausalLM JanusForConditionalGeneration LLaMAForCausalLM "
           "LlamaForCausalLM MistralForCausalLM MixtralForCausalLM "
           "VLlama3ForCausalLM LlavaForConditionalGeneration "
           "VoxtralForConditionalGeneration IQuestCoderForCausalLM LlamaModel "
           "Sarashina2VisionForCausalLM UltravoxModel llama mistral mixtral "
           "internlm3 voxtral iquestcoder",
     .source = "src/models/llama.cpp"},
    {.gguf = "llama-embed",
     .hf = "LlamaBidirectionalModel llama_bidirec",
     .source = "src/models/llama-embed.cpp"},
    {.gguf = "llama4",
     .hf = "Llama4ForConditionalGeneration Llama4ForCausalLM llama4 llama4_text",
     .window = chunks(8192, 4),
     .source = "src/models/llama4.cpp"},
    {.gguf = "maincoder",
     .hf = "MaincoderForCausalLM maincoder",
     .source = "src/models/maincoder.cpp"},
    {.gguf = "mamba",
     .hf = "MambaForCausalLM MambaLMHeadModel FalconMambaForCausalLM mamba "
           "falcon_mamba",
     .memory = MemoryClass::recurrent,
     .recurrent = RecurrentRule::all,
     .state = StateRule::mamba,
     .source = "src/models/mamba.cpp"},
    {.gguf = "mamba2",
     .hf = "Mamba2ForCausalLM mamba2",
     .memory = MemoryClass::recurrent,
     .recurrent = RecurrentRule::all,
     .state = StateRule::mamba2,
     .source = "src/models/mamba2.cpp"},
    {.gguf = "maple",
     .hf = "MapleForCausalLM maple",
     .window = required(listed()),
     .source = "src/models/maple.cpp"},
    {.gguf = "mellum",
     .hf = "MellumForCausalLM mellum",
     .window = every(4),
     .source = "src/models/mellum.cpp"},
    {.gguf = "mimo2",
     .hf = "MiMoV2FlashForCausalLM MiMoV2ForCausalLM mimo_v2_flash mimo_v2",
     .window = required(listed()),
     .source = "src/models/mimo2.cpp"},
    {.gguf = "minicpm", .hf = "MiniCPMForCausalLM minicpm", .source = "src/models/minicpm.cpp"},
    {.gguf = "minicpm3", .hf = "MiniCPM3ForCausalLM minicpm3", .source = "src/models/minicpm3.cpp"},
    {.gguf = "minimax-01",
     .hf = "MiniMaxText01ForCausalLM MiniMaxM1ForCausalLM minimax_text_01 "
           "minimax_m1",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::interval,
     .state = StateRule::linear_attention,
     .interval = 8,
     .source = "src/models/minimax-01.cpp"},
    {.gguf = "minimax-m2",
     .hf = "MiniMaxM2ForCausalLM minimax_m2",
     .source = "src/models/minimax-m2.cpp"},
    {.gguf = "minimax-m3",
     .hf = "MiniMaxM3SparseForCausalLM MiniMaxM3SparseForConditionalGeneration "
           "minimax_m3 minimax_m3_sparse",
     .memory = MemoryClass::msa,
     .indexer = IndexerRule::after_dense_lead,
     .source = "src/models/minimax-m3.cpp"},
    {.gguf = "mistral3",
     .hf = "Mistral3ForConditionalGeneration Ministral3ForCausalLM mistral3 "
           "ministral3 ministral",
     .source = "src/models/mistral3.cpp"},
    {.gguf = "mistral4",
     .hf = "mistral4 Mistral4ForCausalLM",
     .mla = true,
     .source = "src/models/mistral4.cpp"},
    {.gguf = "modern-bert",
     .hf = "ModernBertModel ModernBertForMaskedLM "
           "ModernBertForSequenceClassification modernbert",
     .memory = MemoryClass::none,
     .window = first_full(3),
     .no_head = true,
     .source = "src/models/modern-bert.cpp"},
    {.gguf = "mpt", .hf = "MPTForCausalLM mpt", .source = "src/models/mpt.cpp"},
    {.gguf = "muse-glimmer",
     .hf = "MuseGlimmerForConditionalGeneration muse_glimmer muse_glimmer_text",
     .window = required(every(4)),
     .source = "src/models/muse-glimmer.cpp"},
    {.gguf = "nanbeige",
     .hf = "NanbeigeForCausalLM nanbeige",
     .repeats = Repeats::all,
     .source = "src/models/nanbeige.cpp"},
    {.gguf = "nemotron", .hf = "NemotronForCausalLM nemotron", .source = "src/models/nemotron.cpp"},
    {.gguf = "nemotron_h",
     .hf = "NemotronHForCausalLM nemotron_h NemotronH_Nano_VL_V2 "
           "nemotron_h_nano_vl_v2",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::no_kv_heads_no_ff,
     .state = StateRule::mamba2,
     .rollback = true,
     .source = "src/models/nemotron-h.cpp"},
    {.gguf = "nemotron_h_moe",
     .hf = "NemotronHPuzzleForCausalLM nemotron_h_moe nemotron_h_puzzle",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::no_kv_heads_no_ff,
     .state = StateRule::mamba2,
     .rollback = true,
     .source = "src/models/nemotron-h-moe.cpp"},
    {.gguf = "neo-bert",
     .hf = "NeoBERT NeoBERTLMHead NeoBERTForSequenceClassification neobert",
     .memory = MemoryClass::none,
     .no_head = true,
     .source = "src/models/neo-bert.cpp"},
    {.gguf = "nomic-bert",
     .hf = "nomic_bert NomicBertModel",
     .memory = MemoryClass::none,
     .no_head = true,
     .source = "src/models/nomic-bert.cpp"},
    {.gguf = "nomic-bert-moe",
     .memory = MemoryClass::none,
     .no_head = true,
     .source = "src/models/nomic-bert-moe.cpp"},
    {.gguf = "olmo",
     .hf = "OlmoForCausalLM OLMoForCausalLM olmo hf_olmo",
     .source = "src/models/olmo.cpp"},
    {.gguf = "olmo2",
     .hf = "Olmo2ForCausalLM Olmo3ForCausalLM olmo2 olmo3",
     .window = every(4),
     .source = "src/models/olmo2.cpp"},
    {.gguf = "olmoe", .hf = "OlmoeForCausalLM olmoe", .source = "src/models/olmoe.cpp"},
    {.gguf = "openelm", .hf = "OpenELMForCausalLM openelm", .source = "src/models/openelm.cpp"},
    {.gguf = "orion", .hf = "OrionForCausalLM orion", .source = "src/models/orion.cpp"},
    {.gguf = "paddleocr",
     .hf = "PaddleOCRVLForConditionalGeneration paddleocr_vl",
     .source = "src/models/paddleocr.cpp"},
    {.gguf = "pangu-embedded",
     .hf = "PanguEmbeddedForCausalLM PanguEmbedded pangu_embedded",
     .source = "src/models/pangu-embed.cpp"},
    {.gguf = "phi2", .hf = "PhiForCausalLM phi phi-msft", .source = "src/models/phi2.cpp"},
    {.gguf = "phi3",
     .hf = "Phi3ForCausalLM Phi4ForCausalLMV phi3 phi3_v Phi3VForCausalLM "
           "phi4-siglip",
     .source = "src/models/phi3.cpp"},
    {.gguf = "phimoe", .hf = "PhiMoEForCausalLM phimoe", .source = "src/models/phimoe.cpp"},
    {.gguf = "plamo", .hf = "PlamoForCausalLM plamo", .source = "src/models/plamo.cpp"},
    {.gguf = "plamo2",
     .hf = "Plamo2ForCausalLM PLaMo2ForCausalLM plamo2",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::no_kv_heads,
     .state = StateRule::mamba2,
     .source = "src/models/plamo2.cpp"},
    {.gguf = "plamo3",
     .hf = "Plamo3ForCausalLM PLaMo3ForCausalLM plamo3",
     .window = every(8),
     .source = "src/models/plamo3.cpp"},
    {.gguf = "plm", .hf = "PLMForCausalLM plm", .source = "src/models/plm.cpp"},
    {.gguf = "pockettts",
     .hf = "PocketTTSModel pocket_tts",
     .no_head = true,
     .source = "src/models/pockettts.cpp"},
    {.gguf = "qwen", .hf = "QWenLMHeadModel qwen", .source = "src/models/qwen.cpp"},
    {.gguf = "qwen2",
     .hf = "Qwen2Model Qwen2ForCausalLM Qwen2AudioForConditionalGeneration "
           "KORMoForCausalLM AudioFlamingo3ForConditionalGeneration "
           "DotsOCRForCausalLM qwen2 qwen2_audio kormo dots_ocr audioflamingo3",
     .source = "src/models/qwen2.cpp"},
    {.gguf = "qwen2moe",
     .hf = "Qwen2MoeForCausalLM qwen2_moe",
     .source = "src/models/qwen2moe.cpp"},
    {.gguf = "qwen2vl",
     .hf = "Qwen2VLModel Qwen2VLForConditionalGeneration "
           "Qwen2_5_VLForConditionalGeneration Qwen2_5OmniModel qwen2_vl "
           "qwen2_vl_text qwen2_5_vl qwen2_5_vl_text qwen2_5_omni qwen2_5_omni_text",
     .source = "src/models/qwen2vl.cpp"},
    {.gguf = "qwen3",
     .hf = "Qwen3ForCausalLM Qwen3Model StepVLForConditionalGeneration qwen3",
     .source = "src/models/qwen3.cpp"},
    {.gguf = "qwen35",
     .hf = "MiniCPMV4_6ForConditionalGeneration Qwen3_5ForConditionalGeneration "
           "Qwen3_5ForCausalLM qwen3_5 qwen3_5_text",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::interval,
     .state = StateRule::mamba2,
     .rollback = true,
     .source = "src/models/qwen35.cpp"},
    {.gguf = "qwen35moe",
     .hf = "Qwen3_5MoeForConditionalGeneration Qwen3_5MoeForCausalLM qwen3_5_moe "
           "qwen3_5_moe_text",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::interval,
     .state = StateRule::mamba2,
     .rollback = true,
     .source = "src/models/qwen35moe.cpp"},
    {.gguf = "qwen3moe",
     .hf = "Qwen3MoeForCausalLM qwen3_moe",
     .source = "src/models/qwen3moe.cpp"},
    {.gguf = "qwen3next",
     .hf = "Qwen3NextForCausalLM qwen3_next",
     .memory = MemoryClass::hybrid,
     .recurrent = RecurrentRule::interval,
     .state = StateRule::mamba2,
     .source = "src/models/qwen3next.cpp"},
    {.gguf = "qwen3tts",
     .hf = "Qwen3TTSForConditionalGeneration qwen3_tts qwen3_tts_talker",
     .source = "src/models/qwen3tts.cpp"},
    {.gguf = "qwen3vl",
     .hf = "Qwen3VLForConditionalGeneration Qwen3ASRForConditionalGeneration "
           "qwen3_vl qwen3_vl_text qwen3_asr",
     .source = "src/models/qwen3vl.cpp"},
    {.gguf = "qwen3vlmoe",
     .hf = "Qwen3VLMoeForConditionalGeneration Qwen3OmniMoeForConditionalGeneration "
           "qwen3_vl_moe qwen3_vl_moe_text qwen3_omni_moe qwen3_omni_moe_text",
     .source = "src/models/qwen3vlmoe.cpp"},
    {.gguf = "qwen4exp",
     .hf = "Qwen4ExpForConditionalGeneration Qwen4ExpForCausalLM qwen4_exp "
           "qwen4_exp_text qwen4exp",
     .memory = MemoryClass::hybrid_indexer,
     .recurrent = RecurrentRule::interval,
     .state = StateRule::mamba2,
     .indexer = IndexerRule::all,
     .rollback = true,
     .source = "src/models/qwen4exp.cpp"},
    {.gguf = "refact", .hf = "GPTRefactForCausalLM gpt_refact", .source = "src/models/refact.cpp"},
    {.gguf = "rnd1",
     .hf = "RND1 rnd1",
     .memory = MemoryClass::none,
     .source = "src/models/rnd1.cpp"},
    {.gguf = "rwkv6",
     .hf = "Rwkv6ForCausalLM rwkv6",
     .memory = MemoryClass::recurrent,
     .recurrent = RecurrentRule::all,
     .state = StateRule::wkv,
     .source = "src/models/rwkv6.cpp"},
    {.gguf = "rwkv6qwen2",
     .hf = "RWKV6Qwen2ForCausalLM rwkv6qwen2",
     .memory = MemoryClass::recurrent,
     .recurrent = RecurrentRule::all,
     .state = StateRule::wkv,
     .source = "src/models/rwkv6qwen2.cpp"},
    {.gguf = "rwkv7",
     .hf = "Rwkv7ForCausalLM RWKV7ForCausalLM rwkv7",
     .memory = MemoryClass::recurrent,
     .recurrent = RecurrentRule::all,
     .state = StateRule::wkv,
     .source = "src/models/rwkv7.cpp"},
    {.gguf = "seed_oss", .hf = "SeedOssForCausalLM seed_oss", .source = "src/models/seed-oss.cpp"},
    {.gguf = "smallthinker",
     .hf = "SmallThinkerForCausalLM smallthinker",
     .window = fixed_first_full(4096, 4),
     .source = "src/models/smallthinker.cpp"},
    {.gguf = "smollm3", .hf = "SmolLM3ForCausalLM smollm3", .source = "src/models/smollm3.cpp"},
    {.gguf = "spark2_5",
     .hf = "Spark2_5ForCausalLM spark2_5",
     .window = required(listed()),
     .source = "src/models/spark2-5.cpp"},
    {.gguf = "stablelm",
     .hf = "StableLmForCausalLM StableLMEpochForCausalLM "
           "LlavaStableLMEpochForCausalLM stablelm stablelm_epoch",
     .source = "src/models/stablelm.cpp"},
    {.gguf = "starcoder",
     .hf = "GPTBigCodeForCausalLM gpt_bigcode",
     .source = "src/models/starcoder.cpp"},
    {.gguf = "starcoder2",
     .hf = "Starcoder2ForCausalLM starcoder2",
     .source = "src/models/starcoder2.cpp"},
    {.gguf = "step35",
     .hf = "Step3p5ForCausalLM Step3p7ForConditionalGeneration step3p5 step3p7 "
           "Step3p7FlashForCausalLM",
     .window = required(listed()),
     .source = "src/models/step35.cpp"},
    {.gguf = "t5",
     .hf = "T5WithLMHeadModel T5ForConditionalGeneration "
           "MT5ForConditionalGeneration UMT5ForConditionalGeneration UMT5Model t5 "
           "mt5 umt5",
     .encodes = true,
     .one_stream = true,
     .source = "src/models/t5.cpp"},
    {.gguf = "t5encoder",
     .hf = "T5EncoderModel",
     .encodes = true,
     .source = "src/models/t5encoder.cpp"},
    {.gguf = "talkie", .hf = "TalkieForCausalLM talkie", .source = "src/models/talkie.cpp"},
    {.gguf = "wavtokenizer-dec",
     .hf = "WavTokenizerDec",
     .memory = MemoryClass::none,
     .source = "src/models/wavtokenizer-dec.cpp"},
    {.gguf = "xverse", .hf = "XverseForCausalLM xverse", .source = "src/models/xverse.cpp"},
};

static_assert(sorted_and_unique(table, &Architecture::gguf));
constexpr NameIndex<std::size(table)> by_name(table, &Architecture::gguf);

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

}  // namespace

std::span<const Architecture> architectures() { return table; }

const Architecture* find_architecture(std::string_view gguf) {
  return by_name.find(table, &Architecture::gguf, gguf);
}

const Architecture* find_hf_architecture(std::string_view word) {
  if (word.empty()) return nullptr;
  for (const auto& row : table)
    if (has_word(row.hf, word)) return &row;
  return nullptr;
}

std::size_t block_of(const Architecture* row, const Hparams& hparams, std::size_t layer) {
  if (!repeats_blocks(row)) return layer;
  const bool stacks = row->repeats == Repeats::stacks;
  const std::size_t run = (stacks ? hparams.n_layer_per_stack : hparams.n_layer).value_or(0);
  if (run == 0) return layer;
  const std::size_t n_l_cycle = hparams.n_l_cycle.value_or(0);
  const bool second = stacks && layer / run % (n_l_cycle + 1) == n_l_cycle;
  return (second ? run : 0) + layer % run;
}

const Architecture& refine(const Architecture& row, const Hparams& hparams) {
  std::string_view name = row.gguf;
  if (name == "nemotron_h" && hparams.n_expert_used.max() > 0) name = "nemotron_h_moe";
  if (name == "nomic-bert" && hparams.moe_every_n_layers.value_or(0) > 0) name = "nomic-bert-moe";
  if (name == "granitehybrid" && hparams.recurrent_layers.empty() && hparams.n_head_kv.present() &&
      std::ranges::find(hparams.n_head_kv.values, 0U) == hparams.n_head_kv.values.end())
    name = hparams.n_expert_used.max() > 0 ? "granitemoe" : "granite";
  const auto* refined = find_architecture(name);
  return refined ? *refined : row;
}

}  // namespace fitvram
