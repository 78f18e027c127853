#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>

#include "ipc/base/fd_passing.h"
#include "ipc/base/result.h"
#include "ipc/base/text.h"
#include "ipc/base/unique_fd.h"

using namespace kpm;

TEST_CASE("text: the nearest candidate is found for a misspelt word only", "[unit][base]") {
    constexpr std::array<std::string_view, 3> kWords{"max_restarts", "min_uptime", "kill_timeout"};
    CHECK(nearest("max_restart", kWords) == "max_restarts");
    CHECK(nearest("kill_timout", kWords) == "kill_timeout");
    CHECK_FALSE(nearest("colour", kWords));
    constexpr std::array<std::string_view, 3> kShort{"cron", "start", "db"};
    CHECK_FALSE(nearest("json", kShort));  // half of it would have to be another
    CHECK(nearest("crn", kShort) == "cron");
    CHECK(nearest("strat", kShort) == "start");  // two swapped are one mistake
    CHECK(nearest("dbx", kShort) == "db");
    CHECK_FALSE(nearest("x", kShort));
}

TEST_CASE("text: split keeps empty parts", "[unit][base]") {
    CHECK(split("a,,b", ',') == std::vector<std::string_view>{"a", "", "b"});
    CHECK(split("", ',') == std::vector<std::string_view>{""});
}

TEST_CASE("result: errno becomes a code and a sentence", "[unit][base]") {
    const Error error = os_error("open", "/x", EACCES);
    CHECK(error.code == ErrorCode::Denied);
    CHECK(error.message == "cannot open '/x': Permission denied");
}

TEST_CASE("fd passing: bytes and descriptors arrive together", "[unit][base]") {
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    const UniqueFd left(pair[0]), right(pair[1]);
    int pipe_ends[2];
    REQUIRE(::pipe2(pipe_ends, O_CLOEXEC) == 0);
    const UniqueFd reader(pipe_ends[0]);
    UniqueFd writer(pipe_ends[1]);

    const std::array<std::byte, 3> bytes{std::byte{1}, std::byte{2}, std::byte{3}};
    const std::array<int, 1> fds{writer.get()};
    REQUIRE(send_with_fds(left.get(), bytes, fds));
    writer.reset();

    std::array<std::byte, 16> buffer{};
    auto received = receive_with_fds(right.get(), buffer);
    REQUIRE(received);
    CHECK(received->size == 3);
    CHECK_FALSE(received->truncated);
    REQUIRE(received->fds.size() == 1);
    REQUIRE(::write(received->fds[0].get(), "x", 1) == 1);
    char c = 0;
    REQUIRE(::read(reader.get(), &c, 1) == 1);
    CHECK(c == 'x');

    auto empty = receive_with_fds(right.get(), buffer);
    REQUIRE_FALSE(empty);
    CHECK(empty.error().code == ErrorCode::Unavailable);
}

TEST_CASE("text: the beginning of a character at the end is counted, and nothing else", "[unit][base]") {
    CHECK(unfinished_utf8("") == 0);
    CHECK(unfinished_utf8("abc") == 0);
    CHECK(unfinished_utf8("\xc3\xa4") == 0);
    CHECK(unfinished_utf8("a\xc3") == 1);
    CHECK(unfinished_utf8("a\xe2\x82") == 2);
    CHECK(unfinished_utf8("\xf0\x9f\x98") == 3);
    CHECK(unfinished_utf8("\xf0\x9f\x98\x80") == 0);
    CHECK(unfinished_utf8("\x80\x80\x80\x80") == 0);  // no UTF-8: nothing to wait for
    CHECK(unfinished_utf8("\xff") == 0);
}
