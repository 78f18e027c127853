// Node workers as the data plane sees them, played over real channels: who gets a connection, and who gets it
// when that one does not take it.
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "daemon/io/node_channel.h"
#include "daemon/io/node_socket.h"
#include "ipc/base/json.h"
#include "tests/integration/data_plane/plane_fixture.h"
#include "tests/support/open_fds.h"

using namespace kpm;
using namespace kpm::io;
using test::count_open_fds;
namespace node = core::node;

namespace {

constexpr const char* kKey = "s1";

// The worker's end of a Node channel.
class FakeNode {
public:
    explicit FakeNode(UniqueFd socket) : socket_(std::move(socket)) {}

    struct Line {
        Json message;
        UniqueFd handle;
    };

    void say(std::string_view line) {
        const std::string text = std::string(line) + "\n";
        if (::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0)
            throw std::runtime_error("send");
    }
    // A part of a line, with a descriptor that belongs to none. Whether it is taken shows elsewhere.
    void say_part_with_handle() {
        const int fd = socket_.get();
        (void)send_with_fds(fd, std::as_bytes(std::span("x", 1)), {&fd, 1});
    }
    std::optional<Line> hear(std::chrono::milliseconds patience = kPatience) {
        while (lines_.empty()) {
            pollfd waiting{socket_.get(), POLLIN, 0};
            if (::poll(&waiting, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
            std::array<std::byte, 65536> buffer;
            auto received = receive_with_fds(socket_.get(), buffer);
            if (!received || received->size == 0) return std::nullopt;
            for (UniqueFd& fd : received->fds) fds_.push_back(std::move(fd));
            rest_.append(reinterpret_cast<const char*>(buffer.data()), received->size);
            for (std::size_t end; (end = rest_.find('\n')) != std::string::npos; rest_.erase(0, end + 1))
                lines_.push_back(Json::parse(rest_.substr(0, end)));
        }
        Line line{lines_.front(), UniqueFd()};
        lines_.erase(lines_.begin());
        if (line.message.is_object() && line.message["cmd"] == "NODE_HANDLE") {
            if (fds_.empty()) throw std::runtime_error("a handle without a descriptor");
            line.handle = std::move(fds_.front());
            fds_.erase(fds_.begin());
            line.message = line.message["msg"];
        }
        return line;
    }
    // The next connection and its number; nothing when none comes in `patience`.
    std::optional<Line> take(std::chrono::milliseconds patience = kPatience) {
        auto line = hear(patience);
        if (!line || line->message.value("act", "") != "newconn") return std::nullopt;
        return line;
    }
    void answer(const Line& connection, bool accepted) {
        say(node::kHandleTaken.substr(0, node::kHandleTaken.size() - 1));
        say(Json{
            {"cmd", "NODE_CLUSTER"}, {"ack", connection.message["seq"]}, {"accepted", accepted}, {"seq", 1}}
                .dump());
    }
    bool serve(std::string_view text) {
        const auto connection = take();
        if (!connection) return false;
        answer(*connection, true);
        return ::send(connection->handle.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0;
    }
    void say_count(int taken, int ended) {
        say(Json{{"cmd", "NODE_KPM_CONNECTIONS"}, {"taken", taken}, {"ended", ended}}.dump());
    }
    void die() { socket_.reset(); }

private:
    UniqueFd socket_;
    std::string rest_;
    std::vector<Json> lines_;
    std::vector<UniqueFd> fds_;
};

class NodeFixture : public PlaneFixture {
public:
    static constexpr PoolId kNodes = 8;

    explicit NodeFixture(core::BalancePolicy policy = core::BalancePolicy::FewestUnanswered,
                         std::optional<std::uint64_t> max_connections = std::nullopt) {
        plane().add_node_pool(kNodes, {.policy = policy, .max_connections = max_connections});
    }
    // A socket on which the data plane accepts.
    void add_socket() { plane().add_node_socket(kNodes, kKey, bound()); }
    // One of the sockets on which the workers accept; what the test accepts on is a copy.
    UniqueFd add_slot(int slot) {
        UniqueFd made = bound(true);
        UniqueFd copy(::dup(made.get()));
        plane().add_node_slot(kNodes, kKey, slot, std::move(made));
        return copy;
    }
    FakeNode join(int pm_id, bool counts = false) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
            throw std::runtime_error("socketpair");
        plane().add_node_worker(kNodes, id(pm_id), pm_id, UniqueFd(ends[0]), {}, counts);
        return FakeNode(UniqueFd(ends[1]));
    }
    FakeNode join_listening(int pm_id) {
        FakeNode worker = join(pm_id);
        listen(worker, pm_id);
        return worker;
    }
    // One that says how many connections it has, of which there are none.
    FakeNode join_counting(int pm_id) {
        FakeNode worker = join(pm_id, true);
        if (worker.hear()->message["cmd"] != "NODE_KPM_COUNT") throw std::runtime_error("not asked");
        worker.say_count(0, 0);
        listen(worker, pm_id);
        return worker;
    }
    void listen(FakeNode& worker, int pm_id) {
        NodeAnswer answer;
        answer.what.question = 1;
        answer.what.key = kKey;
        plane().answer_node(id(pm_id), std::move(answer));
        if (worker.hear()->message["ack"] != 1) throw std::runtime_error("no answer");
        worker.say(R"({"cmd":"NODE_CLUSTER","act":"listening","seq":2})");
        if (!eventually([&] { return stats_of(pm_id).ready; })) throw std::runtime_error("not ready");
    }
    UniqueFd visit() const {
        UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port_));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
            throw std::runtime_error("connect");
        return client;
    }

private:
    UniqueFd bound(bool is_slot = false) {
        int error_number = 0;
        const node::ListenQuery query{.address = "127.0.0.1", .port = port_};
        auto made = is_slot ? open_slot_socket(query, port_ == 0, error_number)
                            : open_node_socket(query, error_number);
        if (!made) throw std::runtime_error(made.error().message);
        port_ = socket_name(made->get())->port;
        return std::move(made).value();
    }
    int port_ = 0;
};

// The first worker has a connection and fails it: the second serves it.
template <class Fail>
void check_goes_to_another(Fail fail) {
    NodeFixture fixture;
    fixture.add_socket();
    FakeNode first = fixture.join_listening(1);
    const UniqueFd client = fixture.visit();
    auto connection = first.take();
    REQUIRE(connection);
    FakeNode second = fixture.join_listening(2);
    fail(fixture, first, *connection);
    connection->handle.reset();
    REQUIRE(second.serve("second"));
    CHECK(read_all(client.get()) == "second");
}

}  // namespace

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

TEST_CASE("node pool: connections of a slot without a worker go to the others", "[integration][data_plane]") {
    NodeFixture fixture;
    const UniqueFd one = fixture.add_slot(1);
    FakeNode worker = fixture.join_listening(1);
    const UniqueFd orphan = fixture.add_slot(2);
    // The kernel spreads them; those of the first slot are its worker's own business.
    std::vector<UniqueFd> clients;
    REQUIRE(eventually([&] {
        if (clients.size() < 64) clients.push_back(fixture.visit());
        return fixture.stats_of(1).rescued > 0;
    }));
    CHECK(worker.serve("rescued"));
}

TEST_CASE("node pool: what a busy worker leaves standing goes to a free one", "[integration][data_plane]") {
    NodeFixture fixture;
    const UniqueFd busy = fixture.add_slot(1), idle = fixture.add_slot(2);
    FakeNode blocked = fixture.join_listening(1), free = fixture.join_listening(2);
    std::vector<UniqueFd> clients;
    std::size_t own = 0;
    // The free worker accepts what is its own, as Node does; the blocked one nothing.
    REQUIRE(eventually([&] {
        if (clients.size() < 64) clients.push_back(fixture.visit());
        while (UniqueFd mine{::accept4(idle.get(), nullptr, nullptr, SOCK_CLOEXEC)}) ++own;
        return fixture.stats_of(2).rescued > 0;
    }));
    CHECK(free.serve("free"));
    CHECK(fixture.stats_of(1).rescued == 0);
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
