#include "daemon/io/oom_kills.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

using namespace kpm;
namespace fs = std::filesystem;

namespace {

// A machine's files, as the kernel writes them.
struct Machine {
    TempDir folder;

    void write(const std::string& name, const std::string& text) const {
        const fs::path path = folder.path() / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    io::OomKillCounter counter() const {
        return io::OomKillCounter((folder.path() / "proc").string(), (folder.path() / "fs").string());
    }
};

std::string events(int kills) {
    return "low 0\nhigh 0\nmax 9\noom 4\noom_kill " + std::to_string(kills) + "\noom_group_kill 5\n";
}

std::string oom_control(int kills) {
    return "oom_kill_disable 0\nunder_oom 0\noom_kill " + std::to_string(kills) + "\n";
}

}  // namespace

TEST_CASE("oom kills: of the control group, as they are at each look", "[unit][io]") {
    const Machine machine;
    machine.write("proc/self/cgroup", "0::/apps\n");
    machine.write("proc/vmstat", "nr_free_pages 1\noom_kill 100\n");
    machine.write("fs/apps/memory.events", events(0));
    const auto counter = machine.counter();
    CHECK(counter.read().total == 0);
    CHECK(counter.read().where == "control group '/apps'");
    machine.write("fs/apps/memory.events", events(2));
    CHECK(counter.read().total == 2);
}

TEST_CASE("oom kills: v1's group; a container's that shows only its own", "[unit][io]") {
    const Machine machine;
    machine.write("proc/self/cgroup", "4:memory:/docker/0f3a\n1:cpu:/x\n0::/\n");
    machine.write("fs/memory/memory.oom_control", oom_control(3));
    CHECK(machine.counter().read().total == 3);
    machine.write("fs/memory/docker/0f3a/memory.oom_control", oom_control(1));
    CHECK(machine.counter().read().total == 1);
    CHECK(machine.counter().read().where == "control group '/docker/0f3a'");
}

TEST_CASE("oom kills: the machine's where no group is counted, none where nothing is", "[unit][io]") {
    const Machine machine;
    CHECK(machine.counter().read().where.empty());
    CHECK(machine.counter().read().total == 0);
    machine.write("proc/self/cgroup", "0::/\n");
    machine.write("proc/vmstat", "nr_free_pages 1\noom_kill 100\nnuma_hit 5\n");
    CHECK(machine.counter().read().total == 100);
    CHECK(machine.counter().read().where == "the machine");
}

TEST_CASE("oom kills: this machine tells", "[unit][io]") {
    CHECK_FALSE(io::OomKillCounter().read().where.empty());
}
