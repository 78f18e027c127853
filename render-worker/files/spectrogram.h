#pragma once
// The short-time spectrum of a sound as a picture: a column per time, a row per band of frequencies (a
// logarithmic axis, lowest first), each the loudest bin of its band. Pure. Windows of 2048 samples (Hann), at
// most `kColumns` of them, evenly spread over the sound.

#include <cstddef>
#include <span>
#include <vector>

namespace kpm::render {

struct Spectrogram {
    static constexpr std::size_t kColumns = 1000;
    static constexpr std::size_t kRows = 192;
    static constexpr float kFloor = -90;  // dB, relative to a sine of amplitude 1; nothing is below it

    std::size_t columns = 0;
    double lowest = 0, highest = 0;  // Hz, the ends of the axis
    std::vector<float> decibels;     // column after column, kRows each

    float at(std::size_t column, std::size_t row) const { return decibels[column * kRows + row]; }
};

Spectrogram spectrogram(std::span<const float> samples, double sample_rate);

}  // namespace kpm::render
