#include "render-worker/dsp/anti_aliasing.h"

#include "render-worker/dsp/biquad.h"

namespace kpm::render {

std::vector<float> anti_aliased(const std::vector<float>& doubled, double sample_rate, const Quirks& quirks) {
    BiquadSettings settings;
    settings.frequency = static_cast<float>(sample_rate / 2);
    const BiquadCoefficients low_pass = biquad_coefficients(FilterType::Lowpass, settings, 2 * sample_rate);
    BiquadState state;
    std::vector<float> kept;
    kept.reserve(doubled.size() / 2);
    const std::size_t step = quirks.anti_aliasing_keeps_first_half ? 1 : 2;
    for (std::size_t i = 0; i < doubled.size() && kept.size() < doubled.size() / 2; ++i) {
        const float sample = state.next(low_pass, doubled[i]);
        if (i % step == 0) kept.push_back(sample);
    }
    return kept;
}

}  // namespace kpm::render
