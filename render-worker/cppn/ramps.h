#pragma once
// The activations that are made of straight lines, value by value: for activations.h one at a time, for
// block_math.h in blocks, whose bits must be the same.

#include <cmath>
#include <numbers>

#include "render-worker/wide.h"

namespace kpm::render {

KPM_RENDER_INLINE double sawtooth(double x) {
    const double u = x / (2.0 * std::numbers::pi);
    return 2.0 * (u - std::floor(0.5 + u));
}

KPM_RENDER_INLINE double spike(double x) {
    const double whole = std::floor(x);
    const double rest = x - whole;
    const double half = 0.5 * whole;
    return half == std::floor(half) ? 1.0 - 2.0 * rest : -1.0 + 2.0 * rest;
}

}  // namespace kpm::render
