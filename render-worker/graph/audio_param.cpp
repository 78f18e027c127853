#include "render-worker/graph/audio_param.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <limits>

#include "render-worker/wide.h"

namespace kpm::render {
namespace {

using Values = std::array<float, kQuantum>;

// p = (n - 1) t / T in double; linear between the two values around p, in one rounding.
KPM_RENDER_INLINE void follow(const std::vector<float>& curve, double duration, const BlockTime& time,
                              Values& values) {
    std::array<double, kQuantum> times, positions;
    double t = time.start();
    const double step = time.step();
    for (double& at : times) {
        at = t;
        t += step;
    }
    const auto last = static_cast<double>(curve.size() - 1);
    for (std::size_t i = 0; i < kQuantum; ++i) positions[i] = last * times[i] / duration;

    const float* const points = curve.data();
    const float end = curve.back();
    for (std::size_t i = 0; i < kQuantum; ++i) {
        const double whole = std::floor(positions[i]);
        const bool inside = times[i] < duration && whole < last;
        const auto k = inside ? static_cast<std::int32_t>(whole) : 0;
        const auto part = static_cast<float>(positions[i] - whole);
        const float value = std::fma(points[k + 1] - points[k], part, points[k]);
        values[i] = inside ? value : end;
    }
}

KPM_RENDER_WIDE void follow_wide(const std::vector<float>& curve, double duration, const BlockTime& time,
                                 Values& values) {
    follow(curve, duration, time, values);
}

}  // namespace

AudioParam::AudioParam(Limits limits, bool first_channel_modulates)
    : limits_(limits),
      rule_{ChannelRule::Count::Explicit, 1, first_channel_modulates},
      value_(limits.initial) {}

void AudioParam::set_curve(Curve curve, double duration) {
    assert(curve->size() >= 2 && curve->size() <= std::numeric_limits<std::int32_t>::max());
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

bool AudioParam::fill_from_curve(const BlockTime& time) {
    if (curve_ == nullptr) return false;
    if (time.start() >= duration_) {
        value_ = curve_->back();
        return false;
    }
    if (is_wide())
        follow_wide(*curve_, duration_, time, values_);
    else
        follow(*curve_, duration_, time, values_);
    return true;
}

}  // namespace kpm::render
