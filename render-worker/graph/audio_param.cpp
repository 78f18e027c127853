#include "render-worker/graph/audio_param.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace kpm::render {

AudioParam::AudioParam(Limits limits, bool first_channel_modulates)
    : limits_(limits),
      rule_{ChannelRule::Count::Explicit, 1, first_channel_modulates},
      value_(limits.initial) {}

void AudioParam::set_curve(Curve curve, double duration) {
    assert(curve->size() >= 2);
    curve_ = std::move(curve);
    duration_ = duration;
}

std::span<const float> AudioParam::compute(const BlockTime& time) {
    const bool varies = approaches_.empty() ? fill_from_curve(time) : fill_from_approaches(time);
    if (input_.silent && !varies) {
        values_[0] = clamped(value_);
        return std::span(values_).first(1);
    }
    if (!varies) values_.fill(value_);
    if (!input_.silent)
        for (std::size_t i = 0; i < kQuantum; ++i) values_[i] += input_.samples[0][i];
    for (float& value : values_) value = clamped(value);
    input_.make_silent();
    return values_;
}

float AudioParam::clamped(float value) const {
    return std::isnan(value) ? limits_.initial : std::clamp(value, limits_.min, limits_.max);
}

bool AudioParam::fill_from_approaches(const BlockTime& time) {
    const auto value_at = [this](double t) {
        const Approach& a = approaches_[approach_];
        if (t < a.start) return value_;
        return std::fma(value_ - a.target, static_cast<float>(std::exp(-(t - a.start) / a.constant)),
                        a.target);
    };
    double t = time.start();
    for (float& value : values_) {
        while (approach_ + 1 < approaches_.size() && approaches_[approach_ + 1].start <= t) {
            value_ = value_at(approaches_[approach_ + 1].start);
            ++approach_;
        }
        value = value_at(t);
        t += time.step();
    }
    return true;
}

// p = (n - 1) t / T in double; linear between the two values around p, in one rounding.
bool AudioParam::fill_from_curve(const BlockTime& time) {
    if (curve_ == nullptr) return false;
    const std::vector<float>& curve = *curve_;
    double t = time.start();
    if (t >= duration_) {
        value_ = curve.back();
        return false;
    }
    const auto last = static_cast<double>(curve.size() - 1);
    const double step = time.step();
    for (float& value : values_) {
        const double position = last * t / duration_;
        const double whole = std::floor(position);
        const auto k = static_cast<std::size_t>(whole);
        value = t < duration_ && k + 1 < curve.size()
                    ? std::fma(curve[k + 1] - curve[k], static_cast<float>(position - whole), curve[k])
                    : curve.back();
        t += step;
    }
    return true;
}

}  // namespace kpm::render
