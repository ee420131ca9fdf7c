#include "cli/answer/check.hpp"

#include "catch.hpp"
#include "support/fake_io.hpp"
#include "support/json_schema.hpp"

using namespace fitvram::test;

namespace {

Json check(const std::string& catalog, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"check", "models/c.json", "--json"});
  auto io = small_world(more);
  io.files["models/c.json"] = catalog;
  return Json::parse(run(io).out);
}

/// "holds", or the codes of what does not.
std::string verdict(const std::string& entry) {
  const auto found = check("[{\"model\":\"a.gguf\"," + entry + "}]")["entries"][0];
  if (found["status"] != "breaks") return found["status"];
  std::string codes;
  for (const auto& breach : found["breaches"])
    codes += (codes.empty() ? "" : " ") + breach["code"].get<std::string>();
  return codes;
}

}  // namespace

TEST_CASE("an entry holds when the verdict is as good as the one expected") {
  // The small model needs 186 MiB; the reserve of a small card is 2 GiB.
  CHECK(verdict(R"("vram":"8G","expect":"fits")") == "holds");
  CHECK(verdict(R"("vram":"1G","expect":"fits")") == "verdict");
  CHECK(verdict(R"("vram":"8G","expect":"tight")") == "holds");
  CHECK(verdict(R"("vram":"1G","expect":"tight")") == "holds");
  CHECK(verdict(R"("vram":"100M","expect":"tight")") == "verdict");
  CHECK(verdict(R"("vram":"1G")") == "holds");
  CHECK(verdict(R"("vram":"100M")") == "verdict");
  CHECK(verdict(R"("vram":"100M","expect":"no")") == "holds");
  CHECK(verdict(R"("vram":"1G","expect":"no")") == "verdict");
}

TEST_CASE("totals and contexts have limits of their own") {
  CHECK(verdict(R"("expect":{"max_bytes":194870912})") == "holds");
  CHECK(verdict(R"("expect":{"max_bytes":194870911})") == "max-bytes");
  CHECK(verdict(R"("vram":"1G","expect":{"min_ctx":4096})") == "holds");
  CHECK(verdict(R"("vram":"1G","expect":{"min_ctx":"8k"})") == "min-ctx");
  CHECK(verdict(R"("vram":"1G","expect":{"min_safe_ctx":256})") == "min-safe-ctx");
  CHECK(verdict(R"("vram":"100M","expect":{"max_bytes":1,"min_ctx":1,"min_safe_ctx":1})") ==
        "verdict max-bytes min-ctx min-safe-ctx");
}

TEST_CASE("what cannot be judged without a GPU is an error of its entry") {
  const auto error = [](const std::string& expect) {
    const auto entry = check("[{\"model\":\"a.gguf\"" + expect + "}]")["entries"][0];
    return entry["error"]["where"].get<std::string>() + ": " +
           entry["error"]["message"].get<std::string>();
  };
  CHECK(error("") == "models/c.json:1: expects nothing");
  CHECK(error(R"(,"expect":"fits")") == "models/c.json:1: /expect: needs a GPU");
  CHECK(error(R"(,"expect":{"min_ctx":1})") == "models/c.json:1: /expect: needs a GPU");
  CHECK(error(R"(,"vram":"8G","expect":"fit")") == "models/c.json:1: /expect: 'fit' is no verdict");
}

TEST_CASE("models are looked for beside the catalogue, then in the embedded one") {
  const auto report = check(R"([{"model":"a.gguf","vram":"8G"},{"model":"qwen3-8b","vram":"8G"},
                                {"model":"../tiny.gguf","vram":"8G"},
                                {"model":"/none.gguf","vram":"8G"}])");
  CHECK(report["entries"][0]["result"]["model"]["source"] == "models/a.gguf");
  CHECK(report["entries"][1]["result"]["model"]["name"] == "Qwen/Qwen3-8B");
  CHECK(report["entries"][2]["error"]["where"] == "models/c.json:2: models/../tiny.gguf");
  CHECK(report["entries"][3]["error"]["where"] == "models/c.json:3: /none.gguf");
}

TEST_CASE("exit codes of check: 0 all hold, 1 one breaks, 3 one cannot be answered") {
  const auto status = [](const std::string& catalog) {
    auto io = small_world({"check", "c.json"});
    io.files["c.json"] = catalog;
    return run(io).status;
  };
  CHECK(status(R"([{"model":"tiny.gguf","vram":"8G"}])") == 0);
  CHECK(status(R"([{"model":"tiny.gguf","vram":"1M"}])") == 1);
  CHECK(status(R"([{"model":"tiny.gguf","vram":"1M"},{"model":"nosuch","vram":"1M"}])") == 3);
  CHECK(status("[]") == 3);
  CHECK(status("") == 3);
}

TEST_CASE("nothing that is broken hides what stands beside it") {
  const auto report = check(R"({"entries":[
 {"name":"one","model":"a.gguf","vram":"8G"},
 {"name":"open","model":"a.gguf","vram":"8G",
 {"name":"two","model":"a.gguf","vram":"8G"},
 {"name":"quote","model":"a.gguf},
 {"name":"three","model":"a.gguf","vram":"8G"},
 7, null,
 {"name":"four","model":"a.gguf","vram":"8G"}
]})");
  CHECK(report["n_holds"] == 4);
  std::string lines;
  for (const auto& entry : report["entries"])
    lines += entry["line"].dump() + ":" + entry["status"].get<std::string>() + " ";
  CHECK(lines == "2:holds 3:error 4:holds 5:error 6:holds 7:error 7:error 8:holds ");
  CHECK(report["entries"][1]["name"] == "open");
  CHECK(report["entries"][5]["error"]["message"] == "is not an object, but 7");
}

TEST_CASE("a file of lines, a list and an object of entries say the same") {
  const std::string a = R"({"name":"a","model":"a.gguf","vram":"8G"})";
  const std::string b = R"({"name":"b","model":"a.gguf","vram":"1M"})";
  const auto list = check("[" + a + ",\n" + b + "]");
  CHECK(check(a + "\n" + b + "\n") == list);
  CHECK(check("{\"entries\": [" + a + ",\n" + b + "]}") == list);
  CHECK(
      check("{\"defaults\": {\"model\": \"a.gguf\"}, \"entries\":[{\"name\":\"a\",\"vram\":\"8G\"},"
            "\n{\"name\":\"b\",\"vram\":\"1M\"}], \"schema_version\": 1}") == list);
  CHECK(check("\n" + a)["entries"][0]["line"] == 2);
}

TEST_CASE("an entry that names its memory takes no card from the defaults") {
  const auto report = check(R"({"defaults":{"gpu":"RTX 4090"},"entries":[
    {"name":"a","model":"a.gguf"},{"name":"b","model":"a.gguf","vram":"1G"}]})",
                            {"--gpu", "RTX 3090"});
  CHECK(report["entries"][0]["result"]["fit"]["gpu"] == "NVIDIA GeForce RTX 4090");
  CHECK(report["entries"][1]["result"]["fit"]["gpu"] == "1 GiB");
}

TEST_CASE("a catalogue that is none says what it lacks") {
  const auto message = [](const std::string& catalog) {
    const auto error = check(catalog)["entries"][0]["error"];
    return error["where"].get<std::string>() + ": " + error["message"].get<std::string>() + " (" +
           error["hint"].get<std::string>() + ")";
  };
  CHECK(message(R"({"entires":[]})") ==
        "models/c.json:1: a catalogue has no key 'entires' (did you mean 'entries'?)");
  CHECK(message("{\"schema_version\":2,\n\"entries\":[]}") ==
        "models/c.json:1: schema_version 2 is not known (this fitvram reads version 1)");
  CHECK(message(R"({"entries":{}})") ==
        "models/c.json:1: 'entries' is not a list ({\"entries\": [{\"model\": ...}, ...]})");
  CHECK(message("[") ==
        "models/c.json:1: the list of entries is not closed "
        "(what stands after it was not read)");
}

TEST_CASE("a baseline written from a catalogue holds, and growth beyond the tolerance breaks it") {
  auto io = small_world({"check", "c.json", "--baseline", "base.json", "--write-baseline"});
  io.files["c.json"] = R"([{"name":"a","model":"tiny.gguf","n_ctx":1024},
                           {"name":"b","model":"tiny.gguf","n_ctx":1024}])";
  CHECK(fitvram::cli::run(io) == fitvram::cli::ExitCode::ok);
  CHECK(Json::parse(io.files["base.json"])["entries"]["a"]["device_bytes"] == 174947968);
  io.out.clear();
  io.words = {"check", "c.json", "--baseline", "base.json", "--json"};
  CHECK(run(io).status == 0);

  io.files["c.json"] = R"([{"name":"a","model":"tiny.gguf","n_ctx":2048},
                           {"name":"new","model":"tiny.gguf","n_ctx":2048}])";
  const auto grown = run(io);
  CHECK(grown.status == 1);
  const auto report = Json::parse(grown.out);
  const auto now = report["entries"][0]["result"]["memory"]["device"]["total_bytes"];
  CHECK(report["entries"][0]["breaches"][0]["code"] == "growth");
  CHECK(report["entries"][0]["baseline_bytes"] == 174947968);
  CHECK(report["entries"][1]["status"] == "holds");
  CHECK(report["gone"] == Json::array({"b"}));
  const auto growth = now.get<std::uint64_t>() - 174947968;
  io.words = {"check", "c.json", "--baseline", "base.json", "--tolerance", "4%"};
  CHECK(growth < std::uint64_t{174947968} * 4 / 100);
  CHECK(run(io).status == 0);
  io.words.back() = "3.5%";
  CHECK((growth > std::uint64_t{174947968} * 35 / 1000) == (run(io).status == 1));
  io.words.back() = "1M";
  CHECK(run(io).status == 1);
  io.words.back() = "16M";
  CHECK(run(io).status == 0);
}

TEST_CASE("an entry that cannot be priced keeps its place in a baseline that is written anew") {
  auto io = small_world({"check", "c.json", "--baseline", "base.json", "--write-baseline"});
  io.files["c.json"] = R"([{"name":"a","model":"nosuch.gguf"}])";
  io.files["base.json"] = R"({"schema_version":1,"entries":{"a":{"device_bytes":5}}})";
  CHECK(fitvram::cli::run(io) == fitvram::cli::ExitCode::bad_input);
  CHECK(Json::parse(io.files["base.json"])["entries"]["a"]["device_bytes"] == 5);
}

TEST_CASE("a baseline that is none is refused") {
  auto io = small_world({"check", "good.ndjson", "--baseline", "base.json"});
  const auto refusal = [&](const std::string& text) {
    io.files["base.json"] = text;
    const auto result = run(io);
    CHECK(result.status == 3);
    return result.err.substr(0, result.err.find('\n'));
  };
  CHECK(refusal("[]") == "fitvram: error: base.json: is not a baseline");
  CHECK(refusal("{\n}}") == "fitvram: error: base.json:2:2: is not JSON from here on");
  CHECK(refusal(R"({"entries":{"a":{"device_bytes":-1}}})") ==
        "fitvram: error: base.json: /entries/a: has no 'device_bytes'");
  CHECK(refusal(R"({"schema_version":"1","entries":{}})") ==
        "fitvram: error: base.json: is not a baseline");
  CHECK(refusal(R"({"schema_version":2,"entries":{}})") ==
        "fitvram: error: base.json: is a baseline of another version");
}

TEST_CASE("two entries of one name are not told apart by a baseline, and the second is refused") {
  const auto second = check(R"([{"model":"a.gguf","vram":"8G"},
    {"model":"a.gguf","vram":"8G"}])")["entries"][1];
  CHECK(second["name"] == "a.gguf vram=8G");
  CHECK(second["error"]["code"] == "ambiguous");
  CHECK(second["error"]["where"] == "models/c.json:2");
  CHECK(second["error"]["message"] == "has the name of the entry in line 1");
  CHECK(second["error"]["hint"] == "give it a \"name\" of its own");
}

TEST_CASE("an entry that does not close hides nothing but the lines up to the next object") {
  const auto report = check(R"([{"name":"a","model":"a.gguf","vram":"8G"},
{"name":"open",
 "model":"a.gguf",
{"name":"b","model":"a.gguf","vram":"8G"}
])");
  CHECK(report["n_holds"] == 2);
  CHECK(report["entries"][1]["name"] == "open");
  CHECK(report["entries"][1]["line"] == 2);
  CHECK(report["entries"][2]["line"] == 4);
}

TEST_CASE("JUnit escapes names, and CSV shows the baseline") {
  auto io = small_world({"check", "c.json", "--format", "junit"});
  io.files["c.json"] = R"([{"name":"a <&> b","model":"tiny.gguf","vram":"8G"}])";
  CHECK(run(io).out.find("name=\"a &lt;&amp;&gt; b\"") != std::string::npos);
  io.files["base.json"] = R"({"schema_version":1,"entries":{"a <&> b":{"device_bytes":5}}})";
  io.words = {"check", "c.json", "--format", "csv", "--baseline", "base.json", "--tolerance", "0"};
  const auto grown = run(io);
  CHECK(grown.status == 1);
  CHECK(grown.out.find(",5,has grown by ") != std::string::npos);
}
