#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fitvram/error.hpp"
#include "fitvram/export.hpp"
#include "fitvram/units.hpp"

namespace fitvram {

/// One card of the table (data/gpus.json).
struct GpuCard {
  std::string name;                  ///< "RTX 4090"; cards of several sizes share it
  std::string display;               ///< unique: "RTX 3060 12 GB"
  std::string vendor;                ///< "nvidia", "amd", "intel", "apple"
  Bytes marketed;                    ///< the size on the box
  Bytes visible;                     ///< what its driver shows to programs; 0 when never seen
  std::uint32_t bandwidth_gbps = 0;  ///< 0 when unknown
  bool unified = false;              ///< shares memory with the host
  bool laptop = false;
  std::vector<std::string> aliases;         ///< lower case, each unique to this card
  std::vector<std::string> shared_aliases;  ///< lower case, shared with cards of other sizes

  friend bool operator==(const GpuCard&, const GpuCard&) = default;
};

/// What the user has: one or more equal cards, or just an amount of memory.
struct Gpu {
  std::string name;     ///< full name for people: "NVIDIA GeForce RTX 4090", "2x ...", "24 GiB"
  std::string backend;  ///< "cuda", "vulkan", "metal": what llama.cpp would use there
  std::uint32_t count = 1;
  Bytes vram;                  ///< usable by programs, all cards together
  Bytes total;                 ///< what there is; more than `vram` only in unified memory
  bool visible_known = false;  ///< vram is what a driver showed, not the size on the box
  bool unified = false;
  std::string vendor = {};  ///< "nvidia", "amd" ...; empty for a mere amount of memory

  friend bool operator==(const Gpu&, const Gpu&) = default;
};

/// Parses data/gpus.json or a user's file of the same shape (data/schema). `name` is for messages.
/// Any bytes give a Result: no throw. Sizes in the file are GiB and MiB, here bytes.
FITVRAM_EXPORT Result<std::vector<GpuCard>> parse_gpus(std::string_view json,
                                                       const std::string& name);

/// "RTX 4090", "4090", "2x 4090", "rtx 3060 12gb". A name that covers several cards is `ambiguous`
/// and the hint lists them; an unknown one is `unknown_name` with the nearest. Apple's unified
/// memory counts as Metal's recommended working set, not all RAM.
FITVRAM_EXPORT Result<Gpu> find_gpu(std::span<const GpuCard> cards, std::string_view spec);

/// A GPU that is only an amount of memory.
FITVRAM_EXPORT Gpu gpu_of_memory(Bytes vram);

/// The table compiled into the library, as text: data/gpus.json.
FITVRAM_EXPORT std::string_view embedded_gpus();

/// The same as parse_gpus() of it, without parsing.
FITVRAM_EXPORT Result<std::vector<GpuCard>> embedded_cards();

}  // namespace fitvram
