#include "daemon/io/gpu_scan.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support/gpu_tree.h"

using namespace kpm;
using namespace kpm::io;

TEST_CASE("gpu scan: the kernel's words and NVIDIA's are of the same GPUs", "[unit][gpu]") {
    const GpuTree tree;
    tree.add_four();
    const auto inventory = scan_gpus(tree.root());
    REQUIRE(inventory.devices.size() == 4);
    CHECK(inventory.devices[0] == core::GpuDevice{.pci = "0000:00:02.0",
                                                  .render_node = "/dev/dri/renderD128",
                                                  .vendor = "intel",
                                                  .driver = "i915",
                                                  .name = "intel 8086:46a6"});
    CHECK(inventory.devices[1] ==
          core::GpuDevice{.pci = "0000:03:00.0",
                          .render_node = "/dev/dri/renderD129",
                          .vendor = "amd",
                          .driver = "amdgpu",
                          .name = "amd 1002:73bf",
                          .free_memory = 17163091968 - 1073741824,
                          .readings = {.memory_total = 17163091968, .memory_used = 1073741824}});
    CHECK(inventory.devices[2] == core::GpuDevice{.pci = "0000:41:00.0",
                                                  .uuid = "5e2bd8c5-0f3a-4b1c-9d7e-001122334455",
                                                  .render_node = "/dev/dri/renderD130",
                                                  .vendor = "nvidia",
                                                  .driver = "nvidia",
                                                  .name = "NVIDIA H100 80GB HBM3"});
    CHECK(inventory.devices[3] == core::GpuDevice{.pci = "0000:c1:00.0",
                                                  .uuid = "aaaaaaaa-2222-3333-4444-555555555555",
                                                  .vendor = "nvidia",
                                                  .driver = "nvidia",
                                                  .name = "NVIDIA A40"});
}

TEST_CASE("gpu scan: a machine without GPUs, or without /sys, has none", "[unit][gpu]") {
    const GpuTree tree;
    CHECK(scan_gpus(tree.root()).devices.empty());
    CHECK(scan_gpus(tree.root() + "/absent").devices.empty());
    tree.write("sys/class/drm/version", "drm 1.1.0 20060810\n");
    CHECK(scan_gpus(tree.root()).devices.empty());
}

TEST_CASE("gpu scan: of several nodes of one GPU the first counts", "[unit][gpu]") {
    const GpuTree tree;
    tree.add_drm("renderD1000", "0000:03:00.0", "1002:74a1", "amdgpu");
    tree.add_drm("renderD128", "0000:03:00.0", "1002:74a1", "amdgpu");
    const auto inventory = scan_gpus(tree.root());
    REQUIRE(inventory.devices.size() == 1);
    CHECK(inventory.devices[0].render_node == "/dev/dri/renderD128");
}

TEST_CASE("gpu scan: files in which EGL's drivers are named are found where libglvnd looks", "[unit][gpu]") {
    const GpuTree tree;
    CHECK(scan_gpus(tree.root()).nvidia_egl.empty());
    CHECK(scan_gpus(tree.root()).mesa_egl.empty());
    tree.write("usr/share/glvnd/egl_vendor.d/10_nvidia.json", "{}");
    tree.write("usr/share/glvnd/egl_vendor.d/50_mesa.json", "{}");
    CHECK(scan_gpus(tree.root()).nvidia_egl == "/usr/share/glvnd/egl_vendor.d/10_nvidia.json");
    CHECK(scan_gpus(tree.root()).mesa_egl == "/usr/share/glvnd/egl_vendor.d/50_mesa.json");
    tree.write("etc/glvnd/egl_vendor.d/10_nvidia.json", "{}");
    CHECK(scan_gpus(tree.root()).nvidia_egl == "/etc/glvnd/egl_vendor.d/10_nvidia.json");
}

TEST_CASE("gpu scan: broken and hostile files make neither a GPU nor a wait", "[unit][gpu]") {
    const GpuTree tree;
    SECTION("a FIFO that nobody writes to") {
        tree.add_drm("renderD128", "0000:03:00.0", "1002:73bf", "amdgpu");
        tree.remove("sys/class/drm/renderD128/device/vendor");
        REQUIRE(::mkfifo((tree.root() + "/sys/class/drm/renderD128/device/vendor").c_str(), 0600) == 0);
    }
    SECTION("nodes with other names") {
        for (const char* node : {"renderD", "renderDX", "render128", "renderD12 8", "renderD1234567890123"})
            tree.add_drm(node, "0000:03:00.0", "1002:73bf", "amdgpu");
    }
    SECTION("a device that is a file, a link to itself, a node without files") {
        tree.write("sys/class/drm/renderD128/device", "x");
        std::filesystem::create_directories(tree.root() + "/sys/class/drm/renderD129");
        std::filesystem::create_symlink("device", tree.root() + "/sys/class/drm/renderD129/device");
        std::filesystem::create_directories(tree.root() + "/sys/class/drm/renderD130/device");
    }
    SECTION("an address that leads elsewhere") {
        tree.add_drm("renderD128", "../../etc", "1002:73bf", "amdgpu");
        tree.add_nvidia("0000:41:00.9", "NVIDIA A40", "GPU-aaaaaaaa-2222-3333-4444-555555555555");
    }
    SECTION("megabytes") {
        tree.add_drm("renderD128", "0000:03:00.0", "1002:73bf", "amdgpu");
        tree.write("sys/class/drm/renderD128/device/uevent",
                   std::string(2 << 20, 'x') + "\nPCI_SLOT_NAME=0000:03:00.0\n");
    }
    CHECK(scan_gpus(tree.root()).devices.empty());
}

TEST_CASE("gpu scan: a driver that does not tell all of a GPU tells of it", "[unit][gpu]") {
    const GpuTree tree;
    tree.add_nvidia("0000:41:00.0", "Unknown",
                    "GPU-\?\?\?\?\?\?\?\?-\?\?\?\?-\?\?\?\?-\?\?\?\?-\?\?\?\?\?\?\?\?\?\?\?\?");
    tree.write("proc/driver/nvidia/gpus/0000:42:00.0/information", "");
    tree.add_nvidia("0000:43:00.0", "NVIDIA A40", "GPU-aaaaaaaa-2222-3333-4444-555555555555",
                    "GPU Excluded:\t Yes\n");
    const auto inventory = scan_gpus(tree.root());
    REQUIRE(inventory.devices.size() == 2);
    CHECK(inventory.devices[0].uuid.empty());
    CHECK(inventory.devices[0].name == "Unknown");
    CHECK(inventory.devices[1].name == "nvidia");
}
