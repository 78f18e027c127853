#include "render-worker/summed_output.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace kpm::render {
namespace {

constexpr std::size_t kFade = 128;  // samples

}  // namespace

std::vector<float> summed_output(const std::vector<std::vector<float>>& channels) {
    std::vector<float> sound(channels.empty() ? 0 : channels.front().size(), 0);
    for (const std::vector<float>& channel : channels)
        for (std::size_t i = 0; i < sound.size(); ++i) sound[i] += channel[i];

    float peak = 0;
    for (const float sample : sound) peak = std::max(peak, std::abs(sample));
    if (peak > 0)
        for (float& sample : sound) sample = static_cast<float>(double{sample} / double{peak});

    const std::size_t fade = std::min(kFade, sound.size());
    const auto scaled = [](float sample, std::size_t step) {
        return static_cast<float>(double{sample} * static_cast<double>(step) / double{kFade});
    };
    if (!sound.empty() && sound.front() != 0)
        for (std::size_t i = 0; i < fade; ++i) sound[i] = scaled(sound[i], i);
    if (!sound.empty() && sound.back() != 0)
        for (std::size_t i = 1; i <= fade; ++i)
            sound[sound.size() - i] = scaled(sound[sound.size() - i], i - 1);
    return sound;
}

}  // namespace kpm::render
