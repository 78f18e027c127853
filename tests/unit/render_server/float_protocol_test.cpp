#include "render-worker/server/float_protocol.h"

#include <catch2/catch.hpp>
#include <string>
#include <variant>

using namespace kpm;
using namespace kpm::render;

namespace {

const FloatProtocol floating("http://genomes:80/");

RenderTask read_float_task(const Json& message) {
    auto read = floating.read(message.dump());
    if (const Reply* reply = std::get_if<Reply>(&read)) FAIL(reply->messages.front().bytes);
    return std::get<RenderTask>(read);
}

Reply read_float_reply(const std::string& text) {
    auto read = floating.read(text);
    REQUIRE(std::holds_alternative<Reply>(read));
    return std::get<Reply>(read);
}

std::string error_in(const Reply& reply) {
    const Json error = Json::parse(reply.messages.at(0).bytes);
    CHECK(error.size() == 1);
    return error.at("error").get<std::string>();
}

// A job that failed: its text, an empty binary message, and the end.
std::string float_failure(const Json& message) {
    const Reply reply = read_float_reply(message.dump());
    REQUIRE(reply.messages.size() == 2);
    CHECK(reply.messages[1] == WireMessage{.text = false, .bytes = ""});
    CHECK(reply.after == After::CloseWithoutCode);
    return error_in(reply);
}

}  // namespace

TEST_CASE("float protocol: a request without options takes the original's defaults",
          "[unit][render_server]") {
    const RenderTask task = read_float_task({{"genomeString", "{}"}});
    CHECK(task.genome == "{}");
    CHECK(task.gpu_allowed);
    CHECK_FALSE(task.request.use_overtone_inharmonicity_factors);
    CHECK(task.request.sample_rate == 48000);
    CHECK(task.request.velocity == 1);
    CHECK_FALSE(task.request.part);
    CHECK(task.request.output == OutputStage::FirstChannel);
}

TEST_CASE("float protocol: every option has its effect", "[unit][render_server]") {
    const RenderTask task = read_float_task({{"genomeString", "{}"},
                                             {"duration", 0.5},
                                             {"noteDelta", {{"r1", 1.5}, {"r2", 2}}},
                                             {"velocity", 0.25},
                                             {"reverse", true},
                                             {"useGPU", false},
                                             {"antiAliasing", true},
                                             {"frequencyUpdatesApplyToAllPathcNetworkOutputs", 1},
                                             {"useOvertoneInharmonicityFactors", true},
                                             {"sampleRate", 16000},
                                             {"sampleCountToActivate", 2000},
                                             {"sampleOffset", 100}});
    CHECK_FALSE(task.gpu_allowed);
    CHECK(task.request.duration == 0.5);
    CHECK(task.request.note_ratio == std::pair{1.5, 2.0});
    CHECK(task.request.velocity == 0.25);
    CHECK(task.request.reverse);
    CHECK(task.request.anti_aliasing);
    CHECK(task.request.frequency_updates_apply_to_all);
    CHECK(task.request.use_overtone_inharmonicity_factors);
    CHECK(task.request.sample_rate == 16000);
    REQUIRE(task.request.part);
    CHECK(task.request.part->count == 2000);
    CHECK(task.request.part->offset == 100);
}

TEST_CASE("float protocol: an offset alone means the rest of the signals", "[unit][render_server]") {
    const RenderTask task =
        read_float_task({{"genomeString", "{}"}, {"sampleRate", 16000}, {"sampleOffset", 4000}});
    REQUIRE(task.request.part);
    CHECK(task.request.part->count == 12000);
    CHECK(float_failure({{"genomeString", "{}"}, {"sampleOffset", -1}}) ==
          "cannot read 'sampleOffset': -1 is not a whole number up to 28800000");
    CHECK(float_failure({{"genomeString", "{}"}, {"sampleCountToActivate", 0.5}}) ==
          "cannot read 'sampleCountToActivate': 0.5 is not a whole number up to 28800000");
}

TEST_CASE("float protocol: a genome of a run is fetched from the genome server", "[unit][render_server]") {
    const RenderTask task = read_float_task({{"genomeId", "a/b"}, {"evoRunId", "run 1"}});
    CHECK(task.address == GenomeAddress{GenomeAddress::Kind::Url,
                                        "http://genomes:80/evoruns/run%201/genome/a%2Fb?format=raw"});
    CHECK(float_failure({{"genomeId", "a"}}) == "cannot read 'evoRunId': it is missing");
}

TEST_CASE("float protocol: failures end the connection, a message without a genome does not",
          "[unit][render_server]") {
    CHECK(float_failure({{"genomeString", {{"waveNetwork", 1}}}}) ==
          "cannot read 'genomeString': expected a string, found object");
    CHECK_THAT(float_failure({{"genomeString", "{}"}, {"duration", 1e9}}),
               Catch::EndsWith("more than 28800000 samples"));
    for (const char* text : {"{}", R"({"duration":1})"}) {
        const Reply reply = read_float_reply(text);
        CHECK(reply.messages.size() == 1);
        CHECK(reply.after == After::GoOn);
        CHECK(error_in(reply) == "Must provide either genomeId or genomeString");
    }
    CHECK(error_in(read_float_reply("{")) == "cannot parse 'message': not JSON at byte 2");
    CHECK(error_in(read_float_reply("[]")) == "cannot read 'message': expected an object, found array");
}

TEST_CASE("float protocol: a sound is one binary message of four bytes a sample, then the end",
          "[unit][render_server]") {
    const Reply reply = floating.sound({}, {.samples = {0.0f, 1.0f, -2.5f}, .sample_rate = 16000});
    REQUIRE(reply.messages.size() == 1);
    CHECK_FALSE(reply.messages[0].text);
    CHECK(reply.messages[0].bytes == std::string("\0\0\0\0\0\0\x80\x3f\0\0\x20\xc0", 12));
    CHECK(reply.after == After::CloseWithoutCode);
}
