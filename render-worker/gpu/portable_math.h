#pragma once
// The GPU's activation functions as C++, compiled from the very text that the shader is made of. Used to
// check the text against double without a GPU, and as the bit-exact model of what the shader computes.
// float32, dimensionless.

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

float portable_activation(Activation activation, float x);

}  // namespace kpm::render
