// The packing: a real block is transformed as the complex block of half its length whose real parts are its
// even samples and whose imaginary parts are its odd ones. With Z their transform, E = (Z_k + Z*_(h-k)) / 2
// and O = (Z_k - Z*_(h-k)) / 2i are the transforms of the two, and X_k = E + e^(-2 pi i k / length) O.
#include "render-worker/dsp/real_fft.h"

#include <algorithm>
#include <cassert>
#include <numbers>

namespace kpm::render {

RealFft::RealFft(std::size_t length)
    : half_(length / 2),
      forward_(half_, false),
      inverse_(half_, true),
      turns_(half_ + 1),
      packed_(half_),
      spectrum_(half_ + 1) {
    assert(length >= 4 && (length & (length - 1)) == 0);
    for (std::size_t k = 0; k <= half_; ++k)
        turns_[k] =
            std::polar(1.0, -2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(length));
}

void RealFft::forward(std::span<const float> block, std::span<float> re, std::span<float> im) {
    assert(block.size() <= length() && re.size() == bins() && im.size() == bins());
    const auto sample = [&](std::size_t i) { return i < block.size() ? double{block[i]} : 0.0; };
    for (std::size_t i = 0; i < half_; ++i) packed_[i] = {sample(2 * i), sample(2 * i + 1)};
    forward_.transform(packed_.data(), spectrum_.data());
    spectrum_[half_] = spectrum_[0];
    for (std::size_t k = 0; k <= half_; ++k) {
        const Complex here = spectrum_[k], there = std::conj(spectrum_[half_ - k]);
        const Complex even = 0.5 * (here + there);
        const Complex odd = Complex(0, -0.5) * (here - there);
        const Complex bin = even + turns_[k] * odd;
        re[k] = static_cast<float>(bin.real());
        im[k] = static_cast<float>(bin.imag());
    }
}

void RealFft::inverse(std::span<const float> re, std::span<const float> im, std::span<float> block) {
    assert(block.size() == length() && re.size() == bins() && im.size() == bins());
    for (std::size_t k = 0; k < half_; ++k) {
        const Complex here(re[k], im[k]), there(re[half_ - k], -im[half_ - k]);
        const Complex even = 0.5 * (here + there);
        const Complex odd = 0.5 * std::conj(turns_[k]) * (here - there);
        packed_[k] = even + Complex(0, 1) * odd;
    }
    inverse_.transform(packed_.data(), spectrum_.data());
    const double scale = 1.0 / static_cast<double>(half_);
    for (std::size_t i = 0; i < half_; ++i) {
        block[2 * i] = static_cast<float>(spectrum_[i].real() * scale);
        block[2 * i + 1] = static_cast<float>(spectrum_[i].imag() * scale);
    }
}

}  // namespace kpm::render
