#pragma once
// OscillatorNode: phase p in cycles from 0, advanced by clamp(f · 2^(detune / 1200), ±rate/2) / rate after
// each sample.
//   sine      table of 8192 floats, linear interpolation
//   square    p < 1/2 ? 1 : -1, both edges smoothed by a two-sample polyBLEP
//   sawtooth  2 q - 1 with q = p + 1/2 wrapped, its edge smoothed likewise
//   triangle  2 - 4 p, folded once at ±1; not band-limited
// Source: Web Audio specification 1.26, with the reference engine's wave forms instead of its Fourier series.
// polyBLEP: Välimäki and Huovilainen, "Antialiasing Oscillators in Subtractive Synthesis", 2007.

#include <optional>

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

enum class WaveForm { Sine, Square, Sawtooth, Triangle };

std::optional<WaveForm> wave_form_named(std::string_view name);

class Oscillator : public AudioNode {
public:
    Oscillator(WaveForm form, double sample_rate, const Quirks& quirks);

    void process(const BlockTime& time) override;
    AudioParam* param(std::string_view name) override;  // "frequency", "detune"
    AudioParam& frequency() { return frequency_; }
    AudioParam& detune() { return detune_; }

private:
    double wrapped(double phase) const;
    float sample(double increment) const;

    WaveForm form_;
    bool runs_away_;
    double phase_ = 0;
    AudioParam frequency_;
    AudioParam detune_;
};

}  // namespace kpm::render
