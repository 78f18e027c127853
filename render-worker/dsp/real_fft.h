#pragma once
// The discrete Fourier transform of real blocks, over kissfft's complex one of half the length. In double, so
// that its rounding stays far below that of the float32 signals. No allocation after the constructor.

#include <complex>
#include <cstddef>
#include <kissfft/kissfft.hh>
#include <span>
#include <vector>

namespace kpm::render {

class RealFft {
public:
    // Blocks of `length` samples. REQUIRES: a power of two, at least 4.
    explicit RealFft(std::size_t length);

    std::size_t length() const { return 2 * half_; }
    std::size_t bins() const { return half_ + 1; }

    // X_k = sum of x_n e^(-2 pi i k n / length), k = 0 … length / 2; `block` is padded with zeros.
    // REQUIRES: block.size() <= length(), re and im of bins() values.
    void forward(std::span<const float> block, std::span<float> re, std::span<float> im);
    // The block that has this spectrum. REQUIRES: block of length() values.
    void inverse(std::span<const float> re, std::span<const float> im, std::span<float> block);

private:
    using Complex = std::complex<double>;

    std::size_t half_;
    kissfft<double> forward_, inverse_;
    std::vector<Complex> turns_;  // e^(-2 pi i k / length)
    std::vector<Complex> packed_, spectrum_;
};

}  // namespace kpm::render
