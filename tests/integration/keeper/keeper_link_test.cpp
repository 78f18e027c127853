// KeeperLink on a loop, against a real keeper.

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>

#include "daemon/io/loop.h"
#include "tests/integration/keeper/keeper_fixture.h"

using namespace kpm;
using namespace kpm::test;

namespace {

struct Heard {
    std::map<std::uint64_t, pid_t> spawned;
    std::map<std::uint64_t, int> failed;
    std::map<std::uint64_t, int> exited;
    int gone = 0;
};

std::unique_ptr<io::KeeperLink> link_on(io::Loop& loop, const FakeKpmd& kpmd, Heard& heard) {
    io::KeeperEvents events;
    events.spawned = [&heard](io::KeeperChild child) {
        CHECK(child.pidfd);
        heard.spawned[child.token] = child.pid;
    };
    events.spawn_failed = [&heard](std::uint64_t token, keeper::SpawnStage, int error) {
        heard.failed[token] = error;
    };
    events.exited = [&heard](io::KeeperExit exit) { heard.exited[exit.token] = exit.exit_code; };
    events.gone = [&heard] { ++heard.gone; };
    auto link = io::KeeperLink::open(loop, UniqueFd(::dup(kpmd.link())), std::move(events));
    REQUIRE(link);
    return std::move(*link);
}

bool run_until(io::Loop& loop, const std::function<bool()>& condition) {
    return eventually([&] {
        loop.run_ready();
        return condition();
    });
}

}  // namespace

TEST_CASE("keeper link: spawns, failures and exits come as events", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::Loop loop;
    Heard heard;
    const auto link = link_on(loop, kpmd, heard);
    REQUIRE(link->spawn(1, shell("exit 5")));
    io::SpawnRequest broken = shell("exit 0");
    broken.path = "/nonexistent";
    REQUIRE(link->spawn(2, broken));
    REQUIRE(run_until(loop, [&] { return heard.exited.size() == 1 && heard.failed.size() == 1; }));
    CHECK(heard.spawned.contains(1));
    CHECK(heard.exited[1] == 5);
    CHECK(heard.failed[2] == ENOENT);
    link->collected(1);
    broken.path = "relative";
    CHECK_FALSE(link->spawn(3, broken));
}

TEST_CASE(
    "keeper link: what is to be stored for a process comes with its start, whatever the size of its spec",
    "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::Loop loop;
    Heard heard;
    const auto link = link_on(loop, kpmd, heard);
    const std::size_t filling = GENERATE(std::size_t{0}, std::size_t{keeper::kMaxInlineSpec});
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const UniqueFd read_end(ends[0]);
    const UniqueFd write_end(ends[1]);
    io::SpawnRequest request = shell("test ${#FILLING} -eq " + std::to_string(filling) + " && echo told");
    request.env.push_back("FILLING=" + std::string(filling, 'x'));
    request.fds = {{write_end.get(), 1}};
    const io::KeeperLink::Stored stored[] = {{1, read_end.get()}, {4, write_end.get()}};
    REQUIRE(link->spawn(1, request, stored));
    // Also for one that cannot be started: its end drops it.
    request.path = "/nonexistent";
    REQUIRE(link->spawn(2, request, std::span(stored, 1)));
    REQUIRE(run_until(loop, [&] { return heard.exited.size() == 1 && heard.failed.size() == 1; }));
    CHECK(heard.exited[1] == 0);
    kpmd.kill();
    FakeKpmd next = keeper.accept();
    const auto kept = next.inventory().kept;
    REQUIRE(kept.size() == 3);
    for (const io::KeptFd& one : kept) {
        if (one.owner != 1 || one.slot != 1) continue;
        char text[16] = {};
        CHECK(::read(one.fd.get(), text, sizeof text - 1) == 5);
        CHECK(std::string_view(text) == "told\n");
    }
}

TEST_CASE("keeper link: more than the socket holds is queued, with its descriptors, and nothing is lost",
          "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::Loop loop;
    Heard heard;
    const auto link = link_on(loop, kpmd, heard);
    REQUIRE(::kill(keeper.pid(), SIGSTOP) == 0);
    constexpr std::uint64_t kCount = 500;
    for (std::uint64_t token = 1; token <= kCount; ++token) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const UniqueFd read_end(ends[0]);
        const UniqueFd write_end(ends[1]);
        io::SpawnRequest request = shell("echo alive >&1");
        request.fds = {{write_end.get(), 1}};
        REQUIRE(link->spawn(token, request));
        REQUIRE(link->store(token, 0, read_end.get()));
    }
    CHECK(link->queued() > 0);
    REQUIRE(::kill(keeper.pid(), SIGCONT) == 0);
    REQUIRE(run_until(loop, [&] { return heard.exited.size() == kCount; }));
    CHECK(link->queued() == 0);
    for (const auto& [token, exit_code] : heard.exited) CHECK(exit_code == 0);
    kpmd.kill();
    FakeKpmd next = keeper.accept();
    CHECK(next.inventory().kept.size() == kCount);
}

TEST_CASE("keeper link: the keeper's death is told once", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::Loop loop;
    Heard heard;
    const auto link = link_on(loop, kpmd, heard);
    REQUIRE(::kill(keeper.pid(), SIGKILL) == 0);
    REQUIRE(run_until(loop, [&] { return heard.gone > 0; }));
    loop.run_ready();
    CHECK(heard.gone == 1);
    CHECK_FALSE(link->spawn(1, shell("exit 0")));
    // kpmd never outlives its keeper unasked.
    CHECK(kpmd.next_signal() == SIGTERM);
}

TEST_CASE("keeper link: quit ends the keeper with kpmd", "[integration][keeper]") {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    {
        io::Loop loop;
        Heard heard;
        const auto link = link_on(loop, kpmd, heard);
        link->quit(3);
        CHECK(link->flush(kDeadline));
    }
    kpmd.exit(0);
    const auto status = keeper.wait();
    REQUIRE(status);
    CHECK((*status >> 8) == 3);
}
