#include "render-worker/dsp/delay_line.h"

#include <algorithm>
#include <cassert>

namespace kpm::render {

DelayLine::DelayLine(std::size_t blocks) : size_(blocks * kQuantum) {
    assert(blocks >= 2);
    rings_[0].resize(size_);
}

void DelayLine::write(const Quantum& block, std::size_t frame) {
    const std::size_t channels = block.silent ? 1 : block.channels;
    if (channels != channels_) change_channels(channels);
    const auto place = static_cast<std::ptrdiff_t>(frame % size_);
    for (std::size_t c = 0; c < channels_; ++c) {
        if (block.silent)
            std::fill_n(rings_[c].begin() + place, kQuantum, 0.0F);
        else
            std::copy_n(block.samples[c].begin(), kQuantum, rings_[c].begin() + place);
    }
    last_written_ = frame;
}

void DelayLine::change_channels(std::size_t channels) {
    for (std::size_t c = channels_; c < channels; ++c) rings_[c].resize(size_);
    Quantum block;
    for (std::size_t start = 0; start < size_; start += kQuantum) {
        const auto place = static_cast<std::ptrdiff_t>(start);
        block.make_zeros(channels_);
        for (std::size_t c = 0; c < channels_; ++c)
            std::copy_n(rings_[c].begin() + place, kQuantum, block.samples[c].begin());
        mix(block, channels, false);
        for (std::size_t c = 0; c < channels; ++c)
            std::copy_n(block.samples[c].begin(), kQuantum, rings_[c].begin() + place);
    }
    channels_ = channels;
}

}  // namespace kpm::render
