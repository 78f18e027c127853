#include "render-worker/gpu/device_selector.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::render;
using Kind = DeviceSelector::Kind;

namespace {

struct Row {
    const char* text;
    DeviceSelector selector;
};

const Row kRows[] = {
    {"auto", {Kind::Auto, ""}},
    {" AUTO ", {Kind::Auto, ""}},
    {"software", {Kind::Software, ""}},
    {"cpu", {Kind::Cpu, ""}},
    {"off", {Kind::Cpu, ""}},
    {"none", {Kind::Cpu, ""}},
    {"0000:41:00.0", {Kind::Pci, "0000:41:00.0"}},
    {"pci:0000:41:00.0", {Kind::Pci, "0000:41:00.0"}},
    {"PCI:00000000:C1:00.1", {Kind::Pci, "0000:c1:00.1"}},
    {"41:00.0", {Kind::Pci, "0000:41:00.0"}},
    {"GPU-5E2BD8C5-0f3a-4b1c-9d7e-001122334455", {Kind::Uuid, "5e2bd8c5-0f3a-4b1c-9d7e-001122334455"}},
    {"uuid:5e2bd8c50f3a4b1c9d7e001122334455", {Kind::Uuid, "5e2bd8c5-0f3a-4b1c-9d7e-001122334455"}},
    {"/dev/dri/renderD128", {Kind::RenderNode, "/dev/dri/renderD128"}},
    {"renderD129", {Kind::RenderNode, "/dev/dri/renderD129"}},
};

}  // namespace

TEST_CASE("device selector: every form is understood and brought to one normal form", "[unit][render_gpu]") {
    for (const Row& row : kRows) {
        INFO(row.text);
        const auto parsed = DeviceSelector::parse(row.text);
        REQUIRE(parsed);
        CHECK(*parsed == row.selector);
    }
}

TEST_CASE("device selector: its text parses to itself", "[unit][render_gpu]") {
    for (const Row& row : kRows) {
        INFO(row.text);
        const auto again = DeviceSelector::parse(row.selector.text());
        REQUIRE(again);
        CHECK(*again == row.selector);
    }
}

TEST_CASE("device selector: what names no device is refused", "[unit][render_gpu]") {
    for (const char* text :
         {"", "gpu", "0", "device:1", "pci:", "pci:0000:41:00", "0000:41:00.8", "0000:4g:00.0",
          "pci:5e2bd8c50f3a4b1c9d7e001122334455", "uuid:0000:41:00.0", "uuid:5e2b", "GPU-", "/dev/dri/card0",
          "/dev/dri/renderD", "renderDx", "/etc/renderD128"}) {
        INFO(text);
        const auto parsed = DeviceSelector::parse(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == ErrorCode::Invalid);
    }
}

TEST_CASE("device selector: only cpu and none want no GPU", "[unit][render_gpu]") {
    for (const Row& row : kRows) CHECK(row.selector.wants_gpu() == (row.selector.kind != Kind::Cpu));
}
