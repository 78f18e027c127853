#include "render-worker/dsp/oscillator.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kpm::render {
namespace {

constexpr std::size_t kTableSize = 8192;
constexpr float kMaxDetune = 153600;  // cents

const std::array<float, kTableSize>& sine_table() {
    static const auto table = [] {
        std::array<float, kTableSize> values{};
        for (std::size_t i = 0; i < kTableSize; ++i)
            values[i] =
                std::sin(static_cast<float>(i) * 2.0F * std::numbers::pi_v<float> / float{kTableSize});
        return values;
    }();
    return table;
}

// Negative phases take entry 0, as a conversion to an unsigned index does that stops at 0.
float sine(double phase) {
    const auto& table = sine_table();
    const double position = phase * double{kTableSize};
    const double whole = std::floor(position);
    const auto previous = whole > 0 ? static_cast<std::size_t>(whole) % kTableSize : 0;
    const std::size_t next = (previous + 1) % kTableSize;
    const auto k = static_cast<float>(position - whole);
    return std::fma(table[previous], 1.0F - k, table[next] * k);
}

double poly_blep(double t, double increment) {
    if (t < increment) {
        t /= increment;
        return t + t - t * t - 1.0;
    }
    if (t > 1.0 - increment) {
        t = (t - 1.0) / increment;
        return std::fma(t, t, t) + t + 1.0;
    }
    return 0.0;
}

float triangle(double phase) {
    const double value = -4.0 * phase + 2.0;
    if (value > 1.0) return static_cast<float>(2.0 - value);
    if (value < -1.0) return static_cast<float>(-2.0 - value);
    return static_cast<float>(value);
}

double increment_of(float frequency, float detune, double sample_rate) {
    const double shifted = frequency * std::exp2(detune / 1200.0);
    return std::clamp(shifted, -sample_rate / 2.0, sample_rate / 2.0) / sample_rate;
}

}  // namespace

std::optional<WaveForm> wave_form_named(std::string_view name) {
    if (name == "sine") return WaveForm::Sine;
    if (name == "square") return WaveForm::Square;
    if (name == "sawtooth") return WaveForm::Sawtooth;
    if (name == "triangle") return WaveForm::Triangle;
    return std::nullopt;
}

Oscillator::Oscillator(WaveForm form, double sample_rate, const Quirks& quirks)
    : AudioNode({}, 0),
      form_(form),
      runs_away_(quirks.negative_phase_runs_away),
      frequency_({440, static_cast<float>(-sample_rate / 2), static_cast<float>(sample_rate / 2)},
                 quirks.first_channel_modulates),
      detune_({0, -kMaxDetune, kMaxDetune}, quirks.first_channel_modulates) {}

AudioParam* Oscillator::param(std::string_view name) {
    if (name == "frequency") return &frequency_;
    return name == "detune" ? &detune_ : nullptr;
}

double Oscillator::wrapped(double phase) const {
    if (phase >= 1.0) return phase - 1.0;
    return phase < 0.0 && !runs_away_ ? phase + 1.0 : phase;
}

float Oscillator::sample(double increment) const {
    // The corrections want the size of the step; only the quirk takes its sign along.
    const double step = runs_away_ ? increment : std::abs(increment);
    const double shifted = wrapped(phase_ + 0.5);
    switch (form_) {
        case WaveForm::Sine:
            return sine(phase_);
        case WaveForm::Square:
            return static_cast<float>((phase_ < 0.5 ? 1.0 : -1.0) + poly_blep(phase_, step) -
                                      poly_blep(shifted, step));
        case WaveForm::Sawtooth:
            return static_cast<float>(2.0 * shifted - 1.0 - poly_blep(shifted, step));
        case WaveForm::Triangle:
            return triangle(phase_);
    }
    return 0;
}

void Oscillator::process(const BlockTime& time) {
    const auto frequencies = frequency_.compute(time);
    const auto detunes = detune_.compute(time);
    Quantum& out = output();
    out.channels = 1;
    out.silent = false;
    const bool constant = frequencies.size() == 1 && detunes.size() == 1;
    double increment = increment_of(frequencies[0], detunes[0], time.sample_rate);
    for (std::size_t i = 0; i < kQuantum; ++i) {
        if (!constant)
            increment = increment_of(frequencies[frequencies.size() == 1 ? 0 : i],
                                     detunes[detunes.size() == 1 ? 0 : i], time.sample_rate);
        out.samples[0][i] = sample(increment);
        phase_ = wrapped(phase_ + increment);
    }
}

}  // namespace kpm::render
