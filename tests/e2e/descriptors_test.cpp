// Descriptors bound the number of apps: what one app costs in each of the two processes is promised.
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/eventually.h"
#include "tests/support/kpm_home.h"
#include "tests/support/process_table.h"

namespace kpm::descriptors_test {
using namespace test;

namespace {

namespace fs = std::filesystem;

constexpr int kApps = 40;

struct Counts {
    long daemon = 0, keeper = 0;
};

// Those that kpmd keeps for statistics are not of each app, but up to a number.
struct Kinds {
    long statistics = 0, others = 0;
};

Kinds descriptors_of(int pid) {
    Kinds kinds;
    for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid) + "/fd")) {
        std::error_code gone;
        const bool is_of_statistics = fs::read_symlink(entry.path(), gone).native().ends_with("/statm");
        ++(is_of_statistics ? kinds.statistics : kinds.others);
    }
    return kinds;
}

Counts open_descriptors(const KpmHome& kpm) {
    const int daemon = kpm.daemon_pid();
    return {descriptors_of(daemon).others, descriptors_of(parent_of(daemon)).others};
}

// What `kApps` apps that were started so cost, after the commands' connections are gone: `each` in both, and
// a pidfd in the keeper while they run.
bool costs(const KpmHome& kpm, const Counts& before, long each) {
    const long in_keeper = each == 0 ? 0 : each + 1;
    return eventually([&] {
        const Counts now = open_descriptors(kpm);
        return now.daemon == before.daemon + each * kApps && now.keeper == before.keeper + in_keeper * kApps;
    });
}

std::string target_of(int pid, int fd) {
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/fd/" + std::to_string(fd));
}

}  // namespace

// See io/descriptor_room.h: that the table need not grow is worth milliseconds to a start of many apps.
TEST_CASE("descriptors: the daemon has room for a thousand apps from its beginning", "[e2e]") {
    const KpmHome kpm;
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    std::ifstream status("/proc/" + std::to_string(kpm.daemon_pid()) + "/status");
    long size = 0;
    for (std::string word; status >> word;)
        if (word == "FDSize:") status >> size;
    CHECK(size >= static_cast<long>(std::min<rlim_t>(limit.rlim_max, 4096)));
}

TEST_CASE("descriptors: an app without logs costs one, its message channel", "[e2e]") {
    const KpmHome kpm;
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    const Counts before = open_descriptors(kpm);
    kpm.write("ecosystem.json", R"({"apps": [{"name": "app", "script": "/bin/sleep", "args": "1000",
        "interpreter": "none", "exec_mode": "fork", "instances": 40, "disable_logs": true}]})");
    REQUIRE(kpm.kpm({"start", "ecosystem.json"}).status == 0);
    CHECK(costs(kpm, before, 1));
    const int pid = kpm.find("app")["pid"];
    CHECK(target_of(pid, 1) == "/dev/null");
    CHECK(target_of(pid, 2) == "/dev/null");
    REQUIRE(kpm.kpm({"restart", "all"}).status == 0);
    CHECK(costs(kpm, before, 1));
    REQUIRE(kpm.kpm({"delete", "all"}).status == 0);
    CHECK(costs(kpm, before, 0));
}

TEST_CASE("descriptors: an app that writes costs three and the files in use", "[e2e]") {
    const KpmHome kpm;
    REQUIRE(kpm.kpm({"ping"}).status == 0);
    const Counts before = open_descriptors(kpm);
    REQUIRE(kpm.kpm({"start", "/bin/sleep", "-i", std::to_string(kApps), "-x", "--", "1000"}).status == 0);
    CHECK(costs(kpm, before, 3));
    REQUIRE(kpm.kpm({"delete", "all"}).status == 0);
    CHECK(costs(kpm, before, 0));
}

TEST_CASE("descriptors: those of statistics are closed with their process", "[e2e]") {
    const KpmHome kpm;
    REQUIRE(kpm.kpm({"start", "/bin/sleep", "-i", std::to_string(kApps), "-x", "--", "1000"}).status == 0);
    REQUIRE(kpm.list().size() == kApps);
    CHECK(descriptors_of(kpm.daemon_pid()).statistics == kApps);
    REQUIRE(kpm.kpm({"delete", "all"}).status == 0);
    CHECK(eventually([&] { return descriptors_of(kpm.daemon_pid()).statistics == 0; }));
}

TEST_CASE("descriptors: when none are to spare for pidfds, ends are known all the same", "[e2e]") {
    const KpmHome kpm;
    kpm.write("ecosystem.json", R"({"apps": [{"name": "app", "script": "/bin/sleep", "args": "1000",
        "interpreter": "none", "exec_mode": "fork", "instances": 40, "disable_logs": true}]})");
    // The keeper inherits the limit. It keeps 512 for what must not fail.
    const CommandResult started =
        run_command({"sh", "-c", "ulimit -n 560; exec \"$0\" start ecosystem.json", bin_dir() / "kpm"},
                    kpm.env(), kpm.work());
    REQUIRE(started.status == 0);
    const int keeper = parent_of(kpm.daemon_pid());
    long watched = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/" + std::to_string(keeper) + "/fd"))
        watched += std::filesystem::read_symlink(entry.path()) == "anon_inode:[pidfd]";
    CHECK(watched < kApps);
    CHECK(kpm.kpm({"restart", "all"}).status == 0);
    CHECK(kpm.kpm({"stop", "all"}).status == 0);
    CHECK(kpm.kpm({"delete", "all"}).status == 0);
    CHECK(kpm.list().empty());
}

}  // namespace kpm::descriptors_test
