#include "render-worker/dsp/gain.h"

#include <cmath>
#include <limits>

namespace kpm::render {
namespace {
constexpr float kThreshold = 1e-6F;
constexpr float kMax = std::numeric_limits<float>::max();
}  // namespace

Gain::Gain(const Quirks& quirks)
    : AudioNode({}, 1), gain_({.initial = 1, .min = -kMax, .max = kMax}, quirks.first_channel_modulates) {}

AudioParam* Gain::param(std::string_view name) {
    return name == "gain" ? &gain_ : nullptr;
}

void Gain::process(const BlockTime& time) {
    const auto gains = gain_.compute(time);
    const Quantum& in = inputs()[0];
    Quantum& out = output();
    const bool constant = gains.size() == 1;
    if (in.silent || (constant && std::abs(gains[0]) <= kThreshold)) return out.make_silent();
    if (constant && std::abs(gains[0] - 1.0F) <= kThreshold) return out.assign(in);
    out.channels = in.channels;
    out.silent = false;
    for (std::size_t c = 0; c < in.channels; ++c) {
        const auto& samples = in.samples[c];
        auto& scaled = out.samples[c];
        if (constant)
            for (std::size_t i = 0; i < kQuantum; ++i) scaled[i] = samples[i] * gains[0];
        else
            for (std::size_t i = 0; i < kQuantum; ++i) scaled[i] = samples[i] * gains[i];
    }
}

}  // namespace kpm::render
