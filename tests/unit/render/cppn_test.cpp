#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "golden.h"
#include "ipc/base/json.h"
#include "render-worker/cppn/compile.h"
#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/genome/genome.h"

using namespace kpm::render;

namespace {

const CancelFlag kGoOn{false};

std::vector<float> evaluate(const CppnProgram& program, std::uint32_t output, const SignalSpec& spec) {
    CpuCppn cppn;
    const std::uint32_t wanted[] = {output};
    auto result = cppn.evaluate(program, wanted, spec, kGoOn);
    REQUIRE(result);
    return std::move(result->front());
}

SignalSpec samples(std::size_t count) {
    SignalSpec spec;
    spec.sample_count = spec.total = count;
    return spec;
}

// One bias, two inputs, then `activations`, the first `outputs` of which are outputs.
CppnNetwork network(std::uint32_t outputs, const std::vector<Activation>& activations,
                    std::vector<CppnNetwork::Connection> connections) {
    CppnNetwork result;
    result.bias_count = 1;
    result.input_count = 2;
    result.output_count = outputs;
    result.activations.assign(3 + activations.size(), Activation::Null);
    std::copy(activations.begin(), activations.end(), result.activations.begin() + 3);
    result.connections = std::move(connections);
    return result;
}

}  // namespace

TEST_CASE("cppn: every stored channel of the reference is reproduced", "[unit][cppn]") {
    std::size_t compared = 0, exact = 0;
    for (const auto& entry : golden::genomes()) {
        const auto genome = parse_genome(golden::read_json(entry.file));
        INFO(entry.id);
        REQUIRE(genome);
        for (const auto& rendering : entry.renderings) {
            if (rendering.cppn_file.empty()) continue;
            INFO(rendering.label());
            const auto stored = golden::read_floats(rendering.cppn_file);
            REQUIRE(stored.size() == rendering.cppn_frames * rendering.channels.size());
            const auto outputs = network_outputs(genome->patch, rendering.pitch());
            REQUIRE(outputs);
            for (std::size_t c = 0; c < rendering.channels.size(); ++c) {
                const auto& channel = rendering.channels[c];
                INFO("output " << channel.output << " at " << channel.frequency << " Hz");
                const auto used =
                    std::find_if(outputs->begin(), outputs->end(), [&](const NetworkOutput& output) {
                        return output.kind == SignalKind::Network && output.index == channel.output &&
                               output.frequency == Approx(channel.frequency).epsilon(1e-14);
                    });
                REQUIRE(used != outputs->end());
                SignalSpec spec = samples(rendering.cppn_frames);
                spec.frequency = channel.frequency;
                spec.sample_rate = rendering.request.sample_rate;
                spec.velocity = rendering.request.velocity;
                const auto signal =
                    evaluate(genome->network.for_frequency(used->base_frequency), channel.output, spec);
                const auto begin = stored.begin() + static_cast<std::ptrdiff_t>(c * rendering.cppn_frames);
                const std::vector<float> expected(begin,
                                                  begin + static_cast<std::ptrdiff_t>(rendering.cppn_frames));
                CHECK(golden::max_error(signal, expected) <= 1e-6);
                ++compared;
                exact += signal == expected;
            }
        }
    }
    CHECK(compared >= 190);
    // All of them with the C library the data was checked with; another one may round a sine differently.
    CHECK(exact * 100 >= compared * 95);
}

TEST_CASE("cppn: only the asked outputs are computed, and in their order", "[unit][cppn]") {
    const auto program =
        compile(network(2, {Activation::Linear, Activation::Linear}, {{0, 3, 2.0}, {0, 4, 3.0}}));
    CpuCppn cppn;
    const std::uint32_t wanted[] = {1, 0, 1};
    const auto result = cppn.evaluate(program, wanted, samples(300), kGoOn);
    REQUIRE(result);
    CHECK((*result)[0] == std::vector<float>(300, 3.0F));
    CHECK((*result)[1] == std::vector<float>(300, 2.0F));
    CHECK((*result)[2] == std::vector<float>(300, 3.0F));
}

TEST_CASE("cppn: a node without connections has the sum 0 and still its function", "[unit][cppn]") {
    const auto program = compile(network(1, {Activation::Cosine}, {}));
    CHECK(evaluate(program, 0, samples(2)) == std::vector<float>(2, 1.0F));
}

TEST_CASE("cppn: a repeated connection counts twice with its last weight", "[unit][cppn]") {
    const auto program = compile(network(1, {Activation::Linear}, {{0, 3, 5.0}, {0, 3, 2.0}}));
    CHECK(evaluate(program, 0, samples(2)) == std::vector<float>(2, 4.0F));
}

TEST_CASE("cppn: the edge that closes a cycle contributes nothing", "[unit][cppn]") {
    // bias -> a (1), a -> b (2), b -> a (10): a is asked first, so b misses a.
    const auto program = compile(
        network(2, {Activation::Linear, Activation::Linear}, {{0, 3, 1.0}, {3, 4, 2.0}, {4, 3, 10.0}}));
    CHECK(program.recurrent);
    CHECK(evaluate(program, 0, samples(2)) == std::vector<float>(2, 1.0F));
    CHECK(evaluate(program, 1, samples(2)) == std::vector<float>(2, 0.0F));
}

TEST_CASE("cppn: a connection into an input or the bias changes nothing", "[unit][cppn]") {
    const auto program = compile(network(1, {Activation::Linear}, {{3, 0, 9.0}, {0, 3, 1.0}}));
    CHECK_FALSE(program.recurrent);
    CHECK(evaluate(program, 0, samples(2)) == std::vector<float>(2, 1.0F));
}

TEST_CASE("cppn: a chain of many thousand nodes needs no deep stack", "[unit][cppn]") {
    std::vector<Activation> nodes(20'000, Activation::Linear);
    std::vector<CppnNetwork::Connection> chain = {{0, 20'002, 1.0}};
    for (std::uint32_t i = 3; i < 20'002; ++i) chain.push_back({i + 1, i, 1.0});
    CHECK(evaluate(compile(network(1, nodes, chain)), 0, samples(2)) == std::vector<float>(2, 1.0F));
}

TEST_CASE("cppn: the inputs run from -1 to 1 and from -P to P", "[unit][cppn]") {
    SignalSpec spec = samples(5);
    spec.frequency = 3;
    spec.sample_rate = 10;
    spec.velocity = 0.5;
    std::vector<double> e(3), x(3);
    fill_inputs(spec, 2, e, x);
    CHECK(x == std::vector<double>{0.0, 0.5, 1.0});
    CHECK(e[2] == 0.5 * std::sin(3 * 0.5));
}

TEST_CASE("cppn: an output that the network lacks is refused", "[unit][cppn]") {
    const auto program = compile(network(1, {Activation::Linear}, {}));
    CpuCppn cppn;
    const std::uint32_t wanted[] = {1};
    const auto result = cppn.evaluate(program, wanted, samples(2), kGoOn);
    REQUIRE_FALSE(result);
    CHECK(result.error() ==
          kpm::Error{kpm::ErrorCode::Invalid, "cannot evaluate output 1: the network has 1 outputs"});
}

TEST_CASE("cppn: a cancelled evaluation is given up", "[unit][cppn]") {
    const auto program = compile(network(1, {Activation::Linear}, {}));
    CpuCppn cppn;
    const CancelFlag cancelled{true};
    const std::uint32_t wanted[] = {0};
    const auto result = cppn.evaluate(program, wanted, samples(2), cancelled);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == kpm::ErrorCode::Unavailable);
}
