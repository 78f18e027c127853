// Jobs that end workers: tried twice, then refused, by all workers of an app.
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "render-worker/server/suspects.h"
#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"
#include "tests/support/temp_dir.h"

using namespace kpm;
using namespace kpm::test;

namespace {

const std::string kPoison = order({{"crash", true}});

class Workers {
public:
    WorkerProcess::Options options(std::vector<std::string> more = {}) const {
        more.push_back("suspects=" + directory());
        more.push_back("drain_idle=50");
        return {.arguments = std::move(more)};
    }
    std::string directory() const { return (directory_.path() / "deep" / "suspects").string(); }

private:
    TempDir directory_;
};

// The failure's message.
Json receive_error(WsClient& client) {
    const auto text = client.receive();
    if (!text || !text->text) return {};
    const auto empty = client.receive();
    return empty && empty->bytes.empty() ? Json::parse(text->bytes) : Json();
}

constexpr const char* kRefused =
    "cannot render 'genome': 2 times a worker has ended over it or given it up; it is refused for another ";

void check_refused(WsClient& client, const std::string& message) {
    REQUIRE(client.send(message));
    const Json error = receive_error(client);
    REQUIRE(error.is_object());
    CHECK_THAT(error.at("message").get<std::string>(), Catch::StartsWith(kRefused));
    CHECK_FALSE(error.contains("retryable"));
}

void kill_at_work(WorkerProcess& worker, const std::string& message) {
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(message));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    worker.signal(SIGKILL);
    REQUIRE(worker.wait_exit() == 128 + SIGKILL);
}

}  // namespace

TEST_CASE("suspects: a genome over which two workers have died is refused by the third",
          "[integration][render_server]") {
    const Workers workers;
    WorkerProcess third(gate_worker(), workers.options());
    WsClient witness(third.port());
    for (int i = 0; i < 2; ++i) {
        WorkerProcess victim(gate_worker(), workers.options());
        WsClient client(victim.port());
        REQUIRE(client.send(kPoison));
        REQUIRE(victim.wait_exit() == 128 + SIGKILL);
    }
    check_refused(witness, kPoison);
    REQUIRE(witness.send(order({{"level", 0.5}})));
    CHECK(receive_sound(witness) == 16);
    WorkerProcess fourth(gate_worker(), workers.options());
    WsClient late(fourth.port());
    check_refused(late, kPoison);
    // Another sound of that genome is another job.
    REQUIRE(late.send(order({{"crash", true}}, 0.002)));
    CHECK(fourth.wait_exit() == 128 + SIGKILL);
}

TEST_CASE("suspects: a job that is rendered well has its strikes forgiven", "[integration][render_server]") {
    const Workers workers;
    Gate gate;
    for (int i = 0; i < 3; ++i) {
        std::filesystem::remove(gate.path());
        WorkerProcess victim(gate_worker(), workers.options());
        kill_at_work(victim, order(gate.genome()));
        gate.open();
        WorkerProcess worker(gate_worker(), workers.options());
        WsClient client(worker.port());
        REQUIRE(client.send(order(gate.genome())));
        CHECK(receive_sound(client) == 16);
    }
}

TEST_CASE("suspects: a message over whose reading two workers have died is refused by the third",
          "[integration][render_server]") {
    const Workers workers;
    // Reading it takes a while, and ends with a failure.
    std::string wide = R"({"type":"get_audio_data","genomeString":[1)";
    for (int i = 0; i < (4 << 20); ++i) wide += ",1";
    wide += "]}";
    const auto check_read = [&](WsClient& client) {
        REQUIRE(client.send(wide));
        CHECK(receive_error(client).value("message", "") == "cannot parse 'message': too many values");
    };
    const auto die_over_reading = [&] {
        for (int i = 0; i < 5; ++i) {
            WorkerProcess victim(gate_worker(), workers.options());
            HttpClient http(victim.port());
            WsClient client(victim.port());
            const std::string note = workers.directory() + "/running." + std::to_string(victim.pid());
            REQUIRE(client.send(wide));
            // As the kernel does it when memory is out.
            REQUIRE(eventually([&] {
                return std::filesystem::file_size(note) > 0 ||
                       http.get("/metrics")->body.find("{result=\"failed\"} 1") != std::string::npos;
            }));
            victim.signal(SIGKILL);
            REQUIRE(victim.wait_exit() == 128 + SIGKILL);
            if (std::filesystem::file_size(note) > 0) return;
        }
        FAIL("nobody died over it");
    };
    die_over_reading();
    {
        WorkerProcess lucky(gate_worker(), workers.options());
        WsClient client(lucky.port());
        check_read(client);
    }
    die_over_reading();
    die_over_reading();
    WorkerProcess worker(gate_worker(), workers.options());
    WsClient client(worker.port());
    check_refused(client, wide);
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
    // It is not the sender who is refused, nor what is like it.
    wide += ' ';
    check_read(client);
}

TEST_CASE("suspects: a worker that was told to end is not killed by its job",
          "[integration][render_server]") {
    const Workers workers;
    Gate gate;
    for (int i = 0; i < 2; ++i) {
        WorkerProcess worker(gate_worker(), workers.options());
        HttpClient http(worker.port());
        WsClient client(worker.port());
        REQUIRE(client.send(order(gate.genome())));
        REQUIRE(eventually([&] { return jobs(http) == 1; }));
        worker.signal(SIGTERM);
        REQUIRE(eventually([&] { return http.get("/ready")->status == 503; }));
        worker.signal(SIGKILL);
        REQUIRE(worker.wait_exit() == 128 + SIGKILL);
    }
    gate.open();
    WorkerProcess worker(gate_worker(), workers.options());
    WsClient client(worker.port());
    REQUIRE(client.send(order(gate.genome())));
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("suspects: what has passed its deadline twice is refused, and a lone worker knows it by itself",
          "[integration][render_server]") {
    Gate never;
    WorkerProcess worker(gate_worker(), {.arguments = {"render_timeout=50"}});
    WsClient client(worker.port());
    const std::string late = "cannot render 'genome': it takes longer than the 50 ms that a job may take";
    REQUIRE(client.send(order(never.genome())));
    CHECK(receive_error(client) == Json{{"type", "error"}, {"message", late}, {"retryable", true}});
    REQUIRE(client.send(order(never.genome())));
    CHECK(receive_error(client) == Json{{"type", "error"}, {"message", late}});
    check_refused(client, order(never.genome()));
}

TEST_CASE("suspects: a job over which the device was lost twice is refused", "[integration][render_server]") {
    const Workers workers;
    const Json lost = {{"type", "error"}, {"message", "cannot use gpu: context lost"}};
    Json retryable = lost;
    retryable["retryable"] = true;
    Gate gate;
    const std::string message = order({{"gate", gate.path()}, {"lose", true}});
    for (const Json& expected : {retryable, lost}) {
        std::filesystem::remove(gate.path());
        WorkerProcess worker(gate_worker(), workers.options());
        HttpClient http(worker.port());
        WsClient client(worker.port());
        WsClient other(worker.port());
        REQUIRE(client.send(message));
        REQUIRE(eventually([&] { return jobs(http) == 1; }));
        REQUIRE(other.send(order({{"level", 0.5}})));
        REQUIRE(eventually([&] { return jobs(http) == 2; }));
        gate.open();
        CHECK(receive_error(client) == expected);
        CHECK(receive_error(other) == retryable);  // it is not to blame
        CHECK(client.wait_close() == 1001);
        CHECK(other.wait_close() == 1001);
        CHECK(worker.wait_exit() == 75);
    }
    WorkerProcess worker(gate_worker(), workers.options());
    WsClient client(worker.port());
    check_refused(client, message);
}

TEST_CASE("suspects: a damaged file of strikes and notes without a job are nothing",
          "[integration][render_server]") {
    const Workers workers;
    std::filesystem::create_directories(workers.directory());
    std::ofstream(workers.directory() + "/strikes") << "what is this\n\xff";
    std::ofstream(workers.directory() + "/running.1") << "nothing";
    WorkerProcess worker(gate_worker(), workers.options());
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
    CHECK_FALSE(std::filesystem::exists(workers.directory() + "/running.1"));
    client.close();
    worker.signal(SIGTERM);
    CHECK(worker.wait_exit() == 0);
    std::size_t left = 0;
    for (const auto& entry : std::filesystem::directory_iterator(workers.directory()))
        if (entry.path().filename() != "strikes") ++left;
    CHECK(left == 0);
}

TEST_CASE("suspects: without a directory that can be used the worker says so and serves",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"suspects=/dev/null/suspects"}});
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
    client.close();
    worker.signal(SIGTERM);
    CHECK(worker.wait_exit() == 0);
    CHECK(
        worker.read_errors() ==
        "render-worker: cannot use '/dev/null/suspects': Not a directory, suspects are known to this worker "
        "alone\n");
}

TEST_CASE("suspects: under kpm the directory is in its home, by the app's name",
          "[integration][render_server]") {
    using render::suspects_directory;
    const auto set = [](const char* name, const char* value) {
        if (value)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    };
    const auto with = [&](const char* home, const char* name, const char* channel, const char* given = "") {
        set("KPM_HOME", home);
        set("name", name);
        set("KPM_CHANNEL_FD", channel);
        const std::string found = suspects_directory(given);
        for (const char* variable : {"KPM_HOME", "name", "KPM_CHANNEL_FD"}) ::unsetenv(variable);
        return found;
    };
    CHECK(with("/home/a", "render", "3") == "/home/a/suspects/render");
    CHECK(with("/home/a", "../render/x", "3") == "/home/a/suspects/.._render_x");
    CHECK(with("/home/a", "render", "3", "/own") == "/own");
    CHECK(with(nullptr, nullptr, nullptr, "/own") == "/own");
    CHECK(with("/home/a", "render", nullptr).empty());
    CHECK(with(nullptr, "render", "3").empty());
    for (const char* name : {"", ".", ".."}) CHECK(with("/home/a", name, "3").empty());
}
