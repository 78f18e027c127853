#include "daemon/io/proc_sampler.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/open_fds.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::io;
using kpm::test::eventually;

namespace {

class Child {
public:
    enum class Does { Nothing, Compute };

    // `touched`: what it has read by the end of the constructor.
    explicit Child(Does does, std::string_view touched = {}) {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        const UniqueFd reader(ends[0]), writer(ends[1]);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        char byte = 0;
        if (pid_ != 0) {
            REQUIRE(::read(reader.get(), &byte, 1) == 1);
            return;
        }
        for (std::size_t i = 0; i < touched.size(); i += 4096) asm volatile("" : : "r"(touched[i]));
        if (::write(writer.get(), &byte, 1) != 1) ::_exit(1);
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
    pid_t pid_ = -1;
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

TEST_CASE("proc sampler: what is taken from a process that sleeps is seen, too",
          "[integration][proc_sampler]") {
    constexpr std::size_t kSize = std::size_t{16} << 20;
    const TempDir folder;
    const UniqueFd file(::open((folder.path() / "mapped").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    REQUIRE(::ftruncate(file.get(), kSize) == 0);
    void* const mapped = ::mmap(nullptr, kSize, PROT_READ, MAP_SHARED, file.get(), 0);
    REQUIRE(mapped != MAP_FAILED);
    const Child child(Child::Does::Nothing, {static_cast<const char*>(mapped), kSize});
    ::munmap(mapped, kSize);
    ProcSampler sampler;
    const auto memory = [&] { return sampler.sample(child.pid())->memory_bytes; };
    const std::uint64_t before = memory();
    REQUIRE(before > kSize);
    REQUIRE(::ftruncate(file.get(), 0) == 0);  // its pages are gone, and it does not notice
    CHECK(eventually([&] { return memory() + kSize / 2 < before; }));
}

TEST_CASE("proc sampler: who slept and is gone is gone", "[integration][proc_sampler]") {
    Child child(Child::Does::Nothing);
    ProcSampler sampler;
    for (int i = 0; i < 3; ++i) CHECK(sampler.sample(child.pid()));
    child.end();
    CHECK_FALSE(sampler.sample(child.pid()));
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
