#pragma once
// Workers of a Node app as the data plane sees them, played over real channels.
#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "daemon/io/node_channel.h"
#include "daemon/io/node_socket.h"
#include "ipc/base/json.h"
#include "tests/integration/data_plane/plane_fixture.h"

namespace kpm::io {

namespace node = core::node;

inline constexpr const char* kKey = "s1";

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

}  // namespace kpm::io
