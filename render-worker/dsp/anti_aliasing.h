#pragma once
// Network signals with less aliasing: computed at twice the sample rate, filtered by a low-pass at half the
// sound's rate (a Biquad with a Q of 1 dB), and brought back to the sound's rate. The reference keeps the
// first half of the samples instead of every second one (Quirks::anti_aliasing_keeps_first_half).

#include <vector>

#include "render-worker/dsp/quirks.h"

namespace kpm::render {

// `doubled` was computed at 2 · sample_rate; the result is half as long.
std::vector<float> anti_aliased(const std::vector<float>& doubled, double sample_rate, const Quirks& quirks);

}  // namespace kpm::render
