#include <catch2/catch.hpp>
#include <cmath>
#include <complex>
#include <numbers>

#include "node_bench.h"

using namespace kpm::render;
using namespace kpm::render::golden;

namespace {

constexpr std::array kTypes = {FilterType::Lowpass,  FilterType::Highpass,  FilterType::Bandpass,
                               FilterType::Lowshelf, FilterType::Highshelf, FilterType::Peaking,
                               FilterType::Notch,    FilterType::Allpass};

// |H| at a frequency, by the definition of the transfer function.
double response(FilterType type, const BiquadSettings& settings, double frequency) {
    const BiquadCoefficients c = biquad_coefficients(type, settings, kRate);
    const auto z = std::polar(1.0, -2.0 * std::numbers::pi * frequency / kRate);
    return std::abs((c.b0 + c.b1 * z + c.b2 * z * z) / (1.0 + c.a1 * z + c.a2 * z * z));
}

Quantum block(float value, std::size_t channels) {
    Quantum quantum;
    quantum.make_zeros(channels);
    for (std::size_t c = 0; c < channels; ++c) quantum.samples[c].fill(value);
    return quantum;
}

}  // namespace

TEST_CASE("filter: each type lets through what its name says", "[unit][filter]") {
    const BiquadSettings settings{.frequency = 1000, .q = 1, .gain = 6};
    const double lifted = std::pow(10.0, 6.0 / 20.0);
    CHECK(response(FilterType::Lowpass, settings, 10) == Approx(1).epsilon(0.01));
    CHECK(response(FilterType::Lowpass, settings, 7900) < 0.001);
    CHECK(response(FilterType::Highpass, settings, 10) < 0.001);
    CHECK(response(FilterType::Highpass, settings, 7900) == Approx(1).epsilon(0.01));
    CHECK(response(FilterType::Bandpass, settings, 1000) == Approx(1));
    CHECK(response(FilterType::Bandpass, settings, 10) < 0.02);
    CHECK(response(FilterType::Notch, settings, 1000) == Approx(0).margin(1e-9));
    CHECK(response(FilterType::Notch, settings, 10) == Approx(1).epsilon(0.01));
    CHECK(response(FilterType::Peaking, settings, 1000) == Approx(lifted));
    CHECK(response(FilterType::Peaking, settings, 10) == Approx(1).epsilon(0.01));
    CHECK(response(FilterType::Lowshelf, settings, 10) == Approx(lifted).epsilon(0.01));
    CHECK(response(FilterType::Lowshelf, settings, 7900) == Approx(1).epsilon(0.01));
    CHECK(response(FilterType::Highshelf, settings, 10) == Approx(1).epsilon(0.01));
    CHECK(response(FilterType::Highshelf, settings, 7900) == Approx(lifted).epsilon(0.01));
    for (const double frequency : {10.0, 500.0, 1000.0, 7900.0})
        CHECK(response(FilterType::Allpass, settings, frequency) == Approx(1));
}

TEST_CASE("filter: a detune of an octave doubles the frequency, within half the rate's factor",
          "[unit][filter]") {
    for (const FilterType type : kTypes) {
        const auto detuned = biquad_coefficients(type, {.frequency = 500, .detune = 1200, .gain = 3}, kRate);
        const auto twice = biquad_coefficients(type, {.frequency = 1000, .gain = 3}, kRate);
        CHECK(detuned.b0 == twice.b0);
        CHECK(detuned.a2 == twice.a2);
        const auto far = biquad_coefficients(type, {.frequency = 0.5F, .detune = 153600}, kRate);
        const auto limit = biquad_coefficients(type, {.frequency = 0.5F * 8000}, kRate);
        CHECK(far.b0 == limit.b0);
    }
}

TEST_CASE("filter: names are those of the specification", "[unit][filter]") {
    CHECK(filter_type_named("highshelf") == FilterType::Highshelf);
    CHECK_FALSE(filter_type_named("LowPass"));
    CHECK_FALSE(filter_type_named(""));
}

TEST_CASE("filter: silence stays silence, and a tail ends in it", "[unit][filter]") {
    Biquad filter(FilterType::Lowpass, kRate, Quirks{});
    filter.process({0, kRate});
    CHECK(filter.output().silent);

    filter.inputs()[0] = block(1, 2);
    filter.process({128, kRate});
    CHECK(filter.output().channels == 2);
    filter.inputs()[0].make_silent();
    filter.process({256, kRate});
    CHECK_FALSE(filter.output().silent);
    CHECK(filter.output().channels == 2);
    std::size_t frame = 384;
    for (; frame < 1600000 && !filter.output().silent; frame += kQuantum) filter.process({frame, kRate});
    CHECK(filter.output().silent);
    CHECK(frame < 160000);
}

TEST_CASE("filter: a channel that comes again begins anew", "[unit][filter]") {
    Biquad filter(FilterType::Lowpass, kRate, Quirks{});
    const auto run = [&](float value, std::size_t channels, std::size_t frame) {
        filter.inputs()[0] = block(value, channels);
        filter.process({frame, kRate});
    };
    run(1, 2, 0);
    const float beginning = filter.output().samples[1][0];
    run(1, 1, 128);
    CHECK(filter.output().channels == 1);
    run(1, 2, 256);
    CHECK(filter.output().samples[1][0] == beginning);
    CHECK(filter.output().samples[0][0] != beginning);
}
