#include <catch2/catch.hpp>
#include <cmath>

#include "node_bench.h"
#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/channel_merger.h"
#include "render-worker/dsp/feedback_delay.h"

using namespace kpm::render;
using namespace kpm::render::golden;

namespace {

AudioGraph::Index click(NodeBench& bench, std::vector<float> samples = {1}) {
    return bench.add(
        std::make_unique<BufferSource>(std::make_shared<const std::vector<float>>(std::move(samples))));
}

// Where something is heard. A delay in float32 seconds is a hair beside the whole frame.
std::vector<std::size_t> places(const std::vector<float>& sound) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < sound.size(); ++i)
        if (std::abs(sound[i]) > 1e-3F) found.push_back(i);
    return found;
}

std::vector<float> delayed_click(double seconds, std::size_t frames, Quirks quirks = {}) {
    NodeBench bench(1, quirks);
    const DelayEnds delay = bench.delay(seconds, frames);
    bench.chain({click(bench), delay.input});
    bench.out(delay.output);
    return bench.render(frames);
}

}  // namespace

TEST_CASE("delay: a click comes later by the delay", "[unit][delay]") {
    for (const std::size_t frames : {std::size_t{0}, std::size_t{5}, std::size_t{128}, std::size_t{1000}})
        CHECK(places(delayed_click(static_cast<double>(frames) / kRate, 4096)) == std::vector{frames});
    const auto between = delayed_click(100.25 / kRate, 4096);
    CHECK(places(between) == std::vector<std::size_t>{100, 101});
    CHECK(between[100] == Approx(0.75).margin(1e-3));
    CHECK(between[101] == Approx(0.25).margin(1e-3));
}

TEST_CASE("delay: one that is longer than the sound lets nothing through", "[unit][delay]") {
    for (const double seconds : {0.0625, 0.07, 0.5, 1.0}) {
        INFO(seconds);
        CHECK(places(delayed_click(seconds, 1000)).empty());
        CHECK(places(delayed_click(seconds, 896)).empty());
    }
    CHECK(places(delayed_click(999 / kRate, 1000)) == std::vector<std::size_t>{999});
}

TEST_CASE("delay: ends at a second, with the quirk off at three", "[unit][delay]") {
    CHECK(places(delayed_click(2.5, 50000)) == std::vector<std::size_t>{16000});
    Quirks sane;
    sane.delay_stops_at_a_second = false;
    CHECK(places(delayed_click(2.5, 60000, sane)) == std::vector<std::size_t>{40000});
    CHECK(places(delayed_click(3.5, 60000, sane)) == std::vector<std::size_t>{48000});
}

TEST_CASE("delay: stored sound takes on the channels of what comes", "[unit][delay]") {
    DelayLine line(4);
    Quantum mono;
    mono.make_zeros(1);
    mono.samples[0].fill(0.5F);
    line.write(mono, 0);
    Quantum pair;
    pair.make_zeros(2);
    line.write(pair, 128);
    REQUIRE(line.channels() == 2);
    CHECK(line.samples(0)[5] == 0.5F);
    CHECK(line.samples(1)[5] == 0.5F);
    line.write(Quantum{}, 256);
    CHECK(line.channels() == 1);
    CHECK(line.samples(0)[5] == 0.5F);
    CHECK(line.has_written(256));
    CHECK_FALSE(line.has_written(384));
}

TEST_CASE("delay: the memory is that of the longest delay or of the sound", "[unit][delay]") {
    CHECK(delay_memory(16000, 1000000, {}) == 126 * kQuantum);
    CHECK(delay_memory(44100, 1000000, {}) == 346 * kQuantum);
    CHECK(delay_memory(16000, 129, {}) == 3 * kQuantum);
}

TEST_CASE("cycle: two delays in one cycle are cut in one place only", "[unit][delay]") {
    NodeBench bench;
    const auto sum = bench.gain(1);
    const DelayEnds first = bench.delay(0.01), second = bench.delay(0.002);
    bench.play({click(bench), sum});
    bench.chain({sum, first.input});
    bench.chain({first.output, second.input});
    bench.chain({second.output, bench.gain(0.5), sum});
    // One of them is a block at least where it was cut; the other keeps its length.
    const auto found = places(bench.render(1000));
    REQUIRE(found.size() >= 3);
    CHECK(found[0] == 0);
    CHECK((found[1] == 160 + 32 || found[1] == 160 + 128));
    CHECK(found[2] == 2 * found[1]);
}

TEST_CASE("cycle: one without a delay is muted beside one with a delay", "[unit][delay]") {
    NodeBench bench;
    const auto sum = bench.gain(1);
    const DelayEnds delay = bench.delay(0.01);
    bench.play({click(bench), sum});
    bench.chain({sum, delay.input});
    bench.chain({delay.output, bench.gain(0.5), sum});
    const auto a = bench.gain(1), b = bench.gain(1);
    bench.play({click(bench, std::vector<float>(50, 1)), a});
    bench.chain({a, b, a});
    CHECK(places(bench.render(400)) == std::vector<std::size_t>{0, 160, 320});
}

TEST_CASE("cycle: through a delay's own time", "[unit][delay]") {
    NodeBench bench;
    const DelayEnds delay = bench.delay(0.01);
    bench.chain({click(bench), delay.input});
    const auto depth = bench.gain(0.001);
    bench.chain({delay.output, depth});
    bench.modulate(depth, delay.output, "delayTime");
    bench.out(delay.output);
    // No delay breaks the cycle of its output with its own parameter: the reader is muted.
    CHECK(places(bench.render(1000)).empty());
}

TEST_CASE("feedback delay: echoes that get quieter, once a delay each", "[unit][delay]") {
    NodeBench bench;
    const DelayEnds echo = add_feedback_delay(bench.graph(), {0.02, 0.5, 2000}, kRate, bench.quirks());
    bench.chain({click(bench), echo.input});
    bench.out(echo.output);
    const auto sound = bench.render(1000);
    CHECK(places(sound) == std::vector<std::size_t>{0, 320, 640, 960});
    CHECK(sound[640] == Approx(0.25).margin(1e-3));
}

TEST_CASE("feedback delay: a ratio beyond 1 does not grow", "[unit][delay]") {
    NodeBench bench;
    const DelayEnds echo = add_feedback_delay(bench.graph(), {0.01, 50, 16000}, kRate, bench.quirks());
    bench.chain({click(bench), echo.input});
    bench.out(echo.output);
    for (float sample : bench.render(16000)) REQUIRE(std::abs(sample) <= 1.0F);
}
