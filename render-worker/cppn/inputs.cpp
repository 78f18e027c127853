// fill_inputs of cppn_program.h. All in double and in this order of operations: the reference's bits depend
// on it.
#include <cassert>
#include <cmath>

#include "render-worker/cppn/cppn_program.h"

namespace kpm::render {

void fill_inputs(const SignalSpec& spec, std::size_t first, std::span<double> e, std::span<double> x) {
    assert(e.size() == x.size());
    const auto total = static_cast<double>(spec.total);
    const double phase = spec.frequency * (total / spec.sample_rate);
    const double last = total - 1.0;
    const auto start = static_cast<double>(first + spec.offset);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = -1.0 + 2.0 * (start + static_cast<double>(i)) / last;
    for (std::size_t i = 0; i < e.size(); ++i) e[i] = spec.velocity * std::sin(phase * x[i]);
}

}  // namespace kpm::render
