// Node workers as the data plane sees them, played over real channels: who gets a connection, and who gets it
// when that one does not take it.
#include "tests/integration/data_plane/node_fixture.h"
#include "tests/support/open_fds.h"

using namespace kpm;
using namespace kpm::io;
using test::count_open_fds;

TEST_CASE("node pool: connections wait until a worker listens, then come in turn",
          "[integration][data_plane]") {
    NodeFixture fixture;
    fixture.add_socket();
    FakeNode starting = fixture.join(0);
    const UniqueFd early = fixture.visit();
    CHECK_FALSE(starting.take(std::chrono::milliseconds{50}));
    FakeNode one = fixture.join_listening(1), two = fixture.join_listening(2);
    REQUIRE(one.serve("one"));
    CHECK(read_all(early.get()) == "one");
    const UniqueFd next = fixture.visit();
    REQUIRE(two.serve("two"));
    CHECK(eventually([&] { return fixture.stats_of(2).accepted == 1; }));
}

TEST_CASE("node pool: what a worker refuses goes to another", "[integration][data_plane]") {
    check_goes_to_another([](NodeFixture&, FakeNode& first, const FakeNode::Line& connection) {
        first.answer(connection, false);
    });
}

TEST_CASE("node pool: what a worker dies with goes to another", "[integration][data_plane]") {
    check_goes_to_another([](NodeFixture& fixture, FakeNode& first, const FakeNode::Line&) {
        first.die();
        REQUIRE(fixture.saw<WorkerGone>(1));
    });
}

TEST_CASE("node pool: a descriptor that did not arrive goes to another worker", "[integration][data_plane]") {
    check_goes_to_another([](NodeFixture&, FakeNode& first, const FakeNode::Line&) {
        first.say(R"({"cmd":"NODE_HANDLE_NACK"})");
    });
}

TEST_CASE("node pool: a draining worker is told to disconnect and gets nothing more",
          "[integration][data_plane]") {
    NodeFixture fixture;
    fixture.add_socket();
    FakeNode old = fixture.join_listening(1);
    fixture.plane().drain(NodeFixture::id(1));
    CHECK(old.hear()->message["act"] == "disconnect");
    const UniqueFd client = fixture.visit();
    CHECK_FALSE(old.take(std::chrono::milliseconds{50}));
    FakeNode fresh = fixture.join_listening(2);
    CHECK(fresh.serve("fresh"));
    old.die();
    CHECK(fixture.saw<WorkerGone>(1));
}

TEST_CASE("node pool: a probe goes to the worker that it is for, in the rotation or not",
          "[integration][data_plane][health]") {
    NodeFixture fixture;
    fixture.add_socket();
    FakeNode other = fixture.join_listening(1), one = fixture.join_listening(2);
    fixture.plane().set_serving(NodeFixture::id(2), false);
    ProbePair probe = make_probe(kKey);
    fixture.plane().pass_probe(NodeFixture::id(2), std::move(probe.plane));
    const auto connection = one.take();
    REQUIRE(connection);
    SECTION("taken") {
        one.answer(*connection, true);
        CHECK(probe.answer.get() == "");
        CHECK(::send(connection->handle.get(), "up", 2, MSG_NOSIGNAL) == 2);
        char text[3] = {};
        CHECK(::recv(probe.client.get(), text, 2, 0) == 2);
        CHECK(std::string(text) == "up");
    }
    SECTION("refused: it goes to no other") {
        one.answer(*connection, false);
        CHECK(probe.answer.get() == "it has refused the connection");
        CHECK_FALSE(other.take(std::chrono::milliseconds{50}));
    }
    SECTION("while another one is open") {
        ProbePair second = make_probe(kKey);
        fixture.plane().pass_probe(NodeFixture::id(2), std::move(second.plane));
        CHECK(second.answer.get() == "it takes no more connections");
        one.die();
        CHECK(probe.answer.get() == "its channel has ended");
    }
    CHECK(fixture.stats_of(1).accepted == 0);
}

TEST_CASE("node pool: a probe of a worker that does not listen, or is not there, is answered",
          "[integration][data_plane][health]") {
    NodeFixture fixture;
    fixture.add_socket();
    FakeNode starting = fixture.join(1);
    ProbePair early = make_probe(kKey), nobody = make_probe(kKey);
    fixture.plane().pass_probe(NodeFixture::id(1), std::move(early.plane));
    CHECK(early.answer.get() == "it does not listen there");
    fixture.plane().pass_probe(NodeFixture::id(9), std::move(nobody.plane));
    CHECK(nobody.answer.get() == "its channel has ended");
}

TEST_CASE("node pool: what the app sends with a descriptor is acknowledged and passed on",
          "[integration][data_plane]") {
    NodeFixture fixture;
    FakeNode worker = fixture.join(1);
    worker.say(R"({"cmd":"NODE_HANDLE","type":"net.Socket","msg":{"a":1}})");
    CHECK(worker.hear()->message["cmd"] == "NODE_HANDLE_NACK");  // none came with it
    worker.say("\"ready\"");
    CHECK(eventually([&] { return fixture.count<NodeSaid>(1) == 1; }));
    worker.say(R"({"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":6})");
    CHECK(worker.hear()->message["ack"] == 6);
}

TEST_CASE("node pool: descriptors without end lose their sender the channel, and stay with nobody",
          "[integration][data_plane]") {
    NodeFixture fixture;
    FakeNode worker = fixture.join(1);
    const std::size_t before = count_open_fds();
    REQUIRE(eventually([&] {
        for (int i = 0; i < 16; ++i) worker.say_part_with_handle();
        return fixture.count<WorkerGone>(1) == 1;
    }));
    CHECK(eventually([&] { return count_open_fds() < before; }));
}

TEST_CASE("node pool: after long messages one descriptor at a time is on its way",
          "[integration][data_plane]") {
    NodeFixture fixture;
    fixture.add_socket();
    FakeNode worker = fixture.join_listening(1);
    fixture.plane().say_to_node(NodeFixture::id(1), node::app_line(std::string(70'000, 'x')));
    REQUIRE(worker.hear()->message.is_string());
    const UniqueFd first = fixture.visit(), second = fixture.visit();
    const auto connection = worker.take();
    REQUIRE(connection);
    CHECK_FALSE(worker.take(std::chrono::milliseconds{50}));
    worker.answer(*connection, true);
    CHECK(worker.serve("next"));
}

TEST_CASE("node pool: a listening socket that does not arrive is sent again, a few times",
          "[integration][data_plane]") {
    NodeFixture fixture;
    FakeNode worker = fixture.join(1);
    NodeAnswer answer;
    answer.what.question = 1;
    answer.what.key = kKey;
    answer.handle = fixture.add_slot(1);
    fixture.plane().answer_node(NodeFixture::id(1), std::move(answer));
    for (int i = 0; i < NodeChannel::kMostTries; ++i) {
        const auto line = worker.hear();
        REQUIRE(line);
        CHECK(line->message["ack"] == 1);
        CHECK(line->handle);
        worker.say(node::kHandleLost.substr(0, node::kHandleLost.size() - 1));
    }
    fixture.plane().say_to_node(NodeFixture::id(1), node::app_line("after"));
    CHECK(worker.hear()->message == "after");
}

TEST_CASE(
    "node pool: a worker that acknowledges no listening socket keeps only so many of kpmd's descriptors",
    "[integration][data_plane]") {
    NodeFixture fixture;
    FakeNode worker = fixture.join(1);
    fixture.stats();
    const std::size_t before = count_open_fds();
    std::uint64_t question = 0;
    const auto give_one = [&] {
        NodeAnswer answer;
        answer.what.question = ++question;
        answer.what.key = kKey;
        answer.handle = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        fixture.plane().answer_node(NodeFixture::id(1), std::move(answer));
    };
    // One that opens and closes servers without end, and acknowledges.
    for (std::size_t i = 0; i < 2 * NodeChannel::kMaxHandles; ++i) {
        give_one();
        REQUIRE(worker.hear()->handle);
        worker.say(node::kHandleTaken.substr(0, node::kHandleTaken.size() - 1));
    }
    REQUIRE(eventually([&] { return count_open_fds() == before; }));
    for (std::size_t i = 0; i < NodeChannel::kMaxHandles; ++i) {
        give_one();
        REQUIRE(worker.hear()->handle);
    }
    fixture.stats();
    CHECK(fixture.count<WorkerGone>(1) == 0);
    give_one();
    CHECK(fixture.saw<WorkerGone>(1));
    CHECK(eventually([&] { return count_open_fds() < before; }));
}

TEST_CASE("node pool: a second descriptor waits for a first one behind long messages",
          "[integration][data_plane]") {
    NodeFixture fixture;
    FakeNode worker = fixture.join(1);
    fixture.plane().say_to_node(NodeFixture::id(1), node::app_line(std::string(70'000, 'x')));
    REQUIRE(worker.hear()->message.is_string());
    for (std::uint64_t question = 1; question <= 2; ++question) {
        NodeAnswer answer;
        answer.what.question = question;
        answer.what.key = kKey;
        answer.handle = fixture.add_slot(static_cast<int>(question));
        fixture.plane().answer_node(NodeFixture::id(1), std::move(answer));
    }
    CHECK(worker.hear()->message["ack"] == 1);
    fixture.stats();  // both answers have been dealt with
    CHECK_FALSE(worker.hear(std::chrono::milliseconds{0}));
    worker.say(node::kHandleTaken.substr(0, node::kHandleTaken.size() - 1));
    CHECK(worker.hear()->message["ack"] == 2);
}

TEST_CASE("node pool: sticky gives all connections of one address to one worker",
          "[integration][data_plane]") {
    NodeFixture fixture(core::BalancePolicy::Sticky);
    fixture.add_socket();
    FakeNode one = fixture.join_listening(1), two = fixture.join_listening(2);
    for (int i = 0; i < 6; ++i) {
        const UniqueFd client = fixture.visit();
        REQUIRE(eventually([&] {
            return fixture.stats_of(1).handed + fixture.stats_of(2).handed == 1u + static_cast<unsigned>(i);
        }));
    }
    const auto handed = fixture.stats_of(1).handed;
    CHECK((handed == 0 || handed == 6));
}

TEST_CASE("node pool: a worker at its limit gets no more until one of its connections has ended",
          "[integration][data_plane]") {
    NodeFixture fixture(core::BalancePolicy::LeastConnections, 1);
    fixture.add_socket();
    FakeNode worker = fixture.join_counting(1);
    const UniqueFd first = fixture.visit(), second = fixture.visit();
    REQUIRE(worker.serve("first"));
    CHECK_FALSE(worker.take(std::chrono::milliseconds{50}));
    worker.say_count(1, 0);
    CHECK_FALSE(worker.take(std::chrono::milliseconds{50}));
    CHECK(fixture.stats_of(1).open == 1);
    worker.say_count(1, 1);
    REQUIRE(worker.serve("second"));
    CHECK(read_all(second.get()) == "second");
}

TEST_CASE("node pool: of a worker that does not tell its connections no limit is kept",
          "[integration][data_plane]") {
    NodeFixture fixture(core::BalancePolicy::LeastConnections, 1);
    fixture.add_socket();
    FakeNode worker = fixture.join_listening(1);
    const UniqueFd first = fixture.visit(), second = fixture.visit();
    REQUIRE(worker.serve("first"));
    REQUIRE(worker.serve("second"));
}

TEST_CASE("node pool: least_connections prefers the worker that has fewer open",
          "[integration][data_plane]") {
    NodeFixture fixture(core::BalancePolicy::LeastConnections);
    fixture.add_socket();
    FakeNode busy = fixture.join_counting(1), idle = fixture.join_counting(2);
    busy.say_count(5, 2);
    REQUIRE(eventually([&] { return fixture.stats_of(1).open == 3; }));
    // Not answered yet: those count as much as open ones.
    std::vector<UniqueFd> clients;
    std::vector<FakeNode::Line> taken;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(fixture.visit());
        auto connection = idle.take();
        REQUIRE(connection);
        taken.push_back(std::move(*connection));
    }
    for (const FakeNode::Line& connection : taken) idle.answer(connection, true);
    CHECK(eventually([&] { return fixture.stats_of(2).accepted == 3; }));
    const UniqueFd client = fixture.visit();
    CHECK(busy.serve("busy"));  // in turn among equals: both have three
}

TEST_CASE("node pool: what the kernel hands to workers is in the figures as far as they tell",
          "[integration][data_plane]") {
    NodeFixture fixture;
    const UniqueFd slot = fixture.add_slot(1);
    FakeNode worker = fixture.join_counting(1);
    worker.say_count(7, 4);
    CHECK(eventually([&] { return fixture.stats_of(1).accepted == 7 && fixture.stats_of(1).open == 3; }));
    worker.say_count(7, 9);  // cannot be
    worker.say_count(8, 4);
    CHECK(eventually([&] { return fixture.stats_of(1).accepted == 8 && fixture.stats_of(1).open == 4; }));
}
