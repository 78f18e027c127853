#pragma once
// A data plane under test, with the two parties that it stands between: workers, played over real channels,
// and clients on real sockets.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "daemon/io/data_plane.h"
#include "daemon/io/listener.h"
#include "ipc/base/fd_passing.h"
#include "ipc/kpm_channel.h"
#include "tests/support/eventually.h"

namespace kpm::io {

using test::eventually;
// A deadline that only a failure reaches.
inline constexpr std::chrono::seconds kPatience{60};

inline constexpr PoolId kPool = 7;

// The worker's end of a kpm channel.
class FakeWorker {
public:
    explicit FakeWorker(UniqueFd socket) : socket_(std::move(socket)) {}

    struct Message {
        channel::ChannelMessage head;
        UniqueFd connection;
    };

    // What comes next from kpmd; nullopt when nothing came in `patience`.
    std::optional<Message> receive(std::chrono::milliseconds patience = kPatience) {
        pollfd waiting{socket_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(patience.count())) != 1) return std::nullopt;
        std::array<std::byte, 64> buffer;
        auto received = receive_with_fds(socket_.get(), buffer);
        if (!received || received->size != sizeof(channel::ChannelMessage)) return std::nullopt;
        Message message;
        std::memcpy(&message.head, buffer.data(), sizeof message.head);
        if (!received->fds.empty()) message.connection = std::move(received->fds.front());
        return message;
    }
    // The next connection; anything else is a failure of the test.
    UniqueFd take(std::chrono::milliseconds patience = kPatience) {
        auto message = receive(patience);
        if (!message || message->head.type != channel::Type::Connection) return UniqueFd();
        return std::move(message->connection);
    }
    void say(channel::Type type, std::uint64_t value = 0, std::uint32_t flags = 0, int fd = -1) {
        const channel::ChannelMessage message{.type = type, .flags = flags, .value = value};
        const auto bytes = std::as_bytes(std::span(&message, 1));
        const auto sent =
            fd < 0 ? send_with_fds(socket_.get(), bytes) : send_with_fds(socket_.get(), bytes, {&fd, 1});
        if (!sent) throw std::runtime_error(sent.error().message);
    }
    // Takes a connection, says so, and sends `text` to the client.
    bool serve(std::string_view text) {
        const UniqueFd connection = take();
        if (!connection) return false;
        say(channel::Type::Accepted);
        const bool sent = ::send(connection.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0;
        say(channel::Type::Done);
        return sent;
    }
    bool has_message() const {
        pollfd waiting{socket_.get(), POLLIN, 0};
        return ::poll(&waiting, 1, 0) == 1;
    }
    int fd() const { return socket_.get(); }
    void die() { socket_.reset(); }

private:
    UniqueFd socket_;
};

// A look at one worker: what the data plane gets, the client's end, and what it is told of it.
struct ProbePair {
    PlaneProbe plane;
    UniqueFd client;
    std::future<std::string> answer;
};

inline ProbePair make_probe(const std::string& key = "") {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        throw std::runtime_error("socketpair");
    const auto promise = std::make_shared<std::promise<std::string>>();
    ProbePair pair{{}, UniqueFd(ends[0]), promise->get_future()};
    pair.plane.key = key;
    pair.plane.connection = UniqueFd(ends[1]);
    pair.plane.answer = [promise](std::string trouble) { promise->set_value(std::move(trouble)); };
    return pair;
}

struct ChannelPair {
    UniqueFd kpmd;
    UniqueFd worker;
};

inline ChannelPair make_channel() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        throw std::runtime_error("socketpair");
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

class PlaneFixture {
public:
    explicit PlaneFixture(PoolOptions options = {.policy = core::BalancePolicy::RoundRobin,
                                                 .max_connections = {}})
        : plane_([this](PlaneEvent event) {
              const std::lock_guard lock(mutex_);
              events_.push_back(std::move(event));
          }) {
        auto listener =
            open_listener({.kind = core::ListenAddress::Kind::Ipv4, .host = "127.0.0.1", .path = {}});
        if (!listener) throw std::runtime_error(listener.error().message);
        port_ = bound_address(listener->get()).value().port;
        std::vector<UniqueFd> listeners;
        listeners.push_back(std::move(listener).value());
        plane_.add_pool(kPool, std::move(listeners), options);
    }

    DataPlane& plane() { return plane_; }

    FakeWorker join(int pm_id, bool resumed = false) {
        ChannelPair ends = make_channel();
        plane_.add_worker(kPool, id(pm_id), std::move(ends.kpmd), resumed);
        return FakeWorker(std::move(ends.worker));
    }
    // A worker that is in the rotation.
    FakeWorker join_ready(int pm_id) {
        FakeWorker worker = join(pm_id);
        worker.say(channel::Type::Ready);
        if (!saw<WorkerReady>(pm_id)) throw std::runtime_error("the worker did not get ready");
        return worker;
    }
    static WorkerId id(int pm_id) { return {pm_id, 100u + static_cast<unsigned>(pm_id)}; }

    UniqueFd connect() const {
        UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port_);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
            throw std::runtime_error("connect");
        return client;
    }
    std::vector<UniqueFd> connect(int count) const {
        std::vector<UniqueFd> clients;
        for (int i = 0; i < count; ++i) clients.push_back(connect());
        return clients;
    }

    template <class Event>
    std::size_t count(int pm_id) {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::count_if(events_.begin(), events_.end(), [&](const PlaneEvent& event) {
                const auto* one = std::get_if<Event>(&event);
                return one && one->worker == id(pm_id);
            }));
    }
    template <class Event>
    bool saw(int pm_id) {
        return eventually([&] { return count<Event>(pm_id) > 0; });
    }
    std::size_t count_trouble() {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(std::count_if(
            events_.begin(), events_.end(),
            [](const PlaneEvent& event) { return std::holds_alternative<AcceptTrouble>(event); }));
    }

    // Also a barrier: all calls before it have been carried out.
    PlaneStats stats() {
        std::promise<PlaneStats> promise;
        plane_.request_stats([&](PlaneStats stats) { promise.set_value(std::move(stats)); });
        return promise.get_future().get();
    }
    WorkerStats stats_of(int pm_id) {
        for (const WorkerStats& one : stats().workers)
            if (one.worker == id(pm_id)) return one;
        return {};
    }

private:
    std::mutex mutex_;
    std::vector<PlaneEvent> events_;
    std::uint16_t port_ = 0;
    DataPlane plane_;  // last: its thread uses what stands above
};

// All that the other side sends until it closes.
inline std::string read_all(int client) {
    std::string text;
    char buffer[256];
    for (;;) {
        pollfd waiting{client, POLLIN, 0};
        if (::poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) != 1)
            return text + "(timed out)";
        const ssize_t size = ::recv(client, buffer, sizeof buffer, 0);
        if (size < 0) return text + "(failed)";
        if (size == 0) return text;
        text.append(buffer, static_cast<std::size_t>(size));
    }
}

}  // namespace kpm::io
