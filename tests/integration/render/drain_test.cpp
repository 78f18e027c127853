// A drain loses nothing: neither work nor a request that came in time.

#include <csignal>

#include <atomic>
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

struct Managed {
    explicit Managed(std::vector<std::string> arguments)
        : worker(gate_worker(), {.arguments = std::move(arguments), .channel = kpm.worker_end()}) {
        kpm.close_worker_end();
        REQUIRE(kpm.wait_count(Type::Ready, 1));
    }

    WsClient connect_ws() {
        std::thread passer([this] { kpm.pass_connection(); });
        WsClient client(kpm.port());
        passer.join();
        return client;
    }

    KpmEnd kpm;
    WorkerProcess worker;
};

}  // namespace

TEST_CASE("drain: jobs in flight are answered before drained is said", "[integration][render_server]") {
    Gate gate;
    Managed m({"drain_idle=50"});
    WsClient client = m.connect_ws();
    REQUIRE(client.send(order(gate.genome())));
    REQUIRE(client.send(order({{"level", 0.5}}, 0.002)));
    REQUIRE(m.kpm.wait_load(2));
    m.kpm.send(Type::Drain);
    // The answer to hello shows that the drain has been read.
    m.kpm.send(Type::Hello);
    REQUIRE(m.kpm.wait_count(Type::State, 1));
    CHECK(m.kpm.count(Type::Drained) == 0);
    gate.open();
    CHECK(receive_sound(client) == 16);
    CHECK(receive_sound(client) == 32);
    CHECK(client.wait_close() == 1001);
    CHECK(m.kpm.wait_count(Type::Drained, 1));
    CHECK(m.kpm.count(Type::Done) == 1);
    CHECK(m.worker.is_running());
    m.worker.signal(SIGINT);
    CHECK(m.worker.wait_exit() == 0);
}

TEST_CASE("drain: connections passed before the drain are served", "[integration][render_server]") {
    Managed m({"drain_idle=3000"});
    HttpClient first(m.kpm.port());
    HttpClient second(m.kpm.port());
    m.kpm.pass_connection();
    m.kpm.pass_connection();
    m.kpm.send(Type::Drain);
    const auto reply = first.get("/health");
    REQUIRE(reply);
    CHECK(reply->status == 200);
    CHECK_FALSE(reply->keep_alive);
    CHECK(first.wait_closed());
    CHECK(second.get("/ready")->status == 503);
    CHECK(second.wait_closed());
    CHECK(m.kpm.wait_count(Type::Drained, 1));
    CHECK(m.kpm.count(Type::Accepted) == 2);
    CHECK(m.kpm.count(Type::Done) == 2);
}

TEST_CASE("drain: idle connections are closed after the idle time", "[integration][render_server]") {
    Managed m({"drain_idle=50"});
    HttpClient fresh(m.kpm.port());
    m.kpm.pass_connection();
    HttpClient used(m.kpm.port());
    m.kpm.pass_connection();
    CHECK(used.get("/health")->keep_alive);
    WsClient client = m.connect_ws();
    m.kpm.send(Type::Drain);
    CHECK(fresh.wait_closed());
    CHECK(used.wait_closed());
    CHECK(client.wait_close() == 1001);
    CHECK(m.kpm.wait_count(Type::Drained, 1));
}

TEST_CASE("drain: with no connection the worker is drained at once", "[integration][render_server]") {
    Managed m({"drain_idle=100000"});
    m.kpm.send(Type::Drain);
    CHECK(m.kpm.wait_count(Type::Drained, 1));
    SECTION("and ends when told to") {
        m.worker.signal(SIGINT);
    }
    SECTION("and ends when kpm lets go of it") {
        m.kpm.close();
    }
    CHECK(m.worker.wait_exit() == 0);
}

TEST_CASE("drain: a WebSocket that keeps sending is served until it pauses", "[integration][render_server]") {
    Managed m({"drain_idle=3000"});
    WsClient client = m.connect_ws();
    m.kpm.send(Type::Drain);
    m.kpm.send(Type::Hello);
    REQUIRE(m.kpm.wait_count(Type::State, 1));
    int answered = 0;
    for (int i = 0; i < 20; ++i) {
        REQUIRE(client.send(order({{"level", 0.5}})));
        answered += receive_sound(client) == 16;
    }
    CHECK(answered == 20);
    CHECK(client.wait_close() == 1001);
    CHECK(m.kpm.wait_count(Type::Drained, 1));
}

// Clients as they really are: each opens a connection, sends, reads, closes; again until told to stop. Every
// request that was sent must get its sound, though the worker drains in the middle.
TEST_CASE("drain: nothing is lost under concurrent requests", "[integration][render_server]") {
    Managed m({"drain_idle=3000", "queue=1000"});
    constexpr int kClients = 6;
    std::atomic<int> answered = 0;
    std::atomic<int> lost = 0;
    std::vector<WsClient> clients;
    for (int i = 0; i < kClients; ++i) clients.push_back(m.connect_ws());
    std::atomic<bool> pause = false;
    std::vector<std::thread> threads;
    for (WsClient& client : clients)
        threads.emplace_back([&] {
            while (!pause) {
                const bool sent = client.send(order({{"level", 0.5}}, 0.1));
                const bool got = sent && receive_sound(client) == 1600;
                ++(got ? answered : lost);
                if (!got) return;
            }
        });
    CHECK(eventually([&] { return answered + lost >= 50; }));
    m.kpm.send(Type::Drain);
    const int before = answered;
    CHECK(eventually([&] { return answered + lost >= before + 50; }));
    pause = true;
    for (std::thread& thread : threads) thread.join();
    CHECK(lost == 0);
    for (WsClient& client : clients) CHECK(client.wait_close() == 1001);
    CHECK(m.kpm.wait_count(Type::Drained, 1));
    CHECK(m.kpm.count(Type::Accepted) == m.kpm.count(Type::Done));
}

TEST_CASE("drain: SIGTERM finishes what a stand-alone worker has", "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {.arguments = {"drain_idle=50"}});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(order(gate.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    worker.signal(SIGTERM);
    // The listening socket is gone once the drain has begun.
    REQUIRE(eventually([&] {
        try {
            HttpClient probe(worker.port());
            return !probe.get("/ready");
        } catch (const std::exception&) {
            return true;
        }
    }));
    CHECK(worker.is_running());
    gate.open();
    CHECK(receive_sound(client) == 16);
    CHECK(client.wait_close() == 1001);
    CHECK(worker.wait_exit() == 0);
}

TEST_CASE("drain: the second signal ends the worker whatever it does", "[integration][render_server]") {
    Gate never;
    WorkerProcess worker(gate_worker(), {});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(order(never.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    worker.signal(SIGINT);
    REQUIRE(eventually([&] {
        const auto reply = http.get("/ready");
        return !reply || reply->status == 503;
    }));
    CHECK(worker.is_running());
    worker.signal(SIGINT);
    CHECK(worker.wait_exit() == 0);
}

TEST_CASE("drain: work that does not end is given up at the deadline", "[integration][render_server]") {
    Gate never;
    WorkerProcess worker(gate_worker(), {.arguments = {"stop_deadline=50"}});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(order(never.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    worker.signal(SIGTERM);
    CHECK(worker.wait_exit() == 0);
}
