// The compressor and the wave shaper.
#include <catch2/catch.hpp>
#include <cmath>

#include "node_bench.h"
#include "render-worker/dsp/compressor.h"
#include "render-worker/dsp/wave_shaper.h"

using namespace kpm::render;
using namespace kpm::render::golden;

namespace {

Quantum block(float value) {
    Quantum quantum;
    quantum.make_zeros(1);
    quantum.samples[0].fill(value);
    return quantum;
}

// What a constant becomes after a second, for a compressor without make-up gain (a threshold of 0 dB).
float settled(float value, float ratio) {
    Compressor node(kRate, Quirks{});
    node.param("threshold")->set(0);
    node.param("knee")->set(0);
    node.param("ratio")->set(ratio);
    for (std::size_t frame = 0; frame < 16000; frame += kQuantum) {
        node.inputs()[0] = block(value);
        node.process({frame, kRate});
    }
    return node.output().samples[0][0];
}

}  // namespace

TEST_CASE("compressor: above the threshold each R decibels become one", "[unit][dynamics]") {
    CHECK(settled(0.5F, 20) == Approx(0.5));
    CHECK(settled(10, 20) == Approx(std::pow(10.0, 1.0 / 20)).epsilon(1e-3));
    CHECK(settled(10, 2) == Approx(std::sqrt(10.0)).epsilon(1e-3));
    CHECK(settled(10, 1) == Approx(10).epsilon(1e-3));
}

TEST_CASE("compressor: sound comes 6 ms later, in whole blocks", "[unit][dynamics]") {
    const auto first_block = [](double rate) {
        Compressor node(rate, Quirks{});
        for (std::size_t frame = 0; frame < 4096; frame += kQuantum) {
            node.inputs()[0] = block(0.1F);
            node.process({frame, rate});
            if (!node.output().silent) return frame;
        }
        return std::size_t{0};
    };
    CHECK(first_block(16000) == 128);
    CHECK(first_block(44100) == 384);
    CHECK(first_block(48000) == 384);
}

TEST_CASE("compressor: silence stays silence", "[unit][dynamics]") {
    Compressor node(kRate, Quirks{});
    for (std::size_t frame = 0; frame < 1024; frame += kQuantum) {
        node.process({frame, kRate});
        CHECK(node.output().silent);
    }
}

TEST_CASE("wave shaper: ends, middle and between", "[unit][dynamics]") {
    const std::vector<float> curve = {-0.5F, 0, 1};
    CHECK(shaped(curve, -7) == -0.5F);
    CHECK(shaped(curve, -1) == -0.5F);
    CHECK(shaped(curve, -0.5F) == -0.25F);
    CHECK(shaped(curve, 0) == 0.0F);
    CHECK(shaped(curve, 0.5F) == 0.5F);
    CHECK(shaped(curve, 1) == 1.0F);
    CHECK(shaped(curve, 7) == 1.0F);
    CHECK(std::isnan(shaped(curve, std::nanf(""))));
    CHECK(shaped({0.25F}, 0.3F) == 0.25F);
}

TEST_CASE("wave shaper: silence becomes the curve's centre", "[unit][dynamics]") {
    const auto of_silence = [](std::vector<float> curve) {
        WaveShaper node(std::make_shared<const std::vector<float>>(std::move(curve)));
        node.process({});
        return node.output().silent ? 0.0F : node.output().samples[0][100];
    };
    CHECK(of_silence({0, 0.25F, 1}) == 0.25F);
    CHECK(of_silence({0, 0.5F, 0.25F, 1}) == 0.375F);
    CHECK(of_silence({-1, 0, 1}) == 0.0F);
    WaveShaper none(nullptr);
    none.process({});
    CHECK(none.output().silent);
}
