#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "cli/base/report.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// A result a line.
std::string render_ndjson(const Report& report, const Style& style);

/// The line that answers a request of a batch, around what render_result() says of the answer,
/// which is the same for all who ask the same; and the line that says why there is no answer.
void add_answer(std::string& out, std::size_t line, const std::string& id, std::string_view result);
std::string render_result(const Row& row, const Runtime& runtime);
void add_refusal(std::string& out, std::size_t line, const std::string& id, const Error& error);

}  // namespace fitvram::cli
