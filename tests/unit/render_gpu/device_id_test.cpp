#include "render-worker/gpu/device_id.h"

#include <stdlib.h>

#include <array>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

using namespace kpm::render;
namespace fs = std::filesystem;
using Kind = DeviceSelector::Kind;

namespace {

// A directory that plays the part of "/".
class FakeRoot {
public:
    FakeRoot() {
        std::string pattern = (fs::temp_directory_path() / "kpm-gpu-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()));
        path_ = pattern;
    }
    ~FakeRoot() { fs::remove_all(path_); }
    const fs::path& path() const { return path_; }

    void add_render_node(const std::string& node, const std::string& device_directory) const {
        fs::create_directories(path_ / "sys/devices" / device_directory);
        fs::create_directories(path_ / "sys/class/drm" / node);
        fs::create_symlink(path_ / "sys/devices" / device_directory,
                           path_ / "sys/class/drm" / node / "device");
    }
    void add_nvidia(const std::string& pci, const std::string& information) const {
        fs::create_directories(path_ / "proc/driver/nvidia/gpus" / pci);
        std::ofstream(path_ / "proc/driver/nvidia/gpus" / pci / "information") << information;
    }

private:
    fs::path path_;
};

}  // namespace

TEST_CASE("the PCI address of a render node is read from sysfs", "[unit][render_gpu]") {
    const FakeRoot root;
    root.add_render_node("renderD128", "pci0000:40/0000:41:00.0");
    root.add_render_node("renderD129", "platform/gpu");
    CHECK(pci_of_render_node(root.path(), "/dev/dri/renderD128") == "0000:41:00.0");
    CHECK(pci_of_render_node(root.path(), "/dev/dri/renderD129").empty());
    CHECK(pci_of_render_node(root.path(), "/dev/dri/renderD130").empty());
}

TEST_CASE("the PCI address of an NVIDIA GPU is found by its UUID", "[unit][render_gpu]") {
    const FakeRoot root;
    root.add_nvidia("0000:c1:00.0",
                    "Model: \t\t NVIDIA A40\nGPU UUID: \t GPU-11111111-2222-3333-4444-555555555555\n");
    root.add_nvidia("0000:c2:00.0",
                    "Model: \t\t NVIDIA A40\nGPU UUID: \t GPU-aaaaaaaa-2222-3333-4444-555555555555\n");
    CHECK(pci_of_nvidia_uuid(root.path(), "aaaaaaaa-2222-3333-4444-555555555555") == "0000:c2:00.0");
    CHECK(pci_of_nvidia_uuid(root.path(), "bbbbbbbb-2222-3333-4444-555555555555").empty());
    CHECK(pci_of_nvidia_uuid(root.path() / "absent", "aaaaaaaa-2222-3333-4444-555555555555").empty());
}

TEST_CASE("the bytes of a UUID are printed with dashes", "[unit][render_gpu]") {
    const std::array<unsigned char, 16> bytes = {0x5e, 0x2b, 0xd8, 0xc5, 0x0f, 0x3a, 0x4b, 0x1c,
                                                 0x9d, 0x7e, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55};
    CHECK(uuid_text(bytes) == "5e2bd8c5-0f3a-4b1c-9d7e-001122334455");
}

TEST_CASE("extensions are compared as whole words", "[unit][render_gpu]") {
    const char* list = "EGL_EXT_device_drm_render_node EGL_MESA_device_software";
    CHECK(has_extension(list, "EGL_EXT_device_drm_render_node"));
    CHECK(has_extension(list, "EGL_MESA_device_software"));
    CHECK_FALSE(has_extension(list, "EGL_EXT_device_drm"));
    CHECK_FALSE(has_extension(nullptr, "EGL_EXT_device_drm"));
}

TEST_CASE("a selector matches a device by the name it gives", "[unit][render_gpu]") {
    const DeviceId real{"0000:41:00.0", "5e2bd8c5-0f3a-4b1c-9d7e-001122334455", "/dev/dri/renderD128", false};
    const DeviceId software{"", "", "", true};
    CHECK(matches({Kind::Auto, ""}, real));
    CHECK_FALSE(matches({Kind::Auto, ""}, software));
    CHECK_FALSE(matches({Kind::Software, ""}, real));
    CHECK(matches({Kind::Software, ""}, software));
    CHECK_FALSE(matches({Kind::Cpu, ""}, real));
    CHECK(matches({Kind::Pci, "0000:41:00.0"}, real));
    CHECK_FALSE(matches({Kind::Pci, "0000:42:00.0"}, real));
    CHECK_FALSE(matches({Kind::Pci, "0000:42:00.0"}, software));
    CHECK(matches({Kind::Uuid, "5e2bd8c5-0f3a-4b1c-9d7e-001122334455"}, real));
    CHECK_FALSE(matches({Kind::Uuid, "5e2bd8c5-0f3a-4b1c-9d7e-001122334456"}, real));
    CHECK(matches({Kind::RenderNode, "/dev/dri/renderD128"}, real));
    CHECK_FALSE(matches({Kind::RenderNode, "/dev/dri/renderD129"}, real));
}
