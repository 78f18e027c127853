#include "render-worker/files/spectrogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "render-worker/dsp/real_fft.h"

namespace kpm::render {
namespace {

constexpr std::size_t kWindow = 2048;      // samples
constexpr std::size_t kShortestStep = 64;  // samples between two columns
constexpr double kLowest = 40;             // Hz
constexpr double kHannGain = 0.5;          // the mean of the window

const std::array<float, kWindow>& hann() {
    static const auto window = [] {
        std::array<float, kWindow> values{};
        for (std::size_t i = 0; i < kWindow; ++i)
            values[i] = static_cast<float>(
                0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / double{kWindow}));
        return values;
    }();
    return window;
}

float decibels(double re, double im) {
    const double amplitude = std::hypot(re, im) * 2 / (kHannGain * double{kWindow});
    // NaN compares false too.
    const double level = 20 * std::log10(amplitude);
    return level > double{Spectrogram::kFloor} ? static_cast<float>(level) : Spectrogram::kFloor;
}

// First and last bin of every row; rows that are narrower than a bin have the one nearest.
struct Band {
    std::size_t first, last;
};

std::array<Band, Spectrogram::kRows> bands(double lowest, double highest, double sample_rate) {
    std::array<Band, Spectrogram::kRows> rows{};
    const auto bin_at = [&](double edge) {
        const double frequency = lowest * std::pow(highest / lowest, edge / double{Spectrogram::kRows});
        const double bin = std::floor(frequency / sample_rate * double{kWindow} + 0.5);
        return std::clamp<std::size_t>(static_cast<std::size_t>(bin), 1, kWindow / 2);
    };
    for (std::size_t row = 0; row < rows.size(); ++row) {
        rows[row].first = bin_at(static_cast<double>(row));
        rows[row].last = std::max(rows[row].first, bin_at(static_cast<double>(row) + 1) - 1);
    }
    return rows;
}

}  // namespace

Spectrogram spectrogram(std::span<const float> samples, double sample_rate) {
    Spectrogram picture;
    picture.lowest = kLowest;
    picture.highest = sample_rate / 2;
    picture.columns = std::clamp<std::size_t>(samples.size() / kShortestStep, 1, Spectrogram::kColumns);
    picture.decibels.reserve(picture.columns * Spectrogram::kRows);

    RealFft fft(kWindow);
    const auto rows = bands(picture.lowest, picture.highest, sample_rate);
    std::array<float, kWindow> block{};
    std::array<float, kWindow / 2 + 1> re{}, im{};
    for (std::size_t column = 0; column < picture.columns; ++column) {
        const double centre = (static_cast<double>(column) + 0.5) * static_cast<double>(samples.size()) /
                              static_cast<double>(picture.columns);
        const auto start = static_cast<std::ptrdiff_t>(centre) - static_cast<std::ptrdiff_t>(kWindow / 2);
        for (std::size_t i = 0; i < kWindow; ++i) {
            const std::ptrdiff_t place = start + static_cast<std::ptrdiff_t>(i);
            const bool inside = place >= 0 && place < static_cast<std::ptrdiff_t>(samples.size());
            block[i] = inside ? samples[static_cast<std::size_t>(place)] * hann()[i] : 0.0F;
        }
        fft.forward(block, re, im);
        for (const Band& band : rows) {
            float loudest = Spectrogram::kFloor;
            for (std::size_t bin = band.first; bin <= band.last; ++bin)
                loudest = std::max(loudest, decibels(re[bin], im[bin]));
            picture.decibels.push_back(loudest);
        }
    }
    return picture;
}

}  // namespace kpm::render
