#include "render-worker/server/any_protocol.h"

#include <catch2/catch.hpp>
#include <string>
#include <variant>

#include "render-worker/server/message_json.h"
#include "render-worker/server/protocol_choice.h"

using namespace kpm;
using namespace kpm::render;

namespace {

const AnyProtocol any("http://genomes");

Reply sound_for(const Json& message) {
    auto read = any.read(message.dump());
    if (const Reply* reply = std::get_if<Reply>(&read)) FAIL(reply->messages.front().bytes);
    return any.sound(std::get<RenderTask>(read), {.samples = {1.0f}, .sample_rate = 48000});
}

const Error busy{ErrorCode::Unavailable, "cannot take the job: busy"};

}  // namespace

TEST_CASE("any protocol: a request is answered in its own format", "[unit][render_server]") {
    CHECK_FALSE(any.greeting().greeting);
    const Reply pcm = sound_for({{"type", "get_audio_data"}, {"genomeString", "{}"}});
    CHECK(pcm.messages.at(0).bytes == "\xff\x7f");
    CHECK_FALSE(pcm.greeting);
    const Reply float_reply = sound_for({{"genomeString", "{}"}});
    CHECK(float_reply.messages.at(0).bytes == std::string("\0\0\x80\x3f", 4));
    CHECK_FALSE(float_reply.greeting);
    CHECK(float_reply.after == After::CloseWithoutCode);
    const Reply render = sound_for({{"type", "render"}, {"genome", "{}"}});
    REQUIRE(render.greeting);
    CHECK(Json::parse(render.greeting->bytes).at("type") == "welcome");
    CHECK(Json::parse(render.messages.at(0).bytes).at("type") == "chunk");
}

TEST_CASE("any protocol: the genome server is that of both formats that have one", "[unit][render_server]") {
    const auto address = [](const char* message) {
        return std::get<RenderTask>(any.read(message)).address->text;
    };
    CHECK(address(R"({"type":"get_audio_data","genomeStringUrl":"http://127.0.0.1:3004/a"})") ==
          "http://genomes/a");
    CHECK(address(R"({"genomeId":"g","evoRunId":"r"})") == "http://genomes/evoruns/r/genome/g?format=raw");
}

TEST_CASE("any protocol: what has no format is answered as the PCM format would", "[unit][render_server]") {
    for (const char* text : {"{", "[]", "5", "\"text\"", ""}) {
        const auto read = any.read(text);
        REQUIRE(std::holds_alternative<Reply>(read));
        CHECK(std::get<Reply>(read).messages.size() == 2);
    }
    const auto unknown = any.read(R"({"type":"dance"})");
    CHECK(Json::parse(std::get<Reply>(unknown).messages.at(0).bytes).at("message") ==
          "unknown message type 'dance', expected 'get_audio_data' or 'render'");
}

TEST_CASE("any protocol: what is refused unread is refused in its own format", "[unit][render_server]") {
    const std::string genome(3u << 20, 'x');
    const Reply render =
        any.refusal(R"({"type":"render","requestId":"r1","genome":")" + genome + "\"}", busy);
    CHECK(Json::parse(render.messages.at(0).bytes) ==
          Json{{"type", "error"}, {"requestId", "r1"}, {"message", busy.message}, {"retryable", true}});
    const Reply float_reply = any.refusal(R"({"genomeString":")" + genome + "\"}", busy);
    CHECK(Json::parse(float_reply.messages.at(0).bytes) ==
          Json{{"error", busy.message}, {"retryable", true}});
    CHECK(float_reply.after == After::CloseWithoutCode);
    for (const std::string& text :
         {R"({"type":"get_audio_data","genomeString":")" + genome + "\"}", std::string("no JSON")}) {
        const Reply pcm = any.refusal(text, busy);
        CHECK(Json::parse(pcm.messages.at(0).bytes) ==
              Json{{"type", "error"}, {"message", busy.message}, {"retryable", true}});
        CHECK(pcm.messages.size() == 2);
    }
}

TEST_CASE("any protocol: only what may do better the next time is called retryable",
          "[unit][render_server]") {
    const Error damaged{ErrorCode::Invalid, "cannot read genome: damaged"};
    for (const char* text : {R"({"type":"get_audio_data","genomeString":"{}"})", R"({"genomeString":"{}"})",
                             R"({"type":"render","genome":"{}","requestId":1})"}) {
        const auto read = any.read(text);
        REQUIRE(std::holds_alternative<RenderTask>(read));
        const RenderTask& task = std::get<RenderTask>(read);
        const auto failure = [&](const Error& error) {
            return Json::parse(any.failure(task, error).messages.at(0).bytes);
        };
        CHECK_FALSE(failure(damaged).contains("retryable"));
        CHECK(failure(busy).at("retryable") == true);
    }
}

TEST_CASE("message envelope: it is read from the beginning alone", "[unit][render_server]") {
    const Envelope render = envelope(R"({"requestId":5,"genome":{"type":"no"},"type":"render"})");
    CHECK(render.type == "render");
    CHECK(render.request_id == 5);
    CHECK(render.genome_key == "genome");
    const Envelope none = envelope(R"({"type":null,"genomeId":"a")");
    CHECK_FALSE(none.has_type);
    CHECK(none.genome_key == "genomeId");
    const Envelope number = envelope(R"({"type":5})");
    CHECK(number.has_type);
    CHECK_FALSE(number.type);
    const Envelope bad_id = envelope(R"({"type":"render","requestId":[1]})");
    CHECK(bad_id.request_id.is_null());
    for (const std::string& text : {std::string(), std::string("[{\"type\":\"render\"}]"), std::string("nul"),
                                    "{\"a\":" + std::string(100000, '[')})
        CHECK_FALSE(envelope(text).has_type);
}

TEST_CASE("message: brackets beyond any use are refused before they fill the memory",
          "[unit][render_server]") {
    CHECK(parse_message(std::string(3u << 20, '[')).error().message ==
          "cannot parse 'message': nested too deeply");
    CHECK(parse_message(R"({"a":1e999})").error().message ==
          "cannot parse 'message': a number is out of range");
    CHECK(parse_message("{\"a\":NaN}").error().message == "cannot parse 'message': not JSON at byte 6");
}

TEST_CASE("protocol choice: each name is its format", "[unit][render_server]") {
    const auto answer = [](const char* name) {
        const auto read = make_protocol({.name = name})->read("{}");
        return std::get<Reply>(read).messages.at(0).bytes;
    };
    CHECK(answer("any") == R"({"error":"Must provide either genomeId or genomeString"})");
    CHECK(answer("float") == answer("any"));
    CHECK_THAT(answer("pcm"), Catch::Contains("unknown message type 'none'"));
    CHECK_THAT(answer("render"), Catch::Contains("Unknown message type: undefined"));
    CHECK(make_protocol({.name = "render"})->greeting().greeting);
}
