#pragma once
// ConvolverNode: the sound convolved with an impulse response, which is one curve (mono) in every genome,
// scaled to about the loudness of the sound by
//   0.00125 / rms · 44100 / rate, rms >= 0.000125.
// At most two channels, each convolved on its own. Without a response the sound passes. Source: Web Audio
// specification 1.17. The output is never silent once there is a response, only zero: responses are as long
// as the sound, so its tail never ends before.

#include <span>
#include <vector>

#include "render-worker/dsp/partitioned_convolution.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

float convolver_scale(const std::vector<float>& response, double sample_rate);

// Samples of memory that a response of `samples` needs, at about the worst.
double convolver_memory(std::size_t samples);

class Convolver : public AudioNode {
public:
    // `response` may be null.
    Convolver(const Curve& response, double sample_rate);

    void process(const BlockTime& time) override;

private:
    std::vector<PartitionedConvolution> channels_;  // as many as came so far
};

}  // namespace kpm::render
