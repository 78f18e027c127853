#include "ipc/rpc_message.h"

#include <catch2/catch.hpp>

#include "ipc/protocol.h"

using namespace kpm;
using namespace kpm::ipc;

namespace {

AmpFrame frame_of(std::string_view json, std::string id = "7:1") {
    return {{AmpArg{AmpKind::Json, std::string(json)}, text_arg(std::move(id))}};
}

AmpFrame decoded(const std::string& bytes) {
    AmpDecoder decoder;
    decoder.feed(bytes);
    auto frame = decoder.next();
    REQUIRE(frame);
    REQUIRE(*frame);
    return **std::move(frame);
}

// The error text that a malformed call is answered with.
std::string refusal_of(std::string_view json) {
    auto incoming = decode_request(frame_of(json));
    REQUIRE(incoming);
    const Reply* reply = std::get_if<Reply>(&*incoming);
    REQUIRE(reply != nullptr);
    CHECK(reply->id == "7:1");
    return std::get<Failure>(reply->result).message();
}

std::string body_of(const Reply& reply) {
    return decoded(encode(reply)).args[0].body;
}

}  // namespace

TEST_CASE("rpc: the frames of a getVersion exchange, byte for byte", "[unit][ipc]") {
    const Request request{"getVersion", Json::array({Json::object()}), "4614:0"};
    const std::string request_bytes(
        "\x12\0\0\0\x33j:{\"type\":\"call\",\"method\":\"getVersion\",\"args\":[{}]}\0\0\0\x08s:4614:0", 68);
    CHECK(encode(request) == request_bytes);
    CHECK(std::get<Request>(*decode_request(decoded(request_bytes))) == request);

    const Reply reply = value_reply("4614:0", "7.0.4");
    const std::string reply_bytes("\x12\0\0\0\x14j:{\"args\":[\"7.0.4\"]}\0\0\0\x08s:4614:0", 37);
    CHECK(encode(reply) == reply_bytes);
    CHECK(*decode_reply(decoded(reply_bytes)) == reply);
}

TEST_CASE("rpc: a request whose values would take much more memory than its text is refused", "[unit][ipc]") {
    const auto request_of = [](std::string_view repeated, std::size_t count) {
        std::string text = R"({"method":"prepare","args":[)";
        for (std::size_t i = 0; i < count; ++i) text += repeated;
        return text + "0]}";
    };
    CHECK(refusal_of(request_of("[],", kMaxRequestParts / 2)) ==
          "cannot read a request: more than 4000000 names and values");
    const auto large = decode_request(frame_of(request_of(R"({"name":"value"},)", 10'000)));
    REQUIRE(large);
    REQUIRE(std::holds_alternative<Request>(*large));
    CHECK(std::get<Request>(*large).args.size() == 10'001);
}

TEST_CASE("rpc: the frames of a ping exchange, byte for byte", "[unit][ipc]") {
    CHECK(encode(Request{"ping", Json::array({Json::object()}), "4614:1"}) ==
          std::string(
              "\x12\0\0\0\x2dj:{\"type\":\"call\",\"method\":\"ping\",\"args\":[{}]}\0\0\0\x08s:4614:1", 62));
    CHECK(encode(value_reply("4614:1", {{"msg", "pong"}})) ==
          std::string("\x12\0\0\0\x1bj:{\"args\":[{\"msg\":\"pong\"}]}\0\0\0\x08s:4614:1", 44));
}

TEST_CASE("rpc: an unknown method is answered as PM2 answers it, byte for byte", "[unit][ipc]") {
    const Reply reply = unknown_method_reply({"x", Json::array(), "4614:2"});
    CHECK(
        encode(reply) ==
        std::string("\x12\0\0\0\x29j:{\"error\":\"method \\\"x\\\" does not exist\"}\0\0\0\x08s:4614:2", 58));
    CHECK(std::get<Failure>(decode_reply(decoded(encode(reply)))->result).message() ==
          "method \"x\" does not exist");
}

TEST_CASE("rpc: events have the topic first, byte for byte", "[unit][ipc]") {
    const std::string bytes = encode_event("pm2:kill", {{"status", "killed"}});
    CHECK(bytes == std::string("\x12\0\0\0\x0as:pm2:kill\0\0\0\x15j:{\"status\":\"killed\"}", 40));
    CHECK(*decode_event(decoded(bytes)) == Event{"pm2:kill", {{"status", "killed"}}});
}

TEST_CASE("rpc: malformed calls get PM2's errors", "[unit][ipc]") {
    CHECK(refusal_of(R"({"type":"call","args":[]})") == ".method required");
    CHECK(refusal_of(R"({"type":"call","method":"","args":[]})") == ".method required");
    CHECK(refusal_of(R"({"type":"call","method":3,"args":[]})") == ".method required");
    CHECK(refusal_of(R"({"type":"call","method":"ping"})") == ".args required");
    CHECK(refusal_of(R"({"type":"call","method":"ping","args":{}})") == ".args required");
    CHECK(refusal_of("[]") == ".method required");
    CHECK(refusal_of("{\"type\":") == ".method required");
    CHECK(refusal_of(std::string(300, '[') + std::string(300, ']')) == ".method required");
}

TEST_CASE("rpc: brackets in strings are no depth", "[unit][ipc]") {
    const std::string text = "\\\"" + std::string(1000, '[');
    auto incoming = decode_request(frame_of(R"({"method":"m","args":[")" + text + R"("]})"));
    REQUIRE(incoming);
    CHECK(std::get<Request>(*incoming).arg(0) == Json("\"" + std::string(1000, '[')));
}

TEST_CASE("rpc: a frame without an id cannot be answered", "[unit][ipc]") {
    CHECK_FALSE(decode_request({{text_arg("7:1")}}));
    CHECK_FALSE(decode_request({{json_arg({{"type", "methods"}}), json_arg(1)}}));
    CHECK_FALSE(decode_request({{json_arg({{"type", "methods"}}), blob_arg("1")}}));
}

TEST_CASE("rpc: the id is the last argument, whatever stands between", "[unit][ipc]") {
    auto incoming =
        decode_request({{json_arg({{"type", "methods"}}), text_arg("extra"), text_arg("any text")}});
    REQUIRE(incoming);
    CHECK(std::get<MethodsQuery>(*incoming).id == "any text");
}

TEST_CASE("rpc: a missing argument reads as null", "[unit][ipc]") {
    const Request request{"m", Json::array({1}), "1"};
    CHECK(request.arg(0) == Json(1));
    CHECK(request.arg(1).is_null());
}

TEST_CASE("rpc: each kind of reply keeps its shape", "[unit][ipc]") {
    CHECK(body_of({"1", Values{}}) == R"({"args":[]})");
    CHECK(body_of(value_reply("1", Json::array({1, 2}))) == R"({"args":[[1,2]]})");
    CHECK(body_of({"1", Failure{"text", "Error: text\n at x", {}}}) ==
          R"({"error":"text","stack":"Error: text\n at x"})");
    CHECK(body_of({"1", Failure{{{"any", 1}}, {}, {}}}) == R"({"error":{"any":1}})");
    CHECK(body_of({"1", MethodNames{{"ping"}}}) == R"({"methods":{"ping":{"name":"ping","params":[]}}})");
    for (const Reply& reply :
         {Reply{"1", Values{Json::array({1})}}, Reply{"1", Failure{"e", "s", ErrorCode::Denied}},
          Reply{"1", MethodNames{{"a", "b"}}}, Reply{"1", Failure{nullptr, {}, {}}}})
        CHECK(*decode_reply(decoded(encode(reply))) == reply);
}

TEST_CASE("rpc: the text of a value is what was sent", "[unit][ipc]") {
    const auto text_in = [](const std::string& bytes) {
        AmpDecoder decoder;
        decoder.feed(bytes);
        const auto frame = decoder.next();
        REQUIRE((frame && *frame));
        CHECK(reply_id(**frame) == "1");
        return std::string(value_text(**frame));
    };
    CHECK(text_in(encode(value_reply("1", {{"a", {1, "]}"}}}))) == R"({"a":[1,"]}"]})");
    CHECK(text_in(encode(value_reply("1", nullptr))) == "null");
    CHECK(text_in(encode(Reply{"1", Values{}})).empty());
    CHECK(text_in(encode(error_reply("1", {ErrorCode::Invalid, "args"}))).empty());
    CHECK(value_text({{json_arg({{"args", {1}}})}}).empty());  // no id: no reply
}

TEST_CASE("rpc: an Error travels with its code", "[unit][ipc]") {
    const Reply reply = error_reply("1", {ErrorCode::NotFound, "cannot find 'x': no such app"});
    CHECK(body_of(reply) == R"({"error":"cannot find 'x': no such app","code":"not_found"})");
    CHECK(std::get<Failure>(decode_reply(decoded(encode(reply)))->result).code == ErrorCode::NotFound);
}

TEST_CASE("rpc: replies and events of a wrong shape are errors", "[unit][ipc]") {
    CHECK_FALSE(decode_reply(frame_of("{}")));
    CHECK_FALSE(decode_reply(frame_of("[1]")));
    CHECK_FALSE(decode_reply(frame_of(R"({"args":3})")));
    CHECK_FALSE(decode_event({{text_arg("t")}}));
    CHECK_FALSE(decode_event({{json_arg("t"), json_arg(1)}}));
    CHECK_FALSE(decode_event({{text_arg("t"), AmpArg{AmpKind::Json, "{"}}}));
}
