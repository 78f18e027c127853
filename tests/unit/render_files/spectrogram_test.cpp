#include "render-worker/files/spectrogram.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

using namespace kpm::render;

namespace {

constexpr double kRate = 48000;

std::vector<float> sine(double frequency, std::size_t count, float amplitude = 1) {
    std::vector<float> samples(count);
    for (std::size_t i = 0; i < count; ++i)
        samples[i] =
            amplitude *
            static_cast<float>(std::sin(2 * std::numbers::pi * frequency * static_cast<double>(i) / kRate));
    return samples;
}

std::size_t loudest_row(const Spectrogram& picture, std::size_t column) {
    std::size_t loudest = 0;
    for (std::size_t row = 1; row < Spectrogram::kRows; ++row)
        if (picture.at(column, row) > picture.at(column, loudest)) loudest = row;
    return loudest;
}

double frequency_of(const Spectrogram& picture, std::size_t row) {
    const double place = (static_cast<double>(row) + 0.5) / double{Spectrogram::kRows};
    return picture.lowest * std::pow(picture.highest / picture.lowest, place);
}

}  // namespace

TEST_CASE("spectrogram: a sine stands in its row, at its level", "[unit][render_files]") {
    // In the middle of a bin, so that the window takes nothing off.
    const double frequency = kRate / 2048 * 128;
    const Spectrogram picture = spectrogram(sine(frequency, 48000, 0.1F), kRate);
    REQUIRE(picture.columns == 750);
    const std::size_t row = loudest_row(picture, 375);
    CHECK(frequency_of(picture, row) == Approx(frequency).epsilon(0.03));
    CHECK(picture.at(375, row) == Approx(-20).margin(0.05));
    CHECK(picture.at(375, 20) == Spectrogram::kFloor);
}

TEST_CASE("spectrogram: what comes later stands further right", "[unit][render_files]") {
    std::vector<float> samples = sine(500, 24000);
    const std::vector<float> later = sine(5000, 24000);
    samples.insert(samples.end(), later.begin(), later.end());
    const Spectrogram picture = spectrogram(samples, kRate);
    CHECK(frequency_of(picture, loudest_row(picture, picture.columns / 4)) == Approx(500).epsilon(0.05));
    CHECK(frequency_of(picture, loudest_row(picture, picture.columns * 3 / 4)) == Approx(5000).epsilon(0.05));
}

TEST_CASE("spectrogram: long sounds have no more columns than others, short ones at least one",
          "[unit][render_files]") {
    CHECK(spectrogram(sine(440, 480000), kRate).columns == Spectrogram::kColumns);
    const Spectrogram shortest = spectrogram(sine(440, 2), kRate);
    CHECK(shortest.columns == 1);
    CHECK(shortest.decibels.size() == Spectrogram::kRows);
}

TEST_CASE("spectrogram: silence and what is no number are at the floor", "[unit][render_files]") {
    const auto all_at_floor = [](float sample) {
        const Spectrogram picture = spectrogram(std::vector<float>(4096, sample), kRate);
        return std::ranges::all_of(picture.decibels,
                                   [](float level) { return level == Spectrogram::kFloor; });
    };
    CHECK(all_at_floor(0));
    CHECK(all_at_floor(std::numeric_limits<float>::quiet_NaN()));
}
