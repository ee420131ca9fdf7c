#include <utility>

#include "catch.hpp"
#include "fitvram/gpu.hpp"

using namespace fitvram;

namespace {

const std::vector<GpuCard>& table() {
  static const auto cards = parse_gpus(embedded_gpus(), "gpus.json").value();
  return cards;
}

Gpu found(std::string_view spec) {
  CAPTURE(spec);
  const auto gpu = find_gpu(table(), spec);
  INFO((gpu ? "" : gpu.error().message + "; " + gpu.error().hint));
  REQUIRE(gpu);
  return *gpu;
}

Error refused(std::string_view spec) {
  CAPTURE(spec);
  const auto gpu = find_gpu(table(), spec);
  REQUIRE_FALSE(gpu);
  return gpu.error();
}

}  // namespace

TEST_CASE("a card is found however people write it") {
  const auto spec =
      GENERATE(as<std::string>{}, "RTX 4090", "rtx4090", "4090", "rtx-4090", "RTX_4090",
               "NVIDIA GeForce RTX 4090", "GeForce RTX4090", "RTX 4090 24GB", "rtx 4090 24 GiB",
               "  rtx 4090  ", "1x RTX 4090", "4090 24g");
  const Gpu gpu = found(spec);
  CHECK(gpu.name == "NVIDIA GeForce RTX 4090");
  CHECK(gpu.backend == "cuda");
  CHECK(gpu.vram == 24564 * MiB);
  CHECK(gpu.visible_known);
  CHECK(gpu.count == 1);
  CHECK_FALSE(gpu.unified);
}

TEST_CASE("several cards add up") {
  for (const auto* spec :
       {"2x 4090", "2 x RTX 4090", "2xrtx 4090", "2X4090", "2*4090", "2 \xC3\x97 RTX 4090"}) {
    const Gpu gpu = found(spec);
    CHECK(gpu.name == "2x NVIDIA GeForce RTX 4090");
    CHECK(gpu.count == 2);
    CHECK(gpu.vram == 2 * 24564 * MiB);
  }
  CHECK(found("64x 3090").vram == 64 * 24576 * MiB);
  CHECK(found("4x H100 80GB").name == "4x NVIDIA H100 SXM");
  CHECK(refused("65x 4090") ==
        Error{ErrorCode::limit, "gpu", "'65' is not a number of cards", "from 1 to 64"});
  CHECK(refused("0x 4090").message == "'0' is not a number of cards");
  CHECK(refused("100x 4090").code == ErrorCode::limit);
}

TEST_CASE("an 'x' that belongs to the name is not a count") {
  CHECK(found("7900 xtx").name == "AMD Radeon RX 7900 XTX");
  CHECK(found("2x 7900 XTX").count == 2);
  CHECK(found("mi300x").count == 1);
}

TEST_CASE("the names that drivers print are found") {
  CHECK(found("NVIDIA A100-SXM4-80GB").name == "NVIDIA A100 SXM 80 GB");
  CHECK(found("NVIDIA A100 80GB PCIe").name == "NVIDIA A100 PCIe 80 GB");
  CHECK(found("NVIDIA H100 80GB HBM3").name == "NVIDIA H100 SXM");
  CHECK(found("NVIDIA H100 PCIe").name == "NVIDIA H100 PCIe");
  CHECK(found("Tesla V100-SXM2-16GB").name == "NVIDIA V100 16 GB");
  CHECK(found("Tesla T4").name == "NVIDIA T4");
  CHECK(found("NVIDIA L40S").vram == 46068 * MiB);
  CHECK(found("NVIDIA RTX 6000 Ada Generation").name == "NVIDIA RTX 6000 Ada");
  CHECK(found("NVIDIA RTX A6000").name == "NVIDIA RTX A6000");
  CHECK(found("NVIDIA RTX PRO 6000 Blackwell Workstation Edition").vram == 97887 * MiB);
  CHECK(found("NVIDIA GeForce RTX 3060 Laptop GPU").name == "NVIDIA GeForce RTX 3060 Laptop");
  CHECK(found("NVIDIA GeForce RTX 4070 Ti SUPER").vram == 15942 * MiB);
  CHECK(found("AMD Radeon RX 7900 XTX").backend == "vulkan");
  CHECK(found("Intel(R) Arc(TM) A770 Graphics 16GB").name == "Intel Arc A770 16 GB");
  CHECK(found("NVIDIA GB10").name == "NVIDIA DGX Spark");
  CHECK(found("AMD Instinct MI210").name == "AMD Instinct MI210");
}

TEST_CASE("a memory size picks among the cards of one name") {
  CHECK(found("RTX 3060 12GB").name == "NVIDIA GeForce RTX 3060 12 GB");
  CHECK(found("3060 12gb").vram == 12288 * MiB);
  CHECK(found("306012gb").vram == 12288 * MiB);
  CHECK(found("12GB RTX 3060").vram == 12288 * MiB);
  CHECK(found("rtx 3060 8 gb").vram == 8 * GiB);
  CHECK_FALSE(found("rtx 3060 8 gb").visible_known);
  CHECK(found("a100 80gb").vram == 80 * GiB);
  CHECK(found("a100 40gb").vram == 40 * GiB);
  CHECK(found("h100").vram == 80 * GiB);
}

TEST_CASE("a name of several sizes is ambiguous and the sizes are listed") {
  CHECK(refused("3060") == Error{ErrorCode::ambiguous, "gpu", "'3060' stands for 2 cards",
                                 "say which: RTX 3060 12 GB, RTX 3060 8 GB"});
  CHECK(refused("a100").code == ErrorCode::ambiguous);
  CHECK(refused("rtx 6000").hint == "say which: RTX 6000 Ada, Quadro RTX 6000");
  CHECK(
      refused("2x m4 max").hint ==
      "say which: Apple M4 Max 128 GB, Apple M4 Max 64 GB, Apple M4 Max 48 GB, Apple M4 Max 36 GB");
}

TEST_CASE("laptop cards answer only to laptop, unless there is no other") {
  CHECK(found("RTX 4090 Laptop").vram == 16 * GiB);
  CHECK(found("4090 mobile").name == "NVIDIA GeForce RTX 4090 Laptop");
  CHECK(found("4090m").name == "NVIDIA GeForce RTX 4090 Laptop");
  CHECK(found("4090").vram == 24564 * MiB);
  CHECK(found("rtx 4050").name == "NVIDIA GeForce RTX 4050 Laptop");
  CHECK(found("rtx 3060 laptop 6gb").vram == 6144 * MiB);
  CHECK(refused("rtx 5090 d laptop").code == ErrorCode::unknown_name);
}

TEST_CASE("modified cards do not make the stock card ambiguous") {
  CHECK(found("2080 ti").vram == 11 * GiB);
  CHECK(found("2080 ti 22gb").vram == 22 * GiB);
  CHECK(found("4090 d").vram == 24564 * MiB);
  CHECK(found("rtx 4090 d 48gb").vram == 48 * GiB);
}

TEST_CASE("Apple's memory counts as Metal's recommended working set") {
  CHECK(found("M2 Ultra 192GB").vram == 144 * GiB);
  CHECK(found("apple m4 max 128gb").vram == 96 * GiB);
  CHECK(found("m1 max 64 gb").vram == 48 * GiB);
  CHECK(found("m4 max 48gb").vram == 32 * GiB);
  CHECK(found("m4 16gb").vram == 11453 * MiB);
  CHECK(found("m5 24gb").vram == 18186 * MiB);
  CHECK(found("m1 pro 32gb").vram == 21845 * MiB);
  const Gpu gpu = found("M2 Ultra 192GB");
  CHECK(gpu.name == "Apple M2 Ultra 192 GB");
  CHECK(gpu.backend == "metal");
  CHECK(gpu.unified);
  CHECK_FALSE(gpu.visible_known);
  CHECK(found("m4 16gb").visible_known);
}

TEST_CASE("an unknown card comes with the nearest one") {
  CHECK(refused("RTX 4099") ==
        Error{ErrorCode::unknown_name, "gpu", "no GPU is called 'RTX 4099'",
              "did you mean 'RTX 4090'? or give the memory with --vram 24GiB; fitvram list gpus "
              "prints all"});
  CHECK(refused("geforce rtx 5090 dd").hint.starts_with("did you mean 'RTX 5090 D'?"));
  CHECK(refused("m4 mxa 64gb").hint.starts_with("did you mean 'Apple M4 Max'?"));
  CHECK(refused("voodoo banshee").hint ==
        "give the memory with --vram 24GiB; fitvram list gpus prints all");
  CHECK(refused("24GiB").hint == "an amount of memory goes to --vram 24GiB");
  CHECK(refused("").code == ErrorCode::unknown_name);
  CHECK(refused("nvidia").code == ErrorCode::unknown_name);
  CHECK(refused("\x1b[31m").message == "no GPU is called '?[31m'");
  CHECK(refused(std::string(1000, '9')).message == "no GPU has a name that long");
}

TEST_CASE("a size that a card never had is refused with the sizes it has") {
  CHECK(refused("rtx 4090 48gb").message == "RTX 4090 comes with 24 GB, not 48 GB");
  CHECK(refused("3060 24gb").message == "RTX 3060 comes with 12 GB, 8 GB, not 24 GB");
}

TEST_CASE("names of a user's own table are quoted so that they can be shown") {
  const auto cards =
      parse_gpus(R"({"gpus":[{"name":"Odd\nCard","vendor":"nvidia","vram_gib":8}]})", "gpus.json");
  REQUIRE(cards);
  const auto other_size = find_gpu(*cards, "Odd\nCard 9gb");
  REQUIRE_FALSE(other_size);
  CHECK(other_size.error().message == "Odd?Card comes with 8 GB, not 9 GB");
  const auto near = find_gpu(*cards, "Odd\nCarb");
  REQUIRE_FALSE(near);
  CHECK(near.error().hint.find('\n') == std::string::npos);
}

TEST_CASE("every card of the table is found by its display name") {
  for (const GpuCard& card : table()) {
    const Gpu gpu = found(card.display);
    CAPTURE(card.display, gpu.name);
    CHECK((gpu.name == card.display || gpu.name.ends_with(" " + card.display)));
    CHECK(gpu.unified == card.unified);
    CHECK(gpu.vram > Bytes{});
  }
}

TEST_CASE("every unique alias finds its card alone and every shared one finds several") {
  for (const GpuCard& card : table()) {
    for (const std::string& alias : card.aliases) {
      CAPTURE(alias);
      CHECK(found(alias).name.ends_with(card.display));
    }
    for (const std::string& alias : card.shared_aliases) {
      CAPTURE(alias);
      const auto gpu = find_gpu(table(), alias);
      if (!gpu) CHECK(gpu.error().code == ErrorCode::ambiguous);
    }
  }
}

TEST_CASE("the figures that drivers were seen to show are in the table") {
  const std::pair<const char*, std::uint64_t> seen[] = {{"RTX 5090", 32606},
                                                        {"RTX 4090", 24564},
                                                        {"RTX 4090 D 24GB", 24564},
                                                        {"RTX 3090", 24576},
                                                        {"RTX 3090 Ti", 24563},
                                                        {"RTX 4080", 16375},
                                                        {"RTX 4080 SUPER", 16375},
                                                        {"RTX 4070 Ti SUPER", 15942},
                                                        {"RTX 5060 Ti 16GB", 15841},
                                                        {"RTX 4070 SUPER", 12281},
                                                        {"RTX 3060 12GB", 12288},
                                                        {"GTX 1660 SUPER", 6144},
                                                        {"RTX 5070 Laptop", 8151},
                                                        {"L4", 23034},
                                                        {"L40S", 46068},
                                                        {"RTX PRO 6000", 97887},
                                                        {"B200", 183359},
                                                        {"B300", 275040},
                                                        {"GB200", 189471},
                                                        {"GB300", 284208},
                                                        {"H200", 144384},
                                                        {"GB10", 124610},
                                                        {"RX 7800 XT", 16368}};
  for (const auto& [spec, mib] : seen) {
    const Gpu gpu = found(spec);
    CAPTURE(spec);
    CHECK(gpu.vram == mib * MiB);
    CHECK(gpu.visible_known);
  }
}

TEST_CASE("an amount of memory is a GPU") {
  const Gpu gpu = gpu_of_memory(24 * GiB);
  CHECK(gpu.name == "24 GiB");
  CHECK(gpu.vram == 24 * GiB);
  CHECK(gpu.backend == "cuda");
  CHECK(gpu.count == 1);
  CHECK(gpu_of_memory(24564 * MiB).name == "23.99 GiB");
  CHECK(gpu_of_memory(Bytes{}).name == "0 GiB");
}
