#include "ecosystem/gpu_selection.h"

#include <catch2/catch.hpp>

#include "ecosystem/parse_app.h"

using namespace kpm;
using namespace kpm::ecosystem;
using Kind = GpuSelection::Kind;

namespace {

std::optional<GpuSelection> of(Kind kind, std::string value = "") {
    return GpuSelection{kind, std::move(value)};
}

}  // namespace

TEST_CASE("gpu selection: each kind has its texts, in any case", "[unit][ecosystem]") {
    CHECK(GpuSelection::parse("auto") == of(Kind::Auto));
    CHECK(GpuSelection::parse(" Software ") == of(Kind::Software));
    for (const char* text : {"none", "cpu", "off"}) CHECK(GpuSelection::parse(text) == of(Kind::Cpu));
    for (const char* text : {"0000:41:00.0", "41:00.0", "pci:00000000:41:00.0"})
        CHECK(GpuSelection::parse(text) == of(Kind::Pci, "0000:41:00.0"));
    for (const char* text : {"GPU-5E2BD8C5-0F3A-4B1C-9D7E-001122334455", "5e2bd8c50f3a4b1c9d7e001122334455",
                             "uuid:5e2bd8c5-0f3a-4b1c-9d7e-001122334455"})
        CHECK(GpuSelection::parse(text) == of(Kind::Uuid, "5e2bd8c5-0f3a-4b1c-9d7e-001122334455"));
    for (const char* text : {"renderD128", "/dev/dri/renderD128"})
        CHECK(GpuSelection::parse(text) == of(Kind::RenderNode, "/dev/dri/renderD128"));
    CHECK(GpuSelection::parse("vendor:NVIDIA") == of(Kind::Vendor, "nvidia"));
}

TEST_CASE("gpu selection: an index and what is half an address are none", "[unit][ecosystem]") {
    for (const char* text :
         {"", "0", "gpu", "41:00", "pci:", "pci:5e2bd8c50f3a4b1c9d7e001122334455", "uuid:41:00.0", "renderD",
          "card0", "/dev/dri/card0", "vendor:", "vendor:matrox"}) {
        INFO(text);
        CHECK_FALSE(GpuSelection::parse(text));
    }
}

TEST_CASE("gpu selection: an app with another text is refused with what is allowed", "[unit][ecosystem]") {
    const auto parsed = parse_wire(Json{{"name", "a"}, {"gpu", "2"}});
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find(
              "gpu: expected auto, none, cpu, software, a PCI address, a UUID, a render "
              "node or vendor:NAME, found \"2\"") != std::string::npos);
    const auto policy = parse_wire(Json{{"name", "a"}, {"gpu_policy", "random"}});
    REQUIRE_FALSE(policy);
    CHECK(policy.error().message.find("gpu_policy: expected spread or pack") != std::string::npos);
    const auto accepted = parse_wire(Json{{"name", "a"}, {"gpu", ""}, {"gpu_policy", ""}});
    REQUIRE(accepted);
    CHECK(accepted->gpu.empty());
}
