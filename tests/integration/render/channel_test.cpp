// The kpm channel, with the test in kpmd's part.

#include <csignal>

#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/render/kpm_end.h"
#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"

using namespace kpm;
using namespace kpm::test;
using channel::Type;

namespace {

// A worker on a channel, with `ready` seen.
struct Managed {
    explicit Managed(std::vector<std::string> arguments = {})
        : worker(gate_worker(), {.arguments = std::move(arguments), .channel = kpm.worker_end()}) {
        kpm.close_worker_end();
        REQUIRE(kpm.wait_count(Type::Ready, 1));
    }

    // The kernel completes the client's connection before anyone accepts it, but an HTTP upgrade needs the
    // worker.
    WsClient connect_ws() {
        passer = std::thread([this] { kpm.pass_connection(); });
        WsClient client(kpm.port());
        passer.join();
        return client;
    }
    HttpClient connect_http() {
        HttpClient client(kpm.port());
        kpm.pass_connection();
        return client;
    }

    KpmEnd kpm;
    WorkerProcess worker;
    std::thread passer;
};

}  // namespace

TEST_CASE("render channel: the worker says ready, accepted and done", "[integration][render_server]") {
    Managed m;
    CHECK(m.worker.read_line() == "render-worker taking connections from kpm (gate)");
    {
        HttpClient http = m.connect_http();
        CHECK(http.get("/health")->status == 200);
        CHECK(m.kpm.wait_count(Type::Accepted, 1));
        CHECK(m.kpm.count(Type::Done) == 0);
    }
    CHECK(m.kpm.wait_count(Type::Done, 1));
    WsClient client = m.connect_ws();
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
    client.close();
    CHECK(m.kpm.wait_count(Type::Done, 2));
    CHECK(m.kpm.count(Type::Accepted) == 2);
    CHECK(m.kpm.count(Type::Ready) == 1);
}

TEST_CASE("render channel: the load goes up and down with the jobs", "[integration][render_server]") {
    Gate gate;
    Managed m;
    WsClient client = m.connect_ws();
    for (int i = 0; i < 3; ++i) REQUIRE(client.send(order(gate.genome())));
    CHECK(m.kpm.wait_load(3));
    gate.open();
    for (int i = 0; i < 3; ++i) CHECK(receive_sound(client) == 16);
    CHECK(m.kpm.wait_load(0));
    std::vector<std::uint64_t> loads;
    for (const auto& message : m.kpm.messages)
        if (message.type == Type::Load) loads.push_back(message.value);
    CHECK(loads == std::vector<std::uint64_t>{1, 2, 3, 2, 1, 0});
}

TEST_CASE("render channel: a new kpmd learns the state", "[integration][render_server]") {
    Managed m;
    WsClient client = m.connect_ws();
    HttpClient http = m.connect_http();
    m.kpm.send(Type::Hello);
    REQUIRE(m.kpm.wait_count(Type::State, 1));
    CHECK(m.kpm.last(Type::State).flags == channel::kStateReady);
    CHECK(m.kpm.last(Type::State).value == 2);
    m.kpm.send(Type::Drain);
    m.kpm.send(Type::Hello);
    REQUIRE(m.kpm.wait_count(Type::State, 2));
    CHECK(m.kpm.last(Type::State).flags == (channel::kStateReady | channel::kStateDraining));
}

TEST_CASE("render channel: connections that come too late are given back", "[integration][render_server]") {
    Managed m({"drain_idle=100000"});
    WsClient client = m.connect_ws();
    REQUIRE(m.kpm.wait_count(Type::Accepted, 1));
    m.worker.signal(SIGTERM);
    // The signal and the connection race: ask until the worker says that it drains.
    std::size_t asked = 0;
    REQUIRE(m.kpm.wait([&] {
        const bool answered = m.kpm.count(Type::State) == asked;
        if (answered && asked > 0 && (m.kpm.last(Type::State).flags & channel::kStateDraining) != 0)
            return true;
        if (answered) {
            m.kpm.send(Type::Hello);
            ++asked;
        }
        return false;
    }));
    HttpClient late = m.connect_http();
    REQUIRE(m.kpm.wait_count(Type::Refused, 1));
    CHECK(m.kpm.refused.size() == 1);
    CHECK(m.kpm.count(Type::Accepted) == 1);
}

TEST_CASE("render channel: without kpm the worker finishes its work and ends",
          "[integration][render_server]") {
    Gate gate;
    Managed m({"drain_idle=50"});
    WsClient client = m.connect_ws();
    REQUIRE(client.send(order(gate.genome())));
    REQUIRE(m.kpm.wait_load(1));
    m.kpm.close();
    gate.open();
    CHECK(receive_sound(client) == 16);
    CHECK(client.wait_close() == 1001);
    CHECK(m.worker.wait_exit() == 0);
}

TEST_CASE("render channel: a client that does not read its replies is cut off",
          "[integration][render_server]") {
    Managed m({"max_output=1000"});
    WsClient client = m.connect_ws();
    // Far more than the two sockets' buffers hold.
    for (int i = 0; i < 8; ++i) client.send(order({{"level", 0.5}}, 500));
    CHECK(m.kpm.wait_count(Type::Done, 1));
    CHECK(m.kpm.wait_load(0));
    WsClient other = m.connect_ws();
    REQUIRE(other.send(order({{"level", 0.5}})));
    CHECK(receive_sound(other) == 16);
}

// One by one they have less than they may.
TEST_CASE("render channel: of clients that do not read, the slowest is cut off when all have too much",
          "[integration][render_server]") {
    Managed m({"max_all_output=12000000"});
    WsClient slowest = m.connect_ws();
    slowest.send(order({{"level", 0.5}}, 500));  // 8 MB, far more than the two sockets' buffers hold
    REQUIRE(m.kpm.wait_load(1));
    REQUIRE(m.kpm.wait_load(0));
    WsClient slow = m.connect_ws();
    slow.send(order({{"level", 0.5}}, 500));
    CHECK(m.kpm.wait_count(Type::Done, 1));
    CHECK(receive_sound(slow) == 8'000'000);
    CHECK_FALSE(slowest.receive());
}

TEST_CASE("render channel: a peer that does not answer pings is gone", "[integration][render_server]") {
    Managed m({"ping_interval=20"});
    WsClient silent = m.connect_ws();
    CHECK(m.kpm.wait_count(Type::Done, 1));
}

TEST_CASE("render channel: a descriptor that is no channel is an error", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), {.environment = {"KPM_CHANNEL_FD=77"}});
    CHECK(worker.read_errors() == "render-worker: cannot use channel '77': Bad file descriptor\n");
    CHECK(worker.wait_exit() == 1);
}
