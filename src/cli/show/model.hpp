#pragma once
#include <string>

#include "cli/base/report.hpp"
#include "cli/show/sheet.hpp"
#include "cli/show/style.hpp"

namespace fitvram::cli {

/// One model of `show`: facts, layers by cache, tensors by role and type.
std::string show_block(const ShowReport::Entry& entry, const Style& style);

/// show --params: parameters by role, and with `explain` the shapes they are the product of.
std::string params_block(const ShowReport::Entry& entry, bool explain, const Style& style);

/// show --tensors: a line for each tensor.
Sheet sheet_of_tensors(const ShowReport::Entry& entry);
std::string tensors_block(const ShowReport::Entry& entry, const Style& style);

/// "5376 x 4096".
std::string shape_of(const Tensor& tensor);

}  // namespace fitvram::cli
