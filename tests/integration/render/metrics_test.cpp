// What the worker tells by /metrics, and that its numbers are those of what happened.

#include <catch2/catch.hpp>
#include <string>

#include "tests/integration/render/orders.h"
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
