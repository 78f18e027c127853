// A process's rest, with real processes: asleep is not awake without a processor, and a new sleep is no old
// one.
#include "cli/rest_watch.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <functional>
#include <limits>
#include <new>
#include <utility>

#include "tests/support/eventually.h"

namespace kpm::cli::rest_watch_test {
using test::eventually;

namespace {

using std::chrono::milliseconds;

// A child that runs `body`; killed and reaped at the end.
class Child {
public:
    explicit Child(const std::function<void(int input)>& body) {
        REQUIRE(pipe(ends_) == 0);
        pid_ = fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            body(ends_[0]);
            _exit(0);
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() {
        kill(pid_, SIGKILL);
        reap();
        for (const int end : ends_) close(end);
    }
    [[nodiscard]] pid_t pid() const { return pid_; }
    void wake() { REQUIRE(write(ends_[1], "x", 1) == 1); }
    void reap() {
        if (!std::exchange(is_reaped_, true)) waitpid(pid_, nullptr, 0);
    }

private:
    int ends_[2]{};
    pid_t pid_ = -1;
    bool is_reaped_ = false;
};

RestWatch::Sight look(RestWatch& watch) {
    return watch.look(RestWatch::Clock::now());
}

bool rests(RestWatch& watch) {
    return eventually([&] { return look(watch).calm > milliseconds(5); });
}

void wait_for_byte(int input) {
    char byte = 0;
    if (::read(input, &byte, 1) != 1) _exit(1);
}

void work(long turns) {
    for (long i = 0; i < turns; ++i) asm volatile("");
}

constexpr long kForEver = std::numeric_limits<long>::max();

// How often a child has woken, as it counts itself.
class Wakes {
public:
    Wakes() {
        void* const shared =
            mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        REQUIRE(shared != MAP_FAILED);
        count_ = new (shared) Count(0);
    }
    Wakes(const Wakes&) = delete;
    Wakes& operator=(const Wakes&) = delete;
    ~Wakes() { munmap(count_, sizeof(Count)); }
    void add() { ++*count_; }
    [[nodiscard]] std::uint64_t count() const { return *count_; }

private:
    using Count = std::atomic<std::uint64_t>;
    Count* count_ = nullptr;
};

// Looks at all moments of the child's turns: a rest that goes on from one look to the next had no wake in it.
void check_looks(const Child& child, const Wakes& wakes) {
    constexpr std::uint64_t kWakes = 600;
    RestWatch watch(child.pid());
    int broken = 0;
    for (long i = 0; wakes.count() < kWakes; ++i) {
        const std::uint64_t before = wakes.count();
        work(i % 100 * 10'000);  // up to some wakes long
        const std::uint64_t now = wakes.count();
        if (look(watch).calm > RestWatch::Clock::duration{0} && now != before) ++broken;
    }
    CHECK(broken == 0);
}

// This thread, and what it forks, on one processor; as it was at the end.
class OneProcessor {
public:
    OneProcessor() {
        REQUIRE(sched_getaffinity(0, sizeof before_, &before_) == 0);
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(sched_getcpu(), &one);
        REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    }
    OneProcessor(const OneProcessor&) = delete;
    OneProcessor& operator=(const OneProcessor&) = delete;
    ~OneProcessor() { sched_setaffinity(0, sizeof before_, &before_); }

private:
    cpu_set_t before_{};
};

}  // namespace

TEST_CASE("rest watch: who waits rests, who works does not, who has ended is gone") {
    Child child([](int input) {
        wait_for_byte(input);
        wait_for_byte(input);
        work(kForEver);
    });
    RestWatch watch(child.pid());
    REQUIRE(rests(watch));
    child.wake();
    CHECK(rests(watch));  // the second wait
    child.wake();
    CHECK(eventually([&] { return !look(watch).is_calm; }));
    kill(child.pid(), SIGKILL);
    CHECK(eventually([&] { return look(watch).is_gone; }));
    child.reap();
    CHECK(look(watch).is_gone);
}

TEST_CASE("rest watch: who is awake and has no processor yet does not rest") {
    const OneProcessor here;
    Child child([](int input) {
        // Never takes the processor from whoever looks at it.
        const sched_param none{};
        sched_setscheduler(0, SCHED_IDLE, &none);
        wait_for_byte(input);
        work(kForEver);
    });
    RestWatch watch(child.pid());
    REQUIRE(rests(watch));
    child.wake();
    CHECK_FALSE(look(watch).is_calm);
}

TEST_CASE("rest watch: who has woken in between has not rested") {
    Wakes wakes;
    Child child([&](int) {
        for (;;) {
            usleep(200);
            wakes.add();
            work(2000);
        }
    });
    check_looks(child, wakes);
}

TEST_CASE("rest watch: who forks and waits has no rest while the other works") {
    Wakes wakes;
    Child child([&](int) {
        for (;;) {
            const pid_t other = fork();
            if (other == 0) {
                work(200'000);
                _exit(0);
            }
            waitpid(other, nullptr, 0);
            wakes.add();
        }
    });
    check_looks(child, wakes);
}

}  // namespace kpm::cli::rest_watch_test
