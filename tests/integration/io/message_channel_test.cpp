// The message channel of an app, played from the child's end of a real socket.
#include "daemon/io/message_channel.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <span>

#include "ipc/base/fd_passing.h"
#include "tests/support/allocated_bytes.h"
#include "tests/support/open_fds.h"
#include "tests/support/run_loop.h"

using namespace kpm;
using namespace kpm::io;

namespace {

class Fixture {
public:
    Fixture() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        child_ = UniqueFd(ends[1]);
        auto opened = MessageChannel::open(
            loop_, UniqueFd(ends[0]),
            {.on_message = [this](Json message) { heard_.push_back(std::move(message)); },
             .on_gone = [this](std::string reason) { gone_ = std::move(reason); }});
        REQUIRE(opened);
        channel_ = *std::move(opened);
    }

    void say(std::string_view text, int handle = -1) const {
        const std::span<const int> handles(&handle, handle >= 0 ? 1 : 0);
        REQUIRE(send_with_fds(child_.get(), std::as_bytes(std::span(text.data(), text.size())), handles));
    }
    bool hears(std::size_t count) {
        return run_until(loop_, [&] { return heard_.size() >= count; });
    }
    // The next line that the child gets, without its end.
    std::string answer() {
        std::string line;
        run_until(loop_, [&] {
            char letter = 0;
            while (::recv(child_.get(), &letter, 1, MSG_DONTWAIT) == 1) {
                if (letter == '\n') return true;
                line += letter;
            }
            return false;
        });
        return line;
    }
    bool is_gone() {
        return run_until(loop_, [&] { return !gone_.empty(); });
    }

    Loop loop_;
    UniqueFd child_;
    std::vector<Json> heard_;
    std::string gone_;
    std::unique_ptr<MessageChannel> channel_;
};

constexpr std::string_view kSent = R"({"cmd":"NODE_HANDLE","type":"net.Socket","msg":{"for":"everyone"}})"
                                   "\n";

}  // namespace

TEST_CASE(
    "message channel: a message that comes with a descriptor is acknowledged, and the descriptor closed",
    "[integration][io]") {
    Fixture app;
    const std::size_t before = test::count_open_fds();
    app.say(kSent, app.child_.get());
    CHECK(app.answer() == R"({"cmd":"NODE_HANDLE_ACK"})");
    app.say("\"next\"\n");
    REQUIRE(app.hears(2));
    CHECK(app.heard_[0] == Json{{"for", "everyone"}});
    CHECK(app.heard_[1] == "next");
    CHECK(test::count_open_fds() == before);
}

TEST_CASE("message channel: a descriptor that did not come is asked for again", "[integration][io]") {
    Fixture app;
    app.say(kSent);
    CHECK(app.answer() == R"({"cmd":"NODE_HANDLE_NACK"})");
    CHECK(app.heard_.empty());
    app.say(kSent, app.child_.get());
    CHECK(app.answer() == R"({"cmd":"NODE_HANDLE_ACK"})");
    CHECK(app.heard_.size() == 1);
}

TEST_CASE("message channel: what is Node's own, or no JSON, is no message", "[integration][io]") {
    Fixture app;
    app.say("{\"cmd\":\"NODE_HANDLE_ACK\"}\n{\"cmd\":\"NODE_X\",\"msg\":1}\nnothing\n{\"cmd\":\"node\"}\n");
    REQUIRE(app.hears(1));
    CHECK(app.heard_ == std::vector<Json>{{{"cmd", "node"}}});
}

TEST_CASE("message channel: Bun, which marks what is its own, is answered so", "[integration][io]") {
    Fixture app;
    app.say("\x02" + std::string(kSent), app.child_.get());
    CHECK(app.answer() == "\x02{\"cmd\":\"NODE_HANDLE_ACK\"}");
}

TEST_CASE("message channel: one that talks without end is heard in pieces, and to the end",
          "[integration][io]") {
    Fixture app;
    constexpr int kLines = 1000;
    std::string all;
    for (int i = 0; i < kLines; ++i) all += std::to_string(i) + '\n';
    app.say(all);
    std::size_t most = 0;
    while (app.heard_.size() < kLines) {
        const std::size_t before = app.heard_.size();
        app.loop_.run_once();
        most = std::max(most, app.heard_.size() - before);
    }
    CHECK(most <= 256);  // libuv looks at timers twice a turn
    for (int i = 0; i < kLines; ++i) REQUIRE(app.heard_[static_cast<std::size_t>(i)] == i);
}

TEST_CASE("message channel: what it said last is heard at once when it has ended", "[integration][io]") {
    Fixture app;
    std::string all;
    for (int i = 0; i < 1000; ++i) all += "1\n";
    app.say(all);
    app.loop_.run_once();
    CHECK(app.heard_.size() < 1000);
    app.channel_->finish();
    CHECK(app.heard_.size() == 1000);
}

TEST_CASE("message channel: descriptors without messages end it", "[integration][io]") {
    Fixture app;
    for (std::size_t i = 0; i <= ChannelReader::kMaxDescriptors; ++i) {
        app.say("x", app.child_.get());
        app.loop_.run_once();
    }
    REQUIRE(app.is_gone());
    CHECK(app.gone_ == "the process sent descriptors without messages");
}

// Every app has one, and most never use it.
TEST_CASE("message channel: an idle one takes little memory", "[integration][io]") {
    Loop loop;
    std::vector<UniqueFd> children;
    std::vector<std::unique_ptr<MessageChannel>> channels;
    constexpr std::size_t kChannels = 200;
    children.reserve(kChannels);
    channels.reserve(kChannels);
    const std::size_t before = test::allocated_bytes();
    for (std::size_t i = 0; i < kChannels; ++i) {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        children.emplace_back(ends[1]);
        auto opened =
            MessageChannel::open(loop, UniqueFd(ends[0]),
                                 {.on_message = [](const Json&) {}, .on_gone = [](const std::string&) {}});
        REQUIRE(opened);
        channels.push_back(*std::move(opened));
        loop.run_ready();
    }
    const std::size_t each = (test::allocated_bytes() - before) / kChannels;
    INFO(each << " bytes");
    CHECK(each > 100);
    CHECK(each < 600);
}
