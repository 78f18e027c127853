#pragma once
// Linear convolution of a stream of blocks with a long impulse response, without delay:
//   y_n = sum of h_k x_(n-k).
// The response is cut into parts, each convolved by multiplying spectra (overlap-add). Parts of 128 samples
// answer at once but are many; so only the beginning of the response is cut so finely, what comes later,
// whose answer has time, in parts of 4096 and of 131072. Sources: T. Stockham, "High-speed convolution and
// correlation", 1966; W. Gardner, "Efficient convolution without input-output delay", JAES 1995.

#include <memory>
#include <span>
#include <vector>

#include "render-worker/dsp/real_fft.h"
#include "render-worker/graph/quantum.h"

namespace kpm::render {

// A stretch of the response, in parts of one size.
class ConvolutionStretch {
public:
    // With `at_once`, `part` is kQuantum and `response` the beginning of the whole one; else `response`
    // begins `part` samples after it, and `part` is a power of two. REQUIRES: `response` is not empty.
    ConvolutionStretch(std::span<const float> response, std::size_t part, bool at_once);

    // Adds what this stretch answers to `block` and to those before it.
    void process(std::span<const float, kQuantum> block, std::span<float, kQuantum> out);

private:
    struct Spectrum {
        std::vector<float> re, im;
    };

    void convolve();
    void add_pending(std::span<float, kQuantum> out);

    std::size_t part_;
    bool at_once_;
    RealFft fft_;
    std::shared_ptr<const std::vector<Spectrum>> response_;  // a part each; shared by the channels
    std::vector<Spectrum> heard_;                            // of the last blocks; a ring
    std::size_t newest_ = 0;                                 // in heard_
    Spectrum sum_;
    std::vector<float> input_;    // gathers one part
    std::vector<float> answer_;   // two parts
    std::vector<float> pending_;  // two parts: what is put out now, and what overlaps into the next
    std::size_t place_ = 0;       // in input_ and pending_
};

class PartitionedConvolution {
public:
    explicit PartitionedConvolution(std::span<const float> response);

    // The largest part that a response of `samples` is cut into.
    static std::size_t largest_part(std::size_t samples);

    void process(std::span<const float, kQuantum> block, std::span<float, kQuantum> out);

private:
    std::vector<ConvolutionStretch> stretches_;
    bool heard_ = false;  // anything but zeros
};

}  // namespace kpm::render
