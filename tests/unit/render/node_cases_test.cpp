// Small graphs whose output was recorded from the reference's audio engine.
#include <catch2/catch.hpp>

#include "golden.h"
#include "ipc/base/json.h"
#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/channel_merger.h"
#include "render-worker/dsp/gain.h"
#include "render-worker/dsp/oscillator.h"
#include "render-worker/graph/audio_graph.h"

using namespace kpm::render;

namespace {

constexpr double kRate = 16000;
constexpr std::size_t kFrames = 4096;
constexpr double kDuration = kFrames / kRate;
const CancelFlag kGoOn{false};
const Quirks kQuirks;

Curve stored(const std::string& name) {
    return std::make_shared<const std::vector<float>>(golden::read_floats("nodes/in_" + name + ".f32.gz"));
}

Curve scaled(const Curve& curve, double factor) {
    std::vector<float> values;
    for (float v : *curve) values.push_back(static_cast<float>(v * factor));
    return std::make_shared<const std::vector<float>>(values);
}

class Bench {
public:
    explicit Bench(std::size_t channels = 1) : graph_(kRate, channels) {}

    AudioGraph::Index source(const std::string& name) {
        return graph_.add(std::make_unique<BufferSource>(stored(name)));
    }
    AudioGraph::Index gain(float value) {
        const auto index = graph_.add(std::make_unique<Gain>(kQuirks));
        param(index, "gain").set(value);
        return index;
    }
    AudioGraph::Index oscillator(const std::string& form, float frequency) {
        const auto index = graph_.add(std::make_unique<Oscillator>(*wave_form_named(form), kRate, kQuirks));
        param(index, "frequency").set(frequency);
        return index;
    }
    // Two gains, sine · 0.5 and noise · 0.25, on the first input of a merger; `noise` may be left out.
    AudioGraph::Index merger(float sine_gain, bool with_noise) {
        const auto merger = graph_.add(std::make_unique<ChannelMerger>(kQuirks));
        chain({source("sine"), gain(sine_gain), merger});
        if (with_noise) chain({source("noise"), gain(0.25F), merger});
        return merger;
    }

    AudioParam& param(AudioGraph::Index index, const char* name) { return *graph_.node(index).param(name); }
    void chain(std::initializer_list<AudioGraph::Index> nodes) {
        for (auto node = nodes.begin(); node + 1 != nodes.end(); ++node) graph_.connect(*node, *(node + 1));
    }
    void out(AudioGraph::Index node) { graph_.connect(node, AudioGraph::kDestination); }
    void modulate(AudioGraph::Index from, AudioGraph::Index to, const char* name) {
        graph_.connect_param(from, to, param(to, name));
    }

    void check(const std::string& name) {
        INFO(name);
        const auto expected = golden::read_floats("nodes/" + name + ".f32.gz");
        const auto channels = graph_.render(kFrames, kGoOn);
        REQUIRE(channels);
        REQUIRE(expected.size() == kFrames * channels->size());
        double peak = 1;
        for (float v : expected) peak = std::max(peak, std::abs(double{v}));
        std::vector<float> all;
        for (const auto& channel : *channels) all.insert(all.end(), channel.begin(), channel.end());
        CHECK(golden::max_error(all, expected) <= 1e-6 * peak);
    }

private:
    AudioGraph graph_;
};

}  // namespace

TEST_CASE("node cases: gain, constant and along a curve", "[unit][nodes]") {
    Bench half;
    const auto constant = half.gain(0.5F);
    half.chain({half.source("noise"), constant});
    half.out(constant);
    half.check("gain_half");

    Bench curve;
    const auto gain = curve.gain(1);
    curve.param(gain, "gain").set_curve(stored("sinc"), kDuration);
    curve.chain({curve.source("sine"), gain});
    curve.out(gain);
    curve.check("gain_curve");
}

TEST_CASE("node cases: oscillators at a constant, a curved, a negative and a modulated frequency",
          "[unit][nodes]") {
    for (const std::string form : {"sine", "square", "sawtooth", "triangle"}) {
        Bench constant;
        constant.out(constant.oscillator(form, 440.5F));
        constant.check("osc_" + form);

        Bench curve;
        const auto curved = curve.oscillator(form, 440);
        curve.param(curved, "frequency").set_curve(scaled(stored("ramp"), 3000), kDuration);
        curve.out(curved);
        curve.check("osc_" + form + "_curve");

        Bench negative;
        negative.out(negative.oscillator(form, -440.5F));
        negative.check("osc_" + form + "_neg");

        Bench modulated;
        const auto carrier = modulated.oscillator(form, 300);
        const auto depth = modulated.gain(900);
        modulated.chain({modulated.oscillator("sine", 110), depth});
        modulated.modulate(depth, carrier, "frequency");
        modulated.out(carrier);
        modulated.check("osc_" + form + "_fm");
    }
}

TEST_CASE("node cases: a merger's 5.1 sound in destinations of 1, 2 and 8 channels", "[unit][nodes]") {
    for (const std::size_t channels : {1U, 2U, 8U}) {
        Bench bench(channels);
        bench.out(bench.merger(0.5F, true));
        bench.check("merger6_to" + std::to_string(channels));
    }
}

TEST_CASE("node cases: a parameter takes the first channel of what is connected", "[unit][nodes]") {
    Bench bench;
    const auto gain = bench.gain(0);
    bench.chain({bench.source("noise"), gain});
    bench.modulate(bench.merger(1, false), gain, "gain");
    bench.out(gain);
    bench.check("merger6_to_param");
}

TEST_CASE("node cases: mono added to 5.1 lands in its centre", "[unit][nodes]") {
    Bench bench(2);
    const auto sum = bench.gain(1);
    bench.chain({bench.merger(1, false), sum});
    bench.chain({bench.source("noise"), bench.gain(0.1F), sum});
    bench.out(sum);
    bench.check("merger6_plus_mono_to2");
}

TEST_CASE("node cases: a connected node adds to a parameter's curve", "[unit][nodes]") {
    Bench bench;
    const auto gain = bench.gain(1);
    bench.param(gain, "gain").set_curve(stored("sinc"), kDuration);
    bench.chain({bench.source("noise"), gain});
    bench.modulate(bench.source("sine"), gain, "gain");
    bench.out(gain);
    bench.check("param_node_plus_curve");
}

TEST_CASE("node cases: a cycle without a delay is silent", "[unit][nodes]") {
    Bench bench;
    const auto a = bench.gain(1);
    const auto b = bench.gain(0.5F);
    bench.chain({bench.source("sine"), a, b, a});
    bench.out(a);
    bench.check("cycle_no_delay");
}

TEST_CASE("oscillator: with the quirk off a negative frequency stays within bounds", "[unit][nodes]") {
    Quirks sane;
    sane.negative_phase_runs_away = false;
    for (const std::string form : {"sine", "square", "sawtooth", "triangle"}) {
        INFO(form);
        Oscillator oscillator(*wave_form_named(form), kRate, sane);
        oscillator.frequency().set(-440.5F);
        for (std::size_t frame = 0; frame < kFrames; frame += kQuantum) {
            oscillator.process({frame, kRate});
            for (float sample : oscillator.output().samples[0]) REQUIRE(std::abs(sample) <= 1.0F);
        }
    }
}
