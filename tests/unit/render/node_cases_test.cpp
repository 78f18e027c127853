// Small graphs whose output was recorded from the reference's audio engine: every one in the index is built
// here.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "golden.h"
#include "node_bench.h"
#include "render-worker/dsp/buffer_source.h"
#include "render-worker/dsp/click_removal.h"
#include "render-worker/dsp/convolver.h"
#include "render-worker/dsp/oscillator.h"
#include "render-worker/dsp/wave_shaper.h"

using namespace kpm::render;
using namespace kpm::render::golden;

namespace {

using Build = std::function<void(NodeBench&)>;
using Builders = std::map<std::string, Build>;

constexpr std::size_t kCases = 62;
constexpr double kTolerance = 1e-6;  // of the peak, if that is above 1

void add_gains(Builders& builders) {
    builders["gain_half"] = [](NodeBench& b) { b.play({b.source("noise"), b.gain(0.5)}); };
    const auto along = [](const Curve& curve) {
        return [curve](NodeBench& b) {
            const auto gain = b.gain(1);
            b.follow(gain, "gain", curve);
            b.play({b.source("sine"), gain});
        };
    };
    builders["gain_curve"] = along(input_curve("sinc"));
    const auto whole = input_curve("sinc");
    builders["gain_curve_short"] = along(
        std::make_shared<const std::vector<float>>(std::vector<float>(whole->begin(), whole->begin() + 101)));
    builders["param_node_plus_curve"] = [](NodeBench& b) {
        const auto gain = b.gain(1);
        b.follow(gain, "gain", input_curve("sinc"));
        b.modulate(b.source("sine"), gain, "gain");
        b.play({b.source("noise"), gain});
    };
    builders["click_removal"] = [](NodeBench& b) {
        const auto gain = b.gain(1);
        remove_clicks(b.param(gain, "gain"), kDuration);
        b.play({b.source("noise"), gain});
    };
}

void add_filters(Builders& builders) {
    for (const std::string type :
         {"lowpass", "highpass", "bandpass", "lowshelf", "highshelf", "peaking", "notch", "allpass"})
        builders["biquad_" + type] = [type](NodeBench& b) {
            b.play({b.source("noise"), b.filter(type, 500, 3)});
        };
    const auto along = [](const std::string& type, const char* param, const Curve& curve) {
        return [=](NodeBench& b) {
            const auto filter = b.filter(type, 500);
            b.follow(filter, param, curve);
            b.play({b.source("noise"), filter});
        };
    };
    builders["biquad_lp_freqcurve"] = along("lowpass", "frequency", scaled(input_curve("ramp"), 2000));
    builders["biquad_lp_freqcurve01"] = along("lowpass", "frequency", input_curve("sinc"));
    builders["biquad_peak_gaincurve"] = along("peaking", "gain", input_curve("sinc"));
    builders["biquad_bp_Qcurve"] = along("bandpass", "Q", input_curve("sinc"));
    builders["biquad_lp_freqmod"] = [](NodeBench& b) {
        const auto filter = b.filter("lowpass", 500);
        const auto depth = b.gain(700);
        b.chain({b.source("sine"), depth});
        b.modulate(depth, filter, "frequency");
        b.play({b.source("noise"), filter});
    };
    // Recorded in a context of 16 kHz, for a sound of 8 kHz.
    builders["lowpass_nyquist"] = [](NodeBench& b) {
        b.play({b.source("noise"), b.filter("lowpass", 4000)});
    };
}

void add_delays(Builders& builders) {
    const auto delayed = [](const std::string& source, double seconds, std::size_t frames = kFrames) {
        return [=](NodeBench& b) {
            const DelayEnds delay = b.delay(seconds, frames);
            b.chain({b.source(source), delay.input});
            b.out(delay.output);
        };
    };
    builders["delay_100ms"] = delayed("noise", 0.1);
    builders["delay_frac"] = delayed("noise", 0.01003);
    builders["delay_zero"] = delayed("noise", 0);
    builders["delay_clamped"] = delayed("impulses", 2.3, 20480);
    builders["delay_mod"] = [](NodeBench& b) {
        const DelayEnds delay = b.delay(0.02);
        const auto depth = b.gain(0.01);
        b.chain({b.source("noise"), delay.input});
        b.chain({b.source("sine"), depth});
        b.modulate(depth, delay.output, "delayTime");
        b.out(delay.output);
    };
    const auto loop = [](double seconds) {
        return [seconds](NodeBench& b) {
            const auto sum = b.gain(1);
            const DelayEnds delay = b.delay(seconds);
            b.play({b.source("impulses"), sum});
            b.chain({sum, delay.input});
            b.chain({delay.output, b.gain(0.6), sum});
        };
    };
    builders["feedback_loop"] = loop(0.003);
    builders["feedback_loop_50ms"] = loop(0.05);
    builders["cycle_no_delay"] = [](NodeBench& b) {
        const auto a = b.gain(1);
        b.play({b.source("sine"), a});
        b.chain({a, b.gain(0.5), a});
    };
}

void add_compressors(Builders& builders) {
    const auto compressed = [](double threshold, double knee, double ratio, double attack, double release) {
        return [=](NodeBench& b) {
            b.play({b.source("loud"), b.compressor(threshold, knee, ratio, attack, release)});
        };
    };
    builders["compressor_0"] = compressed(-24, 30, 12, 0.003, 0.25);
    builders["compressor_1"] = compressed(-40, 25, 9, 0.05, 0.05);
    builders["compressor_2"] = compressed(10, 30, 12, 0.02, 0.08);
    builders["compressor_3"] = compressed(-30, 20, 16, 0, 0);
    builders["compressor_4"] = compressed(0, 0, 20, 0.001, 0.01);
    const Build of_surround = [](NodeBench& b) {
        b.play({b.merger(1, false), b.compressor(-24, 30, 12, 0.003, 0.25)});
    };
    builders["merger6_comp_to1"] = of_surround;
    builders["merger6_comp_to2"] = of_surround;
}

void add_shapers_and_convolvers(Builders& builders) {
    builders["waveshaper_none"] = [](NodeBench& b) {
        b.play({b.source("noise"), b.add(std::make_unique<WaveShaper>(nullptr))});
    };
    builders["waveshaper_curve"] = [](NodeBench& b) {
        b.play({b.source("noise"), b.gain(1.3), b.add(std::make_unique<WaveShaper>(input_curve("sinc")))});
    };
    builders["convolver_none"] = [](NodeBench& b) {
        b.play({b.source("noise"), b.add(std::make_unique<Convolver>(nullptr, kRate))});
    };
    const Build convolved = [](NodeBench& b) {
        b.play({b.source("sine"), b.add(std::make_unique<Convolver>(input_curve("sinc"), kRate))});
    };
    builders["convolver_mono"] = convolved;
    builders["convolver_mono2ch"] = convolved;
}

void add_oscillators(Builders& builders) {
    for (const std::string form : {"sine", "square", "sawtooth", "triangle"}) {
        builders["osc_" + form] = [form](NodeBench& b) { b.out(b.oscillator(form, 440.5)); };
        builders["osc_" + form + "_neg"] = [form](NodeBench& b) { b.out(b.oscillator(form, -440.5)); };
        builders["osc_" + form + "_curve"] = [form](NodeBench& b) {
            const auto oscillator = b.oscillator(form, 440);
            b.follow(oscillator, "frequency", scaled(input_curve("ramp"), 3000));
            b.out(oscillator);
        };
        builders["osc_" + form + "_fm"] = [form](NodeBench& b) {
            const auto carrier = b.oscillator(form, 300);
            const auto depth = b.gain(900);
            b.chain({b.oscillator("sine", 110), depth});
            b.modulate(depth, carrier, "frequency");
            b.out(carrier);
        };
    }
}

void add_mergers(Builders& builders) {
    for (const std::string channels : {"1", "2", "8"})
        builders["merger6_to" + channels] = [](NodeBench& b) { b.out(b.merger(0.5, true)); };
    builders["merger6_plus_mono_to2"] = [](NodeBench& b) {
        const auto sum = b.gain(1);
        b.play({b.merger(1, false), sum});
        b.chain({b.source("noise"), b.gain(0.1), sum});
    };
    builders["merger6_to_param"] = [](NodeBench& b) {
        const auto gain = b.gain(0);
        b.modulate(b.merger(1, false), gain, "gain");
        b.play({b.source("noise"), gain});
    };
}

void add_buffer_sources(Builders& builders) {
    builders["buffersource_rate"] = [](NodeBench& b) {
        const auto source = b.source("sine");
        b.param(source, "playbackRate").set(1.5F);
        b.param(source, "detune").set(100);
        b.out(source);
    };
    builders["buffersource_2x"] = [](NodeBench& b) {
        b.out(b.add(std::make_unique<BufferSource>(input_curve("sine"), b.quirks(), 2 * kRate)));
    };
}

const Builders& builders() {
    static const Builders all = [] {
        Builders made;
        add_gains(made);
        add_filters(made);
        add_delays(made);
        add_compressors(made);
        add_shapers_and_convolvers(made);
        add_oscillators(made);
        add_mergers(made);
        add_buffer_sources(made);
        return made;
    }();
    return all;
}

double peak_of(const std::vector<float>& samples) {
    double peak = 0;
    for (float sample : samples) peak = std::max(peak, std::abs(double{sample}));
    return peak;
}

}  // namespace

TEST_CASE("node cases: all that were recorded sound like the reference", "[unit][nodes]") {
    std::set<std::string> seen;
    for (const NodeCase& node_case : node_cases()) {
        INFO(node_case.name);
        const auto builder = builders().find(node_case.name);
        REQUIRE(builder != builders().end());
        NodeBench bench(node_case.channels);
        builder->second(bench);
        const auto sound = bench.render(node_case.frames);
        const auto expected = read_floats(node_case.file);
        REQUIRE(expected.size() == node_case.frames * node_case.channels);
        CHECK(max_error(sound, expected) <= kTolerance * std::max(1.0, peak_of(expected)));
        seen.insert(node_case.name);
    }
    CHECK(seen.size() == kCases);
    CHECK(builders().size() == kCases);
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
