#pragma once
// A CppnProgram as the flat tables that the interpreter shader reads. Only what the wanted outputs depend on
// is kept and the slots are numbered anew, so that a large genome of which few outputs sound stays small.
// Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "render-worker/cppn/cppn_program.h"
#include "render-worker/gpu/gpu_error.h"

namespace kpm::render {

// The sizes of the shader's slot array: one program each, the smallest that fits is used.
inline constexpr std::uint32_t kSlotSizes[] = {64, 256, 1024};
inline constexpr std::size_t kMaxEdges = 65536;

// std430 layout: uvec4 per node, uvec2 per edge.
struct NetworkTable {
    struct Node {
        std::uint32_t activation = 0;  // of an output's entry: its slot, the rest is 0
        std::uint32_t slot = 0;
        std::uint32_t first_edge = 0;
        std::uint32_t edge_count = 0;
    };
    struct Edge {
        std::uint32_t source = 0;
        std::uint32_t weight_bits = 0;
    };

    std::uint32_t bias_count = 0;
    std::uint32_t input_count = 0;
    std::uint32_t step_count = 0;
    std::uint32_t output_count = 0;
    std::uint32_t slot_size = 0;  // one of kSlotSizes
    std::vector<Node> nodes;      // steps, then outputs
    std::vector<Edge> edges;
};

// Errors: BadNetwork (recurrent, inconsistent, weights that float32 cannot hold, or too large: the CPU takes
// it).
GpuResult<NetworkTable> pack_network(const CppnProgram& program, std::span<const std::uint32_t> outputs);

}  // namespace kpm::render
