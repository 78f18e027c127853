// Clients that break the rules: each loses its own connection or gets an error, and the worker goes on.

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/render/orders.h"
#include "tests/integration/render/raw_frames.h"
#include "tests/integration/render/worker_process.h"

using namespace kpm;
using namespace kpm::test;

namespace {

// A connection on which the test writes the frames itself.
HttpClient upgraded(std::uint16_t port) {
    HttpClient client(port);
    REQUIRE(client.send_raw(kUpgrade));
    std::string answer;
    while (answer.find("\r\n\r\n") == std::string::npos) {
        const std::string more = client.read_some();
        REQUIRE_FALSE(more.empty());
        answer += more;
    }
    REQUIRE_THAT(answer, Catch::StartsWith("HTTP/1.1 101 "));
    return client;
}

void check_alive(WorkerProcess& worker) {
    CHECK(HttpClient(worker.port()).get("/health")->status == 200);
    WsClient client(worker.port());
    REQUIRE(client.send(order({{"level", 0.5}})));
    CHECK(receive_sound(client) == 16);
    CHECK(worker.is_running());
}

}  // namespace

TEST_CASE("hostile clients: frames against RFC 6455 end their connection", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    const std::vector<std::pair<const char*, std::string>> cases = {
        {"not masked", std::string("\x81\x02{}", 4)},
        {"a reserved bit", frame(0xC1, "{}", 2)},
        {"a reserved opcode", frame(0x83, "{}", 2)},
        {"a continuation of nothing", frame(0x80, "{}", 2)},
        {"a new message within another", frame(0x01, "{", 1) + frame(0x81, "}", 1)},
        {"a ping in fragments", frame(0x09, "x", 1)},
        {"a ping longer than 125 bytes", frame(0x89, std::string(200, 'x'), 200)},
        {"text that is not UTF-8", frame(0x81, "\xff\xfe", 2)},
        {"a close frame of one byte", frame(0x88, "x", 1)},
        {"longer than anything", frame(0x81, "", 0x7fffffffffffffff)},
        {"a negative length", frame(0x81, "", 0xffffffffffffffff)},
    };
    for (const auto& [name, bytes] : cases) {
        INFO(name);
        HttpClient client = upgraded(worker.port());
        REQUIRE(client.send_raw(bytes));
        const std::string answer = client.read_to_end();
        REQUIRE(answer.size() >= 4);
        CHECK(static_cast<unsigned char>(answer[0]) == 0x88);
        const int code = static_cast<unsigned char>(answer[2]) << 8 | static_cast<unsigned char>(answer[3]);
        CHECK((code == 1002 || code == 1007 || code == 1009));
    }
    check_alive(worker);
}

TEST_CASE("hostile clients: half a frame, and the client leaves", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    HttpClient http(worker.port());
    for (const std::size_t cut : {1u, 5u, 9u, 20u}) {
        HttpClient client = upgraded(worker.port());
        REQUIRE(client.send_raw(frame(0x81, std::string(100, 'x'), 100000).substr(0, cut)));
    }
    CHECK(jobs(http) == 0);
    check_alive(worker);
}

TEST_CASE("hostile clients: pings without end are answered beside all else", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    HttpClient flood = upgraded(worker.port());
    std::string pings;
    for (int i = 0; i < 2000; ++i) pings += frame(0x89, std::string(125, 'x'), 125);
    // Nobody reads the answers: the worker stops reading when they fill the way back.
    for (int i = 0; i < 40; ++i) flood.send_raw(pings, std::chrono::milliseconds(100));
    check_alive(worker);

    WsClient polite(worker.port());
    for (int i = 0; i < 500; ++i) REQUIRE(polite.ping());
    REQUIRE(polite.send(order({{"level", 0.5}})));
    CHECK(receive_sound(polite) == 16);
}

TEST_CASE("hostile clients: many connections that do nothing", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    std::vector<std::unique_ptr<HttpClient>> idle;
    for (int i = 0; i < 400; ++i) idle.push_back(std::make_unique<HttpClient>(worker.port()));
    for (int i = 0; i < 400; i += 4) REQUIRE(idle[static_cast<std::size_t>(i)]->send_raw(kUpgrade));
    check_alive(worker);
    const auto metrics = HttpClient(worker.port()).get("/metrics");
    CHECK_THAT(metrics->body, Catch::Contains("render_worker_connections 40"));
}

TEST_CASE("hostile clients: a request that does not end is answered with 408",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"header_timeout=300"}});
    HttpClient drip(worker.port());
    REQUIRE(drip.send_raw("GET /health HTTP/1.1\r\n"));
    // A byte now and then does not help.
    std::string answer;
    for (int i = 0; i < 100 && answer.empty(); ++i) {
        drip.send_raw("X");
        answer = drip.poll_some();
    }
    CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 408 Request Timeout"));
    check_alive(worker);
}

TEST_CASE("hostile clients: a connection that never asks is closed", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"request_timeout=200"}});
    HttpClient idle(worker.port());
    CHECK(idle.read_to_end().empty());
    check_alive(worker);
}

TEST_CASE("hostile clients: headers without end", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    HttpClient client(worker.port());
    REQUIRE(client.send_raw("GET /health HTTP/1.1\r\nX-Long: " + std::string(20000, 'x')));
    CHECK_THAT(client.read_to_end(), Catch::StartsWith("HTTP/1.1 400 "));
    check_alive(worker);
}

TEST_CASE("hostile clients: JSON that is deep, wide or no JSON", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"max_message=30000000"}});
    WsClient client(worker.port());
    const auto failure = [&](const std::string& text) {
        if (!client.send(text)) return std::string("not sent");
        return receive_failure(client);
    };
    const std::string deep = R"({"type":"get_audio_data","genomeString":)";
    CHECK(failure(deep + std::string(500000, '[') + std::string(500000, ']') + "}") ==
          "cannot parse 'message': nested too deeply");
    CHECK_THAT(failure(std::string(5000000, '[')),
               Catch::StartsWith("cannot parse 'message': nested too deeply"));
    std::string wide = deep + "[1";
    for (int i = 0; i < (4 << 20); ++i) wide += ",1";
    CHECK(failure(wide + "]}") == "cannot parse 'message': too many values");
    // Work for each pair of these would be hours.
    std::string empty = deep + "[{}";
    for (int i = 0; i < 1'000'000; ++i) empty += ",{}";
    CHECK_FALSE(failure(empty + "]}").empty());
    std::string names = R"({"type":"get_audio_data","genomeString":"{}")";
    for (int i = 0; i < 300'000; ++i) names += ",\"n" + std::to_string(i) + "\":0";
    REQUIRE(client.send(names + "}"));
    CHECK(receive_sound(client) > 0);
    CHECK_THAT(failure(std::string(100, '\0')), Catch::StartsWith("cannot parse 'message': not JSON"));
    CHECK_THAT(failure(""), Catch::StartsWith("cannot parse 'message': not JSON"));
    check_alive(worker);
}

TEST_CASE("hostile clients: messages that do not come to their end are bounded together",
          "[integration][render_server]") {
    constexpr std::size_t kMost = 1'000'000;
    WorkerProcess worker(gate_worker(), {.arguments = {"max_message=" + std::to_string(kMost)}});
    const std::string part = frame(0x81, std::string(kMost * 9 / 10, ' '), kMost);
    HttpClient first = upgraded(worker.port());
    HttpClient second = upgraded(worker.port());
    REQUIRE(first.send_raw(part));
    REQUIRE(second.send_raw(part));
    CHECK(second.poll_some().empty());
    HttpClient third = upgraded(worker.port());
    third.send_raw(part);  // cut in the midst of it, maybe
    const std::string said = third.read_to_end();
    CHECK(said.starts_with("\x88\x02\x03\xf5"));  // a close frame, 1013
    // Who was there before goes on, and what has come to its end counts no more.
    REQUIRE(first.send_raw(std::string(kMost / 10, ' ')));
    CHECK_THAT(first.read_some(), Catch::Contains("cannot parse 'message'"));
    first.poll_some();  // the rest of the reply
    REQUIRE(first.send_raw(part));
    CHECK(first.poll_some().empty());
    check_alive(worker);
}

TEST_CASE("hostile clients: a message that is kept alive with pings has a deadline, a long one a later one",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"message_timeout=1000"}});
    // More than the sockets hold, so that the worker has begun to read it.
    const std::string half(16'000'000, ' ');
    HttpClient steady = upgraded(worker.port());
    REQUIRE(steady.send_raw(frame(0x81, half, 2 * half.size())));
    // One that was in the midst of a message, and is so no more.
    HttpClient quiet = upgraded(worker.port());
    REQUIRE(quiet.send_raw(frame(0x01, "{", 1) + frame(0x80, "}", 1)));
    CHECK_THAT(quiet.read_some(), Catch::Contains("Must provide either"));
    HttpClient drip = upgraded(worker.port());
    REQUIRE(drip.send_raw(frame(0x01, "{", 1)));
    const std::string ping = frame(0x89, "x", 1), pong = "\x8a\x01x";
    std::string said;
    REQUIRE(eventually([&] {
        drip.send_raw(frame(0x00, " ", 1) + ping);
        said += drip.poll_some();
        return said.find("\x88") != std::string::npos;
    }));
    CHECK_THAT(said, Catch::StartsWith(pong));
    CHECK_THAT(said, Catch::Contains("\x03\xf0"
                                     "cannot read 'message': it comes too slowly"));
    // By now the time that is everyone's is over for the others, too.
    REQUIRE(steady.send_raw(half));
    CHECK_THAT(steady.read_some(), Catch::Contains("cannot parse 'message'"));
    REQUIRE(quiet.send_raw(ping));
    CHECK(quiet.read_some() == pong);
    check_alive(worker);
}

TEST_CASE("hostile clients: durations and rates that no sound can have", "[integration][render_server]") {
    WorkerProcess worker(real_worker(),
                         {.arguments = {"--host", "127.0.0.1", "--port", "0", "--gpu", "off"}});
    WsClient client(worker.port());
    const std::string begin = R"({"type":"get_audio_data","genomeString":"{}",)";
    for (const char* fields :
         {R"("duration":NaN})", R"("duration":Infinity})", R"("duration":1e999})", R"("duration":-1e308})",
          R"("duration":0})", R"("duration":1e-300})", R"("duration":20833.4,"sampleRate":48000})",
          R"("duration":1e9,"sampleRate":1})", R"("sampleRate":1e300})", R"("sampleRate":0})",
          R"("sampleRate":-48000,"duration":-1})", R"("sampleRate":1e-300,"duration":1e300})",
          R"("duration":"1"})", R"("sampleRate":null,"duration":[]})", R"("noteDelta":1e300})",
          R"("velocity":1e400})", R"("noteDelta":{"r1":1}})"}) {
        INFO(fields);
        REQUIRE(client.send(begin + fields));
        CHECK_THAT(receive_failure(client), Catch::StartsWith("cannot "));
    }
    for (const char* text :
         {R"({"type":"render","genome":{},"duration":20833.4})",
          R"({"type":"render","genome":{},"duration":-1})", R"({"genomeString":"{}","duration":1e9})",
          R"({"genomeString":"{}","sampleOffset":1e18})"}) {
        INFO(text);
        WsClient other(worker.port());
        REQUIRE(other.send(text));
        const auto error = other.receive();
        REQUIRE(error);
        CHECK(error->text);
        CHECK_THAT(error->bytes, Catch::Contains("cannot "));
    }
    CHECK(HttpClient(worker.port()).get("/ready")->status == 200);
}
