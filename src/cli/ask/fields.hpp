#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/base/options.hpp"
#include "cli/flags/values.hpp"

namespace fitvram::cli {

/// A scalar of a request: its key, what it would be on a command line, and where it stands.
struct RequestField {
  enum class Kind { text, number, boolean };
  std::string key;
  std::string text;
  Kind kind = Kind::text;
};

/// Keys of a request that stand for options: those of a result's workload, and gpu, quant ... in
/// the order in which they are set.
std::vector<std::string_view> request_keys();
bool is_request_key(std::string_view key);

struct FieldProblem {
  std::string key;
  Problem problem;
};

/// `options` with the fields of a request over them. What a request says replaces what the
/// command line said; a GPU and an amount of memory replace each other.
std::optional<FieldProblem> apply(const std::vector<RequestField>& fields, Options& options);

}  // namespace fitvram::cli
