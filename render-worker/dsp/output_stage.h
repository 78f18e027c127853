#pragma once
// From the destination's first channel to the sound that is sent: min-max normalisation, and 16-bit samples
// (to_pcm16 in renderer.h).

#include <vector>

namespace kpm::render {

// If the samples leave [-1, 1]: y = (x - min) / (max - min) · 2 - 1, with min <= 0 <= max. Not symmetric: it
// moves the zero line. Samples within [-1, 1] stay as they are.
void normalise(std::vector<float>& samples);

}  // namespace kpm::render
