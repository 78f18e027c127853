#include "render-worker/server/render_protocol.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <variant>
#include <vector>

using namespace kpm;
using namespace kpm::render;

namespace {

const RenderProtocol rendering;

RenderTask read_render_task(const Json& message, const RenderProtocol& reader = rendering) {
    auto read = reader.read(message.dump());
    if (const Reply* reply = std::get_if<Reply>(&read)) FAIL(reply->messages.front().bytes);
    return std::get<RenderTask>(read);
}

Json render_failure(const std::string& text) {
    auto read = rendering.read(text);
    REQUIRE(std::holds_alternative<Reply>(read));
    const Reply reply = std::get<Reply>(read);
    REQUIRE(reply.messages.size() == 1);
    CHECK(reply.messages[0].text);
    const Json error = Json::parse(reply.messages[0].bytes);
    CHECK(error.at("type") == "error");
    return error;
}

Json render_request() {
    return {{"type", "render"}, {"genome", {{"data", 1}}}, {"duration", 1}};
}

std::vector<Json> all_messages(const Reply& reply) {
    std::vector<Json> messages;
    for (const WireMessage& message : reply.messages) messages.push_back(Json::parse(message.bytes));
    while (const auto next = reply.rest()) messages.push_back(Json::parse(next->bytes));
    return messages;
}

}  // namespace

TEST_CASE("render protocol: it greets", "[unit][render_server]") {
    REQUIRE(rendering.greeting().greeting);
    CHECK(Json::parse(rendering.greeting().greeting->bytes) ==
          Json{{"type", "welcome"},
               {"message", "Connected to Kromosynth Render Socket"},
               {"sampleRate", 48000}});
}

TEST_CASE("render protocol: a request without options takes the original's defaults",
          "[unit][render_server]") {
    const RenderTask task = read_render_task(render_request());
    CHECK(task.genome == Json{{"data", 1}});
    CHECK_FALSE(task.gpu_allowed);
    CHECK(task.request.sample_rate == 48000);
    CHECK(task.request.velocity == 1);
    CHECK(task.request.note_delta == 0);
    CHECK_FALSE(task.request.use_overtone_inharmonicity_factors);
    CHECK(task.request.output == OutputStage::FirstChannel);
    CHECK(task.request.channels == 2);
}

TEST_CASE("render protocol: the rate is 48 kHz whatever is asked for", "[unit][render_server]") {
    Json message = render_request();
    message["sampleRate"] = 16000;
    message["useGPU"] = true;
    message["noteDelta"] = 10;
    message["velocity"] = 0.5;
    const RenderTask task = read_render_task(message);
    CHECK(task.request.sample_rate == 48000);
    CHECK(task.gpu_allowed);
    CHECK(task.request.note_delta == 10);
    CHECK(task.request.velocity == 0.5);
}

TEST_CASE("render protocol: the sum of all channels is for legacyBatch and for a worker that is told so",
          "[unit][render_server]") {
    Json message = render_request();
    message["batch"] = true;
    CHECK(read_render_task(message).request.output == OutputStage::FirstChannel);
    CHECK(read_render_task(message, RenderProtocol(OutputStage::Summed)).request.channels == 8);
    message["legacyBatch"] = true;
    message["batchChannels"] = 4;
    const RenderTask task = read_render_task(message);
    CHECK(task.request.output == OutputStage::Summed);
    CHECK(task.request.channels == 4);
    for (const int channels : {0, 9}) {
        message["batchChannels"] = channels;
        CHECK_THAT(render_failure(message.dump()).at("message").get<std::string>(),
                   Catch::StartsWith("cannot read 'batchChannels'"));
    }
}

TEST_CASE("render protocol: a genome's id is looked up in the database", "[unit][render_server]") {
    const RenderTask task = read_render_task({{"type", "render"}, {"genomeId", "m01"}, {"requestId", 7}});
    CHECK(task.address == GenomeAddress{GenomeAddress::Kind::DatabaseId, "m01"});
    const Reply reply = rendering.failure(task, {ErrorCode::NotFound, "cannot read genome 'm01'"});
    CHECK(Json::parse(reply.messages.at(0).bytes) ==
          Json{{"type", "error"}, {"requestId", 7}, {"message", "Genome m01 not found"}});
}

TEST_CASE("render protocol: a batch is its totals, the samples, and its end", "[unit][render_server]") {
    for (const char* mode : {"batch", "legacyBatch", "controlledResume"}) {
        Json message = render_request();
        message[mode] = true;
        message["requestId"] = "r1";
        const Reply reply =
            rendering.sound(read_render_task(message), {.samples = {0.5f, -1.0f}, .sample_rate = 48000});
        REQUIRE(reply.messages.size() == 3);
        CHECK_FALSE(reply.rest);
        CHECK(Json::parse(reply.messages[0].bytes) == Json{{"type", "batch-result"},
                                                           {"requestId", "r1"},
                                                           {"totalSamples", 2},
                                                           {"duration", 1.0},
                                                           {"sampleRate", 48000}});
        CHECK(reply.messages[1] ==
              WireMessage{.text = false, .bytes = std::string("\0\0\0\x3f\0\0\x80\xbf", 8)});
        CHECK(Json::parse(reply.messages[2].bytes) == Json{{"type", "complete"},
                                                           {"requestId", "r1"},
                                                           {"totalChunks", 1},
                                                           {"totalSamples", 2},
                                                           {"duration", 1.0},
                                                           {"sampleRate", 48000}});
    }
}

TEST_CASE("render protocol: without a batch flag the sound comes in chunks", "[unit][render_server]") {
    Json message = render_request();
    message["batch"] = false;
    std::vector<float> samples(4096 + 2);
    for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = static_cast<float>(i) / 8191.0f;
    const std::vector<Json> messages =
        all_messages(rendering.sound(read_render_task(message), {.samples = samples, .sample_rate = 48000}));
    REQUIRE(messages.size() == 3);
    CHECK(messages[0].at("type") == "chunk");
    CHECK_FALSE(messages[0].contains("requestId"));
    CHECK(messages[0].at("index") == 1);
    CHECK(messages[0].at("timestamp") == 4096 / 48000.0);
    CHECK(messages[0].at("sampleRate") == 48000);
    CHECK(messages[1].at("index") == 2);
    CHECK(messages[1].at("timestamp") == 4098 / 48000.0);
    std::vector<float> got;
    for (std::size_t i = 0; i < 2; ++i)
        for (const Json& sample : messages[i].at("data")) got.push_back(sample.get<float>());
    CHECK(got == samples);
    CHECK(messages[2] == Json{{"type", "complete"},
                              {"totalChunks", 2},
                              {"totalSamples", 4098},
                              {"duration", 1.0},
                              {"sampleRate", 48000}});
}

TEST_CASE("render protocol: errors are the original's, and name the request", "[unit][render_server]") {
    CHECK(render_failure(R"({"type":"hello"})").at("message") == "Unknown message type: hello");
    CHECK(render_failure("{}").at("message") == "Unknown message type: undefined");
    CHECK(render_failure("{").at("message") == "cannot parse 'message': not JSON at byte 2");
    const Json error = render_failure(R"({"type":"render","requestId":"r5"})");
    CHECK(error.at("requestId") == "r5");
    CHECK(error.at("message") == "cannot read 'genome': neither genome nor genomeId is given");
    CHECK_THAT(render_failure(Json{{"type", "render"}, {"requestId", std::string(300, 'x')}}.dump())
                   .at("message")
                   .get<std::string>(),
               Catch::StartsWith("cannot read 'requestId'"));
    CHECK_THAT(
        render_failure(R"({"type":"render","genome":{},"duration":20000})").at("message").get<std::string>(),
        Catch::EndsWith("more than 28800000 samples"));
}

TEST_CASE("render protocol: playback positions are ignored", "[unit][render_server]") {
    CHECK(rendering.ignores(R"({"type":"playback-position","position":1.5})"));
    CHECK_FALSE(rendering.ignores(render_request().dump()));
    CHECK_FALSE(rendering.ignores("{"));
    const Json long_one = {{"type", "playback-position"}, {"position", std::string(9000, 'x')}};
    CHECK_FALSE(rendering.ignores(long_one.dump()));
    auto read = rendering.read(long_one.dump());
    REQUIRE(std::holds_alternative<Reply>(read));
    CHECK(std::get<Reply>(read).messages.empty());
}
