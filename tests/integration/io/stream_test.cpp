#include "daemon/io/stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <memory>

#include "tests/support/run_loop.h"

using namespace kpm;
using namespace kpm::io;

namespace {

struct Pair {
    UniqueFd ours, peer;
};

Pair connected() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::unique_ptr<Stream> open(Loop& loop, UniqueFd socket, Stream::Options options) {
    Result<Stream> stream = Stream::open(loop, std::move(socket), std::move(options));
    REQUIRE(stream);
    return std::make_unique<Stream>(*std::move(stream));
}

// What the peer can read now.
std::string read_all(int fd) {
    std::string all(std::size_t{1} << 20, '\0');
    std::size_t used = 0;
    for (ssize_t size; (size = ::read(fd, all.data() + used, all.size() - used)) > 0;) {
        used += static_cast<std::size_t>(size);
        all.resize(std::max(all.size(), used * 2));
    }
    all.resize(used);
    return all;
}

const std::string kLarge(std::size_t{1} << 20, 'x');

}  // namespace

TEST_CASE("stream: reads, writes and the end of the peer", "[integration][io]") {
    Loop loop;
    Pair pair = connected();
    std::string got;
    bool has_ended = false;
    auto stream = open(loop, std::move(pair.ours),
                       {.max_queued = 100,
                        .on_data = [&](std::string_view bytes) { got += bytes; },
                        .on_end =
                            [&](const std::optional<Error>& reason) {
                                CHECK_FALSE(reason);
                                has_ended = true;
                            }});
    REQUIRE(::write(pair.peer.get(), "hello", 5) == 5);
    CHECK(run_until(loop, [&] { return got == "hello"; }));
    CHECK(stream->write("world") == Stream::Written::Queued);
    CHECK(read_all(pair.peer.get()) == "world");
    pair.peer.reset();
    CHECK(run_until(loop, [&] { return has_ended; }));
    CHECK(stream->write("late") == Stream::Written::Closed);
}

TEST_CASE("stream: its owner may end it in on_data and in on_end", "[integration][io]") {
    for (const bool at_end : {false, true}) {
        Loop loop;
        Pair pair = connected();
        std::unique_ptr<Stream> stream;
        stream = open(loop, std::move(pair.ours),
                      {.on_data =
                           [&](std::string_view) {
                               if (!at_end) stream.reset();
                           },
                       .on_end = [&](const std::optional<Error>&) { stream.reset(); }});
        REQUIRE(::write(pair.peer.get(), "x", 1) == 1);
        if (at_end) pair.peer.reset();
        loop.run();
        CHECK(stream == nullptr);
    }
}

TEST_CASE("stream: ended with writes pending it frees them", "[integration][io]") {
    Loop loop;
    Pair pair = connected();
    auto stream = open(loop, std::move(pair.ours), {.max_queued = 10 * kLarge.size()});
    CHECK(stream->write(kLarge) == Stream::Written::Queued);
    CHECK(stream->write(kLarge) == Stream::Written::Queued);
    CHECK(stream->queued() > 0);
    stream.reset();
    loop.run();
}

TEST_CASE("stream: a peer that resets while writes are pending ends it once", "[integration][io]") {
    Loop loop;
    Pair pair = connected();
    int ends = 0;
    auto stream =
        open(loop, std::move(pair.ours),
             {.max_queued = 10 * kLarge.size(), .on_end = [&](const std::optional<Error>&) { ++ends; }});
    CHECK(stream->write(kLarge) == Stream::Written::Queued);
    CHECK(stream->write(kLarge) == Stream::Written::Queued);
    pair.peer.reset();
    CHECK(run_until(loop, [&] { return ends > 0 && stream->queued() == 0; }));
    CHECK(ends == 1);
}

TEST_CASE("stream: beyond the bound a closing stream refuses, a first write is always taken",
          "[integration][io]") {
    Loop loop;
    Pair pair = connected();
    auto stream = open(loop, std::move(pair.ours), {.max_queued = 10});
    CHECK(stream->write(kLarge) == Stream::Written::Queued);
    CHECK(stream->write("x") == Stream::Written::Closed);
    CHECK(stream->dropped() == 0);
}

TEST_CASE("stream: beyond the bound a dropping stream counts, and tells when there is room",
          "[integration][io]") {
    Loop loop;
    Pair pair = connected();
    std::vector<std::uint64_t> recovered;
    auto stream = open(loop, std::move(pair.ours),
                       {.max_queued = kLarge.size(),
                        .overflow = Stream::Overflow::Drop,
                        .on_recovered = [&](std::uint64_t lost) { recovered.push_back(lost); }});
    CHECK(stream->write(kLarge) == Stream::Written::Queued);
    for (int i = 0; i < 3; ++i) CHECK(stream->write(kLarge) == Stream::Written::Dropped);
    CHECK(stream->dropped() == 3);
    CHECK(recovered.empty());
    std::string got;
    CHECK(run_until(loop, [&] {
        got += read_all(pair.peer.get());
        return !recovered.empty();
    }));
    CHECK(recovered == std::vector<std::uint64_t>{3});
    CHECK(got + read_all(pair.peer.get()) == kLarge);
    CHECK(stream->write("x") == Stream::Written::Queued);
}

TEST_CASE("stream: a paused one leaves the bytes in the socket", "[integration][io]") {
    Loop loop;
    Pair pair = connected();
    std::string got;
    auto stream =
        open(loop, std::move(pair.ours), {.on_data = [&](std::string_view bytes) { got += bytes; }});
    stream->pause();
    REQUIRE(::write(pair.peer.get(), "x", 1) == 1);
    loop.run_ready();
    CHECK(got.empty());
    stream->resume();
    CHECK(run_until(loop, [&] { return got == "x"; }));
}
