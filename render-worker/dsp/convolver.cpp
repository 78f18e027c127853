#include "render-worker/dsp/convolver.h"

#include <algorithm>
#include <cmath>

namespace kpm::render {
namespace {
constexpr std::size_t kWidest = 2;  // channels
constexpr float kMinRms = 0.000125F;
constexpr float kCalibration = 0.00125F;
constexpr float kCalibrationRate = 44100;  // Hz
}  // namespace

// Summed in float32 and in order, as the reference does.
float convolver_scale(const std::vector<float>& response, double sample_rate) {
    float power = 0;
    for (float value : response) power += value * value;
    float rms = std::sqrt(power / static_cast<float>(response.size()));
    if (!std::isfinite(rms) || rms < kMinRms) rms = kMinRms;
    return 1.0F / rms * kCalibration * (kCalibrationRate / static_cast<float>(sample_rate));
}

// The spectra of the response and of what two channels have heard, each twice as long as the response, the
// response itself, and the transforms.
double convolver_memory(std::size_t samples) {
    constexpr double kSpectra = 7, kTransforms = 32;
    return kSpectra * static_cast<double>(samples) +
           kTransforms * static_cast<double>(PartitionedConvolution::largest_part(samples));
}

Convolver::Convolver(const Curve& response, double sample_rate)
    : AudioNode({ChannelRule::Count::ClampedMax, kWidest, false}, 1) {
    if (response == nullptr) return;
    std::vector<float> scaled = *response;
    const float scale = convolver_scale(scaled, sample_rate);
    for (float& value : scaled) value *= scale;
    channels_.reserve(kWidest);
    channels_.emplace_back(scaled);
}

void Convolver::process(const BlockTime&) {
    Quantum& in = inputs()[0];
    Quantum& out = output();
    if (channels_.empty()) return out.assign(in);
    if (in.silent) in.make_zeros(1);
    // Until a second channel comes, both have heard the same.
    if (in.channels > channels_.size()) channels_.push_back(channels_.front());
    mix(in, channels_.size(), false);
    out.channels = channels_.size();
    out.silent = false;
    for (std::size_t c = 0; c < channels_.size(); ++c) channels_[c].process(in.samples[c], out.samples[c]);
}

}  // namespace kpm::render
