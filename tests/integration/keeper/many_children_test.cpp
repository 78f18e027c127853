// What the keeper does at a cost that does not grow with its children: starts, ends, and its list of orphans.

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
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

TEST_CASE("keeper: its main thread has no children but kpmd and orphans", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    const std::vector<pid_t> pids = start_sleepers(kpmd);
    const auto children = io::read_children(keeper.pid());
    REQUIRE(children);
    CHECK(children->size() == kCount + 1);
    CHECK(io::read_thread_children(keeper.pid(), keeper.pid())->size() == 1);

    kpmd.spawn(kCount + 1, shell("(exec sleep 100) & exit 0"));
    CHECK(kpmd.wait_exit(kCount + 1).exit_code == 0);
    CHECK(io::read_thread_children(keeper.pid(), keeper.pid())->size() == 2);
    for (const pid_t pid : pids) ::kill(pid, SIGKILL);
}

TEST_CASE("keeper: a start does not copy the keeper's descriptors", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    start_sleepers(kpmd);
    // The thread that starts: its socket and the three of stdio, however much the keeper holds.
    const UniqueFd kept(::dup(STDIN_FILENO));
    for (std::int64_t slot = 0; slot < 50; ++slot) kpmd.send({Kind::Store, 0, 1, slot, 0}, {kept.get()});
    REQUIRE(kpmd.spawn(kCount + 1, shell("exec sleep 100")).message.kind == Kind::Spawned);
    const auto count = [&](const std::string& thread) {
        const auto fds =
            std::filesystem::directory_iterator(fmt::format("/proc/{}/task/{}/fd", keeper.pid(), thread));
        return std::distance(begin(fds), end(fds));
    };
    std::size_t others = 0;
    for (const auto& task : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", keeper.pid()))) {
        const std::string thread = task.path().filename();
        if (thread == std::to_string(keeper.pid())) {
            CHECK(count(thread) >= 50);
        } else if (count(thread) == 4) {
            ++others;
        }
    }
    CHECK(others == 1);
}
