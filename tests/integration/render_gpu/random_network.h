#pragma once
// Networks from a seed, like evolved ones: one bias, two inputs, outputs 0 … 15 from all over the network.

#include <algorithm>
#include <cstdint>
#include <random>
#include <span>

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

inline constexpr Activation kSmooth[] = {
    Activation::Sine,         Activation::Sine2,          Activation::Cosine,
    Activation::ArcTangent,   Activation::Triangle,       Activation::Linear,
    Activation::PlainSigmoid, Activation::BipolarSigmoid, Activation::Gaussian};
inline constexpr Activation kAll[] = {
    Activation::Sine,         Activation::Sine2,    Activation::Cosine,
    Activation::ArcTangent,   Activation::Triangle, Activation::Sawtooth,
    Activation::Step,         Activation::Spike,    Activation::BipolarSigmoid,
    Activation::PlainSigmoid, Activation::Gaussian, Activation::Linear,
    Activation::Null};

inline CppnProgram random_network(std::uint32_t seed, std::uint32_t nodes,
                                  std::span<const Activation> activations) {
    std::minstd_rand random(seed * 7919 + 17);  // the same numbers with every standard library
    const auto below = [&](std::uint32_t limit) { return static_cast<std::uint32_t>(random() % limit); };
    CppnProgram program;
    program.bias_count = 1;
    program.input_count = 2;
    program.slot_count = 3 + nodes;
    for (std::uint32_t slot = 3; slot < program.slot_count; ++slot) {
        const auto first = static_cast<std::uint32_t>(program.edges.size());
        const std::uint32_t count = 1 + below(6);
        for (std::uint32_t k = 0; k < count; ++k)
            program.edges.push_back({below(slot), (below(20'001) - 10'000.0) / 10'000.0});
        program.steps.push_back(
            {activations[below(static_cast<std::uint32_t>(activations.size()))], slot, first, count});
    }
    for (std::uint32_t k = 0; k < 16; ++k)
        program.output_slots.push_back(3 + nodes - 1 - k * (nodes - 1) / 15);
    return program;
}

inline bool has_jumps(const CppnProgram& program) {
    return std::any_of(program.steps.begin(), program.steps.end(), [](const CppnProgram::Step& step) {
        return step.activation == Activation::Step || step.activation == Activation::Sawtooth ||
               step.activation == Activation::Spike;
    });
}

}  // namespace kpm::render
