#pragma once
// The 13 activation functions of the genomes: their names there, and their values in double.
// Bit-equal to the reference with glibc and without contraction. Formulas: see the enum in cppn_program.h.

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

struct ActivationName {
    std::string_view name;  // as in the genome's JSON
    Activation activation;
};

// In the order of the enum.
extern const std::array<ActivationName, 13> kActivationNames;

std::optional<Activation> activation_named(std::string_view name);

double activate(Activation activation, double x);
// Replaces every sum by its activation: one dispatch for the whole block.
void activate(Activation activation, std::span<double> sums);

}  // namespace kpm::render
