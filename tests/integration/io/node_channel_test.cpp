// The channel of a Node worker, played from the worker's end of a real socket: how much of what it says is
// heard in one turn of the loop.
#include "daemon/io/node_channel.h"

#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/run_loop.h"

using namespace kpm;
using namespace kpm::io;

namespace {

namespace node = core::node;

class NodeEnd {
public:
    NodeEnd() {
        int ends[2];
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
        worker_ = UniqueFd(ends[1]);
        auto opened =
            NodeChannel::open(loop_, UniqueFd(ends[0]),
                              {.on_message =
                                   [this](node::Message message, std::shared_ptr<void>) {
                                       heard_ += std::holds_alternative<node::ConnectionAnswered>(message);
                                       if (auto* line = std::get_if<node::AppLine>(&message))
                                           said_.push_back(std::move(line->text));
                                       if (auto* said = std::get_if<node::AppSaid>(&message))
                                           parsed_.push_back(std::move(said->message));
                                   },
                               .on_lost = [](std::uint64_t) {},
                               .on_room = [] {},
                               .on_heard = [] {},
                               .on_gone = [](const std::string&) {}});
        REQUIRE(opened);
        channel_ = *std::move(opened);
    }
    void say(const std::string& text) const {
        REQUIRE(::send(worker_.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
    }

    bool has_said(const std::string& line) const { return std::ranges::find(said_, line) != said_.end(); }

    Loop loop_;
    UniqueFd worker_;
    int heard_ = 0;                  // answers to connections
    std::vector<std::string> said_;  // lines of the app
    std::vector<Json> parsed_;       // those that were parsed
    std::unique_ptr<NodeChannel> channel_;
};

std::string accepted(int seq) {
    return R"({"cmd":"NODE_CLUSTER","ack":)" + std::to_string(seq) + R"(,"accepted":true,"seq":1})" + "\n";
}

}  // namespace

TEST_CASE("node channel: answers to nothing, without end, are heard in pieces, and to the end",
          "[integration][io]") {
    NodeEnd worker;
    constexpr int kLines = 1000;
    std::string all;
    for (int i = 0; i < kLines; ++i) all += accepted(i);
    worker.say(all);
    int most = 0;
    while (worker.heard_ < kLines) {
        const int before = worker.heard_;
        worker.loop_.run_once();
        most = std::max(most, worker.heard_ - before);
    }
    CHECK(most <= 512);  // libuv looks at timers twice a turn
}

TEST_CASE("node channel: what means nothing is not heard without end either", "[integration][io]") {
    const std::string line = GENERATE(R"({"cmd":"NODE_NOTHING"})", R"({"cmd":"NODE_HANDLE_ACK"})",
                                      R"({"cmd":"NODE_KPM_CONNECTIONS","taken":1,"ended":0})", "no JSON");
    INFO(line);
    NodeEnd worker;
    std::string all;
    for (int i = 0; i < 1000; ++i) all += line + "\n";
    worker.say(all + "\"after\"\n");
    worker.loop_.run_once();
    CHECK_FALSE(worker.has_said("\"after\""));
    CHECK(run_until(worker.loop_, [&] { return worker.has_said("\"after\""); }));
}

TEST_CASE("node channel: what a worker owes for its connections waits for nothing", "[integration][io]") {
    NodeEnd worker;
    const UniqueFd connection(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    constexpr int kConnections = 100;
    std::string all;
    for (int i = 0; i < kConnections; ++i) {
        const auto seq = static_cast<std::uint64_t>(i);
        REQUIRE(worker.channel_->pass_connection(node::connection_line("k", seq), seq, connection.get()));
        all += std::string(node::kHandleTaken) + accepted(i);
    }
    worker.say(all);
    worker.loop_.run_once();
    CHECK(worker.heard_ == kConnections);
}

TEST_CASE("node channel: what the app says is passed on as it was sent, and not parsed",
          "[integration][io]") {
    const std::vector<std::string> lines{"\"ready\"",
                                         R"({"b": 1.50, "a":"\u00e9", "b":2})",
                                         R"({"cmd":"mine"})",
                                         "null",
                                         "[ 1,2 ]",
                                         "\xff no JSON",
                                         "",
                                         "\"" + std::string(60'000, 'x') + "\"",
                                         "after"};
    NodeEnd worker;
    for (const std::string& line : lines) worker.say(line + "\n");
    REQUIRE(run_until(worker.loop_, [&] { return worker.has_said("after"); }));
    CHECK(worker.said_ == lines);
    CHECK(worker.parsed_.empty());
}

TEST_CASE("node channel: what might be Node's own is parsed, and the app's all the same",
          "[integration][io]") {
    NodeEnd worker;
    worker.say("{\"NODE_ENV\":\"production\"}\n" + accepted(1) + "\"after\"\n");
    REQUIRE(run_until(worker.loop_, [&] { return worker.has_said("\"after\""); }));
    REQUIRE(worker.parsed_.size() == 1);
    CHECK(worker.parsed_[0] == Json{{"NODE_ENV", "production"}});
    CHECK(worker.said_.size() == 1);
    CHECK(worker.heard_ == 1);
}
