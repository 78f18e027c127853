#pragma once
// A sound as one SVG image: its waveform above its spectrogram, with the two scales. Pure. The waveform is a
// line of the least and the largest sample of each of at most 1000 columns, the spectrogram an image of as
// many; so the size is bounded (some hundreds of KiB), whatever the sound's length.

#include <span>
#include <string>
#include <string_view>

namespace kpm::render {

// `title` stands above the waveform. REQUIRES: at least one sample.
std::string plot_svg(std::span<const float> samples, double sample_rate, std::string_view title);

}  // namespace kpm::render
