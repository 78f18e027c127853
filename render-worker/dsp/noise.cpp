#include "render-worker/dsp/noise.h"

#include <array>
#include <cassert>

namespace kpm::render {
namespace {

class PinkFilter {
public:
    double operator()(double u) {
        double sum = 0;
        for (Term& term : terms_) {
            term.state = term.decay * term.state + term.input * u;
            sum += term.state;
        }
        const double out = sum + previous_ + u * 0.5362;
        previous_ = u * 0.115926;
        return out * 0.11;
    }

private:
    struct Term {
        double decay;
        double input;
        double state;
    };
    std::array<Term, 6> terms_ = {{{0.99886, 0.0555179, 0},
                                   {0.99332, 0.0750759, 0},
                                   {0.969, 0.153852, 0},
                                   {0.8665, 0.3104856, 0},
                                   {0.55, 0.5329522, 0},
                                   {-0.7616, -0.016898, 0}}};
    double previous_ = 0;
};

class BrownFilter {
public:
    double operator()(double u) {
        last_ = (last_ + 0.02 * u) / 1.02;
        return last_ * 3.5;
    }

private:
    double last_ = 0;
};

}  // namespace

std::vector<float> SeededNoise::make(SignalKind kind, std::size_t count) {
    assert(kind != SignalKind::Network);
    std::vector<float> samples(count);
    PinkFilter pink;
    BrownFilter brown;
    for (float& sample : samples) {
        const double u = uniform();
        const double value = kind == SignalKind::PinkNoise    ? pink(u)
                             : kind == SignalKind::BrownNoise ? brown(u)
                                                              : u;
        sample = static_cast<float>(value);
    }
    return samples;
}

}  // namespace kpm::render
