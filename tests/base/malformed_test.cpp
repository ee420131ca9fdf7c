#include "base/malformed.hpp"

#include "base/refuse.hpp"
#include "catch.hpp"

using namespace fitvram;

TEST_CASE("whatever is quoted from a file is printable by the time anybody sees it") {
  const Malformed bad{ErrorCode::malformed, "tensor 'a\nb'", "'\x1b[31m' is no type", "not '\r'"};
  const Error error = bad.to_error("model.gguf");
  CHECK(error.where == "model.gguf: tensor 'a?b'");
  CHECK(error.message == "'?[31m' is no type");
  CHECK(error.hint == "not '?'");
  CHECK(refuse("no '\x07'", "say \x7f").message == "no '?'");
  CHECK(refuse("no '\x07'", "say \x7f").hint == "say ?");
}
