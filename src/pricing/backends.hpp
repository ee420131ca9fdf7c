#pragma once
#include "fitvram/runtime.hpp"

namespace fitvram {

/// The backend of a request; the first of all where none has the name.
const Backend& backend_of(const Workload& workload);

}  // namespace fitvram
