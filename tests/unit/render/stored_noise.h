#pragma once
// The noise that a stored sound was rendered with.

#include <cstddef>
#include <utility>
#include <vector>

#include "golden.h"
#include "render-worker/dsp/noise.h"

namespace kpm::render::golden {

class StoredNoise : public NoiseSource {
public:
    explicit StoredNoise(const Rendering& rendering)
        : samples_(rendering.noise_file.empty() ? std::vector<float>() : read_floats(rendering.noise_file)) {}

    std::vector<float> make(SignalKind, std::size_t count) override {
        const std::vector<float> part(samples_.begin(),
                                      samples_.begin() + static_cast<std::ptrdiff_t>(count));
        samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(count));
        return part;
    }

private:
    std::vector<float> samples_;
};

}  // namespace kpm::render::golden
