#include "daemon/core/gpu_device.h"

#include <catch2/catch.hpp>

using namespace kpm::core;

namespace {

DrmTexts amd() {
    return {.node = "renderD128",
            .vendor = "0x1002\n",
            .device = "0x73bf\n",
            .uevent = "DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n"};
}

}  // namespace

TEST_CASE("gpu device: what the kernel does not say is left out", "[unit][gpu]") {
    const auto device = read_drm_device(amd());
    REQUIRE(device);
    CHECK(device->vendor == "amd");
    CHECK_FALSE(device->free_memory);
    DrmTexts texts = amd();
    texts.vendor = "0x1af4\n";
    texts.uevent = "PCI_SLOT_NAME=0000:03:00.0";  // without a driver, without an end
    const auto other = read_drm_device(texts);
    REQUIRE(other);
    CHECK(other->vendor == "0x1af4");
    CHECK(other->driver.empty());
}

TEST_CASE("gpu device: a text that is no number or address makes no device", "[unit][gpu]") {
    for (const char* text : {"", "0x", "1002x", "-1", "0x10020", "0x1002 0x1002", "99999999999999999999"}) {
        INFO(text);
        DrmTexts texts = amd();
        texts.vendor = text;
        CHECK_FALSE(read_drm_device(texts));
        texts = amd();
        texts.device = text;
        CHECK_FALSE(read_drm_device(texts));
    }
    for (const char* text : {"", "DRIVER=vkms\n", "PCI_SLOT_NAME=\n", "XPCI_SLOT_NAME=0000:03:00.0",
                             "PCI_SLOT_NAME:0000:03:00.0"}) {
        INFO(text);
        DrmTexts texts = amd();
        texts.uevent = text;
        CHECK_FALSE(read_drm_device(texts));
    }
}

TEST_CASE("gpu device: memory figures that cannot be are none", "[unit][gpu]") {
    DrmTexts texts = amd();
    texts.memory_total = "100\n";
    for (const char* used : {"", "101", "-1", "x"}) {
        texts.memory_used = used;
        CHECK_FALSE(read_drm_device(texts)->free_memory);
    }
    texts.memory_used = "100";
    CHECK(read_drm_device(texts)->free_memory == 0);
}

TEST_CASE("gpu device: names cannot steer a terminal or fill it", "[unit][gpu]") {
    const auto device = read_nvidia_device("0000:41:00.0", "Model: \t \x1b[31mA40\xff\t!\nModel: B\n");
    REQUIRE(device);
    CHECK(device->name == "[31mA40!");
    CHECK(read_nvidia_device("0000:41:00.0", "Model:" + std::string(100'000, 'x'))->name.size() < 100);
    DrmTexts texts = amd();
    texts.uevent += "X=\nDRIVER=\x07";
    CHECK(read_drm_device(texts)->driver == "amdgpu");
}

TEST_CASE("gpu device: two sources are put together, the first wins", "[unit][gpu]") {
    GpuInventory inventory;
    add_device(inventory, {.pci = "0000:41:00.0", .uuid = "u", .vendor = "nvidia", .name = "A40"});
    add_device(inventory, {.pci = "0000:03:00.0", .name = "first by address"});
    add_device(inventory, {.pci = "0000:41:00.0", .render_node = "n", .name = "other", .free_memory = 5});
    REQUIRE(inventory.devices.size() == 2);
    CHECK(inventory.devices[0].pci == "0000:03:00.0");
    REQUIRE(inventory.find("0000:41:00.0"));
    CHECK(*inventory.find("0000:41:00.0") == GpuDevice{.pci = "0000:41:00.0",
                                                       .uuid = "u",
                                                       .render_node = "n",
                                                       .vendor = "nvidia",
                                                       .name = "A40",
                                                       .free_memory = 5});
    CHECK(inventory.find("0000:42:00.0") == nullptr);
}

TEST_CASE("gpu device: NVIDIA's device nodes are known by the kernel's lists", "[unit][gpu]") {
    const char* devices =
        "Character devices:\n  1 mem\n195 nvidia\n195 nvidiactl\n226 drm\n235 nvidia-uvm\n 99 "
        "nvidia-frontend\n"
        "x nvidia\n-1 nvidia\nnvidia\n\nBlock devices:\n  7 nvidia\n";
    CHECK(nvidia_majors(devices) == std::vector<unsigned>{195, 99});
    CHECK(nvidia_majors("").empty());
    CHECK(nvidia_minor("Model: \t A40\nDevice Minor: \t 3\nGPU Excluded:\t No\n") == 3);
    for (const char* none :
         {"", "Model: A40\n", "Device Minor: \t \n", "Device Minor: -1\n", "Device Minor: 1x\n"})
        CHECK_FALSE(nvidia_minor(none));
    CHECK(pci_of_uevent("DRIVER=amdgpu\nPCI_SLOT_NAME=0000:03:00.0\n") == "0000:03:00.0");
    CHECK_FALSE(pci_of_uevent("DRIVER=vgem\n"));
    CHECK_FALSE(pci_of_uevent("PCI_SLOT_NAME=../../etc\n"));
}
