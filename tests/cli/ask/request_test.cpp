#include "cli/ask/request.hpp"

#include "catch.hpp"
#include "cli/ask/entries.hpp"

using namespace fitvram;
using namespace fitvram::cli;

namespace {

std::string refusal(const Error& error) {
  return error.where + ": " + error.message + (error.hint.empty() ? "" : " (" + error.hint + ")");
}

std::string refusal(const std::string& text, bool of_catalog = true) {
  const auto request = parse_request({text, 1}, "c", of_catalog);
  return request ? "accepted" : refusal(request.error());
}

/// What is wrong with a catalogue outside its entries, a line each.
std::string flaws(const std::string& text) {
  std::string all;
  for (const auto& [line, error] : cut_requests(text, "c").errors) all += refusal(error) + "\n";
  return all;
}

}  // namespace

TEST_CASE("a value of the wrong kind is refused by its key, its line and what it should be") {
  CHECK(refusal("[1]") == "c:1: is not an object, but a list ({\"model\": \"gemma-3-27b\"})");
  CHECK(refusal(R"({"model":false})") == "c:1: /model: must be text, not false");
  CHECK(refusal("{\n\"name\":\n[]}") == "c:2: /name: must be text, not a list");
  CHECK(refusal(R"({"id":{}})") == "c:1: /id: must be text or a number, not an object");
  CHECK(refusal(R"({"workload":"8k"})") == "c:1: /workload: must be an object, not text");
  CHECK(refusal(R"({"workload":{"n_ctx":[]}})") ==
        "c:1: /workload/n_ctx: must be a number, text, true or false, not a list");
  CHECK(refusal(R"({"n_ctx":1.5})") == "c:1: /n_ctx: 1.5 is not a whole number");
  CHECK(refusal(R"({"n_ctx":-1.0})") == "c:1: /n_ctx: -1.0 is not a whole number");
  CHECK(refusal(R"({"n_ctx":4096.0})") == "accepted");
  CHECK(refusal(R"({"n_ctx":null})") == "accepted");
}

TEST_CASE("a key that no request has is refused with the help that names those it has") {
  CHECK(
      refusal(R"({"zzzzzzzzzz":1})", true) ==
      "c:1: /zzzzzzzzzz: a request has no key 'zzzzzzzzzz' ('fitvram help check' names the keys)");
  CHECK(refusal(R"({"zzzzzzzzzz":1})", false) ==
        "c:1: /zzzzzzzzzz: a request has no key 'zzzzzzzzzz' "
        "('fitvram help estimate' names the keys)");
  CHECK(refusal(R"({"model":"a","model":"b"})") == "c:1: the key 'model' is there twice");
  CHECK(refusal(R"({"expect":"fits"})", false) ==
        "c:1: /expect: a request to estimate expects nothing "
        "('fitvram check' judges a catalogue of entries)");
  CHECK(refusal(R"({"x":)" + std::string(80, '[') + std::string(80, ']') + "}") ==
        "c:1: is nested deeper than any request");
}

TEST_CASE("an expectation that cannot be judged is refused") {
  const auto expect = [](const std::string& value) {
    return refusal("{\"expect\":" + value + "}");
  };
  CHECK(expect("7") ==
        "c:1: /expect: must be a verdict or an object, not 7 "
        "(\"fits\", or {\"verdict\": \"tight\", \"max_bytes\": \"22GiB\"})");
  CHECK(expect(R"({"verdict":true})") == "c:1: /expect/verdict: must be text, not true");
  CHECK(expect(R"("perhaps")") ==
        "c:1: /expect: 'perhaps' is no verdict (fits, tight (or better) or no)");
  CHECK(expect(R"({"max_bytes":"much"})") ==
        "c:1: /expect/max_bytes: text is not an amount of memory "
        "(bytes, or text such as \"22GiB\")");
  CHECK(expect(R"({"min_ctx":-1})") ==
        "c:1: /expect/min_ctx: -1 is not a number of tokens (32768 or \"32k\")");
  CHECK(expect(R"({"max_byte":1})") ==
        "c:1: /expect/max_byte: nothing is known that is called 'max_byte' "
        "(did you mean 'max_bytes'?)");
  CHECK(expect(R"({"zzzzzzzzzz":1})") ==
        "c:1: /expect/zzzzzzzzzz: nothing is known that is called 'zzzzzzzzzz' "
        "(verdict, max_bytes, min_ctx or min_safe_ctx)");
  CHECK(expect("null") == "accepted");
}

TEST_CASE("text that is not JSON is refused where it stops to be") {
  CHECK(refusal("{\"model\":\n  oops}") ==
        "c:2:3: is not JSON from here on "
        "(a request is {\"model\": \"gemma-3-27b\", \"gpu\": \"RTX 4090\"})");
  CHECK(refusal("").starts_with("c:1:1: is not JSON"));
}

TEST_CASE("an answer to a broken request repeats its id and its name where they can be read") {
  CHECK(id_in(R"({"id":7})") == "7");
  CHECK(id_in(R"({"id":[7]})").empty());
  CHECK(id_in(R"({"id":null})").empty());
  CHECK(id_in("{").empty());
  CHECK(name_in(R"({"name":"a"})") == "a");
  CHECK(name_in(R"({"name":7})").empty());
  CHECK(name_in(R"({"name": "a", "model":)") == "a");
  CHECK(name_in(R"({"name")").empty());
  CHECK(name_in(R"({"name": 7, )").empty());
  CHECK(name_in(R"({"name": "a)").empty());
  CHECK(name_in(R"({"name": "a\")").empty());
}

TEST_CASE("a catalogue that breaks off or goes on says where, and keeps the entries before it") {
  const std::string rest = " (what stands after it was not read)\n";
  CHECK(flaws("[{}\n7]") == "c:2: a comma or ']' must follow the entry before this" + rest);
  CHECK(flaws("[{}\n{}]") == "c:2: a comma must stand before this entry\n");
  CHECK(flaws("[]\n[]") == "c:2: something follows the catalogue" + rest);
  CHECK(flaws("{\"entries\":[{}]\n\"defaults\":{}}") ==
        "c:2: a comma or '}' must stand here" + rest);
  CHECK(flaws("{\"entries\":[{}],\n7}") == "c:2: a key and ':' must stand here" + rest);
  CHECK(flaws("{\"entries\":[{}],\n\"defaults\":{") ==
        "c:2: the value that starts here is not closed" + rest);
  CHECK(flaws("{\"entries\":[{}],\n\"comm") ==
        "c:2: the key that starts here is not closed" + rest);
  CHECK(flaws("{\"entries\":[{}]\n") == "c:2: the catalogue is not closed" + rest);
  CHECK(flaws(R"({"defaults":{}})") ==
        "c:1: has no list 'entries' ({\"entries\": [{\"model\": ...}, ...]})\n");
  CHECK(cut_requests("{\"entries\":[{}],\n\"comm", "c").entries.size() == 1);
}

TEST_CASE("a request over several lines is one, one to a line are many") {
  CHECK(cut_requests("{\n\"model\":\n\"a\"}\n", "c").entries.size() == 1);
  const auto lines = cut_requests("{\"model\":\"a\"}\n\n{\"model\":\"b\"}", "c");
  REQUIRE(lines.entries.size() == 2);
  CHECK(lines.entries[1].line == 3);
}
