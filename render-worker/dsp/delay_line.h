#pragma once
// The memory between the two ends of a delay: a ring of blocks, all with the same number of channels. Written
// and read block by block; the graph decides which end comes first in a block.

#include <array>
#include <vector>

#include "render-worker/graph/quantum.h"

namespace kpm::render {

class DelayLine {
public:
    // REQUIRES: blocks >= 2.
    explicit DelayLine(std::size_t blocks);

    // Stores the block that starts at `frame`. If it has other channels than those stored, these are mixed to
    // its layout.
    void write(const Quantum& block, std::size_t frame);
    bool has_written(std::size_t frame) const { return last_written_ == frame; }

    std::size_t channels() const { return channels_; }
    std::size_t size() const { return size_; }  // frames
    // size() samples; frame f of the sound is at f % size().
    const float* samples(std::size_t channel) const { return rings_[channel].data(); }

private:
    void change_channels(std::size_t channels);

    std::size_t size_;
    std::size_t channels_ = 1;
    std::size_t last_written_ = static_cast<std::size_t>(-1);
    // A channel's memory is taken when the first sound that has it comes.
    std::array<std::vector<float>, kMaxChannels> rings_;
};

}  // namespace kpm::render
