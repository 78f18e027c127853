#pragma once
// A block of 128 frames of up to 8 channels, and the rules of mixing blocks ("speakers" of the Web Audio
// specification, sections 4.3 and 4.4). Samples are float32.

#include <array>
#include <cstddef>
#include <span>

namespace kpm::render {

inline constexpr std::size_t kQuantum = 128;  // frames
inline constexpr std::size_t kMaxChannels = 8;

struct Quantum {
    std::size_t channels = 1;
    // Exactly silent: mono, and the samples are not to be looked at.
    bool silent = true;
    std::array<std::array<float, kQuantum>, kMaxChannels> samples;

    void make_silent() {
        channels = 1;
        silent = true;
    }
    // Ready to be written: `count` channels of zeros.
    void make_zeros(std::size_t count);
    // Copies the channels in use only.
    void assign(const Quantum& other);
};

// How many channels a node's input has, and how others are mixed into them.
struct ChannelRule {
    enum class Count {
        Max,         // as many as the widest connection
        ClampedMax,  // the same, but at most `channels`
        Explicit,    // always `channels`
    };
    Count count = Count::Max;
    std::size_t channels = 2;
    bool discrete = false;  // no speaker layouts: channels are dropped or filled with zeros
};

// Up- or down-mixes in place. More than 6 channels on either side are always mixed discretely.
void mix(Quantum& block, std::size_t channels, bool discrete);

// Adds what a connection brings to an input.
void add(Quantum& input, const Quantum& signal, const ChannelRule& rule);

}  // namespace kpm::render
