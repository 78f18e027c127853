#include "render-worker/dsp/wave_shaper.h"

#include <algorithm>
#include <cmath>

namespace kpm::render {
namespace {

bool maps_silence_to_silence(const std::vector<float>& curve) {
    const std::size_t half = curve.size() / 2;
    const float centre = curve.size() % 2 == 1 ? curve[half] : (curve[half - 1] + curve[half]) / 2.0F;
    return std::abs(centre) < 1e-9F;
}

}  // namespace

float shaped(const std::vector<float>& curve, float x) {
    const auto count = static_cast<float>(curve.size());
    const float v = (count - 1.0F) / 2.0F * (x + 1.0F);
    if (v <= 0.0F) return curve.front();
    if (v >= count - 1.0F) return curve.back();
    if (std::isnan(v)) return v;
    const float whole = std::floor(v);
    const float k = v - whole;
    // A count beyond 2^24 is rounded as a float.
    const auto before = std::min(static_cast<std::size_t>(whole), curve.size() - 1);
    const auto after = std::min(before + 1, curve.size() - 1);
    return (1.0F - k) * curve[before] + k * curve[after];
}

WaveShaper::WaveShaper(Curve curve)
    : AudioNode({}, 1),
      curve_(std::move(curve)),
      keeps_silence_(curve_ == nullptr || maps_silence_to_silence(*curve_)) {}

void WaveShaper::process(const BlockTime&) {
    const Quantum& in = inputs()[0];
    Quantum& out = output();
    if (in.silent && keeps_silence_) return out.make_silent();
    if (in.silent) {
        out.make_zeros(1);
        out.samples[0].fill(shaped(*curve_, 0));
        return;
    }
    out.assign(in);
    if (curve_ == nullptr) return;
    for (std::size_t c = 0; c < out.channels; ++c)
        for (float& sample : out.samples[c]) sample = shaped(*curve_, sample);
}

}  // namespace kpm::render
