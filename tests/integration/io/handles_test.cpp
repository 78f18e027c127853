// Owners may die at any time, inside their own callbacks above all; the sanitizers watch.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <memory>

#include "daemon/io/before_wait.h"
#include "daemon/io/loop.h"
#include "daemon/io/signals.h"
#include "daemon/io/timer.h"
#include "ipc/base/unique_fd.h"
#include "tests/support/run_loop.h"

using namespace kpm;
using namespace kpm::io;
using namespace std::chrono_literals;

TEST_CASE("timer: its owner may end it in its callback", "[integration][io]") {
    Loop loop;
    int calls = 0;
    std::unique_ptr<Timer> timer;
    timer = std::make_unique<Timer>(loop, [&, kept = std::string(100, 'x')] {
        timer.reset();
        calls += static_cast<int>(kept.size());  // what the callback captured is still there
    });
    timer->start(0ms, 1ms);
    loop.run();
    CHECK(calls == 100);
}

TEST_CASE("timer: started again in its callback it comes again, stopped it does not", "[integration][io]") {
    Loop loop;
    int calls = 0;
    Timer* self = nullptr;
    Timer timer(loop, [&] {
        if (++calls < 3) self->start(1ms);
    });
    self = &timer;
    timer.start(0ms);
    CHECK(timer.is_active());
    loop.run();
    CHECK(calls == 3);
    timer.start(1h);
    timer.stop();
    CHECK_FALSE(timer.is_active());
    CHECK_FALSE(loop.run_once());
}

// The loop runs timers that are due at the start of a turn, too: what they leave must not wait for an event.
TEST_CASE("before wait: what a timer at the start of a turn has left is done before the loop waits",
          "[integration][io]") {
    Loop loop;
    bool is_left = false, is_late = false;
    Timer due(loop, [&] { is_left = true; });
    Timer event(loop, [&] {
        is_late = true;
        loop.stop();
    });
    event.start(20s);
    int turns = 0;
    const BeforeWait work(loop, [&] {
        // Started between the timers and the wait, as by what drains an inbox. It is due at once.
        if (++turns == 1) due.start(0ms);
        if (is_left) loop.stop();
    });
    loop.run();
    CHECK(is_left);
    CHECK_FALSE(is_late);
}

TEST_CASE("before wait: its owner may end it in the work", "[integration][io]") {
    Loop loop;
    int turns = 0;
    std::unique_ptr<BeforeWait> work;
    work = std::make_unique<BeforeWait>(loop, [&, kept = std::string(100, 'x')] {
        work.reset();
        turns += static_cast<int>(kept.size());
    });
    loop.run();
    CHECK(turns == 100);
}

TEST_CASE("signals: each number is heard, and the owner may end it in the callback", "[integration][io]") {
    Loop loop;
    std::vector<int> heard;
    std::unique_ptr<Signals> signals;
    signals = std::make_unique<Signals>(loop, std::initializer_list<int>{SIGUSR1, SIGUSR2}, [&](int number) {
        heard.push_back(number);
        if (heard.size() == 2) signals.reset();
    });
    ::raise(SIGUSR1);
    CHECK(run_until(loop, [&] { return heard.size() == 1; }));
    ::raise(SIGUSR2);
    CHECK(run_until(loop, [&] { return heard.size() == 2; }));
    CHECK(heard == std::vector<int>{SIGUSR1, SIGUSR2});
    CHECK(signals == nullptr);
}

TEST_CASE("loop: one that ends with an open handle says which and aborts", "[integration][io]") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        ::dup2(writer.get(), STDERR_FILENO);
        std::signal(SIGABRT, SIG_DFL);
        auto timer = std::unique_ptr<Timer>();
        Loop loop;
        timer = std::make_unique<Timer>(loop, [] {});
        loop.~Loop();
        ::_exit(0);
    }
    writer.reset();
    std::string said;
    char chunk[256];
    for (ssize_t size; (size = ::read(reader.get(), chunk, sizeof chunk)) > 0;)
        said.append(chunk, static_cast<std::size_t>(size));
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    CHECK(said.find("a timer handle is still open") != std::string::npos);
}
