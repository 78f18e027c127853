// Ten thousand clients that say nothing: each costs a worker a descriptor, and nothing once it has left.

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "tests/integration/render/orders.h"
#include "tests/integration/render/raw_frames.h"
#include "tests/integration/render/worker_process.h"

using namespace kpm;
using namespace kpm::test;

namespace {

constexpr std::size_t kClients = 10'000;
constexpr rlim_t kDescriptors = kClients + 500;

// The test's own; a worker raises its own to the hard limit that it is given.
class DescriptorLimit {
public:
    explicit DescriptorLimit(rlim_t wanted) {
        REQUIRE(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit limit = before_;
        limit.rlim_max = std::max(limit.rlim_max, wanted);  // beyond it: root's right
        limit.rlim_cur = std::max(limit.rlim_cur, wanted);
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    }
    ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    DescriptorLimit(const DescriptorLimit&) = delete;

private:
    rlimit before_{};
};

UniqueFd connected(std::uint16_t port) {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return {};
    return socket;
}

bool send_all(const UniqueFd& socket, const std::string& bytes) {
    return ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
}

// Up to the end of it; what came when the time is up or the worker has left.
std::string receive_up_to(const UniqueFd& socket, const std::string& end) {
    std::string all;
    std::array<char, 1024> bytes;
    while (!all.ends_with(end)) {
        pollfd ready{.fd = socket.get(), .events = POLLIN, .revents = 0};
        if (::poll(&ready, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) break;
        const ssize_t count = ::recv(socket.get(), bytes.data(), bytes.size(), 0);
        if (count <= 0) break;
        all.append(bytes.data(), static_cast<std::size_t>(count));
    }
    return all;
}

// All of them upgraded.
std::vector<UniqueFd> idle_clients(std::uint16_t port) {
    std::vector<UniqueFd> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
        UniqueFd client = connected(port);
        if (!client || !send_all(client, kUpgrade)) FAIL("no connection after " << i);
        clients.push_back(std::move(client));
    }
    for (std::size_t i = 0; i < kClients; ++i)
        if (!receive_up_to(clients[i], "\r\n\r\n").starts_with("HTTP/1.1 101 ")) FAIL("no upgrade of " << i);
    return clients;
}

std::ptrdiff_t descriptors(const WorkerProcess& worker) {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(worker.pid()) + "/fd");
    return std::distance(begin(all), end(all));
}

// A sound and /health over new connections, which are gone afterwards.
void check_serves(WorkerProcess& worker) {
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
    client.close();
    const auto health = HttpClient(worker.port()).get("/health");
    REQUIRE(health);
    CHECK(health->status == 200);
}

std::size_t connections(HttpClient& http) {
    const std::string body = http.get("/metrics")->body;
    const std::string name = "\nrender_worker_connections ";
    return std::stoul(body.substr(body.find(name) + name.size()));
}

}  // namespace

TEST_CASE("idle clients: ten thousand of them leave nothing behind", "[integration][render_server]") {
    const DescriptorLimit limit(kDescriptors);
    // No pings: however slow the machine is, nobody is given up.
    WorkerProcess worker(gate_worker(), {.arguments = {"ping_interval=3600000", "request_timeout=3600000"}});
    HttpClient http(worker.port());
    check_serves(worker);  // what is opened once is open now
    REQUIRE(eventually([&] { return connections(http) == 1; }));
    const std::ptrdiff_t before = descriptors(worker);

    std::vector<UniqueFd> clients = idle_clients(worker.port());
    CHECK(connections(http) == kClients + 1);
    CHECK(descriptors(worker) == before + static_cast<std::ptrdiff_t>(kClients));
    check_serves(worker);
    const std::string message = order({{"level", 0.5}});
    for (const std::size_t i : {std::size_t{0}, kClients / 2, kClients - 1}) {
        REQUIRE(send_all(clients[i], frame(0x81, message, message.size())));
        // 16 bytes of sound in one frame; a level of 0.5 is 0x4000.
        CHECK(receive_up_to(clients[i], std::string("\x00\x40", 2)).starts_with("\x82\x10"));
    }

    // They leave in all ways: with a close frame, at once, or cut off.
    for (std::size_t i = 0; i < kClients; ++i) {
        if (i % 3 == 0) {
            REQUIRE(send_all(clients[i], frame(0x88, "\x03\xe8", 2)));
            REQUIRE(receive_up_to(clients[i], "\x03\xe8").starts_with("\x88"));
        }
        const linger at_once{.l_onoff = 1, .l_linger = 0};
        if (i % 3 == 1) ::setsockopt(clients[i].get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        clients[i].reset();
    }
    CHECK(eventually([&] { return connections(http) == 1; }));
    CHECK(descriptors(worker) == before);
    check_serves(worker);
    CHECK(worker.is_running());
}
