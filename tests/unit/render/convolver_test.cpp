#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>
#include <random>

#include "node_bench.h"
#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/convolver.h"
#include "render-worker/dsp/partitioned_convolution.h"
#include "render-worker/dsp/real_fft.h"

using namespace kpm::render;

namespace {

std::vector<float> noise(std::size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> distribution(-1, 1);
    std::vector<float> values(count);
    for (float& value : values) value = distribution(generator);
    return values;
}

std::vector<float> convolved(const std::vector<float>& response, const std::vector<float>& sound) {
    PartitionedConvolution convolution(response);
    std::vector<float> out;
    for (std::size_t start = 0; start < sound.size(); start += kQuantum) {
        std::array<float, kQuantum> block{}, answer{};
        std::copy_n(sound.begin() + static_cast<std::ptrdiff_t>(start),
                    std::min(kQuantum, sound.size() - start), block.begin());
        convolution.process(block, answer);
        out.insert(out.end(), answer.begin(), answer.end());
    }
    return out;
}

}  // namespace

TEST_CASE("fft: the transform is the definition's", "[unit][convolver]") {
    for (const std::size_t length : {std::size_t{4}, std::size_t{8}, std::size_t{256}}) {
        const auto block = noise(length, 7);
        RealFft fft(length);
        std::vector<float> re(fft.bins()), im(fft.bins());
        fft.forward(block, re, im);
        for (std::size_t k = 0; k < fft.bins(); ++k) {
            std::complex<double> sum = 0;
            for (std::size_t n = 0; n < length; ++n)
                sum += double{block[n]} * std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(k * n) /
                                                              static_cast<double>(length));
            CHECK(re[k] == Approx(sum.real()).margin(1e-5));
            CHECK(im[k] == Approx(sum.imag()).margin(1e-5));
        }
    }
}

TEST_CASE("fft: back and forth is the same; a short block is padded with zeros", "[unit][convolver]") {
    RealFft fft(1024);
    std::vector<float> re(fft.bins()), im(fft.bins()), back(1024);
    auto block = noise(1000, 3);
    fft.forward(block, re, im);
    fft.inverse(re, im, back);
    block.resize(1024, 0.0F);
    for (std::size_t i = 0; i < 1024; ++i) REQUIRE(back[i] == Approx(block[i]).margin(1e-6));
}

TEST_CASE("convolution: equal to the definition's sum, in all lengths of parts", "[unit][convolver]") {
    for (const std::size_t length : {std::size_t{1}, std::size_t{128}, std::size_t{129}, std::size_t{4096},
                                     std::size_t{4097}, std::size_t{9000}}) {
        const auto response = noise(length, 1), sound = noise(10000, 2);
        const auto out = convolved(response, sound);
        for (const std::size_t n :
             {std::size_t{0}, std::size_t{127}, std::size_t{128}, std::size_t{4095}, std::size_t{4096},
              std::size_t{5000}, std::size_t{8192}, std::size_t{9999}}) {
            double sum = 0;
            for (std::size_t k = 0; k < length && k <= n; ++k) sum += double{response[k]} * sound[n - k];
            INFO(length << " at " << n);
            CHECK(out[n] == Approx(sum).margin(1e-5 * std::sqrt(static_cast<double>(length))));
        }
    }
}

TEST_CASE("convolution: a click puts out the response, beyond the largest part too", "[unit][convolver]") {
    const auto response = noise(300000, 5);
    std::vector<float> click(300032);
    click[0] = 1;
    const auto out = convolved(response, click);
    for (std::size_t i = 0; i < response.size(); i += 7) REQUIRE(out[i] == Approx(response[i]).margin(1e-5));
}

TEST_CASE("convolution: zeros before the sound change nothing", "[unit][convolver]") {
    const auto response = noise(5000, 5), sound = noise(3000, 6);
    std::vector<float> late(6 * kQuantum);
    late.insert(late.end(), sound.begin(), sound.end());
    const auto early = convolved(response, sound), out = convolved(response, late);
    for (std::size_t i = 0; i < 6 * kQuantum; ++i) REQUIRE(out[i] == 0);
    for (std::size_t i = 0; i < 3000; ++i) REQUIRE(out[6 * kQuantum + i] == Approx(early[i]).margin(1e-5));
}

TEST_CASE("convolver: the response's loudness is taken out, but no silence is lifted", "[unit][convolver]") {
    CHECK(convolver_scale({0.5F, -0.5F}, 44100) == Approx(0.00125 / 0.5));
    CHECK(convolver_scale({0.5F, -0.5F}, 22050) == Approx(2 * 0.00125 / 0.5));
    CHECK(convolver_scale({0, 0}, 44100) == Approx(10));
}

TEST_CASE("convolver: a second channel goes on from where both were one", "[unit][convolver]") {
    const auto response = std::make_shared<const std::vector<float>>(noise(300, 8));
    Convolver node(response, 16000);
    const auto run = [&](std::initializer_list<float> channels) {
        Quantum& in = node.inputs()[0];
        in.make_zeros(channels.size());
        std::size_t c = 0;
        for (float value : channels) in.samples[c++].fill(value);
        node.process({});
    };
    run({1});
    CHECK(node.output().channels == 1);
    run({0, 1});
    REQUIRE(node.output().channels == 2);
    const float left = node.output().samples[0][0], right = node.output().samples[1][0];
    // All that differs at this sample is what came with it, through the response's first value.
    CHECK(right - left == Approx((*response)[0] * convolver_scale(*response, 16000)).margin(1e-7));
    run({1});
    CHECK(node.output().channels == 2);
    node.inputs()[0].make_silent();
    node.process({});
    CHECK_FALSE(node.output().silent);
}
