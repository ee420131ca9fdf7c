#include "families/table.hpp"

namespace fitvram {

const char* name_of(MemoryClass memory) {
  switch (memory) {
    case MemoryClass::attention:
      return "attention";
    case MemoryClass::none:
      return "none";
    case MemoryClass::recurrent:
      return "recurrent";
    case MemoryClass::hybrid:
      return "hybrid";
    case MemoryClass::parallel_hybrid:
      return "parallel hybrid";
    case MemoryClass::hybrid_indexer:
      return "hybrid + indexer";
    case MemoryClass::dsa:
      return "dsa";
    case MemoryClass::dsa_window:
      return "dsa + window";
    case MemoryClass::msa:
      return "msa";
    case MemoryClass::dsv4:
      return "dsv4";
  }
  return "";
}

}  // namespace fitvram
