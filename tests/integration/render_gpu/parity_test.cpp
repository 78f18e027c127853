#include <bit>

#include <catch2/catch.hpp>

#include "render-worker/cppn/cpu_cppn.h"
#include "render-worker/gpu/network_table.h"
#include "render-worker/gpu/portable_math.h"
#include "tests/integration/render_gpu/gpu_fixture.h"
#include "tests/integration/render_gpu/parity.h"
#include "tests/integration/render_gpu/random_network.h"

using namespace kpm;
using namespace kpm::render;

namespace {

const CancelFlag kNotCancelled{false};

// What the shader does, step by step, on the CPU.
std::vector<std::vector<float>> interpret(const NetworkTable& table, const SignalSpec& spec) {
    std::vector<double> e(spec.sample_count);
    std::vector<double> x(spec.sample_count);
    fill_inputs(spec, 0, e, x);
    std::vector<std::vector<float>> channels(table.output_count, std::vector<float>(spec.sample_count));
    std::vector<float> values(table.slot_size, 1.0f);
    for (std::size_t i = 0; i < spec.sample_count; ++i) {
        values[table.bias_count] = static_cast<float>(e[i]);
        values[table.bias_count + 1] = static_cast<float>(x[i]);
        for (std::uint32_t s = 0; s < table.step_count; ++s) {
            const auto& node = table.nodes[s];
            float sum = 0;
            for (std::uint32_t k = node.first_edge; k < node.first_edge + node.edge_count; ++k)
                sum = sum + values[table.edges[k].source] * std::bit_cast<float>(table.edges[k].weight_bits);
            values[node.slot] = portable_activation(static_cast<Activation>(node.activation), sum);
        }
        for (std::uint32_t k = 0; k < table.output_count; ++k)
            channels[k][i] = values[table.nodes[table.step_count + k].activation];
    }
    return channels;
}

std::size_t differing(const std::vector<float>& a, const std::vector<float>& b) {
    REQUIRE(a.size() == b.size());
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) count += std::bit_cast<int>(a[i]) != std::bit_cast<int>(b[i]);
    return count;
}

}  // namespace

TEST_CASE("gpu: random networks of 10, 50 and 200 nodes are close to the exact evaluator",
          "[integration][render_gpu]") {
    auto gpu = software_gpu();
    CpuCppn cpu;
    const SignalSpec spec = signal(8'000);
    for (const std::uint32_t nodes : {10u, 50u, 200u}) {
        for (const std::uint32_t seed : {1u, 2u, 3u}) {
            for (const bool jumps : {false, true}) {
                const CppnProgram program =
                    random_network(seed, nodes, jumps ? std::span<const Activation>(kAll) : kSmooth);
                const auto outputs = all_outputs(program);
                auto fast = gpu->evaluate(program, outputs, spec, kNotCancelled);
                auto exact = cpu.evaluate(program, outputs, spec, kNotCancelled);
                REQUIRE(fast);
                REQUIRE(exact);
                for (std::size_t k = 0; k < outputs.size(); ++k) {
                    INFO(nodes << " nodes, seed " << seed << ", output " << k
                               << (jumps ? ", with jumps" : ""));
                    check_close(distance((*fast)[k], (*exact)[k]), has_jumps(program));
                }
            }
        }
    }
}

TEST_CASE("gpu: Mesa's renderer computes the very bits of the portable text on the CPU",
          "[integration][render_gpu]") {
    auto gpu = software_gpu();
    REQUIRE(gpu->context().caps().precise);
    const SignalSpec spec = signal(2'000);
    for (const std::uint32_t nodes : {10u, 50u, 200u, 900u}) {
        const CppnProgram program = random_network(5, nodes, kAll);
        const auto outputs = all_outputs(program);
        auto table = pack_network(program, outputs);
        REQUIRE(table);
        const auto expected = interpret(*table, spec);
        auto channels = gpu->evaluate(program, outputs, spec, kNotCancelled);
        REQUIRE(channels);
        for (std::size_t k = 0; k < outputs.size(); ++k) {
            INFO(nodes << " nodes, output " << k);
            CHECK(differing((*channels)[k], expected[k]) == 0);
        }
    }
}

TEST_CASE("gpu: a sound of many chunks is the same as its parts", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    const CppnProgram program = random_network(7, 20, kAll);
    const std::vector<std::uint32_t> outputs = {0, 3};
    SignalSpec whole = signal(1'001, 300);  // three chunks of 300 samples and one of 101
    auto together = gpu->evaluate(program, outputs, whole, kNotCancelled);
    REQUIRE(together);
    SignalSpec one_chunk = whole;
    one_chunk.frequency *= 16'000 / whole.sample_rate;  // the same phase at a rate that needs one chunk
    one_chunk.sample_rate = 16'000;
    auto at_once = gpu->evaluate(program, outputs, one_chunk, kNotCancelled);
    REQUIRE(at_once);
    for (std::size_t k = 0; k < outputs.size(); ++k) {
        REQUIRE((*together)[k].size() == 1'001);
        CHECK(distance((*together)[k], (*at_once)[k]).max <= 1e-5);
    }

    SignalSpec tail = whole;
    tail.offset = 700;
    tail.sample_count = 301;
    auto part = gpu->evaluate(program, outputs, tail, kNotCancelled);
    REQUIRE(part);
    for (std::size_t k = 0; k < outputs.size(); ++k)
        CHECK(differing((*part)[k], {(*together)[k].begin() + 700, (*together)[k].end()}) == 0);
}

TEST_CASE("gpu: the second input is x, further inputs are zero, the bias is one",
          "[integration][render_gpu]") {
    auto gpu = software_gpu();
    CppnProgram program;
    program.bias_count = 1;
    program.input_count = 3;
    program.slot_count = 4;
    program.output_slots = {0, 1, 2, 3};
    const SignalSpec spec = signal(100);
    std::vector<double> e(100);
    std::vector<double> x(100);
    fill_inputs(spec, 0, e, x);
    auto channels = gpu->evaluate(program, all_outputs(program), spec, kNotCancelled);
    REQUIRE(channels);
    for (std::size_t i = 0; i < 100; ++i) {
        CHECK((*channels)[0][i] == 1.0f);
        CHECK((*channels)[1][i] == static_cast<float>(e[i]));
        CHECK((*channels)[2][i] == static_cast<float>(x[i]));
        CHECK((*channels)[3][i] == 0.0f);
    }
}

TEST_CASE("gpu: no samples give empty channels", "[integration][render_gpu]") {
    auto gpu = software_gpu();
    const CppnProgram program = random_network(1, 10, kSmooth);
    auto channels = gpu->evaluate(program, std::vector<std::uint32_t>{0}, signal(0), kNotCancelled);
    REQUIRE(channels);
    REQUIRE(channels->size() == 1);
    CHECK(channels->front().empty());
}
