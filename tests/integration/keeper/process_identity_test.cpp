#include "daemon/io/process_identity.h"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdint>
#include <ctime>

#include "daemon/io/pidfd.h"
#include "daemon/io/process_scan.h"
#include "tests/integration/keeper/keeper_fixture.h"

using namespace kpm;
using io::ProcessIdentity;
using test::eventually;

namespace {

// A child that waits to be killed; `pid`: which it is to get, 0 = any (root may choose: clone3(2), set_tid).
pid_t child(pid_t pid = 0) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    if (pid != 0) {
        arguments.set_tid = reinterpret_cast<std::uintptr_t>(&pid);
        arguments.set_tid_size = 1;
    }
    const auto made = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
    if (made != 0) return made;
    for (;;) ::pause();
}

std::uint64_t ticks_since_boot() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    const auto ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return static_cast<std::uint64_t>(now.tv_sec) * ticks +
           static_cast<std::uint64_t>(now.tv_nsec) * ticks / 1'000'000'000;
}

void kill_and_wait(pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

}  // namespace

TEST_CASE("process identity: a process is found until it ends, and never another one by its pid",
          "[integration][keeper]") {
    const auto make = GENERATE(&ProcessIdentity::of, &ProcessIdentity::by_start_time);
    const pid_t pid = child();
    REQUIRE(pid > 0);
    const UniqueFd pidfd = io::open_pidfd(pid);
    const ProcessIdentity identity = make(pid, pidfd.get());
    const UniqueFd found = identity.open();
    REQUIRE(found);
    CHECK(io::send_signal(found.get(), 0) == 0);
    const std::uint64_t start = io::read_process(pid)->start_ticks;
    CHECK(identity.start_ticks() == start);

    ::kill(pid, SIGKILL);
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
    CHECK_FALSE(identity.open());  // unreaped
    ::waitpid(pid, nullptr, 0);
    CHECK_FALSE(identity.open());

    if (::geteuid() != 0) {
        WARN("not root: that another process gets its pid is not tried");
        return;
    }
    REQUIRE(eventually([&] { return ticks_since_boot() > start + 1; }));  // start times are as coarse as that
    const pid_t other = child(pid);
    REQUIRE(other == pid);
    CHECK_FALSE(identity.open());
    CHECK(ProcessIdentity::of(other, io::open_pidfd(other).get()).open());
    kill_and_wait(other);
}

TEST_CASE("process identity: of nobody, and of one that has ended before, there is none",
          "[integration][keeper]") {
    CHECK_FALSE(ProcessIdentity().open());
    CHECK_FALSE(ProcessIdentity().start_ticks());
    const pid_t pid = child();
    const UniqueFd pidfd = io::open_pidfd(pid);
    kill_and_wait(pid);
    for (const auto make : {&ProcessIdentity::of, &ProcessIdentity::by_start_time}) {
        const ProcessIdentity identity = make(pid, pidfd.get());
        CHECK_FALSE(identity.open());
        CHECK_FALSE(identity.start_ticks());
    }
}
