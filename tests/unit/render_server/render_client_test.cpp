#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "render-worker/client/render_call.h"
#include "render-worker/client/wav.h"

using namespace kpm;
using namespace kpm::render;

TEST_CASE("render client: urls are taken apart", "[unit][render_server]") {
    const ServerUrl full = parse_url("ws://example.org:3001/a/b").value();
    CHECK(full.host == "example.org");
    CHECK(full.port == "3001");
    CHECK(full.path == "/a/b");
    const ServerUrl bare = parse_url("ws://example.org").value();
    CHECK(bare.port == "80");
    CHECK(bare.path == "/");
    CHECK(parse_url("ws://[::1]:3000").value().host == "::1");
    CHECK(parse_url("ws://[::1]").value().host == "::1");
}

TEST_CASE("render client: urls that cannot be used say why", "[unit][render_server]") {
    CHECK(parse_url("wss://example.org").error().message ==
          "cannot use url 'wss://example.org': it must begin with ws://");
    CHECK(parse_url("ws://:3000").error().message == "cannot use url 'ws://:3000': it names no host");
    CHECK(parse_url("ws://h:x").error().message == "cannot use url 'ws://h:x': its port is not a number");
}

TEST_CASE("render client: the sound must have its length and not be silent", "[unit][render_server]") {
    CHECK(expected_samples({.duration = 0.5, .sample_rate = 16001}) == 8001);
    const std::string sound("\x01\x00\xff\xff", 4);
    CHECK(read_pcm(sound, 2).value() == std::vector<std::int16_t>{1, -1});
    CHECK(read_pcm(sound, 3).error().message == "cannot use the sound: it has 4 bytes, expected 6");
    CHECK(read_pcm(std::string(4, '\0'), 2).error().message == "cannot use the sound: it is silent");
}

TEST_CASE("render client: a WAV file has its header and little-endian samples", "[unit][render_server]") {
    const std::vector<std::int16_t> samples = {1, -2};
    const std::string bytes = wav_bytes(samples, 16000);
    REQUIRE(bytes.size() == 48);
    CHECK(bytes.substr(0, 4) == "RIFF");
    CHECK(bytes.substr(4, 4) == std::string("\x28\x00\x00\x00", 4));
    CHECK(bytes.substr(8, 8) == "WAVEfmt ");
    CHECK(
        bytes.substr(16, 20) ==
        std::string("\x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00", 20));
    CHECK(bytes.substr(36) == std::string("data\x04\x00\x00\x00\x01\x00\xfe\xff", 12));
}
