#include "daemon/io/gpu_sampler.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPci = "0000:03:00.0";

// A /proc with one process, 7.
struct Proc {
    TempDir dir;
    GpuSampler sampler{dir.path().string()};

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
