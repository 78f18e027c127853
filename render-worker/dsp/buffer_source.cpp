#include "render-worker/dsp/buffer_source.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace kpm::render {
namespace {
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kMaxDetune = 153600;  // cents
}  // namespace

BufferSource::BufferSource(Curve buffer, const Quirks& quirks, double buffer_rate)
    : AudioNode({}, 0),
      buffer_(std::move(buffer)),
      buffer_rate_(buffer_rate),
      playback_rate_({1, -kMax, kMax}, quirks.first_channel_modulates),
      detune_({0, -kMaxDetune, kMaxDetune}, quirks.first_channel_modulates) {}

AudioParam* BufferSource::param(std::string_view name) {
    if (name == "playbackRate") return &playback_rate_;
    return name == "detune" ? &detune_ : nullptr;
}

void BufferSource::process(const BlockTime& time) {
    const float rate = playback_rate_.compute(time)[0];
    const double speed = rate * std::exp2(detune_.compute(time)[0] / 1200.0F);
    if (buffer_ == nullptr) return output().make_silent();
    const double ratio = buffer_rate_ == 0 ? 1 : buffer_rate_ / time.sample_rate;
    if (!interpolates_ && (speed != 1 || ratio != 1)) {
        interpolates_ = true;
        position_ = time.start();
    }
    if (interpolates_) return interpolate(time, speed, ratio);
    copy(time.frame);
}

void BufferSource::copy(std::size_t first) {
    Quantum& out = output();
    if (first >= buffer_->size()) return out.make_silent();
    out.make_zeros(1);
    const std::size_t count = std::min(kQuantum, buffer_->size() - first);
    std::copy_n(buffer_->begin() + static_cast<std::ptrdiff_t>(first), count, out.samples[0].begin());
}

void BufferSource::interpolate(const BlockTime& time, double speed, double ratio) {
    const std::vector<float>& buffer = *buffer_;
    const double duration = static_cast<double>(buffer.size()) / (ratio * time.sample_rate);
    Quantum& out = output();
    if ((speed > 0 && position_ >= duration) || (speed < 0 && position_ < 0)) return out.make_silent();
    out.make_zeros(1);
    const bool goes_on = ratio == 1 && buffer.size() > 1;
    const double beyond = goes_on ? 2.0 * buffer.back() - buffer[buffer.size() - 2] : 0.0;
    for (float& sample : out.samples[0]) {
        const double playhead = position_ * ratio * time.sample_rate;
        const double whole = std::floor(playhead);
        if (position_ >= 0 && whole < static_cast<double>(buffer.size())) {
            const auto before = static_cast<std::size_t>(whole);
            const double part = playhead - whole;
            const double after = before + 1 < buffer.size() ? buffer[before + 1] : beyond;
            sample = static_cast<float>((1.0 - part) * buffer[before] + part * after);
        }
        position_ += time.step() * speed;
    }
}

}  // namespace kpm::render
