// The protocol of the server, with a worker whose renders obey the test.

#include <catch2/catch.hpp>
#include <string>

#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"

using namespace kpm;
using namespace kpm::test;

namespace {

std::string text_error(WsClient& client) {
    const auto message = client.receive();
    REQUIRE(message);
    REQUIRE(message->text);
    const Json error = Json::parse(message->bytes);
    CHECK(error.at("type") == "error");
    return error.at("message").get<std::string>();
}

}  // namespace

TEST_CASE("render server: health answers while a render runs", "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(order(gate.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));

    const auto health = http.get("/health");
    REQUIRE(health);
    CHECK(health->status == 200);
    CHECK(health->content_type == "application/json");
    CHECK(health->keep_alive);
    const Json body = Json::parse(health->body);
    CHECK(body.size() == 2);
    CHECK(body.at("status") == "ok");
    const auto time = body.at("timestamp").get<std::string>();
    CHECK(time.size() == 24);
    CHECK(time.back() == 'Z');
    CHECK(jobs(http) == 1);

    gate.open();
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("render server: everything but health, ready and metrics is not found",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    HttpClient http(worker.port());
    for (const char* path : {"/", "/health/", "/metrics/x"}) {
        const auto reply = http.get(path);
        REQUIRE(reply);
        CHECK(reply->status == 404);
        CHECK(reply->content_type == "text/plain");
        CHECK(reply->body == "Not Found");
        CHECK(reply->keep_alive);
    }
    const auto ready = http.get("/ready");
    REQUIRE(ready);
    CHECK(ready->status == 200);
    CHECK(Json::parse(ready->body) == Json{{"status", "ready"}, {"jobs", 0}});
}

TEST_CASE("render server: what is not HTTP gets an answer and loses its connection",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    HttpClient broken(worker.port());
    REQUIRE(broken.send_raw("\x16\x03\x01 hello\r\n\r\n"));
    CHECK(eventually([&] { return broken.wait_closed(); }));
    CHECK(HttpClient(worker.port()).get("/health")->status == 200);
}

TEST_CASE("render server: any path is a WebSocket that serves many requests",
          "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {});
    WsClient client(worker.port(), "/some/path?x=1");
    REQUIRE(client.send(order(gate.genome(), 0.002)));
    REQUIRE(client.send(order({{"level", 1}}, 0.001)));
    gate.open();
    CHECK(receive_sound(client) == 32);
    const auto second = client.receive();
    REQUIRE(second);
    CHECK(second->bytes ==
          std::string("\xff\x7f\xff\x7f\xff\x7f\xff\x7f\xff\x7f\xff\x7f\xff\x7f\xff\x7f", 16));
    REQUIRE(client.send(order({{"level", 0}}, 0.003)));
    CHECK(receive_sound(client) == 48);
}

TEST_CASE("render server: a sound larger than a fragment arrives as one message",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.25}}, 100)));
    CHECK(receive_sound(client) == 1600000);
}

TEST_CASE("render server: failures name themselves and leave the connection usable",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    WsClient client(worker.port());
    REQUIRE(client.send("{not json"));
    CHECK(receive_failure(client) == "cannot parse 'message': not JSON at byte 3");
    REQUIRE(client.send(order({{"fail", "cannot read genome: no"}})));
    CHECK(receive_failure(client) == "cannot read genome: no");
    REQUIRE(client.send(order({{"throw", "out of luck"}})));
    CHECK(receive_failure(client) == "cannot render 'genome': out of luck");
    REQUIRE(client.send(R"({"type":"dance"})"));
    CHECK(text_error(client) == "unknown message type 'dance', expected 'get_audio_data' or 'render'");
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("render server: a message over the limit closes its connection alone",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"max_message=1000"}});
    WsClient other(worker.port());
    WsClient client(worker.port());
    client.send(order({{"padding", std::string(2000, 'x')}}));
    CHECK(client.wait_close() == 1009);
    REQUIRE(other.send(order({{"level", 0.5}})));
    CHECK(receive_sound(other) == 16);
}

TEST_CASE("render server: a message as large as a large genome is taken", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}, {"padding", std::string(20u << 20, 'x')}})));
    CHECK(receive_sound(client) == 16);
}

TEST_CASE("render server: a full queue answers at once", "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {.arguments = {"queue=2"}});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    for (int i = 0; i < 3; ++i) REQUIRE(client.send(order(gate.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 3; }));
    const auto busy = http.get("/ready");
    CHECK(busy->status == 503);
    CHECK(Json::parse(busy->body).at("status") == "busy");
    CHECK(http.get("/health")->status == 200);
    WsClient late(worker.port());
    REQUIRE(late.send(order({{"level", 0.5}})));
    CHECK_THAT(receive_failure(late), Catch::StartsWith("cannot take the job: the worker is busy"));
    gate.open();
    for (int i = 0; i < 3; ++i) CHECK(receive_sound(client) == 16);
    CHECK(http.get("/ready")->status == 200);
    REQUIRE(late.send(order({{"level", 0.5}})));
    CHECK(receive_sound(late) == 16);
}

TEST_CASE("render server: a client that leaves takes its jobs with it", "[integration][render_server]") {
    Gate never;
    WorkerProcess worker(gate_worker(), {});
    HttpClient http(worker.port());
    WsClient leaver(worker.port());
    for (int i = 0; i < 3; ++i) REQUIRE(leaver.send(order(never.genome())));
    REQUIRE(eventually([&] { return jobs(http) == 3; }));
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}})));
    SECTION("by a close frame") {
        leaver.close();
    }
    SECTION("by a cut connection") {
        leaver.abort();
    }
    CHECK(receive_sound(client) == 16);
    CHECK(eventually([&] { return jobs(http) == 0; }));
}

TEST_CASE("render server: a lost device answers its jobs and ends the process with 75",
          "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {.arguments = {"drain_idle=50"}});
    WsClient first(worker.port());
    WsClient second(worker.port());
    REQUIRE(first.send(order({{"gate", gate.path()}, {"lose", true}})));
    REQUIRE(second.send(order({{"level", 0.5}})));
    gate.open();
    CHECK(receive_failure(first) == "cannot use gpu: context lost");
    CHECK(receive_failure(second) == "cannot use gpu: context lost");
    CHECK(first.wait_close() == 1001);
    CHECK(second.wait_close() == 1001);
    CHECK(worker.wait_exit() == 75);
    CHECK(worker.read_errors() == "render-worker: cannot use gpu: context lost\n");
}
