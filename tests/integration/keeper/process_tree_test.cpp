// Trees of real processes under a real keeper, stopped to the last one.

#include "daemon/io/process_tree.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/integration/keeper/keeper_fixture.h"

using namespace kpm;
using namespace kpm::test;

namespace {

// A tree that writes the pid of each of its processes to a file of its home.
struct Tree {
    KeeperFixture keeper;
    FakeKpmd kpmd = keeper.start_ready();
    io::Loop loop;
    io::ProcessScanner scanner{loop, {keeper.pid(), "TREE_MARK"}};
    bool done = false;
    pid_t root = 0;
    std::optional<std::uint64_t> root_start;

    void spawn(const std::string& script, std::size_t processes) {
        io::SpawnRequest request = shell(script);
        request.cwd = keeper.home().path();
        Reply reply = kpmd.spawn(1, request);
        REQUIRE(reply.message.kind == keeper::Kind::Spawned);
        root = reply.message.pid;
        root_start = io::read_start(root, reply.fds.at(0).get());
        REQUIRE(eventually([&] { return pids().size() == processes; }));
    }

    std::vector<pid_t> pids() const {
        std::vector<pid_t> found;
        std::ifstream file(keeper.home().path() + "/pids");
        for (pid_t pid; file >> pid;) found.push_back(pid);
        return found;
    }
    std::size_t living() const {
        const auto all = pids();
        return static_cast<std::size_t>(
            std::ranges::count_if(all, [](pid_t pid) { return io::read_process(pid).has_value(); }));
    }
    bool run_until_done() {
        return eventually([&] {
            loop.run_ready();
            return done;
        });
    }
};

constexpr const char* kSleep = "echo $$ >> pids; exec sleep 1000";

}  // namespace

TEST_CASE("tree stop: a root whose end nobody will tell of is watched, also one that has ended",
          "[integration][keeper]") {
    Tree tree;
    io::TreeStop stop(tree.loop, tree.scanner, "", [&] { tree.done = true; });
    stop.expect_root_end();
    SECTION("it has ended") {
        tree.spawn(kSleep, 1);
        stop.begin(tree.root, tree.root_start, SIGTERM);
        REQUIRE(eventually([&] {
            tree.loop.run_ready();
            return tree.living() == 0;
        }));
        CHECK_FALSE(tree.done);
        stop.watch_root();
    }
    SECTION("it goes on") {
        tree.spawn(fmt::format("trap '' TERM; {}", kSleep), 1);
        stop.begin(tree.root, tree.root_start, SIGTERM);
        REQUIRE(eventually([&] {
            tree.loop.run_ready();
            return stop.known_members() == 1;
        }));
        stop.watch_root();
        REQUIRE(eventually([&] {
            tree.loop.run_ready();
            return stop.known_members() == 1;
        }));
        CHECK(tree.living() == 1);
        stop.kill();
    }
    CHECK(tree.run_until_done());
    CHECK(tree.living() == 0);
}

TEST_CASE("tree stop: children, grandchildren and their own sessions all end", "[integration][keeper]") {
    Tree tree;
    tree.spawn(fmt::format(
                   "sh -c '{0}' & sh -c 'echo $$ >> pids; sh -c \"{1}\" & setsid sh -c \"{1}\" & wait' & {0}",
                   kSleep, "echo \\$\\$ >> pids; exec sleep 1000"),
               5);
    const pid_t stranger = ::fork();
    if (stranger == 0) {
        ::pause();
        ::_exit(0);
    }
    io::TreeStop stop(tree.loop, tree.scanner, "", [&] { tree.done = true; });
    stop.begin(tree.root, tree.root_start, SIGINT);
    // Background jobs of a shell ignore SIGINT: what is left after the first signal needs the second.
    REQUIRE(eventually([&] {
        tree.loop.run_ready();
        return !io::read_process(tree.root);
    }));
    CHECK_FALSE(tree.done);
    CHECK(tree.living() == 4);
    stop.kill();
    REQUIRE(tree.run_until_done());
    CHECK(tree.living() == 0);
    CHECK(io::read_process(stranger));
    ::kill(stranger, SIGKILL);
    ::waitpid(stranger, nullptr, 0);
}

TEST_CASE("tree stop: what a dead root left behind is found by its session", "[integration][keeper]") {
    Tree tree;
    // Double-forked: the middle shell is gone, the keeper is the parent; one member leads a session of its
    // own child.
    tree.spawn(fmt::format("(sh -c '{0}' &); (sh -c 'echo $$ >> pids; setsid sh -c \"{1}\" & wait' &); "
                           "while [ $(wc -l < pids) -lt 3 ]; do sleep 0.01; done; exit 0",
                           kSleep, "echo \\$\\$ >> pids; exec sleep 1000"),
               3);
    CHECK(tree.kpmd.wait_exit(1).exit_code == 0);
    CHECK(tree.living() == 3);
    io::TreeStop stop(tree.loop, tree.scanner, "", [&] { tree.done = true; });
    stop.begin(tree.root, -1, SIGTERM);
    REQUIRE(tree.run_until_done());
    CHECK(tree.living() == 0);
}

TEST_CASE("tree stop: daemons that have left the session and lost their parent are found by their mark",
          "[integration][keeper]") {
    Tree tree;
    // A second one with another mark stands for another app's.
    tree.spawn(fmt::format("export TREE_MARK=mine; (setsid sh -c '{0}' &); "
                           "TREE_MARK=other; (setsid sh -c '{0}' &); TREE_MARK=mine; {0}",
                           kSleep),
               3);
    io::TreeStop stop(tree.loop, tree.scanner, "mine", [&] { tree.done = true; });
    stop.begin(tree.root, tree.root_start, SIGTERM);
    REQUIRE(tree.run_until_done());
    CHECK(tree.living() == 1);
}

TEST_CASE("tree stop: processes that are forked while the tree is stopped are stopped too",
          "[integration][keeper]") {
    Tree tree;
    tree.spawn(
        "trap 'sh -c \"echo \\$\\$ >> pids; exec sleep 1000\" & exit 0' TERM; echo $$ >> pids; "
        "while :; do sleep 0.01; done",
        1);
    io::TreeStop stop(tree.loop, tree.scanner, "", [&] { tree.done = true; });
    stop.begin(tree.root, tree.root_start, SIGTERM);
    // The forked shell may get the signal while it still has its parent's trap, which swallows it: that is
    // what the lifecycle's SIGKILL is for. Or it ends before it has written its pid. The point here is that
    // the newcomer is found at all.
    REQUIRE(eventually([&] {
        tree.loop.run_ready();
        return !io::read_process(tree.root) && (tree.pids().size() >= 2 || !io::group_has_members(tree.root));
    }));
    stop.kill();
    REQUIRE(tree.run_until_done());
    CHECK(tree.living() == 0);
}

TEST_CASE(
    "tree stop: an empty tree is done at once, and another process with the root's number is left alone",
    "[integration][keeper]") {
    Tree tree;
    tree.spawn(kSleep, 1);
    io::TreeStop stop(tree.loop, tree.scanner, "", [&] { tree.done = true; });
    // As if the root had ended long ago and its pid had come again.
    stop.begin(tree.root, -1, SIGKILL);
    REQUIRE(tree.run_until_done());
    CHECK(tree.living() == 1);
}

TEST_CASE("tree stop: it may be destroyed at any time", "[integration][keeper]") {
    Tree tree;
    tree.spawn("trap '' TERM; echo $$ >> pids; while :; do sleep 0.01; done", 1);
    std::optional<io::TreeStop> stop;
    stop.emplace(tree.loop, tree.scanner, "", [&] { tree.done = true; });
    stop->begin(tree.root, tree.root_start, SIGTERM);
    stop.reset();
    tree.loop.run_ready();
    stop.emplace(tree.loop, tree.scanner, "", [&] { tree.done = true; });
    stop->begin(tree.root, tree.root_start, SIGTERM);
    REQUIRE(eventually([&] {
        tree.loop.run_ready();
        return stop->known_members() > 0;
    }));
    stop.reset();
    tree.loop.run_ready();
    CHECK_FALSE(tree.done);
    CHECK(tree.living() == 1);
}

TEST_CASE("process group: has members until the last one is reaped", "[integration][keeper]") {
    Tree tree;
    tree.spawn(kSleep, 1);
    CHECK(io::group_has_members(tree.root));
    ::kill(tree.root, SIGKILL);
    tree.kpmd.wait_exit(1);
    CHECK_FALSE(io::group_has_members(tree.root));
}
