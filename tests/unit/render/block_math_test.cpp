#include "render-worker/cppn/block_math.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

using namespace kpm::render;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool same_bits(double a, double b) {
    return (std::isnan(a) && std::isnan(b)) ||
           std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Of every size up to a million, both signs, and those around zero that networks have.
std::vector<double> many_values() {
    std::mt19937_64 random(20240229);
    std::uniform_real_distribution<double> exponent(-40, 20), narrow(-10, 10);
    std::vector<double> values;
    for (int i = 0; i < 40000; ++i) {
        const double size = std::exp2(exponent(random));
        values.insert(values.end(), {size, -size, narrow(random), narrow(random) / 10});
    }
    return values;
}

std::vector<double> special_values() {
    constexpr double kPi = std::numbers::pi;
    return {0.0,       -0.0,      kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(),
            5e-324,    -5e-324,   1e-300,    1e300,      kPi,
            -kPi,      kPi / 2,   -kPi / 2,  3 * kPi,    100000 * kPi,
            1048576.0, 1048577.0, 700.0,     701.0,      -745.2,
            709.78,    710.0,     -1e5,      1.0,        -1.0};
}

// How many of the values the block function changes into others than the function of one value does.
template <class Block, class One>
std::size_t differences(std::vector<double> values, Block block, One one) {
    std::vector<double> results = values;
    block(std::span(results));
    std::size_t count = 0;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (!same_bits(results[i], one(values[i]))) ++count;
    return count;
}

double sawtooth(double x) {
    const double u = x / (2.0 * std::numbers::pi);
    return 2.0 * (u - std::floor(0.5 + u));
}

double spike(double x) {
    const double whole = std::floor(x);
    const double rest = x - whole;
    return std::fmod(whole, 2.0) == 0.0 ? 1.0 - 2.0 * rest : -1.0 + 2.0 * rest;
}

}  // namespace

TEST_CASE("block math: every function has libm's bits", "[unit][render]") {
    for (const auto& values : {many_values(), special_values()}) {
        CHECK(differences(values, sine_block, [](double x) { return std::sin(x); }) == 0);
        CHECK(differences(values, arcsine_of_sine_block, [](double x) { return std::asin(std::sin(x)); }) ==
              0);
        CHECK(differences(values, exponential_block, [](double x) { return std::exp(x); }) == 0);
        CHECK(differences(values, sawtooth_block, sawtooth) == 0);
        CHECK(differences(values, spike_block, spike) == 0);
    }
}

TEST_CASE("block math: terms are added one after the other, whatever their number", "[unit][render]") {
    constexpr std::size_t kCount = 300;
    std::mt19937_64 random(7);
    std::uniform_real_distribution<double> uniform(-3, 3);
    std::vector<std::vector<double>> blocks(11, std::vector<double>(kCount));
    for (auto& block : blocks)
        for (double& value : block) value = uniform(random);
    std::vector<WeightedBlock> terms;
    for (std::size_t number = 0; number <= blocks.size(); ++number) {
        std::vector<double> sums(kCount, 5), expected(kCount, 0);
        weighted_sum_block(terms, sums);
        for (const auto& term : terms)
            for (std::size_t i = 0; i < kCount; ++i) expected[i] += term.values[i] * term.weight;
        CHECK(sums == expected);
        if (number < blocks.size()) terms.push_back({blocks[number].data(), uniform(random)});
    }
}
