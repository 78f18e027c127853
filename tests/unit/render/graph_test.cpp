#include <catch2/catch.hpp>
#include <cmath>

#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/gain.h"
#include "render-worker/dsp/noise.h"
#include "render-worker/dsp/output_stage.h"
#include "render-worker/dsp/wavetable.h"
#include "render-worker/graph/audio_graph.h"
#include "render-worker/renderer.h"

using namespace kpm::render;

namespace {

const CancelFlag kGoOn{false};

std::unique_ptr<AudioNode> constant(float value, std::size_t frames) {
    return std::make_unique<BufferSource>(std::make_shared<const std::vector<float>>(frames, value));
}

Quantum block(std::initializer_list<float> channels) {
    Quantum quantum;
    quantum.make_zeros(channels.size());
    std::size_t c = 0;
    for (float value : channels) quantum.samples[c++].fill(value);
    return quantum;
}

std::vector<float> first_samples(const Quantum& quantum) {
    std::vector<float> values;
    for (std::size_t c = 0; c < quantum.channels; ++c) values.push_back(quantum.samples[c][0]);
    return values;
}

}  // namespace

TEST_CASE("mix: mono goes to both of a pair and to the centre of 5.1", "[unit][graph]") {
    Quantum pair = block({0.5F});
    mix(pair, 2, false);
    CHECK(first_samples(pair) == std::vector<float>{0.5F, 0.5F});
    Quantum surround = block({0.5F});
    mix(surround, 6, false);
    CHECK(first_samples(surround) == std::vector<float>{0, 0, 0.5F, 0, 0, 0});
}

TEST_CASE("mix: a pair is halved to mono", "[unit][graph]") {
    Quantum quantum = block({0.5F, 0.25F});
    mix(quantum, 1, false);
    CHECK(first_samples(quantum) == std::vector<float>{0.375F});
}

TEST_CASE("mix: beyond 5.1 and in discrete inputs channels are dropped or filled with zeros",
          "[unit][graph]") {
    Quantum wide = block({1, 2});
    mix(wide, 8, false);
    CHECK(first_samples(wide) == std::vector<float>{1, 2, 0, 0, 0, 0, 0, 0});
    Quantum narrow = block({1, 2, 3, 4, 5, 6});
    mix(narrow, 1, true);
    CHECK(first_samples(narrow) == std::vector<float>{1});
}

TEST_CASE("add: silence adds nothing, not even channels", "[unit][graph]") {
    Quantum input = block({1});
    add(input, Quantum{}, {});
    CHECK(first_samples(input) == std::vector<float>{1});
    Quantum empty;
    add(empty, block({1, 2}), {});
    CHECK(first_samples(empty) == std::vector<float>{1, 2});
}

TEST_CASE("add: a clamped input never gets wider than its limit", "[unit][graph]") {
    Quantum input = block({1});
    add(input, block({1, 0, 0, 0, 0, 0}), {ChannelRule::Count::ClampedMax, 2, false});
    CHECK(first_samples(input) == std::vector<float>{2, 1});
}

TEST_CASE("graph: a length that is no multiple of the block is rendered to its last sample",
          "[unit][graph]") {
    AudioGraph graph(16000, 1);
    graph.connect(graph.add(constant(0.5F, 131)), AudioGraph::kDestination);
    const auto channels = graph.render(133, kGoOn);
    REQUIRE(channels);
    std::vector<float> expected(131, 0.5F);
    expected.resize(133, 0.0F);
    CHECK((*channels)[0] == expected);
}

TEST_CASE("graph: nodes on a cycle are muted, the others sound", "[unit][graph]") {
    AudioGraph graph(16000, 1);
    const auto source = graph.add(constant(1, 128));
    const auto first = graph.add(std::make_unique<Gain>(Quirks{}));
    const auto second = graph.add(std::make_unique<Gain>(Quirks{}));
    const auto other = graph.add(std::make_unique<Gain>(Quirks{}));
    graph.connect(source, first);
    graph.connect(first, second);
    graph.connect_param(second, first, *graph.node(first).param("gain"));
    graph.connect(first, AudioGraph::kDestination);
    graph.connect(source, other);
    graph.connect(other, AudioGraph::kDestination);
    const auto channels = graph.render(256, kGoOn);
    REQUIRE(channels);
    CHECK((*channels)[0][0] == 1.0F);
    CHECK((*channels)[0][200] == 0.0F);
}

TEST_CASE("graph: a cancelled rendering is given up", "[unit][graph]") {
    AudioGraph graph(16000, 1);
    const CancelFlag cancelled{true};
    const auto channels = graph.render(128, cancelled);
    REQUIRE_FALSE(channels);
    CHECK(channels.error().code == kpm::ErrorCode::Unavailable);
}

// Its order is found anew after each delay that is cut.
TEST_CASE("graph: the search for the order of a large graph can be called off, too", "[unit][graph]") {
    AudioGraph graph(16000, 1);
    std::vector<AudioGraph::Index> chain;
    for (int i = 0; i < 1000; ++i) {
        chain.push_back(graph.add(std::make_unique<Gain>(Quirks{})));
        if (i > 0) graph.connect(chain[chain.size() - 2], chain.back());
    }
    for (const auto back : chain) graph.connect(chain.back(), back);
    const CancelFlag flag{false};
    REQUIRE(graph.render(128, flag));
    // Once for the only block; the rest were asked before it.
    CHECK(flag.questions() > 2);
}

TEST_CASE("gain: values within a millionth of 0 and 1 are 0 and 1", "[unit][graph]") {
    const auto scaled = [](float gain) {
        Gain node{Quirks{}};
        node.gain().set(gain);
        node.inputs()[0] = block({3});
        node.process({});
        return node.output().silent ? 0.0F : node.output().samples[0][0];
    };
    CHECK(scaled(1e-6F) == 0.0F);
    CHECK(scaled(1.0F + 9e-7F) == 3.0F);
    CHECK(scaled(0.5F) == 1.5F);
}

TEST_CASE("parameter: NaN becomes the initial value", "[unit][graph]") {
    AudioParam param({7, 0, 10}, true);
    param.set(std::nanf(""));
    CHECK(param.compute({})[0] == 7.0F);
    param.set(11);
    CHECK(param.compute({})[0] == 10.0F);
}

TEST_CASE("parameter: a curve is followed linearly, then its last value stays", "[unit][graph]") {
    AudioParam param({0, -10, 10}, true);
    param.set_curve(std::make_shared<const std::vector<float>>(std::vector<float>{0, 4}), 1.0);
    const auto values = param.compute({0, 100});
    CHECK(values[25] == Approx(1.0));
    CHECK(values[101] == 4.0F);
    CHECK(param.compute({128, 100}).size() == 1);
}

TEST_CASE("wavetable: each wave has its band, and never less than half with the quirk", "[unit][graph]") {
    const std::vector<float> mix = {-0.5F, 0.5F, 0.9F};
    Quirks sane;
    sane.wavetable_gain_floor = false;
    CHECK(wavetable_gains(0, 2, mix, sane) == std::vector<float>{1, 0, 0});
    CHECK(wavetable_gains(1, 2, mix, sane) == std::vector<float>{0, 1, 1.0F - 0.4F});
    CHECK(wavetable_gains(0, 2, mix, Quirks{}) == std::vector<float>{1, 0.5F, 0.5F});
}

TEST_CASE("noise: the same seed gives the same noise within its bounds", "[unit][graph]") {
    for (const auto kind : {SignalKind::WhiteNoise, SignalKind::PinkNoise, SignalKind::BrownNoise}) {
        const auto noise = SeededNoise(5).make(kind, 5000);
        CHECK(noise == SeededNoise(5).make(kind, 5000));
        CHECK(noise != SeededNoise(6).make(kind, 5000));
        for (float sample : noise) REQUIRE(std::abs(sample) < 2);
    }
}

TEST_CASE("normalise: sound within bounds stays, other sound fills them", "[unit][graph]") {
    std::vector<float> quiet = {0.5F, -1.0F};
    normalise(quiet);
    CHECK(quiet == std::vector<float>{0.5F, -1.0F});
    std::vector<float> loud = {3.0F, 1.0F, 0.0F};
    normalise(loud);
    CHECK(loud == std::vector<float>{1.0F, static_cast<float>(1.0 / 3.0 * 2.0 - 1.0), -1.0F});
}

TEST_CASE("pcm: 16 bits little endian, clamped, NaN is 0", "[unit][graph]") {
    CHECK(to_pcm16({1.0F, -2.0F, std::nanf(""), 0.5F}) == std::string("\xFF\x7F\x01\x80\x00\x00\x00\x40", 8));
}
