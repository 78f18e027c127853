#include "daemon/io/proc_sampler.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/open_fds.h"

using namespace kpm;
using namespace kpm::io;
using kpm::test::eventually;

namespace {

class Child {
public:
    enum class Does { Nothing, Compute };

    explicit Child(Does does) : pid_(::fork()) {
        REQUIRE(pid_ >= 0);
        if (pid_ != 0) return;
        while (does == Does::Nothing) ::pause();
        for (std::atomic<unsigned> turn = 0;; ++turn) {
        }
    }
    ~Child() { end(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

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
    const Child child(Child::Does::Compute);
    ProcSampler sampler;
    const auto first = sampler.sample(child.pid());
    REQUIRE(first);
    CHECK(first->cpu_percent == 0);
    CHECK(first->memory_bytes > 0);
    CHECK(eventually([&] { return sampler.sample(child.pid())->cpu_percent > 0; }));
}

TEST_CASE("proc sampler: memory is the resident set", "[integration][proc_sampler]") {
    ProcSampler sampler;
    const std::uint64_t before = sampler.sample(::getpid())->memory_bytes;
    constexpr std::size_t kSize = std::size_t{64} << 20;
    const std::string touched(kSize, 'x');
    const std::uint64_t after = sampler.sample(::getpid())->memory_bytes;
    CHECK(after > before + kSize / 2);
    CHECK(after < before + 4 * kSize);
}

TEST_CASE("proc sampler: a process that is gone spoils nothing", "[integration][proc_sampler]") {
    Child gone(Child::Does::Compute);
    ProcSampler sampler;
    CHECK(sampler.sample(gone.pid()));
    CHECK(sampler.sample(::getpid()));
    CHECK_FALSE(sampler.sample(-1));
    gone.end();
    CHECK_FALSE(sampler.sample(gone.pid()));
    CHECK(sampler.sample(::getpid()));
}

TEST_CASE("proc sampler: more processes than files are kept of", "[integration][proc_sampler]") {
    std::vector<std::unique_ptr<Child>> children;
    for (std::size_t i = 0; i <= ProcSampler::kMostKept; ++i)
        children.push_back(std::make_unique<Child>(Child::Does::Nothing));
    children.push_back(std::make_unique<Child>(Child::Does::Compute));
    const auto files = kpm::test::count_open_fds();
    ProcSampler sampler;
    for (const auto& child : children) CHECK(sampler.sample(child->pid()));
    CHECK(kpm::test::count_open_fds() == files + ProcSampler::kMostKept + 1);  // and /proc
    // The last ones, too, have a CPU share and memory.
    const pid_t last = children.back()->pid();
    CHECK(eventually([&] { return sampler.sample(last)->cpu_percent > 0; }));
    CHECK(sampler.sample(last)->memory_bytes > 0);
    for (const auto& child : children) sampler.forget(child->pid());
    CHECK(kpm::test::count_open_fds() == files + 1);
}
