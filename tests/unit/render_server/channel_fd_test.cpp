#include "render-worker/server/channel_fd.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "ipc/kpm_channel.h"

using namespace kpm;
using namespace kpm::render;

namespace {

Result<std::optional<UniqueFd>> with_variable(const std::string& value) {
    ::setenv(channel::kFdVariable, value.c_str(), 1);
    auto found = channel_from_environment();
    ::unsetenv(channel::kFdVariable);
    return found;
}

}  // namespace

TEST_CASE("channel fd: no variable means no channel", "[unit][render_server]") {
    ::unsetenv(channel::kFdVariable);
    CHECK_FALSE(channel_from_environment().value());
    CHECK_FALSE(with_variable("").value());
}

TEST_CASE("channel fd: a seqpacket socket is taken and made close-on-exec", "[unit][render_server]") {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends.data()) == 0);
    const UniqueFd other(ends[1]);
    const auto found = with_variable(std::to_string(ends[0]));
    REQUIRE(found.value());
    CHECK(found.value()->get() == ends[0]);
    CHECK((::fcntl(ends[0], F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("channel fd: anything else is refused", "[unit][render_server]") {
    CHECK(with_variable("three").error().message ==
          "cannot use channel 'three': KPM_CHANNEL_FD is not a descriptor's number");
    CHECK(with_variable("-1").error().code == ErrorCode::Invalid);
    CHECK(with_variable("999999").error().message == "cannot use channel '999999': Bad file descriptor");
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    const UniqueFd first(ends[0]);
    const UniqueFd second(ends[1]);
    CHECK_THAT(with_variable(std::to_string(ends[0])).error().message,
               Catch::EndsWith("not a SOCK_SEQPACKET socket"));
}
