#include "daemon/io/proc_sampler.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "tests/support/eventually.h"

using namespace kpm;
using namespace kpm::io;
using kpm::test::eventually;

namespace {

// A child that only computes.
class BusyChild {
public:
    BusyChild() : pid_(::fork()) {
        REQUIRE(pid_ >= 0);
        if (pid_ != 0) return;
        for (std::atomic<unsigned> turn = 0;; ++turn) {
        }
    }
    ~BusyChild() { end(); }
    BusyChild(const BusyChild&) = delete;
    BusyChild& operator=(const BusyChild&) = delete;

    pid_t pid() const { return pid_; }
    void end() {
        if (ended_) return;
        ended_ = true;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

private:
    pid_t pid_;
    bool ended_ = false;
};

}  // namespace

TEST_CASE("proc sampler: the first sample has no CPU, later ones have", "[integration][proc_sampler]") {
    const BusyChild child;
    ProcSampler sampler;
    const std::array pids{child.pid()};
    const auto first = sampler.sample(pids);
    REQUIRE(first.contains(child.pid()));
    CHECK(first.at(child.pid()).cpu_percent == 0);
    CHECK(first.at(child.pid()).memory_bytes > 0);
    CHECK(eventually([&] { return sampler.sample(pids).at(child.pid()).cpu_percent > 0; }));
}

TEST_CASE("proc sampler: memory is the resident set", "[integration][proc_sampler]") {
    ProcSampler sampler;
    const std::array pids{::getpid()};
    const std::uint64_t before = sampler.sample(pids).at(::getpid()).memory_bytes;
    constexpr std::size_t kSize = std::size_t{64} << 20;
    const std::string touched(kSize, 'x');
    const std::uint64_t after = sampler.sample(pids).at(::getpid()).memory_bytes;
    CHECK(after > before + kSize / 2);
    CHECK(after < before + 4 * kSize);
}

TEST_CASE("proc sampler: a process that is gone spoils nothing", "[integration][proc_sampler]") {
    BusyChild gone;
    ProcSampler sampler;
    const std::array pids{gone.pid(), ::getpid(), ::getpid(), -1};
    CHECK(sampler.sample(pids).size() == 2);
    gone.end();
    const auto usages = sampler.sample(pids);
    CHECK(usages.size() == 1);
    CHECK(usages.contains(::getpid()));
}
