#include "render-worker/files/wav.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>
#include <vector>

using namespace kpm::render;

TEST_CASE("wav: 16-bit samples stand little-endian behind their header", "[unit][render_files]") {
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

TEST_CASE("wav: float samples have format 3, an empty extension and their number", "[unit][render_files]") {
    const std::vector<float> samples = {1.0F, -0.5F, 2.0F};
    const std::string bytes = wav_bytes(samples, 48000);
    REQUIRE(bytes.size() == 70);
    CHECK(bytes.substr(4, 4) == std::string("\x3e\x00\x00\x00", 4));
    CHECK(bytes.substr(8, 12) == std::string("WAVEfmt \x12\x00\x00\x00", 12));
    CHECK(bytes.substr(20, 18) ==
          std::string("\x03\x00\x01\x00\x80\xbb\x00\x00\x00\xee\x02\x00\x04\x00\x20\x00\x00\x00", 18));
    CHECK(bytes.substr(38, 12) == std::string("fact\x04\x00\x00\x00\x03\x00\x00\x00", 12));
    CHECK(bytes.substr(50) ==
          std::string("data\x0c\x00\x00\x00\x00\x00\x80\x3f\x00\x00\x00\xbf\x00\x00\x00\x40", 20));
}
