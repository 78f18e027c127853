#include "daemon/io/gpu_sampler.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "tests/support/gpu_tree.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPci = "0000:03:00.0";

// What the kernel would say of nodes of such names, which are not on this machine.
std::optional<DeviceNumber> device_of_name(int folder, const char* descriptor) {
    char name[64] = {};
    if (::readlinkat(folder, descriptor, name, sizeof name - 1) < 0) return std::nullopt;
    const std::map<std::string, DeviceNumber> nodes{{"/dev/null", {1, 3}},
                                                    {"/dev/dri/card0", {226, 0}},
                                                    {"/dev/dri/renderD128", {226, 128}},
                                                    {"/dev/nvidia0", {195, 0}},
                                                    {"/dev/dri/renderD129", {226, 129}},
                                                    {"/dev/dri/renderD130", {226, 130}},
                                                    {"/dev/nvidia1", {195, 1}},
                                                    {"/dev/dri/renderD131", {226, 131}},
                                                    {"/dev/nvidiactl", {195, 255}},
                                                    {"/dev/nvidia-uvm", {235, 0}}};
    const auto node = nodes.find(name);
    return node == nodes.end() ? std::nullopt : std::optional(node->second);
}

// A /proc with one process, 7.
struct Proc {
    TempDir dir;
    GpuTree tree;
    GpuSampler sampler{dir.path().string(), tree.root(), device_of_name};

    Proc() {
        fs::create_directories(dir.path() / "7/fd");
        fs::create_directories(dir.path() / "7/fdinfo");
    }
    void open(int fd, const std::string& target, int client, int vram_kib, const char* pci = kPci) const {
        const std::string name = std::to_string(fd);
        fs::remove(dir.path() / "7/fd" / name);
        fs::create_symlink(target, dir.path() / "7/fd" / name);
        std::ofstream(dir.path() / "7/fdinfo" / name)
            << "pos:\t0\ndrm-pdev:\t" << pci << "\ndrm-client-id:\t" << client << "\ndrm-memory-vram:\t"
            << vram_kib << " KiB\ndrm-engine-gfx:\t" << busy << " ns\n";
    }
    std::uint64_t busy = 0;
};

}  // namespace

TEST_CASE("gpu sampler: what a process has open of a GPU is summed", "[unit][gpu]") {
    const Proc proc;
    GpuSampler sampler = proc.sampler;
    proc.open(0, "/dev/null", 9, 1000);
    proc.open(3, "/dev/dri/renderD128", 1, 10);
    proc.open(4, "/dev/dri/renderD128", 1, 10);  // the same by dup
    proc.open(5, "/dev/dri/card0", 2, 20);
    proc.open(6, "/dev/dri/renderD129", 3, 40, "0000:41:00.0");
    proc.open(8, "/dev/driver", 4, 80);
    const auto used = sampler.sample(7, kPci);
    CHECK(used.memory == std::uint64_t{30} << 10);
    CHECK_FALSE(used.percent);
    CHECK(sampler.sample(7, kPci).percent == 0.0);
    CHECK(sampler.sample(7, "0000:41:00.0").memory == std::uint64_t{40} << 10);
}

TEST_CASE("gpu sampler: nothing is known of other processes and other GPUs", "[unit][gpu]") {
    const Proc proc;
    GpuSampler sampler = proc.sampler;
    proc.open(3, "/dev/dri/renderD128", 1, 10);
    CHECK(sampler.sample(7, "0000:99:00.0") == core::GpuUsage{});
    CHECK(sampler.sample(8, kPci) == core::GpuUsage{});
    GpuSampler real;
    CHECK(real.sample(::getpid(), kPci) == core::GpuUsage{});
}

TEST_CASE("gpu sampler: a pid that is another's begins anew", "[unit][gpu]") {
    Proc proc;
    proc.open(3, "/dev/dri/renderD128", 1, 10);
    proc.sampler.sample(7, kPci);
    proc.sampler.forget(7);
    CHECK_FALSE(proc.sampler.sample(7, kPci).percent);
    proc.busy = std::uint64_t{1} << 62;
    proc.open(3, "/dev/dri/renderD128", 1, 10);
    CHECK(proc.sampler.sample(7, kPci).percent == 100.0);
    fs::remove(proc.dir.path() / "7/fd/3");
    CHECK(proc.sampler.sample(7, kPci) == core::GpuUsage{});
}

TEST_CASE("gpu sampler: the GPUs that a process has open are known by their nodes' numbers", "[unit][gpu]") {
    using Addresses = std::vector<std::string>;
    Proc proc;
    proc.tree.add_four();
    proc.tree.write("proc/devices", "Character devices:\n  1 mem\n195 nvidia-frontend\n226 drm\n");
    const auto node = [&](int minor, const std::string& pci) {
        proc.tree.write("sys/dev/char/226:" + std::to_string(minor) + "/device/uevent",
                        "DRIVER=x\nPCI_SLOT_NAME=" + pci + "\n");
    };
    node(0, "0000:00:02.0");
    node(128, "0000:00:02.0");
    node(129, "0000:03:00.0");
    node(130, "0000:41:00.0");
    const auto open = [&](int fd, const char* name) { proc.open(fd, name, fd, 10, "0000:03:00.0"); };
    open(0, "/dev/null");
    open(1, "/dev/dri/renderD129");
    open(2, "/dev/dri/card0");
    open(3, "/dev/dri/renderD131");  // the kernel does not tell whose it is
    open(4, "/dev/nvidiactl");
    open(5, "/dev/nvidia-uvm");
    open(6, "/tmp/nvidia0");
    CHECK(proc.sampler.sample(7, "0000:03:00.0").others.empty());
    CHECK(proc.sampler.sample(7, "0000:41:00.0").others == Addresses{"0000:03:00.0"});
    open(8, "/dev/nvidia1");
    open(9, "/dev/nvidia0");
    open(10, "/dev/dri/renderD130");  // the same GPU as nvidia0
    open(11, "/dev/dri/renderD128");
    const auto used = proc.sampler.sample(7, "0000:03:00.0");
    CHECK(used.others == Addresses{"0000:00:02.0", "0000:41:00.0", "0000:c1:00.0"});
    CHECK(used.memory);
    CHECK(proc.sampler.sample(7, "0000:41:00.0").others ==
          Addresses{"0000:00:02.0", "0000:03:00.0", "0000:c1:00.0"});
    CHECK(proc.sampler.sample(8, "0000:41:00.0").others.empty());
}

TEST_CASE("gpu sampler: of a real process's descriptors the kernel tells the devices", "[unit][gpu]") {
    const GpuTree tree;
    tree.add_nvidia("0000:41:00.0", "stands for /dev/zero", "", "", 5);
    tree.add_nvidia("0000:c1:00.0", "stands for /dev/full", "", "", 7);
    tree.write("proc/devices", "Character devices:\n  1 nvidia\n");
    GpuSampler sampler("/proc", tree.root());
    CHECK(sampler.sample(::getpid(), "0000:99:00.0").others.empty());
    const UniqueFd zero(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
    const UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    CHECK(sampler.sample(::getpid(), "0000:99:00.0").others ==
          std::vector<std::string>{"0000:41:00.0", "0000:c1:00.0"});
    CHECK(sampler.sample(::getpid(), "0000:41:00.0").others == std::vector<std::string>{"0000:c1:00.0"});
}
