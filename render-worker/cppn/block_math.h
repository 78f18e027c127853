#pragma once
// The costly functions of a network over blocks of values, in place. The bits are those that std::sin,
// std::asin and std::exp give value by value, in a fraction of their time. How: each value is computed with
// an error far below a unit in the last place. Libm's results are hardly worse than correctly rounded
// (glibc's errors are up to 0.55, 0.516 and 0.511 units), so where the exact value is not close to the middle
// of two doubles, libm cannot but round it to the same one; where it is (in one of nine values) libm is
// asked. Without fused multiply-add in the processor libm computes everything.

#include <span>

namespace kpm::render {

struct WeightedBlock {
    const double* values = nullptr;
    double weight = 0;
};

// Each sum is 0 plus its terms, in their order. REQUIRES: every block is as long as `sums` and apart from it.
void weighted_sum_block(std::span<const WeightedBlock> terms, std::span<double> sums);

void sine_block(std::span<double> values);             // sin v
void arcsine_of_sine_block(std::span<double> values);  // asin(sin v)
void exponential_block(std::span<double> values);      // e^v

// These cost little; here because they need the processor's own rounding instructions.
void sawtooth_block(std::span<double> values);
void spike_block(std::span<double> values);

}  // namespace kpm::render
