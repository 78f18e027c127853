#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "render-worker/client/render_call.h"

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
