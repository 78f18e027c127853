// Frames recorded between pm2 7.0.4 and its daemon: decoded, encoded again, and the same bytes.

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "ipc/rpc_message.h"

using namespace kpm;
using namespace kpm::ipc;

namespace {

struct Recorded {
    std::string socket, direction, bytes;
};

std::vector<Recorded> recorded() {
    const char* source = std::getenv("KPM_SOURCE_DIR");
    REQUIRE(source != nullptr);
    std::ifstream file(std::string(source) + "/tests/golden/pm2-wire/frames.txt");
    REQUIRE(file);
    std::vector<Recorded> frames;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream words(line);
        Recorded frame;
        std::string hex;
        words >> frame.socket >> frame.direction >> hex;
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
            frame.bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
        frames.push_back(std::move(frame));
    }
    return frames;
}

std::vector<AmpFrame> decode(const std::string& bytes, std::size_t size) {
    AmpDecoder decoder;
    std::vector<AmpFrame> frames;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        decoder.feed(std::string_view(bytes).substr(at, size));
        while (true) {
            auto frame = decoder.next();
            REQUIRE(frame);
            if (!*frame) break;
            frames.push_back(**std::move(frame));
        }
    }
    return frames;
}

}  // namespace

TEST_CASE("recorded frames: decoding and encoding gives the same bytes", "[unit][ipc]") {
    std::string stream;
    const std::vector<Recorded> all = recorded();
    REQUIRE(all.size() > 20);
    for (const Recorded& one : all) {
        const std::vector<AmpFrame> frames = decode(one.bytes, one.bytes.size());
        REQUIRE(frames.size() == 1);
        CHECK(encode_frame(frames[0]) == one.bytes);
        stream += one.bytes;
    }
    const std::vector<AmpFrame> whole = decode(stream, stream.size());
    CHECK(whole.size() == all.size());
    for (const std::size_t size : {1u, 2u, 5u, 63u, 4096u}) CHECK(decode(stream, size) == whole);
}

TEST_CASE("recorded frames: the messages in them are understood and written as PM2 writes them",
          "[unit][ipc]") {
    std::set<std::string> methods, topics;
    for (const Recorded& one : recorded()) {
        const AmpFrame frame = decode(one.bytes, one.bytes.size()).at(0);
        if (one.socket == "pub") {
            auto event = decode_event(frame);
            REQUIRE(event);
            topics.insert(event->topic);
            CHECK(encode_event(event->topic, event->payload) == one.bytes);
        } else if (one.direction == "c2d") {
            auto incoming = decode_request(frame);
            REQUIRE(incoming);
            if (const Request* request = std::get_if<Request>(&*incoming)) {
                methods.insert(request->method);
                CHECK(encode(*request) == one.bytes);
            }
        } else {
            auto reply = decode_reply(frame);
            REQUIRE(reply);
            // PM2 names the parameters of its functions, which nobody reads; kpmd has none to name.
            if (const auto* names = std::get_if<MethodNames>(&reply->result))
                CHECK(names->names.size() == 30);
            else
                CHECK(encode(*reply) == one.bytes);
        }
    }
    for (const char* method : {"ping", "getVersion", "getMonitorData", "restartProcessId", "sendLineToStdin"})
        CHECK(methods.contains(method));
    for (const char* topic : {"log:out", "log:PM2", "process:event"}) CHECK(topics.contains(topic));
}
