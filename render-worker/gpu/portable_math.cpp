#include "render-worker/gpu/portable_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace kpm::render {
namespace {
namespace text {

using std::abs;
using std::floor;
using std::max;
using std::min;
using uint = std::uint32_t;

float float_from_bits(int bits) {
    return std::bit_cast<float>(bits);
}

// This file is compiled with -ffp-contract=off, which is what PRECISE asks for.
#define PRECISE
#include "render-worker/gpu/shaders/coefficients.glsl"

// Apart from the line above, because a formatter that sorts includes must not move it there.
#include "render-worker/gpu/shaders/activations.glsl"
#undef PRECISE

}  // namespace text
}  // namespace

float portable_activation(Activation activation, float x) {
    return text::activate(static_cast<std::uint32_t>(activation), x);
}

}  // namespace kpm::render
