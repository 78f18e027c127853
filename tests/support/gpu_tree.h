#pragma once
// A root directory with the files by which the kernel and NVIDIA's driver tell of GPUs.

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temp_dir.h"

namespace kpm {

class GpuTree {
public:
    std::string root() const { return dir_.path().string(); }

    void write(const std::string& path, const std::string& text) const {
        const auto file = dir_.path() / path;
        std::filesystem::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    void remove(const std::string& path) const { std::filesystem::remove_all(dir_.path() / path); }

    // As /sys/class/drm/renderD*/device/ has it; `ids` "8086:46a6".
    void add_drm(const std::string& node, const std::string& pci, const std::string& ids,
                 const std::string& driver) const {
        const std::string folder = "sys/class/drm/" + node + "/device/";
        write(folder + "vendor", "0x" + ids.substr(0, 4) + "\n");
        write(folder + "device", "0x" + ids.substr(5) + "\n");
        write(folder + "uevent", "DRIVER=" + driver + "\nPCI_CLASS=30000\nPCI_ID=" + ids +
                                     "\nPCI_SLOT_NAME=" + pci + "\nMODALIAS=pci:v0\n");
    }
    // As /proc/driver/nvidia/gpus/PCI/information; its node is /dev/nvidia<minor>.
    void add_nvidia(const std::string& pci, const std::string& model, const std::string& uuid,
                    const std::string& more = "GPU Excluded:\t No\n", int minor = 0) const {
        write("proc/driver/nvidia/gpus/" + pci + "/information",
              "Model: \t\t " + model + "\nIRQ:   \t\t 120\nGPU UUID: \t " + uuid +
                  "\nVideo BIOS: \t ??.??.??.??.??\nBus Type: \t PCIe\nBus Location: \t " + pci +
                  "\nDevice Minor: \t " + std::to_string(minor) + "\n" + more);
    }
    // One of Intel, one of AMD with memory figures, two of NVIDIA, one of them without a DRM node.
    void add_four() const {
        add_drm("renderD128", "0000:00:02.0", "8086:46a6", "i915");
        add_drm("renderD129", "0000:03:00.0", "1002:73bf", "amdgpu");
        write("sys/class/drm/renderD129/device/mem_info_vram_total", "17163091968\n");
        write("sys/class/drm/renderD129/device/mem_info_vram_used", "1073741824\n");
        add_drm("renderD130", "0000:41:00.0", "10de:2330", "nvidia");
        add_nvidia("0000:41:00.0", "NVIDIA H100 80GB HBM3", "GPU-5e2bd8c5-0f3a-4b1c-9d7e-001122334455");
        add_nvidia("0000:C1:00.0", "NVIDIA A40", "GPU-aaaaaaaa-2222-3333-4444-555555555555",
                   "GPU Excluded:\t No\n", 1);
        write("sys/class/drm/card0/device/vendor", "0x8086\n");  // another kind of node of the first
        write("sys/class/drm/version", "drm 1.1.0 20060810\n");
    }

private:
    TempDir dir_;
};

}  // namespace kpm
