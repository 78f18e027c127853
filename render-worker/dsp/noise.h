#pragma once
// The noise that a network output may be set to. With u uniform in [-1, 1):
//   white  u
//   brown  l = (l + 0.02 u) / 1.02, out 3.5 l
//   pink   Paul Kellet's filter of seven terms, out 0.11 · sum ("Filter to make pink noise from white",
//   refined)

#include <cstdint>
#include <random>
#include <vector>

#include "render-worker/genome/network_outputs.h"

namespace kpm::render {

// Where noise comes from; tests put stored noise in its place.
class NoiseSource {
public:
    virtual ~NoiseSource() = default;
    // REQUIRES: `kind` is a noise.
    virtual std::vector<float> make(SignalKind kind, std::size_t count) = 0;
};

// The same seed gives the same noise. The reference's own is not reproducible.
class SeededNoise : public NoiseSource {
public:
    explicit SeededNoise(std::uint32_t seed) : generator_(seed) {}
    std::vector<float> make(SignalKind kind, std::size_t count) override;

private:
    double uniform() { return distribution_(generator_); }

    std::mt19937 generator_;
    std::uniform_real_distribution<double> distribution_{-1.0, 1.0};
};

}  // namespace kpm::render
