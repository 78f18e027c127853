#include "render-worker/server/pcm_protocol.h"

#include <catch2/catch.hpp>
#include <string>
#include <variant>

using namespace kpm;
using namespace kpm::render;

namespace {

const PcmProtocol protocol;

RenderTask read_task(const Json& message) {
    auto read = protocol.read(message.dump());
    if (const Reply* reply = std::get_if<Reply>(&read)) FAIL(reply->messages.front().bytes);
    return std::get<RenderTask>(read);
}

Reply read_reply(const std::string& text) {
    auto read = protocol.read(text);
    REQUIRE(std::holds_alternative<Reply>(read));
    return std::get<Reply>(read);
}

// The text of a job's failure: an error message that names it, then the original's empty binary message.
std::string failure_of(const std::string& text) {
    const Reply reply = read_reply(text);
    REQUIRE(reply.messages.size() == 2);
    CHECK(reply.messages[0].text);
    CHECK(reply.messages[1] == WireMessage{.text = false, .bytes = ""});
    CHECK(reply.after == After::GoOn);
    const Json error = Json::parse(reply.messages[0].bytes);
    CHECK(error.at("type") == "error");
    return error.at("message").get<std::string>();
}

std::string failure_of(const Json& message) {
    return failure_of(message.dump());
}

Json request() {
    return {{"type", "get_audio_data"}, {"genomeString", "{}"}, {"duration", 1}};
}

}  // namespace

TEST_CASE("pcm protocol: a request without options takes the original's defaults", "[unit][render_server]") {
    const RenderTask task = read_task({{"type", "get_audio_data"}, {"genomeString", "{}"}});
    CHECK(task.genome == "{}");
    CHECK(task.gpu_allowed);
    CHECK(task.request.sample_rate == 48000);
    CHECK(task.request.duration == 1);
    CHECK(task.request.note_delta == 0);
    CHECK_FALSE(task.request.note_ratio);
    CHECK(task.request.velocity == 1);
    CHECK(task.request.use_overtone_inharmonicity_factors);
    CHECK_FALSE(task.request.reverse);
    CHECK_FALSE(task.request.frequency_updates_apply_to_all);
    CHECK_FALSE(task.request.anti_aliasing);
}

TEST_CASE("pcm protocol: every option of a request reaches the task", "[unit][render_server]") {
    const RenderTask task = read_task({{"type", "get_audio_data"},
                                       {"genomeString", {{"a", 1}}},
                                       {"genomeStringUrl", "http://ignored"},
                                       {"duration", 2.25},
                                       {"noteDelta", -7},
                                       {"velocity", 0.5},
                                       {"reverse", true},
                                       {"useOvertoneInharmonicityFactors", false},
                                       {"useGPU", false},
                                       {"antiAliasing", true},
                                       {"frequencyUpdatesApplyToAllPathcNetworkOutputs", 1},
                                       {"sampleRate", 16000}});
    CHECK(task.genome == Json{{"a", 1}});
    CHECK_FALSE(task.gpu_allowed);
    CHECK(task.request.sample_rate == 16000);
    CHECK(task.request.duration == 2.25);
    CHECK(task.request.note_delta == -7);
    CHECK(task.request.velocity == 0.5);
    CHECK_FALSE(task.request.use_overtone_inharmonicity_factors);
    CHECK(task.request.reverse);
    CHECK(task.request.frequency_updates_apply_to_all);
    CHECK(task.request.anti_aliasing);
}

TEST_CASE("pcm protocol: noteDelta may be a pair of ratios", "[unit][render_server]") {
    Json message = request();
    message["noteDelta"] = {{"r1", 1.5}, {"r2", 2}};
    CHECK(read_task(message).request.note_ratio == std::pair{1.5, 2.0});
    message["noteDelta"] = {{"r1", 1.5}};
    CHECK(failure_of(message) == "cannot read 'noteDelta': expected a number or {r1, r2}, found object");
}

TEST_CASE("pcm protocol: a bad message is a failure that names what is wrong", "[unit][render_server]") {
    CHECK(failure_of(std::string("{\"type\":")) == "cannot parse 'message': not JSON at byte 9");
    CHECK(failure_of(std::string("[1]")) == "cannot read 'message': expected an object, found array");
    CHECK(failure_of(std::string(200, '[') + std::string(200, ']')) ==
          "cannot parse 'message': nested too deeply");
    CHECK(failure_of(Json{{"type", "get_audio_data"}}) == "cannot read 'genomeString': it is missing");
    CHECK(failure_of(Json{{"type", "get_audio_data"}, {"genomeString", 5}}) ==
          "cannot read 'genomeString': expected a string or an object, found number");
    CHECK(failure_of(Json{{"type", "get_audio_data"}, {"genomeStringUrl", 5}}) ==
          "cannot read 'genomeStringUrl': expected a string, found number");
    Json message = request();
    message["duration"] = "long";
    CHECK(failure_of(message) == "cannot read 'duration': expected a number, found string");
    message = request();
    message["reverse"] = "no";
    CHECK(failure_of(message) == "cannot read 'reverse': expected true or false, found string");
}

TEST_CASE("pcm protocol: lengths that cannot be rendered are refused before the work",
          "[unit][render_server]") {
    for (const double duration : {0.0, -1.0, 1e9}) {
        Json message = request();
        message["duration"] = duration;
        CHECK_THAT(failure_of(message), Catch::StartsWith("cannot render '"));
    }
    Json message = request();
    message["sampleRate"] = -48000;
    message["duration"] = -1;
    CHECK_THAT(failure_of(message), Catch::EndsWith("both must be more than 0"));
    CHECK(failure_of(std::string(R"({"type":"get_audio_data","genomeString":"{}","duration":1e999})")) ==
          "cannot parse 'message': a number is out of range");
}

TEST_CASE("pcm protocol: an unknown type is answered by a text message alone", "[unit][render_server]") {
    for (const char* text : {R"({"type":"hello"})", R"({"type":5})", R"({})"}) {
        const Reply reply = read_reply(text);
        REQUIRE(reply.messages.size() == 1);
        CHECK(reply.messages[0].text);
        CHECK(Json::parse(reply.messages[0].bytes).at("type") == "error");
    }
    CHECK(Json::parse(read_reply(R"({"type":"hello"})").messages[0].bytes).at("message") ==
          "unknown message type 'hello', expected 'get_audio_data'");
}

TEST_CASE("pcm protocol: a sound is one binary message of two bytes a sample", "[unit][render_server]") {
    const Reply reply = protocol.sound({}, {.samples = {0.0f, 1.0f, -1.0f, 2.0f}, .sample_rate = 48000});
    REQUIRE(reply.messages.size() == 1);
    CHECK_FALSE(reply.messages[0].text);
    CHECK(reply.messages[0].bytes == std::string("\x00\x00\xff\x7f\x01\x80\xff\x7f", 8));
}

TEST_CASE("pcm protocol: an error that quotes broken UTF-8 is still JSON", "[unit][render_server]") {
    const Reply reply = protocol.failure({}, {ErrorCode::Invalid, "cannot read '\xff'"});
    CHECK(Json::parse(reply.messages[0].bytes).at("type") == "error");
}

TEST_CASE("pcm protocol: a genome's URL is its address, unless the genome came along",
          "[unit][render_server]") {
    Json message = {{"type", "get_audio_data"}, {"genomeStringUrl", "http://localhost:3004/g.json.gz"}};
    const RenderTask task = read_task(message);
    CHECK(task.genome.is_null());
    CHECK(task.address == GenomeAddress{GenomeAddress::Kind::Url, "http://127.0.0.1:3004/g.json.gz"});
    message["genomeString"] = "{}";
    CHECK_FALSE(read_task(message).address);
}
