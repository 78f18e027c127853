#pragma once
// BiquadFilterNode: a filter of second order, in double, direct form 1:
//   y = b0 x + b1 x' + b2 x'' - a1 y' - a2 y''
// with the coefficients of R. Bristow-Johnson's "Cookbook formulae for audio EQ biquad filter coefficients",
// as the Web Audio specification (1.13) restates them: w = 2 pi f0 / rate, A = 10^(gain / 40),
//   lowpass, highpass              alpha = sin w / (2 · 10^(Q / 20))      (Q in dB)
//   bandpass, notch, allpass, peaking  alpha = sin w / (2 Q)
//   lowshelf, highshelf            alpha = sin w / 2 · sqrt 2             (slope 1)
// and f0 = frequency · min(2^(detune / 1200), rate / 2), the reference engine's place for the limit. All four
// parameters are at audio rate. The state is kept per channel; it is lost with a channel that goes away.

#include <array>
#include <optional>
#include <span>

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

enum class FilterType { Lowpass, Highpass, Bandpass, Lowshelf, Highshelf, Peaking, Notch, Allpass };

std::optional<FilterType> filter_type_named(std::string_view name);

// Divided by a0.
struct BiquadCoefficients {
    double b0 = 0, b1 = 0, b2 = 0, a1 = 0, a2 = 0;
};

struct BiquadSettings {
    float frequency = 350;  // Hz
    float detune = 0;       // cents
    float q = 1;
    float gain = 0;  // dB

    bool operator==(const BiquadSettings&) const = default;
};

BiquadCoefficients biquad_coefficients(FilterType type, const BiquadSettings& settings, double sample_rate);

// The memory of one channel.
struct BiquadState {
    double x1 = 0, x2 = 0, y1 = 0, y2 = 0;

    float next(const BiquadCoefficients& c, float sample);
    // Nothing more comes out of it when silence goes in.
    bool is_empty() const;
};

class Biquad : public AudioNode {
public:
    Biquad(FilterType type, double sample_rate, const Quirks& quirks);

    void process(const BlockTime& time) override;
    AudioParam* param(std::string_view name) override;  // "frequency", "detune", "Q", "gain"

private:
    bool is_empty() const;
    void resize_state(std::size_t channels);

    FilterType type_;
    AudioParam frequency_, detune_, q_, gain_;
    BiquadSettings settings_;  // those of coefficients_
    BiquadCoefficients coefficients_;
    std::array<BiquadState, kMaxChannels> states_;
    std::size_t channels_ = 0;
};

}  // namespace kpm::render
