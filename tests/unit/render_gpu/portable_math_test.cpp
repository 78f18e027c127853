#include "render-worker/gpu/portable_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

using namespace kpm::render;

namespace {

constexpr double kPi = 3.14159265358979323846;

// The definitions of enum Activation, in double.
double exact(Activation activation, double x) {
    const double f = std::floor(x);
    const double u = x / (2 * kPi);
    switch (activation) {
        case Activation::Sine:
            return std::sin(x);
        case Activation::Sine2:
            return std::sin(2 * x);
        case Activation::Cosine:
            return std::cos(x);
        case Activation::ArcTangent:
            return std::atan(x);
        case Activation::Triangle:
            return 2 / kPi * std::asin(std::sin(x));
        case Activation::Sawtooth:
            return 2 * (u - std::floor(0.5 + u));
        case Activation::Step:
            return x <= 0 ? -1 : 1;
        case Activation::Spike:
            return std::fmod(f, 2) == 0 ? 1 - 2 * (x - f) : -1 + 2 * (x - f);
        case Activation::BipolarSigmoid:
            return 2 / (1 + std::exp(-4.9 * x)) - 1;
        case Activation::PlainSigmoid:
            return 1 / (1 + std::exp(-x));
        case Activation::Gaussian:
            return 2 * std::exp(-(2.5 * x) * (2.5 * x)) - 1;
        case Activation::Linear:
            return std::abs(x);
        case Activation::Null:
            return 0;
    }
    return 0;
}

// Largest difference to double over 200,001 points of [-limit, limit]. Near the jump of the sawtooth the
// difference is taken around the circle: which side of it a float falls on says nothing about accuracy.
double max_error(Activation activation, double limit) {
    double worst = 0;
    for (int i = -100'000; i <= 100'000; ++i) {
        const auto x = static_cast<float>(limit * i / 100'000);
        double difference =
            std::abs(double{portable_activation(activation, x)} - exact(activation, double{x}));
        if (activation == Activation::Sawtooth) difference = std::min(difference, std::abs(2 - difference));
        worst = std::max(worst, difference);
    }
    return worst;
}

struct Limit {
    Activation activation;
    double at_10;      // for |x| <= 10
    double at_20_000;  // for |x| <= 20,000
};

// About twice what was measured; the spacing of float32 just below 1 is 0.6e-7.
constexpr Limit kLimits[] = {
    {Activation::Sine, 2.5e-7, 2.5e-7},
    {Activation::Sine2, 2.5e-7, 1e-6},
    {Activation::Cosine, 2.5e-7, 6e-7},
    {Activation::ArcTangent, 3e-7, 3e-7},
    {Activation::Triangle, 2.5e-7, 2.5e-7},
    {Activation::Sawtooth, 2.5e-7, 2.5e-7},
    {Activation::Step, 0, 0},
    {Activation::Spike, 1.2e-7, 1.2e-7},
    {Activation::BipolarSigmoid, 3e-7, 3e-7},
    {Activation::PlainSigmoid, 2e-7, 2e-7},
    {Activation::Gaussian, 4e-7, 4e-7},
    {Activation::Linear, 0, 0},
    {Activation::Null, 0, 0},
};

}  // namespace

TEST_CASE("portable maths stays within a few steps of float32 of double", "[unit][render_gpu]") {
    for (const Limit& limit : kLimits) {
        INFO("activation " << static_cast<int>(limit.activation));
        CHECK(max_error(limit.activation, 10) <= limit.at_10);
        CHECK(max_error(limit.activation, 20'000) <= limit.at_20_000);
    }
}

TEST_CASE("portable maths gives a finite value in range for every finite argument", "[unit][render_gpu]") {
    for (const Limit& limit : kLimits) {
        if (limit.activation == Activation::Linear) continue;
        const double bound = limit.activation == Activation::ArcTangent ? kPi / 2 + 1e-6 : 1 + 1e-6;
        for (int exponent = -149; exponent <= 126; ++exponent) {
            for (const float sign : {-1.0f, 1.0f}) {
                const float y = portable_activation(limit.activation, sign * std::ldexp(1.7f, exponent));
                INFO("activation " << static_cast<int>(limit.activation) << ", exponent " << exponent);
                CHECK(std::isfinite(y));
                CHECK(std::abs(y) <= bound);
            }
        }
    }
}

TEST_CASE("portable maths has the exact values at zero", "[unit][render_gpu]") {
    CHECK(portable_activation(Activation::Sine, 0) == 0);
    CHECK(portable_activation(Activation::ArcTangent, 0) == 0);
    CHECK(portable_activation(Activation::Triangle, 0) == 0);
    CHECK(portable_activation(Activation::Sawtooth, 0) == 0);
    CHECK(portable_activation(Activation::Step, 0) == -1);
    CHECK(portable_activation(Activation::Spike, 0) == 1);
    CHECK(portable_activation(Activation::BipolarSigmoid, 0) == 0);
    CHECK(portable_activation(Activation::PlainSigmoid, 0) == 0.5f);
    CHECK(portable_activation(Activation::Gaussian, 0) == 1);
}

TEST_CASE("portable maths lets NaN through, so that the CPU can take over", "[unit][render_gpu]") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isnan(portable_activation(Activation::Linear, nan)));
}
