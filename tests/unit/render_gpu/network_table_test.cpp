#include "render-worker/gpu/network_table.h"

#include <bit>

#include <catch2/catch.hpp>

using namespace kpm::render;

namespace {

// Slots: 0 bias, 1 e, 2 x, then 3 = sin(0.5 e), 4 = |2 x|, 5 = atan(slot 3 - 4 bias); outputs 0, 1, 2 = slots
// 3, 4, 5.
CppnProgram small_program() {
    CppnProgram program;
    program.bias_count = 1;
    program.input_count = 2;
    program.slot_count = 6;
    program.edges = {{1, 0.5}, {2, 2}, {3, 1}, {0, -4}};
    program.steps = {
        {Activation::Sine, 3, 0, 1}, {Activation::Linear, 4, 1, 1}, {Activation::ArcTangent, 5, 2, 2}};
    program.output_slots = {3, 4, 5};
    return program;
}

// A chain of `length` steps, each reading the one before.
CppnProgram chain(std::uint32_t length) {
    CppnProgram program;
    program.bias_count = 1;
    program.slot_count = length + 1;
    for (std::uint32_t k = 0; k < length; ++k) {
        program.edges.push_back({k, 1});
        program.steps.push_back({Activation::Sine, k + 1, k, 1});
    }
    program.output_slots = {length};
    return program;
}

GpuErrc refusal(const CppnProgram& program, std::vector<std::uint32_t> outputs = {0}) {
    const auto table = pack_network(program, outputs);
    REQUIRE_FALSE(table);
    return table.error().code;
}

}  // namespace

TEST_CASE("a network is packed as steps, outputs and edges", "[unit][render_gpu]") {
    const std::vector<std::uint32_t> outputs = {2, 0};
    auto table = pack_network(small_program(), outputs);
    REQUIRE(table);
    CHECK(table->bias_count == 1);
    CHECK(table->input_count == 2);
    CHECK(table->output_count == 2);
    CHECK(table->slot_size == 64);
    // The step of output 1 is gone, so the last step moved from slot 5 to slot 4.
    REQUIRE(table->step_count == 2);
    REQUIRE(table->nodes.size() == 4);
    CHECK(table->nodes[0].activation == static_cast<std::uint32_t>(Activation::Sine));
    CHECK(table->nodes[0].slot == 3);
    CHECK(table->nodes[0].edge_count == 1);
    CHECK(table->nodes[1].activation == static_cast<std::uint32_t>(Activation::ArcTangent));
    CHECK(table->nodes[1].slot == 4);
    CHECK(table->nodes[1].first_edge == 1);
    CHECK(table->nodes[1].edge_count == 2);
    CHECK(table->nodes[2].activation == 4);
    CHECK(table->nodes[3].activation == 3);
    REQUIRE(table->edges.size() == 3);
    CHECK(table->edges[0].source == 1);
    CHECK(table->edges[0].weight_bits == std::bit_cast<std::uint32_t>(0.5f));
    CHECK(table->edges[1].source == 3);
    CHECK(table->edges[2].source == 0);
    CHECK(table->edges[2].weight_bits == std::bit_cast<std::uint32_t>(-4.0f));
}

TEST_CASE("an output may be a bias or an input, and may be asked for twice", "[unit][render_gpu]") {
    CppnProgram program = small_program();
    program.output_slots = {0, 2};
    const std::vector<std::uint32_t> outputs = {0, 1, 1};
    auto table = pack_network(program, outputs);
    REQUIRE(table);
    CHECK(table->step_count == 0);
    CHECK(table->edges.empty());
    CHECK(table->nodes[2].activation == 2);
}

TEST_CASE("the smallest slot array that fits is chosen, after the unneeded steps are gone",
          "[unit][render_gpu]") {
    const std::vector<std::uint32_t> outputs = {0};
    CHECK(pack_network(chain(63), outputs)->slot_size == 64);
    CHECK(pack_network(chain(64), outputs)->slot_size == 256);
    CHECK(pack_network(chain(255), outputs)->slot_size == 256);
    CHECK(pack_network(chain(1023), outputs)->slot_size == 1024);
    CHECK(refusal(chain(1024)) == GpuErrc::BadNetwork);
    CppnProgram pruned = chain(2000);
    pruned.output_slots = {10};
    CHECK(pack_network(pruned, outputs)->slot_size == 64);
}

TEST_CASE("what the shader cannot run is refused", "[unit][render_gpu]") {
    CppnProgram recurrent = small_program();
    recurrent.recurrent = true;
    CHECK(refusal(recurrent) == GpuErrc::BadNetwork);

    CHECK(refusal(small_program(), {3}) == GpuErrc::BadNetwork);
    CHECK(refusal(small_program(), {}) == GpuErrc::BadNetwork);

    CppnProgram early = small_program();
    early.edges[0].source = 5;
    CHECK(refusal(early) == GpuErrc::BadNetwork);

    CppnProgram outside = small_program();
    outside.edges[0].source = 6;
    CHECK(refusal(outside) == GpuErrc::BadNetwork);

    CppnProgram itself = small_program();
    itself.edges[0].source = 3;
    CHECK(refusal(itself) == GpuErrc::BadNetwork);

    CppnProgram heavy = small_program();
    heavy.edges[0].weight = 1e39;
    CHECK(refusal(heavy) == GpuErrc::BadNetwork);

    CppnProgram over_input = small_program();
    over_input.steps[0].slot = 2;
    CHECK(refusal(over_input) == GpuErrc::BadNetwork);

    CppnProgram twice = small_program();
    twice.steps[1].slot = 3;
    CHECK(refusal(twice) == GpuErrc::BadNetwork);

    CppnProgram beyond = small_program();
    beyond.steps[2].edge_count = 3;
    CHECK(refusal(beyond) == GpuErrc::BadNetwork);

    CppnProgram unwritten = small_program();
    unwritten.slot_count = 7;
    unwritten.output_slots = {6};
    CHECK(refusal(unwritten) == GpuErrc::BadNetwork);

    CppnProgram wide = chain(1);
    wide.edges.assign(kMaxEdges + 1, {0, 1});
    wide.steps[0].edge_count = static_cast<std::uint32_t>(wide.edges.size());
    CHECK(refusal(wide) == GpuErrc::BadNetwork);
}
