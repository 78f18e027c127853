#include "daemon/core/gpu_placement.h"

#include <catch2/catch.hpp>

using namespace kpm;
using namespace kpm::core;
using Kind = GpuPlacement::Kind;

namespace {

const std::string kUuid = "5e2bd8c5-0f3a-4b1c-9d7e-001122334455";

// Three GPUs, and the app of the test.
struct World {
    GpuInventory inventory{
        .devices = {{.pci = "0000:03:00.0",
                     .render_node = "/dev/dri/renderD128",
                     .vendor = "amd",
                     .driver = "amdgpu",
                     .name = "amd 1002:73bf"},
                    {.pci = "0000:41:00.0",
                     .uuid = kUuid,
                     .vendor = "nvidia",
                     .driver = "nvidia",
                     .name = "NVIDIA A40"},
                    {.pci = "0000:c1:00.0", .vendor = "nvidia", .driver = "nvidia", .name = "NVIDIA A40"}},
        .nvidia_egl = "/egl/nvidia.json",
        .mesa_egl = "/egl/mesa.json"};
    std::map<std::string, unsigned, std::less<>> workers;
    std::set<std::string, std::less<>> unhealthy;
    SlotGpu slot;
    ecosystem::AppConfig config;

    explicit World(std::string gpu) { config.gpu = std::move(gpu); }

    Result<GpuPlacement> place(bool was_placed = false) {
        const std::function<GpuHealth(std::string_view)> health = [this](std::string_view pci) {
            return unhealthy.contains(pci) ? GpuHealth::Unhealthy : GpuHealth::Healthy;
        };
        return core::place(config, {inventory, workers, health}, was_placed ? &slot : nullptr);
    }
    // Where the next worker goes, which from then on counts.
    std::string next() {
        const auto placed = place();
        if (!placed) return placed.error().message;
        if (placed->kind == Kind::Gpu) ++workers[placed->pci];
        return placed->pci;
    }
    std::string error() {
        const auto placed = place(true);
        return placed ? "" : placed.error().message;
    }
};

}  // namespace

TEST_CASE("gpu placement: spread takes the GPU with the fewest workers, the lowest address first",
          "[unit][gpu]") {
    World world("auto");
    for (const char* pci : {"0000:03:00.0", "0000:41:00.0", "0000:c1:00.0", "0000:03:00.0"})
        CHECK(world.next() == pci);
    world.workers["0000:41:00.0"] = 0;
    CHECK(world.next() == "0000:41:00.0");
}

TEST_CASE("gpu placement: of GPUs with as many workers the one with more free memory is taken",
          "[unit][gpu]") {
    World world("auto");
    world.inventory.devices[0].free_memory = 1000;
    world.inventory.devices[2].free_memory = 2000;
    CHECK(world.next() == "0000:c1:00.0");
    CHECK(world.next() == "0000:03:00.0");
    CHECK(world.next() == "0000:41:00.0");
}

TEST_CASE("gpu placement: pack fills one GPU before the next", "[unit][gpu]") {
    World world("auto");
    world.config.gpu_policy = "pack";
    world.config.max_workers_per_gpu = 2;
    for (const char* pci : {"0000:03:00.0", "0000:03:00.0", "0000:41:00.0", "0000:41:00.0", "0000:c1:00.0",
                            "0000:c1:00.0", ""})  // the CPU
        CHECK(world.next() == pci);
    world.workers["0000:41:00.0"] = 1;
    world.workers["0000:c1:00.0"] = 0;
    CHECK(world.next() == "0000:41:00.0");
}

TEST_CASE("gpu placement: an app gets only what it selects", "[unit][gpu]") {
    CHECK(World("vendor:nvidia").next() == "0000:41:00.0");
    CHECK(World("vendor:amd").next() == "0000:03:00.0");
    CHECK(World("C1:00.0").next() == "0000:c1:00.0");
    CHECK(World("GPU-" + kUuid).next() == "0000:41:00.0");
    CHECK(World("renderD128").next() == "0000:03:00.0");
    CHECK(World("vendor:intel").next() == "no GPU matches 'vendor:intel'");
    CHECK(World("42:00.0").next() == "no GPU matches '42:00.0'");
    CHECK(World("renderD12").next() == "no GPU matches 'renderD12'");
    CHECK(World("none").place()->kind == Kind::Cpu);
    CHECK(World("software").place()->kind == Kind::Software);
}

TEST_CASE("gpu placement: a worker stays where it was while that may be", "[unit][gpu]") {
    World world("vendor:nvidia");
    world.slot.placement = {.kind = Kind::Gpu, .pci = "0000:c1:00.0"};
    world.workers["0000:c1:00.0"] = 5;
    CHECK(world.place(true)->pci == "0000:c1:00.0");
    SECTION("not on an unhealthy one") {
        world.unhealthy.insert("0000:c1:00.0");
    }
    SECTION("not where the app has refused to work") {
        world.slot.refused.insert("0000:c1:00.0");
    }
    SECTION("not on one that is gone") {
        world.inventory.devices.pop_back();
    }
    SECTION("not on one that the app does not select any more") {
        world.config.gpu = "41:00.0";
    }
    SECTION("not where others have taken the room meanwhile") {
        world.config.max_workers_per_gpu = 5;
    }
    CHECK(world.place(true)->pci == "0000:41:00.0");
}

TEST_CASE("gpu placement: without a usable GPU auto takes the CPU, another selection fails with the reasons",
          "[unit][gpu]") {
    World world("vendor:nvidia");
    world.unhealthy.insert("0000:41:00.0");
    world.slot.refused.insert("0000:c1:00.0");
    CHECK(
        world.error() ==
        "no GPU matches 'vendor:nvidia': 0000:41:00.0 is unhealthy, its workers lost it again and again; the "
        "app cannot use 0000:c1:00.0 (it exited with code 69)");
    world.config.gpu = "03:00.0";
    world.config.max_workers_per_gpu = 1;
    world.workers["0000:03:00.0"] = 1;
    CHECK(world.error() == "no GPU matches '03:00.0': 0000:03:00.0 has 1 worker (max_workers_per_gpu)");
    world.config.gpu = "auto";
    CHECK(world.place(true)->kind == Kind::Cpu);
    world.config.gpu = "software";
    world.slot.refused.insert(std::string(kSoftwareRenderer));
    CHECK(world.error() == "the app cannot use the software renderer (it exited with code 69)");
    world.inventory.devices.clear();
    world.config.gpu = "auto";
    CHECK(world.place()->kind == Kind::Cpu);
}

TEST_CASE("gpu placement: the worker is told by variables, its own win", "[unit][gpu]") {
    using ecosystem::Environment;
    const auto told = [](World world, Environment env = {}) {
        set_gpu_variables(env, *world.place());
        return env;
    };
    CHECK(told(World("vendor:nvidia")) ==
          Environment{{"RW_GPU", "pci:0000:41:00.0"},
                      {"CUDA_VISIBLE_DEVICES", "GPU-" + kUuid},
                      {"__EGL_VENDOR_LIBRARY_FILENAMES", "/egl/nvidia.json"}});
    CHECK(told(World("c1:00.0")) == Environment{{"RW_GPU", "pci:0000:c1:00.0"},
                                                {"__EGL_VENDOR_LIBRARY_FILENAMES", "/egl/nvidia.json"}});
    CHECK(told(World("vendor:amd")) ==
          Environment{{"RW_GPU", "pci:0000:03:00.0"}, {"__EGL_VENDOR_LIBRARY_FILENAMES", "/egl/mesa.json"}});
    CHECK(told(World("software")) == Environment{{"RW_GPU", "software"},
                                                 {"LP_NUM_THREADS", "1"},
                                                 {"__EGL_VENDOR_LIBRARY_FILENAMES", "/egl/mesa.json"}});
    CHECK(told(World("none")) == Environment{{"RW_GPU", "off"}});
    const Environment own{{"RW_GPU", "off"},
                          {"CUDA_VISIBLE_DEVICES", ""},
                          {"__EGL_VENDOR_LIBRARY_FILENAMES", "/mine"},
                          {"LP_NUM_THREADS", "4"}};
    CHECK(told(World("vendor:nvidia"), own) == own);
    CHECK(told(World("software"), own) == own);
    World bare("vendor:nvidia");
    bare.inventory.nvidia_egl.clear();
    bare.inventory.devices[1].uuid.clear();
    CHECK(told(bare) == Environment{{"RW_GPU", "pci:0000:41:00.0"}});
}

TEST_CASE("gpu placement: NVIDIA's GPU under a driver of Mesa's gets Mesa", "[unit][gpu]") {
    World world("41:00.0");
    world.inventory.devices[1].driver = "nouveau";
    CHECK(world.place()->egl_file == "/egl/mesa.json");
}

TEST_CASE("gpu placement: clients see the kind and which GPU", "[unit][gpu]") {
    CHECK(gpu_state(*World("41:00.0").place()) ==
          Json{{"kind", "gpu"}, {"pci", "0000:41:00.0"}, {"uuid", "GPU-" + kUuid}, {"name", "NVIDIA A40"}});
    CHECK(gpu_state(*World("c1:00.0").place())["uuid"].is_null());
    CHECK(gpu_state(*World("none").place()) == Json{{"kind", "cpu"}});
    CHECK(gpu_state(*World("software").place()) == Json{{"kind", "software"}});
}
