// What the worker tells by /metrics, and that its numbers are those of what happened.

#include <catch2/catch.hpp>
#include <cstddef>
#include <string>

#include "tests/integration/render/orders.h"
#include "tests/integration/render/software_worker.h"
#include "tests/integration/render/worker_process.h"

using namespace kpm;
using namespace kpm::test;

namespace {

// The value of one line; nothing when there is none.
std::string metric(HttpClient& http, const std::string& name) {
    const auto reply = http.get("/metrics");
    if (!reply || reply->status != 200) return "no answer";
    const std::string line = "\nrender_worker_" + name + " ";
    const std::size_t begin = reply->body.find(line);
    if (begin == std::string::npos) return "no line";
    const std::size_t value = begin + line.size();
    return reply->body.substr(value, reply->body.find('\n', value) - value);
}

}  // namespace

TEST_CASE("render metrics: jobs are counted by how they ended", "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {.arguments = {"queue=2"}});
    HttpClient http(worker.port());
    CHECK_THAT(http.get("/metrics")->content_type, Catch::StartsWith("text/plain; version=0.0.4"));
    CHECK(metric(http, "queue_limit") == "2");
    CHECK(metric(http, "ready") == "1");

    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}}, 2)));
    REQUIRE(receive_sound(client) == 32000);
    REQUIRE(client.send(order({{"fail", "no"}})));
    REQUIRE(receive_failure(client) == "no");
    REQUIRE(client.send("{"));
    REQUIRE_FALSE(receive_failure(client).empty());
    CHECK(metric(http, "jobs_total{result=\"done\"}") == "1");
    CHECK(metric(http, "jobs_total{result=\"failed\"}") == "2");
    CHECK(metric(http, "audio_seconds_total") == "2");
    CHECK(std::stod(metric(http, "render_seconds_total")) > 0);

    {
        WsClient leaver(worker.port());
        for (int i = 0; i < 3; ++i) REQUIRE(leaver.send(order(gate.genome())));
        REQUIRE(eventually([&] { return metric(http, "jobs_queued") == "2"; }));
        CHECK(metric(http, "jobs_running") == "1");
        CHECK(metric(http, "ready") == "0");
        CHECK(metric(http, "connections") == "3");
        REQUIRE(client.send(order({{"level", 0.5}})));
        CHECK_THAT(receive_failure(client), Catch::Contains("busy"));
        leaver.abort();
    }
    CHECK(eventually([&] { return metric(http, "jobs_total{result=\"cancelled\"}") == "3"; }));
    CHECK(metric(http, "refusals_total") == "1");
    CHECK(eventually([&] { return metric(http, "jobs_running") == "0"; }));
    CHECK(metric(http, "jobs_queued") == "0");
    CHECK(eventually([&] { return metric(http, "connections") == "2"; }));
    CHECK(metric(http, "connections_total") == "3");
}

TEST_CASE("render metrics: evaluations are counted by what did them", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), on_software({"--gpu-when", "always"}));
    HttpClient http(worker.port());
    WsClient client(worker.port());
    const auto count = [](HttpClient& from, const std::string& backend) {
        return std::stoul(metric(from, "evaluations_total{backend=\"" + backend + "\"}"));
    };
    CHECK(count(http, "gpu") == 0);
    CHECK(metric(http, "gpu_buffer_bytes") == "0");
    for (int i = 0; i < 2; ++i) {
        REQUIRE(client.send(sound_request(true)));
        REQUIRE(receive_sound(client) == 3200);
    }
    const std::size_t of_two = count(http, "gpu");
    CHECK(of_two >= 2);
    CHECK(std::stoul(metric(http, "gpu_buffer_bytes")) > 3200);
    CHECK(count(http, "cpu") == 0);
    REQUIRE(client.send(sound_request(false)));
    REQUIRE(receive_sound(client) == 3200);
    CHECK(count(http, "gpu") == of_two);
    CHECK(count(http, "cpu") == of_two / 2);

    // A worker that may choose tries both.
    WorkerProcess chooser(real_worker(), on_software({"--gpu-when", "cheaper"}));
    HttpClient chooser_http(chooser.port());
    WsClient chooser_client(chooser.port());
    for (int i = 0; i < 6; ++i) {
        REQUIRE(chooser_client.send(sound_request(true)));
        REQUIRE(receive_sound(chooser_client) == 3200);
    }
    CHECK(count(chooser_http, "gpu") >= 3);
    CHECK(count(chooser_http, "cpu") >= 3);
    CHECK(count(chooser_http, "gpu") + count(chooser_http, "cpu") == 3 * of_two);
}
