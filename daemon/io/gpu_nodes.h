#pragma once
// Which GPU a device node is of, by its numbers and not by its name: DRM's render nodes as /sys/dev/char has
// them, NVIDIA's by their minor number in /proc/driver/nvidia/gpus. On the caller's thread; what was found is
// known for kFresh.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kpm::io {

struct DeviceNumber {
    unsigned major = 0, minor = 0;
};

// Of what a descriptor of a process, an entry of the folder /proc/PID/fd, has open; nullopt: no character
// device.
std::optional<DeviceNumber> device_of_descriptor(int folder, const char* descriptor);

class GpuNodes {
public:
    static constexpr std::chrono::seconds kFresh{10};

    // `root`: the directory in which sys and proc lie.
    explicit GpuNodes(std::string root);

    // nullopt: a node by which no GPU is used, such as /dev/null, nvidiactl and card0.
    std::optional<std::string> pci_of(DeviceNumber node);

private:
    void refresh();
    std::string find_nvidia(unsigned minor) const;

    std::string root_;
    std::chrono::steady_clock::time_point seen_{};
    std::vector<unsigned> nvidia_majors_;
    std::map<std::pair<unsigned, unsigned>, std::string> known_;  // "" = of none
};

}  // namespace kpm::io
