#include "daemon/core/gpu_probe.h"

#include <catch2/catch.hpp>

using namespace kpm::core;
using Result = GpuProbeResult;

namespace {

const std::string kPci = "0000:41:00.0";
const std::string kUuid = "5e2bd8c5-0f3a-4b1c-9d7e-001122334455";
const std::string kMesa =
    R"({"pci":null,"uuid":null,"render_node":null,"software":true,"renderer":"llvmpipe"})";
const std::string kOther =
    R"({"pci":"0000:c1:00.0","uuid":null,"render_node":null,"software":false,"es":"3.2"})";

Result read(const std::string& printed, const std::string& uuid = kUuid) {
    return read_gpu_probe(printed, kPci, uuid);
}

}  // namespace

TEST_CASE("gpu probe: a GPU answers when a context could be made on it", "[unit][gpu]") {
    const std::string by_pci = R"({"pci":"0000:41:00.0","uuid":null,"software":false,"es":"3.2"})";
    const std::string by_uuid =
        R"({"pci":null,"uuid":"GPU-5E2BD8C5-0f3a-4b1c-9d7e-001122334455","software":false})";
    CHECK(read(kMesa + "\n" + by_pci + "\n" + kOther + "\n") == Result::Answers);
    CHECK(read(by_uuid + "\n") == Result::Answers);
    CHECK(read(R"({"pci":"41:00.0","uuid":null,"software":false,"error":"no-driver","detail":"x"})") ==
          Result::Fails);
}

TEST_CASE("gpu probe: one that is not among them fails", "[unit][gpu]") {
    CHECK(read("") == Result::Fails);
    CHECK(read(kMesa + "\n" + kOther + "\n") == Result::Fails);
    CHECK(read(kMesa, "") == Result::Fails);  // no UUID is not that of a device without one
}

TEST_CASE("gpu probe: who cannot look, or cannot tell whom it saw, says nothing", "[unit][gpu]") {
    CHECK(read(R"({"error":"no-loader","detail":"libEGL.so.1"})") == Result::Unknown);
    CHECK(read("Segmentation fault") == Result::Unknown);
    CHECK(read("[]") == Result::Unknown);
    CHECK(read(kOther + "\n" + R"({"pci":null,"uuid":null,"software":false,"es":"3.2"})") == Result::Unknown);
}
