#pragma once
// From a decoded network (nodes and connections by index) to a CppnProgram. Pure; cannot fail: the decoder
// has already refused dangling connections and absurd counts.

#include <cstdint>
#include <vector>

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

// Nodes stand in the order bias, inputs, outputs, hidden, as in the genome.
struct CppnNetwork {
    struct Connection {
        std::uint32_t source = 0;  // index into activations
        std::uint32_t target = 0;
        double weight = 0;
    };
    std::uint32_t bias_count = 0;
    std::uint32_t input_count = 0;
    std::uint32_t output_count = 0;
    std::vector<Activation> activations;  // one per node
    std::vector<Connection> connections;  // in the genome's order, which is the order of summation
};

// Steps in the order in which a recursive evaluation with memory finishes the nodes, for outputs 0, 1, 2 …;
// so a node in a cycle keeps the value it had when it was first needed, whichever outputs are asked for
// later. A source that is connected twice counts twice, each time with the weight of the last such
// connection.
CppnProgram compile(const CppnNetwork& network);

}  // namespace kpm::render
