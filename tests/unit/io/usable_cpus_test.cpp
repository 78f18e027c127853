#include "daemon/io/usable_cpus.h"

#include <sched.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

using namespace kpm;
namespace fs = std::filesystem;

namespace {

// A machine's files of control groups.
struct Groups {
    TempDir folder;

    void write(const std::string& name, const std::string& text) const {
        const fs::path path = folder.path() / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    unsigned cpus() const {
        return io::usable_cpus((folder.path() / "group").string(), (folder.path() / "fs").string());
    }
};

unsigned by_affinity() {
    cpu_set_t set;
    REQUIRE(::sched_getaffinity(0, sizeof set, &set) == 0);
    return static_cast<unsigned>(CPU_COUNT(&set));
}

}  // namespace

TEST_CASE("usable cpus: those of the affinity mask when nothing limits them", "[unit][io]") {
    const Groups groups;
    CHECK(groups.cpus() == by_affinity());
    groups.write("group", "0::/\n");
    groups.write("fs/cpu.max", "max 100000\n");
    CHECK(groups.cpus() == by_affinity());
}

TEST_CASE("usable cpus: the least quota of the group and of those around it", "[unit][io]") {
    const Groups groups;
    groups.write("group", "0::/outer/inner\n");
    groups.write("fs/outer/cpu.max", "50000 100000\n");
    groups.write("fs/outer/inner/cpu.max", "max 100000\n");
    CHECK(groups.cpus() == 1);
}

TEST_CASE("usable cpus: v1's quota, also where the container shows only its own group", "[unit][io]") {
    const Groups groups;
    groups.write("group", "4:cpu,cpuacct:/docker/0f3a\n0::/docker/0f3a\n");
    groups.write("fs/cpu,cpuacct/cpu.cfs_quota_us", "100000\n");
    groups.write("fs/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    CHECK(groups.cpus() == 1);
    groups.write("fs/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    CHECK(groups.cpus() == by_affinity());
}
