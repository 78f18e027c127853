#pragma once
// The GPUs of the machine, as the kernel and NVIDIA's driver tell of them in /sys and /proc: no library of a
// vendor is asked, and none is loaded. Pure; io/gpu_scan.h reads the files. What they say is taken for what
// it is only after a check: a text that is no PCI address, UUID or number is left out.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kpm::core {

// How it is now.
struct GpuReadings {
    std::optional<std::uint64_t> memory_total, memory_used;  // bytes, of its own
    std::optional<unsigned> percent;                         // of the time in which something ran on it
    std::optional<unsigned> temperature;                     // degrees Celsius
    std::optional<double> power;                             // watts
    std::optional<bool> mig;                                 // whether it is cut into slices (MIG)

    bool operator==(const GpuReadings&) const = default;
};

// Members are empty where the system does not tell.
struct GpuDevice {
    std::string pci;          // "0000:41:00.0"; never empty, no two have the same
    std::string uuid;         // "5e2bd8c5-…"; NVIDIA's only
    std::string render_node;  // "/dev/dri/renderD128"
    std::string vendor;       // nvidia, amd, intel; else the PCI id, "0x1af4"
    std::string driver;       // of the kernel: nvidia, amdgpu, i915, xe
    std::string name;         // "NVIDIA H100 80GB HBM3"; "amd 1002:73bf" where nothing better is known
    std::optional<std::uint64_t> free_memory;  // bytes; amdgpu's only
    GpuReadings readings;                      // memory: amdgpu's; all of it: NVIDIA's (gpu_monitor_line.h)

    bool operator==(const GpuDevice&) const = default;
};

struct GpuInventory {
    std::vector<GpuDevice> devices;  // by PCI address
    // Which driver EGL (libglvnd) loads: files in which NVIDIA's and Mesa's are named, "" = not installed.
    std::string nvidia_egl, mesa_egl;

    const GpuDevice* find(std::string_view pci) const;
};

// The texts of <root>/sys/class/drm/<node>/device/, "" where there is no such file.
struct DrmTexts {
    std::string node;  // "renderD128"
    std::string vendor, device, uevent;
    std::string memory_total, memory_used;  // mem_info_vram_total and mem_info_vram_used, amdgpu's
};

// nullopt: no GPU on a PCI bus.
std::optional<GpuDevice> read_drm_device(const DrmTexts& texts);
// Of /proc/driver/nvidia/gpus/<pci>/information. nullopt: `pci` is no address, or the driver leaves this GPU
// out.
std::optional<GpuDevice> read_nvidia_device(std::string_view pci, std::string_view information);

// For the nodes under /dev by which a process uses a GPU. The numbers of NVIDIA's character devices, of
// /proc/devices; minor N of them is the GPU with that one in its `information`.
std::vector<unsigned> nvidia_majors(std::string_view devices);
std::optional<unsigned> nvidia_minor(std::string_view information);
// Of the file `uevent` of a device; nullopt: it is not on a PCI bus.
std::optional<std::string> pci_of_uevent(std::string_view uevent);

// What two sources tell of one GPU is put together; the one that was added first wins.
void add_device(GpuInventory& inventory, GpuDevice device);

}  // namespace kpm::core
