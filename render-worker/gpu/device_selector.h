#pragma once
// Which GPU a worker is to use, as the supervisor names it in RW_GPU or --gpu. Never an index: EGL, CUDA and
// DRM count the devices of a machine in different orders.
//   auto                        the first real GPU; no software renderer
//   software                    Mesa's software renderer, for tests
//   cpu, off, none              no GL at all
//   pci:0000:41:00.0            PCI address; "pci:" and the domain 0000 may be left out
//   uuid:…, GPU-…, plain UUID   device UUID, 32 hexadecimal digits with or without dashes
//   /dev/dri/renderD128         DRM render node; the directory may be left out

#include <string>
#include <string_view>

#include "ipc/base/result.h"

namespace kpm::render {

struct DeviceSelector {
    enum class Kind { Auto, Software, Cpu, Pci, Uuid, RenderNode };

    Kind kind = Kind::Auto;
    // Normal form of the address: lower case, domain and directory present, UUID as 8-4-4-4-12. Empty for
    // other kinds.
    std::string value;

    static Result<DeviceSelector> parse(std::string_view text);

    bool wants_gpu() const { return kind != Kind::Cpu; }
    // The text that parses to this selector.
    std::string text() const;
    bool operator==(const DeviceSelector&) const = default;
};

}  // namespace kpm::render
