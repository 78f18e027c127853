#include "render-worker/dsp/output_stage.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "render-worker/renderer.h"

namespace kpm::render {

void normalise(std::vector<float>& samples) {
    double min = 0, max = 0;
    for (float sample : samples) {
        if (sample < min) min = sample;
        if (sample > max) max = sample;
    }
    if (min >= -1 && max <= 1) return;
    for (float& sample : samples) sample = static_cast<float>((sample - min) / (max - min) * 2.0 - 1.0);
}

std::string to_pcm16(const std::vector<float>& samples) {
    std::string bytes;
    bytes.reserve(samples.size() * 2);
    for (float sample : samples) {
        const double clamped = std::isnan(sample) ? 0.0 : std::clamp(double{sample}, -1.0, 1.0);
        const auto value = static_cast<std::int16_t>(std::floor(clamped * 32767.0 + 0.5));
        const auto bits = static_cast<std::uint16_t>(value);
        bytes += static_cast<char>(bits & 0xFF);
        bytes += static_cast<char>(bits >> 8);
    }
    return bytes;
}

}  // namespace kpm::render
