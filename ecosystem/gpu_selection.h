#pragma once
// Which GPUs the attribute `gpu` of an app means. Never an index: EGL, CUDA and the kernel count the devices
// of a machine in different orders. Pure.
//   auto                        any; none there: the CPU
//   none, cpu, off              the CPU
//   software                    Mesa's software renderer
//   0000:41:00.0, pci:41:00.0   the one at this PCI address
//   GPU-…, uuid:…, plain UUID   the one with this UUID
//   /dev/dri/renderD128         the one with this DRM render node; the directory may be left out
//   vendor:nvidia               any of this vendor: nvidia, amd, intel

#include <optional>
#include <string>
#include <string_view>

namespace kpm::ecosystem {

struct GpuSelection {
    enum class Kind { Cpu, Software, Auto, Pci, Uuid, RenderNode, Vendor };

    Kind kind = Kind::Auto;
    std::string value;  // normal form of the address (ipc/base/gpu_address.h) or the name; else ""

    // nullopt: it is none.
    static std::optional<GpuSelection> parse(std::string_view text);
    bool operator==(const GpuSelection&) const = default;
};

}  // namespace kpm::ecosystem
