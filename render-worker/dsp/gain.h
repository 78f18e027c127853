#pragma once
// GainNode: y = x · gain, gain a parameter at audio rate. Source: Web Audio specification 1.20; the two
// thresholds are the reference engine's: a constant |gain| <= 1e-6 silences, |gain - 1| <= 1e-6 passes the
// samples through unchanged.

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

class Gain : public AudioNode {
public:
    explicit Gain(const Quirks& quirks);

    void process(const BlockTime& time) override;
    AudioParam* param(std::string_view name) override;  // "gain"
    AudioParam& gain() { return gain_; }

private:
    AudioParam gain_;
};

}  // namespace kpm::render
