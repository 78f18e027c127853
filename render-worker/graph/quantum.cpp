#include "render-worker/graph/quantum.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kpm::render {
namespace {

// Channels of a 5.1 layout.
enum Surround : std::size_t { kLeft, kRight, kCentre, kLow, kSideLeft, kSideRight };

constexpr std::size_t kSurroundChannels = 6;
constexpr auto kSqrtHalf = static_cast<float>(1.0 / std::numbers::sqrt2);

void fill_zeros(Quantum& block, std::size_t from, std::size_t to) {
    for (std::size_t c = from; c < to; ++c) block.samples[c].fill(0);
}

void mix_discrete(Quantum& block, std::size_t channels) {
    fill_zeros(block, block.channels, channels);
}

void mono_to_surround(Quantum& block) {
    block.samples[kCentre] = block.samples[0];
    block.samples[kLeft].fill(0);
    block.samples[kRight].fill(0);
    fill_zeros(block, kLow, kSurroundChannels);
}

void stereo_to_mono(Quantum& block) {
    auto& s = block.samples;
    for (std::size_t i = 0; i < kQuantum; ++i) s[0][i] = 0.5F * (s[kLeft][i] + s[kRight][i]);
}

void surround_to_stereo(Quantum& block) {
    auto& s = block.samples;
    for (std::size_t i = 0; i < kQuantum; ++i) {
        s[kLeft][i] += kSqrtHalf * (s[kCentre][i] + s[kSideLeft][i]);
        s[kRight][i] += kSqrtHalf * (s[kCentre][i] + s[kSideRight][i]);
    }
}

void surround_to_mono(Quantum& block) {
    auto& s = block.samples;
    for (std::size_t i = 0; i < kQuantum; ++i) {
        const float behind = std::fma(0.5F, s[kSideLeft][i] + s[kSideRight][i], s[kCentre][i]);
        s[0][i] = std::fma(kSqrtHalf, s[kLeft][i] + s[kRight][i], behind);
    }
}

// Layouts of 3 to 5 channels never arise: sources are mono, the destination has 1, 2 or 8 channels, mergers
// have 6.
void mix_speakers(Quantum& block, std::size_t channels) {
    const auto is = [&](std::size_t from, std::size_t to) {
        return block.channels == from && channels == to;
    };
    if (is(1, 2))
        block.samples[kRight] = block.samples[kLeft];
    else if (is(1, kSurroundChannels))
        mono_to_surround(block);
    else if (is(2, 1))
        stereo_to_mono(block);
    else if (is(kSurroundChannels, 2))
        surround_to_stereo(block);
    else if (is(kSurroundChannels, 1))
        surround_to_mono(block);
    else
        mix_discrete(block, channels);
}

void add_samples(Quantum& input, const Quantum& signal) {
    for (std::size_t c = 0; c < input.channels; ++c)
        for (std::size_t i = 0; i < kQuantum; ++i) input.samples[c][i] += signal.samples[c][i];
}

}  // namespace

void Quantum::make_zeros(std::size_t count) {
    channels = count;
    silent = false;
    fill_zeros(*this, 0, count);
}

void Quantum::assign(const Quantum& other) {
    channels = other.channels;
    silent = other.silent;
    if (!silent) std::copy_n(other.samples.begin(), channels, samples.begin());
}

void mix(Quantum& block, std::size_t channels, bool discrete) {
    if (block.silent || block.channels == channels) return;
    if (discrete || block.channels > kSurroundChannels || channels > kSurroundChannels)
        mix_discrete(block, channels);
    else
        mix_speakers(block, channels);
    block.channels = channels;
}

void add(Quantum& input, const Quantum& signal, const ChannelRule& rule) {
    if (signal.silent) return;
    const std::size_t widest = input.silent ? signal.channels : std::max(input.channels, signal.channels);
    std::size_t channels = widest;
    if (rule.count == ChannelRule::Count::ClampedMax) channels = std::min(widest, rule.channels);
    if (rule.count == ChannelRule::Count::Explicit) channels = rule.channels;

    if (input.silent) {
        input.assign(signal);
        mix(input, channels, rule.discrete);
        return;
    }
    mix(input, channels, rule.discrete);
    if (signal.channels == channels) return add_samples(input, signal);
    Quantum mixed;
    mixed.assign(signal);
    mix(mixed, channels, rule.discrete);
    add_samples(input, mixed);
}

}  // namespace kpm::render
