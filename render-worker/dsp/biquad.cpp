#include "render-worker/dsp/biquad.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace kpm::render {
namespace {

constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kMaxDetune = 153600;  // cents
constexpr float kMaxGain = 1541;      // dB; 40 log10 of the largest float

constexpr std::array<std::pair<std::string_view, FilterType>, 8> kNames = {{
    {"lowpass", FilterType::Lowpass},
    {"highpass", FilterType::Highpass},
    {"bandpass", FilterType::Bandpass},
    {"lowshelf", FilterType::Lowshelf},
    {"highshelf", FilterType::Highshelf},
    {"peaking", FilterType::Peaking},
    {"notch", FilterType::Notch},
    {"allpass", FilterType::Allpass},
}};

struct Polynomials {
    double b0, b1, b2, a0, a1, a2;
};

Polynomials cut(bool low, double cosine, double alpha) {
    const double outer = low ? 1.0 - cosine : 1.0 + cosine;
    return {outer / 2.0, low ? outer : -outer, outer / 2.0, 1.0 + alpha, -2.0 * cosine, 1.0 - alpha};
}

// `sign` is 1 for the low shelf, -1 for the high one: they mirror each other at half the sample rate.
Polynomials shelf(double sign, double cosine, double alpha, double a) {
    const double root = 2.0 * alpha * std::sqrt(a);
    const double above = a + 1.0, below = a - 1.0;
    return {a * (above - sign * below * cosine + root),    sign * 2.0 * a * (below - sign * above * cosine),
            a * (above - sign * below * cosine - root),    above + sign * below * cosine + root,
            -sign * 2.0 * (below + sign * above * cosine), above + sign * below * cosine - root};
}

Polynomials polynomials(FilterType type, double w, double q, double gain) {
    const double cosine = std::cos(w), sine = std::sin(w);
    const double alpha_q = sine / (2.0 * q);
    switch (type) {
        case FilterType::Lowpass:
        case FilterType::Highpass:
            return cut(type == FilterType::Lowpass, cosine, sine / (2.0 * std::pow(10.0, q / 20.0)));
        case FilterType::Bandpass:
            return {alpha_q, 0, -alpha_q, 1.0 + alpha_q, -2.0 * cosine, 1.0 - alpha_q};
        case FilterType::Notch:
            return {1, -2.0 * cosine, 1, 1.0 + alpha_q, -2.0 * cosine, 1.0 - alpha_q};
        case FilterType::Allpass:
            return {1.0 - alpha_q, -2.0 * cosine, 1.0 + alpha_q, 1.0 + alpha_q, -2.0 * cosine, 1.0 - alpha_q};
        case FilterType::Peaking: {
            const double a = std::pow(10.0, gain / 40.0);
            return {1.0 + alpha_q * a, -2.0 * cosine, 1.0 - alpha_q * a,
                    1.0 + alpha_q / a, -2.0 * cosine, 1.0 - alpha_q / a};
        }
        case FilterType::Lowshelf:
        case FilterType::Highshelf:
            return shelf(type == FilterType::Lowshelf ? 1.0 : -1.0, cosine, sine / 2.0 * std::numbers::sqrt2,
                         std::pow(10.0, gain / 40.0));
    }
    return {};
}

}  // namespace

std::optional<FilterType> filter_type_named(std::string_view name) {
    for (const auto& [known, type] : kNames)
        if (known == name) return type;
    return std::nullopt;
}

BiquadCoefficients biquad_coefficients(FilterType type, const BiquadSettings& settings, double sample_rate) {
    const float factor =
        std::clamp(std::exp2(settings.detune / 1200.0F), 0.0F, static_cast<float>(sample_rate) / 2.0F);
    const double w = 2.0 * std::numbers::pi * double{settings.frequency * factor} / sample_rate;
    const Polynomials p = polynomials(type, w, settings.q, settings.gain);
    return {p.b0 / p.a0, p.b1 / p.a0, p.b2 / p.a0, p.a1 / p.a0, p.a2 / p.a0};
}

float BiquadState::next(const BiquadCoefficients& c, float sample) {
    const double x = sample;
    const double y = c.b0 * x + c.b1 * x1 + c.b2 * x2 - c.a1 * y1 - c.a2 * y2;
    x2 = std::exchange(x1, x);
    y2 = std::exchange(y1, y);
    return static_cast<float>(y);
}

bool BiquadState::is_empty() const {
    return !std::isnormal(x1) && !std::isnormal(x2) && !std::isnormal(y1) && !std::isnormal(y2);
}

Biquad::Biquad(FilterType type, double sample_rate, const Quirks& quirks)
    : AudioNode({}, 1),
      type_(type),
      frequency_({350, 0, static_cast<float>(sample_rate / 2)}, quirks.first_channel_modulates),
      detune_({0, -kMaxDetune, kMaxDetune}, quirks.first_channel_modulates),
      q_({1, -kMax, kMax}, quirks.first_channel_modulates),
      gain_({0, -kMax, kMaxGain}, quirks.first_channel_modulates),
      coefficients_(biquad_coefficients(type, settings_, sample_rate)) {}

AudioParam* Biquad::param(std::string_view name) {
    if (name == "frequency") return &frequency_;
    if (name == "detune") return &detune_;
    if (name == "Q") return &q_;
    return name == "gain" ? &gain_ : nullptr;
}

bool Biquad::is_empty() const {
    return std::all_of(states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(channels_),
                       [](const BiquadState& state) { return state.is_empty(); });
}

void Biquad::resize_state(std::size_t channels) {
    for (std::size_t c = channels_; c < channels; ++c) states_[c] = {};
    channels_ = channels;
}

void Biquad::process(const BlockTime& time) {
    const auto frequencies = frequency_.compute(time);
    const auto detunes = detune_.compute(time);
    const auto qs = q_.compute(time);
    const auto gains = gain_.compute(time);
    const Quantum& in = inputs()[0];
    Quantum& out = output();
    if (in.silent && is_empty()) return out.make_silent();
    // The tail goes on with the channels that there were.
    if (!in.silent) resize_state(in.channels);
    out.channels = channels_;
    out.silent = false;

    const auto at = [](std::span<const float> values, std::size_t i) {
        return values[values.size() == 1 ? 0 : i];
    };
    const bool constant =
        frequencies.size() == 1 && detunes.size() == 1 && qs.size() == 1 && gains.size() == 1;
    std::array<BiquadCoefficients, kQuantum> varying;
    for (std::size_t i = 0; i < (constant ? 1 : kQuantum); ++i) {
        const BiquadSettings settings{at(frequencies, i), at(detunes, i), at(qs, i), at(gains, i)};
        if (settings != settings_) {
            settings_ = settings;
            coefficients_ = biquad_coefficients(type_, settings_, time.sample_rate);
        }
        varying[i] = coefficients_;
    }
    for (std::size_t c = 0; c < channels_; ++c) {
        BiquadState state = states_[c];
        for (std::size_t i = 0; i < kQuantum; ++i) {
            const float sample = in.silent ? 0.0F : in.samples[c][i];
            out.samples[c][i] = state.next(constant ? coefficients_ : varying[i], sample);
        }
        states_[c] = state;
    }
}

}  // namespace kpm::render
