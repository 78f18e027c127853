#include "render-worker/cppn/activations.h"

#include <cmath>
#include <numbers>

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

double sawtooth(double x) {
    const double u = x / (2.0 * std::numbers::pi);
    return 2.0 * (u - std::floor(0.5 + u));
}

double spike(double x) {
    const double whole = std::floor(x);
    const double rest = x - whole;
    const bool even = std::fmod(whole, 2.0) == 0.0;
    return even ? 1.0 - 2.0 * rest : -1.0 + 2.0 * rest;
}

double gaussian(double x) {
    const double scaled = 2.5 * x;
    return 2.0 * std::exp(-(scaled * scaled)) - 1.0;
}

// Calls `visit` with the function, so that a block loop is compiled once per function.
template <class Visit>
auto with_function(Activation activation, Visit visit) {
    switch (activation) {
        case Activation::Sine:
            return visit([](double x) { return std::sin(x); });
        case Activation::Sine2:
            return visit([](double x) { return std::sin(2.0 * x); });
        case Activation::Cosine:
            return visit([](double x) { return std::cos(x); });
        case Activation::ArcTangent:
            return visit([](double x) { return std::atan(x); });
        case Activation::Triangle:
            return visit([](double x) { return 2.0 / std::numbers::pi * std::asin(std::sin(x)); });
        case Activation::Sawtooth:
            return visit([](double x) { return sawtooth(x); });
        case Activation::Step:
            return visit([](double x) { return x <= 0.0 ? -1.0 : 1.0; });
        case Activation::Spike:
            return visit([](double x) { return spike(x); });
        case Activation::BipolarSigmoid:
            return visit([](double x) { return 2.0 / (1.0 + std::exp(-4.9 * x)) - 1.0; });
        case Activation::PlainSigmoid:
            return visit([](double x) { return 1.0 / (1.0 + std::exp(-x)); });
        case Activation::Gaussian:
            return visit([](double x) { return gaussian(x); });
        case Activation::Linear:
            return visit([](double x) { return std::abs(x); });
        case Activation::Null:
            break;
    }
    return visit([](double) { return 0.0; });
}

}  // namespace

double activate(Activation activation, double x) {
    return with_function(activation, [x](auto function) { return function(x); });
}

void activate(Activation activation, std::span<double> sums) {
    with_function(activation, [sums](auto function) {
        for (double& sum : sums) sum = function(sum);
    });
}

}  // namespace kpm::render
