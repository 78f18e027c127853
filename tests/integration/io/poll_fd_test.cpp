// Readiness of borrowed descriptors: what is told, and that owners may die in any callback.

#include "daemon/io/poll_fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "tests/support/run_loop.h"

using namespace kpm;
using namespace kpm::io;

namespace {

struct Pipe {
    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        reader.reset(ends[0]);
        writer.reset(ends[1]);
    }
    void write() const { REQUIRE(::write(writer.get(), "x", 1) == 1); }
    UniqueFd reader, writer;
};

PollFd opened(Loop& loop, const UniqueFd& fd, int events, std::function<void(int)> on_ready) {
    auto poll = PollFd::open(loop, fd.get(), events, std::move(on_ready));
    REQUIRE(poll);
    return *std::move(poll);
}

}  // namespace

TEST_CASE("poll: readiness comes until it is read, and the owner may end it in the callback",
          "[integration][io]") {
    const Pipe pipe;
    Loop loop;
    int calls = 0;
    std::optional<PollFd> poll;
    poll = opened(loop, pipe.reader, UV_READABLE, [&, kept = std::string(100, 'x')](int events) {
        CHECK((events & UV_READABLE) != 0);
        if (++calls == 2) poll.reset();
        CHECK(kept.size() == 100);  // what the callback captured is still there
    });
    pipe.write();
    loop.run();
    CHECK(calls == 2);
}

TEST_CASE("poll: a paused descriptor is silent", "[integration][io]") {
    const Pipe pipe;
    Loop loop;
    int calls = 0;
    PollFd poll = opened(loop, pipe.reader, UV_READABLE, [&](int) { ++calls; });
    poll.watch(0);
    pipe.write();
    CHECK_FALSE(loop.run_ready());
    CHECK(calls == 0);
    poll.watch(UV_READABLE);
    CHECK(run_until(loop, [&] { return calls > 0; }));
}

TEST_CASE("poll: what cannot be polled is an error, and so is a descriptor that is polled already",
          "[integration][io]") {
    const UniqueFd file(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    Loop loop;
    const Result<PollFd> poll = PollFd::open(loop, file.get(), UV_READABLE, [](int) {});
    REQUIRE_FALSE(poll);
    CHECK(poll.error().code == ErrorCode::Denied);
    CHECK_FALSE(PollFd::open(loop, -1, UV_READABLE, [](int) {}));

    const Pipe pipe;
    std::optional<PollFd> first = opened(loop, pipe.reader, UV_READABLE, [](int) {});
    CHECK_FALSE(PollFd::open(loop, pipe.reader.get(), UV_READABLE, [](int) {}));
    first.reset();
    CHECK(PollFd::open(loop, pipe.reader.get(), UV_READABLE, [](int) {}));
}

TEST_CASE("poll: one that ends another in its callback, which is ready too, is the last that is told of it",
          "[integration][io]") {
    const Pipe left, right;
    Loop loop;
    int calls = 0;
    std::optional<PollFd> of_left, of_right;
    of_left = opened(loop, left.reader, UV_READABLE, [&](int) {
        ++calls;
        of_right.reset();
        of_left.reset();
    });
    of_right = opened(loop, right.reader, UV_READABLE, [&](int) {
        ++calls;
        of_left.reset();
        of_right.reset();
    });
    left.write();
    right.write();
    loop.run();
    CHECK(calls == 1);
}

TEST_CASE("poll: more than are told of in a turn are all told of", "[integration][io]") {
    Loop loop;
    std::vector<Pipe> pipes(300);
    std::vector<PollFd> polls;
    std::size_t calls = 0;
    for (const Pipe& pipe : pipes) {
        polls.push_back(opened(loop, pipe.reader, UV_READABLE, [&, fd = pipe.reader.get()](int) {
            char byte;
            CHECK(::read(fd, &byte, 1) == 1);
            ++calls;
        }));
        pipe.write();
    }
    CHECK(run_until(loop, [&] { return calls == pipes.size(); }));
    CHECK(loop.run_ready());
    CHECK(calls == pipes.size());  // each was read: none comes again
}

TEST_CASE("poll: the end of a pipe's writers is readable, that of its readers an error that is told once",
          "[integration][io]") {
    Pipe pipe;
    Loop loop;
    std::vector<int> told;
    SECTION("no writer") {
        std::optional<PollFd> poll;
        poll = opened(loop, pipe.reader, UV_READABLE, [&](int events) {
            told.push_back(events);
            poll.reset();
        });
        pipe.writer.reset();
        loop.run();
        CHECK(told == std::vector<int>{UV_READABLE});
    }
    SECTION("no reader") {
        const PollFd poll =
            opened(loop, pipe.writer, UV_DISCONNECT, [&](int events) { told.push_back(events); });
        pipe.reader.reset();
        loop.run();  // it waits for nothing any more
        CHECK(told == std::vector<int>{UV_READABLE | UV_WRITABLE});
    }
}

TEST_CASE("poll: what is waited for may change, and only that is told", "[integration][io]") {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    const UniqueFd ours(ends[0]), theirs(ends[1]);
    Loop loop;
    std::vector<int> told;
    PollFd poll = opened(loop, ours, UV_READABLE, [&](int events) { told.push_back(events); });
    CHECK(loop.run_ready());
    CHECK(told.empty());
    poll.watch(UV_READABLE | UV_WRITABLE);
    CHECK(loop.run_ready());
    CHECK(told == std::vector<int>{UV_WRITABLE});
    REQUIRE(::write(theirs.get(), "x", 1) == 1);
    poll.watch(UV_READABLE);
    CHECK(loop.run_ready());
    CHECK(told == std::vector<int>{UV_WRITABLE, UV_READABLE});
    REQUIRE(::shutdown(theirs.get(), SHUT_WR) == 0);
    poll.watch(UV_DISCONNECT);
    CHECK(loop.run_ready());
    CHECK(told == std::vector<int>{UV_WRITABLE, UV_READABLE, UV_DISCONNECT});
}
