#include "ecosystem/child_output.h"

#include <sys/wait.h>

#include <catch2/catch.hpp>

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

TEST_CASE("child output: a program that prints without end is killed", "[integration][ecosystem]") {
    CHECK_FALSE(shell("exec yes", 60s));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("child output: a program that does not exist is an error", "[integration][ecosystem]") {
    auto output = run_to_end("/none/x", {"x"}, {}, 1s, 10);
    REQUIRE_FALSE(output);
    CHECK(output.error().code == ErrorCode::NotFound);
}
