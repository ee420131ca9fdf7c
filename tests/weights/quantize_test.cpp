#include "fitvram/quantize.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "fitvram/catalog.hpp"
#include "fitvram/parse.hpp"
#include "support/configs.hpp"
#include "support/inflated_file.hpp"
#include "support/places.hpp"
#include "support/published_models.hpp"
#include "weights/llama_quant.hpp"

using namespace fitvram;
using namespace fitvram::test;

namespace {

Bytes total(const ModelInfo& model, const std::vector<const TensorType*>& types) {
  Bytes sum;
  for (std::size_t i = 0; i < types.size(); ++i) sum += tensor_bytes(model.tensors[i], *types[i]);
  return sum;
}

Bytes quantized(const ModelInfo& model, std::string_view scheme) {
  const Weights weights = quantize(model, *find_scheme(scheme));
  return weights.types.empty() ? weights.flat : total(model, weights.types);
}

std::string type_of(const ModelInfo& model, std::string_view scheme, const std::string& tensor,
                    bool imatrix = false) {
  const auto types = QuantPlan(model).types(scheme, imatrix);
  for (std::size_t i = 0; i < types.size(); ++i)
    if (full_name(model.tensors[i]) == tensor) return std::string(types[i]->name);
  return "no such tensor";
}

struct Published {
  const char* scheme;
  std::uint64_t bits_e4;  // bits per weight, times 10000
};

}  // namespace

TEST_CASE("Llama-3.1-8B has the published bits per weight in every scheme") {
  // llama.cpp v0.5.0, tools/quantize/README.md.
  const auto row =
      GENERATE(Published{"IQ1_S", 20042}, Published{"IQ1_M", 21460}, Published{"IQ2_XXS", 23824},
               Published{"IQ2_XS", 25882}, Published{"IQ2_S", 27403}, Published{"IQ2_M", 29294},
               Published{"IQ3_XXS", 32548}, Published{"IQ3_XS", 34977}, Published{"IQ3_S", 36606},
               Published{"IQ3_M", 37628}, Published{"Q2_K_S", 29697}, Published{"Q2_K", 31593},
               Published{"Q3_K_S", 36429}, Published{"Q3_K_M", 39960}, Published{"Q3_K_L", 42979},
               Published{"Q4_K_S", 46672}, Published{"Q4_K_M", 48944}, Published{"Q5_K_S", 55704},
               Published{"Q5_K_M", 57036}, Published{"Q6_K", 65633}, Published{"Q8_0", 85008},
               Published{"F16", 160005}, Published{"IQ4_XS", 44597}, Published{"IQ4_NL", 46818});
  const ModelInfo model = lowered(llama_3_1_8b());
  const std::uint64_t bits_e5 = quantized(model, row.scheme).count * 800000 / model.n_params;
  CAPTURE(row.scheme);
  CHECK((bits_e5 + 5) / 10 == row.bits_e4);
}

TEST_CASE("quantized sizes of published models are those llama-quantize writes") {
  struct Sizes {
    Hparams (*facts)();
    std::array<std::uint64_t, 9> bytes;
  };
  constexpr std::array schemes_of_table{"Q2_K",   "Q3_K_M", "IQ4_XS", "Q4_0", "Q4_K_S",
                                        "Q4_K_M", "Q5_K_M", "Q6_K",   "Q8_0"};
  const Sizes table[] = {
      {llama_3_1_8b,
       {3171295488, 4011081984, 4476526848, 4653375744, 4684833024, 4912898304, 5725151488,
        6588170496, 8532934912}},
      {llama_3_2_1b,
       {573042816, 683012224, 740552832, 763097216, 767815808, 799862912, 903671936, 1013969024,
        1313251456}},
      {llama_3_1_70b,
       {26367246592, 34259632384, 38261801216, 39961870592, 40339357952, 42512531712, 49941954816,
        57880281344, 74967187712}},
      {mistral_7b,
       {2718507008, 3518251008, 3943653376, 4108181504, 4139638784, 4367704064, 5130674176,
        5941329920, 7695122432}},
      {qwen2_5_7b,
       {3009986560, 3802437632, 4244344832, 4425437184, 4451815424, 4677120000, 5438877696,
        6248245248, 8092571648}},
      {qwen3_8b,
       {3275776000, 4118204416, 4587339776, 4768792576, 4796055552, 5021827072, 5845155840,
        6719942656, 8703561728}},
      {qwen3_32b,
       {12338676736, 15965802496, 17848359936, 18631576576, 18765270016, 19756174336, 23208856576,
        26877331456, 34811744256}},
      {qwen3_30b_a3b,
       {11252639744, 14705876992, 16551122944, 17298520064, 17450039296, 18550716416, 21719611392,
        25086562304, 32477962240}},
      {mixtral_8x7b,
       {17310490624, 22545711104, 25373401088, 26442850304, 26744840192, 28447727616, 33228840960,
        38380077056, 49625579520}},
      {gemma_3_27b,
       {10497157760, 13431077504, 14887328384, 15560833664, 15667493504, 16540125824, 19265112704,
        22160411264, 28701409280}},
      {qwen2_5_0_5b,
       {332659200, 349518336, 345497088, 346206720, 379523584, 391859712, 414137856, 499788288,
        525120000}},
  };
  for (const auto& row : table) {
    const ModelInfo model = lowered(row.facts());
    for (std::size_t i = 0; i < schemes_of_table.size(); ++i) {
      CAPTURE(model.architecture, model.n_params, schemes_of_table[i]);
      CHECK(quantized(model, schemes_of_table[i]).count == row.bytes[i]);
    }
  }
}

TEST_CASE("published files are the predicted tensors and a few megabytes of metadata") {
  // File sizes as Hugging Face lists them; the rest of each file is vocabulary and alignment.
  struct File {
    Hparams (*facts)();
    const char* scheme;
    std::uint64_t bytes, metadata;
  };
  const File files[] = {
      {llama_3_1_8b, "Q4_K_M", 4920739232, 7840928},
      {qwen3_8b, "Q4_K_M", 5027783488, 5956416},
      {qwen3_30b_a3b, "Q4_K_M", 18556686912, 5970496},
      {qwen2_5_7b, "Q4_K_M", 4683073536, 5953536},
      {mistral_7b, "Q4_K_M", 4368438944, 734880},
      {llama_3_2_1b, "Q4_K_M", 807694464, 7831552},
      {qwen2_5_0_5b, "Q4_K_M", 397807936, 5948224},
      {gemma_4_12b, "Q4_0", 6975879296, 15824832},
      {gpt_oss_20b, "MXFP4_MOE", 12109566624, 13008288},
  };
  for (const auto& file : files) {
    CAPTURE(file.bytes);
    CHECK(quantized(lowered(file.facts()), file.scheme).count + file.metadata == file.bytes);
  }
}

TEST_CASE("an importance matrix changes the down projections of some schemes") {
  const ModelInfo model = lowered(llama_3_1_8b());
  const std::string early = "blk.0.ffn_down.weight";
  CHECK(type_of(model, "Q4_0", early, false) == "Q4_0");
  CHECK(type_of(model, "Q4_0", early, true) == "Q4_1");
  CHECK(type_of(model, "Q5_0", early, true) == "Q5_1");
  CHECK(type_of(model, "IQ4_XS", early, false) == "Q5_K");
  CHECK(type_of(model, "IQ4_XS", early, true) == "IQ4_XS");
  CHECK(type_of(model, "IQ4_NL", early, false) == "Q5_K");
  CHECK(type_of(model, "IQ3_XXS", early, false) == "Q4_K");
  CHECK(type_of(model, "IQ3_XXS", "blk.9.ffn_down.weight", false) == "Q3_K");
  CHECK(type_of(model, "IQ3_XXS", early, true) == "IQ3_XXS");
  CHECK(needs_imatrix("IQ3_XXS"));
  CHECK_FALSE(needs_imatrix("IQ4_XS"));
}

TEST_CASE("layers are counted by block number, not by name") {
  const ModelInfo model = lowered(llama_3_1_8b());
  CHECK(type_of(model, "Q4_K_M", "blk.3.attn_v.weight") == "Q6_K");
  CHECK(type_of(model, "Q4_K_M", "blk.4.attn_v.weight") == "Q4_K");
  CHECK(type_of(model, "Q4_K_M", "blk.6.attn_v.weight") == "Q6_K");
  CHECK(type_of(model, "Q4_K_M", "blk.10.attn_v.weight") == "Q4_K");
  CHECK(type_of(model, "Q4_K_M", "blk.28.ffn_down.weight") == "Q6_K");
}

TEST_CASE("a model of 80 layers with shared keys keeps its values above four bits") {
  CHECK(type_of(lowered(llama_3_1_70b()), "Q4_K_M", "blk.20.attn_v.weight") == "Q5_K");
  auto unshared = llama_3_1_70b();
  unshared.n_head_kv = 64;
  CHECK(type_of(lowered(unshared), "Q4_K_M", "blk.20.attn_v.weight") == "Q4_K");
}

TEST_CASE("eight experts keep keys and values at eight bits") {
  const ModelInfo model = lowered(mixtral_8x7b());
  CHECK(type_of(model, "Q4_K_M", "blk.9.attn_v.weight") == "Q8_0");
  CHECK(type_of(model, "Q4_K_M", "blk.9.attn_k.weight") == "Q8_0");
  CHECK(type_of(model, "Q4_K_M", "blk.9.attn_output.weight") == "Q5_K");
  CHECK(type_of(model, "IQ2_XS", "blk.9.attn_k.weight") == "Q4_K");
  CHECK(type_of(model, "Q4_K_M", "blk.9.ffn_gate_inp.weight") == "F32");
}

TEST_CASE("Falcon has its own rules") {
  const ModelInfo model = lowered(facts_of({"falcon", 32, 4544, 71, 1, 18176, 65024, 64, true}));
  CHECK(type_of(model, "Q4_K_M", "token_embd.weight") == "Q8_0");
  CHECK(type_of(model, "Q3_K_L", "blk.9.attn_output.weight") == "Q5_0");
  CHECK(type_of(model, "Q3_K_L", "blk.9.ffn_down.weight") == "Q4_K");
  CHECK(type_of(model, "Q4_K_M", "blk.1.ffn_down.weight") == "Q6_K");
  CHECK(type_of(model, "Q4_K_M", "blk.2.ffn_down.weight") == "Q5_K");
  CHECK(type_of(model, "Q4_K_M", "blk.4.ffn_down.weight") == "Q4_K");
}

TEST_CASE("rows that are no multiple of the block fall back to smaller blocks") {
  const ModelInfo model = lowered(qwen2_5_0_5b());
  CHECK(type_of(model, "Q4_K_M", "blk.5.attn_q.weight") == "Q5_0");
  CHECK(type_of(model, "Q6_K", "blk.5.attn_q.weight") == "Q8_0");
  CHECK(type_of(model, "IQ2_XS", "blk.5.attn_q.weight") == "IQ4_NL");
  CHECK(type_of(model, "Q4_K_M", "token_embd.weight") == "Q8_0");
  const ModelInfo odd = lowered(facts_of({"llama", 2, 72, 2, 2, 40, 100, 36}));
  CHECK(type_of(odd, "Q4_K_M", "blk.0.attn_q.weight") == "F16");
}

TEST_CASE("recorded files hold exactly the types their scheme gives") {
  const std::string folder = test::test_data("headers/");
  const auto sizes = nlohmann::json::parse(std::ifstream(folder + "file_sizes.json"));
  REQUIRE(sizes.size() >= 41);
  for (const auto& [name, size] : sizes.items()) {
    const InflatedFile file(folder + name, size.get<std::size_t>());
    const GgufShard shards[] = {{name, file.bytes()}};
    const auto model = parse_gguf(shards);
    CAPTURE(name);
    REQUIRE(model);
    const auto scheme =
        name.substr(0, name.size() - 5).substr(name.rfind('.', name.size() - 6) + 1);
    REQUIRE(find_scheme(scheme) != nullptr);
    const Weights weights = quantize(*model, *find_scheme(scheme));
    CHECK(weights.provenance == Provenance::exact);
    CHECK(weights.types == stored_weights(*model).types);
  }
}

TEST_CASE("schemes run from most to fewest bits and have unique names") {
  const auto all = schemes();
  for (std::size_t i = 1; i < all.size(); ++i) {
    CAPTURE(all[i].name);
    CHECK(all[i - 1].millibits >= all[i].millibits);
    CHECK(find_scheme(all[i].name) == &all[i]);
  }
  CHECK(find_scheme("q4_k_m")->name == "Q4_K_M");
  CHECK(find_scheme("q4_k")->name == "Q4_K_M");
  CHECK(find_scheme("q9_k") == nullptr);
}

TEST_CASE("nominal bits are those of Llama-3.1-8B") {
  const ModelInfo model = lowered(llama_3_1_8b());
  for (const auto& scheme : schemes()) {
    if (scheme.name == "MXFP4_MOE" || scheme.name == "F32") continue;
    const std::uint64_t bits_e4 = quantized(model, scheme.name).count * 80000 / model.n_params;
    CAPTURE(scheme.name);
    CHECK((bits_e4 + 5) / 10 == scheme.millibits);
  }
}

TEST_CASE("without tensors a scheme is parameters times bits") {
  ModelInfo model;
  model.n_params = 8'000'000'000;
  const Weights weights = quantize(model, *find_scheme("Q4_K_M"));
  CHECK(weights.types.empty());
  CHECK(weights.flat == Bytes{4'894'000'000});
  CHECK(weights.provenance == Provenance::derived);
  model.params = Provenance::assumed;
  CHECK(quantize(model, *find_scheme("Q4_K_M")).provenance == Provenance::assumed);
  model.n_params = UINT64_MAX;
  CHECK(quantize(model, *find_scheme("F16")).flat == Bytes{UINT64_MAX});
}

TEST_CASE("stored weights are the checkpoint's bytes when they are known") {
  ModelInfo model = lowered(llama_3_1_8b());
  model.quant = "AQLM-2";
  const Weights assumed = stored_weights(model);
  CHECK(assumed.provenance == Provenance::assumed);
  REQUIRE(assumed.notes.size() == 1);
  CHECK(assumed.notes[0].code == "stored-size-assumed");
  CHECK(assumed.notes[0].message ==
        "the size of AQLM-2 weights does not follow from config.json: counted as 16 bits each");
  model.checkpoint_bytes = Bytes{5'730'000'000};
  const Weights known = stored_weights(model);
  CHECK(known.flat == Bytes{5'730'000'000});
  CHECK(known.provenance == Provenance::exact);
  CHECK(known.notes.empty());
}

TEST_CASE("stored weights of a config are its tensors in the source type") {
  ModelInfo model = lowered(gpt_oss_20b());
  model.quant = "BF16";
  const Weights weights = stored_weights(model);
  CHECK(weights.provenance == Provenance::derived);
  REQUIRE(weights.types.size() == model.tensors.size());
  for (std::size_t i = 0; i < weights.types.size(); ++i)
    CHECK(weights.types[i] == model.tensors[i].type);
}

TEST_CASE("stored weights of an unclear packing are the usual one, and say so") {
  ModelInfo model = lowered(llama_3_1_8b());
  model.quant = "NVFP4";
  const Weights weights = stored_weights(model);
  CHECK(weights.flat == quantize(model, *find_scheme("nvfp4")).flat);
  CHECK(weights.provenance == Provenance::assumed);
  REQUIRE(weights.notes.size() == 1);
  CHECK(weights.notes[0].message ==
        "the size of NVFP4 weights does not follow from config.json: counted as that scheme "
        "usually packs them");
  model.packings.assign(find_scheme("nvfp4")->packings.begin(),
                        find_scheme("nvfp4")->packings.end());
  CHECK(stored_weights(model).flat == weights.flat);
  CHECK(stored_weights(model).provenance == Provenance::derived);
  CHECK(stored_weights(model).notes.empty());
}

TEST_CASE("no tensor of a block takes less than the least type of its scheme") {
  const auto entries = embedded_catalog();
  REQUIRE(entries);
  std::size_t n = 0;
  for (std::size_t i = 0; i < entries->size(); i += 5) {
    const auto model = model_of((*entries)[i]);
    REQUIRE(model);
    const QuantPlan plan(*model);
    for (const Scheme& scheme : schemes()) {
      const TensorType* least = least_type(scheme.name);
      const Weights weights = quantize(*model, plan, scheme);
      CHECK((least != nullptr) == (scheme.family == SchemeFamily::gguf));
      for (std::size_t t = 0; t < weights.types.size() && least != nullptr; ++t) {
        const TensorType& type = *weights.types[t];
        if (keeps_mxfp4(*model) && keeps_mxfp4(*model, model->tensors[t])) continue;
        if (type.block_bytes * least->block_elems >= least->block_bytes * type.block_elems)
          continue;
        FAIL(model->name << " " << scheme.name << " " << model->tensors[t].name.view() << " "
                         << type.name);
      }
      n += weights.types.size();
    }
  }
  CHECK(n > 100000);
}

TEST_CASE("experts that the converter repacks are MXFP4 in every file") {
  // unsloth's files of the same names: to the byte where their metadata is known (13,008,832 of the
  // 20B's Q4_K_M and Q8_0, 13,023,584 of the 120B's Q4_K_M), else to the 0.1 GB of the listing. The
  // F16 of the 120B is what a server logs: 61223.74 and 1104.61 MiB.
  struct File {
    const char* config;
    const char* scheme;
    std::uint64_t bytes;
  };
  const File files[] = {
      {"openai__gpt-oss-20b", "F16", 13779630336},
      {"openai__gpt-oss-20b", "Q8_0", 12096558336},
      {"openai__gpt-oss-20b", "Q6_K", 12027991296},
      {"openai__gpt-oss-20b", "Q5_K_M", 11704348416},
      {"openai__gpt-oss-20b", "Q5_K_S", 11698818816},
      {"openai__gpt-oss-20b", "Q4_K_M", 11611750656},
      {"openai__gpt-oss-20b", "Q4_K_S", 11605483776},
      {"openai__gpt-oss-20b", "Q4_1", 11564495616},
      {"openai__gpt-oss-20b", "Q4_0", 11488486656},
      {"openai__gpt-oss-20b", "Q3_K_M", 11493094656},
      {"openai__gpt-oss-20b", "Q3_K_S", 11450885376},
      {"openai__gpt-oss-20b", "Q2_K", 11455309056},
      {"openai__gpt-oss-20b", "Q2_K_L", 11744875776},
      {"openai__gpt-oss-120b", "F16", 65355994368},
      {"openai__gpt-oss-120b", "Q8_0", 63374323968},
      {"openai__gpt-oss-120b", "MXFP4_MOE", 63374323968},
      {"openai__gpt-oss-120b", "Q6_K", 63271473408},
      {"openai__gpt-oss-120b", "Q5_K_M", 62876498688},
      {"openai__gpt-oss-120b", "Q4_K_M", 62755699968},
      {"openai__gpt-oss-120b", "Q4_0", 62606999808},
      {"openai__gpt-oss-120b", "Q3_K_S", 62550597888},
      {"openai__gpt-oss-120b", "Q2_K", 62557233408},
  };
  for (const auto& file : files) {
    CAPTURE(file.config, file.scheme);
    CHECK(quantized(model_of_file(file.config), file.scheme).count == file.bytes);
  }
  CHECK(type_of(model_of_file("deepseek-ai__DeepSeek-V4-Flash"), "Q4_K_M",
                "blk.9.ffn_down_exps.weight") == "MXFP4");
  CHECK(type_of(model_of_file("moonshotai__Kimi-K3"), "BF16", "blk.9.ffn_up_exps.weight") ==
        "MXFP4");
}

TEST_CASE("no scheme touches experts that stay, and none takes more than floats") {
  std::size_t n = 0;
  const auto entries = embedded_catalog();
  REQUIRE(entries);
  for (const auto& entry : *entries) {
    const auto model = model_of(entry);
    REQUIRE(model);
    if (n_mxfp4(*model) == 0) continue;
    CAPTURE(model->name);
    CHECK(model->quant == "MXFP4");
    const QuantPlan plan(*model);
    const Bytes floats = total(*model, quantize(*model, plan, *find_scheme("F16")).types);
    for (const Scheme& scheme : schemes()) {
      if (scheme.family != SchemeFamily::gguf) continue;
      const auto types = quantize(*model, plan, scheme).types;
      const bool all = std::ranges::all_of(model->tensors, [&](const Tensor& tensor) {
        const auto i = static_cast<std::size_t>(&tensor - model->tensors.data());
        return tensor.role != TensorRole::expert || tensor.ne[2] <= 1 || types[i]->name == "MXFP4";
      });
      CAPTURE(scheme.name);
      CHECK(all);
      if (scheme.name != "F32") CHECK(total(*model, types) <= floats);
    }
    ++n;
    ModelInfo unpacked = *model;
    unpacked.quant = "BF16";
    CHECK(n_mxfp4(unpacked) == 0);
    CHECK(quantized(unpacked, "F16") > floats);
  }
  CHECK(n >= 5);
}

TEST_CASE("files with embeddings and output in eight bits are larger by just that") {
  // bartowski/Qwen_Qwen3-1.7B-GGUF @dcb19155, whose output is a tensor of its own.
  const ModelInfo qwen = lowered(facts_of({"qwen3", 28, 2048, 16, 8, 6144, 151936, 128}));
  struct Pair {
    const char *base, *large;
    std::uint64_t more;
  };
  for (const auto& [base, large, more] :
       {Pair{"Q6_K", "Q6_K_L", 150720512}, Pair{"Q5_K_M", "Q5_K_L", 192047104},
        Pair{"Q4_K_M", "Q4_K_L", 230942720}, Pair{"Q3_K_L", "Q3_K_XL", 272269312},
        Pair{"Q2_K", "Q2_K_L", 303872000}}) {
    CAPTURE(large);
    CHECK((quantized(qwen, large) - quantized(qwen, base)).count == more);
    const ModelInfo tied = lowered(llama_3_2_1b());
    CHECK(type_of(tied, large, "token_embd.weight") == "Q8_0");
    CHECK(type_of(tied, large, "blk.9.attn_q.weight") ==
          type_of(tied, base, "blk.9.attn_q.weight"));
  }
}

TEST_CASE("Google's QAT files of Gemma 3 have the embedding in 16 bits") {
  // google/gemma-3-*-it-qat-q4_0-gguf: 17.2, 8.07, 3.16 and 1.00 GB as listed.
  CHECK(quantized(lowered(gemma_3_27b()), "QAT-Q4_0").count == 17223756800);
  CHECK(quantized(model_of_file("google__gemma-3-12b-it"), "QAT-Q4_0").count == 8068414464);
  CHECK(quantized(model_of_file("google__gemma-3-4b-it"), "QAT-Q4_0").count == 3148838912);
  CHECK(quantized(model_of_file("google__gemma-3-1b-it"), "QAT-Q4_0").count == 997007872);
  const ModelInfo other = lowered(gemma_4_12b());
  CHECK(quantized(other, "QAT-Q4_0") == quantized(other, "Q4_0"));
}

TEST_CASE("a pure scheme has one type wherever rows divide") {
  const ModelInfo model = lowered(mixtral_8x7b());
  for (const Scheme& scheme : schemes()) {
    if (!scheme.name.ends_with("-PURE")) continue;
    const auto type = scheme.name.substr(0, scheme.name.size() - 5);
    const auto types = QuantPlan(model).types(scheme.name, false);
    CAPTURE(scheme.name);
    CHECK(std::ranges::all_of(
        types, [&](const TensorType* each) { return each->name == type || each->name == "F32"; }));
  }
  CHECK(find_scheme("q4_k_m-pure") == find_scheme("Q4_K-PURE"));
  CHECK(type_of(lowered(qwen2_5_0_5b()), "Q4_K-PURE", "blk.5.attn_q.weight") == "Q5_0");
}

TEST_CASE("a file of which only the size is known is split as a scheme near it") {
  const ModelInfo model = lowered(llama_3_1_8b());
  const Bytes size{5'100'000'000};
  const Weights weights = weights_of_size(model, size, "UD-Q4_K_XL", nullptr, true);
  CHECK(weights.quant == "UD-Q4_K_XL");
  CHECK(weights.provenance == Provenance::assumed);
  CHECK(weights.types == quantize(model, *find_scheme("Q4_K_M")).types);
  REQUIRE(weights.notes.size() == 1);
  CHECK(weights.notes[0].code == "file-size-given");
  const Bytes whole = total(model, weights.types);
  CHECK(part_of(weights, whole) == size);
  CHECK(part_of(weights, whole / 2) <= size / 2);
  CHECK(weights_of_size(model, size, "", nullptr, true).quant == "~Q4_K_M");
  CHECK(weights_of_size(model, size, "x", find_scheme("Q6_K"), true).types ==
        quantize(model, *find_scheme("Q6_K")).types);
  CHECK(weights_of_size(model, Bytes{1}, "x", nullptr, true).types ==
        quantize(model, *find_scheme("Q2_K")).types);
  const Weights flat = weights_of_size(model, size, "x", nullptr, false);
  CHECK(flat.types.empty());
  CHECK(flat.flat == size);
  CHECK(part_of(quantize(model, *find_scheme("Q6_K")), Bytes{7}) == Bytes{7});
}
