#include "cli/answer/price.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/fake_io.hpp"

using namespace fitvram::test;

namespace {

using Json = nlohmann::ordered_json;

Json first(std::vector<std::string> args) {
  args.insert(args.begin(), "estimate");
  args.emplace_back("--json");
  const auto report = Json::parse(run_words(args).out);
  return report["results"].empty() ? report["errors"][0] : report["results"][0];
}

bool has_note(const Json& result, const std::string& code) {
  for (const auto& note : result["notes"])
    if (note["code"] == code) return true;
  return false;
}

}  // namespace

TEST_CASE("the context is 8192, or the trained length where that is less") {
  CHECK(first({"gemma", "-q", "Q4_K_M"})["workload"]["n_ctx"] == 8192);
  CHECK(first({"tiny.gguf"})["workload"]["n_ctx"] == 4096);
  const auto trained = first({"gemma", "-q", "Q4_K_M", "-c", "0"});
  CHECK(trained["workload"]["n_ctx"] == trained["model"]["n_ctx_train"]);
}

TEST_CASE("a context above the trained length is clamped unless it is to be extended") {
  const auto clamped = first({"tiny.gguf", "-c", "16k"});
  CHECK(clamped["workload"]["n_ctx"] == 4096);
  CHECK(has_note(clamped, "context-clamped"));
  const auto extended = first({"tiny.gguf", "-c", "16k", "--extend-ctx"});
  CHECK(extended["workload"]["n_ctx"] == 16384);
  CHECK_FALSE(has_note(extended, "context-clamped"));
}

TEST_CASE("what is free and the verdict are of the same end of a range") {
  for (const auto* const runtime : {"vllm", "sglang", "sharpinference", "llama.cpp"}) {
    auto io = small_world({"rank", "--gpu", "RTX 4090", "--runtime", runtime, "--json", "--all"});
    const auto results = Json::parse(run(io).out)["results"];
    for (const auto& result : results) {
      const auto& fit = result["fit"];
      INFO(runtime << ": " << result["model"]["name"]);
      CHECK((fit["verdict"] == "no") == (fit["free_bytes"].get<std::int64_t>() < 0));
      CHECK((fit["verdict"] != "fits" || fit["safe_n_ctx"] > 0));
    }
  }
}

TEST_CASE("a runtime's own context is no shorter because there are more sequences") {
  for (const auto* const runtime :
       {"ollama", "vllm", "sglang", "mlx-lm", "exllamav3", "transformers"}) {
    const auto of = [&](const char* n_seq) {
      return first({"qwen3-8b", "--runtime", runtime, "-np", n_seq, "--vram", "80G"})["workload"];
    };
    INFO(runtime);
    CHECK(of("4")["n_ctx"] == 4 * of("1")["n_ctx"].get<std::uint64_t>());
  }
  CHECK(first({"qwen3-8b", "-np", "4", "--vram", "80G"})["workload"]["n_ctx"] == 8192);
}

TEST_CASE("each sequence has the trained length to itself unless the cache is shared") {
  CHECK(first({"tiny.gguf", "-c", "16k", "-np", "4"})["workload"]["n_ctx"] == 16384);
  CHECK(first({"tiny.gguf", "-c", "16k", "-np", "4", "-kvu"})["workload"]["n_ctx"] == 4096);
}

TEST_CASE("a config is priced as its checkpoint, as asked, or as chosen for the GPU") {
  const auto own = first({"gemma"});
  CHECK(own["quant"] == "BF16");
  CHECK(has_note(own, "own-precision"));
  CHECK(first({"gemma", "-q", "q6_k"})["quant"] == "Q6_K");
  const auto low = first({"gemma", "--vram", "12"});
  CHECK(has_note(low, "quant-lowered"));
}

TEST_CASE("a GGUF keeps its own weights, and says so when it would be requantized") {
  const auto own = first({"tiny.gguf", "--vram", "24"});
  CHECK(own["quant"] == "Q8_0");
  CHECK(own["memory"]["provenance"]["model"] == "exact");
  CHECK_FALSE(has_note(first({"tiny.gguf", "-q", "q8_0"}), "requantized"));
  CHECK(has_note(first({"tiny.gguf", "-q", "Q4_0"}), "requantized"));
}

TEST_CASE("what the runtime would refuse is an error with its reason") {
  const auto error = first({"tiny.gguf", "-ctv", "q4_0", "-fa", "off"});
  CHECK(error["where"] == "tiny");
  CHECK(error["message"].get<std::string>().find("flash attention") != std::string::npos);
}

TEST_CASE("weights that cannot be counted are never taken for nothing") {
  auto io = small_world({"estimate", "part/config.json", "-q", "Q4_K_M", "--json"});
  io.files["part/config.json"] =
      R"({"model_type": "newmodel", "hidden_size": 5120, "num_hidden_layers": 64,
          "num_attention_heads": 40, "num_key_value_heads": 8, "max_position_embeddings": 32768})";
  const auto refused = Json::parse(run(io).out);
  CHECK(refused["results"].empty());
  CHECK(refused["errors"][0]["code"] == "missing-field");
  io.words.insert(io.words.end(), {"--params", "32B"});
  const auto told = Json::parse(run(io).out)["results"][0];
  CHECK(told["model"]["n_params"] == 32000000000);
  CHECK(told["memory"]["device"]["model_bytes"] > 16000000000);
}

TEST_CASE("the option --strict refuses what rests on assumptions and nothing else") {
  CHECK(first({"tiny.gguf", "--strict"})["quant"] == "Q8_0");
  const auto error = first({"--params", "27B", "--strict"});
  CHECK(error["code"] == "unsupported");
}

TEST_CASE("with a GPU a quantization is recommended from whole GiB") {
  const auto result = first({"gemma", "--vram", "24", "-c", "8k"});
  CHECK(result["recommended_quantization"]["quant"] == "INT4");
  CHECK(first({"tiny.gguf", "--vram", "24"})["recommended_quantization"]["quant"] == "FP16");
}

TEST_CASE("settings that are not given are the runtime's own") {
  const auto vllm = first({"gemma", "--runtime", "vllm", "--vram", "80"});
  CHECK(vllm["workload"]["n_ctx"] == vllm["model"]["n_ctx_train"]);
  CHECK(vllm["workload"]["n_batch"] == 8192);
  CHECK(first({"gemma", "--runtime", "vllm", "--vram", "80", "-b", "512"})["workload"]["n_batch"] ==
        512);
  CHECK(first({"gemma", "--runtime", "vllm", "--gpu", "2x 3090"})["workload"]["n_tp"] == 2);
  CHECK(first({"gemma", "--runtime", "ollama", "--vram", "24"})["workload"]["n_ctx"] == 32768);
  CHECK(first({"tiny.gguf", "--runtime", "ollama", "--vram", "24"})["workload"]["n_ctx"] == 4096);
}

TEST_CASE("a runtime that runs on no Vulkan runs on an AMD card through ROCm") {
  CHECK(first({"gemma", "--gpu", "7900 XTX"})["backend"] == "vulkan");
  CHECK(first({"gemma", "--gpu", "7900 XTX", "--runtime", "vllm"})["backend"] == "rocm");
  CHECK(first({"gemma", "--vram", "24", "--runtime", "vllm"})["backend"] == "cuda");
  CHECK(first({"gemma", "--gpu", "Arc B580", "--runtime", "vllm"})["message"] ==
        "vLLM does not run on vulkan");
}

TEST_CASE("tensor parallelism needs as many cards as it shares the layers between") {
  CHECK(first({"gemma", "--runtime", "vllm", "--gpu", "3090", "-tp", "2"})["message"] ==
        "-tp 2 needs as many cards");
  const auto both = first({"gemma", "--runtime", "vllm", "--vram", "48", "-tp", "2"});
  CHECK(both["workload"]["n_tp"] == 2);
  CHECK(both["fit"]["budget_bytes"] == 48 * (std::uint64_t{1} << 30) * 92 / 100);
}

TEST_CASE("a runtime with forms of its own chooses among them, and keeps a packed checkpoint") {
  CHECK(first({"gemma", "--runtime", "vllm", "--vram", "80", "-c", "8k"})["quant"] == "BF16");
  CHECK(first({"gemma", "--runtime", "vllm", "--vram", "40", "-c", "8k"})["quant"] == "FP8");
  CHECK(first({"gemma", "--runtime", "transformers", "--vram", "24", "-c", "8k"})["quant"] ==
        "NF4");
  CHECK(first({"tiny.gguf", "--runtime", "vllm", "--vram", "24"})["message"] ==
        "vLLM does not load GGUF files (Q8_0)");
}

TEST_CASE("a model that states no trained length is computed at 8192 tokens") {
  const auto zero = first({"--params", "8B", "-c", "0"});
  CHECK(zero["workload"]["n_ctx"] == 8192);
  CHECK(has_note(zero, "trained-length-unknown"));
}

TEST_CASE("a known architecture whose tensors are not known is refused under --strict") {
  auto io = small_world({"estimate", "s/config.json", "--strict", "--json"});
  io.files["s/config.json"] =
      R"({"architectures": ["GraniteSwitchForCausalLM"], "vocab_size": 1000, "hidden_size": 512,
          "intermediate_size": 1024, "num_hidden_layers": 5, "num_attention_heads": 8,
          "num_key_value_heads": 2, "max_position_embeddings": 4096})";
  const auto error = Json::parse(run(io).out)["errors"][0];
  CHECK(error["where"] == "s/config.json");
  CHECK(error["message"] == "rests on assumed figures");
  CHECK(error["hint"] == "without --strict the figures are shown, marked as assumed");
}

TEST_CASE("a GGUF file is refused by a runtime that loads none, whatever it holds") {
  auto io = small_world({"estimate", "half.gguf", "--runtime", "vllm", "--vram", "24", "--json"});
  auto half = tiny_gguf();
  io.files["half.gguf"] = half.replace(half.find("general.file_type") + 21, 1, 1, '\x01');
  const auto error = Json::parse(run(io).out)["errors"][0];
  CHECK(error["message"] == "vLLM does not load GGUF files");
  CHECK(error["hint"] == "-q prices a form that it loads");
}

TEST_CASE("by default llama.cpp is priced with a file that it loads") {
  struct Row {
    const char *model, *quant;
  };
  for (const auto& [model, quant] :
       {Row{"gpt-oss-120b", "MXFP4_MOE"}, Row{"deepseek-v4-flash", "MXFP4_MOE"},
        Row{"kimi-k3", "MXFP4_MOE"}, Row{"deepseek-ai/DeepSeek-V3", "Q8_0"},
        Row{"kimi-k2.5", "Q4_K_M"}})
    for (const auto* runtime : {"llama.cpp", "ollama"}) {
      CAPTURE(model, runtime);
      const auto result = first({model, "-c", "8k", "--runtime", runtime});
      CHECK(result["quant"] == quant);
      CHECK(has_note(result, "checkpoint-not-loaded"));
      CHECK(result["memory"]["host"]["model_bytes"] > 0);
    }
  CHECK(first({"gpt-oss-20b", "-c", "8k", "--runtime", "vllm"})["quant"] == "MXFP4");
}

TEST_CASE("experts in MXFP4 have a scheme of their own") {
  const auto error = first({"gpt-oss-20b", "-q", "MXFP4"});
  CHECK(error["hint"] == "the nearest that it loads is -q MXFP4_MOE");
}

TEST_CASE("a file is priced by its size where its types follow no rule") {
  const auto unknown = run_words({"estimate", "gemma", "-q", "UD-Q4_K_XL"});
  CHECK(unknown.status == 2);
  CHECK(unknown.err.find("--file-size SIZE") != std::string::npos);
  const auto result = first({"gemma", "-q", "UD-Q4_K_XL", "--file-size", "17.9G"});
  CHECK(result["quant"] == "UD-Q4_K_XL");
  CHECK(has_note(result, "file-size-given"));
  CHECK(first({"gemma", "--file-size", "17.9G"})["quant"] == "~Q4_K_M");
  CHECK(first({"tiny.gguf", "--file-size", "1G"})["hint"] == "leave --file-size out");
}
