// Renders that take too long, render threads that do not come back, and what the worker tells its watchdog.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "ipc/base/unique_fd.h"
#include "render-worker/server/notify_socket.h"
#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::test;

namespace {

std::string request(double duration) {
    return Json{{"type", "get_audio_data"},
                {"genomeString", render::golden::read("genomes/s03_additive.json.gz")},
                {"duration", duration},
                {"sampleRate", 48000}}
        .dump();
}

// The supervisor's end of NOTIFY_SOCKET.
class Supervisor {
public:
    Supervisor() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path().c_str());
        REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
        const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    std::string path() const { return (directory_.path() / "notify").string(); }
    // The next message; empty when patience ends.
    std::string hear() {
        char text[256];
        const ssize_t size = ::recv(socket_.get(), text, sizeof text, 0);
        return size > 0 ? std::string(text, static_cast<std::size_t>(size)) : "";
    }
    // Those that wait are forgotten.
    void drop_waiting() {
        char text[256];
        while (::recv(socket_.get(), text, sizeof text, MSG_DONTWAIT) > 0) {
        }
    }

private:
    TempDir directory_;
    UniqueFd socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

}  // namespace

TEST_CASE("render deadline: a job that takes too long is called off, and the worker serves on",
          "[integration][render_server]") {
    WorkerProcess worker(real_worker(), {.arguments = {"--host", "127.0.0.1", "--port", "0", "--gpu", "off",
                                                       "--render-timeout", "1000"}});
    WsClient client(worker.port());
    REQUIRE(client.send(request(600)));
    REQUIRE(client.send(request(0.01)));
    CHECK_THAT(receive_failure(client), Catch::StartsWith("cannot render 'genome': it takes longer than the "
                                                          "1000 ms that a job may take"));
    CHECK(receive_sound(client) == 960);
}

TEST_CASE("render deadline: without one a job may take its time", "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {.arguments = {"render_timeout=0", "stuck_grace=0"}});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(order(gate.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    gate.open();
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("render deadline: when the render thread does not come back all are answered, and it ends with 76",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(),
                         {.arguments = {"render_timeout=50", "stuck_grace=50", "drain_idle=50"}});
    WsClient first(worker.port());
    WsClient second(worker.port());
    REQUIRE(first.send(order({{"stuck", true}})));
    REQUIRE(second.send(order({{"level", 0.5}})));
    const std::string reason = "cannot render 'genome': the worker has been stuck for 100 ms";
    for (WsClient* client : {&first, &second}) {
        const auto answer = client->receive();
        REQUIRE(answer);
        CHECK(Json::parse(answer->bytes) ==
              Json{{"type", "error"}, {"message", reason}, {"retryable", true}});
        CHECK(client->receive()->bytes.empty());
        CHECK(client->wait_close() == 1001);
    }
    CHECK(worker.wait_exit() == 76);
    CHECK(worker.read_errors() == "render-worker: " + reason + "\n");
}

TEST_CASE("render deadline: a worker whose renderer does not come up ends with 76",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"stuck_start=1", "start_timeout=100"}});
    CHECK(worker.wait_exit() == 76);
    CHECK(worker.read_errors() ==
          "render-worker: cannot start 'renderer': it is not there after 100 ms\n");
}

TEST_CASE("render deadline: a second signal ends a worker whose render thread does not come back",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"stuck", true}})));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    worker.signal(SIGTERM);
    REQUIRE(eventually([&] { return http.get("/ready")->status == 503; }));
    worker.signal(SIGTERM);
    CHECK(worker.wait_exit() == 0);
}

TEST_CASE("render heartbeat: the worker beats while it is idle and while a render gets on",
          "[integration][render_server]") {
    Supervisor supervisor;
    Gate gate;
    WorkerProcess worker(gate_worker(),
                         {.environment = {"NOTIFY_SOCKET=" + supervisor.path(), "WATCHDOG_USEC=20000"}});
    for (int i = 0; i < 3; ++i) CHECK(supervisor.hear() == "WATCHDOG=1");
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(order(gate.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    supervisor.drop_waiting();
    for (int i = 0; i < 3; ++i) CHECK(supervisor.hear() == "WATCHDOG=1");
    gate.open();
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("render heartbeat: the watchdog of another process is none", "[integration][render_server]") {
    using render::watchdog_interval;
    const auto with = [](const char* interval, const std::string& pid) {
        ::setenv("WATCHDOG_USEC", interval, 1);
        ::setenv("WATCHDOG_PID", pid.c_str(), 1);
        const auto found = watchdog_interval();
        ::unsetenv("WATCHDOG_USEC");
        ::unsetenv("WATCHDOG_PID");
        return found;
    };
    const std::string self = std::to_string(::getpid());
    CHECK(with("2000000", self) == std::chrono::seconds(2));
    CHECK_FALSE(with("2000000", "1"));
    CHECK_FALSE(with("2000000", "no number"));
    for (const char* useless : {"0", "-5", "", "soon", "5s", "99999999999999999999"})
        CHECK_FALSE(with(useless, self));
    CHECK_FALSE(watchdog_interval());
}
