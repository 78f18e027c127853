// What the keeper does at a cost that does not grow with its children: starts, ends, and its list of orphans.

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>

#include "daemon/io/process_scan.h"
#include "tests/integration/keeper/keeper_fixture.h"

using namespace kpm;
using namespace kpm::test;
using keeper::Kind;

namespace {

constexpr std::uint64_t kCount = 200;

std::vector<pid_t> start_sleepers(FakeKpmd& kpmd) {
    std::vector<pid_t> pids;
    for (std::uint64_t token = 1; token <= kCount; ++token) {
        const Reply reply = kpmd.spawn(token, shell("exec sleep 100"));
        REQUIRE(reply.message.kind == Kind::Spawned);
        REQUIRE(reply.fds.size() == 1);  // the pidfd
        pids.push_back(reply.message.pid);
    }
    return pids;
}

}  // namespace

TEST_CASE("keeper: children that end at once are all told, although one signal stands for many",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    // So few that none is left for pidfds: then the children are asked one by one.
    if (GENERATE(false, true)) {
        rlimit few{};
        REQUIRE(::prlimit(keeper.pid(), RLIMIT_NOFILE, nullptr, &few) == 0);
        few.rlim_cur = 500;
        REQUIRE(::prlimit(keeper.pid(), RLIMIT_NOFILE, &few, nullptr) == 0);
    }
    const std::vector<pid_t> pids = start_sleepers(kpmd);
    // While the keeper is stopped their SIGCHLDs become one.
    REQUIRE(::kill(keeper.pid(), SIGSTOP) == 0);
    for (const pid_t pid : pids) REQUIRE(::kill(pid, SIGKILL) == 0);
    REQUIRE(eventually(
        [&] { return std::ranges::all_of(pids, [](pid_t pid) { return !io::read_process(pid); }); }));
    REQUIRE(::kill(keeper.pid(), SIGCONT) == 0);
    std::set<std::uint64_t> told;
    while (told.size() < kCount) {
        const Reply reply = kpmd.receive();
        REQUIRE(reply.message.kind == Kind::Exited);
        CHECK(reply.message.b == SIGKILL);
        CHECK(told.insert(reply.message.token).second);
    }
    CHECK_FALSE(kpmd.receive_now());
}

TEST_CASE("keeper: its main thread has no children but orphans", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const std::vector<pid_t> pids = start_sleepers(kpmd);
    const auto children = io::read_children(keeper.pid());
    REQUIRE(children);
    CHECK(children->size() == kCount + 1);
    CHECK(io::read_thread_children(keeper.pid(), keeper.pid())->empty());

    kpmd.spawn(kCount + 1, shell("(exec sleep 100) & exit 0"));
    CHECK(kpmd.wait_exit(kCount + 1).exit_code == 0);
    CHECK(io::read_thread_children(keeper.pid(), keeper.pid())->size() == 1);
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
}

TEST_CASE("keeper: a start does not copy the keeper's descriptors", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const UniqueFd kept(::dup(STDIN_FILENO));
    for (std::int64_t slot = 0; slot < 1000; ++slot) kpmd.send({Kind::Store, 0, 1, slot, 0}, {kept.get()});
    const Reply reply = kpmd.spawn(2, shell("exec sleep 100"));
    REQUIRE(reply.message.kind == Kind::Spawned);
    const auto entries = std::filesystem::directory_iterator(fmt::format("/proc/{}/fd", keeper.pid()));
    CHECK(std::distance(begin(entries), end(entries)) > 1000);
    // The table that it was started with, which neither close nor exec makes smaller.
    std::ifstream status(fmt::format("/proc/{}/status", reply.message.pid));
    std::string word;
    int size = 0;
    while (status >> word)
        if (word == "FDSize:") status >> size;
    CHECK(size >= 4);
    CHECK(size <= 256);
}
