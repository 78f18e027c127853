#include "render-worker/cppn/activations.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "render-worker/cppn/block_math.h"
#include "render-worker/cppn/ramps.h"

namespace kpm::render {

const std::array<ActivationName, 13> kActivationNames = {{
    {"Sine", Activation::Sine},
    {"Sine2", Activation::Sine2},
    {"cos", Activation::Cosine},
    {"arctan", Activation::ArcTangent},
    {"triangle", Activation::Triangle},
    {"sawtooth", Activation::Sawtooth},
    {"StepFunction", Activation::Step},
    {"spike", Activation::Spike},
    {"BipolarSigmoid", Activation::BipolarSigmoid},
    {"PlainSigmoid", Activation::PlainSigmoid},
    {"Gaussian", Activation::Gaussian},
    {"Linear", Activation::Linear},
    {"NullFn", Activation::Null},
}};

std::optional<Activation> activation_named(std::string_view name) {
    for (const auto& entry : kActivationNames)
        if (entry.name == name) return entry.activation;
    return std::nullopt;
}

namespace {

double gaussian(double x) {
    const double scaled = 2.5 * x;
    return 2.0 * std::exp(-(scaled * scaled)) - 1.0;
}

template <class Function>
void apply(std::span<double> values, Function function) {
    for (double& value : values) value = function(value);
}

}  // namespace

double activate(Activation activation, double x) {
    switch (activation) {
        case Activation::Sine:
            return std::sin(x);
        case Activation::Sine2:
            return std::sin(2.0 * x);
        case Activation::Cosine:
            return std::cos(x);
        case Activation::ArcTangent:
            return std::atan(x);
        case Activation::Triangle:
            return 2.0 / std::numbers::pi * std::asin(std::sin(x));
        case Activation::Sawtooth:
            return sawtooth(x);
        case Activation::Step:
            return x <= 0.0 ? -1.0 : 1.0;
        case Activation::Spike:
            return spike(x);
        case Activation::BipolarSigmoid:
            return 2.0 / (1.0 + std::exp(-4.9 * x)) - 1.0;
        case Activation::PlainSigmoid:
            return 1.0 / (1.0 + std::exp(-x));
        case Activation::Gaussian:
            return gaussian(x);
        case Activation::Linear:
            return std::abs(x);
        case Activation::Null:
            break;
    }
    return 0.0;
}

// The same operations in the same order, each for the whole block.
void activate(Activation activation, std::span<double> sums) {
    switch (activation) {
        case Activation::Sine:
            return sine_block(sums);
        case Activation::Sine2:
            apply(sums, [](double x) { return 2.0 * x; });
            return sine_block(sums);
        case Activation::Cosine:
            return apply(sums, [](double x) { return std::cos(x); });
        case Activation::ArcTangent:
            return apply(sums, [](double x) { return std::atan(x); });
        case Activation::Triangle:
            arcsine_of_sine_block(sums);
            return apply(sums, [](double arc) { return 2.0 / std::numbers::pi * arc; });
        case Activation::Sawtooth:
            return sawtooth_block(sums);
        case Activation::Step:
            return apply(sums, [](double x) { return x <= 0.0 ? -1.0 : 1.0; });
        case Activation::Spike:
            return spike_block(sums);
        case Activation::BipolarSigmoid:
            apply(sums, [](double x) { return -4.9 * x; });
            exponential_block(sums);
            return apply(sums, [](double power) { return 2.0 / (1.0 + power) - 1.0; });
        case Activation::PlainSigmoid:
            apply(sums, [](double x) { return -x; });
            exponential_block(sums);
            return apply(sums, [](double power) { return 1.0 / (1.0 + power); });
        case Activation::Gaussian:
            apply(sums, [](double x) { return -(2.5 * x * (2.5 * x)); });
            exponential_block(sums);
            return apply(sums, [](double power) { return 2.0 * power - 1.0; });
        case Activation::Linear:
            return apply(sums, [](double x) { return std::abs(x); });
        case Activation::Null:
            break;
    }
    std::fill(sums.begin(), sums.end(), 0.0);
}

}  // namespace kpm::render
