#pragma once
// WaveShaperNode without oversampling: each sample x is looked up in the curve of n values at
//   v = (n - 1) / 2 · (x + 1),
// held at the curve's ends and interpolated linearly. Without a curve the sound passes. Silence too becomes
// the curve's centre, a constant, unless that is within 1e-9 of 0. Source: Web Audio specification 1.31; all
// in float32, as the reference's engine does it.

#include "render-worker/graph/audio_node.h"

namespace kpm::render {

// REQUIRES: `curve` is not empty.
float shaped(const std::vector<float>& curve, float x);

class WaveShaper : public AudioNode {
public:
    // `curve` may be null, else it is not empty.
    explicit WaveShaper(Curve curve);

    void process(const BlockTime& time) override;

private:
    Curve curve_;
    bool keeps_silence_;
};

}  // namespace kpm::render
