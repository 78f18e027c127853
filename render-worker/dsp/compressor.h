#pragma once
// DynamicsCompressorNode: the gain falls when the sound gets loud. Per sample, in dB, with m the loudest
// channel, x = 20 log10 m (-1000 for 0), and T the threshold raised by half the knee K:
//   y = x                                                     up to T - K/2
//       x + (x - T + K/2)^2 · (1/R - 1) / (2 K)               up to T + K/2
//       T + (x - T) / R                                       above
//   d = c d + (1 - c) (x - y), c = exp(-1 / (time · rate)), the attack time when x - y > d, else the release
//   gain = -d + 0.6 · 20 log10(1 / curve(1))                  the last term is the make-up gain
// The sound is delayed by 6 ms, rounded up to whole blocks; the gain is not. Parameters are taken once per
// block. At most two channels. All in float32. Sources: Web Audio specification 1.19; Giannoulis, Massberg
// and Reiss, "Digital Dynamic Range Compressor Design", JAES 2012, figure 7c (equations 4, 7 and 16).

#include <array>

#include "render-worker/dsp/quirks.h"
#include "render-worker/graph/audio_node.h"

namespace kpm::render {

class Compressor : public AudioNode {
public:
    Compressor(double sample_rate, const Quirks& quirks);

    void process(const BlockTime& time) override;
    // "threshold" (dB), "knee" (dB), "ratio", "attack" (seconds), "release" (seconds)
    AudioParam* param(std::string_view name) override;

private:
    // What is fixed for one block.
    struct Shape {
        float threshold, half_knee, knee_factor, ratio, attack, release, make_up;
    };

    Shape shape_of(const BlockTime& time);
    // Follows the loudness of `in`; the gains in dB.
    void detect(const Quantum& in, const Shape& shape, std::array<float, kQuantum>& gains);

    AudioParam threshold_, knee_, ratio_, attack_, release_;
    std::vector<Quantum> delayed_;  // a ring
    std::size_t next_ = 0;
    float detector_ = 0;  // d, dB
};

}  // namespace kpm::render
