// fill_inputs of cppn_program.h. All in double and in this order of operations: the reference's bits depend
// on it.
#include <cassert>
#include <cstdint>

#include "render-worker/cppn/block_math.h"
#include "render-worker/cppn/cppn_program.h"
#include "render-worker/wide.h"

namespace kpm::render {
namespace {

// Counted in 32 bits: only these the processor converts several at once.
KPM_RENDER_INLINE void fill_places(double start, double last, double* x, std::int32_t count) {
    for (std::int32_t i = 0; i < count; ++i) x[i] = -1.0 + 2.0 * (start + static_cast<double>(i)) / last;
}

KPM_RENDER_WIDE void fill_places_wide(double start, double last, double* x, std::int32_t count) {
    fill_places(start, last, x, count);
}

}  // namespace

void fill_inputs(const SignalSpec& spec, std::size_t first, std::span<double> e, std::span<double> x) {
    assert(e.size() == x.size());
    const auto total = static_cast<double>(spec.total);
    const double phase = spec.frequency * (total / spec.sample_rate);
    const double last = total - 1.0;
    const auto start = static_cast<double>(first + spec.offset);
    const auto count = static_cast<std::int32_t>(x.size());
    if (is_wide())
        fill_places_wide(start, last, x.data(), count);
    else
        fill_places(start, last, x.data(), count);
    for (std::size_t i = 0; i < e.size(); ++i) e[i] = phase * x[i];
    sine_block(e);
    for (double& value : e) value *= spec.velocity;
}

}  // namespace kpm::render
