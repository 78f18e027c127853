#include "render-worker/files/plot.h"

#include <zlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "render-worker/files/png.h"

using namespace kpm::render;

namespace {

std::vector<float> wave(std::size_t count) {
    std::vector<float> samples(count);
    for (std::size_t i = 0; i < count; ++i)
        samples[i] = static_cast<float>(std::sin(static_cast<double>(i) * static_cast<double>(i) / 1e6));
    return samples;
}

std::uint32_t number_at(const std::string& bytes, std::size_t place) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[place + i]);
    return value;
}

// The content of the chunk, whose check sum must be right.
std::string chunk(const std::string& png, const std::string& type) {
    const std::size_t place = png.find(type);
    REQUIRE(place != std::string::npos);
    const std::size_t size = number_at(png, place - 4);
    const std::string checked = png.substr(place, 4 + size);
    const auto sum =
        crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
    CHECK(number_at(png, place + 4 + size) == sum);
    return checked.substr(4);
}

// The points of the waveform's line: "M x y x y …".
std::vector<double> points(const std::string& svg) {
    const std::size_t begin = svg.find("d=\"M") + 4;
    const std::string line = svg.substr(begin, svg.find('"', begin) - begin);
    std::vector<double> numbers;
    for (const char* place = line.c_str(); *place != '\0';) {
        char* end = nullptr;
        numbers.push_back(std::strtod(place, &end));
        REQUIRE(end != place);
        place = end;
    }
    return numbers;
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("png: pixels, palette and sizes are those that were given", "[unit][render_files]") {
    const PaletteImage image{3, 2, {0, 1, 1, 1, 0, 1}};
    const std::string png = png_bytes(image, std::vector<Colour>{{1, 2, 3}, {255, 0, 128}});
    CHECK(png.substr(0, 8) == std::string("\x89PNG\r\n\x1a\n", 8));
    CHECK(chunk(png, "IHDR") == std::string("\0\0\0\x03\0\0\0\x02\x08\x03\0\0\0", 13));
    CHECK(chunk(png, "PLTE") == std::string("\x01\x02\x03\xff\x00\x80", 6));
    const std::string packed = chunk(png, "IDAT");
    std::string rows(8, '?');
    uLongf size = rows.size();
    REQUIRE(uncompress(reinterpret_cast<Bytef*>(rows.data()), &size,
                       reinterpret_cast<const Bytef*>(packed.data()),
                       static_cast<uLong>(packed.size())) == Z_OK);
    CHECK(size == rows.size());
    CHECK(rows == std::string("\0\0\1\1\0\1\0\1", 8));
    CHECK(chunk(png, "IEND").empty());
}

TEST_CASE("plot: the waveform spans what the sound does, from left to right", "[unit][render_files]") {
    const std::vector<double> drawn = points(plot_svg(std::vector<float>{0, 1, 0, -1}, 48000, "a"));
    // One column each, without a second point where least and largest are the same.
    REQUIRE(drawn.size() == 8);
    CHECK(drawn[0] < drawn[2]);
    CHECK(drawn[6] == Approx(drawn[0] + 750));
    CHECK(drawn[1] == drawn[5]);
    CHECK(drawn[1] - drawn[3] == Approx(100));
    CHECK(drawn[7] - drawn[1] == Approx(100));
}

TEST_CASE("plot: the size is bounded, whatever the length", "[unit][render_files]") {
    const std::string svg = plot_svg(wave(3000000), 48000, "long");
    CHECK(svg.size() < 400000);
    CHECK(points(svg).size() <= 4000);
    CHECK(svg.starts_with("<svg "));
    CHECK(svg.ends_with("</svg>\n"));
    CHECK(count(svg, "data:image/png;base64,iVBORw0KGgo") == 1);
    CHECK(svg.find(">62.5 s<") != std::string::npos);
}

TEST_CASE("plot: a title is no markup, and what is no number is drawn at zero", "[unit][render_files]") {
    const std::vector<float> samples(100, std::numeric_limits<float>::quiet_NaN());
    const std::string svg = plot_svg(samples, 8000, "a<b>&\n");
    CHECK(svg.find(">a&lt;b>&amp; <") != std::string::npos);
    CHECK(svg.find("nan") == std::string::npos);
}
