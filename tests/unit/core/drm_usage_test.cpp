#include "daemon/core/drm_usage.h"

#include <catch2/catch.hpp>

using namespace kpm::core;
using namespace std::chrono_literals;

namespace {

constexpr const char* kAmd =
    "pos:\t0\nflags:\t02100002\ndrm-driver:\tamdgpu\ndrm-client-id:\t42\ndrm-pdev:\t0000:03:00.0\n"
    "drm-memory-vram:\t262144 KiB\ndrm-memory-gtt: \t2048 KiB\ndrm-memory-cpu: \t0 KiB\n"
    "amd-evicted-vram:\t0 KiB\ndrm-engine-gfx:\t1000 ns\ndrm-engine-compute:\t500 ns\n";
constexpr const char* kXe =
    "drm-driver:\txe\ndrm-client-id:\t9\ndrm-pdev:\t0000:04:00.0\ndrm-total-vram0:\t9 MiB\n"
    "drm-resident-vram0:\t4 MiB\ndrm-resident-vram1:\t1 MiB\ndrm-memory-vram0:\t4 MiB\n"
    "drm-cycles-rcs:\t100\ndrm-total-cycles-rcs:\t1000\ndrm-engine-capacity-rcs:\t2\n";

DrmClient client(std::uint64_t id, DrmEngines engines, std::optional<std::uint64_t> memory = {}) {
    return {.pci = "0000:03:00.0", .id = id, .engines = std::move(engines), .memory = memory};
}

DrmUse use(std::chrono::nanoseconds at, const DrmEngines& engines) {
    DrmUse result;
    result.at = at;
    result.add(client(1, engines));
    return result;
}

std::optional<double> percent(const DrmEngine& before, const DrmEngine& now,
                              std::chrono::nanoseconds passed = 1s) {
    const DrmUse earlier = use(10s, {{"gfx", before}});
    return usage_between(&earlier, use(10s + passed, {{"gfx", now}})).percent;
}

}  // namespace

TEST_CASE("drm usage: engines and memory are read as each driver writes them", "[unit][gpu]") {
    const auto amd = parse_drm_client(kAmd);
    REQUIRE(amd);
    CHECK(amd->pci == "0000:03:00.0");
    CHECK(amd->id == 42);
    CHECK(amd->engines == DrmEngines{{"gfx", {.busy = 1000}}, {"compute", {.busy = 500}}});
    CHECK(amd->memory == std::uint64_t{256} << 20);
    const auto xe = parse_drm_client(kXe);
    REQUIRE(xe);
    CHECK(xe->engines == DrmEngines{{"rcs", {.busy = 100, .total = 1000, .capacity = 2}}});
    CHECK(xe->memory == std::uint64_t{5} << 20);  // resident, and not its old name as well
}

TEST_CASE("drm usage: a GPU without memory of its own tells none", "[unit][gpu]") {
    const auto i915 = parse_drm_client(
        "drm-pdev:\t0000:00:02.0\ndrm-client-id:\t7\ndrm-resident-system0:\t15448 KiB\n"
        "drm-resident-stolen-system0:\t0\n");
    REQUIRE(i915);
    CHECK_FALSE(i915->memory);
    CHECK(parse_drm_client("drm-pdev:\t0000:00:02.0\ndrm-resident-local0:\t0\n")->memory == 0);
}

TEST_CASE("drm usage: other files are of no GPU, wrong lines are passed over", "[unit][gpu]") {
    for (const char* text : {"", "pos:\t0\nflags:\t0100002\n", "drm-pdev:\t../etc\n", "drm-pdev", "drm-:\n",
                             "xdrm-pdev:\t0000:03:00.0\n", "drm-driver:\tvgem\ndrm-client-id:\t1\n"}) {
        INFO(text);
        CHECK_FALSE(parse_drm_client(text));
    }
    const auto odd = parse_drm_client(
        "drm-pdev:\t0000:03:00.0\ndrm-engine-:\t5 ns\ndrm-engine-gfx:\tx\ndrm-engine-gfx\n"
        "drm-engine-dma:\t99999999999999999999999 ns\ndrm-memory-vram:\t-1 KiB\n"
        "drm-memory-vram:\t18446744073709551615 KiB\ndrm-memory-vram:\t5 pages\n");
    REQUIRE(odd);
    CHECK(odd->engines.empty());
    CHECK_FALSE(odd->memory);
    std::string many = "drm-pdev:\t0000:03:00.0\n";
    for (int i = 0; i < 1000; ++i) many += "drm-engine-e" + std::to_string(i) + ":\t1 ns\n";
    CHECK(parse_drm_client(many)->engines.size() == 64);
}

TEST_CASE("drm usage: a client counts once, however many descriptors it has", "[unit][gpu]") {
    DrmUse sum;
    sum.add(client(1, {{"gfx", {.busy = 5}}}, 100));
    sum.add(client(1, {{"gfx", {.busy = 5}}}, 100));
    sum.add(client(2, {{"gfx", {.busy = 3}}, {"dma", {.busy = 1}}}, 50));
    CHECK(sum.engines == DrmEngines{{"gfx", {.busy = 8}}, {"dma", {.busy = 1}}});
    CHECK(sum.memory == 150);
}

TEST_CASE("drm usage: the figure is the share of time since the sample before", "[unit][gpu]") {
    CHECK(percent({.busy = 0}, {.busy = 250'000'000}) == 25.0);
    CHECK(percent({.busy = 0}, {.busy = 250'000'000, .capacity = 2}) == 12.5);
    CHECK(percent({.busy = 100, .total = 1000}, {.busy = 300, .total = 2000}) == 20.0);
    SECTION("between 0 and 100, whatever the counters do") {
        CHECK(percent({.busy = 500}, {.busy = 100}) == 0.0);
        CHECK(percent({.busy = 0}, {.busy = 9'000'000'000}) == 100.0);
        CHECK(percent({.busy = 1, .total = 1000}, {.busy = 5, .total = 1000}) == 0.0);
        CHECK(percent({.busy = 0}, {.busy = 250'000'000, .capacity = 0}) == 25.0);
    }
    SECTION("the busiest engine's") {
        const DrmUse before = use(0s, {{"gfx", {}}, {"dma", {}}});
        const DrmUse now = use(1s, {{"gfx", {.busy = 100'000'000}}, {"dma", {.busy = 300'000'000}}});
        CHECK(usage_between(&before, now).percent == 30.0);
    }
    SECTION("none at first, without time, or without engines") {
        CHECK_FALSE(usage_between(nullptr, use(1s, {{"gfx", {.busy = 5}}})).percent);
        CHECK_FALSE(percent({}, {.busy = 5}, 0s));
        const DrmUse nothing = use(0s, {});
        CHECK_FALSE(usage_between(&nothing, use(1s, {})).percent);
    }
}
