#include "ecosystem/child_output.h"

#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <vector>

#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::ecosystem;
using namespace std::chrono_literals;

namespace {

Result<ChildOutput> shell(const std::string& command, std::chrono::milliseconds deadline) {
    return run_to_end("/bin/sh", {"sh", "-c", command}, {{"PATH", "/usr/bin:/bin"}, {"A", "1"}}, deadline,
                      100'000);
}

}  // namespace

TEST_CASE("child output: both streams, the environment and the exit status arrive",
          "[integration][ecosystem]") {
    auto output = shell("echo out $A; echo err >&2; cat; exit 3", 60s);
    REQUIRE(output);
    CHECK(output->out == "out 1\n");
    CHECK(output->err == "err\n");
    CHECK(WIFEXITED(output->wait_status));
    CHECK(WEXITSTATUS(output->wait_status) == 3);
}

TEST_CASE("child output: a program that does not end is killed at the deadline", "[integration][ecosystem]") {
    auto output = shell("exec sleep 600", 200ms);
    REQUIRE_FALSE(output);
    CHECK(output.error().code == ErrorCode::Unavailable);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("child output: what a program waits for a processor moves its deadline",
          "[integration][ecosystem]") {
    // Four others on the processor that it may use.
    std::vector<pid_t> others;
    for (int i = 0; i < 4; ++i) {
        others.push_back(::fork());
        if (others.back() != 0) continue;
        cpu_set_t first;
        CPU_ZERO(&first);
        CPU_SET(0, &first);
        ::sched_setaffinity(0, sizeof first, &first);
        for (volatile bool go_on = true; go_on;) continue;
    }
    auto output = run_to_end("/usr/bin/taskset",
                             {"taskset", "-c", "0", "python3", "-c",
                              "import time\nwhile time.process_time() < 0.6: pass\nprint('done')"},
                             {{"PATH", "/usr/bin:/bin"}}, 1500ms, 100'000);
    for (const pid_t other : others) {
        ::kill(other, SIGKILL);
        ::waitpid(other, nullptr, 0);
    }
    REQUIRE(output);
    CHECK(output->out == "done\n");
}

TEST_CASE("child output: what a program has started holds up neither its result nor its end",
          "[integration][ecosystem]") {
    const TempDir dir;
    const std::string file = (dir.path() / "pid").string();
    const auto started = [&] {
        pid_t pid = 0;
        std::ifstream(file) >> pid;
        return pid;
    };
    SECTION("it ends in time: what goes on keeps the pipes open") {
        auto output = shell("sleep 600 & echo $! > " + file + "; echo done", 60s);
        REQUIRE(output);
        CHECK(output->out == "done\n");
        REQUIRE(started() > 0);
        CHECK(::kill(started(), SIGKILL) == 0);
        CHECK(::waitpid(started(), nullptr, 0) == started());  // it came to us when the shell ended
    }
    SECTION("it has closed its outputs, and goes on") {
        auto output = shell("exec sleep 600 > /dev/null 2>&1", 200ms);
        REQUIRE_FALSE(output);
        CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    }
    SECTION("it does not end: what it has started is killed, too, in a session of its own and an orphan") {
        auto output = shell("(setsid sh -c 'echo $$ > " + file + ".new; mv " + file + ".new " + file +
                                "; exec sleep 600' &)\nexec sleep 600",
                            2s);
        REQUIRE_FALSE(output);
        REQUIRE(started() > 0);
        CHECK(::kill(started(), 0) == -1);
        CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    }
}

TEST_CASE("child output: a program that prints without end is killed", "[integration][ecosystem]") {
    CHECK_FALSE(shell("exec yes", 60s));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("child output: a program that does not exist is an error", "[integration][ecosystem]") {
    auto output = run_to_end("/none/x", {"x"}, {}, 1s, 10);
    REQUIRE_FALSE(output);
    CHECK(output.error().code == ErrorCode::NotFound);
}
