// The formats of kromosynth's floating-point and render servers, spoken by clients that behave as
// kromosynth's own do, with the real worker and with one whose renders obey the test.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "render-worker/files/wav.h"
#include "tests/integration/render/genome_sources.h"
#include "tests/integration/render/orders.h"
#include "tests/integration/render/worker_process.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/render/golden.h"

using namespace kpm;
using namespace kpm::test;
using render::golden::max_error;

namespace {

WorkerProcess::Options cpu_worker(std::vector<std::string> more = {}) {
    more.insert(more.end(), {"--host", "127.0.0.1", "--port", "0", "--gpu", "off"});
    return {.arguments = std::move(more)};
}

std::vector<float> floats(const std::string& bytes) {
    std::vector<float> samples(bytes.size() / sizeof(float));
    std::memcpy(samples.data(), bytes.data(), samples.size() * sizeof(float));
    return samples;
}

Json json_message(WsClient& client) {
    const auto message = client.receive();
    if (!message) FAIL("no message: " << client.last_error());
    if (!message->text) FAIL("binary, where JSON was due");
    return Json::parse(message->bytes);
}

// kromosynth's test client: parses every message as JSON, gathers the chunks, and writes a WAV file at
// `complete`. Throws (the original ends with 1) at anything that is not JSON, and at an error.
struct TestClient {
    std::vector<float> samples;
    Json complete;
    std::vector<std::string> types;

    void run(std::uint16_t port, const std::string& genome_id, double duration, const std::string& wav) {
        WsClient socket(port);
        REQUIRE(socket.send(Json{
            {"type", "render"},
            {"genomeId", genome_id},
            {"duration", duration},
            {"noteDelta", 10},
            {"velocity", 0.5},
            {"useGPU", true}}.dump()));
        std::size_t index = 0;
        while (complete.is_null()) {
            const Json message = json_message(socket);
            types.push_back(message.at("type"));
            if (types.back() == "error") throw std::runtime_error(message.at("message").get<std::string>());
            if (types.back() == "chunk") {
                CHECK(message.at("index") == ++index);
                for (const Json& sample : message.at("data")) samples.push_back(sample.get<float>());
                CHECK(message.at("timestamp").get<double>() == static_cast<double>(samples.size()) / 48000);
            }
            if (types.back() == "complete") complete = message;
        }
        CHECK(complete.at("totalChunks") == index);
        std::vector<std::int16_t> pcm;
        for (const float sample : samples) pcm.push_back(static_cast<std::int16_t>(sample * 32767));
        std::ofstream file(wav, std::ios::binary);
        file << render::wav_bytes(std::span<const std::int16_t>(pcm), 48000);
        REQUIRE(file.flush());
        socket.close();
    }
};

Json batch_request(const Json& genome, double note_delta = 0) {
    return {{"type", "render"}, {"genome", genome}, {"duration", 1}, {"noteDelta", note_delta},
            {"velocity", 1},    {"useGPU", true},   {"batch", true}, {"requestId", "r1"}};
}

std::string genome_text(const std::string& id) {
    return render::golden::read("genomes/" + id + ".json.gz");
}

// What kromosynth-composing does: batch-result, the first binary message, and it leaves.
std::vector<float> composed(std::uint16_t port, const Json& request) {
    WsClient client(port);
    REQUIRE(client.send(request.dump()));
    Json result;
    for (;;) {
        const auto message = client.receive();
        if (!message) FAIL("no sound: " << client.last_error());
        if (!message->text) {
            CHECK(result.at("sampleRate") == 48000);
            client.close();
            return floats(message->bytes);
        }
        const Json text = Json::parse(message->bytes);
        if (text.at("type") == "batch-result") result = text;
    }
}

}  // namespace

TEST_CASE("render formats: kromosynth's test client gets its WAV file", "[integration][render_server]") {
    GenomeDatabase database;
    database.add("g1", gzipped(genome_text("s02_wavetable")));
    WorkerProcess worker(
        real_worker(), {.arguments = cpu_worker().arguments, .environment = {"DB_PATH=" + database.path()}});
    TempDir directory;
    const std::string wav = (directory.path() / "out.wav").string();
    TestClient client;
    client.run(worker.port(), "g1", 0.5, wav);
    CHECK(client.types.front() == "welcome");
    CHECK(std::count(client.types.begin(), client.types.end(), "chunk") == 6);
    CHECK(client.complete.at("totalSamples") == 24000);
    CHECK(client.complete.at("duration") == 0.5);
    CHECK(client.samples.size() == 24000);
    std::ifstream file(wav, std::ios::binary | std::ios::ate);
    CHECK(file.tellg() == 44 + 48000);

    // The same request in one piece is the same sound.
    Json whole = batch_request(Json::parse(genome_text("s02_wavetable")), 10);
    whole["duration"] = 0.5;
    whole["velocity"] = 0.5;
    CHECK(composed(worker.port(), whole) == client.samples);

    CHECK_THROWS_WITH(TestClient().run(worker.port(), "nope", 0.5, wav), "Genome nope not found");
}

TEST_CASE("render formats: a batch is the reference's sound", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), cpu_worker());
    const std::vector<float> expected =
        render::golden::read_floats("audio/s02_wavetable_pcmf32_sr48000_d1_nd0_v1.f32.gz");
    REQUIRE(expected.size() == 48000);
    CHECK(max_error(composed(worker.port(), batch_request(Json::parse(genome_text("s02_wavetable")))),
                    expected) <= 1e-5);

    // Many on one connection; each answer names its request, the welcome comes once.
    WsClient client(worker.port());
    for (const char* id : {"a", "b"}) {
        Json request = batch_request(genome_text("s02_wavetable"));
        request["requestId"] = id;
        request["duration"] = 0.01;
        REQUIRE(client.send(request.dump()));
    }
    CHECK(json_message(client).at("type") == "welcome");
    for (const char* id : {"a", "b"}) {
        const Json begin = json_message(client);
        CHECK(begin == Json{{"type", "batch-result"},
                            {"requestId", id},
                            {"totalSamples", 480},
                            {"duration", 0.01},
                            {"sampleRate", 48000}});
        CHECK(receive_sound(client) == 480 * 4);
        const Json end = json_message(client);
        CHECK(end.at("type") == "complete");
        CHECK(end.at("requestId") == id);
        CHECK(end.at("totalChunks") == 1);
    }
}

TEST_CASE("render formats: the legacy batch has a peak of 1 and quiet ends", "[integration][render_server]") {
    WorkerProcess worker(real_worker(), cpu_worker());
    Json request = batch_request(Json::parse(genome_text("s02_wavetable")));
    request["legacyBatch"] = true;
    const std::vector<float> sound = composed(worker.port(), request);
    REQUIRE(sound.size() == 48000);
    float peak = 0;
    for (const float sample : sound) peak = std::max(peak, std::abs(sample));
    CHECK(peak == 1);
    CHECK(sound.front() == 0);
    CHECK(sound.back() == 0);
}

TEST_CASE("render formats: a worker of the render format alone greets at once",
          "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"protocol=render"}});
    WsClient client(worker.port());
    CHECK(json_message(client) == Json{{"type", "welcome"},
                                       {"message", "Connected to Kromosynth Render Socket"},
                                       {"sampleRate", 48000}});
    REQUIRE(client.send(R"({"type":"hello"})"));
    CHECK(json_message(client).at("message") == "Unknown message type: hello");
    REQUIRE(client.send(R"({"type":"render","genome":{"level":1},"duration":0.0001,"batch":true})"));
    CHECK(json_message(client).at("type") == "batch-result");
    CHECK(receive_sound(client) == 20);
    CHECK(json_message(client).at("type") == "complete");
}

TEST_CASE("render formats: a floating-point sound is the reference's, then the server closes",
          "[integration][render_server]") {
    WorkerProcess worker(real_worker(), cpu_worker());
    WsClient(worker.port()).close();  // the client's test of whether there is a server
    WsClient client(worker.port());
    REQUIRE(client.send(Json{
        {"genomeString", genome_text("s03_additive")},
        {"duration", 0.5},
        {"noteDelta", 0},
        {"velocity", 1},
        {"useGPU", false},
        {"antiAliasing", false},
        {"frequencyUpdatesApplyToAllPathcNetworkOutputs", false},
        {"sampleRate",
         16000}}.dump()));
    const auto sound = client.receive();
    REQUIRE(sound);
    REQUIRE_FALSE(sound->text);
    CHECK(max_error(floats(sound->bytes),
                    render::golden::read_floats(
                        "audio/s03_additive_pcmf32_sr16000_d0.5_nd0_v1_noinh.f32.gz")) <= 1e-5);
    CHECK_FALSE(client.receive());
    CHECK(client.last_error() == "The WebSocket stream was gracefully closed at both endpoints");
    CHECK_FALSE(client.wait_close());  // no code in the close frame
}

TEST_CASE("render formats: part of a sound's signals, in the sound's own length",
          "[integration][render_server]") {
    WorkerProcess worker(real_worker(), cpu_worker());
    const auto render = [&](Json more) {
        Json request = {
            {"genomeString", genome_text("s03_additive")}, {"duration", 0.5}, {"sampleRate", 16000}};
        request.update(more);
        WsClient client(worker.port());
        REQUIRE(client.send(request.dump()));
        const auto sound = client.receive();
        REQUIRE(sound);
        INFO(sound->bytes.substr(0, 200));
        REQUIRE_FALSE(sound->text);
        return floats(sound->bytes);
    };
    const std::vector<float> all = render(Json::object());
    CHECK(all.size() == 8000);
    CHECK(render({{"sampleCountToActivate", 8000}, {"sampleOffset", 0}}) == all);
    const std::vector<float> part = render({{"sampleCountToActivate", 4000}, {"sampleOffset", 4000}});
    CHECK(part.size() == 8000);
    CHECK(part != all);
}

TEST_CASE("render formats: the floating-point server's failures", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {});
    WsClient client(worker.port());
    REQUIRE(client.send("{}"));
    CHECK(json_message(client) == Json{{"error", "Must provide either genomeId or genomeString"}});
    REQUIRE(client.send(R"({"genomeString":"{\"fail\":\"cannot read genome: no\"}"})"));
    CHECK(json_message(client) == Json{{"error", "cannot read genome: no"}});
    const auto empty = client.receive();
    REQUIRE(empty);
    CHECK_FALSE(empty->text);
    CHECK(empty->bytes.empty());
    CHECK_FALSE(client.receive());
}

TEST_CASE("render formats: playback positions need no answer, not even of a full queue",
          "[integration][render_server]") {
    Gate gate;
    WorkerProcess worker(gate_worker(), {.arguments = {"queue=0"}});
    HttpClient http(worker.port());
    WsClient client(worker.port());
    REQUIRE(client.send(
        Json{{"type", "render"}, {"genome", gate.genome()}, {"duration", 0.001}, {"requestId", 1}}.dump()));
    REQUIRE(eventually([&] { return jobs(http) == 1; }));
    REQUIRE(client.send(R"({"type":"playback-position","position":0.5})"));
    REQUIRE(client.send(Json{{"type", "render"}, {"genome", {{"level", 1}}}, {"requestId", 2}}.dump()));
    const Json busy = json_message(client);
    CHECK(busy.at("requestId") == 2);
    CHECK_THAT(busy.at("message").get<std::string>(), Catch::Contains("the worker is busy"));
    gate.open();
    CHECK(json_message(client).at("type") == "welcome");
    CHECK(json_message(client).at("type") == "chunk");
    CHECK(json_message(client).at("type") == "complete");
}

TEST_CASE("render formats: chunks wait for the client that reads them", "[integration][render_server]") {
    WorkerProcess worker(gate_worker(), {.arguments = {"max_output=1000"}});
    HttpClient http(worker.port());
    WsClient slow(worker.port());
    // As text ten times what may wait; one sound may be as long as it is.
    REQUIRE(slow.send(R"({"type":"render","genome":{"level":0.3},"duration":8})"));
    REQUIRE(eventually([&] { return jobs(http) == 0; }));
    WsClient other(worker.port());
    REQUIRE(other.send(order({{"level", 0.5}})));
    CHECK(receive_sound(other) == 16);
    CHECK(json_message(slow).at("type") == "welcome");
    std::size_t samples = 0;
    Json last;
    while ((last = json_message(slow)).at("type") == "chunk") samples += last.at("data").size();
    CHECK(samples == 384000);
    CHECK(last.at("type") == "complete");
    CHECK(last.at("totalChunks") == 94);
}
